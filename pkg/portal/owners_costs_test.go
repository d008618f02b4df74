package portal

import (
	"context"
	"fmt"
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
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// What the owners' pages read, beside who is signed in, and how heavy they are: no more with a
// thousand packages and resources than with ten. The owner is no administrator, so that roles are
// read too.
func TestOwnersPagesCostTheSameHoweverMuchThereIs(t *testing.T) {
	const heaviest = 60_000 // bytes
	for _, c := range []struct {
		many int
		want string
	}{
		{10, "catalogs 5, catalog 7, all packages 5, package 9, policy 6, picker 6"},
		{1000, "catalogs 5, catalog 7, all packages 5, package 9, policy 6, picker 6"},
	} {
		store, meter := dynamotest.Metered()
		now := clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		catalog := entitlement.Catalog{ID: entitlement.CatalogID(now.New()), DisplayName: "C", Published: true, Owners: 1}
		owner := entitlement.User{ID: entitlement.UserID(now.New()), Type: entitlement.Member, DisplayName: "O", UserPrincipalName: "o", Enabled: true}
		text := strings.Repeat("What it is for. ", 8)
		policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(now.New()), Catalog: catalog.ID, DisplayName: "P", Scope: entitlement.ScopeSpecificUsers, Targets: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(owner.ID)}}}
		pkg := entitlement.AccessPackage{ID: entitlement.PackageID(now.New()), Catalog: catalog.ID, DisplayName: "A package", Policies: []entitlement.PolicyID{policy.ID}}
		policy.Package = pkg.ID
		if err := store.Commit(t.Context(), entitlement.Change{Catalogs: []entitlement.Catalog{catalog}, Users: []entitlement.User{owner}, Packages: []entitlement.AccessPackage{pkg}, Policies: []entitlement.AssignmentPolicy{policy},
			RoleAssignments: []entitlement.RoleAssignment{{ID: entitlement.RoleAssignmentID(now.New()), Role: entitlement.CatalogOwner, Catalog: catalog.ID, User: owner.ID}}}); err != nil {
			t.Fatal(err)
		}
		dynamotest.Fill(t, store, c.many, func(i int, change *entitlement.Change) {
			change.Packages = append(change.Packages, entitlement.AccessPackage{ID: entitlement.PackageID(now.New()), Catalog: catalog.ID, DisplayName: fmt.Sprintf("Package %04d", i), Description: text})
			change.Resources = append(change.Resources, entitlement.Resource{ID: entitlement.ResourceID(now.New()), Catalog: catalog.ID, Connector: entitlement.BuiltinConnector, OriginID: now.New(), DisplayName: fmt.Sprintf("Resource %04d", i),
				Roles: []entitlement.ResourceRole{{ID: now.New(), OriginID: "member", DisplayName: "Member"}}, Scope: entitlement.ResourceScope{ID: now.New()}})
		})
		owner, err := store.User(t.Context(), owner.ID)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := store.SigningKey(t.Context()); err != nil { // it is there from the first call on
			t.Fatal(err)
		}

		p := &portal{Deps: Deps{Clock: now, Views: &views.Reader{Store: store}, Requests: &requests.Service{Store: store, Clock: now, IDs: now},
			Catalogs: &catalogs.Service{Store: store, Clock: now, IDs: now, Log: log}, Directory: &directory.Service{Store: store, Clock: now, IDs: now, Log: log}}}
		var got []string
		for _, one := range []struct {
			name, query string
			serve       func(context.Context, *visit) (answer, error)
		}{{"catalogs", "", listCatalogs}, {"catalog", "", showCatalog}, {"all packages", "", listPackages}, {"package", "", managePackage}, {"policy", "", editPolicy}, {"picker", "?search=resource", findScope}} {
			v := &visit{portal: p, words: message.NewPrinter(language.English, message.Catalog(texts)), Language: language.English, now: now.Now(), request: httptest.NewRequest("GET", "/portal/catalogs"+one.query, nil),
				by: authz.Command{Caller: authz.Caller{ID: owner.ID, Scopes: authz.Every}}.As(owner)}
			for part, id := range map[string]string{"catalog": string(catalog.ID), "id": string(pkg.ID), "policy": string(policy.ID)} {
				v.request.SetPathValue(part, id)
			}

			meter.Reset()
			shown, err := one.serve(p.Views.Once(t.Context()), v)
			if err != nil {
				t.Fatal(one.name, err)
			}
			got = append(got, fmt.Sprintf("%s %d", one.name, meter.Total()))
			var html strings.Builder
			if err := shown.page.Render(t.Context(), &html); err != nil || html.Len() > heaviest {
				t.Errorf("%s, %d of each: %d bytes, %v", one.name, c.many, html.Len(), err)
			}
			t.Logf("%s, %d of each: %d calls, %.1f R, %d bytes", one.name, c.many, meter.Total(), meter.ReadUnits, html.Len())
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%d of each: %s, want %s", c.many, got, c.want)
		}
	}
}
