package scim

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// The ways of asking who is a member of a group.
const (
	// WayMembers reads the group's list of members.
	WayMembers connector.Way = "members"
	// WayGroupAndMember asks for the group with a member: id eq "g" and members[value eq "u"].
	WayGroupAndMember connector.Way = "group-and-member"
	// WayGroupAndMemberPlain asks the same without a value path, which is all that some
	// servers read: id eq "g" and members eq "u".
	WayGroupAndMemberPlain connector.Way = "group-and-member-plain"
	// WayMember asks for all groups of a member: members.value eq "u".
	WayMember connector.Way = "member"
	// WayUserGroups reads the person's own list of groups.
	WayUserGroups connector.Way = "user-groups"
)

// way is one way of asking.
type way struct {
	name connector.Way
	ask  func(c *Connector, ctx context.Context, group string, who []connector.PrincipalRef) ([]entitlement.Presence, error)
}

// ways are all of them, the best first.
var ways = []way{
	{WayMembers, (*Connector).byMembers},
	{WayGroupAndMember, byFilter(func(group, who string) string { return "id eq " + group + " and members[value eq " + who + "]" })},
	{WayGroupAndMemberPlain, byFilter(func(group, who string) string { return "id eq " + group + " and members eq " + who })},
	{WayMember, (*Connector).byGroupsOf},
	{WayUserGroups, (*Connector).byUser},
}

// Bounds of questions about one person each: how many are asked one at a time before the
// server is given up, and how many are asked at a time of one that answers.
const (
	firstAlone = 3
	sideBySide = 4
)

// besides calls ask from one number up to another, some at a time, and returns the first
// error; the calls that have not begun by then are not made.
func besides(ctx context.Context, from, to int, ask func(context.Context, int) error) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(sideBySide)
	for i := from; i < to; i++ {
		g.Go(func() error {
			// Somebody else's question failed, and nothing more can come of this one.
			if within.Err() != nil {
				return nil
			}
			return ask(within, i)
		})
	}

	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// Check asks who is a member of the group in one way, and repeats what is answered. What
// the server does not say, and a way that it does not know, is unknown.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, in connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	at := slices.IndexFunc(ways, func(w way) bool { return w.name == in })
	if at < 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A SCIM server cannot be asked who is a member by %q.", in)
	}
	if a, is := applicationOf(role.Resource); is {
		if len(who) == 0 {
			return nil, nil
		}
		return c.checkRole(ctx, a, role.Role, in, who)
	}

	group, err := groupOf(role)
	if err != nil {
		return nil, err
	}
	if !fitsPath(group) {
		_, err := c.groupPath(askMembers, group)
		return nil, err
	}

	if len(who) == 0 {
		return nil, nil
	}

	return ways[at].ask(c, ctx, group, who)
}

// unknown is the answer of a way that tells nothing of n people.
func unknown(n int) []entitlement.Presence {
	return slices.Repeat([]entitlement.Presence{entitlement.PresenceUnknown}, n)
}

func presence(is bool) entitlement.Presence {
	if is {
		return entitlement.PresencePresent
	}
	return entitlement.PresenceAbsent
}

// each asks about one person after the other: one at a time until the server knows the
// way, since one that does not, or that does not answer, needs no more questions, and then
// about the others side by side.
func each(ctx context.Context, who []connector.PrincipalRef, ask func(context.Context, connector.PrincipalRef) (entitlement.Presence, error)) ([]entitlement.Presence, error) {
	told := unknown(len(who))
	one := func(ctx context.Context, i int) (known bool, err error) {
		answer, err := ask(ctx, who[i])
		if declined(err) != nil {
			return false, nil
		}
		told[i] = answer
		return true, err
	}

	// A way that is not understood costs a few questions, and not one for each person.
	next, known := 0, false
	for ; !known && next < min(firstAlone, len(who)); next++ {
		var err error
		if known, err = one(ctx, next); err != nil {
			return nil, err
		}
	}

	if !known {
		return told, nil
	}
	return told, besides(ctx, next, len(who), func(ctx context.Context, i int) error {
		_, err := one(ctx, i)
		return err
	})
}

var (
	askGroupWith = outbound.Operation{Op: "scim: ask for a member", What: "whether somebody is a member of a group, by a filter"}
	askGroupsOf  = outbound.Operation{Op: "scim: ask for a member's groups", What: "for the groups of a member, by a filter"}
	askUser      = outbound.Operation{Op: "scim: read a person's groups", What: "for the groups of a person"}
)

// groupID is what a search returns of a group.
type groupID struct{ ID id }

// byFilter asks for the group on condition that the person is a member. Any other answer
// than this group, or none, shows a server that did not heed the filter.
func byFilter(filter func(group, who string) string) func(*Connector, context.Context, string, []connector.PrincipalRef) ([]entitlement.Presence, error) {
	return func(c *Connector, ctx context.Context, group string, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
		lists := c.listsAt(c.at.groups)
		told, err := each(ctx, who, func(ctx context.Context, p connector.PrincipalRef) (entitlement.Presence, error) {
			r := c.groups(askGroupWith, filter(quote(group), quote(string(p))), 2)
			err := r.more(ctx)
			switch {
			case isMissing(err) && lists(ctx):
				return entitlement.PresenceAbsent, nil // some say so of a member whom they do not know
			case isMissing(err):
				return entitlement.PresenceUnknown, askGroupWith.NotUnderstood(http.StatusNotFound, errNoWitness)
			case err != nil:
				return entitlement.PresenceUnknown, err
			case len(r.all) == 0:
				return entitlement.PresenceAbsent, nil
			case len(r.all) == 1 && r.complete() && string(r.all[0].ID) == group:
				return entitlement.PresencePresent, nil
			}
			return entitlement.PresenceUnknown, nil
		})

		return told, explain(askGroupWith, err)
	}
}

