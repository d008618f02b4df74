package portal

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/a-h/templ"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// renders are pages as full as they come, and an empty one to hold them against.
func renders(v *visit) map[string]templ.Component {
	pkg := &views.Package{}
	pkg.DisplayName, pkg.Description = "Sales starter", "What everybody in sales begins with"
	var removals []owed
	var events []views.Event
	var errors []deliveryError
	var days []entitlement.DayFigures
	for i := range onPage {
		user := &entitlement.User{ID: "u", DisplayName: fmt.Sprint("Person ", i)}
		a := entitlement.Assignment{ID: entitlement.AssignmentID(fmt.Sprint("a", i)), Subject: "u", Package: "p", Ended: v.now.Add(-time.Hour)}
		removals = append(removals, owed{PendingRemoval: requests.PendingRemoval{Assignment: a}, View: &views.Assignment{Assignment: a, Subject: user, Package: pkg}, Targets: []string{"Customer systems"}, Overdue: true})
		events = append(events, views.Event{Event: entitlement.Event{Aggregate: entitlement.OfRequest, ID: "r", Kind: "submitted", Actor: "u", At: v.now, After: "submitted", Data: map[string]string{"justification": "for the project"}},
			ActorName: "Ada", SubjectName: "Mei", PackageName: "Sales starter"})
		errors = append(errors, deliveryError{requests.DeliveryError{Connector: "c", Reason: "principal-missing", Subjects: i}, "Customer systems"})
	}
	for i := range daysShown {
		days = append(days, entitlement.DayFigures{Day: v.now.AddDate(0, 0, -i).Format(time.DateOnly), Requests: i, Approvals: i, Removals: 1, LagSum: time.Minute, LagMax: time.Minute})
	}
	return map[string]templ.Component{
		"empty":       failed(v, 404, "There is no such page.", "1"),
		"operations":  operationsView(v, operationsPage{Errors: errors, Repairs: true, Looks: true, Loosened: events[:maxLoosened], Oldest: removals[:1], Overdue: 1}),
		"removals":    removalsView(v, removalsPage{Owed: removals, Closes: true}),
		"figures":     figuresView(v, v.figures(entitlement.Figures{Through: v.now, Days: days, Meta: entitlement.Meta{Version: 1}})),
		"audit":       auditView(v, auditPage{Events: events, Showing: true}),
		"my settings": ownView(v, ownPage{}),
	}
}

// BenchmarkPages is how long pages take to be made, beside an empty one: go test -bench Pages ./pkg/portal
func BenchmarkPages(b *testing.B) {
	for _, lang := range entitlement.Languages {
		v := sent(nil)
		v.now = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
		v.prefer(entitlement.Preferences{Language: lang, TimeZone: "Europe/Berlin"})
		for name, page := range renders(v) {
			b.Run(lang+"/"+name, func(b *testing.B) {
				for b.Loop() {
					if err := page.Render(b.Context(), io.Discard); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Each of them is as light as a page may be.
func TestFullPagesAreLight(t *testing.T) {
	v := sent(nil)
	v.now = time.Now()
	for name, page := range renders(v) {
		var size counter
		if err := page.Render(t.Context(), &size); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, size)
		if size > 60_000 {
			t.Errorf("%s: %d bytes", name, size)
		}
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
