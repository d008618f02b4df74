package scim

import (
	"bytes"
	"context"
	"encoding/json"
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

// usually are those that the standard's examples have.
var usually = endpoints{users: "/Users", groups: "/Groups"}

// endpointsOf returns what is known by the features of a check, and the usual ones where nothing is.
func endpointsOf(features []string) endpoints {
	at := usually
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

// resourceType is what is read of one.
type resourceType struct{ Endpoint, Schema string }

// resourceTypes is the answer: a list as of a search, or as some write it after the example of the
// standard (RFC 7643, 8.6), the types alone.
type resourceTypes []resourceType

// UnmarshalJSON takes both.
func (t *resourceTypes) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]resourceType)(t))
	}
	var answer list[resourceType]
	err := json.Unmarshal(text, &answer)
	*t = answer.Resources
	return err
}

// types reads which resource types the server names. One that names none, or has no accounts among
// those that it names, is taken to be as most are.
func (s *survey) types(ctx context.Context) error {
	var named resourceTypes
	err := s.c.getJSON(ctx, askTypes, "/ResourceTypes", nil, &named)
	switch {
	// Something in front of the server may have spoken, and the steps that follow tell whether it is one.
	case err != nil && connector.RefusalOf(err).Reason == connector.NotUnderstood:
		s.remember()
		return nil
	case err != nil:
		return tolerable(err)
	}

	at := map[string]string{}
	for _, t := range named {
		name := map[string]string{schemaUser: typeUser, schemaGroup: typeGroup}[t.Schema]
		if name == "" || at[name] != "" {
			continue
		}
		if at[name], err = s.place(ctx, name, t.Endpoint); err != nil {
			return err
		}
	}
	if at[typeUser] == "" {
		return nil
	}
	for _, name := range []string{typeUser, typeGroup} {
		if at[name] != "" {
			s.names(name, at[name])
		}
	}
	return nil
}

// place returns where things of a type are, by the endpoint that the server names; "" where accounts
// are not there. A server behind something that gives it another address may name a path that
// leads nowhere from outside, so that one that is not as usual counts where a list answers.
func (s *survey) place(ctx context.Context, name, endpoint string) (string, error) {
	usual := map[string]string{typeUser: usually.users, typeGroup: usually.groups}[name]
	path, own := s.c.below(endpoint)
	if path == usual {
		return usual, nil
	}
	if own {
		var sample list[groupID]
		err := s.c.getJSON(ctx, askTypes, path, url.Values{"attributes": {"id"}, "count": {"1"}}, &sample)
		switch {
		case err == nil && sample.TotalResults != nil, declined(err) != nil:
			return path, nil
		case err != nil && !isMissing(err) && connector.RefusalOf(err).Reason != connector.NotUnderstood:
			return "", err
		}
	}
	if name == typeGroup {
		return usual, nil // it says that it has some
	}
	return "", nil
}

// names notes where things of a type are.
func (s *survey) names(name, path string) {
	s.found.Features = append(s.found.Features, typeMark+name+" at "+path)
	s.at = endpointsOf(s.found.Features)
}

// remember notes what is known by the check before of types that this one has not found: where a
// look is cut short, everything is asked for where it was.
func (s *survey) remember() {
	for _, f := range s.c.check.Features {
		described, is := strings.CutPrefix(f, typeMark)
		name, path, _ := strings.Cut(described, " at ")
		if is && !slices.ContainsFunc(s.found.Features, func(f string) bool { return strings.HasPrefix(f, typeMark+name+" ") }) {
			s.names(name, path)
		}
	}
}

var usualPath = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]{0,63}){1,4}$`)

// below returns an endpoint as a path below the server's base. Some servers write their whole address
// before it, or the path of their base. What leads anywhere else is none of theirs.
func (c *Connector) below(endpoint string) (string, bool) {
	base, err := url.Parse(c.base)
	if err != nil {
		return "", false
	}
	endpoint = strings.TrimSuffix(endpoint, "/")
	path := strings.TrimPrefix(endpoint, c.base)
	if strings.HasPrefix(path, base.Path+"/") && base.Path != "" {
		path = strings.TrimPrefix(path, base.Path)
	}
	if !strings.HasPrefix(path, "/") && path == endpoint {
		path = "/" + path
	}
	return path, usualPath.MatchString(path)
}
