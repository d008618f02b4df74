package scim

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var errOtherID = errors.New("the answer is about another id than the one asked for")

// Resource looks up a group. Every group of a SCIM server can be granted.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	const op = "scim: read group"
	path, err := groupPath(op, originID)
	if err != nil {
		return connector.Resource{}, err
	}

	var group struct{ ID, DisplayName string }
	err = c.getJSON(ctx, op, path, url.Values{"attributes": {"id,displayName"}}, &group)
	if err != nil {
		return connector.Resource{}, explain(op, err, connector.ResourceMissing, "There is no group of that id at the target.")
	}
	if group.ID != originID {
		return connector.Resource{}, outbound.BadAnswer(op, errOtherID)
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
