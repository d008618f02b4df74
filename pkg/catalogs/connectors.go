package catalogs

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// RegisterConnector adds a target system. Its credential is kept apart and never read back.
func (s *Service) RegisterConnector(ctx context.Context, by authz.Caller, c entitlement.ConnectorConfig, credential string) (entitlement.ConnectorConfig, error) {
	c.ID, c.Created, c.Meta = entitlement.ConnectorID(s.IDs.New()), s.Clock.Now(), entitlement.Meta{}
	return s.putConnector(ctx, by, c, credential, "created", nil)
}

// UpdateConnector changes a registration; an empty credential leaves the kept one.
func (s *Service) UpdateConnector(ctx context.Context, by authz.Caller, id entitlement.ConnectorID, credential string, edit func(*entitlement.ConnectorConfig)) (entitlement.ConnectorConfig, error) {
	if id == entitlement.BuiltinConnector {
		return entitlement.ConnectorConfig{}, entitlement.Errorf(entitlement.Precondition, "The built-in directory cannot be changed.")
	}
	c, err := s.Store.Connector(ctx, id)
	if err != nil {
		return c, err
	}
	managers := slices.Clone(c.ResourceManagers)
	edit(&c)
	return s.putConnector(ctx, by, c, credential, "updated", managers)
}

// putConnector keeps the credential first: a registration without one would only fail,
// a credential without a registration is never read.
func (s *Service) putConnector(ctx context.Context, by authz.Caller, c entitlement.ConnectorConfig, credential, kind string, managers []entitlement.UserID) (entitlement.ConnectorConfig, error) {
	named, err := s.checkManagers(ctx, c, managers)
	if err != nil {
		return c, err
	}
	if err := s.checkConnector(ctx, &c, credential, kind == "created"); err != nil {
		return c, err
	}
	if credential != "" {
		if err := s.Secrets.Put(ctx, c.ID, credential); err != nil {
			return c, err
		}
	}
	e := s.event(entitlement.OfConnector, string(c.ID), kind, by)
	e.Data = map[string]string{"displayName": c.DisplayName, "kind": c.Kind, "url": c.URL}
	c.Chain, e = c.Chain.Append(e)
	change := entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}, Events: []entitlement.Event{e}}
	for _, id := range named {
		change.References = append(change.References, entitlement.Reference{User: id})
	}
	err = s.Store.Commit(ctx, change)
	c.Version++
	return c, err
}

// MaxCredential bounds a connector's credential: what an SSM parameter holds.
const MaxCredential = 4096

func (s *Service) checkConnector(ctx context.Context, c *entitlement.ConnectorConfig, credential string, created bool) (err error) {
	if c.DisplayName, err = entitlement.Name("displayName", c.DisplayName); err != nil {
		return err
	}
	if !slices.Contains(s.Kinds, c.Kind) {
		return entitlement.Errorf(entitlement.Invalid, "kind must be one of: %s.", strings.Join(s.Kinds, ", "))
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" || len(c.URL) > 2048 {
		return entitlement.Errorf(entitlement.Invalid, "url must be an absolute https address without user, query and fragment.")
	}
	if len(c.CorrelationKeys) == 0 || len(c.CorrelationKeys) > len(entitlement.CorrelateBy) {
		return entitlement.Errorf(entitlement.Invalid, "correlationKeys must name at least one of: %s.", strings.Join(entitlement.CorrelateBy, ", "))
	}
	for i, key := range c.CorrelationKeys {
		if !slices.Contains(entitlement.CorrelateBy, key) || slices.Contains(c.CorrelationKeys[:i], key) {
			return entitlement.Errorf(entitlement.Invalid, "correlationKeys must name some of, each once: %s.", strings.Join(entitlement.CorrelateBy, ", "))
		}
	}
	if len(credential) > MaxCredential || created && credential == "" || strings.ContainsAny(credential, "\r\n\x00") {
		return entitlement.Errorf(entitlement.Invalid, "credential must be given, in one line of at most %d bytes.", MaxCredential)
	}
	return s.Targets.Probe(*c, credential)
}

// checkManagers refuses resource managers who are not there; whoever was deleted is not.
// Those who are disabled may stay, and nobody newly names them. It returns those who must
// still be there when the list is written; a list that stays as it is names nobody anew.
func (s *Service) checkManagers(ctx context.Context, c entitlement.ConnectorConfig, before []entitlement.UserID) ([]entitlement.UserID, error) {
	if slices.Equal(c.ResourceManagers, before) {
		return nil, nil
	}
	found, err := s.Store.Users(ctx, c.ResourceManagers)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, entitlement.User.Gone)
	if len(c.ResourceManagers) > entitlement.MaxApprovers || len(found) != len(c.ResourceManagers) {
		return nil, entitlement.Errorf(entitlement.Invalid, "resourceManagers must name at most %d users of the directory, each once.", entitlement.MaxApprovers)
	}
	for _, u := range found {
		if !u.Enabled && !slices.Contains(before, u.ID) {
			return nil, entitlement.Errorf(entitlement.Precondition, "resourceManagers newly names the user %s, who is disabled: enable them first, or name somebody else.", u.ID)
		}
	}
	return c.ResourceManagers, nil
}
