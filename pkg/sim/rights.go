package sim

import (
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// Who may do what by a delegated role: the oracle's own reading of the table of tasks (R148
// to R172), by what was committed alone. It knows nothing of policies.

// task is something that roles let do on what is in a catalog.
type task uint8

// The tasks.
const (
	administer task = iota // nothing but being an administrator lets
	createCatalog
	keepCatalog // its properties, its resources, and who holds roles in it
	keepPackage // its roles, its policies and its lists too
	assign      // and what else is done about assignments and requests of others
	see
	seeHolders
	seeRoles
)

var taskNames = [...]string{"what administrators do", "the making of a catalog", "the keeping of the catalog", "the keeping of packages", "assignments to others", "a look at what is in it",
	"a look at who holds what", "a look at who holds its roles"}

// lets says by which roles who may do a task.
var lets = [...][]entitlement.RoleID{
	administer:    nil,
	createCatalog: {entitlement.CatalogCreator},
	keepCatalog:   {entitlement.CatalogOwner},
	keepPackage:   {entitlement.CatalogOwner, entitlement.AccessPackageManager},
	assign:        {entitlement.CatalogOwner, entitlement.AccessPackageManager, entitlement.AssignmentManager},
	see:           {entitlement.CatalogOwner, entitlement.AccessPackageManager, entitlement.AssignmentManager, entitlement.CatalogReader, entitlement.Auditor},
	seeHolders:    {entitlement.CatalogOwner, entitlement.AccessPackageManager, entitlement.AssignmentManager, entitlement.Auditor},
	seeRoles:      {entitlement.CatalogOwner, entitlement.Auditor},
}

// need is what a change takes: a task, in the catalog that what is changed is in. Of a package,
// that is the one that it is in, at whichever moment it was read.
type need struct {
	task task
	in   entitlement.CatalogID
	pkg  entitlement.PackageID
}

// of is a need of a package, or of what belongs to it.
func (t task) of(id entitlement.PackageID) need { return need{task: t, pkg: id} }

// at is a need of a catalog.
func (t task) at(id entitlement.CatalogID) need { return need{task: t, in: id} }

// places are the catalogs that a need is in, at some moment since a commit.
func (o *oracle) places(n need, since int) []entitlement.CatalogID {
	if n.pkg == "" {
		return []entitlement.CatalogID{n.in}
	}

	all := []entitlement.CatalogID{o.within[n.pkg]}
	for _, p := range slices.Backward(o.pasts) {
		if p.until <= since {
			break
		}
		if in, known := p.within[n.pkg]; known && !slices.Contains(all, in) {
			all = append(all, in)
		}
	}
	return all
}

// holds reports that a person holds a role, by themselves or through a group.
func (o *oracle) holds(u entitlement.UserID, r entitlement.RoleAssignment) bool {
	if r.Group == "" {
		return r.User == u
	}
	return o.people[u] != nil && o.people[u].groups[r.Group]
}

// may reports that somebody may do a task in a catalog, as things are.
func (o *oracle) may(u entitlement.UserID, t task, in entitlement.CatalogID) bool {
	return o.administers(u) || o.enabled(u) && slices.ContainsFunc(o.roles, func(r entitlement.RoleAssignment) bool {
		return (r.Catalog == "" || r.Catalog == in) && slices.Contains(lets[t], r.Role) && o.holds(u, r)
	})
}

// mayElsewhere reports that somebody may do a task in some catalog, whichever it is.
func (o *oracle) mayElsewhere(u entitlement.UserID, t task) bool {
	return slices.ContainsFunc(o.roles, func(r entitlement.RoleAssignment) bool { return o.may(u, t, r.Catalog) })
}

// authorised checks of what somebody changes that they may: an administrator anything, and
// by a role what the role lets in the catalog that the thing is in (S17, S19). It is asked
// before the change is taken in, so that nobody's right is one that the change itself gives.
func (o *oracle) authorised(inv *invocation, c entitlement.Change) {
	if inv == nil || inv.by == "" || o.ever(inv.began(), func() bool { return o.administers(inv.by) }) {
		return
	}

	needs := o.needsOf(inv.by, c)
	for _, n := range needs {
		o.entitled(inv, n, "changed")
	}
	for _, r := range c.Resources {
		o.managed(inv, r)
	}
	o.receipt(inv, needs, c)
}

// entitled checks that whoever an invocation is of may do a task at some moment of it.
func (o *oracle) entitled(inv *invocation, n need, what string) {
	places := o.places(n, inv.began())
	for _, in := range places {
		if o.everApart(inv.began(), func() bool { return o.may(inv.by, n.task, in) }) {
			return // the caller is read before the roles are
		}
	}

	check := "S17"
	// Who may do the same elsewhere was let do it here for that.
	if o.ever(inv.began(), func() bool { return o.mayElsewhere(inv.by, n.task) }) {
		check = "S19"
	}
	o.fail(check, "%s %s something in catalog %s, which takes the right to %s there", short(string(inv.by)), what, short(string(places[0])), taskNames[n.task])
}

// needsOf is what a change takes of who makes it.
func (o *oracle) needsOf(by entitlement.UserID, c entitlement.Change) (all []need) {
	fresh := func(id entitlement.CatalogID) bool { _, known := o.catalogs[id]; return !known }

	for _, x := range c.Catalogs {
		switch {
		case fresh(x.ID):
			all = append(all, createCatalog.at(""))
		case len(c.Packages)+len(c.Resources)+len(c.RoleAssignments) == 0 || x.Erased:
			all = append(all, keepCatalog.at(x.ID))
		}
	}
	for _, x := range c.RoleAssignments {
		switch {
		case x.Catalog == "":
			all = append(all, administer.at(""))
		case !fresh(x.Catalog) || x.User != by || x.Role != entitlement.CatalogOwner: // who makes one owns it
			all = append(all, keepCatalog.at(x.Catalog))
		}
	}
	for _, x := range c.Resources {
		if len(c.Scopes) == 0 { // else that a package uses it is counted
			all = append(all, keepCatalog.at(x.Catalog))
		}
	}
	all = append(all, o.needsOfPackages(c)...)
	if len(c.Users)+len(c.Groups)+len(c.Memberships)+len(c.Settings)+len(c.Organizations) > 0 || len(c.Connectors) > 0 && len(c.Resources) == 0 {
		all = append(all, administer.at(""))
	}
	return append(all, o.needsOfRequests(by, c)...)
}

func (o *oracle) needsOfPackages(c entitlement.Change) (all []need) {
	for _, x := range c.Packages {
		was, known := o.packages[x.ID]
		switch {
		case !known:
			was.Catalog = x.Catalog
		case was.Catalog != x.Catalog:
			all = append(all, administer.at(""))
		}
		all = append(all, keepPackage.at(was.Catalog))
		// What nobody may see nobody can put on a list either.
		for _, other := range x.Incompatible {
			if !slices.Contains(was.Incompatible, other) {
				all = append(all, see.of(other))
			}
		}
	}
	for _, x := range c.Scopes {
		all = append(all, keepPackage.of(x.Package))
	}
	for _, x := range c.DeletionGuardUpdates {
		all = append(all, keepPackage.of(x.Package))
	}
	for _, x := range c.Policies {
		all = append(all, keepPackage.of(x.Package))
	}
	return all
}

// needsOfRequests is what it takes to ask for others, to withdraw what others asked, and to
// have it delivered again. What people do for themselves, and what approvers decide, is S2's.
func (o *oracle) needsOfRequests(by entitlement.UserID, c entitlement.Change) (all []need) {
	for _, x := range c.Requests {
		was := o.requests[x.ID]
		// Whoever asks on behalf of others needs no role: chosen looks at what lets them (R213).
		own := x.Type == entitlement.UserAdd || x.Type == entitlement.UserUpdate || x.Type == entitlement.UserRemove
		if was == nil && x.Requestor == by && x.Type != entitlement.OnBehalfAdd && (!own || x.Subject != by) {
			all = append(all, assign.of(x.Package))
		}
	}
	// What ends with an assignment, or with an approval that comes too late, nobody withdrew.
	for _, e := range c.Events {
		r := o.requests[entitlement.RequestID(e.ID)]
		if r == nil || e.Actor != by {
			continue
		}
		if e.Kind == "reprocessed" || e.Kind == "canceled" && r.last.Requestor != by {
			all = append(all, assign.of(r.last.Package))
		}
	}
	return all
}

// managed checks that who offers a resource by a role, or withdraws it, manages the resource
// too: an owner of the group, which must hold no roles itself (R172, A3).
func (o *oracle) managed(inv *invocation, r entitlement.Resource) {
	if _, known := o.offered[r.ID]; known && !r.Erased {
		return
	}

	group := entitlement.GroupID(r.OriginID)
	roles := func() bool {
		return slices.ContainsFunc(o.roles, func(a entitlement.RoleAssignment) bool { return a.Group == group })
	}
	switch {
	case r.Connector != entitlement.BuiltinConnector || !o.owned[owner{group, inv.by}]:
		o.fail("S17", "%s offers or withdraws %s, which they do not manage", short(string(inv.by)), short(r.OriginID))
	case !o.ever(inv.began(), func() bool { return !roles() }):
		o.fail("S17", "%s offers or withdraws the group %s, which holds roles", short(string(inv.by)), short(r.OriginID))
	}
}

// receipt checks that the events of what a role alone allowed name the policy that did.
func (o *oracle) receipt(inv *invocation, needs []need, c entitlement.Change) {
	if len(needs) == 0 {
		return
	}
	for _, e := range c.Events {
		if e.Actor == inv.by && e.AllowedBy == "" && e.Aggregate != entitlement.OfCommand {
			o.fail("S10", "event %s of %s %s does not say by which policy it was allowed", e.Kind, e.Aggregate, short(e.ID))
		}
	}
}

// owner is somebody who owns a group.
type owner struct {
	of  entitlement.GroupID
	who entitlement.UserID
}

// roleAssignment takes in a role that is given or taken back. The list is made anew, since the
// past keeps its own.
func (o *oracle) roleAssignment(a entitlement.RoleAssignment) {
	o.roles = slices.DeleteFunc(slices.Clone(o.roles), func(b entitlement.RoleAssignment) bool { return b.ID == a.ID })
	if !a.Erased {
		o.roles = append(o.roles, a)
	}
}

// looked checks an answer to somebody who looks: what is shown may be, and what is refused may
// not be, at some moment of it each (S17, S19).
func (o *oracle) looked(inv *invocation, err error) {
	kind := entitlement.KindOf(err)
	switch {
	case len(inv.needs) == 0 || inv.by == "":
	case err == nil:
		for _, n := range inv.needs {
			o.mayBeShown(inv, n)
		}
	case kind == entitlement.Forbidden && len(inv.faults) == 0:
		if !slices.ContainsFunc(inv.needs, func(n need) bool { return o.lacked(inv, n) }) {
			o.fail("S19", "%s was refused %s, whom a role in its catalog lets", short(string(inv.by)), taskNames[inv.needs[0].task])
		}
	}
}

// lacked reports that somebody had no right to a task at some moment, or that there was nothing to
// have it in.
func (o *oracle) lacked(inv *invocation, n need) bool {
	if n.pkg != "" && !o.exists(n.pkg) {
		return true
	}
	return slices.ContainsFunc(o.places(n, inv.began()), func(in entitlement.CatalogID) bool {
		return o.everApart(inv.began(), func() bool { return !o.may(inv.by, n.task, in) })
	})
}

// mayBeShown checks that somebody may see what is shown.
func (o *oracle) mayBeShown(inv *invocation, n need) {
	if inv != nil && inv.by != "" && !inv.dead {
		o.entitled(inv, n, "was shown")
	}
}

// holdBoth checks that whoever is said to hold another package too does, or did when it was
// asked (R182).
func (o *oracle) holdBoth(inv *invocation, shown []entitlement.Assignment, other entitlement.PackageID) {
	for _, a := range shown {
		did := o.live[pair{other, a.Subject}] != nil || slices.ContainsFunc(o.leaving[a.Subject], func(h *held) bool { return h.Package == other })
		if !did && inv != nil && !inv.dead {
			o.fail("S18", "%s is said to hold %s too, and never did", short(string(a.Subject)), short(string(other)))
		}
	}
}

// named checks that of catalogs, of the packages of a catalog and of the policies of a package
// no two bear one name, in whichever case.
func (o *oracle) named(c entitlement.Change) {
	for _, x := range c.Catalogs {
		for _, y := range o.catalogs {
			if x.ID != y.ID && !x.Erased && strings.EqualFold(x.DisplayName, y.DisplayName) {
				o.fail("names", "two catalogs are called %s", x.DisplayName)
			}
		}
	}
	for _, x := range c.Packages {
		for _, y := range o.packages {
			if x.ID != y.ID && !x.Erased && x.Catalog == y.Catalog && strings.EqualFold(x.DisplayName, y.DisplayName) {
				o.fail("names", "two packages of one catalog are called %s", x.DisplayName)
			}
		}
	}
	for _, x := range c.Policies {
		for _, y := range o.policies {
			if x.ID != y.ID && !x.Erased && x.Package == y.Package && strings.EqualFold(x.DisplayName, y.DisplayName) {
				o.fail("names", "two policies of one package are called %s", x.DisplayName)
			}
		}
	}
}

// answers checks that a request which a person makes answers what its policy asks (R70 to
// R72).
func (o *oracle) answers(r entitlement.AssignmentRequest, asks []entitlement.Question) {
	for _, q := range asks {
		at := slices.IndexFunc(r.Answers, func(a entitlement.Answer) bool { return a.Question.ID == q.ID })
		value := ""
		if at >= 0 {
			value = r.Answers[at].Value
		}
		if value == "" && !(q.Required && (r.Type == entitlement.UserAdd || r.Type == entitlement.OnBehalfAdd)) {
			continue
		}
		if !fits(q, value) {
			o.fail("S6", "request %s answers %q to %q, which its policy does not take", short(string(r.ID)), value, q.Text)
		}
	}
}

// fits reports an answer that a question of this simulation takes.
func fits(q entitlement.Question, value string) bool {
	if q.Kind == entitlement.ChoiceQuestion {
		return value == "a" || value == "b"
	}
	for _, x := range value {
		if x < '0' || x > '9' {
			return false
		}
	}
	return len(value) > 0 && len(value) <= 4
}
