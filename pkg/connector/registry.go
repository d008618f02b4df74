package connector

import (
	"context"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// Factory makes the connector of one registration. It makes no outside call.
// Invalid: the registration cannot work, and the message says why.
type Factory func(cfg entitlement.ConnectorConfig, credential string) (Connector, error)

// Configs finds registrations. NotFound: there is none of that id.
type Configs interface {
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
}

// Secrets finds credentials by their connector's id. NotFound: none was given.
type Secrets interface {
	Get(ctx context.Context, id entitlement.ConnectorID) (string, error)
}

// Registry opens connectors by id. It keeps nothing between calls: a registration or
// a credential that was changed is in force with the next Open.
type Registry struct {
	configs Configs
	secrets Secrets
	builtin Connector
	kinds   map[string]Factory
}

// NewRegistry returns a registry of the kinds given. builtin is the connector of the
// built-in directory, which needs neither registration nor credential.
func NewRegistry(configs Configs, secrets Secrets, builtin Connector, kinds map[string]Factory) *Registry {
	return &Registry{configs: configs, secrets: secrets, builtin: builtin, kinds: maps.Clone(kinds)}
}

// Open returns the connector of the id. NotFound: it is not registered. Forbidden,
// with CredentialRefused: no credential was given. Invalid: its kind is unknown, or
// its registration cannot work.
func (r *Registry) Open(ctx context.Context, id entitlement.ConnectorID) (Connector, error) {
	const op = "open connector"
	if id == entitlement.BuiltinConnector {
		return r.builtin, nil
	}

	cfg, err := r.configs.Connector(ctx, id)
	if err != nil {
		return nil, err
	}
	factory, known := r.kinds[cfg.Kind]
	if !known {
		return nil, entitlement.Errorf(entitlement.Invalid, "There is no kind of connector called %q; there are: %s.",
			cfg.Kind, strings.Join(r.Kinds(), ", "))
	}

	credential, err := r.secrets.Get(ctx, id)
	if entitlement.KindOf(err) == entitlement.NotFound {
		missing := &Refusal{Reason: CredentialRefused, Detail: "No credential is stored for this target.", Permanent: true}
		return nil, Fail(entitlement.Forbidden, op, missing, err)
	}
	if err != nil {
		return nil, err
	}
	return factory(cfg, credential)
}

// Kinds lists the kinds that can be registered, in order of name.
func (r *Registry) Kinds() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Probe reports why a registration cannot work, without calling its target. An empty
// credential stands for the one that is kept already.
func (r *Registry) Probe(cfg entitlement.ConnectorConfig, credential string) error {
	factory, known := r.kinds[cfg.Kind]
	if !known {
		return entitlement.Errorf(entitlement.Invalid, "There is no kind of connector called %q; there are: %s.", cfg.Kind, strings.Join(r.Kinds(), ", "))
	}
	if credential == "" {
		credential = "kept"
	}
	_, err := factory(cfg, credential)
	return err
}
