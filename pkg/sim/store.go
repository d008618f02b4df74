package sim

import (
	"context"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/memstore"
)

// store is the in-memory store behind the scheduler. Reads that nothing in a run makes
// go straight through.
type store struct {
	*memstore.Store
	w *world
}

// read makes one read of a sort.
func read[T any](ctx context.Context, s *store, of sort, label string, from func() (T, error)) (T, error) {
	var got T
	err := s.w.do(ctx, of, label, func() (err error) {
		got, err = from()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return got, nil
}

// Commit makes a change true and tells the oracle, or nothing of it.
func (s *store) Commit(ctx context.Context, c entitlement.Change) error {
	return s.w.do(ctx, writes, "Commit "+labelOf(c), func() error {
		err := s.Store.Commit(ctx, c)
		if err == nil {
			if inv := invocationOf(ctx); inv != nil {
				inv.writes++
			}
			s.w.oracle.committed(invocationOf(ctx), c)
		}
		return err
	})
}

// labelOf names what a change is about, so that equal changes have equal labels.
func labelOf(c entitlement.Change) string {
	var b strings.Builder
	add := func(what string, ids ...string) {
		b.WriteString(what)
		for _, id := range ids {
			b.WriteByte(' ')
			b.WriteString(short(id))
		}
		b.WriteByte(' ')
	}
	for _, x := range c.Requests {
		add("request", string(x.ID), string(x.State))
	}
	for _, x := range c.Slots {
		add("slot", string(x.Package), string(x.Subject))
	}
	for _, x := range c.Ended {
		add("ended", string(x.ID))
	}
	for _, x := range c.Heads {
		add("head", string(x.Subject))
	}
	for _, x := range c.Settlements {
		add("settlement", string(x.Subject), number(x.Gen))
	}
	for _, x := range c.Sheets {
		add("sheet", string(x.Subject), string(x.Connector))
	}
	for _, x := range c.Jobs {
		add("job", string(x.Package), number(x.Gen))
	}
	for _, x := range c.Breakers {
		add("breaker", string(x.Connector), strconv.Itoa(x.Failures))
	}
	for _, x := range c.TargetResources {
		add("resource at a target", string(x.Connector), x.Resource, x.Way, x.Writer)
	}
	for _, x := range c.Packages {
		add("package", string(x.ID))
	}
	for _, x := range c.Policies {
		add("policy", string(x.ID))
	}
	for _, x := range c.Gates {
		add("gate", string(x.Package), string(x.Policy), strconv.FormatBool(x.Closed))
	}
	for _, x := range c.Users {
		add("user", string(x.ID))
	}
	for _, x := range c.Absences {
		add("absence", string(x.Person))
	}
	for _, x := range c.Memberships {
		add("membership", string(x.Group), string(x.User), strconv.FormatBool(x.Erased))
	}
	return b.String()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// short cuts an id to the part that tells it from others.
func short(id string) string {
	if len(id) == 36 {
		return strings.TrimLeft(id[24:], "0")
	}
	return id
}

// Claim takes a sheet.
func (s *store) Claim(ctx context.Context, c entitlement.Claim) (sheet entitlement.GrantSheet, err error) {
	err = s.w.do(ctx, writes, "Claim "+short(string(c.Subject))+" at "+short(string(c.Connector)), func() (err error) {
		sheet, err = s.Store.Claim(ctx, c)
		return err
	})
	return sheet, err
}

// Debt reads a head and its sheets.
func (s *store) Debt(ctx context.Context, subject entitlement.UserID) (entitlement.Head, []entitlement.GrantSheet, error) {
	type both struct {
		head   entitlement.Head
		sheets []entitlement.GrantSheet
	}
	b, err := read(ctx, s, reads, "Debt "+short(string(subject)), func() (b both, err error) {
		b.head, b.sheets, err = s.Store.Debt(ctx, subject)
		return b, err
	})
	return b.head, b.sheets, err
}

// Work reads what a head names.
func (s *store) Work(ctx context.Context, h entitlement.Head) (entitlement.Work, error) {
	return read(ctx, s, reads, "Work "+short(string(h.Subject)), func() (entitlement.Work, error) { return s.Store.Work(ctx, h) })
}

// Holding reads fences.
func (s *store) Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error) {
	label := "Holding"
	for _, f := range fences {
		label += " " + short(string(f.Subject)) + " at " + short(string(f.Connector))
	}
	return read(ctx, s, reads, label, func() ([]bool, error) { return s.Store.Holding(ctx, fences) })
}

// Slot reads a slot.
func (s *store) Slot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.Slot, error) {
	return read(ctx, s, reads, "Slot "+short(string(pkg))+" "+short(string(subject)), func() (entitlement.Slot, error) { return s.Store.Slot(ctx, pkg, subject) })
}

// OpenRequests reads a subject's open requests.
func (s *store) OpenRequests(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return read(ctx, s, looks, "OpenRequests "+short(string(subject)), func() (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return s.Store.OpenRequests(ctx, subject, page)
	})
}

// Breaker reads what is remembered of a target.
func (s *store) Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error) {
	return read(ctx, s, reads, "Breaker "+short(string(id)), func() (entitlement.Breaker, error) { return s.Store.Breaker(ctx, id) })
}

