package requests

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Report is somebody who reports to the caller, with what they hold and what they wait for.
type Report struct {
	entitlement.User
	Held []entitlement.Assignment        // live
	Open []entitlement.AssignmentRequest // at most maxOpenShown
}

// maxOpenShown bounds the open requests of one person that a list of several shows.
const maxOpenShown = 25

// Reports lists those whose manager the caller is now, by name. An index leads to them, which
// may be late: whoever has another manager is left out, and somebody new may come a moment later.
func (s *Service) Reports(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	out := entitlement.Paged[entitlement.User]{}
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return out, err
	}
	list, err := s.Store.ReportsOf(ctx, by.ID, page)
	if err != nil {
		return out, err
	}
	users, err := s.reporting(ctx, by.ID, list.Items)
	return entitlement.Paged[entitlement.User]{Items: users, Next: list.Next, Unread: list.Unread}, err
}

// reporting reads those of the people who report to a manager now, in their order.
func (s *Service) reporting(ctx context.Context, manager entitlement.UserID, ids []entitlement.UserID) ([]entitlement.User, error) {
	found, err := s.usersNamed(ctx, ids)
	var all []entitlement.User
	for _, id := range ids {
		if u, known := found[id]; known && u.ReportsTo(manager) {
			all = append(all, u)
		}
	}
	return all, err
}

// Team is Reports with what each holds and waits for: as much is read for all of a page as for
// one of them, side by side.
func (s *Service) Team(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[Report], error) {
	out := entitlement.Paged[Report]{}
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return out, err
	}
	list, err := s.Store.ReportsOf(ctx, by.ID, page)
	out.Next, out.Unread = list.Next, list.Unread
	if err != nil || len(list.Items) == 0 {
		return out, err
	}

	out.Items, err = s.withWhatTheyHave(ctx, list.Items, func(ctx context.Context) ([]entitlement.User, error) {
		return s.reporting(ctx, by.ID, list.Items)
	})
	return out, err
}

