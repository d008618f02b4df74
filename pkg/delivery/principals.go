package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Bounds of looking people up at one target.
const (
	parallelLookups = 4
	maxLookup       = 20              // people in one question
	lookupTime      = 3 * time.Second // that one question may take, where people are asked for one by one
	// knownFor is how long a kept id counts as the subject's own before a grant (F43).
	knownFor = 24 * time.Hour
	// namedFor is how long a name counts as the subject's own before a removal. It is longer than
	// a few hundred people take at a target with limits, who are looked up before the first of
	// them is served.
	namedFor = 30 * time.Minute
	// maxFormer is how many ids of one person's a record holds, each of which something may
	// have been sent under (S21).
	maxFormer = 20
)

// unsure reports that the subject is to be looked up before the tasks are carried out: the
// id is not known, or it is about to get something and is old, or its last change failed. Where
// ids are names, what is taken away is taken from whoever is called so now.
func (t *target) unsure(s entitlement.GrantSet, tasks []Task) bool {
	grants := slices.ContainsFunc(tasks, func(t Task) bool { return t.Grant })
	switch {
	case !grants && t.caps.Renames && len(tasks) > 0:
		return s.Principal == "" || s.Doubtful || t.run.Clock.Now().Sub(s.PrincipalAt) >= namedFor
	case !grants:
		return len(tasks) > 0 && s.Principal == "" && len(s.Former) == 0
	case t.caps.Authoritative:
		return s.Principal == "" // its ids are ours
	default:
		return s.Principal == "" || s.Doubtful || t.run.Clock.Now().Sub(s.PrincipalAt) >= knownFor
	}
}

// ids returns under which ids of the subject a task is carried out: a removal also under
// those under which grants were sent before.
func (p *targetJob) ids(t *task) []connector.PrincipalRef {
	var ids []connector.PrincipalRef
	if p.grantSet.Principal != "" {
		ids = append(ids, connector.PrincipalRef(p.grantSet.Principal))
	}
	if !t.Grant && t.sent {
		for _, id := range p.grantSet.Former {
			if id != p.grantSet.Principal {
				ids = append(ids, connector.PrincipalRef(id))
			}
		}
	}
	return ids
}

// find looks up those people whose id at the target is not known well enough. What is found
// is kept with the part's record, so the next run goes on from there.
func (t *target) find(ctx, calls context.Context, parts []*targetJob) {
	l := &lookups{size: 1}

	for _, p := range parts {
		p.named = t.caps.Renames
		if t.unsure(p.grantSet, p.plan()) {
			l.left = append(l.left, p)
		}
	}

	// The first question is about one person and shows how long the target takes for each: it
	// sizes those that follow.
	t.lookUp(ctx, calls, l)

	var g errgroup.Group
	for range parallelLookups {
		g.Go(func() error {
			for t.lookUp(ctx, calls, l) {
			}
			return nil
		})
	}

	g.Wait()
}

func (p *targetJob) plan() []Task {
	var tasks []Task
	for _, t := range p.tasks {
		tasks = append(tasks, t.Task)
	}
	return tasks
}

// lookups are people to be looked up, and how many of them one question is to be about: one
// at first, then as many as it takes a few seconds for.
type lookups struct {
	mu   sync.Mutex
	left []*targetJob
	size int
}

func (l *lookups) next() []*targetJob {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.size, len(l.left))
	some := l.left[:n]
	l.left = l.left[n:]
	return some
}

func (l *lookups) took(n int, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	each := max(d/time.Duration(n), 1)
	l.size = int(min(max(lookupTime/each, 1), maxLookup))
}

