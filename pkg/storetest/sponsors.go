package storetest

import (
	"slices"

	"leasehold/pkg/entitlement"
)

// sponsorScenarios are what lists of sponsors rely on.
var sponsorScenarios = []scenario{
	{"R134: the guests of an organization are listed by name, page by page, and follow a new name, a new sign-in and a deletion", guestsPaged},
	{"R134: to which organization each of several people belongs follows from the first of their sources that one has", organizationsOfSeveral},
	{"R134: an organization is listed with its internal sponsors, people and groups, page by page, for as long as they are", sponsoredPaged},
}

// guests polls until exactly want are listed with the organization, in this order, in pages of
// every size.
func (w *fixture) guests(o entitlement.ConnectedOrganization, named entitlement.Named, want ...entitlement.UserID) {
	w.Helper()
	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			return diff(readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
				page.Named = named
				return w.s.GuestsAt(w.Context(), o.Place(), page)
			}), want)
		})
	}
}

func (w *fixture) guest(name, domain string) entitlement.User {
	return w.user(func(u *entitlement.User) {
		u.Type, u.DisplayName, u.UserPrincipalName, u.Identities = entitlement.Guest, name, unique("g-")+"@"+domain, nil
	})
}

func guestsPaged(w *fixture) {
	all := entitlement.Named{}
	here, there := organization(unique("here-")), organization(unique("there-"))
	at, other := here.Sources[0].DomainName, there.Sources[0].DomainName
	w.guests(here, all)

	carl, anna, berta := w.guest("Carl", at), w.guest("Anna", at), w.guest("Berta", at)
	w.guest("Bruno", other)
	w.user(func(u *entitlement.User) { u.UserPrincipalName = unique("member-") + "@" + at }) // no guest
	w.guests(here, all, anna.ID, berta.ID, carl.ID)
	w.guests(here, entitlement.Named{Begins: "ann"}, anna.ID)

	anna.DisplayName, carl.UserPrincipalName, berta.Type = "Zoe", unique("c-")+"@"+other, entitlement.Member
	w.commit(entitlement.Change{Users: []entitlement.User{anna, carl, berta}})
	w.guests(here, all, anna.ID)

	anna.Version++
	anna.Erased = true
	w.commit(entitlement.Change{Users: []entitlement.User{anna}})
	w.guests(here, all)
}

func organizationsOfSeveral(w *fixture) {
	domain, tenant := organization(unique("domain-")), organization(unique("tenant-"))
	tenant.Sources = []entitlement.IdentitySource{{Kind: entitlement.SourceTenant, TenantID: unique("t-"), DisplayName: "t"}}
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{domain, tenant}})
	one := w.guest("One", domain.Sources[0].DomainName)
	both := w.user(func(u *entitlement.User) {
		u.Type, u.UserPrincipalName = entitlement.Guest, unique("b-")+"@"+domain.Sources[0].DomainName
		u.Identities = []entitlement.Principal{{Issuer: "https://login.microsoftonline.com/" + tenant.Sources[0].TenantID + "/v2.0", Value: unique("v-")}}
	})
	none := w.guest("None", unique("nowhere-"))

	got := get[map[entitlement.UserID]entitlement.OrganizationID](w)(w.s.OrganizationsOf(w.Context(), []entitlement.User{one, both, none}))
	if len(got) != 2 || got[one.ID] != domain.ID || got[both.ID] != tenant.ID {
		w.Errorf("they belong to %v", got)
	}
}

func sponsoredPaged(w *fixture) {
	group := newID[entitlement.GroupID]()
	alone, byGroup, neither := entitlement.User{ID: newID[entitlement.UserID](), Enabled: true}, entitlement.User{ID: newID[entitlement.UserID](), Enabled: true, Groups: []entitlement.GroupID{newID[entitlement.GroupID](), group}}, entitlement.User{ID: newID[entitlement.UserID](), Enabled: true}
	sponsored := func(u entitlement.User, want ...entitlement.OrganizationID) {
		w.Helper()
		for _, limit := range []int{0, 1, 2} {
			w.eventually(func() string {
				var ids []entitlement.OrganizationID
				for _, o := range readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error) {
					return w.s.SponsoredBy(w.Context(), u, page)
				}) {
					ids = append(ids, o.ID)
				}
				return diff(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(want)))
			})
		}
	}
	sponsored(alone)

	first, second, third := organization(unique("first-")), organization(unique("second-")), organization(unique("third-"))
	first.InternalSponsors = []entitlement.Sponsor{{User: alone.ID}, {Group: group}}
	second.InternalSponsors = []entitlement.Sponsor{{User: alone.ID}}
	third.InternalSponsors = []entitlement.Sponsor{{User: alone.ID}}
	third.ExternalSponsors = []entitlement.Sponsor{{User: neither.ID}}
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{first, second, third}})
	sponsored(alone, first.ID, second.ID, third.ID)
	sponsored(byGroup, first.ID)
	sponsored(neither)

	first.Version, first.InternalSponsors = 1, []entitlement.Sponsor{{Group: group}}
	second.Version, second.Erased = 1, true
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{first, second}})
	sponsored(alone, third.ID)
	sponsored(byGroup, first.ID)
}
