package msgraph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The roles of a group; a role's id is its prefix and the group's id, as Graph's own
// entitlement management writes it.
const (
	memberPrefix = "Member_"
	ownerPrefix  = "Owner_"
)

// defaultAccess is the role of an application that defines none for people.
const defaultAccess = "00000000-0000-0000-0000-000000000000"

// aim is a role of a resource.
type aim struct {
	resource string
	rel      string // of a group: members or owners; "" for an application
	appRole  string
}

// path is where the resource is.
func (a aim) path() string {
	if a.rel != "" {
		return "/groups/" + a.resource
	}
	return "/servicePrincipals/" + a.resource
}

// kinds is where resources of the sort are listed.
func (a aim) kinds() string { return a.path()[:strings.LastIndex(a.path(), "/")] }

// aimOf reads a role. An id that could mean another address is none.
func aimOf(role entitlement.RoleRef) (aim, error) {
	a := aim{resource: role.Resource}
	switch {
	case !isGUID(role.Resource):
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "Nothing in Microsoft Graph has this id: it must be a UUID.", Permanent: true}
		return a, connector.Fail(entitlement.Invalid, "msgraph: read role", refusal, nil)
	case role.Role == memberPrefix+role.Resource:
		a.rel = "members"
	case role.Role == ownerPrefix+role.Resource:
		a.rel = "owners"
	case isGUID(role.Role):
		a.appRole = role.Role
	default:
		return a, entitlement.Errorf(entitlement.Invalid, "A resource of Microsoft Graph has no role %q: a group has %s and %s before its id, an application the ids of its roles.", role.Role, memberPrefix, ownerPrefix)
	}
	return a, nil
}

var (
	askResource = outbound.Operation{Op: "msgraph: read resource", What: "for a group or an application"}
	askWitness  = outbound.Operation{Op: "msgraph: read others", What: "for others"}

	errNoWitness = errors.New("status 404 in Graph's form, of an address of which nothing else is known to work")
)

const (
	groupFields = "id,displayName,description,groupTypes,securityEnabled,mailEnabled,onPremisesSyncEnabled,membershipRule,isAssignableToRole"
	appFields   = "id,displayName,description,accountEnabled,appRoles"
)

// group is a group as Graph shows it.
type group struct {
	ID, DisplayName, Description string
	GroupTypes                   []string
	SecurityEnabled, MailEnabled bool
	OnPremisesSyncEnabled        bool
	MembershipRule               string
	IsAssignableToRole           bool
}

// noResource says why access packages cannot give roles of the group (R10, R11); "" where they can.
func (g group) noResource() string {
	sort := entitlement.GroupSort{
		Unified:     slices.Contains(g.GroupTypes, "Unified"),
		Dynamic:     slices.Contains(g.GroupTypes, "DynamicMembership"),
		MailEnabled: g.MailEnabled,
		NoSecurity:  !g.SecurityEnabled,
		Synced:      g.OnPremisesSyncEnabled,
	}
	if why := sort.NoResource(); why != "" {
		return why
	}
	if g.IsAssignableToRole {
		return "Roles of Microsoft Entra can be assigned to the group, so who changes its members changes administrators: it is not given by access packages. Offer another group."
	}
	return ""
}

func (g group) describe() connector.Resource {
	return connector.Resource{OriginID: g.ID, OriginSystem: OriginGroup, DisplayName: g.DisplayName, Description: g.Description, Roles: []connector.Role{
		{OriginID: memberPrefix + g.ID, DisplayName: "Member"},
		{OriginID: ownerPrefix + g.ID, DisplayName: "Owner"},
	}}
}

// app is a service principal as Graph shows it.
type app struct {
	ID, DisplayName, Description string
	AccountEnabled               *bool
	AppRoles                     []struct {
		ID, DisplayName    string
		IsEnabled          bool
		AllowedMemberTypes []string
	}
}

// noResource says why the application's roles cannot be given; "" where they can.
func (a app) noResource() string {
	if a.AccountEnabled != nil && !*a.AccountEnabled {
		return "The application is disabled: nobody can sign in to it. Enable it in Microsoft Entra, or offer another."
	}
	return ""
}

