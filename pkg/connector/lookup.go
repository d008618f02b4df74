package connector

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Lookup answers the questions of owners and administrators about targets.
type Lookup struct{ Registry *Registry }

// Resource returns what the target calls its resource, and the roles that it offers.
func (l Lookup) Resource(ctx context.Context, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	conn, err := l.Registry.Open(ctx, at)
	if err != nil {
		return entitlement.Resource{}, err
	}

	found, err := conn.Resource(ctx, originID)
	if err != nil {
		return entitlement.Resource{}, err
	}

	r := entitlement.Resource{OriginID: found.OriginID, OriginSystem: found.OriginSystem, DisplayName: found.DisplayName, Description: found.Description}
	for _, role := range found.Roles {
		r.Roles = append(r.Roles, entitlement.ResourceRole{OriginID: role.OriginID, DisplayName: role.DisplayName})
	}

	return r, nil
}

// Offers returns a piece of what a target has to offer.
func (l Lookup) Offers(ctx context.Context, at entitlement.ConnectorID, search string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	explorer, err := l.explorer(ctx, at)
	if err != nil {
		return entitlement.Paged[entitlement.TargetOffer]{}, err
	}
	found, err := explorer.ListResources(ctx, Query{Search: search, Limit: page.Size(), Token: page.Token})
	return entitlement.Paged[entitlement.TargetOffer]{Items: found.Items, Next: found.Next}, err
}

// Survey finds out what the target of a registration speaks, shows and heeds. The registration
// may be one that is not kept yet, but for its credential.
func (l Lookup) Survey(ctx context.Context, as entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	conn, err := l.Registry.OpenAs(ctx, as)
	if err != nil {
		return entitlement.TargetCheck{}, err
	}
	explorer, err := shows(conn)
	if err != nil {
		return entitlement.TargetCheck{}, err
	}
	return explorer.Survey(ctx), nil
}

// FindPerson looks a person up at the target of a registration, by its correlation keys. An error
// says why there is no account that roles could be given to.
func (l Lookup) FindPerson(ctx context.Context, as entitlement.ConnectorConfig, who entitlement.User) error {
	conn, err := l.Registry.OpenAs(ctx, as)
	if err != nil {
		return err
	}
	found, err := conn.FindPrincipals(ctx, []Correlation{{User: who.ID, UserName: who.UserPrincipalName, Mail: who.Mail, External: who.ExternalID}})
	if err == nil && found[0].Err != nil {
		err = Fail(entitlement.Precondition, "find a person", found[0].Err, nil)
	}
	return err
}

func (l Lookup) explorer(ctx context.Context, at entitlement.ConnectorID) (Explorer, error) {
	conn, err := l.Registry.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	return shows(conn)
}

// shows is a connector whose target shows what it has to offer.
func shows(conn Connector) (Explorer, error) {
	explorer, can := conn.(Explorer)
	if !can {
		return nil, entitlement.Errorf(entitlement.Unsupported, "Targets of this kind do not show what they have to offer: name the resource by its originId.")
	}
	return explorer, nil
}

// Probe checks that a registration is usable, without calling the target.
func (l Lookup) Probe(_ context.Context, cfg entitlement.ConnectorConfig, credential string) error {
	return l.Registry.Probe(cfg, credential)
}
