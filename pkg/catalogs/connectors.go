package catalogs

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// RegisterConnector adds a target system. Its credential is kept apart and never read back.
func (s *Service) RegisterConnector(ctx context.Context, by authz.Command, c entitlement.ConnectorConfig, credential string) (entitlement.ConnectorConfig, error) {
	if err := s.allow(ctx, &by, authz.RegisterConnector, authz.Object{}, nil); err != nil {
		return c, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfConnector, func(made idempotency.Effect) (entitlement.ConnectorConfig, error) {
		c := c
		c.ID, c.Created, c.Meta = entitlement.ConnectorID(made.ID), made.At, made.Meta()
		if made.Again {
			err := s.checkConnector(ctx, &c, credential, true)
			return c, err
		}
		return s.registerConnector(ctx, made.Command, c, credential)
	})
}

func (s *Service) registerConnector(ctx context.Context, by authz.Command, c entitlement.ConnectorConfig, credential string) (entitlement.ConnectorConfig, error) {
	all, err := s.Store.ListConnectors(ctx)
	if err != nil {
		return c, err
	}
	if len(all) >= entitlement.MaxConnectors {
		return c, entitlement.Errorf(entitlement.Precondition, "There are %d connectors, the most that there may be: delete one that nothing uses.", len(all))
	}
	c, err = s.putConnector(ctx, by, c, entitlement.ConnectorConfig{}, credential, "created")
	if err == nil && !c.Paused {
		s.lookAt(ctx, c) // the answer is that of the registration alone, since a repeat gets the same
	}
	return c, err
}

// UpdateConnector changes a registration; an empty credential leaves the kept one, which
// stays with the address that it was given for.
func (s *Service) UpdateConnector(ctx context.Context, by authz.Command, id entitlement.ConnectorID, credential string, edit func(*entitlement.ConnectorConfig)) (entitlement.ConnectorConfig, error) {
	if err := s.allow(ctx, &by, authz.UpdateConnector, authz.Object{}, nil); err != nil {
		return entitlement.ConnectorConfig{}, err
	}

	if id == entitlement.BuiltinConnector {
		return entitlement.ConnectorConfig{}, entitlement.Errorf(entitlement.Precondition, "The built-in directory cannot be changed.")
	}

	if credential != "" {
		return s.updateConnector(ctx, by, id, credential, edit) // each try would keep it once more
	}
	return afresh(func() (entitlement.ConnectorConfig, error) { return s.updateConnector(ctx, by, id, "", edit) })
}

func (s *Service) updateConnector(ctx context.Context, by authz.Command, id entitlement.ConnectorID, credential string, edit func(*entitlement.ConnectorConfig)) (entitlement.ConnectorConfig, error) {
	c, err := s.Store.Connector(ctx, id)
	if err == nil {
		err = by.Matches(c)
	}
	if err != nil {
		return c, err
	}

	before := c

	// Cloned, since edit may write into lists that both would share.
	before.ResourceManagers, before.CorrelationKeys = slices.Clone(c.ResourceManagers), slices.Clone(c.CorrelationKeys)
	before.RoleValues, before.EntitlementValues = slices.Clone(c.RoleValues), slices.Clone(c.EntitlementValues)
	edit(&c)

	// Whoever may change the address and does not know the credential cannot have it sent to one
	// of their own.
	moved := c.URL != before.URL || c.Kind != before.Kind
	if moved && credential == "" && !entitlement.GivenNoCredential(s.Kinds, c.Kind) {
		return before, entitlement.Errorf(entitlement.Precondition, "The credential was given for the address %s: to change url or kind, send credential with them.", before.URL)
	}

	if moved {
		c.Check = entitlement.TargetCheck{} // that was of another target
	}
	c, err = s.putConnector(ctx, by, c, before, credential, "updated")
	if err != nil || c.Paused {
		return c, err // who waits for it is told when it is resumed, and it is looked at then
	}
	resumed := before.Paused
	if resumed {
		s.resumed(ctx, id)
	}
	s.wake(ctx, id, curedBy(before, c, credential != "")...)
	if credential == "" && (resumed || looksDifferent(before, c)) {
		c = s.lookAt(ctx, c)
	}
	return c, nil
}

// putConnector keeps the credential first, under a number that nothing names yet, and
// lets the registration name it together with the address that it is for. So whoever
// opens the connector finds a pair that one caller sent, whatever crosses, fails or
// crashes between the two. One that replaces another is tried before it does; who works with the
// other meanwhile goes on, since both are kept. The credential is kept with its address besides: numbers count
// anew after a deletion. The event tells what differs from before: of the credential, its number.
func (s *Service) putConnector(ctx context.Context, by authz.Command, c, before entitlement.ConnectorConfig, credential, kind string) (entitlement.ConnectorConfig, error) {
	named, err := s.checkManagers(ctx, c, before.ResourceManagers)
	if err != nil {
		return c, err
	}
	if err := s.checkConnector(ctx, &c, credential, kind == "created"); err != nil {
		return c, err
	}

	c.MadeAccounts = c.MadeAccounts || c.MakeAccounts

	e := by.Marked(s.event(entitlement.OfConnector, string(c.ID), kind, by))
	if credential != "" {
		if c.Credential, err = s.Secrets.Put(ctx, c.ID, c.Address(), credential); err != nil {
			return c, err
		}
		if before.Credential != 0 && !c.Paused {
			if c.Check, err = s.tried(ctx, c); err != nil {
				return before, err
			}
		}
	}

	e.Changed = entitlement.Differences(before.Recorded(), c.Recorded())
	c.Chain, e = c.Chain.Append(e)
	change := entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}, Events: []entitlement.Event{e}}
	for _, id := range named {
		change.References = append(change.References, entitlement.Reference{User: id})
	}

	err = s.Store.Commit(ctx, change)
	c.Version++

	// A deletion that came meanwhile did not see this credential, which nothing will name.
	if entitlement.StalePart(err) != "" && credential != "" {
		err = errors.Join(err, s.forgetGone(ctx, c.ID))
	}
	return c, err
}

