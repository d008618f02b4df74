package memstore

import (
	"slices"

	"leasehold/pkg/entitlement"
)

func (p *plan) work(c entitlement.Change) {
	for _, v := range c.Requests {
		p.request(v)
	}
	for _, v := range c.Slots {
		p.slotOf(v)
	}
	for _, v := range c.Ended {
		put(p, p.ended, entitlement.PartRequest, v.ID, v, endedRows)
	}
	for _, v := range c.Heads {
		p.headChange(v)
	}
	for _, v := range c.Settlements {
		p.settlement(v)
	}
	for _, v := range c.Sheets {
		p.sheet(v)
	}
	for _, e := range c.Events {
		p.event(e, c.Requests)
	}
}

func (p *plan) request(v entitlement.AssignmentRequest) {
	put(p, p.requests, entitlement.PartRequest, v.ID, v, requestRows)
	if s := v.Current(); s != nil && slices.Contains(s.Asked, entitlement.Administrators) {
		p.then(func() { p.approvers[entitlement.AdministratorsGroup] = struct{}{} }) // whom no policy need have named
	}
	if v.Version == 0 && v.Requestor != v.Subject {
		p.touch("made for another", v.ID)
		p.then(func() { p.strong.add(byTime(requestsBy(v.Requestor), v.Created, string(v.ID), v.ID)) })
	}
}

// slotOf plans to write a slot. The assignment in it has no version of its own.
func (p *plan) slotOf(v entitlement.Slot) {
	if v.Assignment != nil {
		a := *v.Assignment
		a.Version, a.Erased = 0, false
		v.Assignment = &a
	}
	key := slotKey{v.Package, v.Subject}
	put(p, p.slots, entitlement.PartSlot, key, v, slotRows)
	entry := row{list: holdersOf(v.Package), sort: string(v.Subject), ref: key}
	p.then(func() {
		if v.Erased {
			p.strong.drop(entry)
		} else {
			p.strong.add(entry)
		}
	})
}

// event plans to write an event. The first one of a request is found by its package
// and its subject, since it never changes.
func (p *plan) event(e entitlement.Event, requests []entitlement.AssignmentRequest) {
	key := chainKey{e.Aggregate, e.ID}
	p.touch(key, e.Number)
	_, there := p.events[key][e.Number]
	p.demand(!there, entitlement.PartEvent)
	e = clone(e)
	e.At = e.At.UTC()
	p.then(func() {
		if p.events[key] == nil {
			p.events[key] = map[int64]entitlement.Event{}
		}
		p.events[key][e.Number] = e
	})
	if e.Aggregate != entitlement.OfRequest || e.Number != 1 {
		return
	}
	if i := slices.IndexFunc(requests, func(r entitlement.AssignmentRequest) bool { return string(r.ID) == e.ID }); i >= 0 {
		p.reindex(nil, bornRows(requests[i]))
	}
}
