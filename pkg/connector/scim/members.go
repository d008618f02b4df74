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

var askMembers = outbound.Operation{Op: "scim: read members", What: "for the members of a group"}

// byMembers reads the group's list of members. A list that is too long to be read to its
// end says nothing of those who were not seen, and a group without a list nothing at all,
// unless the server's schema promises one.
func (c *Connector) byMembers(ctx context.Context, group string, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	path, err := c.groupPath(askMembers, group)
	if err != nil {
		return nil, err
	}

	scan := memberScan{below: c.at.groups, found: map[connector.PrincipalRef]bool{}}
	for _, p := range who {
		scan.found[p] = false
	}
	_, err = c.get(ctx, askMembers, path, url.Values{"attributes": {"id,members"}}, c.maxMembers(), scan.read)

	// A body that is cut off at the bound is no failure: what was read of it was there.
	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isMissing(err):
		return nil, c.groupMissing(ctx, askMembers, group, err)
	case declined(err) != nil:
		return unknown(len(who)), nil
	case err != nil && tooLarge == nil:
		return nil, explain(askMembers, err)
	case tooLarge == nil && string(scan.id) != group:
		return nil, askMembers.NotUnderstood(http.StatusOK, errOtherID)
	case string(scan.id) != group:
		return unknown(len(who)), nil
	}

	absent := presence(false)
	if tooLarge != nil || !scan.shown && !c.promises(ctx, schemaGroup, "members") {
		absent = entitlement.PresenceUnknown
	}

	told := make([]entitlement.Presence, len(who))
	for i, p := range who {
		told[i] = absent
		if scan.found[p] {
			told[i] = presence(true)
		}
	}
	return told, nil
}

// maxMembers bounds what is read of a group. A server that was seen to look for a member by a
// filter is better asked so of a large group; delivery remembers for each group which way told.
func (c *Connector) maxMembers() int64 {
	if slices.Contains(c.check.Filters, filterMember) {
		return maxAnswer
	}
	return maxGroup
}

// memberScan reads a group as a stream and keeps only what was asked for.
type memberScan struct {
	found map[connector.PrincipalRef]bool
	each  func(connector.PrincipalRef) error // of people; nil: only those of found are looked for
	below string                             // the path of groups, by which a nested one is known
	id    id
	shown bool
}

func (s *memberScan) read(body io.Reader) error {
	d := json.NewDecoder(body)
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	// Read as a stream: a list of members may be larger than what fits in memory.
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
		var member struct {
			Value id
			Type  any
			Ref   any `json:"$ref"`
		}
		if err := d.Decode(&member); err != nil {
			return err
		}
		isGroup := strings.EqualFold(textOf(member.Type), "Group") || strings.Contains(textOf(member.Ref), s.below+"/")
		if s.each != nil && !isGroup {
			if err := s.each(connector.PrincipalRef(member.Value)); err != nil {
				return err
			}
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
