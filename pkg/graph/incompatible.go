package graph

import (
	"context"

	"leasehold/pkg/entitlement"
)

func listIncompatible(ctx context.Context, c *call) (answer, error) {
	p, err := c.deps.Reads.Package(ctx, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return answer{}, err
	}
	return list(ctx, c, packageKind(), paged(sliced(p.Incompatible, nil), c.deps.Reads.Packages))
}

func listIncompatibleGroups(ctx context.Context, c *call) (answer, error) {
	p, err := c.deps.Reads.Package(ctx, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return answer{}, err
	}
	return list(ctx, c, groups(), paged(sliced(p.IncompatibleGroups, nil), c.deps.Reads.Groups))
}

func listIncompatibleWith(ctx context.Context, c *call) (answer, error) {
	return list(ctx, c, packageKind(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return c.deps.Catalogs.IncompatibleWith(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"), page)
	})
}

func addIncompatible(ctx context.Context, c *call) (answer, error) {
	other, err := refAdded[entitlement.PackageID](c, "accessPackages")
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Catalogs.AddIncompatible(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), other))
}

func removeIncompatible(ctx context.Context, c *call) (answer, error) {
	other, err := refRemoved[entitlement.PackageID](c, "otherId", "accessPackages")
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Catalogs.RemoveIncompatible(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), other))
}

func addIncompatibleGroup(ctx context.Context, c *call) (answer, error) {
	group, err := refAdded[entitlement.GroupID](c, "groups", "directoryObjects")
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Catalogs.AddIncompatibleGroup(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), group))
}

func removeIncompatibleGroup(ctx context.Context, c *call) (answer, error) {
	group, err := refRemoved[entitlement.GroupID](c, "groupId", "groups", "directoryObjects")
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Catalogs.RemoveIncompatibleGroup(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), group))
}
