package identitycenter

import (
	"context"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var _ connector.Explorer = (*Connector)(nil)

var (
	askListed   = outbound.Operation{Op: "identitycenter: list groups", What: "for the list of its groups"}
	askAccounts = outbound.Operation{Op: "identitycenter: list accounts", What: "for the list of the organization's accounts"}
	askInstance = outbound.Operation{Op: "identitycenter: look at instance", What: "what the instance is"}
)

// The parts of the list of what can be picked: groups first, then accounts.
const (
	partGroups   = "groups"
	partAccounts = "accounts"
)

const (
	// maxListed bounds how many pages of one part are followed: a list that never ends is left
	// there (S21).
	maxListed = 2000
	// accountPage is how many accounts Organizations lists at most at once.
	accountPage = 20
	// surveyTime bounds a look at an instance: people wait for it.
	surveyTime = 8 * time.Second
)

// place is where a piece of the list begins: in which part, how many pages came before, and how AWS itself goes on.
type place struct {
	part  string
	pages int
	token string
}

func (p place) String() string {
	return strings.TrimSuffix(p.part+" "+strconv.Itoa(p.pages)+" "+p.token, " ")
}

func placeOf(token string) (place, error) {
	if token == "" {
		return place{part: partGroups}, nil
	}
	part, rest, _ := strings.Cut(token, " ")
	number, next, _ := strings.Cut(rest, " ")
	pages, err := strconv.Atoi(number)
	if err != nil || pages < 0 || pages > maxListed || part != partGroups && part != partAccounts {
		return place{}, entitlement.Errorf(entitlement.Invalid, "This is no place in the list of the resources of IAM Identity Center.")
	}
	return place{part, pages, next}, nil
}

// after returns where the list goes on; "" at the end.
func (p place) after(next string) string {
	switch {
	case next != "" && p.pages+1 < maxListed:
		return place{p.part, p.pages + 1, next}.String()
	case p.part == partGroups:
		return place{part: partAccounts}.String()
	}
	return ""
}

// ListResources returns a piece of the identity store's groups, and after them of the
// organization's accounts, where the role may list those. Neither can be searched: callers do.
func (c *Connector) ListResources(ctx context.Context, q connector.Query) (connector.ResourcePage, error) {
	at, err := placeOf(q.Token)
	if err != nil {
		return connector.ResourcePage{}, err
	}
	if at.part == partAccounts {
		return c.listAccounts(ctx, at, q.Limit)
	}

	var found struct {
		Groups    *[]group
		NextToken string
	}
	in := inStore{IdentityStoreId: c.at.store, MaxResults: min(max(q.Limit, 1), pageSize), NextToken: at.token}
	if err := c.ask(ctx, askListed, identityStore, "ListGroups", in, &found); err != nil {
		return connector.ResourcePage{}, explain(askListed, err)
	}
	if found.Groups == nil {
		return connector.ResourcePage{}, askListed.NotUnderstood(200, errNoList)
	}
	var offers []entitlement.TargetOffer
	for _, g := range *found.Groups {
		if isObject(g.GroupId) {
			offers = append(offers, offer(g.describe(), g.noResource()))
		}
	}
	return connector.ResourcePage{Items: once(offers), Next: at.after(found.NextToken)}, nil
}

// listAccounts returns accounts. Their roles are read when one is taken: they are the same for all.
func (c *Connector) listAccounts(ctx context.Context, at place, limit int) (connector.ResourcePage, error) {
	var found struct {
		Accounts  *[]account
		NextToken string
	}
	in := struct {
		MaxResults int
		NextToken  string `json:",omitempty"`
	}{min(max(limit, 1), accountPage), at.token}
	err := c.ask(ctx, askAccounts, organizations, "ListAccounts", in, &found)
	switch {
	case refusedWith(err, codeDenied, codeNoOrganization) != nil:
		return connector.ResourcePage{}, nil // accounts are named by their numbers
	case err != nil:
		return connector.ResourcePage{}, explain(askAccounts, err)
	case found.Accounts == nil:
		return connector.ResourcePage{}, askAccounts.NotUnderstood(200, errNoList)
	}
	var offers []entitlement.TargetOffer
	for _, a := range *found.Accounts {
		if isAccount(a.Id) {
			offers = append(offers, offer(a.describe(), a.noResource()))
		}
	}
	return connector.ResourcePage{Items: once(offers), Next: at.after(found.NextToken)}, nil
}

// offer is a resource as it can be picked.
func offer(r connector.Resource, why string) entitlement.TargetOffer {
	o := entitlement.TargetOffer{Reason: why, Resource: entitlement.Resource{OriginID: r.OriginID, OriginSystem: r.OriginSystem, DisplayName: r.DisplayName, Description: r.Description}}
	for _, role := range r.Roles {
		o.Roles = append(o.Roles, entitlement.ResourceRole{OriginID: role.OriginID, DisplayName: role.DisplayName})
	}
	return o
}

// once leaves out what is there twice.
func once(all []entitlement.TargetOffer) (kept []entitlement.TargetOffer) {
	seen := map[string]bool{}
	for _, o := range all {
		if !seen[o.OriginID] {
			kept = append(kept, o)
		}
		seen[o.OriginID] = true
	}
	return kept
}

// Survey looks at what the role may read, and whether instance and identity store belong together.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	found := entitlement.TargetCheck{At: c.now(), Dialect: "AWS IAM Identity Center"}
	var instance struct{ InstanceArn, IdentityStoreId string }
	err := c.ask(ctx, askInstance, ssoAdmin, "DescribeInstance", inInstance{InstanceArn: c.at.instance}, &instance)
	switch {
	case err != nil:
		connector.Stopped(&found, explain(askInstance, err))
		return found
	case instance.InstanceArn != c.at.instance || instance.IdentityStoreId != c.at.store:
		found.Error = "The instance has another identity store than the connector's address names."
		return found
	}

	for _, step := range []struct {
		shows string
		look  func() error
	}{
		{"groups", func() error { _, err := c.ListResources(ctx, connector.Query{Limit: 1}); return err }},
		{"users", func() error { _, err := c.issuers(ctx); return err }},
		{"permissionSets", func() error { _, err := c.sets(ctx, askSets, 1); return err }},
	} {
		if err := step.look(); err != nil {
			connector.Stopped(&found, err)
			return found
		}
		found.Shows = append(found.Shows, step.shows)
	}
	if page, err := c.listAccounts(ctx, place{part: partAccounts}, 1); err == nil && len(page.Items) > 0 {
		found.Shows = append(found.Shows, "accounts")
	}
	return found
}
