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
		p.putNew(entitlement.PartEvent, writeEvent(key, e, listing(key, e, c)))
	}
}

func listing(key Key, e entitlement.Event, c entitlement.Change) indexKeys {
	places := aboutKeys(key, e, c)
	if e.Notable() {
		places.first = noticeIndexKey(e.At, key)
	}
	return places
}

// aboutKeys lists the first event of a chain with what the chain is about, where its key does
// not say so; and one of a role, which may lie in the chain of a catalog, with who holds it.
// They never change, and stay when what they made is gone.
func aboutKeys(key Key, e entitlement.Event, c entitlement.Change) indexKeys {
	switch {
	case e.Aggregate == entitlement.OfRequest && e.Number == 1:
		for _, r := range c.Requests {
			if string(r.ID) == e.ID {
				return indexKeys{first: forPackageIndexKey(r.Package, r.Created, r.ID), second: forSubjectIndexKey(r.Subject, r.Created, r.ID)}
			}
		}
	case e.Aggregate == entitlement.OfPolicy && e.Number == 1:
		for _, p := range c.Policies {
			if string(p.ID) == e.ID {
				return indexKeys{second: ofIndexKey(kindPackage, string(p.Package), e.At, key)}
			}
		}
	case e.Aggregate == entitlement.OfAccount:
		return indexKeys{second: ofIndexKey(kindUser, e.Data[entitlement.DataUser], e.At, key)}
	case e.OfRole():
		for _, a := range c.RoleAssignments {
			if string(a.ID) == e.Data[entitlement.DataRole] && a.User != "" {
				return indexKeys{second: ofIndexKey(kindUser, string(a.User), e.At, key)}
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
		x.lacks(attrWatched)
		if g.Policy != "" {
			x.without(attrGone, pack(g.Policy))
		}
		p.check(deletionGuardKey(g.Package, deletionGuardOf(g.Subject)), entitlement.PartDeletionGuard, x)
	}
}
