package msgraph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// change is one request of an Apply, and the ops that it makes true.
type change struct {
	request
	ops []int
}

// costs is what an Apply counts: a PATCH adds all members as one write, and every other
// change is a write of its own, in a batch too.
func costs(role entitlement.RoleRef, ops []connector.Op) entitlement.Cost {
	n := len(ops)
	if a, err := aimOf(role); err == nil && a.rel == "members" {
		if grants := len(slices.DeleteFunc(slices.Clone(ops), func(o connector.Op) bool { return !o.Grant })); grants > 0 {
			n -= grants - 1
		}
	}
	return entitlement.Cost{Writes: n, Units: n}
}

// Apply sends all changes in one call: the members to be added in one PATCH of the group, and
// each other change as a request of its own in a JSON batch. That several of a batch change one
// group is no trouble to Graph; one that conflicts all the same is
// an error, and the caller tries again with fewer.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	a, err := aimOf(role)
	if err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil || len(ops) == 0 {
		return nil, err
	}

	results := make([]connector.Result, len(ops))
	changes, err := c.changes(ctx, a, ops, results)
	if err != nil || len(changes) == 0 {
		return results, err
	}
	ask := askToChange(len(ops))
	requests := make([]request, len(changes))
	for i, ch := range changes {
		requests[i] = ch.request
	}
	answered, err := c.together(ctx, ask, requests)
	if err != nil {
		return nil, err
	}

	j := &verdicts{c: c, ctx: ctx, ask: ask, aim: a, ops: ops, served: slices.ContainsFunc(answered, func(r reply) bool { return r.failed() == nil })}
	for i, ch := range changes {
		refusal, err := j.of(ch, answered[i])
		if err != nil {
			return nil, err
		}
		for _, n := range ch.ops {
			results[n].Err = refusal
		}
	}
	return results, nil
}

func askToChange(n int) outbound.Operation {
	what := "to change a role of one person"
	if n != 1 {
		what = fmt.Sprintf("to change a role of %d people", n)
	}
	return outbound.Operation{Op: "msgraph: change role", What: what}
}

// checkOps refuses what Graph should never see: a removal without an id would be one of the
// list itself.
func checkOps(ops []connector.Op) error {
	if len(ops) > MaxBatch {
		return entitlement.Errorf(entitlement.Invalid, "A connector of Microsoft Graph takes %d changes at once, not %d.", MaxBatch, len(ops))
	}
	if slices.ContainsFunc(ops, func(o connector.Op) bool { return o.Principal == "" }) {
		return entitlement.Errorf(entitlement.Invalid, "A change of a role must name a person.")
	}
	return nil
}

// changes sorts ops into requests, each op once. Who has an id that none of Graph's objects
// has is refused.
func (c *Connector) changes(ctx context.Context, a aim, ops []connector.Op, results []connector.Result) ([]change, error) {
	same := map[connector.Op][]int{}
	var once []connector.Op
	for i, o := range ops {
		if !isGUID(string(o.Principal)) {
			results[i].Err = noSuchID()
			continue
		}
		if len(same[o]) == 0 {
			once = append(once, o)
		}
		same[o] = append(same[o], i)
	}
	if a.rel == "" {
		return c.appChanges(ctx, a, once, same)
	}

	var all []change
	var added change
	var members []string
	for _, o := range once {
		object := c.base.String() + "/directoryObjects/" + string(o.Principal)
		switch {
		case o.Grant && a.rel == "members":
			members, added.ops = append(members, object), append(added.ops, same[o]...)
		case o.Grant:
			all = append(all, change{request{method: http.MethodPost, path: a.path() + "/" + a.rel + "/$ref", body: map[string]string{"@odata.id": object}}, same[o]})
		default:
			// Without /$ref the account itself would be deleted.
			all = append(all, change{request{method: http.MethodDelete, path: a.path() + "/" + a.rel + "/" + string(o.Principal) + "/$ref"}, same[o]})
		}
	}
	switch len(members) {
	case 0:
	case 1:
		added.request = request{method: http.MethodPost, path: a.path() + "/members/$ref", body: map[string]string{"@odata.id": members[0]}}
		all = append(all, added)
	default:
		added.request = request{method: http.MethodPatch, path: a.path(), body: map[string][]string{"members@odata.bind": members}}
		all = append(all, added)
	}
	return all, nil
}

func noSuchID() *connector.Refusal {
	return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "Nobody in Microsoft Graph has this id: it must be a UUID."}
}

// appChanges gives roles of an application, and takes them back by the ids of the
// assignments, which are read now: a role that was given twice has two.
func (c *Connector) appChanges(ctx context.Context, a aim, once []connector.Op, same map[connector.Op][]int) ([]change, error) {
	var all []change
	var leaving []connector.PrincipalRef
	for _, o := range once {
		if !o.Grant {
			leaving = append(leaving, o.Principal)
			continue
		}
		all = append(all, change{request{method: http.MethodPost, path: a.path() + "/appRoleAssignedTo",
			body: map[string]string{"principalId": string(o.Principal), "resourceId": a.resource, "appRoleId": a.appRole}}, same[o]})
	}

	held, err := c.assignments(ctx, a, leaving)
	if err != nil {
		return nil, err
	}
	for i, p := range leaving {
		for _, id := range held[i].ids {
			if len(all) < MaxBatch { // what is left is seen by whoever reads again
				all = append(all, change{request{method: http.MethodDelete, path: a.path() + "/appRoleAssignedTo/" + url.PathEscape(id)}, same[connector.Op{Principal: p}]})
			}
		}
	}
	return all, nil
}

