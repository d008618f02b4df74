package connector

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/entitlement"
)

// Factory makes the connector of one registration. It makes no outside call.
// Invalid: the registration cannot work, and the message says why.
type Factory func(cfg entitlement.ConnectorConfig, credential string) (Connector, error)

// Configs finds registrations. NotFound: there is none of that id.
type Configs interface {
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
}

// Secrets finds the credential of a connector that has the number and was given for the
// address. NotFound: there is none.
type Secrets interface {
	Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error)
}

// Registry opens connectors by id. It keeps nothing between calls: a registration or
// a credential that was changed is in force with the next Open. An address is only ever
// opened with the credential that was given for it.
type Registry struct {
	configs Configs
	secrets Secrets
	builtin Connector
	kinds   map[string]Factory
	vpc     bool // it opens connectors in the deployment's VPC, and no others
}

// NewRegistry returns a registry of the kinds given, by name. builtin is the connector of the
// built-in directory, which needs neither registration nor credential.
func NewRegistry(configs Configs, secrets Secrets, builtin Connector, kinds map[string]Factory) *Registry {
	return &Registry{configs: configs, secrets: secrets, builtin: builtin, kinds: maps.Clone(kinds)}
}

// InVPC returns the same registry for a function in the deployment's VPC.
func (r *Registry) InVPC() *Registry {
	inside := *r
	inside.vpc = true
	return &inside
}

// errOtherNetwork: the connector is reached from a network that this function is not in.
var errOtherNetwork = errors.New("the connector is of another network")

// IsOtherNetwork reports that a connector was not opened since a function of another network does.
func IsOtherNetwork(err error) bool { return errors.Is(err, errOtherNetwork) }

// Paused is what is answered in place of a target that is paused.
func Paused() error {
	return Fail(entitlement.Precondition, "open connector", &Refusal{Reason: TargetPaused,
		Detail: "An administrator has paused the connector: nothing is sent to its target until it is resumed."}, nil)
}

// Open returns the connector of the id. NotFound: it is not registered. Precondition,
// with TargetPaused: it is paused. Precondition, and IsOtherNetwork: it is not called from here. Forbidden, with CredentialRefused: no credential was given. Invalid: its kind is unknown, or
// its registration cannot work.
func (r *Registry) Open(ctx context.Context, id entitlement.ConnectorID) (Connector, error) {
	if id == entitlement.BuiltinConnector {
		return r.builtin, nil
	}

	cfg, err := r.configs.Connector(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.OpenAs(ctx, cfg)
}

// OpenAs returns the connector of a registration, which may be one that is not kept yet but for
// its credential. Its errors are those of Open.
func (r *Registry) OpenAs(ctx context.Context, cfg entitlement.ConnectorConfig) (Connector, error) {
	const op = "open connector"

	// Whoever asks for it is refused here, so that nothing is sent by any way.
	if cfg.Paused {
		return nil, Paused()
	}

	if cfg.VPC != r.vpc {
		return nil, Fail(entitlement.Precondition, op, &Refusal{Reason: TargetUnavailable,
			Detail: "The connector's network is not one that it can be called from: deploy with a VPC (the setting vpc), or change its network."}, errOtherNetwork)
	}

	open, err := r.factory(cfg.Kind)
	if err != nil {
		return nil, err
	}

	if kinds.WithoutCredential(cfg.Kind) {
		return open(cfg, "")
	}

	// A credential belongs to an address: whoever changes that must give it again (A20).
	credential, err := r.secrets.Get(ctx, cfg.ID, cfg.Credential, cfg.Address())
	if entitlement.KindOf(err) == entitlement.NotFound {
		missing := &Refusal{Reason: CredentialRefused, Detail: "No credential is stored for this address of the target: give the connector its credential again.", Permanent: true}
		return nil, Fail(entitlement.Forbidden, op, missing, err)
	}
	if err != nil {
		return nil, err
	}
	return open(cfg, credential)
}

// factory returns what makes connectors of a kind.
func (r *Registry) factory(kind string) (Factory, error) {
	if open := r.kinds[kind]; open != nil {
		return open, nil
	}
	return nil, entitlement.Errorf(entitlement.Invalid, "There is no kind of connector called %q; there are: %s.", kind,
		strings.Join(slices.Sorted(maps.Keys(r.kinds)), ", "))
}

// Probe reports why a registration cannot work, without calling its target. An empty
// credential stands for the one that is kept already.
func (r *Registry) Probe(cfg entitlement.ConnectorConfig, credential string) error {
	open, err := r.factory(cfg.Kind)
	if err != nil {
		return err
	}
	if credential == "" && !kinds.WithoutCredential(cfg.Kind) {
		credential = "kept"
	}
	_, err = open(cfg, credential)
	return err
}
