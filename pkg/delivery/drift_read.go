package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// comparison is one role that is being compared.
type comparison struct {
	*driftRun
	target *driftTarget
	scan   entitlement.DriftScan
	given  []driftGiven
	known  map[string]entitlement.DriftFinding // by the target's id; nil: not read yet
	news   int                                 // suspicions among them
}

// holding is what is known of somebody who may hold the role by us.
type holding struct {
	subject  entitlement.UserID
	expected bool // it is on record as delivered
}

// ourHoldings are all of them, by the target's id.
type ourHoldings struct {
	by      map[string]holding
	unread  int // items that could not be read
	unknown int // people to whom something may have been sent under an id that is not on record
}

// read reads a turn of the target's list, and then our own. In this order: whoever we gave the role
// before it was listed is on our record by the time that is read.
func (c *comparison) read(ctx context.Context) error {
	now := c.Clock.Now()
	if c.scan.Phase == entitlement.DriftWaits {
		c.scan.Phase, c.scan.Cursor, c.scan.Part, c.scan.Started = entitlement.DriftReading, "", 0, now
		c.scan.Holders, c.scan.Ours, c.scan.Unclear, c.scan.Left, c.scan.Unread, c.scan.Shown = 0, 0, 0, 0, 0, ""
		c.scan.Lists = c.target.caps.ListsOf(c.scan.Role.Resource)
		if err := c.name(ctx); err != nil {
			return err
		}
	}

	lister, lists := c.target.conn.(connector.Lister)
	if !lists || !c.scan.Lists {
		c.scan.Lists = false
		return c.askOurs(ctx)
	}

	refs, next, err := c.listed(ctx, lister)
	if errors.Is(err, errNotListed) {
		c.scan.Lists, c.scan.Cursor, c.scan.Holders = false, "", 0
		return c.askOurs(ctx)
	}
	if err != nil {
		return err
	}
	ours, err := c.ours(ctx, false)
	if err != nil {
		return err
	}
	return c.compare(ctx, refs, next, ours)
}

// name notes what the role is called, once for each comparison: by the first catalog that has it. Where
// none has, it keeps the name that it had.
func (c *comparison) name(ctx context.Context) error {
	if len(c.given) == 0 {
		return nil
	}
	g := slices.MinFunc(c.given, func(a, b driftGiven) int { return strings.Compare(string(a.resource), string(b.resource)) })
	r, err := c.Store.Resource(ctx, g.catalog, g.resource)
	if err != nil {
		if entitlement.KindOf(err) == entitlement.NotFound {
			return nil
		}
		return err
	}
	c.scan.Name = r.DisplayName
	for _, role := range r.Roles {
		if role.OriginID == c.scan.Role.Role {
			c.scan.Name += ": " + role.DisplayName
		}
	}
	return nil
}

