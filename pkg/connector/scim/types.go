package scim

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// A server says at /ResourceTypes what it has, and where (RFC 7643, 6). Most have accounts at /Users and
// groups at /Groups, and some have them elsewhere, or no groups at all. What was found is kept with
// the connector among the features of its check, and is where everything is asked from then on.

var askTypes = outbound.Operation{Op: "scim: read resource types", What: "for its resource types"}

// typeMark begins a feature that names a resource type; its name and " at " and the endpoint follow.
const typeMark = "resource type "

const (
	typeUser  = "User"
	typeGroup = "Group"
)

// endpoints are where a server has its accounts and groups, as paths below its base.
type endpoints struct {
	users, groups string
	noGroups      bool // it names its resource types, and Group is none of them
}

// endpointsOf returns what is known by the features of a check; what the standard's examples have
// where nothing is.
func endpointsOf(features []string) endpoints {
	at := endpoints{users: "/Users", groups: "/Groups"}
	named, groups := false, false
	for _, f := range features {
		described, is := strings.CutPrefix(f, typeMark)
		name, path, told := strings.Cut(described, " at ")
		if !is || !told {
			continue
		}
		named = true
		switch name {
		case typeUser:
			at.users = path
		case typeGroup:
			at.groups, groups = path, true
		}
	}
	at.noGroups = named && !groups
	return at
}

// refusesGroups is the reason why no group can be granted at a server that has none.
const refusesGroups = "The target says at /ResourceTypes that it has no groups. Its applications can be granted; if it has groups by now, have the connector checked again."

// noGroups returns the refusal of a group where the server has none.
func (c *Connector) noGroups(ask outbound.Operation) error {
	if !c.at.noGroups {
		return nil
	}
	return connector.Fail(entitlement.Precondition, ask.Op, &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: refusesGroups}, nil)
}

// types reads which resource types the server names. One that names none, or has no accounts among
// those that it names, is taken to be as most are.
func (s *survey) types(ctx context.Context) error {
	var answer list[struct{ Name, Endpoint, Schema string }]
	if err := s.c.getJSON(ctx, askTypes, "/ResourceTypes", nil, &answer); err != nil {
		return tolerable(err)
	}

	var found []string
	people := false
	for _, t := range answer.Resources {
		name := map[string]string{schemaUser: typeUser, schemaGroup: typeGroup}[t.Schema]
		path, ok := s.c.below(t.Endpoint)
		feature := typeMark + name + " at " + path
		if name == "" || !ok || slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, typeMark+name+" ") }) {
			continue
		}
		people = people || name == typeUser
		found = append(found, feature)
	}
	if people {
		s.found.Features = append(s.found.Features, found...)
		s.at = endpointsOf(found)
	}
	return nil
}

var usualPath = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]{0,63}){1,4}$`)

// below returns an endpoint as a path below the server's base. Some servers write their whole address
// before it, or the path of their base. What leads anywhere else is none of theirs.
func (c *Connector) below(endpoint string) (string, bool) {
	base, err := url.Parse(c.base)
	if err != nil {
		return "", false
	}
	path := strings.TrimPrefix(endpoint, c.base)
	if strings.HasPrefix(path, base.Path+"/") && base.Path != "" {
		path = strings.TrimPrefix(path, base.Path)
	}
	if !strings.HasPrefix(path, "/") && path == endpoint {
		path = "/" + path
	}
	return path, usualPath.MatchString(path)
}
