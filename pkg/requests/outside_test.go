package requests_test

import (
	"context"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// connected adds a connected organization of a domain, with one sponsor inside.
func (w *fixture) connected(domain string, sponsor entitlement.UserID) entitlement.OrganizationID {
	w.t.Helper()
	o := entitlement.ConnectedOrganization{ID: entitlement.OrganizationID(w.clock.New()), DisplayName: domain, State: entitlement.OrganizationConfigured,
		Sources: []entitlement.IdentitySource{{Kind: entitlement.SourceDomain, DomainName: domain, DisplayName: domain}}}
	if sponsor != "" {
		o.InternalSponsors = []entitlement.Sponsor{{User: sponsor}}
	}
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{o}})
	return o.ID
}

// guest adds somebody from outside.
func (w *fixture) guest(userPrincipalName string) authz.Command {
	w.t.Helper()
	id := entitlement.UserID(w.clock.New())
	w.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Guest, DisplayName: "G", UserPrincipalName: userPrincipalName, Enabled: true}}})
	u, err := w.store.User(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: "call"}.As(u)
}

// outside makes a package's policy one for people outside, in a catalog that is open to them.
func (w *fixture) outside(p entitlement.AccessPackage, policy entitlement.AssignmentPolicy, scope entitlement.TargetScope, of ...entitlement.OrganizationID) {
	w.t.Helper()
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Scope = scope
		for _, id := range of {
			p.Targets = append(p.Targets, entitlement.SubjectSet{Kind: entitlement.OrganizationMembers, ID: string(id)})
		}
	})
	w.openTo(p.Catalog, true)
}

func (w *fixture) openTo(id entitlement.CatalogID, external bool) {
	w.t.Helper()
	all, err := w.store.Catalogs(context.Background(), []entitlement.CatalogID{id})
	if err != nil {
		w.t.Fatal(err)
	}
	all[0].ExternallyVisible = external
	w.commit(entitlement.Change{Catalogs: all})
}

