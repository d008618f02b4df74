package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// OriginApplication is what applications name as their origin system. A server is an
// application whose roles are values of an attribute of its accounts.
const OriginApplication = kinds.OriginApplication

// application is one attribute of accounts whose values are roles.
type application struct{ attribute, title string }

// id is the application's as a resource: the attribute's full name (RFC 7644, 3.10), so that
// no group is taken for it.
func (a application) id() string { return schemaUser + ":" + a.attribute }

// applications are the attributes that RFC 7643, 4.1.2, knows for what an account may do.
var applications = []application{{"roles", "roles"}, {"entitlements", "entitlements"}}

// applicationOf returns the application of the id.
func applicationOf(resource string) (application, bool) {
	i := slices.IndexFunc(applications, func(a application) bool { return a.id() == resource })
	if i < 0 {
		return application{}, false
	}
	return applications[i], true
}

// valuesOf are the roles of an application: those that an administrator typed, and those that
// the server was seen to name.
func (c *Connector) valuesOf(a application) []string { return c.values[a.id()] }

// roleValues returns the roles of each application, as a registration knows them.
func roleValues(cfg entitlement.ConnectorConfig) map[string][]string {
	values := map[string][]string{
		applications[0].id(): slices.Clone(cfg.RoleValues),
		applications[1].id(): slices.Clone(cfg.EntitlementValues),
	}
	for _, found := range cfg.Check.Values {
		for _, v := range found.Values {
			if !slices.Contains(values[found.Resource], v) {
				values[found.Resource] = append(values[found.Resource], v)
			}
		}
	}
	return values
}

// describe returns an application with its roles.
func (c *Connector) describe(a application) connector.Resource {
	r := connector.Resource{OriginID: a.id(), OriginSystem: OriginApplication, DisplayName: displayName(c.name+" ("+a.title+")", a.title),
		Description: "What an account of this target may do, by its attribute " + a.attribute + "."}
	for _, v := range c.valuesOf(a) {
		r.Roles = append(r.Roles, connector.Role{OriginID: v, DisplayName: displayName(v, v)})
	}
	return r
}

// noValues says of an application without roles what to do.
func (a application) noValues() string {
	return fmt.Sprintf("No values of the attribute %s are known of this target: an administrator names them in %s of the connector, or has it checked, which reads those that the target shows.", a.attribute, a.member())
}

// member is the property of a registration in which an administrator types the roles.
func (a application) member() string {
	return map[string]string{"roles": "roleValues", "entitlements": "entitlementValues"}[a.attribute]
}

var askAccountRoles = outbound.Operation{Op: "scim: read roles", What: "for the roles of an account"}

// checkRole asks in one way who has a role of an application. The ways are those of groups,
// each asked of the account: its list of values, or a filter.
func (c *Connector) checkRole(ctx context.Context, a application, value string, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	switch in {
	case WayMembers:
		return c.byValues(ctx, a, value, who)
	case WayGroupAndMember:
		return c.byAccount(ctx, value, who, func(account, value string) string {
			return a.attribute + "[value eq " + value + "] and id eq " + account
		})
	case WayGroupAndMemberPlain:
		return c.byAccount(ctx, value, who, func(account, value string) string {
			return a.attribute + ".value eq " + value + " and id eq " + account
		})
	default:
		return unknown(len(who)), nil // the other ways are about groups alone
	}
}

// byValues reads the account's own list of values. An account that is not there has none.
func (c *Connector) byValues(ctx context.Context, a application, value string, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	promised := c.promise(schemaUser, a.attribute)

	told, err := each(ctx, who, func(ctx context.Context, p connector.PrincipalRef) (entitlement.Presence, error) {
		if !fitsPath(string(p)) {
			return entitlement.PresenceUnknown, nil
		}

		var account attributes
		err := c.getJSON(ctx, askAccountRoles, c.accountPath(p), url.Values{"attributes": {"id," + a.attribute}}, &account)
		switch {
		case isMissing(err) && c.answersForOthers(ctx, c.at.users, string(p)):
			return entitlement.PresenceAbsent, nil
		case isMissing(err):
			return entitlement.PresenceUnknown, askAccountRoles.NotUnderstood(http.StatusNotFound, errNoWitness)
		case err != nil:
			return entitlement.PresenceUnknown, err
		case textOf(attribute(account, "id")) != string(p):
			return entitlement.PresenceUnknown, askAccountRoles.NotUnderstood(http.StatusOK, errOtherID)
		}

		held := attribute(account, a.attribute)
		// Some leave an empty list out; the schema says whether this one would.
		if held == nil && !promised(ctx) {
			return entitlement.PresenceUnknown, nil
		}
		return presenceOf(held, value), nil
	})
	return told, explain(askAccountRoles, err)
}

// presenceOf looks for a value in what a server shows of an attribute: a list of objects, of
// texts, or null. A value that differs in case alone may be the same to the server, or not.
func presenceOf(held any, value string) entitlement.Presence {
	list, isList := held.([]any)
	if held != nil && !isList {
		return entitlement.PresenceUnknown
	}

	told := entitlement.PresenceAbsent
	for _, v := range list {
		switch have := valueOf(v); {
		case have == value:
			return entitlement.PresencePresent
		case strings.EqualFold(have, value):
			told = entitlement.PresenceUnknown
		}
	}
	return told
}

// valueOf returns the value of one of a multi-valued attribute, which some write as a text.
func valueOf(v any) string {
	if complex, is := v.(map[string]any); is {
		v = attribute(complex, "value")
	}
	return textOf(v)
}

// attributes are those of a resource as a server shows it.
type attributes map[string]any

// UnmarshalJSON keeps numbers as they are written: an id may be longer than a float.
func (a *attributes) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode((*map[string]any)(a))
}

