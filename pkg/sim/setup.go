package sim

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

func indexOf(line []byte, word string) bool { return bytes.Contains(line, []byte(word)) }

// setUp makes the organisation that a plan describes, with nothing going wrong.
func (w *simulation) setUp(p Plan) error {
	ctx := quiet
	admin, err := w.directory.Identify(ctx, w.directory.First, "set up")
	if err != nil {
		return err
	}

	w.admin = authz.Command{Caller: authz.Caller{ID: admin, Scopes: authz.Every}, CommandID: "set up"}.
		As(entitlement.User{ID: admin, Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}})

	if err := w.hireAll(ctx, p); err != nil {
		return err
	}
	if err := w.furnish(ctx, p); err != nil {
		return err
	}

	if p.Delegated {
		if err := w.delegateAll(ctx, p); err != nil {
			return err
		}
	}

	if p.Watched {
		if err := w.directory.AddMembers(ctx, w.admin, entitlement.AdministratorsGroup, false, w.population.people[0]); err != nil {
			return err
		}
	}

	for _, k := range p.Packages {
		if err := w.pack(ctx, w.admin, k); err != nil {
			return err
		}
	}

	for i, k := range p.Packages {
		for _, n := range k.Excludes {
			if err := w.exclude(ctx, w.admin, w.population.packages[i], n); entitlement.KindOf(err) == entitlement.Unavailable {
				return err // any other refusal is that of a package that would exclude itself
			}
		}
	}

	rate := w.scheduler.rate
	w.scheduler.rate = 0
	w.pump() // so that no edit is under way when the run begins
	w.scheduler.rate = rate
	w.oracle.made = maps.Clone(w.oracle.chains)
	return nil
}

