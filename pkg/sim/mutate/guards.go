package main

// mutations are the guards, each with the text that takes it out.
var mutations = []mutation{
	{name: "generation fence of a settlement", edits: []edit{{"pkg/memstore/heads.go",
		`	p.demand(old.head.Gen == s.Gen, entitlement.PartHead)
`, ``}}},
	{name: "generation in the fence before a call", edits: []edit{{"pkg/memstore/sheets.go",
		` && s.state.heads[f.Subject].head.Gen == f.Gen`, ``}}},
	{name: "condition on a decision, event numbers kept", edits: []edit{requestVersion},
		covered: "a second decision appends the same event number, which must not exist"},
	{name: "condition on a decision, event numbers too", edits: []edit{requestVersion, {"pkg/memstore/work.go",
		`	p.demand(!there, entitlement.PartEvent)
`, `	_ = there
`}}},
	{name: "condition on the package at submit", edits: []edit{{"pkg/memstore/heads.go",
		`		p.demand(!at.closed && !gone, entitlement.PartGuard)
`, `		_ = gone
`}}},
	{name: "re-read after the due index", edits: []edit{{"pkg/entitlement/ending.go",
		`	if a == nil || !over(*a, now) {
		return Change{}, nil`, `	if a == nil {
		return Change{}, nil`}}},
	{name: "union of live assignments", edits: []edit{{"pkg/delivery/plan.go",
		`	for _, p := range h.Live {
		if over(`, `	for _, p := range h.Live[:min(1, len(h.Live))] {
		if over(`}}},
	{name: "sentinel of the open request", edits: []edit{{"pkg/memstore/work.go",
		`	key := slotKey{v.Package, v.Subject}
	put(`, `	key := slotKey{v.Package, v.Subject}
	v.Version = p.slots[key].Version
	put(`}}},
	{name: "read-back before delivered", edits: []edit{{"pkg/delivery/target.go",
		`	after, err := t.check(ctx, role, differ)
`, `	after := make([]bool, len(differ))
	for i, o := range differ {
		after[i] = o.task.Grant
	}
`}}},
	{name: "re-check of eligibility at decision", edits: []edit{{"pkg/entitlement/decide.go",
		`	if !r.MayReview(reviewer, manager) {`, `	if false {`}}},
	{name: "fence before an outside call", edits: []edit{{"pkg/delivery/target.go",
		`	differ = t.fenced(ctx, differ)
`, ``}}},
	{name: "event in the same transaction", edits: []edit{{"pkg/requests/requests.go",
		`		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was`, `		events := change.Events
		change.Events = nil
		if err = s.Store.Commit(ctx, change); err == nil {
			err = s.Store.Commit(ctx, entitlement.Change{Events: events})
		}
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was`}}},
	{name: "intention before a call", edits: []edit{{"pkg/memstore/sheets.go",
		`		for _, role := range c.Intend {`, `		for _, role := range c.Intend[:0] {`}}},
	{name: "claim of a sheet", edits: []edit{{"pkg/memstore/sheets.go",
		`		if v.Token != "" && v.Until.After(c.Now) {`, `		if false {`}}},
	{name: "record under the claim alone", edits: []edit{{"pkg/memstore/sheets.go",
		`	p.demand(v.Token != "" && stored.Token == v.Token, entitlement.PartClaim)
`, ``}}},
	{name: "debt in the transaction of an end", edits: []edit{{"pkg/memstore/heads.go",
		`	h.Gen++
`, `	if c.Leave.Package == "" {
		h.Gen++
	}
`}}},
	{name: "look at the end before a grant", edits: []edit{{"pkg/delivery/plan.go",
		`		if over(w.Slots[p], now) {`, `		if false {`}}},
	{name: "own requests are not decided", edits: []edit{{"pkg/entitlement/decide.go",
		`	if reviewer.ID == r.Requestor || reviewer.ID == r.Subject {
		return r, Change{}, Errorf(Forbidden`, `	if false {
		return r, Change{}, Errorf(Forbidden`}, {"pkg/entitlement/approvers.go",
		`	return u.Enabled && u.ID != r.Requestor && u.ID != r.Subject
`, `	return u.Enabled
`}}},
	{name: "leaver is given nothing", covered: "whatever a leaver holds is ended before anything is planned, and the fence refuses a plan that is older",
		edits: []edit{{"pkg/delivery/plan.go",
			`	if h.Off || w.Subject == nil || !w.Subject.Enabled {`, `	if w.Subject == nil {`}}},
	{name: "tick looks for debts", edits: []edit{{"pkg/lifecycle/tick.go",
		`	for shard := range names.OweShards {
		if err := t.owed(`, `	for shard := range 0 {
		if err := t.owed(`}}},
	{name: "slot that begins at a version of its own", edits: []edit{{"pkg/memstore/plan.go",
		`	if slot, is := v.(entitlement.Slot); is && version == 0 {
		return slot.FirstVersion()
	}
`, ``}}},
	{name: "one id for one key", edits: []edit{{"pkg/requests/create.go",
		`	n.ID = entitlement.RequestID(clock.Derive(secret, "assignment request", string(by.ID), by.Key))
`, `	n.ID = entitlement.RequestID(clock.Derive(secret, s.IDs.New()))
`}}},
	{name: "fingerprint of a command under its key", edits: []edit{{"pkg/entitlement/wording.go",
		`	if r.Fingerprint == fingerprint {`, `	if r.Fingerprint != "" {`}}},
	{name: "condition on excluded packages", edits: []edit{{"pkg/memstore/heads.go",
		` && !slices.ContainsFunc(c.Incompatible, held)`, ``}}},
	{name: "condition on excluded groups", edits: []edit{{"pkg/memstore/heads.go",
		`		p.demand(!slices.ContainsFunc(groups, p.users[subject].MemberOf), entitlement.PartDirectory)
`, ``}}},
	{name: "intention that is signed", edits: []edit{{"pkg/delivery/reconcile.go",
		`		if sj.sheet.Grants[role].Intent == sj.token {`, `		if g := sj.sheet.Grants[role]; g.Presence == entitlement.PresenceUnknown {`}}},
	{name: "intention that nobody carried out is forgotten", edits: []edit{{"pkg/delivery/reconcile.go",
		`		if !sj.wrote[role] {`, `		if sj.wrote[role] && false {`}}},
	{name: "debt while an end has passed", edits: []edit{{"pkg/delivery/plan.go",
		`			owe(now.Add(names.TickPeriod))
			continue
`, `			_ = names.TickPeriod
			continue
`}}},
	{name: "head that is read again before a role is on record", edits: []edit{{"pkg/delivery/reconcile.go",
		`		if allKnown(Desired(head, j.work, s.Clock.Now()), sheets) {`, `		if true {`}}},
	{name: "leaver that is looked at again", edits: []edit{{"pkg/delivery/reconcile.go",
		`			if head.Gen != j.head.Gen+int64(ended) {`, `			if head.Gen != j.head.Gen+int64(ended) && false {`}}},
	{name: "role that an edit took out counts for its removal", edits: []edit{{"pkg/delivery/plan.go",
		` || p.Shrunk.After(a.Start.Add(-clocksApart))`, ``}}},
	{name: "fan-out tells before it moves on", edits: []edit{{"pkg/delivery/fanout.go",
		`	told, err := f.owe(ctx, job, slots.Items)
	if err != nil {
		return job, err
	}
`, `	job.Cursor, job.Erased = slots.Next, slots.Next == ""
	if err := f.Store.Commit(ctx, entitlement.Change{Jobs: []entitlement.Job{job}}); err != nil || job.Erased {
		return job, err
	}
	job.Version++
	told, err := f.owe(ctx, job, slots.Items)
	if err != nil {
		return job, err
	}
`}}},
}

var requestVersion = edit{"pkg/memstore/work.go",
	`	put(p, p.requests, entitlement.PartRequest, v.ID, v, requestRows)
`, `	if old, ok := p.requests[v.ID]; ok && v.Version > 0 {
		stale := v
		stale.Version = old.Version
		put(p, p.requests, entitlement.PartRequest, v.ID, stale, requestRows)
	} else {
		put(p, p.requests, entitlement.PartRequest, v.ID, v, requestRows)
	}
`}
