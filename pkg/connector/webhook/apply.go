package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Apply sends all changes in one request. 202, and pending of one change, are no refusal: that
// it was made is for Check to tell.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	if err := c.checkOps(role, ops); err != nil || len(ops) == 0 {
		return nil, err
	}
	op := askToChange(len(ops))

	var changes []change
	for _, o := range ops {
		if ch := changeOf(o); !slices.Contains(changes, ch) {
			changes = append(changes, ch)
		}
	}
	a, status, err := c.ask(ctx, op, question{Verb: verbApply, Resource: role.Resource, Role: role.Role, Changes: changes})
	switch r := refusalOf(err); {
	// Of several at once it may be about one of them: the caller tries with fewer.
	case r != nil && r.status != http.StatusGone && r.code != errorResource && r.code != errorRole && len(changes) > 1:
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target refuses %d changes at once with status %d.", len(changes), r.status)}
		return nil, connector.Fail(entitlement.Unavailable, op.Op, refusal, r)
	case err != nil:
		return nil, c.explain(ctx, op, role.Resource, err)
	case status == http.StatusAccepted:
		return make([]connector.Result, len(ops)), nil
	}
	return results(op, status, ops, a)
}

func askToChange(n int) outbound.Operation {
	what := "to change a role of one person"
	if n != 1 {
		what = fmt.Sprintf("to change a role of %d people", n)
	}
	return outbound.Operation{Op: "webhook: change role", What: what}
}

func changeOf(o connector.Op) change {
	ch := change{Do: doRevoke, Principal: string(o.Principal)}
	if o.Grant {
		ch.Do = doGrant
	}
	return ch
}

// checkOps refuses what a target should never see.
func (c *Connector) checkOps(role entitlement.RoleRef, ops []connector.Op) error {
	switch {
	case role.Resource == "" || role.Role == "":
		return entitlement.Errorf(entitlement.Invalid, "A role of a webhook names its resource and itself.")
	case len(ops) > c.batch:
		return entitlement.Errorf(entitlement.Invalid, "This webhook takes %d changes at once, not %d.", c.batch, len(ops))
	case slices.ContainsFunc(ops, func(o connector.Op) bool { return o.Principal == "" }):
		return entitlement.Errorf(entitlement.Invalid, "A change of a role must name a person.")
	}
	return nil
}

// results finds the outcome of each op by what it names: the order of an answer tells nothing,
// and neither does what it says of changes that were not sent. An answer without results
// promises as little as 202.
func results(op outbound.Operation, status int, ops []connector.Op, a answer) ([]connector.Result, error) {
	all := make([]connector.Result, len(ops))
	if a.Results == nil {
		return all, nil
	}

	told := map[change]result{}
	for _, r := range a.Results {
		if earlier, twice := told[r.change]; twice && earlier != r {
			return nil, op.NotUnderstood(status, errOther)
		}
		told[r.change] = r
	}
	for i, o := range ops {
		all[i].Err = refusalFor(told[changeOf(o)])
	}
	return all, nil
}

// sentences are what people read of the reasons that a target may give. Its own words are not
// repeated.
var sentences = map[string]string{
	"last-member":  "The target refuses this: it would leave the resource without a member.",
	"last-owner":   "The target refuses this: it would leave the resource without an owner.",
	"quota":        "The target refuses this: it has no room, or no licence, for more.",
	"forbidden":    "The target refuses this: its own rules do not let this person have the role.",
	"synced-group": "The target refuses this: the resource is kept by another system.",
}

// refusalFor says what the outcome of one change is.
func refusalFor(r result) *connector.Refusal {
	switch r.Status {
	case statusDone, statusPending:
		return nil
	case statusMissing:
		return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "The account of this person is not there at the target any more."}
	case statusRefused:
		detail, known := sentences[r.Reason]
		if !known {
			detail = "The target refuses this change for this person."
		}
		return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: detail}
	case statusRetry:
		wish := time.Duration(min(max(r.RetryAfter, 0), int(outbound.MaxRetryAfter/time.Second))) * time.Second
		return &connector.Refusal{Reason: connector.TargetUnavailable, After: wish, Detail: "The target could not make this change now and asks to try again."}
	}
	return &connector.Refusal{Reason: connector.NotUnderstood, Detail: "The target's answer does not say what became of this change."}
}
