package identitycenter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var (
	askAdd    = outbound.Operation{Op: "identitycenter: add member", What: "to add a member to a group"}
	askFind   = outbound.Operation{Op: "identitycenter: find membership", What: "for a membership"}
	askRemove = outbound.Operation{Op: "identitycenter: remove member", What: "to take a member out of a group"}
	askAssign = outbound.Operation{Op: "identitycenter: assign", What: "to assign a permission set on an account"}
	askUnsign = outbound.Operation{Op: "identitycenter: take back", What: "to take a permission set on an account back"}
)

// meanwhile is when a change is made again that met another one of the same thing.
const meanwhile = 5 * time.Second

// costs is what an Apply counts: a membership that is taken back is looked up first.
func costs(role entitlement.RoleRef, ops []connector.Op) entitlement.Cost {
	cost := entitlement.Cost{Units: len(ops)}
	if isAccount(role.Resource) {
		cost.Writes = len(ops)
		return cost
	}
	for _, o := range ops {
		if !o.Grant {
			cost.Units++
		}
	}
	return cost
}

// Apply makes one change.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	a, err := c.aimOf(role)
	switch {
	case err != nil || len(ops) == 0:
		return nil, err
	case len(ops) > 1:
		return nil, entitlement.Errorf(entitlement.Invalid, "IAM Identity Center takes one change at once, not %d.", len(ops))
	case !isObject(string(ops[0].Principal)):
		return []connector.Result{{Err: &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "Nobody in IAM Identity Center has this id: it must be a UUID."}}}, nil
	}

	o, who := ops[0], string(ops[0].Principal)
	var result connector.Result
	switch {
	case a.group == "":
		result, err = c.assign(ctx, a, who, o.Grant)
	case o.Grant:
		result.Err, err = c.add(ctx, a, who)
	default:
		result.Err, err = c.remove(ctx, a, who)
	}
	if err != nil {
		return nil, err
	}
	return []connector.Result{result}, nil
}

// add makes a membership.
func (c *Connector) add(ctx context.Context, a aim, who string) (*connector.Refusal, error) {
	var made membership
	err := c.call(ctx, askAdd, identityStore, "CreateGroupMembership", inStore{IdentityStoreId: c.at.store, GroupId: a.group, MemberId: &member{who}}, &made)
	// It says that the person is a member already, or that somebody else is changing it.
	if r := refusedWith(err, codeConflict); r != nil {
		if r.reason == "UNIQUENESS_CONSTRAINT_VIOLATION" {
			return nil, nil
		}
		return busy(), nil
	}
	return c.refusal(ctx, askAdd, a, who, err)
}

// remove ends a membership, whose own id is looked up: one that was kept may be of an earlier one.
func (c *Connector) remove(ctx context.Context, a aim, who string) (*connector.Refusal, error) {
	var found membership
	err := c.call(ctx, askFind, identityStore, "GetGroupMembershipId", inStore{IdentityStoreId: c.at.store, GroupId: a.group, MemberId: &member{who}}, &found)
	if r := refusedWith(err, codeMissing); r != nil {
		if r.what == "GROUP_MEMBERSHIP" {
			return nil, nil // there is nothing to take away
		}
		refusal, err := c.refusal(ctx, askFind, a, who, err)
		if refusal != nil && refusal.Reason == connector.RefusedByTarget {
			refusal = nil // both are there, and the membership is not
		}
		return refusal, err
	}
	if err == nil && (found.IdentityStoreId != c.at.store || !isObject(found.MembershipId)) {
		err = askFind.NotUnderstood(200, errOtherID)
	}
	if err != nil {
		return c.refusal(ctx, askFind, a, who, err)
	}

	err = c.call(ctx, askRemove, identityStore, "DeleteGroupMembership", inStore{IdentityStoreId: c.at.store, MembershipId: found.MembershipId}, &struct{}{})
	switch {
	case refusedWith(err, codeMissing) != nil:
		return nil, nil // somebody else was faster
	case refusedWith(err, codeConflict) != nil:
		return busy(), nil
	}
	return c.refusal(ctx, askRemove, a, who, err)
}

// busy is the refusal of a change that met another one.
func busy() *connector.Refusal {
	return &connector.Refusal{Reason: connector.TargetUnavailable, After: meanwhile, Detail: "The target is changing the same thing already. It is tried again."}
}

// refusal returns what an answer to a change of one person means; an error is about the target or
// the resource.
func (c *Connector) refusal(ctx context.Context, ask outbound.Operation, a aim, who string, err error) (*connector.Refusal, error) {
	if refusedWith(err, codeMissing) != nil {
		user, err := c.whatIsMissing(ctx, ask, a, who, err)
		switch {
		case err != nil:
			return nil, err
		case user:
			return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "The person's user is not there in IAM Identity Center any more."}, nil
		}
		return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target does not find what it needs for this change: asked %s, it answered status 400.", ask.What)}, nil
	}
	r := refusedWith(err, "ValidationException", "ServiceQuotaExceededException")
	switch {
	case err == nil:
		return nil, nil
	case r != nil && r.code == "ServiceQuotaExceededException":
		return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "A quota of IAM Identity Center is used up. Have AWS raise it, or make room; delivery goes on by itself."}, nil
	case r != nil:
		return &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target refuses this change for this person: asked %s, it answered status %d.", ask.What, r.status)}, nil
	}
	return nil, explain(ask, err)
}

