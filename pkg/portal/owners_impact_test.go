package portal

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// The impact on 450 people, whom the form carries, and on 2,000, whom it does not, is a page of a bounded weight:
// some are named, and the file has the others. With one more a worker looks at it, and the page of its job is no
// heavier. An edit on its way says how far it is.
func TestTheImpactOnManyPeopleIsASmallPage(t *testing.T) {
	const heaviest = 60_000 // bytes
	hostile := `<b onclick="x">`
	for _, many := range []int{0, 450, 2000, 2001, 50_000} {
		store := dynamotest.New()
		now := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
		catalog := entitlement.Catalog{ID: entitlement.CatalogID(now.New()), DisplayName: hostile, Published: true}
		pkg := entitlement.AccessPackage{ID: entitlement.PackageID(now.New()), Catalog: catalog.ID, DisplayName: hostile}
		r := entitlement.Resource{ID: entitlement.ResourceID(now.New()), Catalog: catalog.ID, Connector: entitlement.BuiltinConnector, OriginID: "g", DisplayName: hostile,
			Roles: []entitlement.ResourceRole{{ID: now.New(), OriginID: "member", DisplayName: hostile}}, Scope: entitlement.ResourceScope{ID: now.New()}, Uses: 1}
		scope := entitlement.ResourceRoleScope{ID: r.Roles[0].ID + "_" + r.Scope.ID, Resource: r.ID, Role: r.Roles[0], Scope: r.Scope, Ref: entitlement.RoleRef{Connector: r.Connector, Resource: "g", Role: "member"}}
		if err := store.Commit(t.Context(), entitlement.Change{Catalogs: []entitlement.Catalog{catalog}, Packages: []entitlement.AccessPackage{pkg}, Resources: []entitlement.Resource{r},
			Scopes: []entitlement.PackageScopes{{Package: pkg.ID, List: []entitlement.ResourceRoleScope{scope}}}, Jobs: []entitlement.Job{{Package: pkg.ID, Generation: 1, Told: 77, Created: now.Now(), CheckAfter: now.Now()}}}); err != nil {
			t.Fatal(err)
		}
		dynamotest.Fill(t, store, many, func(i int, c *entitlement.Change) {
			u := entitlement.User{ID: entitlement.UserID(dynamotest.OldID(5, i)), Type: entitlement.Member, DisplayName: hostile, UserPrincipalName: now.New(), Enabled: true}
			a := entitlement.Assignment{ID: entitlement.AssignmentID(now.New()), Package: pkg.ID, Catalog: catalog.ID, Subject: u.ID, Target: entitlement.TargetPresent}
			c.Users, c.Slots = append(c.Users, u), append(c.Slots, entitlement.AssignmentSlot{Package: pkg.ID, Subject: u.ID, Assignment: &a})
			c.SubjectUpdates = append(c.SubjectUpdates, entitlement.SubjectUpdate{Subject: u.ID, Add: entitlement.Waiting{Package: pkg.ID, Assignment: a.ID}, CheckAfter: now.Now()})
		})

		keeping := &catalogs.Service{Store: store, Clock: now, IDs: now, Jobs: nobody{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		p := &portal{Deps: Deps{Clock: now, Views: &views.Reader{Store: store}, Catalogs: keeping}}
		admin := entitlement.User{ID: "admin", Enabled: true, Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}}
		visits := func(query string) *visit {
			v := &visit{portal: p, words: message.NewPrinter(language.English, message.Catalog(texts)), Language: language.English, now: now.Now(), request: httptest.NewRequest("GET", "/portal/catalogs"+query, nil),
				by: authz.Command{Caller: authz.Caller{ID: admin.ID, Scopes: authz.Every}}.As(admin)}
			v.request.SetPathValue("catalog", string(catalog.ID))
			v.request.SetPathValue("id", string(pkg.ID))
			return v
		}

		a, err := showImpact(t.Context(), visits("?remove="+scope.ID))
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := a.page.Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if many > entitlement.MaxAtOnce {
			theJobIsSmall(t, visits, keeping, many, scope.ID, page.String())
		} else {
			rows := strings.Count(page.String(), `<th scope="row">`)
			t.Logf("%d holders: %d bytes, %d rows", many, page.Len(), rows)
			carried := strings.Contains(page.String(), `name="seen" value="."`) || strings.Contains(page.String(), `name="seen" value=".LQ`)
			if page.Len() > heaviest || rows != min(many, maxOffered) || strings.Contains(page.String(), hostile) || carried != (many <= maxCarried) {
				t.Errorf("%d holders: %d bytes, %d rows, carried %v", many, page.Len(), rows, carried)
			}

			file, err := exportImpact(t.Context(), visits("?remove="+scope.ID))
			if err != nil || strings.Count(string(file.file.body), "loses,") != many {
				t.Errorf("the file of %d people: %v", many, err)
			}
		}

		a, err = managePackage(t.Context(), visits(""))
		if err != nil {
			t.Fatal(err)
		}
		page.Reset()
		if err := a.page.Render(t.Context(), &page); err != nil || !strings.Contains(page.String(), "People reached so far: 77.") {
			t.Errorf("an edit on its way is not shown: %v", err)
		}
	}
}

// nobody is told of jobs: the test does itself what the worker would.
type nobody struct{}

func (nobody) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }
func (nobody) EnqueueImpact(context.Context, entitlement.PackageID, entitlement.ImpactJobID) error {
	return nil
}

