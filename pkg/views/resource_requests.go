package views

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ResourceRequest is a resource request with its catalog and resource: nil where they were not
// joined, or are not there any more.
type ResourceRequest struct {
	entitlement.ResourceRequest
	Catalog  *Catalog
	Resource *Resource
}

// OfResourceRequests are views of resource requests.
func OfResourceRequests(all []entitlement.ResourceRequest) []*ResourceRequest {
	out := make([]*ResourceRequest, len(all))
	for i, r := range all {
		out[i] = &ResourceRequest{ResourceRequest: r}
	}
	return out
}

// ResourceRequests joins to resource requests what is wanted of catalogs and resources. Each
// catalog's resources are read once.
func (r *Reader) ResourceRequests(ctx context.Context, by authz.Caller, of []*ResourceRequest, w With) error {
	in := idsOf(of, func(v *ResourceRequest) entitlement.CatalogID { return v.ResourceRequest.Catalog })
	if err := r.may(ctx, by, w, in); err != nil || len(of) == 0 {
		return err
	}
	if below, wanted := w[JoinCatalog]; wanted {
		catalogs, err := r.catalogsNamed(ctx, in, below)
		if err != nil {
			return err
		}
		for _, v := range of {
			v.Catalog = catalogs[v.ResourceRequest.Catalog]
		}
	}
	below, wanted := w[JoinResource]
	if !wanted {
		return nil
	}

	// A resource is found as that of a role is: through its catalog.
	roles := make([]*Role, len(of))
	for i, v := range of {
		roles[i] = &Role{Of: v.ResourceRequest.Resource, Catalog: v.ResourceRequest.Catalog}
	}
	if err := r.roles(ctx, roles, With{JoinResource: below}); err != nil {
		return err
	}
	for i, v := range of {
		v.Resource = roles[i].Resource
	}
	return nil
}
