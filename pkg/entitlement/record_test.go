package entitlement

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// unrecorded says of every field that no event tells a change of why none need.
var unrecorded = map[string]string{
	"Catalog.ID":       "it names the event's object, and never changes",
	"Catalog.Owners":   "each owner that comes or goes has an event",
	"Catalog.Packages": "each package that comes or goes has an event",
	"Catalog.Created":  "it is the time of the first event",
	"Catalog.Modified": "it is the time of the last event",

	"AccessPackage.ID":                 "it names the event's object, and never changes",
	"AccessPackage.Policies":           "policyAdded and policyRemoved tell each",
	"AccessPackage.PolicyNames":        "each policy tells its own",
	"AccessPackage.Offers.Policy":      "each policy tells for whom it is",
	"AccessPackage.Offers.Scope":       "the same",
	"AccessPackage.Deleting":           "closed and reopened tell it",
	"AccessPackage.Looked":             "it is how far a deletion has come, and changes nothing",
	"AccessPackage.Created":            "it is the time of the first event",
	"AccessPackage.Modified":           "it is the time of the last event",
	"AccessPackage.Incompatible":       "incompatibleAdded and incompatibleRemoved tell each",
	"AccessPackage.IncompatibleGroups": "incompatibleGroupAdded and incompatibleGroupRemoved tell each",

	"AssignmentPolicy.ID":                                             "it names the event's object, and never changes",
	"AssignmentPolicy.Catalog":                                        "it is the package's",
	"AssignmentPolicy.Deleting":                                       "closed and reopened tell it",
	"AssignmentPolicy.Looked":                                         "it is how far a deletion has come, and changes nothing",
	"AssignmentPolicy.Created":                                        "it is the time of the first event",
	"AssignmentPolicy.Modified":                                       "it is the time of the last event",
	"AssignmentPolicy.Targets.Description":                            "a label of who wrote the policy, which may name a person; nothing is decided by it",
	"AssignmentPolicy.Requestor.OnBehalf.Description":                 "the same",
	"AssignmentPolicy.Approval.Stages.Primary.Description":            "the same",
	"AssignmentPolicy.Approval.Stages.Fallback.Description":           "the same",
	"AssignmentPolicy.Approval.Stages.Alternates.Description":         "the same",
	"AssignmentPolicy.Approval.Stages.FallbackAlternates.Description": "the same",
	"AssignmentPolicy.Review.Primary.Description":                     "the same",
	"AssignmentPolicy.Review.Fallback.Description":                    "the same",
	"ConnectorConfig.OriginSystem":                                    "the kind says it",

	"ConnectorConfig.Check.At":              "what a target was seen to be is nothing that anybody decided",
	"ConnectorConfig.Check.Dialect":         "the same",
	"ConnectorConfig.Check.Error":           "the same",
	"ConnectorConfig.Check.Features":        "the same",
	"ConnectorConfig.Check.NotFound":        "the same",
	"ConnectorConfig.Check.Person":          "the same",
	"ConnectorConfig.Check.Reason":          "the same",
	"ConnectorConfig.Check.Filters":         "the same",
	"ConnectorConfig.Check.Shows":           "the same",
	"ConnectorConfig.Check.Values.Resource": "the same",
	"ConnectorConfig.Check.Values.Values":   "the same",

	"ConnectorConfig.ID":           "it names the event's object, and never changes",
	"ConnectorConfig.Uses":         "resourceAdded and resourceRemoved tell each, in the chain of the catalog",
	"ConnectorConfig.Unused":       "it follows from these",
	"ConnectorConfig.MadeAccounts": "it follows from the setting accounts",
	"ConnectorConfig.Created":      "it is the time of the first event",

	"User.ID":              "it names the event's object, and never changes",
	"User.Groups":          "memberAdded and memberRemoved tell each",
	"User.Former.Property": "it is what the pseudonyms in events stand for",
	"User.Former.Value":    "the same",

	"User.Preferences.Language": "it is personal and decides nothing: preferencesChanged says that it was changed",
	"User.Preferences.TimeZone": "the same",
	"User.Created":              "it is the time of the first event",

	"Settings.EndUsers.CreatedBy":  "it is the actor of the first event of them",
	"Settings.EndUsers.Created":    "it is the time of that",
	"Settings.EndUsers.ModifiedBy": "it is the actor of the event",
	"Settings.EndUsers.Modified":   "it is the time of the event",

	"ConnectedOrganization.ID":                     "it names the event's object, and never changes",
	"ConnectedOrganization.InternalSponsors.User":  "sponsorAdded and sponsorRemoved tell each",
	"ConnectedOrganization.InternalSponsors.Group": "the same",
	"ConnectedOrganization.ExternalSponsors.User":  "the same",
	"ConnectedOrganization.ExternalSponsors.Group": "the same",
	"ConnectedOrganization.Created":                "it is the time of the first event",
	"ConnectedOrganization.Modified":               "it is the time of the event",

	"CustomExtension.ID":         "it is in the event's data, and never changes",
	"CustomExtension.Catalog":    "it is the event's object",
	"CustomExtension.Uses":       "the events of policies tell each",
	"CustomExtension.CreatedBy":  "it is the actor of the first event of it",
	"CustomExtension.Created":    "it is the time of that",
	"CustomExtension.ModifiedBy": "it is the actor of the event",
	"CustomExtension.Modified":   "it is the time of the event",

	"Group.ID":      "it names the event's object, and never changes",
	"Group.Created": "it is the time of the first event",
	"Group.Deleted": "deletionStarted tells it, and deleted what went",
}

