package storetest

import (
	"time"

	"leasehold/pkg/entitlement"
)

// countScenarios are what is counted and shown without reading it again.
var countScenarios = []scenario{
	{"S21: paces of packages are found as they were counted, and of what was not counted nothing", pacesOfPackages},
	{"S21: the newest requests for a package are what its pace is counted of", paceOfNewest},
	{"Targets that are left alone at a time are found, and no others", restingTargets},
	{"S10: the events of a day are counted once, whatever the pages they are read in", eventsCounted},
}

func pacesOfPackages(w *fixture) {
	known, other := newID[entitlement.PackageID](), newID[entitlement.PackageID]()
	pace := entitlement.Pace{Package: known, Samples: 7, Median: 90 * time.Minute, Looked: time.Now().UTC().Truncate(time.Second)}
	w.commit(entitlement.Change{Paces: []entitlement.Pace{pace}})
	pace.Version = 1

	asked := []entitlement.PackageID{other, known}
	w.same(get[[]entitlement.Pace](w)(w.s.Paces(w.Context(), asked)), []entitlement.Pace{pace})
	w.eventually(func() string {
		return diff(get[[]entitlement.Pace](w)(w.s.PacesAsListed(w.Context(), asked)), []entitlement.Pace{pace})
	})

	// Of two sweeps at once one counts.
	w.commit(entitlement.Change{Paces: []entitlement.Pace{pace}})
	w.refuse(entitlement.PartConfiguration, entitlement.Change{Paces: []entitlement.Pace{pace}})
	w.refuse(entitlement.PartMade, entitlement.Change{Paces: []entitlement.Pace{{Package: known, Samples: 1}}})
}

func paceOfNewest(w *fixture) {
	p := newID[entitlement.PackageID]()
	for n, took := range []time.Duration{9 * time.Hour, time.Hour, 2 * time.Hour, 3 * time.Hour} { // the oldest first
		r, _ := asked(p, newID[entitlement.UserID](), instant(time.Duration(n)*time.Minute))
		r.State, r.Completed = entitlement.RequestDelivered, r.Created.Add(took)
		r, e := begun(r)
		e.Data = map[string]string{"package": string(p), "subject": string(r.Subject)}
		r.Chain, e = entitlement.Chain{}.Append(e)
		w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}})
	}

	w.eventually(func() string {
		page := get[entitlement.Paged[entitlement.AssignmentRequest]](w)(w.s.RequestsFor(w.Context(), p, entitlement.Page{Limit: 3}))
		counted, _ := entitlement.Pace{Package: p}.Count(page.Items, instant(0))
		return diff(counted, entitlement.Pace{Package: p, Samples: 3, Median: 2 * time.Hour, Looked: instant(0)})
	})
}

func restingTargets(w *fixture) {
	now := instant(0)
	rests, wakes, works, unknown := newID[entitlement.ConnectorID](), newID[entitlement.ConnectorID](), newID[entitlement.ConnectorID](), newID[entitlement.ConnectorID]()
	resting := entitlement.Breaker{Connector: rests, Failures: 3, Until: now.Add(1)}
	w.commit(entitlement.Change{Breakers: []entitlement.Breaker{resting, {Connector: wakes, Failures: 3, Until: now}, {Connector: works, LagSamples: 1}}})
	resting.Version = 1

	w.eventually(func() string {
		return diff(get[[]entitlement.Breaker](w)(w.s.Resting(w.Context(), []entitlement.ConnectorID{unknown, wakes, rests, works}, now)), []entitlement.Breaker{resting})
	})
	w.same(get[[]entitlement.Breaker](w)(w.s.Resting(w.Context(), nil, now)), []entitlement.Breaker(nil))
}

// eventsCounted counts a day of which nothing else in the suite has events.
func eventsCounted(w *fixture) {
	day := time.Date(2031, 5, 6, 0, 0, 0, 0, time.UTC)
	kinds := []string{"submitted", "submitted", "submitted", "approved", "approved", "denied"}
	ours := map[string]bool{}
	for n, kind := range kinds {
		id := newID[string]()
		ours[id] = true
		_, e := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: id, Kind: kind, Actor: entitlement.Service, At: day.Add(time.Duration(n) * time.Hour)})
		w.commit(entitlement.Change{Events: []entitlement.Event{e}})
	}
	_, next := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: newID[string](), Kind: "submitted", Actor: entitlement.Service, At: day.AddDate(0, 0, 1)})
	w.commit(entitlement.Change{Events: []entitlement.Event{next}}) // at the first instant of the day after

	span := entitlement.Span{From: day, To: day.AddDate(0, 0, 1).Add(-1)} // both are within it
	for _, limit := range []int{0, 1, 4} {
		w.eventually(func() string {
			var counted []entitlement.Event
			for _, e := range readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
				return w.s.EventsDuring(w.Context(), span, page)
			}) {
				// The same table may have played this before.
				if ours[e.ID] || e.ID == next.ID {
					counted = append(counted, e)
				}
			}
			return diff(entitlement.Figures{}.Count(counted, span.To).Days, []entitlement.DayFigures{{Day: "2031-05-06", Requests: 3, Approvals: 2, Denials: 1}})
		})
	}
}
