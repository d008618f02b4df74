// Package sharepoint delivers to the sites of a tenant of SharePoint Online by SharePoint's REST:
// a resource is a site, by its address, and its roles are its site groups, by their numbers.
//
// Microsoft Graph cannot do this: it gives applications permissions of a site, and not people.
// SharePoint takes an application that signs in by a certificate; one with a secret it answers 401
// to everything, so that a secret is refused here.
//
// One person is put into a group, or taken out, by one call. Whether adding a member again, or
// removing somebody who is none, is a success or a refusal is not documented, and reports tell of
// 400, 404 and 500; the words may be in any language. So a refusal is explained by reading again.
//
// People are looked up by the people picker, which changes nothing. ensureUser, which answers the
// same question, is not used: it puts whoever is asked about into the list of the site's users.
// Adding somebody to a group does that as well, and taking them out leaves them in that list,
// which gives no access.
//
// The documentation that this rests on is "Users, groups, and roles REST API reference", "Avoid
// getting throttled or blocked in SharePoint Online" and "SharePoint Search REST API overview".
package sharepoint

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.SharePoint

// OriginSystem is what resources of this kind name as theirs.
const OriginSystem = kinds.OriginSharePoint

// published is what SharePoint takes of one application in a tenant of up to 1,000 licenses: 1,200
// resource units in a minute. It takes 1,200,000 in a day besides, which is less than that in
// every minute: whoever meets that limit is told to wait, by 429 and Retry-After.
var published = entitlement.Rate{Units: entitlement.Limit{Most: 1200, Window: time.Minute}}

// What calls cost. SharePoint states resource units for Microsoft Graph alone, and that its REST
// usually takes more: so a question is counted as one for several items, and a change of a group
// as one of permissions.
var (
	question = entitlement.Cost{Units: 2}
	changing = entitlement.Cost{Units: 5}
)

// Connector speaks to one tenant. It is safe for concurrent use.
type Connector struct {
	base   *url.URL // the site at which people and sites are looked up, with no slash at the end
	keys   []string // correlation keys, in order
	client *http.Client
	tokens *tokens.Source
	now    func() time.Time

	unconfirmed bool
}

// Factory returns the registry's factory for this kind. All connectors share the client,
// which must be guarded as outbound.Client is, and the tokens that were fetched: a token
// belongs to the credential that it was fetched with, so one that was changed is in force at once.
func Factory(client *http.Client, private bool) connector.Factory {
	kept := &tokens.Cache{}
	return func(cfg entitlement.ConnectorConfig, secret string) (connector.Connector, error) {
		base, err := outbound.ParseURL(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		return open(base, secret, cfg, client, private, kept)
	}
}

// keptCredential is what the registry gives instead of a credential that it does not know.
const keptCredential = "kept"

func open(base *url.URL, secret string, cfg entitlement.ConnectorConfig, client *http.Client, private bool, kept *tokens.Cache) (*Connector, error) {
	if len(cfg.CorrelationKeys) == 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A connector of SharePoint needs at least one correlation key.")
	}
	for _, key := range cfg.CorrelationKeys {
		if _, known := lookups[key]; !known {
			return nil, entitlement.Errorf(entitlement.Invalid, "SharePoint cannot be asked for people by %q; the keys are userName and mail.", key)
		}
	}
	// What would have no effect is refused, and not kept as if it had.
	switch {
	case cfg.ValueListRemoval:
		return nil, entitlement.Errorf(entitlement.Invalid, "removalForm: SharePoint takes members out one by one; leave it at memberPath.")
	case cfg.InviteEverybody:
		return nil, entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited at SharePoint; leave it at guests.")
	case cfg.MakeAccounts || cfg.DeleteAccounts:
		return nil, entitlement.Errorf(entitlement.Invalid, "accounts, accountsAtEnd: no accounts are made at SharePoint; leave them at existing and disabled.")
	case len(cfg.RoleValues) > 0 || len(cfg.EntitlementValues) > 0:
		return nil, entitlement.Errorf(entitlement.Invalid, "roleValues and entitlementValues: the roles of a site are its groups; leave them out.")
	}

	c := &Connector{
		base:   &url.URL{Scheme: base.Scheme, Host: base.Host},
		keys:   slices.Clone(cfg.CorrelationKeys),
		client: client,
		now:    time.Now,

		unconfirmed: cfg.Unconfirmed,
	}
	path, err := sitePath(base)
	if err != nil {
		return nil, entitlement.Errorf(entitlement.Invalid, "url must be the address of a site of the tenant, such as https://contoso.sharepoint.com.")
	}
	c.base.Path = path
	if secret == keptCredential {
		return c, nil
	}
	credential, err := readCredential(secret, c.base, private)
	if err != nil {
		return nil, err
	}
	c.tokens = kept.Of(c.base.Host, secret, func() *tokens.Source { return newTokens(credential, client) })
	return c, nil
}

// New returns a connector for the tenant of the site at base, with a credential as readCredential
// reads it.
func New(base *url.URL, secret string, cfg entitlement.ConnectorConfig, client *http.Client, private bool) (*Connector, error) {
	return open(base, secret, cfg, client, private, &tokens.Cache{})
}

// Describe returns what SharePoint can do. Changes of one group do not undo each other: each
// member is added and removed alone. A login name holds the principal name, and follows it.
func (c *Connector) Describe() connector.Capabilities {
	can := connector.Capabilities{MaxBatch: 1, Renames: true, Lists: connector.Every, Unconfirmed: c.unconfirmed, Rate: &published, Costs: costs}
	for _, w := range ways {
		can.Ways = append(can.Ways, w.name)
	}
	return can
}

func costs(_ entitlement.RoleRef, ops []connector.Op) entitlement.Cost {
	return entitlement.Cost{Units: changing.Units * len(ops)}
}

// claim is what a login name of SharePoint begins with that is of a person of the tenant, or of a
// guest. Groups, "everyone" and applications have others.
const claim = "i:0#.f|membership|"

// isLogin reports a login name of a person.
func isLogin(p connector.PrincipalRef) bool {
	name, is := strings.CutPrefix(string(p), claim)
	return is && name != "" && !strings.ContainsAny(name, "|\r\n")
}
