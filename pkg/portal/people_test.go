package portal

import (
	"context"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// signer signs the places in lists.
func signer(t *testing.T) *views.Reader {
	t.Helper()
	return &views.Reader{Store: dynamotest.New()}
}

func TestOneIsNamedALine(t *testing.T) {
	for text, want := range map[string][]string{
		"a\r\nb\n\n c \rd":                 {"a", "b", "c", "d"},
		"\uFEFFa@x,Ann\n\"b@x\";Bob\nc\tC": {"a@x", "b@x", "c"},
		"Ann, Smith <ann@x>":               {"ann@x"},
		"<script>alert(1)</script>":        {"<script>alert(1)</script>"},
		"Ann <ann@x":                       {"Ann <ann@x"},
		" \n,\n":                           nil,
	} {
		if got := peopleLines(text); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}

// Every standing of a line and every reason of a failure is told in words of its own.
func TestWhatStandsInTheWayIsToldInWords(t *testing.T) {
	v := &visit{words: message.NewPrinter(language.German, message.Catalog(texts))}
	said := map[string]bool{}
	for _, s := range []requests.Standing{requests.StandsFree, requests.StandsUnknown, requests.StandsAmbiguous, requests.StandsUnsought, requests.StandsTwice, requests.StandsDisabled, requests.StandsHolding} {
		said[v.standing(requests.Assignee{Standing: s})] = true
	}
	if len(said) != 7 {
		t.Errorf("%v", said)
	}
	if got := v.standing(requests.Assignee{Standing: requests.StandsRefused, Refusal: entitlement.Errorf(entitlement.Precondition, "Not this one.")}); got != "Not this one." {
		t.Errorf("%q", got)
	}
}

// A list is told through its filter page by page, and what all filters have is counted once,
// up to a bound.
func TestAListIsToldThroughItsFilterAndCounted(t *testing.T) {
	const all = 2_500
	read := func(_ context.Context, p entitlement.Page) (entitlement.Paged[int], error) {
		from, _ := strconv.Atoi(p.Token)
		list := entitlement.Paged[int]{}
		for i := from; i < min(from+p.Size(), all); i++ {
			list.Items = append(list.Items, i)
		}
		if from+p.Size() < all {
			list.Next = strconv.Itoa(from + p.Size())
		}
		return list, nil
	}
	filters := []filter[int]{{"", "all", func(int) bool { return true }}, {"tenth", "tenth", func(i int) bool { return i%10 == 0 }}, {"late", "late", func(i int) bool { return i > 2_400 }}}
	views := signer(t)
	for state, want := range map[string]int{"": onPage, "tenth": 33, "late": 0} {
		v := &visit{request: httptest.NewRequest("GET", "/portal/list?state="+state, nil), portal: &portal{Deps: Deps{Views: views}}}
		got, err := tell(t.Context(), v, filters, read)
		if err != nil || len(got.Rows) != want || got.Next == "" {
			t.Errorf("%q: %d rows, next %q, %v", state, len(got.Rows), got.Next, err)
		}
		if c := got.Counts; len(c) != 3 || !c[0].More || c[0].N < maxTold || c[0].N > maxTold+entitlement.PageSize || c[2].N != 0 {
			t.Errorf("%q: counted %+v", state, c)
		}
	}

	// Where rows that fit lie together, a page does not get longer by that.
	v := &visit{request: httptest.NewRequest("GET", "/portal/list?state=late", nil), portal: &portal{Deps: Deps{Views: views}}}
	filters[2].Fits = func(i int) bool { return i >= 150 }
	if got, err := tell(t.Context(), v, filters, read); err != nil || len(got.Rows) < onPage || len(got.Rows) > 2*onPage {
		t.Errorf("%d rows on one page, %v", len(got.Rows), err)
	}

	// All pages together have each row once.
	seen, address := 0, "/portal/list?state=tenth"
	for pages := 0; address != "" && pages < 20; pages++ {
		v := &visit{request: httptest.NewRequest("GET", address, nil), portal: &portal{Deps: Deps{Views: views}}}
		got, err := tell(t.Context(), v, filters, read)
		if err != nil || pages > 0 && got.Counts[0].Counted {
			t.Fatalf("%v, %+v", err, got.Counts)
		}
		seen += len(got.Rows)
		if address = got.Next; address != "" {
			address = "/portal" + address
		}
	}
	if seen != all/10 {
		t.Errorf("%d rows on all pages, want %d", seen, all/10)
	}
}

// The first page of who has a package counts up to a bound, and every other page reads what it
// shows: no more with five thousand people than with one.
func TestTheListOfPeopleCostsTheSameHoweverManyThereAre(t *testing.T) {
	for _, c := range []struct{ people, first, next int }{{10, 6, 0}, {1_000, 19, 4}, {5_000, 19, 4}} {
		store, meter := dynamotest.Metered()
		clock := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
		pkg := entitlement.AccessPackage{ID: entitlement.PackageID(clock.New()), Catalog: entitlement.CatalogID(clock.New()), DisplayName: "P"}
		admin := entitlement.User{ID: entitlement.UserID(clock.New()), Type: entitlement.Member, DisplayName: "A", UserPrincipalName: "a", Enabled: true}
		err := store.Commit(t.Context(), entitlement.Change{Catalogs: []entitlement.Catalog{{ID: pkg.Catalog, DisplayName: "C"}}, Packages: []entitlement.AccessPackage{pkg},
			Users: []entitlement.User{admin}, Groups: []entitlement.Group{{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators"}}, Memberships: []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: admin.ID}}})
		if err != nil {
			t.Fatal(err)
		}
		dynamotest.Fill(t, store, c.people, func(i int, change *entitlement.Change) {
			id := clock.New()
			a := entitlement.Assignment{ID: entitlement.AssignmentID(id), Package: pkg.ID, Catalog: pkg.Catalog, Policy: entitlement.PolicyID(clock.New()), Subject: entitlement.UserID(id), Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivered, Start: clock.Now()}
			change.Slots = append(change.Slots, entitlement.AssignmentSlot{Package: pkg.ID, Subject: a.Subject, Assignment: &a})
		})
		if admin, err = store.User(t.Context(), admin.ID); err != nil {
			t.Fatal(err)
		}

		address := "/portal/manage/packages/" + string(pkg.ID) + "/people"
		for page, want := range []int{c.first, c.next} {
			if want == 0 {
				break
			}
			v := &visit{words: message.NewPrinter(language.English, message.Catalog(texts)), now: clock.Now(), request: httptest.NewRequest("GET", address, nil),
				by:     authz.Command{Caller: authz.Caller{ID: admin.ID, Scopes: authz.Every}}.As(admin),
				portal: &portal{Deps: Deps{Clock: clock, Views: &views.Reader{Store: store}, Requests: &requests.Service{Store: store, Clock: clock, IDs: clock}}}}
			v.request.SetPathValue("id", string(pkg.ID))
			meter.Reset()
			shown, err := v.peoplePage(v.Views.Once(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d people, page %d: %d calls, %.1f R, %d rows", c.people, page+1, meter.Total(), meter.ReadUnits, len(shown.People))
			if meter.Total() != want {
				t.Errorf("%d people, page %d: %d calls, want %d", c.people, page+1, meter.Total(), want)
			}

			var html strings.Builder
			if err := peopleView(v, shown).Render(t.Context(), &html); err != nil || html.Len() > 60<<10 {
				t.Errorf("%d bytes, %v", html.Len(), err)
			}
			address = "/portal" + shown.Next
		}
	}
}
