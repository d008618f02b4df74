package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

// Bounds of the picker. The place in a list is how many groups came before it, since a
// directory keeps its own places with a connection, and no longer.
const (
	maxListed  = 10_000
	surveyTime = 8 * time.Second
)

var (
	askGroups = outbound.Operation{Op: "ldap: list groups", What: "for its groups"}
	askSelf   = outbound.Operation{Op: "ldap: describe", What: "what it is"}
)

// ListResources returns a piece of the directory's groups.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	skip := 0
	if q.Token != "" {
		n, err := strconv.Atoi(q.Token)
		if err != nil || n < 1 || n >= maxListed || strconv.Itoa(n) != q.Token {
			return connector.ResourcePage{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of the groups of a directory.")
		}
		skip = n
	}
	limit := min(max(q.Limit, 1), entitlement.PageSize)

	filter := anyGroup
	if q.Search != "" {
		part := "=*" + ldapv3.EscapeFilter(q.Search) + "*)"
		filter = allOf(anyGroup, anyOf("(cn"+part, "(description"+part))
	}

	var page connector.ResourcePage
	err := c.within(ctx, askGroups, func(s *session) error {
		seen, twice := 0, map[string]bool{}
		ended, err := s.search(filter, maxListed/searchPage, func(entries []*ldapv3.Entry) bool {
			for _, e := range entries {
				if seen++; seen <= skip {
					continue
				}
				if len(page.Items) == limit {
					page.Next = strconv.Itoa(seen - 1)
					return true
				}
				if offer, is := c.offerOf(e); is && !twice[offer.OriginID] {
					twice[offer.OriginID] = true
					page.Items = append(page.Items, offer)
				}
			}
			return false
		}, groupAttributes...)
		// A directory that shows nothing is none that has no groups.
		if err == nil && ended && seen == 0 {
			return s.witness(anyPerson)
		}
		return err
	})
	if err != nil {
		return connector.ResourcePage{}, err
	}
	if n, _ := strconv.Atoi(page.Next); n >= maxListed {
		page.Next = "" // who looks for more than this types a part of the name
	}
	return page, nil
}

// offerOf is a group as it can be picked, with the reason where it cannot. What has no id
// cannot be named at all.
func (c *Connector) offerOf(e *ldapv3.Entry) (entitlement.TargetOffer, bool) {
	g, is := groupOf(e)
	if !is || g.id == "" {
		return entitlement.TargetOffer{}, false
	}
	offer := entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: g.id, OriginSystem: OriginSystem, DisplayName: g.name, Description: g.description}}
	if _, offer.Reason = c.why(g); offer.Reason == "" {
		for _, r := range g.roles() {
			offer.Roles = append(offer.Roles, entitlement.ResourceRole{OriginID: r.OriginID, DisplayName: r.DisplayName})
		}
	}
	return offer, true
}

// capabilityAD is what Active Directory says of itself (MS-ADTS 3.1.1.3.4.3).
const capabilityAD = "1.2.840.113556.1.4.800"

// Survey asks the directory what it is, for a group and who is in it, for the placeholder, and
// for nobody by each of the connector's keys. It changes nothing there.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	found := entitlement.TargetCheck{At: c.now(), Dialect: "LDAP"}
	err := c.within(ctx, askSelf, func(s *session) error {
		// What stands for the whole directory stops the look; what is found until then is kept.
		for _, step := range []func(*entitlement.TargetCheck) error{s.describes, s.shows, s.finds} {
			if err := step(&found); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		connector.Stopped(&found, err)
	}
	return found
}

// describes reads the root DSE.
func (s *session) describes(found *entitlement.TargetCheck) error {
	request := ldapv3.NewSearchRequest("", ldapv3.ScopeBaseObject, ldapv3.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{"supportedControl", "supportedCapabilities"}, nil)
	answer, err := s.conn.Search(request)
	if err != nil {
		return s.failed(err)
	}
	if len(answer.Entries) != 1 {
		return nil // it does not say
	}

	root := answer.Entries[0]
	if slices.Contains(root.GetEqualFoldAttributeValues("supportedCapabilities"), capabilityAD) {
		found.Dialect = "Active Directory"
	}
	for _, of := range []struct{ oid, name string }{{ldapv3.ControlTypePaging, "paged results"}, {ldapv3.ControlTypeMicrosoftPermissiveModify, "permissive modify"}} {
		if slices.Contains(root.GetEqualFoldAttributeValues("supportedControl"), of.oid) {
			found.Features = append(found.Features, of.name)
		}
	}
	return nil
}

// shows looks at one group, and at the placeholder.
func (s *session) shows(found *entitlement.TargetCheck) error {
	if err := s.witness(anyPerson); err != nil {
		return err
	}
	found.Shows = append(found.Shows, "people")

	var one *group
	_, err := s.search(anyGroup, 1, func(entries []*ldapv3.Entry) bool {
		for _, e := range entries {
			if g, is := groupOf(e); is && g.id != "" && one == nil {
				one = &g
			}
		}
		return true
	}, groupAttributes...)
	if err != nil || one == nil {
		return err
	}
	found.Shows = append(found.Shows, "groups")

	members := 0
	if _, err := s.values(*one, one.class.members, func(string) { members++ }); err != nil {
		return err
	}
	if members > 0 {
		found.Shows = append(found.Shows, "members")
	}
	if s.c.login.placeholder == nil {
		return nil
	}
	if _, err := s.standIn(modification{group: *one, attribute: one.class.members}); err != nil {
		return err
	}
	found.Features = append(found.Features, "placeholder "+clean(s.c.login.placeholder.String(), ""))
	return nil
}

// finds asks for nobody by each key.
func (s *session) finds(found *entitlement.TargetCheck) error {
	for _, key := range s.c.keys {
		entries, err := s.entries(lookups[key].filter("leasehold-asks-for-what-is-not-there"), attrEntryUUID, attrObjectGUID)
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			return s.strange(errOther)
		}
		found.Filters = append(found.Filters, fmt.Sprintf("people by %s (%s)", key, strings.ReplaceAll(lookups[key].name(), ", ", " or ")))
	}
	return nil
}
