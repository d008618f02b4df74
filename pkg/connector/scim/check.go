package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// perFilter is the number of people asked about in one filter, so that the URL stays
// within what servers take.
const perFilter = 20

var errTooMany = errors.New("a group was asked for and several were returned")

// wayMembers is the one way of asking.
const wayMembers connector.Way = "members"

// Check reads the group's members, see check.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	present, err := c.check(ctx, role, who)
	if err != nil {
		return nil, err
	}
	told := make([]entitlement.Presence, len(who))
	for i, is := range present {
		told[i] = entitlement.PresenceOf(is)
	}
	return told, nil
}

// check reads the group's members. A server that shows no list of them, and a group too
// large to read, is asked about the people instead.
func (c *Connector) check(ctx context.Context, role entitlement.RoleRef, who []connector.PrincipalRef) ([]bool, error) {
	const op = "scim: read members"
	group, err := groupOf(role)
	if err != nil {
		return nil, err
	}

	members, shown, err := c.members(ctx, group, who)
	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	if err != nil && tooLarge == nil {
		return nil, explain(op, err, connector.ResourceMissing, groupGone)
	}
	if !shown || tooLarge != nil {
		members, err = c.membersByFilter(ctx, group, who)
	}
	if _, ok := errors.AsType[*refused](err); ok && tooLarge == nil && c.showsMembers(ctx) {
		members, err = nil, nil // the list was left out because it is empty
	}
	if err != nil {
		return nil, explain(op, err, connector.RefusedByTarget, "The target does not show who is a member.")
	}

	present := make([]bool, len(who))
	for i, p := range who {
		present[i] = members[p]
	}
	return present, nil
}

// showsMembers reports that the server's own schema promises the members of a group to
// whoever asks for them, as this package does. It settles what is left open by a server
// that shows no list and cannot search a group that has none either.
func (c *Connector) showsMembers(ctx context.Context) bool {
	var schema struct {
		Attributes []struct{ Name, Returned string }
	}
	if err := c.getJSON(ctx, "scim: read schema", "/Schemas/"+schemaGroup, nil, &schema); err != nil {
		return false
	}
	for _, a := range schema.Attributes {
		if strings.EqualFold(a.Name, "members") {
			return slices.Contains([]string{"always", "default", "request"}, strings.ToLower(a.Returned))
		}
	}
	return false
}

// members reads who of those asked for is in the group's list of members. shown is false
// where the server sent no list: the group may be empty, or its members hidden.
func (c *Connector) members(ctx context.Context, group string, who []connector.PrincipalRef) (found map[connector.PrincipalRef]bool, shown bool, err error) {
	const op = "scim: read members"
	path, err := groupPath(op, group)
	if err != nil {
		return nil, false, err
	}

	scan := memberScan{found: map[connector.PrincipalRef]bool{}}
	for _, p := range who {
		scan.found[p] = false
	}
	err = c.get(ctx, op, path, url.Values{"attributes": {"id,members"}}, maxGroup, scan.read)
	if err == nil && scan.id != group {
		err = outbound.BadAnswer(op, errOtherID)
	}
	return scan.found, scan.shown, err
}

// memberScan reads a group as a stream and keeps only what was asked for.
type memberScan struct {
	found map[connector.PrincipalRef]bool
	id    string
	shown bool
}

func (s *memberScan) read(body io.Reader) error {
	d := json.NewDecoder(body)
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := s.attribute(d, fmt.Sprint(name)); err != nil {
			return err
		}
	}
	return expect(d, json.Delim('}'))
}

// attribute reads one attribute of the group; SCIM's attribute names have no case.
func (s *memberScan) attribute(d *json.Decoder, name string) error {
	switch {
	case strings.EqualFold(name, "id"):
		return d.Decode(&s.id)
	case strings.EqualFold(name, "members"):
		return s.list(d)
	default:
		return d.Decode(&skipped{})
	}
}

func (s *memberScan) list(d *json.Decoder) error {
	open, err := d.Token()
	if err != nil || open == nil { // null is how some write that they say nothing
		return err
	}
	if open != json.Delim('[') {
		return fmt.Errorf("members is %v", open)
	}

	s.shown = true
	for d.More() {
		var member struct{ Value string }
		if err := d.Decode(&member); err != nil {
			return err
		}
		if _, asked := s.found[connector.PrincipalRef(member.Value)]; asked {
			s.found[connector.PrincipalRef(member.Value)] = true
		}
	}
	return expect(d, json.Delim(']'))
}

// skipped is a value that nobody looks at.
type skipped struct{}

// UnmarshalJSON keeps nothing.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

func expect(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = fmt.Errorf("%v where %v belongs", got, want)
	}
	return err
}

// membersByFilter asks with filters. Most often the list was missing because nobody is
// a member, so several people are asked about at once before each one is.
func (c *Connector) membersByFilter(ctx context.Context, group string, who []connector.PrincipalRef) (map[connector.PrincipalRef]bool, error) {
	found := make(map[connector.PrincipalRef]bool, len(who))
	for chunk := range slices.Chunk(who, perFilter) {
		if len(chunk) > 1 {
			anybody, err := c.anyMember(ctx, group, chunk)
			if err == nil && !anybody {
				continue
			}
			if _, notUnderstood := errors.AsType[*refused](err); err != nil && !notUnderstood {
				return nil, err
			}
		}

		for _, p := range chunk {
			is, err := c.anyMember(ctx, group, []connector.PrincipalRef{p})
			if err != nil {
				return nil, err
			}
			found[p] = is
		}
	}
	return found, nil
}

// anyMember reports whether any of the people is a member of the group.
func (c *Connector) anyMember(ctx context.Context, group string, who []connector.PrincipalRef) (bool, error) {
	const op = "scim: ask for members"
	terms := make([]string, len(who))
	for i, p := range who {
		terms[i] = memberPath(p)
	}
	people := strings.Join(terms, " or ")
	if len(terms) > 1 {
		people = "(" + people + ")"
	}

	query := url.Values{"filter": {"id eq " + quote(group) + " and " + people}, "attributes": {"id"}}
	found, _, err := search[struct{ ID string }](ctx, c, op, "/Groups", query)
	switch {
	case err != nil:
		return false, err
	case len(found) > 1:
		return false, outbound.BadAnswer(op, errTooMany)
	case len(found) == 1 && found[0].ID != group:
		return false, outbound.BadAnswer(op, errOtherID)
	}
	return len(found) == 1, nil
}