// The prefixes of what Poll is asked about.
const (
	creation = "create/"
	deletion = "delete/"
)

// assign has an assignment made, or taken back: AWS accepts that, and does it later.
func (c *Connector) assign(ctx context.Context, a aim, who string, grant bool) (connector.Result, error) {
	ask, action, kind := askAssign, "CreateAccountAssignment", creation
	if !grant {
		ask, action, kind = askUnsign, "DeleteAccountAssignment", deletion
	}

	var said progressed
	err := c.call(ctx, ask, ssoAdmin, action, inInstance{InstanceArn: c.at.instance, TargetId: a.account, TargetType: onAccounts, PermissionSetArn: a.set, PrincipalId: who, PrincipalType: isUser}, &said)
	switch {
	case refusedWith(err, codeConflict) != nil:
		return connector.Result{Err: busy()}, nil
	case err != nil:
		refusal, failed := c.refusal(ctx, ask, a, who, err)
		if !grant && refusal != nil && refusal.Reason == connector.RefusedByTarget && refusedWith(err, codeMissing) != nil {
			refusal = nil // all that it is of is there: there is nothing to take away
		}
		return connector.Result{Err: refusal}, failed
	}

	p, err := said.of(ask, kind)
	if err == nil && (p.TargetId != a.account || p.PermissionSetArn != a.set || !strings.EqualFold(p.PrincipalId, who)) {
		err = ask.NotUnderstood(200, errOtherID)
	}
	if err != nil {
		return connector.Result{}, err
	}
	running, refusal := c.tell(p, grant)
	if running {
		return connector.Result{Pending: kind + p.RequestId}, nil
	}
	return connector.Result{Err: refusal}, nil
}

// of returns the part of an answer that tells of a change of the kind.
func (s progressed) of(ask outbound.Operation, kind string) (*progress, error) {
	p := s.AccountAssignmentCreationStatus
	if kind == deletion {
		p = s.AccountAssignmentDeletionStatus
	}
	if p == nil || !isObject(p.RequestId) || p.Status != "IN_PROGRESS" && p.Status != "SUCCEEDED" && p.Status != "FAILED" {
		return nil, ask.NotUnderstood(200, errNotAWS)
	}
	return p, nil
}

// maxReason bounds what is shown of AWS's own words.
const maxReason = 200

// tell says what a progress means. Why AWS failed is in its own words alone, so those are shown, as such.
func (c *Connector) tell(p *progress, grant bool) (running bool, refusal *connector.Refusal) {
	if p.Status != "FAILED" {
		return p.Status == "IN_PROGRESS", nil
	}
	what := "assign the permission set on the account"
	if !grant {
		what = "take the permission set on the account back"
	}
	why := clean(strings.ReplaceAll(p.FailureReason, c.externalID, ""), maxReason, "no reason given")
	return false, &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("IAM Identity Center accepted to %s, and failed: %q.", what, why)}
}

var (
	_ connector.Poller = (*Connector)(nil)

	askMade = outbound.Operation{Op: "identitycenter: read progress", What: "how far a change of an assignment is"}
)

// Poll asks what became of a change of an assignment.
func (c *Connector) Poll(ctx context.Context, role entitlement.RoleRef, pending string) (connector.Progress, error) {
	a, err := c.aimOf(role)
	if err != nil {
		return connector.Progress{}, err
	}

	in, action, kind := inInstance{InstanceArn: c.at.instance}, "DescribeAccountAssignmentCreationStatus", creation
	id, created := strings.CutPrefix(pending, creation)
	if created {
		in.AccountAssignmentCreationRequestId = id
	} else {
		id, _ = strings.CutPrefix(pending, deletion)
		in.AccountAssignmentDeletionRequestId, action, kind = id, "DescribeAccountAssignmentDeletionStatus", deletion
	}
	if !isObject(id) {
		return connector.Progress{}, nil
	}

	var said progressed
	err = c.ask(ctx, askMade, ssoAdmin, action, in, &said)
	switch {
	case refusedWith(err, codeMissing) != nil:
		return connector.Progress{}, nil // AWS does not keep it for ever: what is there tells
	case err != nil:
		return connector.Progress{}, explain(askMade, err)
	}
	p, err := said.of(askMade, kind)
	if err == nil && (p.RequestId != id || p.TargetId != "" && p.TargetId != a.account) {
		err = askMade.NotUnderstood(200, errOtherID)
	}
	if err != nil {
		return connector.Progress{}, err
	}
	running, refusal := c.tell(p, created)
	return connector.Progress{Running: running, Err: refusal}, nil
}