// attribute returns an attribute by its name, which has no case in SCIM.
func attribute(of map[string]any, name string) any {
	if v, there := of[name]; there {
		return v
	}
	for n, v := range of {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return nil
}

// textOf returns a text, or a whole number as one.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}

// byAccount asks for the account on condition that it has the value. Whoever asks cannot see
// by an account that is not there whether a server reads the condition: so where it finds the
// account, it is asked for the same with a value that nobody has, and must not find it.
func (c *Connector) byAccount(ctx context.Context, value string, who []connector.PrincipalRef, filter func(account, value string) string) ([]entitlement.Presence, error) {
	told, err := each(ctx, who, func(ctx context.Context, p connector.PrincipalRef) (entitlement.Presence, error) {
		told, err := c.accountWith(ctx, p, filter(quote(string(p)), quote(value)))
		if err != nil || told != entitlement.PresencePresent {
			return told, err
		}
		if control, err := c.accountWith(ctx, p, filter(quote(string(p)), quote(nobodysName))); err != nil || control != entitlement.PresenceAbsent {
			return entitlement.PresenceUnknown, err
		}
		return told, nil
	})
	return told, explain(askAccountRoles, err)
}

// accountWith asks by a filter for one account.
func (c *Connector) accountWith(ctx context.Context, p connector.PrincipalRef, filter string) (entitlement.Presence, error) {
	r := &reader[groupID]{c: c, ask: askAccountRoles, path: c.at.users, id: func(u groupID) id { return u.ID },
		query: url.Values{"filter": {filter}, "attributes": {"id"}, "count": {"2"}}}
	switch err := r.more(ctx); {
	case err != nil:
		return entitlement.PresenceUnknown, err
	case len(r.all) == 0:
		return entitlement.PresenceAbsent, nil
	case len(r.all) == 1 && r.complete() && string(r.all[0].ID) == string(p):
		return entitlement.PresencePresent, nil
	}
	return entitlement.PresenceUnknown, nil
}

var askToChangeRole = outbound.Operation{Op: "scim: change roles", What: "to change a role of an account"}

// applyRole changes a role of one account by a PATCH of it (RFC 7644, 3.5.2). What is given
// must be a role that is offered; what was offered once can always be taken back.
func (c *Connector) applyRole(ctx context.Context, a application, value string, ops []connector.Op) ([]connector.Result, error) {
	if err := checkOps(ops); err != nil || len(ops) == 0 {
		return nil, err
	}
	if different := slices.ContainsFunc(ops, func(o connector.Op) bool { return o != ops[0] }); different {
		return nil, entitlement.Errorf(entitlement.Invalid, "Roles of an account are changed one account at a time.")
	}
	o := ops[0]
	if o.Grant && !slices.Contains(c.valuesOf(a), value) {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
			Detail: "The role is not offered any more: name it in " + a.member() + " of the connector, or take it out of the access package."}
		return nil, connector.Fail(entitlement.Invalid, askToChangeRole.Op, refusal, nil)
	}
	if !fitsPath(string(o.Principal)) {
		return slices.Repeat([]connector.Result{{Err: &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "An account of a SCIM server cannot have this id.", Permanent: true}}}, len(ops)), nil
	}

	// Roles of one account that cross may undo each other at a server without a lock.
	if c.serial {
		c.accounts.Lock()
		defer c.accounts.Unlock()
	}

	refusal, err := c.patchRole(ctx, a, value, o)
	if err != nil {
		return nil, err
	}
	return slices.Repeat([]connector.Result{{Err: refusal}}, len(ops)), nil
}

// patchRole sends the change of one account, and sorts what is answered.
func (c *Connector) patchRole(ctx context.Context, a application, value string, o connector.Op) (*connector.Refusal, error) {
	change := operation{Op: "add", Path: a.attribute, Value: []member{{connector.PrincipalRef(value)}}}
	switch {
	case !o.Grant && c.valueList:
		change.Op = "remove"
	case !o.Grant:
		change = operation{Op: "remove", Path: a.attribute + "[value eq " + quote(value) + "]"}
	}

	err := c.patch(ctx, askToChangeRole, c.accountPath(o.Principal), []operation{change})
	r := refusalOf(err)
	switch {
	case r == nil:
		return nil, err
	case isMissing(err):
		return c.accountMissing(ctx, o, r)
	case r.status == http.StatusNotImplemented:
		return nil, explain(askToChangeRole, err)
	}

	refusal := r.ofOne(askToChangeRole, o)
	if refusal != nil {
		refusal.Detail = strings.Replace(refusal.Detail, "this change of the group's members", "this change of the account", 1)
		refusal.Detail = strings.Replace(refusal.Detail, "take members out", "take values out", 1)
	}
	return refusal, nil
}

// accountMissing explains a 404 in SCIM's form to a change of an account: it is believed
// where the server says it twice and answers for something else.
func (c *Connector) accountMissing(ctx context.Context, o connector.Op, r *refused) (*connector.Refusal, error) {
	there, err := c.isThere(ctx, askAccount, c.at.users, string(o.Principal))
	switch {
	case err != nil:
		return nil, err
	case there:
		return r.ofOne(askToChangeRole, o), nil
	case !c.answersForOthers(ctx, c.at.users, string(o.Principal)):
		return nil, askToChangeRole.NotUnderstood(http.StatusNotFound, errNoWitness)
	}
	return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: fmt.Sprintf(
		"The person's account is not there at the target any more: asked %s, it answered status %d, and again when it was asked for the account.", askToChangeRole.What, r.status)}, nil
}

// isApplication reports the id of an application: each account's roles are its own.
func isApplication(resource string) bool {
	_, is := applicationOf(resource)
	return is
}
