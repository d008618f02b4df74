package memstore

import (
	"reflect"
	"slices"

	"leasehold/pkg/entitlement"
)

// headChange plans to move a head by one generation, and the debt with it (S22).
func (p *plan) headChange(c entitlement.HeadChange) {
	p.touch("head", c.Subject)
	if c.Leave.Package != "" && (c.Enter.Package != "" || c.Redeliver.Package != "") || c.Off && c.On {
		p.fail(entitlement.Errorf(entitlement.Invalid, "One change may not both take something from a subject and give it."))
	}
	old := p.heads[c.Subject]
	h := clone(p.head(c.Subject))
	if c.Enter.Package != "" {
		p.demand(!h.Off && mayEnter(h, c), entitlement.PartHead)
		p.stranger(c.Subject, c.NotIn)
		h.Live = append(h.Live, c.Enter.Package)
		h.Waiting = append(h.Waiting, c.Enter)
	}
	if c.Leave.Package != "" {
		p.demand(slices.Contains(h.Live, c.Leave.Package), entitlement.PartHead)
		h.Live = without(h.Live, c.Leave.Package)
		h.Waiting = without(h.Waiting, c.Leave)
		if c.Ended.Assignment != "" {
			h.Removing = append(h.Removing, c.Ended)
		}
	}
	if c.Redeliver.Package != "" {
		p.demand(slices.Contains(h.Live, c.Redeliver.Package), entitlement.PartHead)
		h.Waiting = append(without(h.Waiting, c.Redeliver), c.Redeliver)
	}
	h.Off = (h.Off || c.Off) && !c.On
	h.Gen++
	p.owe(old, debtor{h, c.Look})
}

// mayEnter reports that the package that enters is not held, nor any that it must not
// be held with (S5, S18), nor too many.
func mayEnter(h entitlement.Head, c entitlement.HeadChange) bool {
	held := func(id entitlement.PackageID) bool { return slices.Contains(h.Live, id) }
	return !held(c.Enter.Package) && !slices.ContainsFunc(c.Incompatible, held) && len(h.Live) < entitlement.MaxLive
}

// stranger demands that a subject is a member of none of the groups (S18).
func (p *plan) stranger(subject entitlement.UserID, groups []entitlement.GroupID) {
	if len(groups) > 0 {
		p.touch(reflect.TypeFor[entitlement.User](), subject)
		p.demand(!slices.ContainsFunc(groups, p.users[subject].MemberOf), entitlement.PartDirectory)
	}
}

// settlement plans to record what is paid of a debt, at the generation that was read.
func (p *plan) settlement(s entitlement.Settlement) {
	p.touch("head", s.Subject)
	old := p.heads[s.Subject]
	p.demand(old.head.Gen == s.Gen && (s.Settled || old.head.Settled < s.Gen), entitlement.PartHead)
	h := clone(p.head(s.Subject))
	h.Waiting = without(h.Waiting, s.Delivered...)
	h.Removing = without(h.Removing, s.Removed...)
	if s.Settled {
		h.Settled = s.Gen
	}
	p.owe(old, debtor{h, s.Next})
}

// owe plans to store a head and its row among the debts.
func (p *plan) owe(old, now debtor) {
	p.reindex(debtRows(old), debtRows(now))
	p.then(func() { p.heads[now.head.Subject] = now })
}

// without returns the list without the elements.
func without[T comparable](list []T, gone ...T) []T {
	return slices.DeleteFunc(list, func(x T) bool { return slices.Contains(gone, x) })
}

// conditions plans the guards and gates of a package's doors (S7).
func (p *plan) conditions(c entitlement.Change) {
	for _, g := range c.Guards {
		p.touch("guard", guardKey{g.Package, guardOf(g.Subject)})
		at := p.gates[g.Package]
		_, gone := at.policies[g.Policy]
		p.demand(!at.closed && !gone, entitlement.PartGuard)
	}
	for _, g := range c.Gates {
		p.gate(g)
	}
}