// hireAll makes the people, their managers and the groups of approvers.
func (w *simulation) hireAll(ctx context.Context, p Plan) error {
	for i, h := range p.People {
		u, err := w.directory.CreateUser(ctx, w.admin, w.someone(i, h.Guest))
		if err != nil {
			return err
		}
		w.population.people = append(w.population.people, u.ID)
		// Whoever is unknown at a target has no account there, and never had.
		for i, t := range w.targets {
			if h.Unknown>>i&1 == 0 {
				t.hire(u.ID)
			}
		}
	}

	for i, h := range p.People {
		// A manager must be there before anybody can name them.
		if h.Manager != i {
			if err := w.directory.SetManager(ctx, w.admin, w.population.people[i], w.population.people[h.Manager]); err != nil {
				return err
			}
		}
	}

	for i, members := range p.Groups {
		g, err := w.directory.CreateGroup(ctx, w.admin, entitlement.Group{DisplayName: fmt.Sprint("G", i)})
		if err != nil {
			return err
		}
		w.population.groups = append(w.population.groups, g.ID)

		for _, m := range members {
			if err := w.directory.AddMembers(ctx, w.admin, g.ID, false, w.population.people[m]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *simulation) someone(n int, guest bool) entitlement.User {
	u := entitlement.User{Type: entitlement.Member, DisplayName: fmt.Sprint("P", n), UserPrincipalName: fmt.Sprint("p", n, "@sim"), Enabled: true}
	if guest {
		u.Type = entitlement.Guest
	}
	return u
}

// furnish registers the targets and their resources in one catalog. The first group of
// the directory is a resource as well as a group of approvers.
func (w *simulation) furnish(ctx context.Context, p Plan) error {
	c, err := w.catalogs.CreateCatalog(ctx, w.admin, entitlement.Catalog{DisplayName: "C", Published: true})
	if err != nil {
		return err
	}

	w.population.catalogs = []entitlement.CatalogID{c.ID}

	for i, t := range w.targets {
		cfg, err := w.catalogs.RegisterConnector(ctx, w.admin, entitlement.ConnectorConfig{DisplayName: t.name, Kind: "honest", URL: t.url(), CorrelationKeys: []string{"userName"},
			Unconfirmed: t.Accepts, ConcurrentWrites: t.Concurrent, VPC: p.VPC && i == 1}, t.credential)
		if err != nil {
			return err
		}

		t.id = cfg.ID
		// Two resources each: what is done to one must not touch the other.
		for _, name := range []string{"one", "two"} {
			t.resources[name] = true
			r, err := w.catalogs.AddResource(ctx, w.admin, c.ID, t.id, "Honest", name)
			if err != nil {
				return err
			}
			w.population.things = append(w.population.things, r)
		}
	}

	r, err := w.catalogs.AddResource(ctx, w.admin, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, string(w.population.groups[0]))
	w.population.things = append(w.population.things, r)
	return err
}

// pack makes one package with its roles and policies, each by a call of its own: the
// package is there for everybody after the first of them.
func (w *simulation) pack(ctx context.Context, by authz.Command, k Pack) error {
	operation(ctx)
	// A crash between two of these leaves a package without a policy: nobody can be given it.
	catalog := w.catalogAt(0)
	if k.Elsewhere {
		catalog = w.catalogAt(1)
	}
	pkg, err := w.catalogs.CreatePackage(ctx, by, entitlement.AccessPackage{Catalog: catalog, DisplayName: fmt.Sprint("K", len(w.population.packages))})
	if err != nil {
		return err
	}

	w.population.packages = append(w.population.packages, pkg.ID)

	carriedOut(ctx)

	for _, r := range k.Roles {
		operation(ctx)
		if err := w.addRole(ctx, by, pkg.ID, r, false); err != nil && !(k.Elsewhere && entitlement.KindOf(err) == entitlement.NotFound) {
			return err // the second catalog offers a part of what the first one does
		}
		carriedOut(ctx)
	}

	for i, terms := range k.Policies {
		operation(ctx)
		worded := w.policy(terms, pkg.ID)
		worded.DisplayName = fmt.Sprint("T", i) // unique within its package
		policy, err := w.catalogs.CreatePolicy(ctx, by, worded)
		if err != nil {
			return err
		}
		w.population.policies = append(w.population.policies, policy.ID)
		carriedOut(ctx)
	}

	return nil
}

// carriedOut begins the next command of several that are one here: what is refused then is
// refused without a trace of its own (S13), whatever was made before.
func carriedOut(ctx context.Context) {
	if inv := invocationOf(ctx); inv != nil {
		inv.writes, inv.sent = 0, 0
	}
}

// exclude has a package list another one, or a group, as incompatible.
func (w *simulation) exclude(ctx context.Context, by authz.Command, pkg entitlement.PackageID, n int) error {
	if n %= len(w.population.packages) + len(w.population.groups); n < len(w.population.packages) {
		return w.catalogs.AddIncompatible(ctx, by, pkg, w.population.packages[n])
	}
	return w.catalogs.AddIncompatibleGroup(ctx, by, pkg, w.population.groups[n-len(w.population.packages)])
}

// admit takes what a package lists off again.
func (w *simulation) admit(ctx context.Context, by authz.Command, pkg entitlement.PackageID, n int) error {
	if n %= len(w.population.packages) + len(w.population.groups); n < len(w.population.packages) {
		return w.catalogs.RemoveIncompatible(ctx, by, pkg, w.population.packages[n])
	}
	return w.catalogs.RemoveIncompatibleGroup(ctx, by, pkg, w.population.groups[n-len(w.population.packages)])
}

// addRole adds the member role of a thing to a package, as it was agreed to or as it is.
func (w *simulation) addRole(ctx context.Context, by authz.Command, pkg entitlement.PackageID, thing int, agreed bool) error {
	known := w.population.things[thing%len(w.population.things)]
	in := w.oracle.within[pkg]
	if in != known.Catalog {
		known.ID = "" // what it is there
	}
	r, err := w.catalogs.FindResource(ctx, by.Caller, in, known.ID, known.Connector, known.OriginID)
	if err != nil {
		return err
	}
	if agreed {
		return w.agreed(ctx, by, catalogs.RoleChange{Package: pkg, Resource: r.ID, Role: r.Roles[0].OriginID})
	}
	_, err = w.catalogs.AddScope(ctx, by, pkg, r, r.Roles[0].OriginID)
	return err
}

// policy words the terms of a policy for the people of this run.
func (w *simulation) policy(t Terms, pkg entitlement.PackageID) entitlement.AssignmentPolicy {
	p := entitlement.AssignmentPolicy{Package: pkg, DisplayName: "T", Scope: t.Scope,
		Requestor: entitlement.RequestorSettings{SelfAdd: !t.Closed, SelfUpdate: t.Update, SelfRemove: t.Remove, CustomSchedule: t.Custom,
			OnBehalfAdd: !t.Closed, OnBehalf: []entitlement.SubjectSet{{Kind: entitlement.TargetManager}}}}
	if t.Custom {
		p.Requestor.OnBehalf = append(p.Requestor.OnBehalf, w.set(askFirstGroup))
	}

	p.Questions = questions(t.Questions, nil)

	if t.Scope == entitlement.ScopeSpecificUsers {
		p.Targets = []entitlement.SubjectSet{w.set(t.For)}
	}

	if t.Lasts > 0 {
		p.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: t.Lasts}
	} else {
		p.Expiration = entitlement.Expiration{Type: entitlement.ExpireNever}
	}

	for _, s := range t.Stages {
		stage := entitlement.ApprovalStage{TimeLimit: s.Limit, Primary: []entitlement.SubjectSet{w.set(s.Asks)}}
		// A manager may be gone, and then the group is asked.
		if s.Asks == askManager {
			stage.Fallback = []entitlement.SubjectSet{w.set(askGroup)}
		}

		if s.Escalates {
			stage.Escalation, stage.EscalateAfter = true, s.Limit/2
			stage.Alternates = []entitlement.SubjectSet{w.set(s.Then)}
			if s.Then == askManager {
				stage.FallbackAlternates = []entitlement.SubjectSet{w.set(askPerson)}
			}
		}

		p.Approval.Stages = append(p.Approval.Stages, stage)
	}
	p.Approval.RequiredForAdd = len(t.Stages) > 0
	p.Approval.RequiredForUpdate = len(t.Stages) > 0 && t.Again
	return p
}

// Whom a stage asks.
const (
	askManager = iota
	askGroup
	askPerson
	askFirstGroup // which is a resource as well
	asks
)

func (w *simulation) set(asked int) entitlement.SubjectSet {
	switch asked {
	case askManager:
		return entitlement.SubjectSet{Kind: entitlement.RequestorManager}
	case askGroup:
		return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(w.population.groups[len(w.population.groups)-1])}
	case askFirstGroup:
		return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(w.population.groups[0])}
	default:
		return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(w.anybody())}
	}
}

// anybody is the first person who can still be named, or else the administrator.
func (w *simulation) anybody() entitlement.UserID {
	for _, u := range w.population.people {
		if p := w.oracle.people[u]; p.enabled && !p.deleted {
			return u
		}
	}
	return w.admin.ID
}

const day = 24 * time.Hour
