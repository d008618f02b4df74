package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Resume takes the answer of an extension at a stage of a request. No policy has an extension
// called that a request would wait for, so that none waits: whoever answers is refused (R209).
func (s *Service) Resume(ctx context.Context, by authz.Command, id entitlement.RequestID, stage entitlement.ExtensionStage) error {
	r, err := s.Store.Request(ctx, id)
	if err == nil {
		err = s.may(ctx, by.Caller, authz.ResumeRequest, authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r})
	}
	if err != nil || r.Gone() {
		return noRequest(err)
	}
	return entitlement.Errorf(entitlement.Conflict, "The request does not wait for an extension at the stage %s: it is %s.", stage, r.State)
}