// listed reads pages of the target's list, as many as a turn takes.
func (c *comparison) listed(ctx context.Context, lister connector.Lister) (refs []string, next string, err error) {
	next = c.scan.Cursor
	for begun := false; !begun || next != "" && len(refs) < turnHolders; begun = true {
		var page connector.HolderPage
		declined := false
		err := c.target.call(ctx, func(ctx context.Context) (err error) {
			page, err = lister.Holders(ctx, c.scan.Role, next)
			declined = err != nil && entitlement.KindOf(err) == entitlement.Unsupported
			return err
		})
		if declined {
			return nil, "", errNotListed
		}
		if isNoTime(err) && begun {
			return refs, next, nil // the next run reads on
		}
		if err != nil {
			return nil, "", err
		}
		for _, p := range page.Refs {
			refs = append(refs, string(p))
		}
		next = page.Next
		if c.scan.Holders+len(refs) > mostHolders {
			return nil, "", tooMany()
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs), next, nil // a target may list somebody twice
}

// errNotListed is of a target that was asked for its list, and has none.
var errNotListed = entitlement.Errorf(entitlement.Unsupported, "The target does not list who holds the role.")

func tooMany() error {
	return &connector.Refusal{Reason: connector.NotUnderstood, Detail: "More people hold the role at the target than are compared.", Permanent: true}
}

// ours reads who may hold the role by us: holders of packages that give it, and those from whom it is
// still to be taken.
func (c *comparison) ours(ctx context.Context, strong bool) (ourHoldings, error) {
	all := ourHoldings{by: map[string]holding{}, unread: c.unread}
	seen := map[entitlement.UserID]bool{}

	for _, g := range c.given {
		for token, begun := "", false; !begun || token != ""; begun = true {
			slots, err := c.Store.Slots(ctx, g.pkg, token, 0)
			if err != nil {
				return all, err
			}
			all.unread += slots.Unread
			token = slots.Next

			var people []holding
			for _, s := range slots.Items {
				if s.Assignment != nil && !seen[s.Subject] {
					seen[s.Subject] = true
					people = append(people, holding{s.Subject, s.Assignment.State == entitlement.AssignmentDelivered})
				}
			}
			if len(seen) > mostHolders {
				return all, tooMany()
			}
			if err := c.addTo(ctx, &all, people, strong); err != nil {
				return all, err
			}
		}
	}
	return all, c.pending(ctx, &all, seen, strong)
}

// addTo adds people who hold a package. Where the target's store is ours they are called there what
// they are called here; of any other, their grant set says by which id.
func (c *comparison) addTo(ctx context.Context, all *ourHoldings, people []holding, strong bool) error {
	if c.target.caps.Authoritative {
		for _, p := range people {
			all.by[string(p.subject)] = p
		}
		return nil
	}

	for some := range slices.Chunk(people, entitlement.PageSize) {
		ids := make([]entitlement.UserID, len(some))
		for i, p := range some {
			ids[i] = p.subject
		}
		sets, unread, err := c.Store.GrantSetsAt(ctx, c.scan.Role.Connector, ids, strong)
		if err != nil {
			return err
		}
		all.unread += unread
		for _, s := range sets {
			all.add(s, c.scan.Role)
		}
	}
	return nil
}

// add adds whose grant set it is, under each id that anything was ever sent under.
func (h *ourHoldings) add(s entitlement.GrantSet, role entitlement.RoleRef) {
	g, recorded := s.Grants[role]
	for _, former := range s.Former {
		if _, is := h.by[former]; !is {
			h.by[former] = holding{subject: s.Subject}
		}
	}
	switch {
	case s.Principal != "":
		h.by[s.Principal] = holding{s.Subject, recorded && g.Presence == entitlement.PresencePresent && !g.Revoked && !g.Failing()}
	case g.Intent != "" || s.Token != "":
		h.unknown++
	}
}

// pending adds those who are owed something and are not holders: the role may still be to be taken
// from them. An index finds them, which is never later than a suspicion is old when it is judged.
func (c *comparison) pending(ctx context.Context, all *ourHoldings, seen map[entitlement.UserID]bool, strong bool) error {
	for shard := range names.ReconcileShards {
		for page := (entitlement.Page{}); ; {
			list, err := c.Store.PendingReconciliation(ctx, shard, c.Clock.Now().AddDate(1, 0, 0), page)
			if err != nil {
				return err
			}

			ids := slices.DeleteFunc(list.Items, func(u entitlement.UserID) bool { return seen[u] })
			sets, unread, err := c.Store.GrantSetsAt(ctx, c.scan.Role.Connector, ids, strong)
			if err != nil {
				return err
			}
			all.unread += unread
			for _, s := range sets {
				if _, is := s.Grants[c.scan.Role]; is || s.Token != "" {
					all.add(s, c.scan.Role)
				}
			}
			if page.Token = list.Next; page.Token == "" {
				break
			}
		}
	}
	return nil
}

// compare records what differs of a turn. next is where the target's list goes on.
func (c *comparison) compare(ctx context.Context, refs []string, next string, ours ourHoldings) error {
	c.scan.Holders += len(refs)
	c.scan.Ours, c.scan.Unread = len(ours.by), ours.unread

	var differ []entitlement.DriftFinding
	seen := make(map[uint64]bool, len(refs))
	for _, ref := range refs {
		if h, is := ours.by[ref]; is {
			seen[entitlement.DriftDigest(ref)] = true
			if h.expected {
				c.scan.Shown = ref
			}
			continue
		}
		// Of somebody whose record cannot be read it is not known under which id they are there.
		if ours.unread == 0 {
			differ = append(differ, entitlement.DriftFinding{Principal: ref, Kind: entitlement.DriftExtra})
		}
	}

	if next != "" {
		return c.turn(ctx, next, seen, differ)
	}

	before, err := c.before(ctx)
	if err != nil {
		return err
	}
	for _, s := range before {
		for _, d := range s.Digests {
			seen[d] = true
		}
	}
	for ref, h := range ours.by {
		if h.expected && !seen[entitlement.DriftDigest(ref)] {
			differ = append(differ, entitlement.DriftFinding{Principal: ref, Subject: h.subject, Kind: entitlement.DriftMissing})
		}
	}
	return c.readToEnd(ctx, differ, before)
}

// turn records a turn that is not the last: whom of ours it saw, and where the next one goes on.
func (c *comparison) turn(ctx context.Context, next string, seen map[uint64]bool, differ []entitlement.DriftFinding) error {
	if err := c.suspect(ctx, differ); err != nil {
		return err
	}

	kept := entitlement.DriftSeen{Role: c.scan.Role, Part: c.scan.Part, Started: c.scan.Started}
	for d := range seen {
		kept.Digests = append(kept.Digests, d)
	}
	slices.Sort(kept.Digests)

	// A turn of an earlier comparison may lie there, which never came to its end.
	all, err := c.Store.DriftSeen(ctx, c.scan.Role)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Part == kept.Part {
			kept.Version = s.Version
		}
	}

	c.scan.Cursor, c.scan.Part, c.scan.Next = next, c.scan.Part+1, c.Clock.Now()
	c.clear()
	return c.Store.Commit(ctx, entitlement.Change{DriftSeen: []entitlement.DriftSeen{kept}, DriftScans: []entitlement.DriftScan{c.scan}})
}