func TestR32_APolicyForOrganizationsIsForTheirGuests(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	contoso, fabrikam := w.connected("contoso.com", ""), w.connected("fabrikam.com", "")
	ann, bob, eve, mia := w.guest("ann@contoso.com"), w.guest("bob@fabrikam.com"), w.guest("eve@example.org"), w.person("", false)
	for name, c := range map[string]struct {
		scope entitlement.TargetScope
		of    []entitlement.OrganizationID
		may   []authz.Command
	}{
		"some":       {entitlement.ScopeSpecificOrganizations, []entitlement.OrganizationID{contoso}, []authz.Command{ann}},
		"two":        {entitlement.ScopeSpecificOrganizations, []entitlement.OrganizationID{contoso, fabrikam}, []authz.Command{ann, bob}},
		"R33 all":    {entitlement.ScopeAllOrganizations, nil, []authz.Command{ann, bob}},
		"everybody":  {entitlement.ScopeAllExternal, nil, []authz.Command{ann, bob, eve}},
		"no outside": {entitlement.ScopeAllMembers, nil, []authz.Command{mia}},
	} {
		p, policy := w.pack()
		w.outside(p, policy, c.scope, c.of...)
		for _, by := range []authz.Command{ann, bob, eve, mia} {
			may := false
			for _, u := range c.may {
				may = may || u.ID == by.ID
			}

			listed := false
			for page := (entitlement.Page{}); ; {
				list, err := w.Requestable(ctx, by.Caller, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, found := range list.Items {
					listed = listed || found.ID == p.ID
				}
				if page.Token = list.Next; list.Next == "" {
					break
				}
			}
			needs, err := w.Applicable(ctx, by.Caller, p.ID, "")
			if listed != may || err != nil || (len(needs) == 1) != may {
				t.Errorf("%s, %s: listed %t, %d policies (%v), want %t", name, by.ID, listed, len(needs), err, may)
			}

			r, err := w.Submit(ctx, by, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
			if may && err != nil || !may && entitlement.KindOf(err) != entitlement.Precondition {
				t.Errorf("%s, %s: %v, want %t", name, by.ID, err, may)
			}
			if err == nil && w.held(r.AssignmentOf()).Subject != by.ID {
				t.Errorf("%s, %s holds nothing", name, by.ID)
			}
		}
	}
}

func TestR24_ACatalogThatIsClosedToOtherDirectoriesRefusesTheirPeople(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	w.connected("contoso.com", "")
	ann := w.guest("ann@contoso.com")
	p, policy := w.pack()
	w.outside(p, policy, entitlement.ScopeAllOrganizations)
	w.openTo(p.Catalog, false)
	_, err := w.Submit(ctx, ann, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
	w.kind(err, entitlement.Precondition)
	if list, err := w.Requestable(ctx, ann.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("R129: it is shown: %v, %v", list.Items, err)
	}
	_, err = w.Package(ctx, ann.Caller, p.ID)
	w.kind(err, entitlement.NotFound)
	w.openTo(p.Catalog, true)
	if _, err := w.Submit(ctx, ann, requests.Submission{Type: entitlement.UserAdd, Package: p.ID}); err != nil {
		t.Errorf("open again: %v", err)
	}
}

// Sponsors decide for the people of their organization; for one of another organization, which
// has none, the fallback approvers do.
func TestR54_SponsorsApproveForPeopleOutside(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	sponsor, fallback := w.person("", false), w.person("", false)
	w.connected("contoso.com", sponsor.ID)
	w.connected("fabrikam.com", "")
	for asked, by := range map[string]authz.Command{"contoso.com": sponsor, "fabrikam.com": fallback} {
		for _, kind := range []entitlement.SubjectKind{entitlement.InternalSponsors, entitlement.TargetUserSponsors} {
			p, policy := w.pack(entitlement.SubjectSet{Kind: kind})
			w.outside(p, policy, entitlement.ScopeAllOrganizations)
			w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
				p.Approval.Stages[0].Fallback = []entitlement.SubjectSet{named(fallback.ID)}
			})
			r := w.ask(w.guest(string(kind)+"@"+asked), p)
			if list, err := w.Waiting(ctx, by.Caller, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != r.ID {
				t.Errorf("%s, %s: waits %v, %v", asked, kind, list.Items, err)
			}
			if err := w.Decide(ctx, by, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
				t.Errorf("%s, %s: %v", asked, kind, err)
			}
		}
	}
}

// A later stage finds the sponsors when it starts, although the first one asks somebody named.
func TestR51_SponsorsOfALaterStageAreFoundWhenItStarts(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	first, sponsor := w.person("", false), w.person("", false)
	w.connected("contoso.com", sponsor.ID)
	p, policy := w.pack(named(first.ID))
	w.outside(p, policy, entitlement.ScopeAllExternal)
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Approval.Stages = append(p.Approval.Stages, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{{Kind: entitlement.InternalSponsors}}, Fallback: []entitlement.SubjectSet{named(first.ID)}})
	})
	r := w.ask(w.guest("ann@contoso.com"), p)
	for i, by := range []authz.Command{first, sponsor} {
		if err := w.Decide(ctx, by, r.ID, entitlement.DecisionInput{Stage: r.Stages[i].ID, Approved: true}); err != nil {
			t.Errorf("stage %d: %v", i+1, err)
		}
	}
	if a := w.held(r.AssignmentOf()); a.Policy != policy.ID {
		t.Errorf("held %+v", a)
	}
}

// F36: whoever comes not to be of the organization any more gets nothing by the last approval.
func TestR32_WhoeverIsNotOfTheOrganizationAtTheLastApprovalGetsNothing(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	contoso := w.connected("contoso.com", "")
	ann := w.guest("ann@contoso.com")
	p, policy := w.pack(named(boss.ID))
	w.outside(p, policy, entitlement.ScopeSpecificOrganizations, contoso)
	r := w.ask(ann, p)

	u, err := w.store.User(ctx, ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Type = entitlement.Member
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	err = w.Decide(ctx, boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
	w.kind(err, entitlement.Precondition)
	if got, err := w.store.Request(ctx, r.ID); err != nil || got.State != entitlement.RequestDenied {
		t.Errorf("it is %s, %v", got.State, err)
	}
}
