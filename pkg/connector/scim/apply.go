package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// patchBody is the body of a PATCH.
type patchBody struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

// operation is one operation of a PATCH.
type operation struct {
	Op    string   `json:"op"`
	Path  string   `json:"path"`
	Value []member `json:"value,omitempty"`
}

type member struct {
	Value connector.PrincipalRef `json:"value"`
}

// Apply sends all changes in one PATCH of the group, or that of one account. The refusal of a single change is that op's result;
// of several it is an error, since it may be about one of them: Conflict.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	if a, is := applicationOf(role.Resource); is {
		return c.applyRole(ctx, a, role.Role, ops)
	}

	ask := askToChange(len(ops))
	group, err := groupOf(role)
	if err != nil {
		return nil, err
	}
	path, err := c.groupPath(ask, group)
	if err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil || len(ops) == 0 {
		return nil, err
	}

	results := make([]connector.Result, len(ops))
	err = c.patch(ctx, ask, path, c.operations(ops))
	r := refusalOf(err)
	switch {
	case r == nil:
	case isMissing(err):
		err = c.changeMissing(ctx, ask, group, ops, results, r)
	case r.status == http.StatusNotImplemented:
		err = explain(ask, err)
	case len(ops) == 1:
		results[0].Err, err = r.ofOne(ask, ops[0]), nil
	// Of several nobody knows about whom it was: the caller splits and tries again.
	default:
		err = r.ofSeveral(ask)
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

func askToChange(ops int) outbound.Operation {
	what := "to change one member of a group"
	if ops != 1 {
		what = fmt.Sprintf("to change %d members of a group", ops)
	}
	return outbound.Operation{Op: "scim: change members", What: what}
}

// checkOps refuses what no server should see. Some store a member without an id.
func checkOps(ops []connector.Op) error {
	if len(ops) > MaxBatch {
		return entitlement.Errorf(entitlement.Invalid, "A SCIM connector takes %d changes at once, not %d.", MaxBatch, len(ops))
	}
	if slices.ContainsFunc(ops, func(o connector.Op) bool { return o.Principal == "" }) {
		return entitlement.Errorf(entitlement.Invalid, "A change of a group's members must name a person.")
	}
	return nil
}

// operations puts all grants into one operation and each revoke into one of its own. A
// remove names the member in its path: given as a value, servers that do not look at values
// of a remove empty the group. Only where an administrator says that this server takes
// nothing else, the revokes are one operation with a list of values.
func (c *Connector) operations(ops []connector.Op) []operation {
	var granted, revoked []member
	seen := map[connector.Op]bool{} // some servers would store a repeated member twice
	for _, o := range ops {
		switch {
		case seen[o]:
		case o.Grant:
			granted = append(granted, member{o.Principal})
		default:
			revoked = append(revoked, member{o.Principal})
		}
		seen[o] = true
	}

	var list []operation
	if c.valueList && len(revoked) > 0 {
		list = append(list, operation{Op: "remove", Path: "members", Value: revoked})
	} else {
		for _, m := range revoked {
			list = append(list, operation{Op: "remove", Path: memberPath(m.Value)})
		}
	}
	if len(granted) > 0 {
		list = append(list, operation{Op: "add", Path: "members", Value: granted})
	}
	return list
}

// memberPath selects one member.
func memberPath(p connector.PrincipalRef) string { return "members[value eq " + quote(string(p)) + "]" }

// changeMissing explains a 404 in SCIM's form to a change: the group is gone, or the
// account that the one change is about, or something else that the change does not name,
// such as another member's account.
func (c *Connector) changeMissing(ctx context.Context, ask outbound.Operation, group string, ops []connector.Op, results []connector.Result, r *refused) error {
	there, err := c.isThere(ctx, askGroup, c.at.groups, group)
	if err != nil {
		return err
	}
	if !there {
		return c.groupMissing(ctx, ask, group, r)
	}
	// The account is asked for only where there is but one that it can be about.
	if len(ops) > 1 {
		return r.ofSeveral(ask)
	}

	there, err = c.isThere(ctx, askAccount, c.at.users, string(ops[0].Principal))
	if err != nil {
		return err
	}
	switch {
	case !there && !c.listsAt(c.at.users)(ctx):
		return ask.NotUnderstood(http.StatusNotFound, errNoWitness)
	case !there:
		results[0].Err = &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: fmt.Sprintf(
			"The person's account is not there at the target any more: asked %s, it answered status %d, and again when it was asked for the account.", ask.What, r.status)}
		return nil
	}
	results[0].Err = &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The target refuses the change: asked %s, it answered status %d, though the group and the person's account are there. "+
			"The account of another member may have been deleted there: take it out of the group at the target.", ask.What, r.status)}
	return nil
}

var askAccount = outbound.Operation{Op: "scim: read person", What: "for a person's account"}

// isThere reports whether what has the id is there. A refusal other than that it is
// missing says nothing against it.
func (c *Connector) isThere(ctx context.Context, ask outbound.Operation, below, name string) (bool, error) {
	if !fitsPath(name) {
		return true, nil
	}
	var found struct{ ID id }
	err := c.getJSON(ctx, ask, below+"/"+url.PathEscape(name), url.Values{"attributes": {"id"}}, &found)
	switch {
	case isMissing(err):
		return false, nil
	case refusalOf(err) != nil:
		return true, nil
	}
	return true, err
}

// ofSeveral is the refusal of several changes at once.
func (r *refused) ofSeveral(ask outbound.Operation) error {
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The target refuses a change of several members, perhaps because of one of them: asked %s, it answered status %d. They are tried again in smaller parts.", ask.What, r.status)}
	return connector.Fail(entitlement.Conflict, ask.Op, refusal, r)
}

// ofOne says what the refusal of one change means, or nil where it means that things are as
// wanted already. Only what is said in SCIM's own form is final.
func (r *refused) ofOne(ask outbound.Operation, o connector.Op) *connector.Refusal {
	if o.Grant && strings.EqualFold(r.scimType, "uniqueness") || !o.Grant && strings.EqualFold(r.scimType, "noTarget") {
		return nil
	}
	// A version that is not there says nothing of the change.
	moment := slices.Contains([]int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired}, r.status)
	detail := fmt.Sprintf("The target refuses this change of the group's members: asked %s, it answered status %d.", ask.What, r.status)
	if !o.Grant && r.status == http.StatusBadRequest {
		detail += " Some servers take members out by a list of values alone: removalForm of the connector."
	}
	return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: r.scim && !moment, Detail: detail}
}