// always is a directory of administrators.
type always struct{ admin authz.Caller }

func (a always) Account(context.Context, authz.Caller) (authz.Caller, error) { return a.admin, nil }

// theJobIsSmall goes from the page that starts a job to those of what it finds: none weighs more than a page may.
func theJobIsSmall(t *testing.T, visits func(string) *visit, keeping *catalogs.Service, many int, scope, first string) {
	t.Helper()
	const heaviest = 60_000 // bytes
	if !strings.Contains(first, "Find out who is affected") || strings.Contains(first, `name="hash"`) {
		t.Errorf("%d holders: the page does not lead to a job", many)
	}
	form := visits("")
	form.request.PostForm = url.Values{"remove": {scope}}
	started, err := startImpact(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(started.next, "/jobs/")
	on := func(query string) *visit {
		v := visits(query)
		v.request.SetPathValue("job", id)
		return v
	}
	render := func(query string) string {
		t.Helper()
		a, err := showImpactJob(t.Context(), on(query))
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := a.page.Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if page.Len() > heaviest || strings.Contains(page.String(), `<b onclick`) {
			t.Errorf("%d holders: a page of the job is %d bytes", many, page.Len())
		}
		return page.String()
	}

	if before := render(""); !strings.Contains(before, "About to begin") {
		t.Error("the job is not about to begin")
	}
	v := on("")
	worker := &catalogs.ImpactWorker{Service: keeping, Accounts: always{v.by.Caller}}
	run := func(next string) {
		t.Helper()
		_, id, _ := strings.Cut(next, "/jobs/")
		if err := worker.Run(t.Context(), entitlement.PackageID(v.request.PathValue("id")), entitlement.ImpactJobID(id)); err != nil {
			t.Fatal(err)
		}
	}
	run(started.next)

	found := render("")
	last := render("?effect=loses&more=" + strconv.Itoa(many-1))
	t.Logf("%d holders: %d bytes, %d rows; the last page %d bytes", many, len(found), strings.Count(found, `<th scope="row">`), len(last))
	if strings.Count(found, `<th scope="row">`) != onPage || strings.Count(last, `<th scope="row">`) != 1 || strings.Contains(last, `rel="next"`) || !strings.Contains(found, `rel="next"`) {
		t.Error("the pages of people are not as long as they should be")
	}
	if none := render("?effect=gains"); !strings.Contains(none, "Nobody.") {
		t.Error("nobody gains, and the page does not say so")
	}
	lines := 0
	for part := 1; part <= (many+catalogs.ImpactFile-1)/catalogs.ImpactFile; part++ {
		file, err := exportImpactJob(t.Context(), on("?part="+strconv.Itoa(part)))
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(file.file.body), "loses,")
	}
	if lines != many {
		t.Errorf("the files have %d people", lines)
	}

	hash := regexp.MustCompile(`name="hash" value="([^"]*)"`).FindStringSubmatch(found)
	form = on("")
	form.request.PostForm = url.Values{"hash": {hash[1]}}
	apply, err := applyImpactJob(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	run(apply.next)
	_, id, _ = strings.Cut(apply.next, "/jobs/")
	if done := render(""); !strings.Contains(done, "The change is made") {
		t.Errorf("what was agreed to is not made: %s", done)
	}
}