// fields calls with the path of every field below a value and a change of that field alone.
func fields(v reflect.Value, path string, each func(path string, change func())) {
	switch v.Interface().(type) {
	case Meta:
		return // the store's own
	case time.Time:
		each(path, func() { v.Set(reflect.ValueOf(time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC))) })
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fields(v.Field(i), path+"."+v.Type().Field(i).Name, each)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fields(v.Index(0), path, each)
	case reflect.String:
		each(path, func() { v.SetString("other") })
	case reflect.Bool:
		each(path, func() { v.SetBool(!v.Bool()) })
	case reflect.Int, reflect.Int64:
		each(path, func() { v.SetInt(v.Int() + int64(time.Hour)) })
	default:
		panic("no change of " + v.Type().String())
	}
}

// told returns, by field, whether a change of the field alone differs in the list.
func told[T any](recorded func(T) []Recorded) map[string]bool {
	all := map[string]bool{}
	paths := []string{}
	var sample T
	fields(reflect.ValueOf(&sample).Elem(), reflect.TypeFor[T]().Name(), func(path string, _ func()) { paths = append(paths, path) })
	for i, path := range paths {
		var before, after T
		for _, v := range []*T{&before, &after} {
			n := 0
			fields(reflect.ValueOf(v).Elem(), "", func(at string, change func()) {
				if at == ".ID" {
					reflect.ValueOf(v).Elem().FieldByName("ID").SetString("id")
				}
				if n == i && v == &after {
					change()
				}
				n++
			})
		}
		all[path] = all[path] || len(Differences(recorded(before), recorded(after))) > 0
	}
	return all
}

func TestR245_EveryFieldIsInTheEventOrSaysWhyNot(t *testing.T) {
	key := []byte("key of the store")
	all := map[string]bool{}
	for _, kind := range []map[string]bool{
		told(Catalog.Recorded), told(AccessPackage.Recorded), told(AssignmentPolicy.Recorded), told(ConnectorConfig.Recorded), told(Group.Recorded),
		told(Settings.Recorded), told(ConnectedOrganization.Recorded), told(CustomExtension.Recorded),
		told(func(u User) []Recorded { return u.Recorded(key) }),
	} {
		maps.Copy(all, kind)
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		why, free := unrecorded[path]
		if all[path] == free && !strings.HasSuffix(path, ".ID") {
			t.Errorf("%s: told in the event %v, and %q", path, all[path], why)
		}
	}
	for path, why := range unrecorded {
		if _, there := all[path]; !there || why == "" {
			t.Errorf("%s: there is no such field, or no reason", path)
		}
	}
	if len(all) < 60 {
		t.Errorf("only %d fields were looked at", len(all))
	}
}

