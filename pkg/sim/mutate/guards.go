package main

// mutations are the guards, each with the text that takes it out.
var mutations = []mutation{
	{name: "generation fence of a settlement", waive: []string{"Update SUB RECORD: gen = ?"}},
	{name: "generation in the fence before a call", edits: []edit{{"pkg/dynamo/claim.go",
		` && numberOf(record, attrGeneration) == f.Generation`, ` && (numberOf(record, attrGeneration) == f.Generation || true)`}}},
	{name: "condition on a decision, event numbers kept", waive: []string{decision},
		covered: "a second decision appends the same event number, which must not exist"},
	{name: "condition on a decision, event numbers too", waive: []string{decision, "Put EV EV: attribute_not_exists(pk)"}},
	{name: "condition on the package at submit", waive: []string{"ConditionCheck PKG GUARD: attribute_not_exists(cls)", "ConditionCheck PKG GUARD: NOT contains(gon, ?)"}},
	{name: "re-read after the due index", edits: []edit{{"pkg/entitlement/ending.go",
		`	if !slot.Over(now) {
		return Change{}, nil`, `	if a == nil {
		return Change{}, nil`}}},
	{name: "union of live assignments", edits: []edit{{"pkg/delivery/plan.go",
		`	for _, p := range h.Live {
		to := want`, `	for _, p := range h.Live[:min(1, len(h.Live))] {
		to := want`}}},
	{name: "an end that passed takes nothing away itself", edits: []edit{{"pkg/delivery/plan.go",
		`!want[role] && !expiring[role] &&`, `!want[role] &&`}}},
	{name: "sentinel of the open request", waive: []string{"Put PKG ASG: v = ?", "Put PKG ASG: attribute_not_exists(pk)"}},
	{name: "read-back before delivered", edits: []edit{{"pkg/delivery/decide.go",
		`	wanted := entitlement.PresenceOf(s.grant)
	switch {
	case s.stale`, `	wanted := entitlement.PresenceOf(s.grant)
	switch {
	case s.grant:
		return nextStep{step: stepAccept}
	case s.stale`}, {"pkg/delivery/record.go",
		`		g.Presence, g.Unconfirmed = entitlement.PresenceUnknown, true
`, `		g.Presence = entitlement.PresencePresent
`}}},
	{name: "re-check of eligibility at decision", edits: []edit{{"pkg/entitlement/decide.go",
		`	if !r.MayReview(reviewer, manager) {`, `	if false {`}}},
	{name: "fence before an outside call", edits: []edit{{"pkg/delivery/split.go",
		`			if ops = u.fenced(ctx, ops); len(ops) == 0 {
				return nil
			}
`, ``}}},
	{name: "event in the same transaction", edits: []edit{{"pkg/requests/decide.go",
		`		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was`, `		events := change.Events
		change.Events = nil
		if err = s.Store.Commit(ctx, change); err == nil {
			err = s.Store.Commit(ctx, entitlement.Change{Events: events})
		}
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was`}}},
	{name: "intention before a call", edits: []edit{{"pkg/dynamo/claim.go",
		`	for _, i := range roles {`, `	for _, i := range roles[:0] {`}}},
	{name: "claim of a grant set", waive: []string{"Update SUB GRANTS: (attribute_not_exists(tok) OR unt <= ?)"}},
	{name: "record under the claim alone", waive: []string{"Put SUB GRANTS: tok = ?"}},
	{name: "generation in the transaction of an end", edits: []edit{{"pkg/dynamo/commit_delivery.go",
		`		x.add(attrGeneration, numeral(1))
`, `		if h.Remove.Package == "" {
			x.add(attrGeneration, numeral(1))
		}
`}}},
	{name: "look at the end before a grant", edits: []edit{{"pkg/delivery/plan.go",
		`		if w.Slots[p].Over(now) {`, `		if false {`}}},
	{name: "own requests are not decided", edits: []edit{{"pkg/entitlement/decide.go",
		`	if reviewer.ID == r.Requestor || reviewer.ID == r.Subject {
		return r, Change{}, Errorf(Forbidden`, `	if false {
		return r, Change{}, Errorf(Forbidden`}, {"pkg/entitlement/approvers.go",
		`	return u.Enabled && u.ID != r.Requestor && u.ID != r.Subject
`, `	return u.Enabled
`}}},
	{name: "leaver is given nothing", covered: "whatever a leaver holds is ended before anything is planned, and the fence refuses a plan that is older",
		edits: []edit{{"pkg/delivery/plan.go",
			`	if h.Disabled || w.Subject == nil || !w.Subject.Enabled {`, `	if w.Subject == nil {`}}},
	{name: "sweep looks for pending reconciliations", edits: []edit{{"pkg/lifecycle/sweep.go",
		`shardQueries(names.ReconcileShards, t.pending)`, `shardQueries(0, t.pending)`}}},
	{name: "slot that begins at a version of its own", edits: []edit{{"pkg/dynamo/mappers_assignment.go",
		`	first:     entitlement.AssignmentSlot.FirstVersion,
`, ``}}},
	{name: "one id for one key", edits: []edit{{"pkg/requests/idempotency_key.go",
		`	n.ID = entitlement.RequestID(clock.Derive(secret, "assignment request", string(by.ID), by.IdempotencyKey))
`, `	n.ID = entitlement.RequestID(clock.Derive(secret, s.IDs.New()))
`}}},
	{name: "fingerprint of a command under its key", edits: []edit{{"pkg/entitlement/fingerprint.go",
		`	if r.Fingerprint == fingerprint {`, `	if r.Fingerprint != "" {`}}},
	{name: "condition on excluded packages", edits: []edit{{"pkg/dynamo/commit_delivery.go",
		`	for _, other := range incompatible {`, `	for _, other := range incompatible[:0] {`}}},
	{name: "condition on excluded groups", waive: []string{"ConditionCheck SUB USR: NOT contains(grp, ?)"}},
	{name: "role that lost its signature is for the next round", edits: []edit{{"pkg/delivery/claim.go",
		`		case todo.Grant && !(recorded && (g.Sent && !g.Revoked || g.Intent != "")):
			p.again = true
`, ``}}},
	{name: "signature of a grant that follows a removal", edits: []edit{{"pkg/delivery/claim.go",
		`task.Grant && (!g.Sent || g.Revoked):
			c.Intend`, `task.Grant && !g.Sent:
			c.Intend`}, {"pkg/delivery/claim.go",
		`(g.Sent && !g.Revoked || g.Intent != "")`, `(g.Sent || g.Intent != "")`}}},
	{name: "signature of a removal that nobody recorded", edits: []edit{{"pkg/delivery/claim.go",
		`			if todo.Grant && g.Removal != "" {`, `			if false {`}}},
	{name: "signature of somebody else counts as sent", edits: []edit{{"pkg/delivery/plan.go",
		`	return g.Sent || g.Intent != "" && g.Intent != token
`, `	return g.Sent
`}}},
	{name: "intention that nobody carried out is forgotten", edits: []edit{{"pkg/delivery/record.go",
		`	case onlyIntended(g, grantSet.Token):
		grantSet.Forget(role)
`, ``}, {"pkg/delivery/finish.go",
		`		if j.moved && t.entered() && !mine.Grants[t.Role].Sent {`, `		if false {`}}},
	{name: "pending while an end has passed", edits: []edit{{"pkg/delivery/settle.go",
		`			leavePending(now.Add(names.SweepPeriod))
			continue
`, `			_ = names.SweepPeriod
			continue
`}}},
	{name: "record that is read again before a role is on record", edits: []edit{{"pkg/delivery/job.go",
		`		if allKnown(Desired(record, j.inputs, r.Clock.Now()), grantSets) {`, `		if true {`}}},
	{name: "leaver that is looked at again", edits: []edit{{"pkg/delivery/job.go",
		`			if record.Generation != j.subjectRecord.Generation+int64(ended) {`, `			if record.Generation != j.subjectRecord.Generation+int64(ended) && false {`}}},
	{name: "role that an edit took out counts for its removal", edits: []edit{{"pkg/entitlement/assignment.go",
		` || p.Shrunk.After(a.Start.Add(-ClocksApart))`, ``}}},
	{name: "fan-out tells before it moves on", edits: []edit{{"pkg/delivery/fanout.go",
		`	told, err := f.markPending(ctx, job, slots.Items)
	if err != nil {
		return job, err
	}
`, `	job.Cursor, job.Erased = slots.Next, slots.Next == ""
	if err := f.Store.Commit(ctx, entitlement.Change{Jobs: []entitlement.Job{job}}); err != nil || job.Erased {
		return job, err
	}
	job.Version++
	told, err := f.markPending(ctx, job, slots.Items)
	if err != nil {
		return job, err
	}
`}}},
	{name: "policy of the package that is asked for (S2)", edits: []edit{{"pkg/entitlement/reads.go",
		`	return slices.DeleteFunc(slices.Clone(a.Policies), func(p AssignmentPolicy) bool { return a.Package == nil || p.Package != a.Package.ID })
`, `	return slices.Clone(a.Policies)
`}, {"pkg/entitlement/policy.go",
		`	return DeletionGuard{Package: p.Package, Policy: p.ID, Subject: subject}
`, `	return DeletionGuard{Package: p.Package, Subject: subject}
`}}},
	{name: "policy that was offered (R37)", edits: []edit{{"pkg/entitlement/policy.go",
		`	if i := slices.IndexFunc(fit, func(`, `	if i := slices.IndexFunc(policies, func(`}, {"pkg/entitlement/policy.go",
		`		return fit[i], nil
`, `		return policies[i], nil
`}}},
	{name: "eligibility at the last decision and at the start (F36)", edits: []edit{{"pkg/entitlement/eligible.go",
		`	case !admits(r.Scope, r.Targets, *s.Subject, s.Organization):
`, `	case false:
`}}},
	{name: "others are asked where nobody is there (R52)", edits: []edit{{"pkg/approvers/approvers.go",
		`		if there && i > 0 {
`, `		if false {
`}}},
	{name: "user enabled while being deleted", edits: []edit{{"pkg/directory/delete_user.go",
		`	u.Enabled = false // again`, `	// again`}}},
	{name: "absence needs a way that shows presence (F39)", edits: []edit{{"pkg/delivery/evidence.go",
		`p == entitlement.PresenceAbsent && (shows || t.shown[i])) {`, `p == entitlement.PresenceAbsent && (shows || t.shown[i] || true)) {`}}},
	{name: "presence needs a way that shows absence (F39)", edits: []edit{{"pkg/delivery/evidence.go",
		`		return t.control == entitlement.PresenceAbsent
	}
	return known.Way`, `		return true
	}
	return true || known.Way`}}},
	{name: "removal is sent whatever a read said (F40)", edits: []edit{{"pkg/delivery/decide.go",
		`	case s.shown == entitlement.PresenceAbsent && (s.authoritative || !s.sent):
`, `	case s.shown == entitlement.PresenceAbsent:
`}}},
	{name: "window after a removal (F40)", edits: []edit{{"pkg/delivery/decide.go",
		`	if s.read.Before(at) {
		return nextStep{step: stepLook, look: later(at, s.now)}
	}
	return nextStep{step: stepDone}
`, `	_ = at
	return nextStep{step: stepDone}
`}}},
	{name: "presence read after our own removal proves nothing (F40)", edits: []edit{{"pkg/delivery/decide.go",
		`	case s.record.Revoked && s.read.Before(s.passed(s.record.Wrote)):
		return nextStep{step: stepWrite} // what is shown may be what was there before
`, ``}, {"pkg/delivery/unit.go",
		`	return o.Grant && g.Revoked && !gone && o`, `	return false && o.Grant && g.Revoked && !gone && o`}}},
	{name: "what is shown proves nothing while a removal without an answer may be made (F35)", edits: []edit{{"pkg/delivery/decide.go",
		`	if p.madeLater {`, `	if p.madeLater && false {`}}},
	{name: "removal is sent until the target answered it (F40)", edits: []edit{{"pkg/delivery/split.go",
		` && (o.Grant || !o.sent) {`, ` {`}}},
	{name: "nobody is out who was never seen in, on the word of one way (F39)", edits: []edit{{"pkg/delivery/decide.go",
		`	if s.never && s.more && !s.authoritative {`, `	if false {`}}},
	{name: "one write at a time (F41)", edits: []edit{{"pkg/delivery/writer.go",
		`	if !r.target.manners.serial {
`, `	if true {
`}, {"pkg/delivery/decide.go",
		`	if !s.serial || g.Wrote`, `	if true || g.Wrote`}}},
	{name: "look once more at what was delivered (F41)", covered: "no change crosses while one at a time is written, so it is for those who write beside us",
		edits: []edit{{"pkg/delivery/decide.go",
			`	if !s.serial || g.Wrote`, `	if true || g.Wrote`}}},
	{name: "missing for a quarter of an hour (F42)", edits: []edit{{"pkg/delivery/record.go",
		`	if now.Sub(g.MissingSince) < missingFor {
`, `	if false {
`}}},
	{name: "kept id is looked up again after a day (F43)", edits: []edit{{"pkg/delivery/principals.go",
		` || t.run.Clock.Now().Sub(s.PrincipalAt) >= knownFor
`, `
`}}},
	{name: "former ids lose the role too (F43)", edits: []edit{{"pkg/delivery/principals.go",
		`	if !t.Grant && t.sent {
`, `	if false {
`}}},
	{name: "batch that fails is split (F44)", edits: []edit{{"pkg/delivery/split.go",
		`	if isNoTime(err) || !mayConcernOnePerson(err) {
`, `	if true {
`}}},
	{name: "target that asks to be left alone is (F9)", edits: []edit{{"pkg/delivery/plan.go",
		`	return g.Failing() && g.Reason == string(connector.TargetThrottled) && g.Generation == generation && now.Before(g.Next)
`, `	return false
`}}},
	{name: "removal that is closed", edits: []edit{{"pkg/delivery/claim.go",
		`		if a.Closed.IsZero() {
			return false
		}
`, ``}}},
	{name: "rights are those in the catalog of the object (S19)", edits: []edit{{"pkg/authz/held.go",
		`	if one.all, one.err = roles.RolesIn(ctx, catalog); one.err != nil {
`, `	if one.all, one.err = roles.(interface {
		RolesOf(context.Context, entitlement.User) ([]entitlement.RoleAssignment, error)
	}).RolesOf(ctx, c.User()); one.err != nil {
`}, {"pkg/authz/cedar.go",
		`(r.Catalog == "" || r.Catalog == catalog)`, `true`}, {"pkg/authz/cedar.go",
		`	of := cedar.String(a.Catalog)
`, `	of := cedar.String("any")
`}, {"pkg/authz/cedar.go",
		`		all[object] = cedar.Entity{`, `		catalog = "any"
		all[object] = cedar.Entity{`}}},
	{name: "rights over a request are those where its package is now (S19)", edits: []edit{{"pkg/requests/place.go",
		`	o.Catalog = in
`, `	_ = in
`}}},
	{name: "rights over lists of a package are those of its catalog (S19)", edits: []edit{{"pkg/catalogs/packages.go",
		`	p, err := s.Store.Package(ctx, id)
	err = s.allow(ctx, by, a, inPackage(p), err)
	if err == nil && !p.Deleting.IsZero() {`, `	p, err := s.Store.Package(ctx, id)
	if held, failed := s.Store.RolesOf(ctx, by.User()); failed == nil && len(held) > 0 && err == nil {
		err = s.allow(ctx, by, a, authz.Object{Catalog: held[0].Catalog, Package: p.ID}, err)
	} else {
		err = s.allow(ctx, by, a, inPackage(p), err)
	}
	if err == nil && !p.Deleting.IsZero() {`}}},
	{name: "owners offer what they manage (S17)", edits: []edit{{"pkg/catalogs/allow.go",
		`	if by.AllowedBy == "" {
`, `	if true {
`}}},
	{name: "owners offer no group that holds roles (S17)", edits: []edit{{"pkg/catalogs/allow.go",
		`	if err == nil && len(roles) > 0 {
`, `	if err == nil && len(roles) > 1000 {
`}}},
	{name: "owners alone give roles (S17)", edits: []edit{{"pkg/authz/policies/catalog.cedar",
		`    Action::"readCatalog",
    Action::"refreshResource",
`, `    Action::"readCatalog",
    Action::"assignRole",
    Action::"refreshResource",
`}}},
	{name: "what nobody may see nobody lists (S17)", edits: []edit{{"pkg/catalogs/delegated.go",
		`	if err == nil && !d.Allowed {
`, `	if false && !d.Allowed {
`}}},
	{name: "a package moves with its name", edits: []edit{{"pkg/catalogs/move.go",
		`	c.Names = entitlement.Moved(`, `	_ = entitlement.Moved(`}}},
	{name: "a required question is answered (R72)", edits: []edit{{"pkg/entitlement/question.go",
		`value == "" && !q.Required && !q.Editable {
			continue`, `value == "" {
			continue`}}},
	{name: "a choice is one of those that are offered (R71)", edits: []edit{{"pkg/entitlement/question.go",
		`		a, err := q.answered("answers", value)
		faults = append(faults, err)
`, `		a, _ := q.answered("answers", value)
		a.Question, a.Value = q, value
`}}},
	{name: "change under way is asked about (F35)", edits: []edit{{"pkg/delivery/unit.go",
		`	ops := u.poll(ctx, calls)
`, `	ops := u.ops
`}}},
	{name: "change that failed later is not one that was made (F35)", covered: "what is there is read either way; that its reason is shown is held by a test of package delivery",
		edits: []edit{{"pkg/delivery/pending.go",
			`		case told.Err != nil:
`, `		case false:
`}}},
	{name: "change counts from when it was made (F35)", edits: []edit{{"pkg/delivery/pending.go",
		`	o.record.Wrote, o.record.Reason = now, ""
`, `	o.record.Reason = ""
`}, {"pkg/delivery/pending.go",
		`		o.settled, o.wrote = true, now
`, `		o.settled = true
`}}},
	{name: "second change that is made later is judged as that (F35)", edits: []edit{{"pkg/delivery/pending.go",
		`	if o.settled && o.again {
`, `	if false {
`}}},
	{name: "change that is taken was not refused for good (F35)", edits: []edit{{"pkg/delivery/record.go",
		`		if g.Permanent = g.Permanent && o.pending == ""; o.pending == ""`, `		if o.pending == ""`}}},
	{name: "first change that is made later is not a second one (F35)", edits: []edit{{"pkg/delivery/record.go",
		` || o.wrote.IsZero() || !inVain(g) {`, ` || true {`}}},
	{name: "removal that is refused is never given up (last member)", edits: []edit{{"pkg/delivery/record.go",
		`	g.Permanent = o.failure.Permanent && t.Grant // a removal is never given up
`, `	g.Permanent = o.failure.Permanent
	if o.failure.Permanent && !t.Grant {
		g.Since, g.Attempts, g.Detail, g.Presence, g.Revoked = time.Time{}, 0, "", entitlement.PresenceAbsent, true
		g.CheckAfter = time.Time{}
		return g
	}
`}}},
	{name: "removal that leaves another copy is sent again", edits: []edit{{"pkg/delivery/decide.go",
		`	case s.shown == wanted:
		return s.absent()
`, `	case s.shown == wanted, !s.grant:
		return nextStep{step: stepDone}
`}}},
	{name: "target that is paused is not opened (R262)", edits: []edit{{"pkg/connector/registry.go",
		`	if cfg.Paused {
`, `	if false {
`}}},
	{name: "edit above the limit needs a second person (A4)", edits: []edit{{"pkg/catalogs/impact.go",
		`	if catalog.Limit.Exceeded(l.totals) && agreed.change == nil {
`, `	if false {
`}}},
	{name: "second person is not the first (A4)", edits: []edit{{"pkg/catalogs/impact.go",
		`	if c.Proposer == by.ID {
`, `	if false {
`}}},
}

// decision is the condition by which of two decisions on a request one wins.
const decision = "Put REQ REQ: v = ?"