// TargetResource reads what is remembered of a resource at a target.
func (s *store) TargetResource(ctx context.Context, at entitlement.ConnectorID, resource string) (entitlement.TargetResource, error) {
	return read(ctx, s, reads, "TargetResource "+short(string(at))+" "+resource, func() (entitlement.TargetResource, error) {
		return s.Store.TargetResource(ctx, at, resource)
	})
}

// Job reads a job.
func (s *store) Job(ctx context.Context, pkg entitlement.PackageID, gen int64) (entitlement.Job, error) {
	return read(ctx, s, reads, "Job "+short(string(pkg))+" "+number(gen), func() (entitlement.Job, error) { return s.Store.Job(ctx, pkg, gen) })
}

// Holders pages through a package's slots. Pages are short, so that paging is tried.
func (s *store) Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Slot], error) {
	if page.Limit == 0 {
		page.Limit = s.w.pageSize
	}
	return read(ctx, s, reads, "Holders "+short(string(pkg))+" "+page.Token, func() (entitlement.Paged[entitlement.Slot], error) { return s.Store.Holders(ctx, pkg, page) })
}

// Due reads a shard of the due index.
func (s *store) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	if page.Limit == 0 {
		page.Limit = s.w.pageSize
	}
	return read(ctx, s, looks, "Due "+strconv.Itoa(shard)+" "+page.Token, func() (entitlement.Paged[entitlement.DueRef], error) { return s.Store.Due(ctx, shard, until, page) })
}

// Owed reads a shard of the debts.
func (s *store) Owed(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	if page.Limit == 0 {
		page.Limit = s.w.pageSize
	}
	return read(ctx, s, looks, "Owed "+strconv.Itoa(shard)+" "+page.Token, func() (entitlement.Paged[entitlement.UserID], error) { return s.Store.Owed(ctx, shard, until, page) })
}

// Failing reads a page of failing sheets.
func (s *store) Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
	return read(ctx, s, looks, "Failing "+short(string(at))+" "+reason, func() (entitlement.Paged[entitlement.Failing], error) { return s.Store.Failing(ctx, at, reason, page) })
}

// Read reads due items.
func (s *store) Read(ctx context.Context, refs []entitlement.DueRef) (entitlement.DueItems, error) {
	label := "Read"
	for _, r := range refs {
		label += " " + short(string(r.Request)) + short(string(r.Package)) + short(string(r.Subject)) + short(string(r.Absent)) + number(r.Gen)
	}
	return read(ctx, s, reads, label, func() (entitlement.DueItems, error) { return s.Store.Read(ctx, refs) })
}

// Ask reads what a request is decided on; the oracle notes the policies that it saw.
func (s *store) Ask(ctx context.Context, k entitlement.AskKeys) (entitlement.Ask, error) {
	return read(ctx, s, reads, "Ask "+short(string(k.Subject))+" "+short(string(k.Package)), func() (entitlement.Ask, error) {
		ask, err := s.Store.Ask(ctx, k)
		if inv := invocationOf(ctx); inv != nil && err == nil {
			inv.asked, inv.ask = ask.Policies, s.w.oracle.seq
			inv.reads(ask.Package)
		}
		return ask, err
	})
}

// Start reads what a beginning is decided on.
func (s *store) Start(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.Start, error) {
	return read(ctx, s, reads, "Start "+short(string(r.ID)), func() (entitlement.Start, error) {
		s.w.oracle.reviewing(invocationOf(ctx), r.ID, false)
		start, err := s.Store.Start(ctx, r)
		if inv := invocationOf(ctx); inv != nil && err == nil {
			inv.reads(start.Package)
		}
		return start, err
	})
}