// before returns what the turns before saw.
func (c *comparison) before(ctx context.Context) ([]entitlement.DriftSeen, error) {
	if c.scan.Part == 0 {
		return nil, nil
	}
	all, err := c.Store.DriftSeen(ctx, c.scan.Role)
	return slices.DeleteFunc(all, func(s entitlement.DriftSeen) bool { return !s.Started.Equal(c.scan.Started) }), err
}

// readToEnd records what differs, and has it looked at again after a while.
func (c *comparison) readToEnd(ctx context.Context, differ []entitlement.DriftFinding, before []entitlement.DriftSeen) error {
	slices.SortFunc(differ, func(a, b entitlement.DriftFinding) int { return strings.Compare(a.Principal, b.Principal) })
	if err := c.suspect(ctx, differ); err != nil {
		return err
	}

	c.clear()
	if len(c.toEvaluate()) == 0 {
		return c.complete(ctx, before)
	}
	c.scan.Phase, c.scan.Cursor = entitlement.DriftJudging, ""
	c.scan.Next = c.Clock.Now().Add(max(driftSettle, c.target.window))
	for i := range before {
		before[i].Erased = true
	}
	return c.Store.Commit(ctx, entitlement.Change{DriftSeen: before, DriftScans: []entitlement.DriftScan{c.scan}})
}

// load reads the findings that are on record.
func (c *comparison) load(ctx context.Context) error {
	if c.known != nil {
		return nil
	}
	all, err := c.findings(ctx, c.scan)
	if err != nil {
		return err
	}
	c.known, c.news = map[string]entitlement.DriftFinding{}, 0
	for _, f := range all {
		c.known[f.Principal] = f
		if !f.Shown() && f.Last.Equal(c.scan.Started) {
			c.news++
		}
	}
	return nil
}

// suspect records that a look differed. What is on record keeps its state, and was seen again.
func (c *comparison) suspect(ctx context.Context, differ []entitlement.DriftFinding) error {
	if err := c.load(ctx); err != nil {
		return err
	}

	var news []entitlement.DriftFinding
	for _, d := range differ {
		f, on := c.known[d.Principal]
		switch {
		case on && f.Kind == d.Kind && f.Last.Equal(c.scan.Started):
			continue // a turn that is repeated
		case !on || f.Kind != d.Kind:
			if c.news >= entitlement.MaxDriftNews {
				c.scan.Left++
				continue
			}
			c.news++
			version := f.Version
			f = d
			f.Role, f.Version = c.scan.Role, version
		}
		f.Name = c.scan.Name
		if f.Subject == "" {
			f.Subject = d.Subject
		}
		f.Last = c.scan.Started
		news = append(news, f)
	}

	for some := range slices.Chunk(news, 3*perCommit) {
		if err := c.commit(ctx, entitlement.Change{DriftFindings: some}); err != nil {
			return err
		}
	}
	return nil
}

