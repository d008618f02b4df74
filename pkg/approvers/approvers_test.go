package approvers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"leasehold/pkg/approvers"
	"leasehold/pkg/entitlement"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// people is a directory of enabled users, and of groups of them, that counts its reads.
type people struct {
	enabled map[entitlement.UserID]bool
	groups  map[entitlement.GroupID][]entitlement.UserID
	reads   []string
	fail    bool
}

func (p *people) Users(_ context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	p.reads = append(p.reads, fmt.Sprint("users ", len(ids)))
	var all []entitlement.User
	for _, id := range ids {
		if enabled, there := p.enabled[id]; there {
			all = append(all, entitlement.User{ID: id, Enabled: enabled, Manager: "max"})
		}
	}
	if p.fail {
		return nil, errors.New("away")
	}
	return all, nil
}

func (p *people) Members(_ context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	from, _ := strconv.Atoi(page.Token)
	all := p.groups[id][from:]
	p.reads = append(p.reads, fmt.Sprint("members ", page.Limit))
	if len(all) <= page.Size() {
		return entitlement.Paged[entitlement.UserID]{Items: all}, nil
	}
	return entitlement.Paged[entitlement.UserID]{Items: all[:page.Size()], Next: strconv.Itoa(from + page.Size())}, nil
}

func user(id string) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: id}
}

func group(id string) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: id}
}

// waits is a request of Mia's that waits for the sets.
func waits(asked ...entitlement.SubjectSet) entitlement.AssignmentRequest {
	return entitlement.AssignmentRequest{ID: "r", Requestor: "mia", Subject: "mia", State: entitlement.RequestPendingApproval, Stages: []entitlement.Stage{{ID: "s", Approvers: asked,
		Policy: entitlement.ApprovalStage{Primary: asked, Fallback: []entitlement.SubjectSet{user("fay")}}}}}
}

func TestStaff_ReadsNoMoreThanItTakesToFindSomebody(t *testing.T) {
	big := make([]entitlement.UserID, 150)
	for i := range big {
		big[i] = entitlement.UserID(fmt.Sprintf("m%03d", i))
	}
	for name, c := range map[string]struct {
		asked   []entitlement.SubjectSet
		enabled []string
		reads   []string
		added   string // "" nobody
	}{
		"several by name":               {[]entitlement.SubjectSet{user("ann"), user("bob")}, []string{"bob"}, []string{"users 2"}, ""},
		"a name beside a group":         {[]entitlement.SubjectSet{group("big"), user("ann")}, []string{"ann"}, []string{"users 1"}, ""},
		"the first of a group":          {[]entitlement.SubjectSet{group("big")}, []string{"m001"}, []string{"members 3", "users 3"}, ""},
		"one further on":                {[]entitlement.SubjectSet{group("big")}, []string{"m050"}, []string{"members 3", "users 3", "members 97", "users 97"}, ""},
		"S21 one beyond the hundredth":  {[]entitlement.SubjectSet{group("big")}, []string{"m100", "fay"}, []string{"members 3", "users 3", "members 97", "users 97", "users 1"}, "singleUser fay"},
		"a group that is not there":     {[]entitlement.SubjectSet{group("none")}, []string{"fay"}, []string{"members 3", "users 1"}, "singleUser fay"},
		"nobody but the administrators": {[]entitlement.SubjectSet{user("ann")}, nil, []string{"users 1", "users 1"}, "groupMembers " + string(entitlement.AdministratorsGroup)},
	} {
		t.Run(name, func(t *testing.T) {
			p := &people{enabled: map[entitlement.UserID]bool{}, groups: map[entitlement.GroupID][]entitlement.UserID{"big": big}}
			for _, id := range c.enabled {
				p.enabled[entitlement.UserID(id)] = true
			}
			r, change, err := approvers.New(p).Staff(t.Context(), waits(c.asked...), entitlement.Change{}, "", "call", now)
			if err != nil || !slices.Equal(p.reads, c.reads) {
				t.Errorf("read %q, %v, want %q", p.reads, err, c.reads)
			}
			switch {
			case c.added == "" && len(change.Requests)+len(change.Events) > 0:
				t.Errorf("got %+v", change)
			case c.added != "" && (len(change.Events) != 1 || change.Events[0].Data["approvers"] != c.added || len(r.Stages[0].Approvers) != len(c.asked)+1):
				t.Errorf("got %+v", change.Events)
			}
		})
	}
}

func TestLook_ReadsEverybodyOnceForAllRequestsThatAreLookedAtTogether(t *testing.T) {
	p := &people{enabled: map[entitlement.UserID]bool{"mia": true, "ann": true}, groups: map[entitlement.GroupID][]entitlement.UserID{"board": {"ann", "bob"}}}
	f := approvers.New(p)
	for range 50 {
		if _, c, err := f.Look(t.Context(), waits(group("board")), entitlement.Change{}, "sweep", now); err != nil || len(c.Requests) > 0 {
			t.Fatalf("got %+v, %v", c, err)
		}
	}
	if want := []string{"users 1", "members 3", "users 2"}; !slices.Equal(p.reads, want) {
		t.Errorf("read %q, want %q", p.reads, want)
	}
}

func TestLook_FindsThePresentManager(t *testing.T) {
	manager := entitlement.SubjectSet{Kind: entitlement.RequestorManager}
	for name, c := range map[string]struct {
		enabled []entitlement.UserID
		kinds   []string
	}{
		"who is there":          {[]entitlement.UserID{"mia", "max", "fay"}, []string{"reassigned"}},
		"who is not":            {[]entitlement.UserID{"mia", "fay"}, []string{"reassigned", "approversAdded"}},
		"of a subject who left": {[]entitlement.UserID{"fay"}, nil},
	} {
		p := &people{enabled: map[entitlement.UserID]bool{}}
		for _, u := range c.enabled {
			p.enabled[u] = true
		}
		r, change, err := approvers.New(p).Look(t.Context(), waits(manager), entitlement.Change{}, "sweep", now)
		var kinds []string
		for _, e := range change.Events {
			kinds = append(kinds, e.Kind)
		}
		if err != nil || !slices.Equal(kinds, c.kinds) || entitlement.VerifyChain(r.Chain, change.Events) != nil {
			t.Errorf("%s: events %q, %v", name, kinds, err)
		}
		if len(kinds) > 0 && (len(change.Requests) != 1 || r.Stages[0].Manager != "max") {
			t.Errorf("%s: got %+v", name, change.Requests)
		}
	}
}

func TestStaff_DecidesNothingOnAReadThatFailed(t *testing.T) {
	p := &people{enabled: map[entitlement.UserID]bool{"ann": true}, fail: true}
	if _, c, err := approvers.New(p).Staff(t.Context(), waits(user("ann")), entitlement.Change{}, "", "call", now); err == nil || len(c.Requests) > 0 {
		t.Errorf("got %+v, %v", c, err)
	}
}
