package identitycenter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// memberPrefix begins the id of a group's one role.
const memberPrefix = "Member_"

const (
	// maxSets bounds the permission sets of an instance that an account offers.
	maxSets = 500
	// parallelNames is how many permission sets are asked for their names side by side: more than
	// 20 a second are throttled.
	parallelNames = 4
)

var (
	askGroup   = outbound.Operation{Op: "identitycenter: read group", What: "for a group"}
	askAccount = outbound.Operation{Op: "identitycenter: read account", What: "for an account of the organization"}
	askSets    = outbound.Operation{Op: "identitycenter: list permission sets", What: "for its permission sets"}
	askSet     = outbound.Operation{Op: "identitycenter: read permission set", What: "for a permission set"}
	askWitness = outbound.Operation{Op: "identitycenter: look for another", What: "for something else"}
)

// aim is what a role is of: membership of a group, or a permission set on an account.
type aim struct{ group, account, set string }

func (c *Connector) aimOf(role entitlement.RoleRef) (aim, error) {
	switch {
	case isAccount(role.Resource) && c.at.isPermissionSet(role.Role):
		return aim{account: role.Resource, set: role.Role}, nil
	case isObject(role.Resource) && role.Role == memberPrefix+role.Resource:
		return aim{group: role.Resource}, nil
	}
	return aim{}, entitlement.Errorf(entitlement.Invalid, "A group of IAM Identity Center has one role, %s and its id; an account has those that are the ARNs of permission sets of the instance.", memberPrefix)
}

// Resource looks up a group by its id, or an account by its number.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	if isAccount(originID) {
		return c.account(ctx, originID)
	}
	if !isObject(originID) {
		return connector.Resource{}, entitlement.Errorf(entitlement.Invalid, "resource.originId must be the id of a group of the identity store, or the number of an AWS account.")
	}

	g, err := c.group(ctx, originID)
	switch {
	case refusedWith(err, codeMissing) != nil:
		if _, err := c.whatIsMissing(ctx, askGroup, aim{group: originID}, "", err); err != nil {
			return connector.Resource{}, err
		}
		return connector.Resource{}, askGroup.NotUnderstood(400, errWitness)
	case err != nil:
		return connector.Resource{}, explain(askGroup, err)
	}
	if why := g.noResource(); why != "" {
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "%s", why)
	}
	return g.describe(), nil
}

// group reads a group.
func (c *Connector) group(ctx context.Context, id string) (found group, err error) {
	err = c.ask(ctx, askGroup, identityStore, "DescribeGroup", inStore{IdentityStoreId: c.at.store, GroupId: id}, &found)
	if err == nil && (found.IdentityStoreId != c.at.store || !strings.EqualFold(found.GroupId, id)) {
		err = askGroup.NotUnderstood(200, errOtherID)
	}
	return found, err
}

// noResource says why the group cannot be given; "" where it can.
func (g group) noResource() string {
	if len(g.ExternalIds) > 0 {
		return "The group is synchronized from an identity provider, which would undo changes of its members: change them there, or offer a group that was made in IAM Identity Center."
	}
	return ""
}

func (g group) describe() connector.Resource {
	return connector.Resource{OriginID: g.GroupId, OriginSystem: OriginGroup, DisplayName: clean(g.DisplayName, entitlement.MaxName, g.GroupId), Description: clean(g.Description, entitlement.MaxName, ""),
		Roles: []connector.Role{{OriginID: memberPrefix + g.GroupId, DisplayName: "Member"}}}
}

// account reads an account, with the permission sets of the instance as its roles. Where the role
// may not ask Organizations, an account is what somebody named.
func (c *Connector) account(ctx context.Context, id string) (connector.Resource, error) {
	found, err := c.describeAccount(ctx, id)
	switch {
	case refusedWith(err, codeNoAccount) != nil:
		if _, err := c.sets(ctx, askWitness, 1); err != nil {
			return connector.Resource{}, askAccount.NotUnderstood(400, errWitness)
		}
		return connector.Resource{}, missing(askAccount, "account", err)
	case refusedWith(err, codeDenied, codeNoOrganization) != nil:
		found = account{Id: id}
	case err != nil:
		return connector.Resource{}, explain(askAccount, err)
	}
	if why := found.noResource(); why != "" {
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "%s", why)
	}

	r := found.describe()
	r.Roles, err = c.roles(ctx)
	if err == nil && len(r.Roles) == 0 {
		err = entitlement.Errorf(entitlement.Precondition, "The instance has no permission sets, so that nothing can be given on the account. Create one in IAM Identity Center.")
	}
	return r, err
}

func (c *Connector) describeAccount(ctx context.Context, id string) (account, error) {
	var found struct{ Account account }
	err := c.ask(ctx, askAccount, organizations, "DescribeAccount", map[string]string{"AccountId": id}, &found)
	if err == nil && found.Account.Id != id {
		err = askAccount.NotUnderstood(200, errOtherID)
	}
	return found.Account, err
}

