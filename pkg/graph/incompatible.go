package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

func listIncompatible(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.packageKind(), viewed(paged(sliced(p.Incompatible, nil), named(c, c.deps.Catalogs.PackagesNamed)), views.OfPackages))
}

func listIncompatibleGroups(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, groups(), paged(sliced(p.IncompatibleGroups, nil), func(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error) {
		return c.deps.Catalogs.GroupsOf(ctx, c.by.Caller, p, ids)
	}))
}

func listIncompatibleWith(ctx context.Context, c *call) (response, error) {
	read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return c.deps.Catalogs.IncompatibleWith(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"), page)
	}
	return list(ctx, c, c.packageKind(), viewed(read, views.OfPackages))
}

func addIncompatible(ctx context.Context, c *call) (response, error) {
	other, err := refAdded[entitlement.PackageID](c, "accessPackages")
	if err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.Once(ctx, c.by, func(by authz.Command) (string, error) {
		return "", c.deps.Catalogs.AddIncompatible(ctx, by, id[entitlement.PackageID](c, "accessPackageId"), other)
	})
	return done(err)
}

func removeIncompatible(ctx context.Context, c *call) (response, error) {
	other, err := refRemoved[entitlement.PackageID](c, "otherId", "accessPackages")
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Catalogs.RemoveIncompatible(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), other))
}

func addIncompatibleGroup(ctx context.Context, c *call) (response, error) {
	group, err := refAdded[entitlement.GroupID](c, "groups", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.Once(ctx, c.by, func(by authz.Command) (string, error) {
		return "", c.deps.Catalogs.AddIncompatibleGroup(ctx, by, id[entitlement.PackageID](c, "accessPackageId"), group)
	})
	return done(err)
}

func removeIncompatibleGroup(ctx context.Context, c *call) (response, error) {
	group, err := refRemoved[entitlement.GroupID](c, "groupId", "groups", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Catalogs.RemoveIncompatibleGroup(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), group))
}
