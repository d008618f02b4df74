package dynamo

import "leasehold/pkg/entitlement"

// requests writes requests; a new one that was made for somebody else is listed with
// its requestor as well.
func (p *plan) requests(all []entitlement.AssignmentRequest) {
	for _, r := range all {
		write(p, requestMapper, r)
		if r.Version == 0 && !r.Erased && r.Requestor != r.Subject {
			it := item{}
			seal(it, madeKey(r.Requestor, r.Created, r.ID), tagMade, 1)
			p.putNew(entitlement.PartRequest, it)
		}
	}
}

// events writes events, each of which must be the first with its number. The first
// event of a request never changes, so it carries the index entries that list the
// request.
func (p *plan) events(c entitlement.Change) {
	for _, e := range c.Events {
		key, ok := eventKey(e.Aggregate, e.ID, e.Number)
		if !ok || e.Number < 1 {
			p.invalid("An event must be about a known kind of object and have a number.")
			return
		}
		p.putNew(entitlement.PartEvent, writeEvent(key, e, listing(key, e, c.Requests)))
	}
}

func listing(key Key, e entitlement.Event, requests []entitlement.AssignmentRequest) indexKeys {
	if e.Notable() {
		return indexKeys{first: noticeIndexKey(e.At, key)}
	}
	if e.Aggregate == entitlement.OfRequest && e.Number == 1 {
		for _, r := range requests {
			if string(r.ID) == e.ID {
				return indexKeys{forPackageIndexKey(r.Package, r.Created, r.ID), forSubjectIndexKey(r.Subject, r.Created, r.ID)}
			}
		}
	}
	return indexKeys{}
}

// deletionGuards checks that packages and policies are open to new work (S7).
func (p *plan) deletionGuards(all []entitlement.DeletionGuard) {
	for _, g := range all {
		x := newExpression()
		x.lacks(attrClosed)
		if g.Policy != "" {
			x.without(attrGone, pack(g.Policy))
		}
		p.check(deletionGuardKey(g.Package, deletionGuardOf(g.Subject)), entitlement.PartDeletionGuard, x)
	}
}
