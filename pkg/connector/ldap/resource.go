package ldap

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The roles of a group; a role's id is its prefix and the group's id.
const (
	memberPrefix = "Member_"
	ownerPrefix  = "Owner_"
)

// class is a class of groups.
type class struct {
	name    string
	members string // the attribute that holds the DNs of its members
	owners  string // that of its owners; "" where it has none
	full    bool   // it may not be empty (RFC 4519, 3.5 and 3.6)
}

// classes are all classes of groups whose members are given by their DNs. A posixGroup names
// its members by uid and is none of them; where it is a groupOfMembers besides, it is.
var classes = []class{
	{name: "group", members: "member"},
	{name: "groupOfNames", members: "member", owners: "owner", full: true},
	{name: "groupOfUniqueNames", members: "uniqueMember", owners: "owner", full: true},
	{name: "groupOfMembers", members: "member", owners: "owner"},
	{name: "groupOfEntries", members: "member", owners: "owner"},
}

// anyGroup is a filter for groups.
var anyGroup = func() string {
	var filters []string
	for _, c := range classes {
		filters = append(filters, "(objectClass="+c.name+")")
	}
	return anyOf(filters...)
}()

// group is a group as the directory shows it.
type group struct {
	id, dn, name, description string
	class                     class
	computed                  bool // its members follow from a query
}

var groupAttributes = []string{attrEntryUUID, attrObjectGUID, "objectClass", "cn", "description", "groupType"}

// appQueryGroup is the bit of groupType of a group whose members follow from a query (MS-ADTS 2.2.12).
const appQueryGroup = 0x20

// groupOf reads a group, and reports whether the entry is one.
func groupOf(e *ldapv3.Entry) (group, bool) {
	named := e.GetEqualFoldAttributeValues("objectClass")
	at := slices.IndexFunc(classes, func(c class) bool {
		return slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, c.name) })
	})
	if at < 0 {
		return group{}, false
	}

	id := idOf(e)
	bits, _ := strconv.ParseInt(e.GetEqualFoldAttributeValue("groupType"), 10, 64) // absent outside of Active Directory
	return group{id: id, dn: e.DN, class: classes[at], computed: bits&appQueryGroup != 0,
		name: clean(e.GetEqualFoldAttributeValue("cn"), id), description: clean(e.GetEqualFoldAttributeValue("description"), "")}, true
}

// why says why a group can never be given, and "" where it can.
func (c *Connector) why(g group) (connector.Reason, string) {
	switch {
	case g.computed:
		return connector.RefusedByTarget, "The members of this group follow from a query: nobody can be added to it."
	case g.class.full && c.login.placeholder == nil:
		return connector.LastMember, "A group of the class " + g.class.name + " may not be empty, so its last member could never be taken out. Give the connector a placeholder with its credential: the DN of an entry that is left in such groups."
	}
	return "", ""
}

// roles are those that a group offers.
func (g group) roles() []connector.Role {
	all := []connector.Role{{OriginID: memberPrefix + g.id, DisplayName: "Member"}}
	if g.class.owners != "" {
		all = append(all, connector.Role{OriginID: ownerPrefix + g.id, DisplayName: "Owner"})
	}
	return all
}

// clean makes a text of a directory fit to be stored: one line, bounded, visible.
func clean(text, fallback string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))

	if runes := []rune(text); len(runes) > entitlement.MaxName {
		text = string(runes[:entitlement.MaxName])
	}
	if text = strings.TrimSpace(text); text == "" {
		return fallback
	}
	return text
}

// aim is a role of a group.
type aim struct {
	group  string
	owners bool
}

// aimOf reads a role.
func aimOf(role entitlement.RoleRef) (aim, error) {
	b, is := uuidBytes(role.Resource)
	if !is || uuidText(b) != role.Resource {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "Nothing in a directory has this id: it must be the entryUUID or objectGUID of a group, in small letters.", Permanent: true}
		return aim{}, connector.Fail(entitlement.Invalid, "ldap: read role", refusal, nil)
	}
	switch role.Role {
	case memberPrefix + role.Resource:
		return aim{group: role.Resource}, nil
	case ownerPrefix + role.Resource:
		return aim{group: role.Resource, owners: true}, nil
	}
	return aim{}, entitlement.Errorf(entitlement.Invalid, "A group of a directory has no role %q: its roles are %s and %s before its id.", role.Role, memberPrefix, ownerPrefix)
}

// attribute returns the one that the role is a value of.
func (s *session) attribute(g group, a aim) (string, error) {
	switch {
	case !a.owners:
		return g.class.members, nil
	case g.class.owners != "":
		return g.class.owners, nil
	}
	return "", entitlement.Errorf(entitlement.Invalid, "A group of the class %s has no owners.", g.class.name)
}

// group looks a group up by its id.
func (s *session) group(id string) (group, error) {
	entries, err := s.entries(anyOf(byID(id)), groupAttributes...)
	switch {
	case err != nil:
		return group{}, err
	case len(entries) == 0:
		return group{}, s.missing()
	case len(entries) > 1 || idOf(entries[0]) != id || entries[0].DN == "":
		return group{}, s.strange(errOther)
	}

	g, is := groupOf(entries[0])
	if !is {
		return group{}, s.refuse(entitlement.Precondition, connector.RefusedByTarget, "The entry with this id is no group whose members are given by their DNs.")
	}
	return g, nil
}

// missing returns the error of a group that is not there. Access may end on that word, so it
// counts only where the directory shows another group.
func (s *session) missing() error {
	if err := s.witness(anyGroup); err != nil {
		return err
	}
	return s.refuse(entitlement.NotFound, connector.ResourceMissing, "The group is not there in the directory any more: asked "+s.ask.What+", it shows others, and not this one.")
}

var askGroup = outbound.Operation{Op: "ldap: read group", What: "for a group"}

// Resource looks up one group.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	if _, err := aimOf(entitlement.RoleRef{Resource: originID, Role: memberPrefix + originID}); err != nil {
		return connector.Resource{}, err
	}

	var found connector.Resource
	err := c.within(ctx, askGroup, func(s *session) error {
		g, err := s.group(originID)
		if err != nil {
			return err
		}
		if reason, detail := c.why(g); detail != "" {
			return s.refuse(entitlement.Precondition, reason, detail)
		}
		found = connector.Resource{OriginID: g.id, DisplayName: g.name, Description: g.description, Roles: g.roles()}
		return nil
	})
	return found, err
}