// commit makes a change true, and takes it in.
func (c *comparison) commit(ctx context.Context, change entitlement.Change) error {
	if err := c.Store.Commit(ctx, change); err != nil {
		return err
	}
	for _, f := range change.DriftFindings {
		if f.Erased {
			delete(c.known, f.Principal)
			continue
		}
		f.Version++
		c.known[f.Principal] = f
	}
	for _, s := range change.DriftScans {
		s.Version++
		c.scan = s
	}
	return nil
}

// clear takes back what is on record of a try that failed.
func (c *comparison) clear() { c.scan.Reason, c.scan.Detail, c.scan.Failed = "", "", time.Time{} }

// fail records why a comparison could not go on. It begins anew, after a while: where its list went on
// may be of no use then.
func (c *comparison) fail(ctx context.Context, refusal *connector.Refusal) error {
	now := c.Clock.Now()
	c.report.Failed++
	c.scan.Reason, c.scan.Detail, c.scan.Failed = string(refusal.Reason), refusal.Detail, now
	c.scan.Next = now.Add(max(entitlement.DriftRetry, refusal.After))
	if c.scan.Phase == entitlement.DriftReading {
		c.scan.Phase, c.scan.Cursor = entitlement.DriftWaits, ""
	}
	return c.Store.Commit(ctx, entitlement.Change{DriftScans: []entitlement.DriftScan{c.scan}})
}

// askOurs asks about those who ought to hold the role, where the target lists nobody: so what is extra
// is not found.
func (c *comparison) askOurs(ctx context.Context) error {
	known, err := c.Store.TargetResource(ctx, c.scan.Role.Connector, c.scan.Role.Resource)
	if err != nil {
		return err
	}
	at, token, _ := strings.Cut(c.scan.Cursor, "|")
	given := slices.SortedFunc(slices.Values(c.given), func(a, b driftGiven) int { return strings.Compare(string(a.pkg), string(b.pkg)) })

	for _, g := range given {
		if string(g.pkg) < at {
			continue
		}
		if string(g.pkg) != at {
			token = ""
		}
		for begun := false; !begun || token != ""; begun = true {
			next, err := c.askPage(ctx, g, token, known)
			if isNoTime(err) {
				c.scan.Cursor, c.scan.Next = string(g.pkg)+"|"+token, c.Clock.Now()
				return c.commit(ctx, entitlement.Change{DriftScans: []entitlement.DriftScan{c.scan}})
			}
			if err != nil {
				return err
			}
			token = next
		}
	}
	if err := c.load(ctx); err != nil {
		return err
	}
	return c.readToEnd(ctx, nil, nil)
}

// askPage asks about a page of a package's holders. It is as large as a run can ask about.
func (c *comparison) askPage(ctx context.Context, g driftGiven, token string, known entitlement.TargetResource) (next string, err error) {
	batch := c.target.caps.MaxBatch
	slots, err := c.Store.Holders(ctx, g.pkg, entitlement.Page{Token: token, Limit: min(entitlement.PageSize, batch*driftCalls/4)})
	if err != nil {
		return "", err
	}
	var people []holding
	for _, s := range slots.Items {
		if s.Assignment != nil {
			people = append(people, holding{s.Subject, true})
		}
	}
	page := ourHoldings{by: map[string]holding{}}
	if err := c.addTo(ctx, &page, people, false); err != nil {
		return "", err
	}

	var who []suspect
	for ref, h := range page.by {
		if h.expected {
			who = append(who, suspect{finding: entitlement.DriftFinding{Principal: ref, Subject: h.subject, Kind: entitlement.DriftMissing}})
		}
	}
	slices.SortFunc(who, func(a, b suspect) int { return strings.Compare(a.finding.Principal, b.finding.Principal) })

	var differ []entitlement.DriftFinding
	present := 0
	for some := range slices.Chunk(who, max(batch-2, 1)) {
		counts, err := c.target.check(ctx, c.scan.Role, known, some, connector.PrincipalRef(c.scan.Shown))
		if err != nil {
			return "", err
		}
		for i, s := range some {
			switch counts[i] {
			case entitlement.PresencePresent:
				present++
				c.scan.Shown = s.finding.Principal
			case entitlement.PresenceAbsent, entitlement.PresenceUnknown:
				differ = append(differ, s.finding) // what is not known is judged with what the record says
			}
		}
	}
	if err := c.suspect(ctx, differ); err != nil {
		return "", err
	}
	c.scan.Holders, c.scan.Ours = c.scan.Holders+present, c.scan.Ours+len(who)
	return slots.Next, nil
}