// forgetGone takes away the credential of a connector that was deleted while it was kept.
func (s *Service) forgetGone(ctx context.Context, id entitlement.ConnectorID) error {
	if _, err := s.Store.Connector(ctx, id); entitlement.KindOf(err) != entitlement.NotFound || err == nil {
		return nil
	}
	return s.Secrets.Delete(ctx, id)
}

// MaxCredential bounds a connector's credential, in bytes.
const MaxCredential = 4000

func (s *Service) checkConnector(ctx context.Context, c *entitlement.ConnectorConfig, credential string, created bool) (err error) {
	if c.DisplayName, err = entitlement.Name("displayName", c.DisplayName); err != nil {
		return err
	}

	i := slices.IndexFunc(s.Kinds, func(k entitlement.TargetKind) bool { return k.Name != "" && k.Name == c.Kind })
	if i < 0 {
		return entitlement.Errorf(entitlement.Invalid, "kind must be one of: %s.", s.kinds(", ", func(k entitlement.TargetKind) string { return k.Name }))
	}
	c.OriginSystem = s.Kinds[i].OriginSystem
	c.ConcurrentWrites = c.ConcurrentWrites || s.Kinds[i].Concurrent // and is shown as such

	switch {
	case c.VPC && !s.Kinds[i].InVPC:
		return entitlement.Errorf(entitlement.Invalid, "network: targets of the kind %s are reached by the internet; leave it at internet.", c.Kind)
	case c.VPC && !s.VPC:
		return entitlement.Errorf(entitlement.Precondition, "network: this deployment has no VPC; leave it at internet, or deploy with one first (the setting vpc).")
	}

	if err := entitlement.RoleValues("roleValues", c.RoleValues); err != nil {
		return err
	}
	if err := entitlement.RoleValues("entitlementValues", c.EntitlementValues); err != nil {
		return err
	}
	if err := entitlement.Exact("url", c.URL); err != nil {
		return err
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" && !s.Kinds[i].NotHTTP || len(c.URL) > 2048 {
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

	switch none := s.Kinds[i].NoCredential; {
	case none && credential != "":
		return entitlement.Errorf(entitlement.Invalid, "credential: connectors of the kind %s are given none; leave it out.", c.Kind)
	case len(credential) > MaxCredential || created && !none && credential == "" || strings.ContainsAny(credential, "\r\n\x00"):
		return entitlement.Errorf(entitlement.Invalid, "credential must be given, in one line of at most %d bytes.", MaxCredential)
	}

	// Last, since it takes for granted that each part is well-formed.
	return s.Targets.Probe(ctx, *c, credential)
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

// Origin is how a client names a resource at its target, and maybe a role of it.
type Origin struct {
	System      string
	Environment entitlement.ConnectorID
	ID, Role    string
}

// Target returns the connector that the origin system and the environment of a resource name,
// with the origin system as its kind writes it. Precondition: there can be no connector for
// such a resource.
func (s *Service) Target(of Origin) (entitlement.ConnectorID, string, error) {
	own := entitlement.BuiltinRegistration()

	// Groups of a tenant of Entra bear the same origin system: what tells them apart from those of
	// the built-in directory is the environment.
	if strings.EqualFold(of.System, own.OriginSystem) && (of.Environment == "" || of.Environment == own.ID) {
		return own.ID, own.OriginSystem, nil
	}

	for _, kind := range s.Kinds {
		if system, is := kind.Of(of.System); is {
			return targetOf(kind, system, of)
		}
	}
	if strings.EqualFold(of.System, own.OriginSystem) {
		return "", "", entitlement.Errorf(entitlement.Invalid, "resource.environment.id: resources of the origin system %s live in the built-in directory.", own.OriginSystem)
	}
	return "", "", entitlement.Errorf(entitlement.Invalid, "resource.originSystem must be one of: %s.", strings.Join(s.systems(), ", "))
}

// systems are the origin systems that resources may name, each once.
func (s *Service) systems() []string {
	all := []string{entitlement.BuiltinRegistration().OriginSystem}
	for _, kind := range s.Kinds {
		for _, system := range []string{kind.OriginSystem, kind.Applications} {
			if system != "" && !slices.Contains(all, system) {
				all = append(all, system)
			}
		}
	}
	return all
}

// targetOf returns the connector of a kind that a resource names.
func targetOf(kind entitlement.TargetKind, system string, of Origin) (entitlement.ConnectorID, string, error) {
	if kind.Valid != nil {
		if err := kind.Valid(of.ID, of.Role); err != nil {
			return "", "", err
		}
	}
	// Without a connector nobody can tell which of the targets of a kind is meant.
	if of.Environment == "" || of.Environment == entitlement.BuiltinConnector {
		return "", "", entitlement.Errorf(entitlement.Invalid, "resource.environment.id must name the connector of the resource.")
	}
	return of.Environment, system, nil
}

// kinds writes something of every kind in one line.
func (s *Service) kinds(between string, of func(entitlement.TargetKind) string) string {
	var all []string
	for _, kind := range s.Kinds {
		all = append(all, of(kind))
	}
	return strings.Join(all, between)
}