// describe returns an application with its roles for people; with default access where it
// defines none at all for them.
func (a app) describe() connector.Resource {
	r := connector.Resource{OriginID: a.ID, OriginSystem: OriginApplication, DisplayName: a.DisplayName, Description: a.Description}
	for _, role := range a.AppRoles {
		if role.IsEnabled && slices.Contains(role.AllowedMemberTypes, "User") && isGUID(role.ID) {
			r.Roles = append(r.Roles, connector.Role{OriginID: role.ID, DisplayName: role.DisplayName})
		}
	}
	if len(r.Roles) == 0 {
		r.Roles = []connector.Role{{OriginID: defaultAccess, DisplayName: "Default access"}}
	}
	return r
}

// Resource looks up a group, or an application, by its object id.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	if !isGUID(originID) {
		return connector.Resource{}, entitlement.Errorf(entitlement.Invalid, "resource.originId must be the object id of a group, or of a service principal: a UUID.")
	}
	answered, err := c.questions(ctx, askResource, []request{
		get("/groups/"+originID, url.Values{"$select": {groupFields}}),
		get("/servicePrincipals/"+originID, url.Values{"$select": {appFields}}),
	})
	if err != nil {
		return connector.Resource{}, err
	}

	for i, a := range answered {
		switch {
		case a.status == http.StatusNotFound:
			continue
		case a.failed() != nil:
			return connector.Resource{}, explain(askResource, a.failed())
		case i == 0:
			return described(originID, a, group.noResource, group.describe)
		}
		return described(originID, a, app.noResource, app.describe)
	}
	return connector.Resource{}, c.missing(ctx, askResource, aim{resource: originID, rel: "members"}, answered[0].failed())
}

// described reads a resource of either sort.
func described[T any](id string, a reply, refuse func(T) string, describe func(T) connector.Resource) (connector.Resource, error) {
	var found T
	if err := a.decode(askResource, &found); err != nil {
		return connector.Resource{}, err
	}
	r := describe(found)
	// Another one than was asked for would put the wrong one into a package.
	if !strings.EqualFold(r.OriginID, id) {
		return connector.Resource{}, askResource.NotUnderstood(a.status, errOtherID)
	}
	if why := refuse(found); why != "" {
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "%s", why)
	}
	if r.DisplayName == "" {
		r.DisplayName = id
	}
	return r, nil
}

// missing returns the error of an answer, in Graph's own form and from the resource's own
// address, that the resource is not there. Access may end on that word, so it counts only
// where Graph answers for something else: for others of the sort, or for accounts.
func (c *Connector) missing(ctx context.Context, ask outbound.Operation, a aim, cause error) error {
	if !c.showsOthers(ctx, a.kinds(), a.resource) && !c.showsOthers(ctx, "/users", a.resource) {
		return ask.NotUnderstood(http.StatusNotFound, errNoWitness)
	}
	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Permanent: true, Detail: fmt.Sprintf(
		"The resource is not there at the target: asked %s, it answered status 404, while it answers for others.", ask.What)}
	return connector.Fail(entitlement.NotFound, ask.Op, refusal, cause)
}

func (c *Connector) showsOthers(ctx context.Context, path, but string) bool {
	type entry struct{ ID string }
	some, _, err := list[entry](ctx, c, askWitness, get(path, url.Values{"$select": {"id"}, "$top": {"2"}}), 1)
	return err == nil && len(some) > 0 && !slices.Contains(some, entry{but}) && !slices.Contains(some, entry{})
}

// why reads what may stand in the way of a change of a resource: that it is not there, which
// is an error, or that it is none that can be changed, which is a sentence.
func (c *Connector) why(ctx context.Context, a aim) (string, error) {
	if a.rel == "" {
		return reason(ctx, c, a, appFields, func(found app) (string, string) { return found.ID, found.noResource() })
	}
	return reason(ctx, c, a, groupFields, func(found group) (string, string) { return found.ID, found.noResource() })
}

func reason[T any](ctx context.Context, c *Connector, a aim, fields string, read func(T) (id, why string)) (string, error) {
	var raw json.RawMessage
	err := c.ask(ctx, askResource, get(a.path(), url.Values{"$select": {fields}}), &raw)
	switch {
	case isMissing(err):
		return "", c.missing(ctx, askResource, a, err)
	case err != nil:
		return "", explain(askResource, err)
	}
	var found T
	if err := json.Unmarshal(raw, &found); err != nil {
		return "", askResource.NotUnderstood(http.StatusOK, err)
	}
	id, why := read(found)
	if !strings.EqualFold(id, a.resource) {
		return "", askResource.NotUnderstood(http.StatusOK, errOtherID)
	}
	return why, nil
}