// lookUp asks for the next few people, and reports that there were some.
func (t *target) lookUp(ctx, calls context.Context, l *lookups) bool {
	parts := l.next()
	if len(parts) == 0 {
		return false
	}

	who := make([]connector.Correlation, 0, len(parts))
	var asked []*targetJob
	for _, p := range parts {
		u := p.job.inputs.Subject
		// Who is deleted in the directory has no name left to look up by.
		if u == nil {
			t.unfound(ctx, p, &connector.Refusal{Reason: connector.PrincipalMissing,
				Detail: "The user does not exist any more and cannot be looked up at the target. Look there whether anything is left, then close the removal."})
			continue
		}
		asked = append(asked, p)
		who = append(who, connector.Correlation{User: u.ID, UserName: u.UserPrincipalName, Mail: u.Mail, External: u.ExternalID})
	}

	if len(asked) == 0 {
		return true
	}

	began := t.run.Clock.Now()
	var found []connector.Found
	err := t.call(calls, func(ctx context.Context) (err error) {
		found, err = t.conn.FindPrincipals(ctx, who)
		return answeredAll(len(found), len(who), err)
	})

	l.took(len(asked), t.run.Clock.Now().Sub(began))

	for i, p := range asked {
		switch {
		case err != nil:
			t.noteAll(ctx, p, failedBy(err))
		case found[i].Err != nil:
			t.unknown(ctx, p, found[i].Err)
		default:
			t.found(ctx, p, string(found[i].Ref))
		}
	}
	return true
}

// answeredAll makes an error of an answer that is not about everything that was asked.
func answeredAll(got, want int, err error) error {
	if err == nil && got != want {
		err = entitlement.Errorf(entitlement.Internal, "The connector answered %d of %d.", got, want)
	}
	return err
}

// found keeps a subject's id. Where it is another one than before, nothing is known of what
// the subject holds under it: all is planned afresh.
func (t *target) found(ctx context.Context, p *targetJob, id string) {
	old := p.grantSet.Principal
	// Each id in the record costs a call at every removal, for good.
	if old != "" && old != id && len(p.grantSet.Former) >= maxFormer {
		t.unfound(ctx, p, &connector.Refusal{Reason: connector.PrincipalAmbiguous, Detail: fmt.Sprintf(
			"The target has named %d accounts for this person, another one each time, and is not believed the next. See which is the person's, then close what is left and assign the package again.", maxFormer+1)})
		return
	}

	p.grantSet.Principal, p.grantSet.PrincipalAt, p.grantSet.Doubtful, p.found = id, t.run.Clock.Now(), false, true
	if old == "" || old == id {
		return
	}

	// What may be held under the old id is to be taken away under it. Nothing is sent in this
	// round: the plan that it belongs to was made for another account.
	p.replaced(old)
	p.again = true
	t.noteAll(ctx, p, outcome{left: true})
}

// replaced remembers an id under which something may have been granted, and forgets what
// was known of the subject under it.
func (p *targetJob) replaced(old string) {
	for role, g := range p.grantSet.Grants {
		if maySent(g, p.grantSet.Token) && !slices.Contains(p.grantSet.Former, old) {
			p.grantSet.Former = append(p.grantSet.Former, old)
		}
		if _, known := p.grantSet.UnderID(role, old); !known && maySent(g, p.grantSet.Token) {
			p.keepUnder(old, g)
		}
		p.grantSet.Grants[role] = entitlement.Grant{Role: role, Presence: entitlement.PresenceUnknown, Sent: g.Sent, Intent: g.Intent, Generation: g.Generation,
			Since: g.Since, Attempts: g.Attempts, Reason: g.Reason, Detail: g.Detail}
	}
}

// unfound is what follows where the target does not tell whose id the subject's is. Grants
// fail by it; removals go on under the ids that are known. One to whom nothing was ever sent
// holds nothing there through us. What may have been sent under an id that a crash lost is
// owed until the account is found, or was not there for as long as that takes (missed).
func (t *target) unfound(ctx context.Context, p *targetJob, refusal *connector.Refusal) {
	// The account is gone, and a new one may come: what was sent under the old id stays on record.
	if old := p.grantSet.Principal; old != "" && refusal.Reason == connector.PrincipalMissing {
		p.replaced(old)
		p.grantSet.Principal = ""
	}

	// That the account is missing ends a removal only where it was the person's own name that was
	// looked up.
	ends := refusal.Reason == connector.PrincipalMissing && p.job.inputs.Subject != nil

	for _, task := range p.tasks {
		task.ids = 1
		switch {
		case task.Grant || len(p.ids(task)) == 0 && (task.sent || !ends):
			t.note(ctx, task, "", outcome{failure: refusal})
		case len(p.ids(task)) == 0:
			t.note(ctx, task, "", outcome{ended: refusal.Reason})
		}
	}
}