// withWhatTheyHave reads those of the people who are to be seen, and side by side what all of them
// hold and wait for.
func (s *Service) withWhatTheyHave(ctx context.Context, ids []entitlement.UserID, seen func(context.Context) ([]entitlement.User, error)) (all []Report, err error) {
	var users []entitlement.User
	var live []entitlement.Assignment
	var open []entitlement.AssignmentRequest
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) { users, err = seen(within); return err })
	g.Go(func() (err error) { live, err = s.Store.LiveOf(within, ids); return err })
	g.Go(func() (err error) {
		open, err = s.Store.OpenRequestsOf(within, ids, maxOpenShown)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}

	for _, u := range users {
		r := Report{User: u}
		for _, a := range live {
			if a.Subject == u.ID {
				r.Held = append(r.Held, a)
			}
		}
		for _, o := range open {
			if o.Subject == u.ID && !o.Gone() {
				r.Open = append(r.Open, o)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// noReport is what is said of anybody who does not report to the caller, whoever that is.
func noReport() error {
	return entitlement.Errorf(entitlement.NotFound, "Nobody of this id reports to you, or belongs to an organization that you sponsor.")
}

// Report returns somebody whose manager the caller is now, or of whose organization an internal
// sponsor; to everybody else there is no such person.
func (s *Service) Report(ctx context.Context, by authz.Caller, id entitlement.UserID) (entitlement.User, error) {
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return entitlement.User{}, err
	}
	u, err := s.Store.User(ctx, id)
	if except(err, entitlement.NotFound) != nil {
		return entitlement.User{}, err
	}
	if err != nil {
		return entitlement.User{}, noReport()
	}
	if u.ReportsTo(by.ID) {
		return u, nil
	}

	of, err := s.Store.OrganizationOf(ctx, u)
	if err != nil {
		return entitlement.User{}, err
	}
	if of == nil || !of.SponsoredBy(by.User()) {
		return entitlement.User{}, noReport()
	}
	return u, nil
}

// ReportHolds is one page of what somebody who reports to the caller holds and held.
type ReportHolds struct {
	entitlement.User
	Held    entitlement.Paged[entitlement.Assignment]
	Open    []entitlement.AssignmentRequest
	Grants  map[entitlement.AssignmentID][]GrantView
	Options map[entitlement.AssignmentID]entitlement.ReportOptions // what the caller may do with it
}

// ReportHolds returns what a report holds, the live assignments first, with the roles as they
// ought to be and as they are, what is open, and what the caller may do by the policies.
func (s *Service) ReportHolds(ctx context.Context, by authz.Caller, id entitlement.UserID, page entitlement.Page) (ReportHolds, error) {
	u, err := s.Report(ctx, by, id)
	out := ReportHolds{User: u}
	if err != nil {
		return out, err
	}

	var record entitlement.SubjectRecord
	var known map[entitlement.RoleRef]entitlement.Grant
	var of *entitlement.ConnectedOrganization
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) { out.Held, err = s.assignmentsOf(within, id, page); return err })
	g.Go(func() (err error) { record, known, err = s.known(within, id); return err })
	g.Go(func() (err error) { of, err = s.Store.OrganizationOf(within, u); return err })
	g.Go(func() (err error) {
		out.Open, err = s.Store.OpenRequestsOf(within, []entitlement.UserID{id}, entitlement.MaxOpen)
		return err
	})
	if err := g.Wait(); err != nil {
		return out, err
	}

	var packages []entitlement.PackageID
	var ids []entitlement.PolicyID
	for _, a := range out.Held.Items {
		if !slices.Contains(packages, a.Package) {
			packages = append(packages, a.Package)
		}
		if !slices.Contains(ids, a.Policy) {
			ids = append(ids, a.Policy)
		}
	}
	if len(packages) == 0 {
		return out, nil
	}

	var scopes map[entitlement.PackageID]entitlement.PackageScopes
	var policies []entitlement.AssignmentPolicy
	g, within = errgroup.WithContext(ctx)
	g.Go(func() (err error) { scopes, err = s.Store.ScopesOf(within, packages); return err })
	g.Go(func() (err error) {
		policies, err = entitlement.Readable(ids, func(ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
			return s.Store.Policies(within, ids)
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return out, err
	}

	out.Grants, out.Options = map[entitlement.AssignmentID][]GrantView{}, map[entitlement.AssignmentID]entitlement.ReportOptions{}
	for _, a := range out.Held.Items {
		out.Grants[a.ID] = grantsOf(a, scopes[a.Package], record, known)
		at := slices.IndexFunc(policies, func(p entitlement.AssignmentPolicy) bool { return p.ID == a.Policy })
		if at >= 0 && a.Target == entitlement.TargetPresent {
			out.Options[a.ID] = policies[at].OptionsFor(by.User(), u, "", of)
		}
	}
	return out, nil
}

// ReportCarriedOut returns an assignment of somebody who reports to the caller, with its roles.
func (s *Service) ReportCarriedOut(ctx context.Context, by authz.Caller, subject entitlement.UserID, id entitlement.AssignmentID) (entitlement.Assignment, []GrantView, error) {
	none := entitlement.Assignment{}
	if _, err := s.Report(ctx, by, subject); err != nil {
		return none, nil, err
	}
	a, err := s.Store.Assignment(ctx, id)
	if except(err, entitlement.NotFound) != nil {
		return none, nil, err
	}
	if err != nil || a.Subject != subject {
		return none, nil, noAssignment(nil)
	}
	grants, err := s.recorded(ctx, a)
	return a, grants, err
}

// ReportsAssignments lists what those hold and held who report to the caller, one after another.
func (s *Service) ReportsAssignments(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	return perReport(ctx, s, by, page, s.assignmentsOf)
}

// ReportsRequests lists the requests for those who report to the caller, one after another.
func (s *Service) ReportsRequests(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return perReport(ctx, s, by, page, func(ctx context.Context, id entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return seen(s.Store.RequestsOf(ctx, id, page))
	})
}

// MadeForOthers lists the requests that the caller made on behalf of others, newest first.
func (s *Service) MadeForOthers(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return seen(s.Store.RequestsBy(ctx, by.ID, page))
}

// maxReportsRead bounds the reports that one page of such a list looks at.
const maxReportsRead = 25

// perReport lists something of each of the caller's reports. Its pages may be short or empty and
// still have a next. A page goes on at the report that the one before ended in, as far as that
// one reports to the caller still.
func perReport[T any](ctx context.Context, s *Service, by authz.Caller, page entitlement.Page, of func(context.Context, entitlement.UserID, entitlement.Page) (entitlement.Paged[T], error)) (entitlement.Paged[T], error) {
	out := entitlement.Paged[T]{}
	// A place among reports is one among packages with other ids.
	at, err := parsePackagePlace(page.Token)
	if err != nil {
		return out, err
	}
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return out, err
	}
	entries, err := s.Store.ReportsOf(ctx, by.ID, entitlement.Page{Limit: maxReportsRead, Token: at.page})
	if err != nil {
		return out, err
	}
	users, err := s.reporting(ctx, by.ID, entries.Items)
	if err != nil {
		return out, err
	}
	reports := map[entitlement.UserID]bool{}
	for _, u := range users {
		reports[u.ID] = true
	}

	from, inner := 0, ""
	if at.pkg != "" {
		from = min(at.number, len(entries.Items))
		if i := slices.Index(entries.Items, entitlement.UserID(at.pkg)); i >= 0 {
			from, inner = i, at.inner
		}
	}
	for n := from; n < len(entries.Items); n++ {
		id := entries.Items[n]
		if !reports[id] {
			inner = ""
			continue
		}
		if len(out.Items) >= page.Size() {
			out.Next = packagePlace{at.page, n, entitlement.PackageID(id), inner}.token()
			return out, nil
		}

		piece, err := of(ctx, id, entitlement.Page{Limit: page.Size() - len(out.Items), Token: inner})
		if err != nil {
			return out, err
		}
		out.Items, out.Unread = append(out.Items, piece.Items...), out.Unread+piece.Unread
		if inner = piece.Next; inner != "" {
			out.Next, out.Sure = packagePlace{at.page, n, entitlement.PackageID(id), inner}.token(), piece.Sure
			return out, nil
		}
	}
	if entries.Next != "" {
		out.Next = packagePlace{page: entries.Next}.token()
	}
	return out, nil
}

// Behalf is what somebody who asks for somebody else is told before.
type Behalf struct {
	Package  entitlement.AccessPackage
	Subject  entitlement.User
	Policies []entitlement.AssignmentPolicy // through which the caller may ask for them
	Held     *entitlement.Assignment        // that they have
	Obstacle error                          // why it would be refused now; nil where nothing is known to stand against it
	Has      map[entitlement.RoleRef]bool   // roles of the package that they have already, as read back
}

// notForThem is what is told of anybody for whom the caller may not ask, whoever that is and
// whether there is the package or not.
func notForThem() error {
	return entitlement.Errorf(entitlement.NotFound, "You cannot ask for this access package for somebody of this name. Check the name. You may ask for those who report to you, or for whom a policy of the package names you, where it lets others ask.")
}

// OnBehalf returns what asking for a package on behalf of somebody would mean, whom an id, a
// userPrincipalName or a mail names: to those alone whom a policy of the package lets ask for
// that person.
func (s *Service) OnBehalf(ctx context.Context, by authz.Caller, id entitlement.PackageID, whom string) (Behalf, error) {
	out := Behalf{}
	if err := authz.Admit(by, authz.RequestOnBehalf); err != nil {
		return out, err
	}
	subject, err := s.personCalled(ctx, whom)
	if err != nil {
		return out, err
	}

	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: subject, Package: id})
	if err != nil {
		return out, err
	}
	if ask.Package == nil || !ask.Package.Deleting.IsZero() || ask.Requestor == nil || ask.Subject == nil {
		return out, notForThem()
	}
	by = by.As(*ask.Requestor)
	o := inPackage(*ask.Package)
	o.Subject, o.OnBehalf = subject, ask.AsksFor()
	if err := authz.Allow(by, authz.RequestOnBehalf, o).Err(); err != nil {
		return out, notForThem()
	}

	out.Package, out.Subject = *ask.Package, *ask.Subject
	if ask.Catalog != nil && ask.Catalog.Published {
		out.Policies = ask.ApplicableOnBehalf()
	}
	if out.Held = ask.Slot.Assignment; out.Held == nil {
		out.Obstacle = s.named(ctx, ask.Obstacle(s.Clock.Now()))
	}

	scopes, err := s.Store.Scopes(ctx, id)
	if err != nil {
		return out, err
	}
	_, known, err := s.known(ctx, subject)
	out.Has = map[entitlement.RoleRef]bool{}
	for _, scope := range scopes.List {
		out.Has[scope.Ref] = known[scope.Ref].Presence == entitlement.PresencePresent
	}
	return out, err
}

// personCalled is the id of whom an id, a userPrincipalName or a mail names. Of nobody, or of
// several, it is one that nobody has: who has which name is not told by this.
func (s *Service) personCalled(ctx context.Context, whom string) (entitlement.UserID, error) {
	if id, err := entitlement.ParseID[entitlement.UserID]("The id", whom); err == nil {
		return id, nil
	}
	nobody := entitlement.UserID(s.IDs.New())
	if whom == "" || len(whom) > maxNameRead {
		return nobody, nil
	}

	u, err := s.Store.UserNamed(ctx, whom)
	if err == nil || except(err, entitlement.NotFound) != nil {
		return u.ID, err
	}
	mailed, err := s.Store.UsersMailed(ctx, whom, entitlement.Page{Limit: 2})
	if err != nil || len(mailed.Items) != 1 || mailed.Next != "" {
		return nobody, err
	}
	return mailed.Items[0].ID, nil
}

// Others is for whom somebody may ask for a package besides themselves.
type Others struct {
	Package entitlement.AccessPackage
	Reports entitlement.Paged[entitlement.User] // of the caller, where the package lets managers ask
	ByName  bool                                // and whoever they name, as far as a policy lets them
}

// Any reports that the package lets the caller ask for somebody.
func (o Others) Any() bool { return o.ByName || len(o.Reports.Items) > 0 }

// OthersFor returns for whom the caller may ask for a package: to whoever may see it, and to
// those whom a policy lets ask for others.
func (s *Service) OthersFor(ctx context.Context, by authz.Caller, id entitlement.PackageID, page entitlement.Page) (Others, error) {
	out := Others{}
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err != nil {
		return out, err
	}
	missing := entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	if ask.Package == nil || ask.Requestor == nil {
		return out, missing
	}

	by = by.As(*ask.Requestor)
	asManager, byName := false, false
	if ask.Catalog != nil && ask.Catalog.Published && ask.Package.Deleting.IsZero() && authz.Admit(by, authz.RequestOnBehalf) == nil {
		asManager, byName = ask.OthersAsk(*ask.Requestor)
	}
	if out.ByName = byName; asManager {
		if out.Reports, err = s.Reports(ctx, by, page); err != nil {
			return out, err
		}
	}

	o := inPackage(*ask.Package)
	o.MayRequest = byName || ask.ForOneOf(*ask.Requestor, out.Reports.Items) || ask.Catalog != nil && ask.Catalog.Published && len(ask.Applicable(*ask.Requestor)) > 0
	o.Holds = !ask.Slot.Empty()
	if err := s.may(ctx, by, authz.ReadPackage, o); err != nil {
		return Others{}, err
	}
	out.Package = *ask.Package
	return out, nil
}

// forOthers reports that the caller might ask for a package on behalf of somebody else: since a
// policy names them, or lets managers ask and somebody reports to them.
func (s *Service) forOthers(ctx context.Context, by authz.Caller, ask entitlement.SubmitInputs) (bool, error) {
	if ask.Catalog == nil || !ask.Catalog.Published || authz.Admit(by, authz.RequestOnBehalf) != nil {
		return false, nil
	}
	asManager, byName := ask.OthersAsk(*ask.Requestor)
	if byName || !asManager {
		return byName, nil
	}
	reports, err := s.Store.ReportsOf(ctx, by.ID, entitlement.Page{Limit: 1})
	return len(reports.Items) > 0, err
}

// RequestableFor lists the packages that the caller may ask for on behalf of a report: first
// those by policies that name the report, then those by policies for everybody or all of a kind.
// As Requestable it is as late as an index may be, and its pages may be short.
func (s *Service) RequestableFor(ctx context.Context, by authz.Caller, id entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	subject, err := s.Report(ctx, by, id)
	if err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}
	of, err := s.Store.OrganizationOf(ctx, subject)
	if err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}

	named := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		found, err := s.Store.Candidates(ctx, subject, of, requestableUnits, page)
		if err != nil {
			return entitlement.Paged[entitlement.AccessPackage]{}, err
		}
		list, err := s.askableFor(ctx, by.User(), subject, of, found.Policies, false)
		return entitlement.Paged[entitlement.AccessPackage]{Items: list, Next: found.Next, Spent: found.Spent, Unread: found.Unread}, err
	}
	wide := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		found, err := s.Store.BehalfPolicies(ctx, page)
		if err != nil {
			return entitlement.Paged[entitlement.AccessPackage]{}, err
		}
		list, err := s.askableFor(ctx, by.User(), subject, of, found.Items, true)
		return entitlement.Paged[entitlement.AccessPackage]{Items: list, Next: found.Next, Unread: found.Unread}, err
	}
	return chain(ctx, page, named, wide)
}

