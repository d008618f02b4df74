// Package identitycenter delivers to an instance of AWS IAM Identity Center: a resource is a group
// of its identity store, whose role is membership, or an AWS account of the organization, whose
// roles are the instance's permission sets.
//
// Every call is made with the credentials of a role of the instance's account, which trusts the
// function's own role for an external id alone. Calls are signed here and written by hand: the
// SDK's clients for the four services would not fit into the functions (Y10). Nothing that a
// change is answered with is taken for the state: a membership that is there already is a
// conflict, one that is not there is not found, and an account assignment is accepted first and
// made later, so that whoever asked for it is told by Poll what became of it. The documentation
// that this rests on is AWS's: the API references of Identity Store, IAM Identity Center, STS and
// Organizations with their service models, and the quotas of IAM Identity Center.
package identitycenter

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.IdentityCenter

// What resources of this kind name as their origin system.
const (
	OriginGroup   = kinds.OriginAWSGroup
	OriginAccount = kinds.OriginAWSAccount
)

// published is what AWS takes of one instance: 20 calls a second, and 15 account assignments that
// are under way. The second is kept as so many in the time that most of them take: how many are
// under way nobody tells.
var published = entitlement.Rate{Writes: entitlement.Limit{Most: 15, Window: usuallyTakes}, Units: entitlement.Limit{Most: 20, Window: time.Second}}

// usuallyTakes is within what time an account assignment is made, but for a few.
const usuallyTakes = 30 * time.Second

// Connector speaks to one instance. It is safe for concurrent use.
type Connector struct {
	at     address
	keys   []string // correlation keys, in order
	client *http.Client
	role   *assumed
	now    func() time.Time

	externalID  string
	unconfirmed bool
	makes       bool // users are made
	made        bool // or once were
	deletes     bool // and deleted where no role needs them
}

// Factory returns the registry's factory for this kind. All connectors share the client, which
// must be guarded as outbound.Client is, and the credentials of roles that were assumed with own,
// the function's: those belong to the external id that they were asked for with, so one that was
// changed is in force at once. Without own nothing can be called.
func Factory(client *http.Client, private bool, own aws.CredentialsProvider) connector.Factory {
	kept := &cache{}
	return func(cfg entitlement.ConnectorConfig, externalID string) (connector.Connector, error) {
		at, err := parseAddress(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		if err := checkSettings(cfg); err != nil {
			return nil, err
		}
		if !isExternalID(externalID) {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential must be the external id for which the role may be assumed: 2 to 1224 letters, digits, and signs of _+=,.@:/-")
		}

		c := &Connector{at: at, keys: slices.Clone(cfg.CorrelationKeys), client: client, now: time.Now, externalID: externalID, unconfirmed: cfg.Unconfirmed,
			makes: cfg.MakeAccounts, made: cfg.MakeAccounts || cfg.MadeAccounts, deletes: cfg.DeleteAccounts}
		c.role = kept.of(cfg.URL, externalID, func() *assumed {
			return &assumed{at: at, externalID: externalID, own: own, client: client, now: time.Now, turn: make(chan struct{}, 1)}
		})
		return c, nil
	}
}

// checkSettings refuses what could not work, and what would have no effect.
func checkSettings(cfg entitlement.ConnectorConfig) error {
	for _, key := range cfg.CorrelationKeys {
		if _, known := lookups[key]; !known {
			return entitlement.Errorf(entitlement.Invalid, "IAM Identity Center cannot be asked for people by %q; the keys are %s.", key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}

	switch {
	case len(cfg.CorrelationKeys) == 0:
		return entitlement.Errorf(entitlement.Invalid, "A connector of IAM Identity Center needs at least one correlation key.")
	case cfg.ValueListRemoval:
		return entitlement.Errorf(entitlement.Invalid, "removalForm: IAM Identity Center takes members out one by one; leave it at memberPath.")
	case cfg.InviteEverybody:
		return entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited at IAM Identity Center; leave it at guests.")
	case cfg.MakeAccounts && !slices.Contains(cfg.CorrelationKeys, "userName"):
		return entitlement.Errorf(entitlement.Invalid, "accounts: users are made by their user name, so correlationKeys must hold userName, by which they are found again.")
	case len(cfg.RoleValues) > 0 || len(cfg.EntitlementValues) > 0:
		return entitlement.Errorf(entitlement.Invalid, "roleValues and entitlementValues: the roles of an account are the permission sets of IAM Identity Center; leave them out.")
	}
	return nil
}

// isExternalID reports what AWS takes for an external id.
func isExternalID(s string) bool {
	return len(s) >= 2 && len(s) <= 1224 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@:/-", r))
	}) < 0
}

// Describe returns what the instance can do: no call changes more than one person, and each
// membership and assignment is a thing of its own, so that changes never undo each other.
func (c *Connector) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 1, Ways: []connector.Way{WayDirect, WayOfPerson, WayList}, Lists: connector.Every, Unconfirmed: c.unconfirmed, Rate: &published, Costs: costs, Accounts: c.rules()}
}
