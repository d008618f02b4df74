package costs

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// The pins of the first page of what one may ask for: who may, and how many packages there
// are. A package that everybody may ask for is an entry of an index that shows the package
// itself, some 200 bytes of it. One that is found by whom its policies name is read, and so are
// those policies, half a unit each: such a page ends before it is full. Four units are the
// principal, the caller twice, and the groups that policies name; each catalog is half a unit.
// Where the last row may be the last of all, another look finds out: that is 3 R of ten packages.
var pinFirstPage = map[string]cost{
	"everybody, 10":        {8, 6.5, 0},
	"everybody, 1000":      {8, 8.5, 0},
	"everybody, 10000":     {8, 8.5, 0},
	"a group, 10":          {11, 17, 0},
	"a group, 1000":        {11, 20.5, 0},
	"a group, 10000":       {11, 20.5, 0},
	"few, 10":              {11, 17, 0},
	"few, 1000":            {11, 16.5, 0},
	"few, 10000":           {11, 16.5, 0},
	"many catalogs, 10":    {8, 10.5, 0},
	"many catalogs, 1000":  {8, 26, 0},
	"many catalogs, 10000": {8, 26, 0},
	"many policies, 10":    {9, 7, 0},
	"many policies, 1000":  {16, 19, 0},
}

// mostOfAPage is what the first page may cost, of however many packages.
const mostOfAPage = 30

func TestS21_AFirstPageOfWhatOneMayAskForIsTheSameHoweverManyThereAre(t *testing.T) {
	const path = em + "/accessPackages/filterByCurrentUser(on='allowedRequestor')"
	for name, draw := range map[string]func(w *offering, n int){
		"everybody":     func(w *offering, n int) { w.add(n%2, w.everybody()) },
		"a group":       func(w *offering, n int) { w.add(n%2, w.named(w.mine)) },
		"many catalogs": func(w *offering, n int) { w.add(n, w.everybody()) },
		"few": func(w *offering, n int) {
			who := w.theirs
			if n%max(w.total/10, 1) == 0 {
				who = w.mine
			}
			w.add(n%2, w.named(who))
		},
		"many policies": func(w *offering, n int) {
			w.add(n%2, w.named(w.theirs), w.everybody(), w.everybody(), w.named(w.mine), w.named(w.theirs))
		},
	} {
		for _, total := range []int{10, 1_000, 10_000} {
			what := fmt.Sprintf("%s, %d", name, total)
			if _, pinned := pinFirstPage[what]; !pinned {
				continue
			}
			t.Run(what, func(t *testing.T) {
				o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
				mia, otto := o.person("mia", ""), o.person("otto", "")
				w := &offering{fixture: o, total: total, mine: o.group("mine", mia, otto), theirs: o.group("theirs"), catalogs: map[int]entitlement.CatalogID{}, may: map[string]bool{}}
				for n := range total {
					draw(w, n)
				}

				o.call(o.people, "mia", "GET", path, nil) // and so the signing key is known
				o.costs(what, pinFirstPage[what], func() { o.call(o.people, "otto", "GET", path, nil) })
				if o.meter.ReadUnits > mostOfAPage {
					o.Errorf("the first page is to take at most %d R", mostOfAPage)
				}
				if total <= 1_000 { // all the pages of ten thousand take longer than they tell
					w.everyPage(path)
				}
			})
		}
	}
}

// offering are packages of which otto may ask for some.
type offering struct {
	*fixture
	total        int
	mine, theirs string // groups
	catalogs     map[int]entitlement.CatalogID
	may          map[string]bool // what otto may ask for, until it was listed
	added        int
}

// policy is one through which whoever is in its scope may ask.
func (w *offering) policy(scope entitlement.TargetScope, targets ...entitlement.SubjectSet) entitlement.AssignmentPolicy {
	return entitlement.AssignmentPolicy{ID: entitlement.PolicyID(clock.System{}.New()), DisplayName: "All", Scope: scope, Targets: targets, Requestor: entitlement.RequestorSettings{SelfAdd: true}}
}

func (w *offering) everybody() entitlement.AssignmentPolicy {
	return w.policy(entitlement.ScopeAllMembers)
}

func (w *offering) named(group string) entitlement.AssignmentPolicy {
	return w.policy(entitlement.ScopeSpecificUsers, entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: group})
}

// add adds a package to a catalog of that number.
func (w *offering) add(catalog int, policies ...entitlement.AssignmentPolicy) {
	w.Helper()
	var c entitlement.Change
	if w.catalogs[catalog] == "" {
		w.catalogs[catalog] = entitlement.CatalogID(clock.System{}.New())
		c.Catalogs = []entitlement.Catalog{{ID: w.catalogs[catalog], DisplayName: fmt.Sprintf("Catalog %d", catalog), Published: true}}
	}
	w.added++
	p := entitlement.AccessPackage{ID: entitlement.PackageID(clock.System{}.New()), Catalog: w.catalogs[catalog], DisplayName: fmt.Sprintf("Package %05d", w.added)}
	for _, policy := range policies {
		policy.Package, policy.Catalog = p.ID, p.Catalog
		p.Policies, c.Policies = append(p.Policies, policy.ID), append(c.Policies, policy)
		if policy.Scope == entitlement.ScopeAllMembers || policy.Targets[0].ID == w.mine {
			w.may[string(p.ID)] = true
		}
	}
	c.Packages = []entitlement.AccessPackage{p}
	if err := w.db.Commit(w.Context(), c); err != nil {
		w.Fatal(err)
	}
}

// everyPage follows the list to its end: each package once, no page over the bound, and none
// empty but the last.
func (w *offering) everyPage(path string) {
	w.Helper()
	pages, most := 0, 0.0
	for next := path; next != ""; pages++ {
		w.meter.Reset()
		got := w.call(w.people, "otto", "GET", next, nil)
		most = max(most, w.meter.ReadUnits)

		link, _ := got["@odata.nextLink"].(string)
		next = strings.TrimPrefix(link, "https://access.example")
		rows := got["value"].([]any)
		if len(rows) == 0 && next != "" {
			w.Fatalf("page %d is empty and not the last", pages)
		}
		for _, row := range rows {
			id := row.(object)["id"].(string)
			if !w.may[id] {
				w.Fatalf("page %d: %s is listed twice, or is not for the caller", pages, id)
			}
			delete(w.may, id)
		}
	}
	if len(w.may) > 0 {
		w.Errorf("%d packages were not listed", len(w.may))
	}
	w.Logf("%d pages of at most %.1f R", pages, most)
	if most > mostOfAPage {
		w.Errorf("a page costs %.1f R, want at most %d", most, mostOfAPage)
	}
}