func (a account) noResource() string {
	if state := cmp.Or(a.State, a.Status, "ACTIVE"); state != "ACTIVE" {
		return "The account is suspended or being closed: nobody can be given anything on it."
	}
	return ""
}

func (a account) describe() connector.Resource {
	return connector.Resource{OriginID: a.Id, OriginSystem: OriginAccount, DisplayName: clean(a.Name, entitlement.MaxName, "AWS account "+a.Id)}
}

// sets lists the ARNs of the instance's permission sets.
func (c *Connector) sets(ctx context.Context, ask outbound.Operation, most int) (all []string, err error) {
	_, err = paged(ctx, c, ask, ssoAdmin, "ListPermissionSets", func(next string) any {
		return inInstance{InstanceArn: c.at.instance, MaxResults: min(most, pageSize), NextToken: next}
	}, func(p page) *[]string { return p.PermissionSets }, func(arn string) (bool, error) {
		if !c.at.isPermissionSet(arn) {
			return false, ask.NotUnderstood(200, errOtherID)
		}
		if !slices.Contains(all, arn) {
			all = append(all, arn)
		}
		return len(all) >= most, nil
	})
	if err != nil {
		return nil, explain(ask, err)
	}
	return all, nil
}

// roles are the permission sets by their names, in order of those.
func (c *Connector) roles(ctx context.Context) ([]connector.Role, error) {
	arns, err := c.sets(ctx, askSets, maxSets)
	if err != nil {
		return nil, err
	}

	all := make([]connector.Role, len(arns))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelNames)
	for i, arn := range arns {
		g.Go(func() error {
			name, there, err := c.permissionSet(ctx, arn)
			if err == nil && there {
				all[i] = connector.Role{OriginID: arn, DisplayName: clean(name, entitlement.MaxName, arn)}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r connector.Role) bool { return r.OriginID == "" })
	order.SortStableFunc(all, func(a, b connector.Role) int { return cmp.Compare(a.DisplayName, b.DisplayName) })
	return all, nil
}

// permissionSet reads a permission set's name; it may be gone.
func (c *Connector) permissionSet(ctx context.Context, arn string) (name string, there bool, err error) {
	var found struct {
		PermissionSet struct{ Name, PermissionSetArn string }
	}
	err = c.ask(ctx, askSet, ssoAdmin, "DescribePermissionSet", inInstance{InstanceArn: c.at.instance, PermissionSetArn: arn}, &found)
	switch {
	case refusedWith(err, codeMissing) != nil:
		return "", false, nil
	case err != nil:
		return "", false, explain(askSet, err)
	case found.PermissionSet.PermissionSetArn != arn:
		return "", false, askSet.NotUnderstood(200, errOtherID)
	}
	return found.PermissionSet.Name, true, nil
}

// whatIsMissing finds out what AWS means by something not being there. That it is the resource is
// an error; user reports that it is the person, and neither that it is nothing that can be told.
func (c *Connector) whatIsMissing(ctx context.Context, ask outbound.Operation, a aim, who string, cause error) (user bool, err error) {
	if a.group != "" {
		_, err = c.group(ctx, a.group)
		switch {
		// Access may end on that word, so it counts where the store answers for others alone.
		case refusedWith(err, codeMissing) != nil:
			var some struct{ Groups *[]group }
			if err := c.ask(ctx, askWitness, identityStore, "ListGroups", inStore{IdentityStoreId: c.at.store, MaxResults: 1}, &some); err != nil || some.Groups == nil {
				return false, ask.NotUnderstood(400, errWitness)
			}
			return false, missing(ask, "group", cause)
		case err != nil:
			return false, explain(askGroup, err)
		}
	} else if err := c.accountMissing(ctx, ask, a, cause); err != nil {
		return false, err
	}

	if who == "" {
		return false, nil
	}
	found, err := c.user(ctx, who)
	return found == nil && err == nil, err
}

// accountMissing is whatIsMissing of an account and its permission set.
func (c *Connector) accountMissing(ctx context.Context, ask outbound.Operation, a aim, cause error) error {
	_, there, err := c.permissionSet(ctx, a.set)
	if err != nil {
		return err
	}
	_, err = c.describeAccount(ctx, a.account)
	gone := refusedWith(err, codeNoAccount) != nil
	if there && !gone {
		if err != nil && refusedWith(err, codeDenied, codeNoOrganization) == nil {
			return explain(askAccount, err)
		}
		return nil
	}

	// The other of the two, or another of its kind, must be answered for.
	if !there {
		if others, err := c.sets(ctx, askWitness, 2); err != nil || slices.Contains(others, a.set) {
			return ask.NotUnderstood(400, errWitness)
		}
		return missing(ask, "permission set", cause)
	}
	return missing(ask, "account", cause)
}

// clean makes what a target says fit to be stored: one line, bounded, visible.
func clean(text string, most int, fallback string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	// By runes, so that no letter is cut in two.
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return cmp.Or(strings.TrimSpace(text), fallback)
}
