package authz

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

var (
	boss   = entitlement.User{ID: "boss", Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}}
	person = entitlement.User{ID: "person", Enabled: true}
)

func calling(u entitlement.User, scopes Scopes) Caller {
	return Caller{ID: u.ID, Scopes: scopes}.As(u)
}

// objects are all that a caller can be something to, each for the user that it is made for.
var objects = map[Who]func(u entitlement.UserID) Object{
	Everybody: func(entitlement.UserID) Object { return Object{} },
	Requestor: func(u entitlement.UserID) Object {
		return Object{Request: &entitlement.AssignmentRequest{Requestor: u, Subject: "x"}}
	},
	Subject:    func(u entitlement.UserID) Object { return Object{Assignment: &entitlement.Assignment{Subject: u}} },
	Approver:   func(u entitlement.UserID) Object { return Object{Request: decidedBy(u)} },
	MayRequest: func(entitlement.UserID) Object { return Object{MayRequest: true} },
	Holder:     func(entitlement.UserID) Object { return Object{Holds: true} },
	OnBehalf: func(entitlement.UserID) Object {
		return Object{Assignment: &entitlement.Assignment{Subject: "x"}, Subject: "x", OnBehalf: true}
	},
}

func decidedBy(u entitlement.UserID) *entitlement.AssignmentRequest {
	return &entitlement.AssignmentRequest{Requestor: "x", Subject: "x", Stages: []entitlement.Stage{{Decision: &entitlement.Decision{Reviewer: u}}}}
}

// Every action is asked for every caller and every object, and the answers compared with
// the rule in the words of issue and specification: the administrator, with a token for
// everything, and the person concerned.
func TestAllow_TheAdministratorAndThePersonConcerned(t *testing.T) {
	asked := 0
	for a := Action(1); a < actionCount; a++ {
		rule := Rules[a]
		for is, object := range objects {
			for scopes := Scopes(0); scopes <= Every; scopes++ {
				for _, u := range []entitlement.User{boss, person, {ID: "boss", Groups: boss.Groups}} {
					asked++
					got := Allow(calling(u, scopes), a, object(u.ID))

					opens, forAll := scopes&needs[rule.Scope].scopes != 0, scopes&needs[rule.Scope.ofAll()].scopes != 0
					concerned := rule.May&(is|Everybody) != 0
					administers := u.MemberOf(entitlement.AdministratorsGroup) && forAll && rule.May&Administrators != 0
					if want := u.Enabled && opens && (concerned || administers); got.Allowed != want || (got.Err() == nil) != want {
						t.Fatalf("%s, %s with %b on %s: allowed %t, want %t (%v)", a, u.ID, scopes, is, got.Allowed, want, got.Err())
					}
					if got.Allowed && !strings.Contains(rule.May.String(), strings.Split(got.Reason, ", ")[0]) {
						t.Fatalf("%s is allowed because of %q, and the rule is %s", a, got.Reason, rule.May)
					}
				}
			}
		}
	}
	t.Logf("%d questions", asked)
}

