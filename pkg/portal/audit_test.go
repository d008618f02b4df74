package portal

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// recorded is a store that holds one chain of events, and the head that is kept of it.
type recorded struct {
	views.Store
	events []entitlement.Event
	head   entitlement.Chain
	kept   bool
	unread int
}

func (r recorded) HeadOf(context.Context, entitlement.AggregateKind, string) (entitlement.Chain, bool, error) {
	return r.head, r.kept, nil
}

func (r recorded) ListEvents(_ context.Context, _ entitlement.AggregateKind, _ string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	from := len(page.Token) // as many as were read before
	to := min(from+page.Size(), len(r.events))
	list := entitlement.Paged[entitlement.Event]{Items: r.events[from:to], Unread: r.unread}
	if to < len(r.events) {
		list.Next = strings.Repeat("x", to)
	}
	return list, nil
}

// The page of a thing says that its events are whole, and finds each way in which they are not.
func TestS11_ThePageOfAThingSaysWhetherItsChainIsWhole(t *testing.T) {
	chain := func(many int) (all []entitlement.Event, head entitlement.Chain) {
		for range many {
			var e entitlement.Event
			head, e = head.Append(entitlement.Event{Aggregate: entitlement.OfUser, ID: "u", Kind: "updated", Data: map[string]string{"a": "b"}})
			all = append(all, e)
		}
		return all, head
	}
	events, head := chain(250)
	_, before := chain(249)
	long, longEnd := chain(maxFollowed*entitlement.PageSize + 1)
	altered, renamed := slices.Clone(events), slices.Clone(events)
	altered[120].Data = map[string]string{"a": "c"}
	renamed[0].Actor = "somebody else"
	forged := entitlement.Chain{Number: head.Number, Hash: "of other events"}

	for name, tt := range map[string]struct {
		store         recorded
		broken        string
		whole, headed bool
	}{
		"whole":                       {recorded{events: events, head: head, kept: true}, "", true, true},
		"goes on meanwhile":           {recorded{events: events, head: before, kept: true}, "", true, true},
		"without a head":              {recorded{events: events}, "", true, false},
		"one event altered":           {recorded{events: altered, head: head, kept: true}, "Event 121 ", false, false},
		"the first altered":           {recorded{events: renamed, head: head, kept: true}, "Event 1 ", false, false},
		"one missing in the middle":   {recorded{events: slices.Delete(slices.Clone(events), 99, 100), head: head, kept: true}, "Event 101 ", false, false},
		"the last missing":            {recorded{events: events[:249], head: head, kept: true}, "ends with event 249, and ought to reach event 250", true, true},
		"all missing":                 {recorded{head: head, kept: true}, "ends with event 0", true, true},
		"all of them others":          {recorded{events: events, head: forged, kept: true}, "Event 250 ", false, false},
		"an event that is unreadable": {recorded{events: events, head: head, kept: true, unread: 1}, "cannot read: 1", false, false},
		"longer than one page":        {recorded{events: long, head: longEnd, kept: true}, "", false, false},
	} {
		v := &visit{portal: &portal{Deps: Deps{Views: &views.Reader{Store: tt.store}}}, words: message.NewPrinter(language.English, message.Catalog(texts)), by: administrator()}
		got, err := v.followed(t.Context(), entitlement.OfUser, "u")
		if err != nil || (got.Broken == "") != (tt.broken == "") || !strings.Contains(got.Broken, tt.broken) || got.Whole != tt.whole || got.Head != tt.headed {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// administrator is somebody who may look.
func administrator() authz.Command {
	admin := entitlement.User{ID: "admin", Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}}
	return authz.Command{Caller: authz.Caller{ID: admin.ID, Scopes: authz.Every}}.As(admin)
}

// Whatever is stored is text on the pages of operations and of the audit, in every state of them.
func TestStoredTextIsNeverPartOfThePagesOfOperationsAndAudit(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3)`
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	event := views.Event{Event: entitlement.Event{Aggregate: entitlement.OfRequest, ID: hostile, Number: 3, Kind: hostile, Actor: hostile, At: now, Before: hostile, After: hostile, AllowedBy: hostile,
		Changed: []entitlement.Changed{{Property: hostile, Before: hostile, After: hostile}}, Data: map[string]string{hostile: hostile}},
		About: entitlement.About{Subject: "s", Package: "p"}, ActorName: hostile, SubjectName: hostile, PackageName: hostile}
	gone := event
	gone.ActorName, gone.SubjectName, gone.PackageName, gone.Actor = "", "", "", entitlement.Service
	events := []views.Event{event, gone}
	grant := entitlement.Grant{Role: entitlement.RoleRef{Connector: "c", Resource: hostile, Role: hostile}, Detail: hostile, Reason: hostile, Since: now, Next: now}
	removal := entitlement.Assignment{ID: "a", Subject: "s", Package: "p", Ended: now.Add(-time.Hour)}
	removing := owed{PendingRemoval: requests.PendingRemoval{Assignment: removal, Roles: []entitlement.Grant{grant}}, Targets: []string{hostile}, Overdue: true,
		View: &views.Assignment{Assignment: removal, Subject: &entitlement.User{ID: "s", DisplayName: hostile}, Package: &views.Package{AccessPackage: entitlement.AccessPackage{ID: "p", DisplayName: hostile}}}}
	unknown := owed{View: &views.Assignment{}}
	errored := deliveryError{requests.DeliveryError{Connector: "c", Reason: hostile, Subjects: 2}, hostile}
	filter := auditFilter{Person: hostile, Package: hostile, Actor: hostile, From: hostile, To: hostile}

	for _, lang := range []language.Tag{language.English, language.German} {
		v := &visit{portal: &portal{}, request: httptest.NewRequest("GET", "/portal/x", nil), Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: now, by: administrator()}
		for name, c := range map[string]templ.Component{
			"operations":            operationsView(v, operationsPage{Errors: []deliveryError{errored}, Next: "/n", Retried: 2, Oldest: []owed{removing}, Overdue: 1, MoreOwed: true, Loosened: events, Unread: 1, Looks: true, Repairs: true}),
			"operations, none":      operationsView(v, operationsPage{Looks: true}),
			"operations, so far":    operationsView(v, operationsPage{Next: "/n", Overdue: 1}),
			"failures":              failuresView(v, failuresPage{At: "c", Reason: hostile, Target: hostile, People: []failingPerson{{requests.Failure{Subject: "s", Grants: []entitlement.Grant{grant, {}}}, hostile, map[string]string{"": hostile}}}, Problem: hostile, Repairs: true, Next: "/n", Unread: 2, Retried: 1}),
			"failures, none":        failuresView(v, failuresPage{}),
			"failures, none so far": failuresView(v, failuresPage{Next: "/n"}),
			"go on":                 goOnView(v, failuresPage{At: "c", Reason: hostile, Target: hostile, After: hostile, Retried: 1000}),
			"removals":              removalsView(v, removalsPage{Owed: []owed{removing, unknown}, Closes: true, Problem: hostile, Typed: map[entitlement.AssignmentID]string{"a": hostile}, Closed: 1, Next: "/n"}),
			"removals, read alone":  removalsView(v, removalsPage{Owed: []owed{removing}}),
			"removals, none":        removalsView(v, removalsPage{}),
			"loosened":              loosenedView(v, loosenedPage{Events: events, Next: "/n", Unread: 1}),
			"loosened, none":        loosenedView(v, loosenedPage{}),
			"audit":                 auditView(v, auditPage{Filter: filter, Named: []string{hostile}, Events: events, Next: "/n", Unread: 1, Showing: true}),
			"audit, none":           auditView(v, auditPage{Showing: true}),
			"audit, none so far":    auditView(v, auditPage{Showing: true, Next: "/n"}),
			"audit, wrong":          auditView(v, auditPage{Filter: filter, Wrong: faults{{"person", hostile}}}),
			"audit, to choose":      auditView(v, auditPage{Filter: filter, Choose: []candidates{{Field: "person", Label: "x", Rows: []candidateRow{{hostile, hostile, filter.with("person", hostile)}}, More: true}}}),
			"object":                objectView(v, objectPage{Kind: entitlement.OfUser, ID: hostile, Events: events, Chain: &chainShown{Broken: hostile}}),
			"object, whole":         objectView(v, objectPage{Kind: entitlement.OfUser, Events: events, Chain: &chainShown{Events: 2, Head: true, Whole: true}}),
			"object, no head":       objectView(v, objectPage{Kind: entitlement.OfUser, Events: events, Chain: &chainShown{Events: 2, Whole: true}}),
			"object, long":          objectView(v, objectPage{Kind: entitlement.OfUser, Events: events, Chain: &chainShown{Events: 2}}),
		} {
			var out strings.Builder
			if err := c.Render(t.Context(), &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, raw := range []string{"<script", "<img", `"'>`, `href="javascript`} {
				if strings.Contains(out.String(), raw) {
					t.Errorf("%s, %s: %s is part of the page", name, lang, raw)
				}
			}
			if strings.Contains(out.String(), "%!") {
				t.Errorf("%s, %s: a text is not whole: %s", name, lang, out.String())
			}
		}
	}
}