// verdicts finds out what answers to changes mean. What it reads for that, it reads once.
type verdicts struct {
	c      *Connector
	ctx    context.Context
	ask    outbound.Operation
	aim    aim
	ops    []connector.Op
	served bool // some change was made

	read    bool
	noGroup string // why the resource cannot be changed
}

// of returns what an answer means for the ops of a change: nil where they are as wanted, or
// may be. An error is about all of them: that the resource is not there, or that nobody knows
// about whom of several it is, and the caller reads again and splits.
func (j *verdicts) of(ch change, a reply) (*connector.Refusal, error) {
	if a.failed() == nil {
		return nil, nil
	}
	several := slices.ContainsFunc(ch.ops, func(i int) bool { return j.ops[i].Principal != j.ops[ch.ops[0]].Principal })

	// What passes, and what Graph does not say in its own form.
	if a.status != http.StatusForbidden {
		if err := j.c.passing(j.ask, a); err != nil {
			if several || !j.served && a.status != http.StatusTooManyRequests {
				return nil, err
			}
			return connector.RefusalOf(err), nil
		}
	}

	why, err := j.why()
	switch {
	case err != nil:
		return nil, err
	case why != "" && (ch.method != http.MethodDelete || a.status != http.StatusNotFound):
		return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: why}, nil
	case a.status == http.StatusForbidden && !j.served:
		return nil, forbidden(j.ask, &refused{a.status})
	case several:
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
			"The target refuses a change of several people, perhaps because of one of them: asked %s, it answered status %d. They are tried again in smaller parts.", j.ask.What, a.status)}
		return nil, connector.Fail(entitlement.Conflict, j.ask.Op, refusal, &refused{a.status})
	}
	return j.ofOne(ch, a)
}

// why reads once what may stand in the way of the resource as a whole.
func (j *verdicts) why() (string, error) {
	var err error
	if !j.read {
		j.noGroup, err = j.c.why(j.ctx, j.aim)
		j.read = err == nil
	}
	return j.noGroup, err
}

// ofOne is what the refusal of a change of one person means, where the resource is there and
// can be changed.
func (j *verdicts) ofOne(ch change, a reply) (*connector.Refusal, error) {
	o := j.ops[ch.ops[0]]
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The target refuses this change for this person: asked %s, it answered status %d.", j.ask.What, a.status)}
	// It met another change of the group, maybe of this very batch: it is made again in a smaller one.
	if a.status == http.StatusConflict && len(j.ops) > 1 {
		refusal.Detail = fmt.Sprintf("The target was changing the resource already: asked %s, it answered status %d. They are tried again in smaller parts.", j.ask.What, a.status)
		return nil, connector.Fail(entitlement.Conflict, j.ask.Op, refusal, &refused{a.status})
	}

	switch {
	case !o.Grant && a.status == http.StatusNotFound:
		return nil, nil // there is nothing to take away
	case !o.Grant && j.aim.rel == "owners" && a.status == http.StatusBadRequest:
		last, err := j.last(o.Principal)
		if err != nil {
			return nil, err
		}
		if last {
			refusal.Permanent = true
			refusal.Detail = "The person is the last owner of the group, and Microsoft Graph does not let a group lose its last owner. Make somebody else an owner there; delivery goes on by itself."
		}
		return refusal, nil
	case o.Grant && a.status == http.StatusBadRequest:
		// It may say that the person has the role already, in whatever words: what is there decides.
		has, err := j.has(o.Principal)
		if has || err != nil {
			return nil, err
		}
	case o.Grant && a.status == http.StatusNotFound:
		there, err := j.c.isThere(j.ctx, o.Principal)
		if err == nil && !there {
			return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: fmt.Sprintf(
				"The person's account is not there at the target any more: asked %s, it answered status %d, and again when it was asked for the account.", j.ask.What, a.status)}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	// A group that was just made is refused for a while, so nothing here is final.
	return refusal, nil
}

// has reports that somebody holds the role, by whichever way tells.
func (j *verdicts) has(p connector.PrincipalRef) (bool, error) {
	for _, w := range ways {
		told, err := w.ask(j.c, j.ctx, j.aim, []connector.PrincipalRef{p})
		if err != nil {
			return false, err
		}
		if told[0] == entitlement.PresencePresent {
			return true, nil
		}
	}
	return false, nil
}

// last reports that somebody is the only owner.
func (j *verdicts) last(p connector.PrincipalRef) (bool, error) {
	owners, ended, err := list[holder](j.ctx, j.c, askHolders, j.aim.holders(), 1)
	return err == nil && ended && len(owners) == 1 && owners[0].ID == string(p), explain(askHolders, err)
}

var askAccount = outbound.Operation{Op: "msgraph: read person", What: "for a person's account"}

// isThere reports whether an account is there.
func (c *Connector) isThere(ctx context.Context, p connector.PrincipalRef) (bool, error) {
	var found struct{ ID string }
	err := c.ask(ctx, askAccount, get("/users/"+string(p), url.Values{"$select": {"id"}}), &found)
	if isMissing(err) {
		return false, nil
	}
	return true, explain(askAccount, err)
}
