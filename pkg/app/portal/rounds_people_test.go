package portal

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ofPeople are the pages that are held to few rounds, whoever opens them: those of whoever asks,
// has and decides, and a request as those see it who keep its package.
var ofPeople = []string{"", "/packages", "/packages/{id}", "/access", "/requests", "/requests/{id}", "/approvals", "/approvals/{id}",
	"/manage/packages/{id}/requests/{request}"}

// Y1: the pages of people take at most four rounds of reads in each state of what they show: asked,
// delivered, failing and ended, what may be asked for and what stands against it, by everybody.
func TestY1_PagesOfPeopleTakeFewRoundsInEachState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t).filled()
		w.standsAgainst()

		paths := []string{"", "/packages", "/packages?search=main", "/packages?missing=main", "/access", "/requests", "/approvals"}
		for _, half := range []string{own, foreign} {
			for _, request := range []string{"request", "assignment", "broken", "ended"} {
				id := w.ids[half+"."+request]
				paths = append(paths, "/requests/"+id, "/approvals/"+id)
				for name, pkg := range map[string]string{"request": "main", "assignment": "held", "broken": "failing", "ended": "ending"} {
					if name == request {
						paths = append(paths, "/manage/packages/"+w.ids[half+"."+pkg]+"/requests/"+id, "/packages/"+w.ids[half+"."+pkg]+"?again="+id)
					}
				}
			}
			for _, pkg := range []string{"main", "held", "free", "failing", "ending", "empty"} {
				paths = append(paths, "/packages/"+w.ids[half+"."+pkg])
			}
		}

		w.meter.Each = time.Millisecond
		names := []string{}
		for name, id := range w.ids {
			names = append(names, id, name)
		}
		named := strings.NewReplacer(names...)
		shown := 0
		for _, path := range paths {
			for _, a := range actors {
				began := time.Now()
				got := w.send(sent{method: "GET", path: path, cookie: w.cookies[a.name]})
				rounds := int(time.Since(began) / time.Millisecond)
				if got.status == 200 {
					shown++
				}
				most := fewRounds
				if path == "/approvals" {
					most++ // what stands against a request is known with its package, and is called what its own item says
				}
				if got.status >= 500 || rounds > most {
					t.Errorf("%s by %s: %d, %d calls in %d rounds", named.Replace(path), a.name, got.status, w.meter.Total(), rounds)
				}
			}
		}
		t.Logf("%d pages shown", shown)
		if shown < 200 {
			t.Errorf("only %d pages were shown", shown)
		}
	})
}

// standsAgainst has the package that is asked for list one that its requestor holds.
func (w *fixture) standsAgainst() {
	w.Helper()
	for _, half := range []string{own, foreign} {
		w.api("admin", "POST", em+"/accessPackages/"+w.ids[half+".main"]+"/incompatibleAccessPackages/$ref", object{"@odata.id": site + em + "/accessPackages/" + w.ids[half+".held"]})
	}
}
