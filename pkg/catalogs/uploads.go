package catalogs

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// UploadSessions lists the upload sessions of a resource, oldest first.
func (s *Service) UploadSessions(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID) ([]entitlement.UploadSession, error) {
	r, err := s.FindResource(ctx, by, catalog, id, "", "")
	return r.Uploads, err
}

// CreateUploadSession opens a session for what an access review is to be given about a
// resource: one for each review.
func (s *Service) CreateUploadSession(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, definition, instance string) (entitlement.UploadSession, error) {
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCommand, func(e idempotency.Effect) (entitlement.UploadSession, error) {
		made := entitlement.UploadSession{ID: cmp.Or(e.Answer, s.IDs.New()), Definition: definition, Instance: instance, Created: e.At}
		if e.Again {
			return made, nil
		}
		return made, s.addUpload(ctx, e.Command, catalog, id, made)
	})
}

func (s *Service) addUpload(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, made entitlement.UploadSession) error {
	return s.changeUploads(ctx, by, catalog, id, "uploadSessionCreated", made.ID, func(r *entitlement.Resource) error {
		same := func(u entitlement.UploadSession) bool { return u.Instance == made.Instance }
		switch {
		case slices.ContainsFunc(r.Uploads, same):
			return entitlement.Errorf(entitlement.Conflict, "The resource has an upload session for this review already: delete it first.")
		case len(r.Uploads) >= entitlement.MaxUploads:
			return entitlement.Errorf(entitlement.Precondition, "A resource has at most %d upload sessions: delete one first.", entitlement.MaxUploads)
		}
		r.Uploads = append(slices.Clone(r.Uploads), made)
		return nil
	})
}

// DeleteUploadSession removes an upload session.
func (s *Service) DeleteUploadSession(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, session string) error {
	return s.changeUploads(ctx, by, catalog, id, "uploadSessionDeleted", session, func(r *entitlement.Resource) error {
		i := slices.IndexFunc(r.Uploads, func(u entitlement.UploadSession) bool { return u.ID == session })
		if i < 0 {
			return entitlement.Errorf(entitlement.NotFound, "The resource has no upload session with this id.")
		}
		r.Uploads = slices.Delete(slices.Clone(r.Uploads), i, i+1)
		return nil
	})
}

func (s *Service) changeUploads(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, kind, session string, edit func(*entitlement.Resource) error) error {
	if err := s.allow(ctx, &by, authz.ChangeUploadSession, authz.Object{Catalog: catalog}, nil); err != nil {
		return err
	}

	return crossed(func() error {
		r, err := s.Store.Resource(ctx, catalog, id)
		if err != nil {
			return err
		}
		if err := edit(&r); err != nil {
			return err
		}

		// The event goes into the chain of the catalog, which is the history that a resource has.
		c, err := s.Store.Catalog(ctx, catalog)
		if err != nil {
			return err
		}
		e := s.event(entitlement.OfCatalog, string(catalog), kind, by)
		e.Data = map[string]string{"resource": string(id), "uploadSession": session}
		c.Chain, e = c.Chain.Append(e)
		return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r},
			Events: append([]entitlement.Event{e}, by.Recorded(session)...)})
	})
}
