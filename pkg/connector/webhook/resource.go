package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

var (
	askResource  = outbound.Operation{Op: "webhook: read resource", What: "for a resource"}
	askResources = outbound.Operation{Op: "webhook: list resources", What: "for its resources"}
	askSelf      = outbound.Operation{Op: "webhook: describe", What: "what it is"}
)

const (
	witnesses  = 10   // resources, of which one must be there for another to be missing
	maxListed  = 2000 // pieces of a list that are followed: one that never ends is left there (S21)
	surveyTime = 8 * time.Second
)

// Resource looks up one resource.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	if !usable([]string{originID}) {
		return connector.Resource{}, entitlement.Errorf(entitlement.Invalid, "A resource of a webhook has an id of at most %d characters.", maxID)
	}
	a, status, err := c.ask(ctx, askResource, question{Verb: verbResources, Resource: originID})
	if err != nil {
		return connector.Resource{}, c.explain(ctx, askResource, originID, err)
	}
	if len(a.Resources) != 1 || a.Resources[0].ID != originID {
		return connector.Resource{}, askResource.NotUnderstood(status, errOther)
	}

	offer := offerOf(a.Resources[0])
	if offer.Reason != "" {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: offer.Reason}
		return connector.Resource{}, connector.Fail(entitlement.Precondition, askResource.Op, refusal, nil)
	}
	found := connector.Resource{OriginID: originID, DisplayName: offer.DisplayName, Description: offer.Description}
	for _, r := range offer.Roles {
		found.Roles = append(found.Roles, connector.Role{OriginID: r.OriginID, DisplayName: r.DisplayName})
	}
	return found, nil
}

// offerOf is a resource as it can be picked, with the reason where it cannot. The target's own
// reason is not repeated to people: it could say anything.
func offerOf(o offered) entitlement.TargetOffer {
	offer := entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: o.ID, OriginSystem: OriginSystem,
		DisplayName: clean(o.Name, entitlement.MaxName, o.ID), Description: clean(o.Description, entitlement.MaxName, "")}}

	bad := !named(o.ID) || len(o.Roles) > entitlement.MaxRoleValues
	for _, r := range o.Roles {
		twice := slices.ContainsFunc(offer.Roles, func(other entitlement.ResourceRole) bool { return other.OriginID == r.ID })
		bad = bad || twice || !named(r.ID)
		offer.Roles = append(offer.Roles, entitlement.ResourceRole{OriginID: r.ID, DisplayName: clean(r.Name, entitlement.MaxName, r.ID)})
	}

	switch {
	case o.Reason != "":
		offer.Reason = "The target says that this resource cannot be given."
	case len(o.Roles) == 0:
		offer.Reason = "The target names no role of this resource."
	case bad:
		offer.Reason = "The target gives the resource, or one of its roles, an id that cannot be used: it is too long, there twice, or holds characters that no id may have."
	}
	if offer.Reason != "" {
		offer.Roles = nil
	}
	return offer
}

func named(id string) bool { return usable([]string{id}) && entitlement.Exact("id", id) == nil }

// clean makes a text of a target fit to be stored: one line, bounded, visible.
func clean(text string, limit int, fallback string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))

	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit])
	}
	if text = strings.TrimSpace(text); text == "" {
		return fallback
	}
	return text
}

// ListResources returns a piece of the target's resources. The token holds how many pieces came
// before, and how the target itself goes on.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	number, cursor, _ := strings.Cut(q.Token, " ")
	n, err := strconv.Atoi(number)
	if q.Token != "" && (err != nil || n < 1 || n > maxListed || cursor == "") {
		return connector.ResourcePage{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of the resources of a webhook.")
	}

	a, status, err := c.ask(ctx, askResources, question{Verb: verbResources, Search: q.Search, Limit: min(max(q.Limit, 1), entitlement.PageSize), Cursor: cursor})
	switch {
	case err != nil:
		return connector.ResourcePage{}, c.explain(ctx, askResources, "", err)
	case a.Resources == nil || len(a.Next) > maxID:
		return connector.ResourcePage{}, askResources.NotUnderstood(status, errNoAnswer)
	}

	var page connector.ResourcePage
	seen := map[string]bool{"": true} // what has no id cannot be named at all
	for _, o := range a.Resources {
		if !seen[o.ID] {
			seen[o.ID] = true
			page.Items = append(page.Items, offerOf(o))
		}
	}
	if a.Next != "" && a.Next != cursor && n < maxListed {
		page.Next = strconv.Itoa(n+1) + " " + a.Next
	}
	return page, nil
}

// Survey asks the target what it is, for a piece of its resources, who holds a role of one, and
// for nobody by each of the connector's keys. It changes nothing there.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	found := entitlement.TargetCheck{At: c.now(), Dialect: "Leasehold webhook"}
	for _, step := range []func(context.Context, *entitlement.TargetCheck) error{c.describes, c.shows, c.finds} {
		// What stands for the whole target stops the look; what is found until then is kept.
		if err := step(ctx, &found); err != nil {
			connector.Stopped(&found, c.explain(ctx, askSelf, "", err))
			break
		}
	}
	return found
}

func (c *Connector) describes(ctx context.Context, found *entitlement.TargetCheck) error {
	a, status, err := c.ask(ctx, askSelf, question{Verb: verbDescribe})
	if err != nil {
		return err
	}
	if a.MaxBatch < 1 {
		return askSelf.NotUnderstood(status, errNoAnswer)
	}
	found.Features = append(found.Features, fmt.Sprint(featureBatch, min(a.MaxBatch, MaxBatch)))
	return nil
}

// shows looks at a role: whether it tells who holds it, and who among some.
func (c *Connector) shows(ctx context.Context, found *entitlement.TargetCheck) error {
	a, status, err := c.ask(ctx, askResources, question{Verb: verbResources, Limit: witnesses})
	if err != nil {
		return err
	}
	if a.Resources == nil {
		return askResources.NotUnderstood(status, errNoAnswer)
	}
	found.Shows = append(found.Shows, "resources")

	at := slices.IndexFunc(a.Resources, func(o offered) bool { return offerOf(o).Reason == "" })
	if at < 0 {
		return nil
	}
	q := question{Verb: verbRead, Resource: a.Resources[at].ID, Role: a.Resources[at].Roles[0].ID, Limit: pageSize}
	a, status, err = c.ask(ctx, askHolders, q)
	if err != nil {
		return err
	}
	if a.Members == nil {
		return askHolders.NotUnderstood(status, errNoAnswer)
	}
	found.Shows = append(found.Shows, "members")

	// Only where somebody is left out of the answer is it seen that the question was heeded.
	if len(a.Members) > 0 {
		q.Among = []string{"leasehold-nobody"}
		if a, _, err = c.ask(ctx, askHolders, q); err == nil && a.Members != nil && len(a.Members) == 0 {
			found.Filters = append(found.Filters, "members among")
		}
	}
	return err
}

func (c *Connector) finds(ctx context.Context, found *entitlement.TargetCheck) error {
	for _, key := range c.keys {
		if _, err := c.lookup(ctx, key, []string{"leasehold-asks-for-what-is-not-there"}); err != nil {
			if r := connector.RefusalOf(err); r.Permanent && r.Reason == connector.RefusedByTarget && refusalOf(err) != nil && refusalOf(err).status != http.StatusGone {
				continue // it cannot be asked by this key
			}
			return err
		}
		found.Filters = append(found.Filters, "people by "+key)
	}
	return nil
}
