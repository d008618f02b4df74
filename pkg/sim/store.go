package sim

import (
	"context"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
)

// store is the table as the process of the running function reaches it. What goes wrong
// goes wrong in its calls (calls.go), so no method of it is free of faults. What is said
// here again shortens pages, so that paging is tried, or has the oracle hear of something.
type store struct {
	*dynamo.DB
	w *simulation
}

// Commit has the change go along with its calls, for the oracle.
func (s *store) Commit(ctx context.Context, c entitlement.Change) error {
	return s.DB.Commit(context.WithValue(ctx, decidedKey{}, &decided{c, time.Now()}), c)
}

// labelLength is room for most labels.
const labelLength = 64

// labelOf names what a change is about, so that equal changes have equal labels.
func labelOf(c entitlement.Change) string {
	var b strings.Builder
	b.Grow(labelLength)

	add := func(what string, ids ...string) {
		b.WriteString(what)
		for _, id := range ids {
			b.WriteByte(' ')
			b.WriteString(short(id))
		}
		b.WriteByte(' ')
	}
	// Ids and states, and no times: the same change must have the same label in every run.
	for _, x := range c.Requests {
		add("request", string(x.ID), string(x.State))
	}
	for _, x := range c.Slots {
		add("slot", string(x.Package), string(x.Subject))
	}
	for _, x := range c.Ended {
		add("ended", string(x.ID))
	}

	for _, x := range c.SubjectUpdates {
		add("subject update", string(x.Subject))
	}
	for _, x := range c.Settlements {
		add("settlement", string(x.Subject), number(x.Generation))
	}
	for _, x := range c.GrantSets {
		add("grant set", string(x.Subject), string(x.Connector))
	}
	for _, x := range c.Jobs {
		add("job", string(x.Package), number(x.Generation))
	}
	for _, x := range c.Breakers {
		add("breaker", string(x.Connector), strconv.Itoa(x.Failures))
	}
	for _, x := range c.TargetResources {
		add("resource at a target", string(x.Connector), x.Resource, x.Way, x.Writer)
	}
	for _, x := range c.RateLeases {
		add("rate lease", string(x.Connector))
	}
	for _, x := range c.AccountUses {
		add("account use", string(x.Connector), x.Ref, strconv.Itoa(len(x.Users)))
	}
	for _, x := range c.Packages {
		add("package", string(x.ID))
	}
	for _, x := range c.Policies {
		add("policy", string(x.ID))
	}
	for _, x := range c.DeletionGuardUpdates {
		add("deletion guard", string(x.Package), string(x.Policy), strconv.FormatBool(x.Closed))
	}
	for _, x := range c.Watches {
		add("watch", string(x.Package), string(x.Step))
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

// shortened pages are of the length that was drawn for the run.
func (s *store) shortened(page entitlement.Page) entitlement.Page {
	if page.Limit == 0 {
		page.Limit = s.w.pageSize
	}
	return page
}

// Holders pages through a package's slots.
func (s *store) Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	return s.DB.Holders(ctx, pkg, s.shortened(page))
}

// Slots reads a large page of the holders of a package, which here is none.
func (s *store) Slots(ctx context.Context, pkg entitlement.PackageID, token string, _ int) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	return s.DB.Holders(ctx, pkg, s.shortened(entitlement.Page{Token: token}))
}

// Due reads a shard of the due index.
func (s *store) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	return s.DB.Due(ctx, shard, until, s.shortened(page))
}

// PendingReconciliation reads a shard of what is pending.
func (s *store) PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return s.DB.PendingReconciliation(ctx, shard, until, s.shortened(page))
}

// Inbox reads a page of what waits for somebody's decision.
func (s *store) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return s.DB.Inbox(ctx, u, s.shortened(page))
}

// Members pages through a group's members.
func (s *store) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	page.Limit = min(page.Limit, s.w.pageSize)
	return s.DB.Members(ctx, id, page)
}

// SubmitInputs reads what a request is decided on; the oracle notes the policies that it saw.
func (s *store) SubmitInputs(ctx context.Context, k entitlement.SubmitKeys) (entitlement.SubmitInputs, error) {
	ctx, begun := s.w.noted(ctx)
	ask, err := s.DB.SubmitInputs(ctx, k)
	if inv := invocationOf(ctx); inv != nil && err == nil {
		inv.asked, inv.ask = ask.Policies, begun.seq
		inv.reads(ask.Package)
	}
	return ask, err
}

// StartInputs reads what a beginning is decided on.
func (s *store) StartInputs(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.StartInputs, error) {
	ctx, begun := s.w.noted(ctx)
	start, err := s.DB.StartInputs(ctx, r)
	if inv := invocationOf(ctx); inv != nil && err == nil {
		inv.reviewing(r.ID, begun.seq, false)
		inv.reads(start.Package)
	}
	return start, err
}

// Review reads a reviewer and a request; the oracle notes when.
func (s *store) Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error) {
	ctx, begun := s.w.noted(ctx)
	u, r, err := s.DB.Review(ctx, reviewer, id)
	if inv := invocationOf(ctx); inv != nil && err == nil {
		inv.reviewing(id, begun.seq, true)
	}
	return u, r, err
}
