package storetest

import (
	"context"
	"fmt"
	"slices"

	"leasehold/pkg/entitlement"
)

func keptSettings() kept {
	type T = entitlement.Settings
	return keep("Settings", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {},
		func(v T) entitlement.Change { return entitlement.Change{Settings: []T{v}} },
		func(ctx context.Context, s Store, _ T) (T, error) { return s.Settings(ctx) })
}

func keptOrganization() kept {
	type T = entitlement.ConnectedOrganization
	return keep("Organization", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			later.ID = first.ID
			for i := range first.Sources {
				first.Sources[i].TenantID = unique("tenant-")
			}
			later.Sources = first.Sources // they never change
		},
		func(v T) entitlement.Change { return entitlement.Change{Organizations: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Organization(ctx, v.ID) })
}

func keptExtension() kept {
	type T = entitlement.CustomExtension
	return keep("Extension", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID, later.Catalog = first.ID, first.Catalog },
		func(v T) entitlement.Change { return entitlement.Change{Extensions: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Extension(ctx, v.Catalog, v.ID) })
}

var organizationScenarios = []scenario{
	{"An identity source is one organization's, in any case, until that goes", sourcesUnique},
	{"Policies are found by the organization that they name, until they name it no more", policiesOfOrganization},
	{"A catalog's extensions are its own", extensionsOfCatalog},
}

func organization(domain string) entitlement.ConnectedOrganization {
	return entitlement.ConnectedOrganization{ID: newID[entitlement.OrganizationID](), DisplayName: domain, State: entitlement.OrganizationConfigured,
		Sources: []entitlement.IdentitySource{{Kind: entitlement.SourceDomain, DomainName: domain, DisplayName: domain}}}
}

func sourcesUnique(w *fixture) {
	domain := unique("domain-")
	first := organization(domain)
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{first}})
	second := organization("D" + domain[1:])
	w.refuse(entitlement.PartName, entitlement.Change{Organizations: []entitlement.ConnectedOrganization{second}})

	first.Version, first.DisplayName = 1, "Renamed"
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{first}})
	w.refuse(entitlement.PartName, entitlement.Change{Organizations: []entitlement.ConnectedOrganization{second}})
	first.Version, first.Erased = 2, true
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{first}})
	w.commit(entitlement.Change{Organizations: []entitlement.ConnectedOrganization{second}})
}

func policiesOfOrganization(w *fixture) {
	id := newID[entitlement.OrganizationID]()
	p := entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: newID[entitlement.PackageID](), Catalog: newID[entitlement.CatalogID](), DisplayName: "P",
		Scope: entitlement.ScopeSpecificOrganizations, Targets: []entitlement.SubjectSet{{Kind: entitlement.OrganizationMembers, ID: string(id)}}}
	naming := func() []entitlement.PolicyID {
		list := get[entitlement.Paged[entitlement.AssignmentPolicy]](w)(w.s.PoliciesNaming(w.Context(), id, entitlement.Page{}))
		var ids []entitlement.PolicyID
		for _, found := range list.Items {
			ids = append(ids, found.ID)
		}
		return ids
	}
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
	w.eventually(func() string {
		if got := naming(); !slices.Equal(got, []entitlement.PolicyID{p.ID}) {
			return fmt.Sprintf("got %v, want the policy", got)
		}
		return ""
	})
	p.Version, p.Scope, p.Targets = 1, entitlement.ScopeNobody, nil
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
	w.eventually(func() string {
		if got := naming(); len(got) != 0 {
			return fmt.Sprintf("got %v, want none any more", got)
		}
		return ""
	})
}

func extensionsOfCatalog(w *fixture) {
	a, b := newID[entitlement.CatalogID](), newID[entitlement.CatalogID]()
	var ids []entitlement.ExtensionID
	for range 3 {
		x := entitlement.CustomExtension{ID: newID[entitlement.ExtensionID](), Catalog: a, DisplayName: "X"}
		ids = append(ids, x.ID)
		w.commit(entitlement.Change{Extensions: []entitlement.CustomExtension{x}})
	}
	w.commit(entitlement.Change{Extensions: []entitlement.CustomExtension{{ID: newID[entitlement.ExtensionID](), Catalog: b, DisplayName: "X"}}})
	slices.Sort(ids)
	var found []entitlement.ExtensionID
	for page := (entitlement.Page{Limit: 2}); ; {
		list := get[entitlement.Paged[entitlement.CustomExtension]](w)(w.s.ListExtensions(w.Context(), a, page))
		for _, x := range list.Items {
			found = append(found, x.ID)
		}
		if page.Token = list.Next; page.Token == "" {
			break
		}
	}
	w.same(found, ids)
	w.same(len(get[[]entitlement.CustomExtension](w)(w.s.Extensions(w.Context(), b, ids))), 0)
	w.same(len(get[[]entitlement.CustomExtension](w)(w.s.Extensions(w.Context(), a, ids))), 3)
}
