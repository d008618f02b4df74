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

// Kind is a kind of connector: what it is called on the wire, and what makes one.
type Kind struct {
	OriginSystem string // of its resources
	Applications string // of those of its resources that are applications; "" for none
	Open         Factory

	// Concurrent: targets of the kind keep each holder of a role by itself, so that changes of one
	// resource never undo each other.
	Concurrent bool

	// NotHTTP: its addresses are none of HTTP; Open says which they are.
	NotHTTP bool

	// Absent says why no connector of the kind can be registered, and Open is nil; "" where one
	// can. Valid refuses what no resource of the kind, and no role of it, can be named.
	Absent string
	Valid  func(originID, role string) error
}

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
	kinds   map[string]Kind
}

// NewRegistry returns a registry of the kinds given. builtin is the connector of the
// built-in directory, which needs neither registration nor credential.
func NewRegistry(configs Configs, secrets Secrets, builtin Connector, kinds map[string]Kind) *Registry {
	return &Registry{configs: configs, secrets: secrets, builtin: builtin, kinds: maps.Clone(kinds)}
}

// Paused is what is answered in place of a target that is paused.
func Paused() error {
	return Fail(entitlement.Precondition, "open connector", &Refusal{Reason: TargetPaused,
		Detail: "An administrator has paused the connector: nothing is sent to its target until it is resumed."}, nil)
}

// Open returns the connector of the id. NotFound: it is not registered. Precondition,
// with TargetPaused: it is paused. Forbidden, with CredentialRefused: no credential was given. Invalid: its kind is unknown, or
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

	// Whoever asks for it is refused here, so that nothing is sent by any way.
	if cfg.Paused {
		return nil, Paused()
	}

	kind, known := r.kinds[cfg.Kind]
	if !known || kind.Open == nil {
		return nil, entitlement.Errorf(entitlement.Invalid, "There is no kind of connector called %q; there are: %s.",
			cfg.Kind, strings.Join(r.names(), ", "))
	}

	// A credential belongs to an address: whoever changes that must give it again (A20).
	credential, err := r.secrets.Get(ctx, id, cfg.Credential, cfg.Address())
	if entitlement.KindOf(err) == entitlement.NotFound {
		missing := &Refusal{Reason: CredentialRefused, Detail: "No credential is stored for this address of the target: give the connector its credential again.", Permanent: true}
		return nil, Fail(entitlement.Forbidden, op, missing, err)
	}
	if err != nil {
		return nil, err
	}
	return kind.Open(cfg, credential)
}

// Kinds lists the kinds that there are, in order of name: those that can be registered, and
// those that are known alone.
func (r *Registry) Kinds() []entitlement.TargetKind {
	var all []entitlement.TargetKind
	for _, name := range slices.Sorted(maps.Keys(r.kinds)) {
		k := r.kinds[name]
		kind := entitlement.TargetKind{Name: name, OriginSystem: k.OriginSystem, Applications: k.Applications, Absent: k.Absent, Valid: k.Valid, Concurrent: k.Concurrent, NotHTTP: k.NotHTTP}
		if k.Open == nil {
			kind.Name = ""
		}
		all = append(all, kind)
	}
	return all
}

// names are those of the kinds that can be registered.
func (r *Registry) names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.kinds)), func(name string) bool { return r.kinds[name].Open == nil })
}

// Probe reports why a registration cannot work, without calling its target. An empty
// credential stands for the one that is kept already.
func (r *Registry) Probe(cfg entitlement.ConnectorConfig, credential string) error {
	kind, known := r.kinds[cfg.Kind]
	if !known || kind.Open == nil {
		return entitlement.Errorf(entitlement.Invalid, "There is no kind of connector called %q; there are: %s.", cfg.Kind, strings.Join(r.names(), ", "))
	}
	if credential == "" {
		credential = "kept"
	}
	_, err := kind.Open(cfg, credential)
	return err
}