func TestR245_ChangesAreToldWithTheValuesBeforeAndAfter(t *testing.T) {
	stage := ApprovalStage{Primary: []SubjectSet{{Kind: SingleUser, ID: "boss"}}}
	before := AssignmentPolicy{ID: "p", DisplayName: "P", Scope: ScopeSpecificUsers, Targets: []SubjectSet{{Kind: GroupMembers, ID: "sales"}},
		Approval: ApprovalSettings{RequiredForAdd: true, Stages: []ApprovalStage{stage}}}
	after := before
	after.Scope, after.Targets, after.Approval = ScopeAllMembers, nil, ApprovalSettings{}
	got := fmt.Sprint(Differences(before.Recorded(), after.Recorded()))
	for _, want := range []string{"{allowedTargetScope specificDirectoryUsers allMemberUsers}", "{specificAllowedTargets groupMembers sales }",
		"{isApprovalRequiredForAdd true false}", "{stages.1.primaryApprovers singleUser boss }", "{stages.1.durationBeforeAutomaticDenial P14D }"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if strings.Contains(got, "displayName") {
		t.Errorf("what did not change is told: %s", got)
	}
	if gone := Differences(before.Recorded(), AssignmentPolicy{}.Recorded()); len(gone) < 8 || gone[0] != (Changed{"displayName", "P", ""}) {
		t.Errorf("what goes is told as %v", gone)
	}
}

func TestT15_EventsSayThatACredentialIsAnotherOneAndNotWhich(t *testing.T) {
	before := ConnectorConfig{ID: "c", URL: "https://a.example", Credential: 3}
	after := before
	after.URL, after.Credential = "https://b.example", 4
	want := "[{url https://a.example https://b.example} {credential number 3 number 4}]"
	if got := fmt.Sprint(Differences(before.Recorded(), after.Recorded())); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestR245_PersonalValuesAreInEventsByPseudonymAlone(t *testing.T) {
	key := []byte("key of the store")
	before := User{ID: "u", DisplayName: "Ann Archer", UserPrincipalName: "ann@example.com", Mail: "ann@example.com", ExternalID: "4711", Enabled: true,
		Identities: []Principal{{"https://login.example", "ann-subject"}}}
	after := before
	after.DisplayName, after.Identities = "Ann Baker", append(slices.Clone(before.Identities), Principal{"https://login.example", "eve-subject"})
	changed := Differences(before.Recorded(key), after.Recorded(key))
	text := fmt.Sprint(changed)
	for _, personal := range []string{"Ann", "ann", "eve", "4711"} {
		if strings.Contains(text, personal) {
			t.Errorf("%q is in the event: %s", personal, text)
		}
	}
	if len(changed) != 2 || changed[0].Property != "displayName" || changed[1].Property != "identities" || !strings.HasPrefix(changed[1].After, changed[1].Before+", https://login.example ~") {
		t.Errorf("got %v", changed)
	}
	former, err := after.Remember(before)
	if err != nil || len(former) != 1 {
		t.Fatalf("%v %v", former, err)
	}
	after.Former = former
	meant := after.Meanings(key)
	if meant[changed[0].Before] != "Ann Archer" || meant[changed[0].After] != "Ann Baker" {
		t.Errorf("the pseudonyms mean %v", meant)
	}

	other := User{ID: "o", Identities: []Principal{{"https://login.example", "eve-subject"}}}
	if told := fmt.Sprint(other.Recorded(key)); !strings.Contains(told, strings.Fields(changed[1].After)[3]) {
		t.Errorf("whose sign-in that is cannot be told: %s, %s", told, changed[1].After)
	}
}

func TestR245_FormerValuesAreBounded(t *testing.T) {
	u := User{ID: "u", DisplayName: "0"}
	for i := 1; ; i++ {
		next := u
		next.DisplayName = fmt.Sprint(i)
		former, err := next.Remember(u)
		if i > MaxFormer {
			if KindOf(err) != Precondition {
				t.Fatalf("change %d: %v", i, err)
			}
			next.Deleted, next.DisplayName = time.Unix(1, 0), u.DisplayName
			if _, err := next.Remember(u); err != nil {
				t.Errorf("the deletion is refused: %v", err)
			}
			taken := u
			taken.DisplayName = ""
			if _, err := taken.Remember(u); err != nil {
				t.Errorf("to take away is refused: %v", err)
			}
			disabled := u
			disabled.Enabled = !u.Enabled
			if _, err := disabled.Remember(u); err != nil {
				t.Errorf("to disable is refused: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		next.Former, u = former, next
		u.Former = former
	}
}

func TestA4_WhatLoosensAPolicyIsNoticed(t *testing.T) {
	boss, group := []SubjectSet{{Kind: SingleUser, ID: "boss"}}, []SubjectSet{{Kind: GroupMembers, ID: "sales"}}
	strict := AssignmentPolicy{ID: "p", Scope: ScopeSpecificUsers, Targets: group, Expiration: Expiration{Type: ExpireAfterDuration, Duration: 24 * time.Hour},
		Approval: ApprovalSettings{RequiredForAdd: true, RequiredForUpdate: true, RequestorJustification: true,
			Stages: []ApprovalStage{{Primary: boss, ApproverJustification: true}, {Primary: boss}}}}
	tests := map[string]func(*AssignmentPolicy){
		"allowedTargetScope":                       func(p *AssignmentPolicy) { p.Scope, p.Targets = ScopeAllMembers, nil },
		"specificAllowedTargets":                   func(p *AssignmentPolicy) { p.Targets = slices.Concat(group, boss) },
		"expiration":                               func(p *AssignmentPolicy) { p.Expiration.Duration *= 2 },
		"enableTargetsToSelfAddAccess":             func(p *AssignmentPolicy) { p.Requestor.SelfAdd = true },
		"enableTargetsToSelfUpdateAccess":          func(p *AssignmentPolicy) { p.Requestor.SelfUpdate = true },
		"allowCustomAssignmentSchedule":            func(p *AssignmentPolicy) { p.Requestor.CustomSchedule = true },
		"enableOnBehalfRequestorsToAddAccess":      func(p *AssignmentPolicy) { p.Requestor.OnBehalfAdd = true },
		"enableOnBehalfRequestorsToUpdateAccess":   func(p *AssignmentPolicy) { p.Requestor.OnBehalfUpdate = true },
		"onBehalfRequestors":                       func(p *AssignmentPolicy) { p.Requestor.OnBehalf = boss },
		"isApprovalRequiredForAdd":                 func(p *AssignmentPolicy) { p.Approval.RequiredForAdd = false },
		"isApprovalRequiredForUpdate":              func(p *AssignmentPolicy) { p.Approval.RequiredForUpdate = false },
		"isRequestorJustificationRequired":         func(p *AssignmentPolicy) { p.Approval.RequestorJustification = false },
		"stages":                                   func(p *AssignmentPolicy) { p.Approval.Stages = p.Approval.Stages[:1] },
		"stages.2.approvers":                       func(p *AssignmentPolicy) { p.Approval.Stages[1].Fallback = group },
		"stages.1.isApproverJustificationRequired": func(p *AssignmentPolicy) { p.Approval.Stages[0].ApproverJustification = false },
		"stages.1.escalation":                      func(p *AssignmentPolicy) { p.Approval.Stages[0].Escalation = true },
	}
	for property, change := range tests {
		loose := strict
		loose.Approval.Stages = slices.Clone(strict.Approval.Stages)
		change(&loose)
		if got := Loosens(strict, loose); !slices.Equal(got, []string{property}) {
			t.Errorf("%s: got %v", property, got)
		}
		if got := Loosens(loose, strict); len(got) > 0 {
			t.Errorf("%s: restoring it loosens %v", property, got)
		}
	}
	never := strict
	never.Expiration = Expiration{Type: ExpireNever}
	if got := Loosens(strict, never); !slices.Equal(got, []string{"expiration"}) {
		t.Errorf("no end at all: %v", got)
	}
	if got := Loosens(never, strict); len(got) > 0 {
		t.Errorf("an end: %v", got)
	}
}
