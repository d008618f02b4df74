package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
)

// OrganizationOf returns the connected organization that a guest belongs to by where they sign
// in; nil where there is none, or for members of the directory.
func (db *DB) OrganizationOf(ctx context.Context, u entitlement.User) (*entitlement.ConnectedOrganization, error) {
	return db.organizationOf(ctx, &u)
}

// organizationOf reads it in two calls, for guests alone: the names of their identity sources,
// and then the organization that has one, which must have it still.
func (db *DB) organizationOf(ctx context.Context, u *entitlement.User) (*entitlement.ConnectedOrganization, error) {
	if u == nil {
		return nil, nil
	}

	sources := u.SignsInAt()
	if len(sources) == 0 {
		return nil, nil
	}
	taken, err := db.batch(ctx, true, keysOf(sources, sourceKey)...)
	if err != nil {
		return nil, err
	}

	// The first source counts, so that who could belong to several always belongs to one.
	for _, s := range sources {
		it, there := taken[sourceKey(s)]
		if !there {
			continue
		}
		id, err := holderOf[entitlement.OrganizationID](it, tagName)
		if err != nil {
			return nil, err
		}
		o, err := db.Organization(ctx, id)
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return nil, nil
		}
		if err != nil || !o.Has(*u) {
			return nil, err
		}
		return &o, nil
	}
	return nil, nil
}