// byGroupsOf looks for the group among those that have the person as a member.
func (c *Connector) byGroupsOf(ctx context.Context, group string, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	lists := c.listsAt(c.at.groups)
	told, err := each(ctx, who, func(ctx context.Context, p connector.PrincipalRef) (entitlement.Presence, error) {
		r := c.groups(askGroupsOf, "members.value eq "+quote(string(p)), pageSize)
		// The pages are read until the group shows: a person may be in thousands.
		for !r.ended() {
			err := r.more(ctx)
			switch {
			case isMissing(err) && r.pages == 0 && lists(ctx):
				return entitlement.PresenceAbsent, nil
			case isMissing(err):
				return entitlement.PresenceUnknown, askGroupsOf.NotUnderstood(http.StatusNotFound, errNoWitness)
			case err != nil:
				return entitlement.PresenceUnknown, err
			}
			if r.seen[id(group)] {
				return entitlement.PresencePresent, nil
			}
		}

		if r.complete() {
			// To the end, and without gaps: only then it is not there.
			return entitlement.PresenceAbsent, nil
		}
		return entitlement.PresenceUnknown, nil
	})

	return told, explain(askGroupsOf, err)
}

// groups reads the groups that a filter finds.
func (c *Connector) groups(ask outbound.Operation, filter string, count int) *reader[groupID] {
	return &reader[groupID]{c: c, ask: ask, path: c.at.groups, id: func(g groupID) id { return g.ID },
		query: url.Values{"filter": {filter}, "attributes": {"id"}, "count": {strconv.Itoa(count)}}}
}

// isMissing reports that the server itself says that what was asked for is not there.
func isMissing(err error) bool {
	r := refusalOf(err)
	return r != nil && r.status == http.StatusNotFound
}

// byUser looks for the group in the person's own list of groups. An account that is not
// there is in none. A membership by way of another group proves nothing: the person may be
// a member besides, or not.
func (c *Connector) byUser(ctx context.Context, group string, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	promised, lists := c.promise(schemaUser, "groups"), c.listsAt(c.at.users)

	told, err := each(ctx, who, func(ctx context.Context, p connector.PrincipalRef) (entitlement.Presence, error) {
		if !fitsPath(string(p)) {
			return entitlement.PresenceUnknown, nil
		}

		var person struct {
			ID     id
			Groups *[]struct {
				Value id
				Type  string
			}
		}

		err := c.getJSON(ctx, askUser, c.accountPath(p), url.Values{"attributes": {"id,groups"}}, &person)
		switch {
		case isMissing(err) && lists(ctx):
			return entitlement.PresenceAbsent, nil
		case isMissing(err):
			return entitlement.PresenceUnknown, askUser.NotUnderstood(http.StatusNotFound, errNoWitness)
		case err != nil:
			return entitlement.PresenceUnknown, err
		case string(person.ID) != string(p):
			return entitlement.PresenceUnknown, askUser.NotUnderstood(http.StatusOK, errOtherID)
		// Some leave an empty list out; the schema says whether this one would.
		case person.Groups == nil && !promised(ctx):
			return entitlement.PresenceUnknown, nil
		case person.Groups == nil:
			return entitlement.PresenceAbsent, nil
		}

		told := entitlement.PresenceAbsent
		for _, g := range *person.Groups {
			switch {
			case string(g.Value) != group:
			case strings.EqualFold(g.Type, "indirect"):
				told = entitlement.PresenceUnknown
			default:
				return entitlement.PresencePresent, nil
			}
		}
		return told, nil
	})

	return told, explain(askUser, err)
}

var askSchema = outbound.Operation{Op: "scim: read schema", What: "for a schema"}

// promise reports, asking once, that the server's own schema promises an attribute to
// whoever asks for it, as this package does. Many leave out what is empty: with the promise,
// an attribute that is not there says that it is.
func (c *Connector) promise(schema, attribute string) func(context.Context) bool {
	var once sync.Once
	var promised bool
	return func(ctx context.Context) bool {
		once.Do(func() { promised = c.promises(ctx, schema, attribute) })
		return promised
	}
}

func (c *Connector) promises(ctx context.Context, schema, attribute string) bool {
	var answer struct {
		Attributes []struct{ Name, Returned string }
	}
	if err := c.getJSON(ctx, askSchema, "/Schemas/"+schema, nil, &answer); err != nil {
		return false
	}
	for _, a := range answer.Attributes {
		if strings.EqualFold(a.Name, attribute) {
			return slices.Contains([]string{"always", "default", "request"}, strings.ToLower(a.Returned))
		}
	}
	return false
}
