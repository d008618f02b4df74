package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Runs in which people hold delegated roles, in one of two catalogs or everywhere, and do by
// them what administrators do in other runs. They are drawn after all the rest of a plan, from
// numbers of their own, so that every other run stays the one that it was.

// delegatedEvery is how often people hold roles, and questioned the remainder of those runs in
// which policies ask questions; administered are those in which administrators pause targets and
// bound edits.
const (
	delegatedEvery = 3
	questioned     = 1
	administered   = 2
)

// maxCatalogs bounds the catalogs of a run.
const maxCatalogs = 3

// Role is a role that somebody is given before a run begins.
type Role struct {
	Role      int // in the order of rolesGiven
	Holder    int // a person, or beyond them a group
	Elsewhere bool
}

// rolesGiven are the roles that runs give; those that keep a catalog more often.
var rolesGiven = []entitlement.RoleID{entitlement.CatalogOwner, entitlement.CatalogOwner, entitlement.AccessPackageManager, entitlement.AccessPackageManager,
	entitlement.AssignmentManager, entitlement.CatalogReader, entitlement.CatalogCreator, entitlement.Auditor}

// byRole are the commands of administrators that somebody may be let do by a role.
var byRole = []Kind{Assign, Cancel, RemoveByAdmin, ExtendByAdmin, AddRole, RemoveRole, ReplacePolicy, NewPackage, Exclude, Admit, DeletePackage, DeletePolicy,
	ReprocessRequest, ReprocessAssignment, ReprocessFailing, Rename, MovePackage, GiveRole, TakeRole, NewCatalog, Offer, Withdraw, Look}

// delegate adds roles to a plan, and what is done with them.
func (p *Plan) delegate() {
	r := rand.New(rand.NewPCG(p.Number, 0xde1e))
	p.Delegated = true

	for range 2 + r.IntN(3) {
		p.Roles = append(p.Roles, Role{Role: r.IntN(len(rolesGiven)), Holder: r.IntN(12), Elsewhere: r.IntN(2) == 0})
	}
	for i := range p.Packages {
		p.Packages[i].Elsewhere = r.IntN(3) == 0
	}
	p.insert(r, 4+r.IntN(5), Look, Look, GiveRole, GiveRole, TakeRole, NewCatalog, Rename, MovePackage, Offer, Offer, Withdraw)

	for i := range p.Commands {
		if slices.Contains(byRole, p.Commands[i].Kind) && r.IntN(2) == 0 {
			p.Commands[i].By = 1 + r.IntN(60)
		}
	}
}

// question has some policies of a plan ask questions, and approvers change what was answered.
func (p *Plan) question() {
	r := rand.New(rand.NewPCG(p.Number, 0xa5c))

	for i := range p.Packages {
		for j := range p.Packages[i].Policies {
			p.Packages[i].Policies[j].Questions = r.IntN(4)
		}
	}
	for _, c := range p.Commands {
		if c.Terms != nil {
			c.Terms.Questions = r.IntN(4)
		}
	}
	p.insert(r, 2+r.IntN(2), Reanswer, Reanswer, Rename)
}

// insert puts so many commands of some kinds between those of a plan.
func (p *Plan) insert(r *rand.Rand, n int, of ...Kind) {
	for range n {
		c := drawOf(r, of[r.IntN(len(of))])
		if p.Rate == 0 {
			c.Meets = Fine
		}
		p.Commands = slices.Insert(p.Commands, r.IntN(len(p.Commands)+1), c)
	}
}

// delegateAll makes the second catalog, which offers a part of what the first one does, and
// gives the roles.
func (w *simulation) delegateAll(ctx context.Context, p Plan) error {
	c, err := w.catalogs.CreateCatalog(ctx, w.admin, entitlement.Catalog{DisplayName: "D", Published: true})
	if err != nil {
		return err
	}
	w.population.catalogs = append(w.population.catalogs, c.ID)

	for _, known := range []entitlement.Resource{w.population.things[2], w.population.things[4]} {
		if _, err := w.catalogs.AddResource(ctx, w.admin, c.ID, known.Connector, known.OriginSystem, known.OriginID); err != nil {
			return err
		}
	}
	// Whoever owns the group may offer it, where a role lets them offer anything (R172).
	if err := w.directory.AddMembers(ctx, w.admin, w.population.groups[0], true, w.population.people[0]); err != nil {
		return err
	}

	for _, x := range p.Roles {
		at := 0
		if x.Elsewhere {
			at = 1
		}
		if err := w.giveRole(ctx, w.admin, x.Role, at, x.Holder); err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			return err // any other is that of a role which is held already
		}
	}
	return nil
}

// giveRole gives somebody a role in a catalog, or everywhere where the role is held so.
func (w *simulation) giveRole(ctx context.Context, by authz.Command, role, catalog, holder int) error {
	a := entitlement.RoleAssignment{Role: rolesGiven[role%len(rolesGiven)]}
	if d, _ := a.Role.Definition(); !d.Everywhere {
		a.Catalog = w.catalogAt(catalog)
	}
	_, err := w.catalogs.AssignRole(ctx, by, a, w.principalAt(holder))
	return err
}

