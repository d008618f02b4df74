package entitlement

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

var (
	editAt   = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	editRole = ResourceRoleScope{ID: "r_s", Ref: RoleRef{Connector: "c", Resource: "g", Role: "member"}}
)

// A role is lost where nothing else gives it, gained where nothing gave it, and kept by whatever
// else gives it now.
func TestA4_WhatAnEditDoesToOneHolder(t *testing.T) {
	later, over := editAt.Add(time.Hour), editAt
	live := func(end time.Time) *Assignment {
		return &Assignment{Package: "p", Subject: "u", Target: TargetPresent, End: end}
	}
	for name, row := range map[string]struct {
		slot    *Assignment
		record  SubjectRecord
		gives   map[PackageID]bool
		others  map[PackageID]Assignment
		effect  Effect // of a removal; "" for nothing
		because []Reason
	}{
		"nothing else gives it":                {slot: live(later), record: SubjectRecord{Live: []PackageID{"p"}}, effect: Loses},
		"another package does":                 {live(later), SubjectRecord{Live: []PackageID{"q", "p"}}, map[PackageID]bool{"q": true}, map[PackageID]Assignment{"q": {End: later}}, Keeps, []Reason{{"q", later}}},
		"another one without end does":         {live(time.Time{}), SubjectRecord{Live: []PackageID{"q", "p"}}, map[PackageID]bool{"q": true}, map[PackageID]Assignment{"q": {}}, Keeps, []Reason{{"q", time.Time{}}}},
		"another one that is over gives it":    {live(later), SubjectRecord{Live: []PackageID{"q", "p"}}, map[PackageID]bool{"q": true}, map[PackageID]Assignment{"q": {End: over}}, Loses, nil},
		"another one gives another role":       {live(later), SubjectRecord{Live: []PackageID{"q", "p"}}, map[PackageID]bool{"q": false}, nil, Loses, nil},
		"another one is not the person's":      {live(later), SubjectRecord{Live: []PackageID{"p"}}, map[PackageID]bool{"q": true}, map[PackageID]Assignment{"q": {}}, Loses, nil},
		"the package gives it twice":           {live(later), SubjectRecord{Live: []PackageID{"p"}}, map[PackageID]bool{"p": true}, nil, Keeps, []Reason{{"p", later}}},
		"two others do":                        {live(later), SubjectRecord{Live: []PackageID{"z", "p", "q"}}, map[PackageID]bool{"q": true, "z": true}, map[PackageID]Assignment{"q": {}, "z": {End: later}}, Keeps, []Reason{{"q", time.Time{}}, {"z", later}}},
		"the assignment is over":               {slot: live(over), record: SubjectRecord{Live: []PackageID{"p"}}},
		"the person may not have anything":     {slot: live(later), record: SubjectRecord{Live: []PackageID{"p"}, Disabled: true}},
		"the record does not have the package": {slot: live(later), record: SubjectRecord{}},
		"somebody has asked for it":            {record: SubjectRecord{Live: []PackageID{"p"}}},
	} {
		t.Run(name, func(t *testing.T) {
			h := Holder{Slot: AssignmentSlot{Package: "p", Subject: "u", Assignment: row.slot}, Record: row.record, Gives: row.gives, Others: row.others}
			got, is := RoleEdit{Package: "p", Scope: editRole, Remove: true}.Of(h, editAt)
			if is != (row.effect != "") || got.Effect != row.effect || !reflect.DeepEqual(got.Because, row.because) {
				t.Errorf("a removal: %v %v, want %q because of %v", is, got, row.effect, row.because)
			}
			if row.effect == Loses {
				row.effect = Gains
			}
			if got, is := (RoleEdit{Package: "p", Scope: editRole}).Of(h, editAt); is != (row.effect != "") || got.Effect != row.effect {
				t.Errorf("an addition: %v %v, want %q", is, got, row.effect)
			}
		})
	}
}

func TestA4_TheHashIsOfTheEditAndOfWhoGainsAndLoses(t *testing.T) {
	hash := func(e RoleEdit, all ...Affected) string {
		totals := e.Totals()
		for _, a := range all {
			totals.Add(a)
		}
		return totals.Hash()
	}
	e := RoleEdit{Package: "p", Scope: editRole}
	a, b := Affected{Subject: "a", Effect: Gains}, Affected{Subject: "b", Effect: Loses}
	first := hash(e, a, b)
	for name, other := range map[string]string{
		"fewer": hash(e, a), "another": hash(e, a, Affected{Subject: "c", Effect: Loses}), "the other effect": hash(e, a, Affected{Subject: "b", Effect: Gains}),
		"a removal": hash(RoleEdit{Package: "p", Scope: editRole, Remove: true}, a, b), "another package": hash(RoleEdit{Package: "q", Scope: editRole}, a, b), "another role": hash(RoleEdit{Package: "p"}, a, b),
	} {
		if other == first {
			t.Errorf("%s has the same hash", name)
		}
	}
	until := a
	until.Until = editAt
	if hash(e, until, Affected{Subject: "k", Effect: Keeps}, b) != first {
		t.Error("who keeps the role, or until when somebody has the package, is in the hash")
	}
}

func TestT26_ALimitIsOfPeopleOrOfTheirShare(t *testing.T) {
	totals := func(affected, kept int) *ImpactTotals {
		sum := RoleEdit{}.Totals()
		for range affected {
			sum.Add(Affected{Effect: Loses})
		}
		for range kept {
			sum.Add(Affected{Effect: Keeps})
		}
		return sum
	}
	for _, row := range []struct {
		limit          ImpactLimit
		affected, kept int
		exceeded       bool
	}{
		{ImpactLimit{}, 100, 0, false}, {ImpactLimit{People: 2}, 2, 9, false}, {ImpactLimit{People: 2}, 3, 0, true},
		{ImpactLimit{Percent: 50}, 5, 5, false}, {ImpactLimit{Percent: 50}, 6, 5, true}, {ImpactLimit{Percent: 50}, 0, 0, false},
		{ImpactLimit{People: 100, Percent: 10}, 2, 8, true}, {ImpactLimit{People: 1, Percent: 100}, 2, 8, true},
	} {
		if got := row.limit.Exceeded(totals(row.affected, row.kept)); got != row.exceeded {
			t.Errorf("%d of %d with %+v: %v", row.affected, row.affected+row.kept, row.limit, got)
		}
	}
}

func TestSeenComesBackAndDiffers(t *testing.T) {
	id := func(c string) UserID { return UserID("0000000" + c + "-0000-4000-8000-000000000000") }
	before := []Seen{{id("1"), Gains}, {id("2"), Loses}}
	if got := UnpackSeen(PackSeen(before)); !slices.Equal(got, before) {
		t.Errorf("got %v", got)
	}
	came, went := SeenDifference(before, []Seen{{id("2"), Gains}, {id("1"), Gains}})
	if !slices.Equal(came, []Seen{{id("2"), Gains}}) || !slices.Equal(went, []Seen{{id("2"), Loses}}) {
		t.Errorf("came %v, went %v", came, went)
	}
	for _, wrong := range []string{"?", "AAAA", PackSeen([]Seen{{"nobody", Gains}})} {
		if got := UnpackSeen(wrong); got != nil {
			t.Errorf("%q is %v", wrong, got)
		}
	}
}
