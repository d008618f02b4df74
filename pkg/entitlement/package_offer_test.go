package entitlement

import (
	"testing"
	"time"
)

func TestR129_WhomAPackageIsOfferedTo(t *testing.T) {
	through := func(scope TargetScope, change func(*AssignmentPolicy)) AssignmentPolicy {
		p := AssignmentPolicy{ID: PolicyID("p" + string(scope)), Package: "pkg", Scope: scope, Requestor: RequestorSettings{SelfAdd: true}}
		if change != nil {
			change(&p)
		}
		return p
	}
	members, users := through(ScopeAllMembers, nil), through(ScopeAllUsers, nil)
	named := through(ScopeSpecificUsers, nil)
	assigned := through(ScopeAllUsers, func(p *AssignmentPolicy) { p.Requestor.SelfAdd = false })
	gone := through(ScopeAllUsers, func(p *AssignmentPolicy) { p.Erased = true })

	for name, tt := range map[string]struct {
		pkg      AccessPackage
		policies []AssignmentPolicy
		want     Audience
	}{
		"no policy":                    {want: ""},
		"for members":                  {policies: []AssignmentPolicy{members}, want: AudienceMembers},
		"for members and for all":      {policies: []AssignmentPolicy{members, users}, want: AudienceUsers},
		"for all, and then for none":   {policies: []AssignmentPolicy{users, gone}, want: ""},
		"for members and for some":     {policies: []AssignmentPolicy{named, members}, want: AudienceMembers},
		"for some":                     {policies: []AssignmentPolicy{named}, want: ""},
		"by assignment alone":          {policies: []AssignmentPolicy{assigned}, want: ""},
		"for all, until it is not":     {policies: []AssignmentPolicy{users, assigned}, want: ""},
		"hidden":                       {pkg: AccessPackage{Hidden: true}, policies: []AssignmentPolicy{users}, want: ""},
		"under deletion":               {pkg: AccessPackage{Deleting: time.Unix(1, 0)}, policies: []AssignmentPolicy{users}, want: ""},
		"of another package's policy":  {pkg: AccessPackage{ID: "another"}, policies: []AssignmentPolicy{users}, want: ""},
		"beside what it offers so far": {pkg: AccessPackage{Offers: []Offer{{"old", ScopeAllMembers}}}, policies: []AssignmentPolicy{named}, want: AudienceMembers},
	} {
		if tt.pkg.ID == "" {
			tt.pkg.ID = "pkg"
		}
		before := Change{Packages: []AccessPackage{tt.pkg}, Policies: tt.policies}
		got := before.WithOffers()
		if is := got.Packages[0].Audience(); is != tt.want {
			t.Errorf("%s: offered to %q, want %q", name, is, tt.want)
		}
		if len(before.Packages[0].Offers) != len(tt.pkg.Offers) {
			t.Errorf("%s: the caller's package was changed", name)
		}
	}

	member, guest := User{Type: Member, Enabled: true}, User{Type: Guest, Enabled: true}
	for _, u := range []User{member, guest, {Type: Member}, {Type: Guest}} {
		for scope, audience := range map[TargetScope]Audience{ScopeAllMembers: AudienceMembers, ScopeAllUsers: AudienceUsers} {
			if may := through(scope, nil).MayAsk(u, nil); audience.Has(u) != may {
				t.Errorf("%v is in %s: %v, and may ask: %v", u, audience, !may, may)
			}
		}
	}
	if members.OffersAs(users) || assigned.OffersAs(users) || !assigned.OffersAs(named) || !users.OffersAs(users) {
		t.Error("whether what a package says of a policy changes")
	}
}