// principalAt is a person or, now and then, a group.
func (w *simulation) principalAt(n int) string {
	if n %= len(w.population.people) + len(w.population.groups); n >= len(w.population.people) {
		return string(w.population.groups[n-len(w.population.people)])
	}
	return string(w.population.people[n])
}

func (w *simulation) catalogAt(n int) entitlement.CatalogID {
	return w.population.catalogs[n%len(w.population.catalogs)]
}

// delegateFor picks who does a command by a role: mostly somebody who holds one, wherever, and
// now and then anybody.
func (w *simulation) delegateFor(c Command) entitlement.UserID {
	var holders []entitlement.UserID
	if c.By%5 > 0 {
		for _, u := range w.population.people {
			if slices.ContainsFunc(w.oracle.roles, func(r entitlement.RoleAssignment) bool { return w.oracle.holds(u, r) }) {
				holders = append(holders, u)
			}
		}
	}
	if len(holders) == 0 {
		return w.personAt(c.By)
	}
	return holders[c.By%len(holders)]
}

// asDelegate has a command given by somebody who may have a role for it. They are read as the
// wire reads its caller.
func (w *simulation) asDelegate(c Command, do usage) usage {
	if c.By == 0 || do == nil {
		return do
	}

	w.actor = w.delegateFor(c)
	return func(ctx context.Context, by authz.Command) error {
		u, err := w.store.User(ctx, by.ID)
		if err != nil {
			return err
		}
		return do(ctx, by.As(u))
	}
}

// useDelegation returns what a command does that is about catalogs, roles and names.
func (w *simulation) useDelegation(c Command) usage {
	switch pkg := w.population.packages[c.A%len(w.population.packages)]; c.Kind {
	case GiveRole:
		return func(ctx context.Context, by authz.Command) error { return w.giveRole(ctx, by, c.C, c.B, c.A) }
	case TakeRole:
		return w.useTakeRole(c)
	case NewCatalog:
		return w.useNewCatalog(c)
	case Rename:
		return w.useRename(c)
	case MovePackage:
		to := w.catalogAt(c.B)
		return func(ctx context.Context, by authz.Command) error { return w.catalogs.MovePackage(ctx, by, pkg, to) }
	case Offer, Withdraw:
		return w.useResource(c)
	default:
		return w.useLook(c, pkg)
	}
}

func (w *simulation) useTakeRole(c Command) usage {
	if len(w.oracle.roles) == 0 {
		return nil
	}
	id := w.oracle.roles[c.A%len(w.oracle.roles)].ID
	return func(ctx context.Context, by authz.Command) error { return w.catalogs.RemoveRole(ctx, by, id) }
}

func (w *simulation) useNewCatalog(c Command) usage {
	if len(w.population.catalogs) >= maxCatalogs {
		return nil
	}
	return func(ctx context.Context, by authz.Command) error {
		made, err := w.catalogs.CreateCatalog(ctx, by, entitlement.Catalog{DisplayName: namesTaken[c.B%len(namesTaken)], Published: c.C%3 > 0})
		if err == nil {
			w.population.catalogs = append(w.population.catalogs, made.ID)
		}
		return err
	}
}

// namesTaken are the names that are given in runs: some differ by case alone, and some are
// taken from the beginning.
var namesTaken = []string{"C", "d", "K0", "k1", "T0", "New", "new", "NEWER"}

func (w *simulation) useRename(c Command) usage {
	name := namesTaken[c.B%len(namesTaken)]
	pkg := w.population.packages[c.A%len(w.population.packages)]
	policy := w.policyOf(pkg, c.C)

	switch {
	case c.C%3 == 0:
		id := w.catalogAt(c.A)
		return func(ctx context.Context, by authz.Command) error {
			_, err := w.catalogs.UpdateCatalog(ctx, by, id, func(x *entitlement.Catalog) { x.DisplayName = name })
			return err
		}
	case c.C%3 == 1 || policy == "":
		return func(ctx context.Context, by authz.Command) error {
			_, err := w.catalogs.UpdatePackage(ctx, by, pkg, func(x *entitlement.AccessPackage) { x.DisplayName = name })
			return err
		}
	}

	next := w.oracle.policies[policy]
	next.DisplayName = name
	return func(ctx context.Context, by authz.Command) error {
		_, err := w.catalogs.ReplacePolicy(ctx, by, next)
		return err
	}
}

// useResource offers a thing in a catalog, or takes one out of it.
func (w *simulation) useResource(c Command) usage {
	catalog, known := w.catalogAt(c.B), w.population.things[c.A%len(w.population.things)]
	if c.C%3 == 0 { // mostly what somebody owns, and what holds roles itself
		known.Connector, known.OriginSystem = entitlement.BuiltinConnector, entitlement.OriginAadGroup
		known.OriginID = string(w.population.groups[c.A%len(w.population.groups)])
	}

	if c.Kind == Offer {
		return func(ctx context.Context, by authz.Command) error {
			_, err := w.catalogs.AddResource(ctx, by, catalog, known.Connector, known.OriginSystem, known.OriginID)
			return err
		}
	}
	return func(ctx context.Context, by authz.Command) error {
		r, err := w.store.ResourceByOrigin(ctx, catalog, known.Connector, known.OriginID)
		if err != nil {
			return err
		}
		return w.catalogs.RemoveResource(ctx, by, r)
	}
}

