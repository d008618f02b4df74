package portal

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

var holderRoutes = []route{
	{http.MethodGet, "/catalogs/{catalog}/resources/{resource}/roles/{role}", authz.ListAssignments, roleHolders},
}

func roleHoldersPath(in entitlement.CatalogID, id entitlement.ResourceID, role string) string {
	return resourcePath(in, id) + "/roles/" + role
}

// roleHoldersPage is a page of all who hold a role of a resource.
type roleHoldersPage struct {
	Drift    entitlement.DriftScan // with its target; not there where it was never compared
	Catalog  entitlement.CatalogID
	Name     string // of the catalog, where the visitor may see it
	Resource entitlement.Resource
	Role     entitlement.ResourceRole
	Rows     []roleHolderRow
	Next     string
	Unread   int
	Persons  bool // the visitor may read the pages of people
}

// roleHolderRow is one reason for which somebody holds it.
type roleHolderRow struct {
	requests.RoleHolder
	personAssignment
}

func roleHolders(ctx context.Context, v *visit) (answer, error) {
	catalog, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return answer{}, err
	}
	id, err := pathPart[entitlement.ResourceID](v, "resource")
	if err != nil {
		return answer{}, err
	}
	role, err := pathPart[string](v, "role")
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}

	shown := roleHoldersPage{Catalog: catalog}
	var next string
	err = views.Together(
		func() error {
			list, err := v.Requests.RoleHolders(ctx, v.by.Caller, catalog, id, role, entitlement.Page{Limit: onPage, Token: token})
			if err == nil {
				shown.Rows, err = v.holderRows(ctx, list.Items)
			}
			shown.Unread, next = list.Unread, list.Next
			return err
		},
		func() (err error) {
			shown.Resource, err = v.Catalogs.FindResource(ctx, v.by.Caller, catalog, id, "", "")
			if err == nil {
				err = v.comparedRole(ctx, &shown, role)
			}
			return err
		},
		func() error {
			if c, err := v.Catalogs.Catalog(ctx, v.by.Caller, catalog); err == nil {
				shown.Name = c.DisplayName
			}
			return nil
		},
		func() (err error) { shown.Persons, err = v.Views.Opens(ctx, v.by.Caller)(authz.ReadUser); return err })
	if err != nil {
		return answer{}, err
	}
	for _, r := range shown.Resource.Roles {
		if r.ID == role {
			shown.Role = r
		}
	}
	if shown.Next, err = v.next(ctx, next); err != nil {
		return answer{}, err
	}
	return page(roleHoldersView(v, shown))
}

// holderRows join to holders what they are called, and who asked and decided.
func (v *visit) holderRows(ctx context.Context, all []requests.RoleHolder) ([]roleHolderRow, error) {
	var of []entitlement.Assignment
	for _, h := range all {
		of = append(of, h.Assignment)
	}

	shown := views.OfAssignments(of)
	// Whether policies are shown hangs on where their packages are now: all else waits for nothing.
	err := views.Together(
		func() error { return v.Requests.GrantsOfHolders(ctx, all) },
		func() error {
			return v.joined(ctx, shown, views.With{views.JoinTarget: nil, views.JoinPackage: nil, views.JoinRequest: {views.JoinDeciders: nil}})
		},
		func() error { v.Views.PoliciesAhead(ctx, shown); return nil },
		func() error { return v.joined(ctx, shown, views.With{views.JoinPolicy: nil}) })
	if err != nil {
		return nil, err
	}

	var deciders map[entitlement.AssignmentID][]string
	if v.may(authz.ReadUser) {
		if deciders, err = v.deciders(ctx, shown); err != nil {
			return nil, err
		}
	}

	rows := make([]roleHolderRow, len(all))
	for i, h := range all {
		rows[i] = roleHolderRow{h, personAssignment{shown[i], deciders[h.ID]}}
	}
	return rows, nil
}
