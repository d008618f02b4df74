package scim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var (
	askGroup     = outbound.Operation{Op: "scim: read group", What: "for a group"}
	askAnyGroups = outbound.Operation{Op: "scim: read groups", What: "for its groups"}
	askServer    = outbound.Operation{Op: "scim: read configuration", What: "for its configuration"}

	errOtherID   = errors.New("the answer is about another id than the one asked for")
	errNoWitness = errors.New("status 404 in SCIM's form, of an address of which nothing else is known to work")
)

// groupMissing returns the error of an answer, in SCIM's own form and from the group's own
// address, that the group is not there. Access may end on that word, so it counts only
// where the same server answers for something else: a server whose data are away says so
// of everything.
func (c *Connector) groupMissing(ctx context.Context, ask outbound.Operation, group string, cause error) error {
	if !c.answersOtherwise(ctx, group) {
		return ask.NotUnderstood(http.StatusNotFound, errNoWitness)
	}
	refusal := &connector.Refusal{Reason: connector.ResourceMissing, Permanent: true,
		Detail: "The group is not there at the target: asked " + ask.What + ", it answered status 404, while it answers for others."}
	return connector.Fail(entitlement.NotFound, ask.Op, refusal, cause)
}

// answersOtherwise reports that the server answers in SCIM's form for something else: for
// its groups, this one not among them, or where it shows none, for itself.
func (c *Connector) answersOtherwise(ctx context.Context, group string) bool {
	return c.answersForOthers(ctx, c.at.groups, group)
}

// listsAt reports, asking once, that the server has a list at the path: that it shows it, or refuses
// to show the whole. Where it has none, a status of 404 is about the path, and not about anybody.
func (c *Connector) listsAt(path string) func(context.Context) bool {
	turn := make(chan struct{}, 1) // a lock that one who waits for it can be seen to wait for
	asked, lists := false, false
	return func(ctx context.Context) bool {
		turn <- struct{}{}
		defer func() { <-turn }()
		if !asked {
			var answer list[groupID]
			err := c.getJSON(ctx, askAnyGroups, path, url.Values{"attributes": {"id"}, "count": {"1"}}, &answer)
			asked, lists = true, err == nil && answer.TotalResults != nil || refusalOf(err) != nil && !isMissing(err)
		}
		return lists
	}
}

// answersForOthers is answersOtherwise for one of a list at a path.
func (c *Connector) answersForOthers(ctx context.Context, path, one string) bool {
	r := &reader[groupID]{c: c, ask: askAnyGroups, path: path, id: func(g groupID) id { return g.ID },
		query: url.Values{"attributes": {"id"}, "count": {"1"}}}
	err := r.more(ctx)
	switch {
	// One that shows groups, and not this one, was asked rightly and lacks it.
	case err == nil && len(r.all) > 0:
		return !r.seen[id(one)]
	// Its lists are not here, so that nothing of them is missing here.
	case isMissing(err):
		return false
	}

	var self struct {
		Schemas []string
		Patch   *struct{ Supported bool }
	}
	err = c.getJSON(ctx, askServer, "/ServiceProviderConfig", nil, &self)
	return err == nil && (self.Patch != nil || slices.ContainsFunc(self.Schemas, func(s string) bool {
		return strings.HasSuffix(s, ":ServiceProviderConfig")
	}))
}
