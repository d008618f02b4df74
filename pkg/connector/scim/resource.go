package scim

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Resource looks up a group, or an application. Every group of a SCIM server can be granted;
// an application has the roles that are known of it.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	if a, is := applicationOf(originID); is {
		if len(c.valuesOf(a)) == 0 {
			return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "%s", a.noValues())
		}
		return c.describe(a), nil
	}

	path, err := c.groupPath(askGroup, originID)
	if err != nil {
		return connector.Resource{}, err
	}

	var group struct {
		ID          id
		DisplayName string
	}
	err = c.getJSON(ctx, askGroup, path, url.Values{"attributes": {"id,displayName"}}, &group)
	switch {
	case isMissing(err):
		return connector.Resource{}, c.groupMissing(ctx, askGroup, originID, err)
	case err != nil:
		return connector.Resource{}, explain(askGroup, err)
	// A server that answers with another group would have the wrong one put into a package.
	case string(group.ID) != originID:
		return connector.Resource{}, askGroup.NotUnderstood(http.StatusOK, errOtherID)
	}
	return connector.Resource{
		OriginID:    originID,
		DisplayName: displayName(group.DisplayName, originID),
		Roles:       []connector.Role{{OriginID: rolePrefix + originID, DisplayName: roleName}},
	}, nil
}

// displayName makes the name that a target gives fit to be stored: one line, bounded, visible.
func displayName(name, fallback string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, ""))

	// By runes, so that no letter is cut in two.
	if runes := []rune(name); len(runes) > entitlement.MaxName {
		name = string(runes[:entitlement.MaxName])
	}
	if name = strings.TrimSpace(name); name == "" {
		return fallback
	}
	return name
}

// groupOf returns the group that the role is membership of.
func groupOf(role entitlement.RoleRef) (string, error) {
	if role.Role != rolePrefix+role.Resource {
		return "", entitlement.Errorf(entitlement.Invalid, "A group of a SCIM server has one role, %s%s.", rolePrefix, role.Resource)
	}
	return role.Resource, nil
}