// useLook reads something, and notes what it takes to be shown that.
func (w *simulation) useLook(c Command, pkg entitlement.PackageID) usage {
	catalog, other := w.catalogAt(c.B), w.population.packages[c.C%len(w.population.packages)]

	switch c.B % 5 {
	case 0:
		return looking(func(ctx context.Context, by authz.Caller) error {
			_, err := w.catalogs.Catalog(ctx, by, catalog)
			return err
		}, see.at(catalog))
	case 1:
		return looking(func(ctx context.Context, by authz.Caller) error {
			_, err := w.catalogs.RoleAssignmentsIn(ctx, by, catalog)
			return err
		}, seeRoles.at(catalog))
	case 2:
		return func(ctx context.Context, by authz.Command) error {
			shown, err := w.catalogs.ListPackages(ctx, by.Caller, entitlement.Page{})
			for _, p := range shown.Items {
				w.oracle.mayBeShown(invocationOf(ctx), see.at(p.Catalog))
			}
			return err
		}
	case 3:
		return looking(func(ctx context.Context, by authz.Caller) error {
			_, err := w.catalogs.Package(ctx, by, pkg)
			return err
		}, see.of(pkg))
	}

	if !w.oracle.exists(pkg) || !w.oracle.exists(other) || pkg == other {
		return nil
	}
	return looking(func(ctx context.Context, by authz.Caller) error {
		both, err := w.requests.AdditionalAccess(ctx, by, pkg, other, entitlement.Page{})
		w.oracle.holdBoth(invocationOf(ctx), both.Items, other)
		return err
	}, seeHolders.of(pkg), seeHolders.of(other))
}

// looking is a command that reads, with what it takes to be shown what it reads.
func looking(read func(ctx context.Context, by authz.Caller) error, needs ...need) usage {
	return func(ctx context.Context, by authz.Command) error {
		if inv := invocationOf(ctx); inv != nil {
			inv.needs = needs
		}
		return read(ctx, by.Caller)
	}
}

// A policy asks a number that has to be given, a choice that may be left out and changed, or
// both.
const (
	asksNumber = 1
	asksChoice = 2
)

// questions are those of a policy, by what it asks. One that was asked before keeps its id.
func questions(asks int, before []entitlement.Question) []entitlement.Question {
	var all []entitlement.Question
	if asks&asksNumber != 0 {
		all = append(all, entitlement.Question{Kind: entitlement.TextQuestion, Text: "Number", Sequence: 1, Required: true, SingleLine: true, Pattern: "[0-9]{1,4}"})
	}
	if asks&asksChoice != 0 {
		all = append(all, entitlement.Question{Kind: entitlement.ChoiceQuestion, Text: "Choice", Sequence: 2, Editable: true, Choices: []entitlement.Choice{{Value: "a", Text: "A"}, {Value: "b", Text: "B"}}})
	}
	for i := range all {
		if at := slices.IndexFunc(before, func(q entitlement.Question) bool { return q.Kind == all[i].Kind }); at >= 0 {
			all[i].ID = before[at].ID
		}
	}
	return all
}

// given are the answers that somebody gives to the questions of a policy: mostly good ones.
func given(asked []entitlement.Question, n int) []entitlement.GivenAnswer {
	var all []entitlement.GivenAnswer
	for i, q := range asked {
		value := fmt.Sprint(n)
		if q.Kind == entitlement.ChoiceQuestion {
			value = []string{"a", "b"}[n%2]
		}

		switch (n + i) % 9 {
		case 0:
			continue // one that is not answered
		case 1:
			value = "none of these"
		}
		all = append(all, entitlement.GivenAnswer{Question: q.ID, Value: value})
	}
	return all
}

// useReanswer has an approver change what was answered.
func (w *simulation) useReanswer(c Command) usage {
	var answered []entitlement.RequestID
	for _, id := range w.oracle.order {
		if len(w.oracle.requests[id].last.Answers) > 0 {
			answered = append(answered, id)
		}
	}
	id, there := w.requestFor(c, answered)
	if !there {
		return nil
	}

	r := w.oracle.requests[id]
	w.actor, w.about = w.reviewerFor(r, c.A), string(r.last.State)
	var asked []entitlement.Question
	for _, a := range r.last.Answers {
		if a.Question.Editable || c.C%4 == 0 {
			asked = append(asked, a.Question)
		}
	}
	answers := given(asked, c.C)
	return func(ctx context.Context, by authz.Command) error {
		_, err := w.requests.ChangeAnswers(ctx, by, id, answers)
		return err
	}
}