// askableFor returns the packages of some policies that asker may ask for for the subject, as
// one of the two lists has them: a package is in that of wide policies where it has one that
// lets asker ask, once, and else in that of those that name the subject.
func (s *Service) askableFor(ctx context.Context, asker, subject entitlement.User, of *entitlement.ConnectedOrganization, found []entitlement.AssignmentPolicy, wide bool) ([]entitlement.AccessPackage, error) {
	var ids []entitlement.PackageID
	listed := map[entitlement.PolicyID]bool{}
	for _, p := range found {
		listed[p.ID] = true
		if p.LetsAskFor(asker, subject, "", of) && !slices.Contains(ids, p.Package) {
			ids = append(ids, p.Package)
		}
	}
	packages, err := s.Store.PackagesAsListed(ctx, ids)
	if err != nil || len(packages) == 0 {
		return nil, err
	}
	catalogs, err := s.catalogsOf(ctx, packages)
	if err != nil {
		return nil, err
	}

	var all []entitlement.PolicyID
	in := map[entitlement.PackageID]entitlement.Catalog{}
	for _, p := range packages {
		in[p.ID], all = catalogs[p.Catalog], append(all, p.Policies...)
	}
	policies, err := s.Store.PoliciesAsListed(ctx, all)
	if err != nil {
		return nil, err
	}

	first, any := map[entitlement.PackageID]entitlement.PolicyID{}, map[entitlement.PackageID]bool{}
	for _, p := range policies {
		if !in[p.Package].Published || p.ForOutside() && !in[p.Package].ExternallyVisible || !p.LetsAskFor(asker, subject, "", of) {
			continue
		}
		any[p.Package] = true
		if p.OthersAskForMany() && (first[p.Package] == "" || p.ID < first[p.Package]) {
			first[p.Package] = p.ID
		}
	}

	packages = slices.DeleteFunc(packages, func(p entitlement.AccessPackage) bool {
		asks := first[p.ID] == "" && any[p.ID]
		if wide {
			asks = listed[first[p.ID]]
		}
		return p.Hidden || !p.Deleting.IsZero() || !asks
	})
	order.SortFunc(packages, func(a, b entitlement.AccessPackage) int {
		return cmp.Compare(a.DisplayName+string(a.ID), b.DisplayName+string(b.ID))
	})
	return packages, nil
}