// Review reads a reviewer and a request; the oracle notes when.
func (s *store) Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error) {
	type both struct {
		user    entitlement.User
		request entitlement.AssignmentRequest
	}
	b, err := read(ctx, s, reads, "Review "+short(string(id)), func() (b both, err error) {
		s.w.oracle.reviewing(invocationOf(ctx), id, true)
		b.user, b.request, err = s.Store.Review(ctx, reviewer, id)
		return b, err
	})
	return b.user, b.request, err
}

// SigningKey is the same in every run, since the ids of requests come from it.
func (s *store) SigningKey(ctx context.Context) ([]byte, error) {
	return read(ctx, s, reads, "SigningKey", func() ([]byte, error) { return make([]byte, 32), nil })
}

// plain makes a strong read of one thing by its id.
func plain[K ~string, V any](ctx context.Context, s *store, what string, id K, from func(context.Context, K) (V, error)) (V, error) {
	return read(ctx, s, reads, what+" "+short(string(id)), func() (V, error) { return from(ctx, id) })
}

// Request reads a request.
func (s *store) Request(ctx context.Context, id entitlement.RequestID) (entitlement.AssignmentRequest, error) {
	return plain(ctx, s, "Request", id, s.Store.Request)
}

// Assignment reads an assignment.
func (s *store) Assignment(ctx context.Context, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	return plain(ctx, s, "Assignment", id, s.Store.Assignment)
}

// Package reads a package.
func (s *store) Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	return plain(ctx, s, "Package", id, s.Store.Package)
}

// Scopes reads a package's role scopes.
func (s *store) Scopes(ctx context.Context, id entitlement.PackageID) (entitlement.PackageScopes, error) {
	return plain(ctx, s, "Scopes", id, s.Store.Scopes)
}

// Policy reads a policy.
func (s *store) Policy(ctx context.Context, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error) {
	return plain(ctx, s, "Policy", id, s.Store.Policy)
}

// Catalog reads a catalog.
func (s *store) Catalog(ctx context.Context, id entitlement.CatalogID) (entitlement.Catalog, error) {
	return plain(ctx, s, "Catalog", id, s.Store.Catalog)
}

// User reads a user.
func (s *store) User(ctx context.Context, id entitlement.UserID) (entitlement.User, error) {
	return plain(ctx, s, "User", id, s.Store.User)
}

// Group reads a group.
func (s *store) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return plain(ctx, s, "Group", id, s.Store.Group)
}

// Connector reads a registration.
func (s *store) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	return plain(ctx, s, "Connector", id, s.Store.Connector)
}

// Resource reads a resource.
func (s *store) Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error) {
	return read(ctx, s, reads, "Resource "+short(string(id)), func() (entitlement.Resource, error) { return s.Store.Resource(ctx, catalog, id) })
}

// Users reads several users.
func (s *store) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return read(ctx, s, reads, "Users "+strconv.Itoa(len(ids)), func() ([]entitlement.User, error) { return s.Store.Users(ctx, ids) })
}

// Policies reads several policies.
func (s *store) Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	return read(ctx, s, reads, "Policies "+strconv.Itoa(len(ids)), func() ([]entitlement.AssignmentPolicy, error) { return s.Store.Policies(ctx, ids) })
}

// Members pages through a group's members, by short pages.
func (s *store) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	page.Limit = min(page.Limit, s.w.pageSize)
	return read(ctx, s, reads, "Members "+short(string(id))+" "+page.Token, func() (entitlement.Paged[entitlement.UserID], error) { return s.Store.Members(ctx, id, page) })
}

// Inbox reads a page of what waits for somebody's decision.
func (s *store) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if page.Limit == 0 {
		page.Limit = s.w.pageSize
	}
	return read(ctx, s, looks, "Inbox "+short(string(u.ID))+" "+page.Token, func() (entitlement.Paged[entitlement.AssignmentRequest], error) { return s.Store.Inbox(ctx, u, page) })
}

// Owners reads a group's owners.
func (s *store) Owners(ctx context.Context, id entitlement.GroupID) ([]entitlement.UserID, error) {
	return plain(ctx, s, "Owners", id, s.Store.Owners)
}
