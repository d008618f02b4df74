package portal

import (
	"bytes"
	"io"
	"log/slog"
	"net/http/httptest"
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

// The impact on 450 people, whom the form carries, and on 3,000, whom it does not, is a page of a bounded weight:
// some are named, and the file has the others. An edit on its way says how far it is.
func TestTheImpactOnManyPeopleIsASmallPage(t *testing.T) {
	const heaviest = 60_000 // bytes
	hostile := `<b onclick="x">`
	for _, many := range []int{0, 450, 3000} {
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

		p := &portal{Deps: Deps{Clock: now, Views: &views.Reader{Store: store}, Catalogs: &catalogs.Service{Store: store, Clock: now, IDs: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}}
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