// To whoever has nothing to do with an object it does not exist; those who know it are told
// that they may not.
func TestA1_ARefusalTellsOnlyThoseWhoKnowTheObject(t *testing.T) {
	r := &entitlement.AssignmentRequest{Requestor: "x", Subject: "person"}
	for name, tt := range map[string]struct {
		action Action
		object Object
		kind   entitlement.Kind
		hidden bool
	}{
		"a stranger reads a request":          {ReadRequest, Object{Request: decidedBy("x")}, entitlement.NotFound, true},
		"a stranger cancels it":               {CancelRequest, Object{Request: decidedBy("x")}, entitlement.NotFound, true},
		"its subject cancels it":              {CancelRequest, Object{Request: r}, entitlement.Forbidden, false},
		"its approver cancels it":             {CancelRequest, Object{Request: decidedBy("person")}, entitlement.Forbidden, false},
		"a stranger ends an assignment":       {RemoveDirectly, Object{Assignment: &entitlement.Assignment{Subject: "x"}}, entitlement.NotFound, true},
		"its subject ends it as if for other": {RemoveDirectly, Object{Assignment: &entitlement.Assignment{Subject: "person"}}, entitlement.Forbidden, false},
		"a stranger reads a package":          {ReadPackage, Object{Package: "p"}, entitlement.NotFound, true},
		"a stranger changes a catalog":        {UpdateCatalog, Object{Catalog: "c"}, entitlement.Forbidden, false},
		"a stranger asks on their behalf":     {RequestOnBehalf, Object{Subject: "x"}, entitlement.Forbidden, false},
		"one asks on one's own behalf":        {RequestOnBehalf, Object{Subject: "person"}, entitlement.Forbidden, false},
		"a stranger ends it as their own":     {RemoveOwn, Object{Assignment: &entitlement.Assignment{Subject: "x"}}, entitlement.NotFound, true},
		"who acts for x ends it directly":     {RemoveDirectly, Object{Assignment: &entitlement.Assignment{Subject: "x"}, OnBehalf: true}, entitlement.NotFound, true},
		"a stranger asks for somebody else":   {RequestForSelf, Object{Subject: "x"}, entitlement.Forbidden, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := Allow(calling(person, Every), tt.action, tt.object)
			if got.Allowed || got.Hidden() != tt.hidden || entitlement.KindOf(got.Err()) != tt.kind {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAllow_NobodyWhoWasNotRead(t *testing.T) {
	for a := range actionCount {
		if got := Allow(Caller{ID: "boss", Scopes: Every}, a, Object{Holds: true, Subject: "boss"}); got.Allowed || entitlement.KindOf(got.Err()) != entitlement.Forbidden {
			t.Errorf("%s: %+v", a, got)
		}
	}
	if Allow(calling(boss, Every), 0, Object{}).Allowed {
		t.Error("no action is allowed to somebody")
	}
}

func TestAllow_TheServiceDoesWhatItsWorkersDo(t *testing.T) {
	for a := Action(1); a < actionCount; a++ {
		if got := Allow(Caller{ID: entitlement.Service}, a, Object{}); got.Allowed != (a == ChangeMembers) {
			t.Errorf("%s: %+v", a, got)
		}
	}
}

// What Admit refuses no object makes allowed, so that asking it first changes no answer.
func TestAdmit_RefusesOnlyWhatAllowRefuses(t *testing.T) {
	for a := Action(1); a < actionCount; a++ {
		for scopes := Scopes(0); scopes <= Every; scopes++ {
			for _, application := range []bool{false, true} {
				for _, u := range []entitlement.User{boss, person, {ID: "off"}} {
					c := calling(u, scopes)
					c.Application = application
					refused := Admit(c, a)
					for _, object := range objects {
						if got := Allow(c, a, object(u.ID)); refused != nil && got.Err() == nil {
							t.Fatalf("%s: Admit refuses %s, and Allow does not", a, u.ID)
						}
					}
				}
			}
		}
	}
}

func TestEveryActionHasARule(t *testing.T) {
	seen := map[string]Action{}
	for a := Action(1); a < actionCount; a++ {
		rule := Rules[a]
		if rule.Name == "" || rule.May == 0 || rule.Knows != 0 && rule.Object == "" || rule.Knows&rule.May&^Everybody != rule.May&rule.Knows {
			t.Errorf("action %d: %+v", a, rule)
		}
		if other, twice := seen[rule.Name]; twice {
			t.Errorf("the actions %d and %d are both called %s", a, other, rule.Name)
		}
		seen[rule.Name] = a
	}
	if got := ScopesNamed([]string{nameRead, "Group.Read.All", nameSubject}); got != ScopeRead|ScopeSubject {
		t.Errorf("scopes %b", got)
	}
}
