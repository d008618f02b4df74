package catalogs

import (
	"context"
	"maps"
	"slices"

	"leasehold/pkg/entitlement"
)

// maxUnmoved is how many things that an edit was decided on go into its transaction as
// conditions, beside the 16 guards of the package and what the edit writes itself: a transaction
// of DynamoDB has a hundred actions.
const maxUnmoved = 72

// holdersLook goes through everybody who holds the package of an edit, page by page, and says what the
// edit does to each; the memory it takes is that of a page. With visit it tells each page.
type holdersLook struct {
	service *Service
	edit    entitlement.RoleEdit
	totals  *entitlement.ImpactTotals
	visit   func([]entitlement.Affected) error

	gives   map[entitlement.PackageID]bool // packages that give the role, as far as they were met
	before  bool                           // whether what was there before us is asked for too
	unmoved []entitlement.Unmoved          // what was read, up to one more than maxUnmoved
}

func (s *Service) lookAtHolders(edit entitlement.RoleEdit, own entitlement.PackageScopes, visit func([]entitlement.Affected) error) *holdersLook {
	// Of the package itself the edit writes the list of roles: nothing more is to be demanded of it.
	gives := map[entitlement.PackageID]bool{edit.Package: edit.GivenBy(own)}
	return &holdersLook{service: s, edit: edit, totals: edit.Totals(), visit: visit, gives: gives}
}

// atOnce goes through all holders where they are not too many for one call. Of too many it reads
// where they are, as far as it must to know it, and nothing of what they hold.
func (l *holdersLook) atOnce(ctx context.Context) error {
	most := l.service.atOnce()
	var all []entitlement.AssignmentSlot
	for token := ""; ; {
		slots, err := l.service.Store.Slots(ctx, l.edit.Package, token, most-len(all))
		if err == nil && slots.Unread > 0 {
			err = unsure(slots.Unread) // somebody may hold it
		}
		if err != nil {
			return err
		}
		all, token = append(all, slots.Items...), slots.Next
		switch {
		case token == "":
			return l.page(ctx, all)
		case len(all) >= most:
			return tooMany(most)
		}
	}
}

// page says what the edit does to those of one page. Whoever holds the package is read again by
// the record of what they hold, which moves with each package that they get or lose; of who has
// asked for it, the place in the package moves where they get it.
func (l *holdersLook) page(ctx context.Context, slots []entitlement.AssignmentSlot) error {
	var holders []entitlement.UserID
	for _, slot := range slots {
		if slot.Open != "" {
			l.demand(entitlement.Unmoved{Subject: slot.Subject, Package: l.edit.Package, Version: slot.Version})
		}
		if slot.Assignment != nil {
			holders = append(holders, slot.Subject)
		}
	}
	if len(holders) == 0 {
		return nil
	}

	at := entitlement.ConnectorID("")
	if l.before {
		at = l.edit.Scope.Ref.Connector
	}
	records, sets, err := l.service.Store.SubjectsAt(ctx, holders, at)
	if err != nil {
		return err
	}
	others, err := l.others(ctx, holders, records)
	if err != nil {
		return err
	}

	var told []entitlement.Affected
	now := l.service.Clock.Now()
	for _, slot := range slots {
		if slot.Assignment == nil {
			continue
		}
		record := records[slot.Subject]
		l.demand(entitlement.Unmoved{Subject: slot.Subject, Generation: record.Generation})
		h := entitlement.Holder{Slot: slot, Record: record, Gives: l.gives, Others: others[slot.Subject], Before: sets[slot.Subject].Grants[l.edit.Scope.Ref].PreExisting}
		if a, affected := l.edit.Of(h, now); affected {
			l.totals.Add(a)
			told = append(told, a)
		}
	}
	if l.visit == nil {
		return nil
	}
	return l.visit(told)
}

// others reads the assignments by which holders have the role from other packages.
func (l *holdersLook) others(ctx context.Context, holders []entitlement.UserID, records map[entitlement.UserID]entitlement.SubjectRecord) (map[entitlement.UserID]map[entitlement.PackageID]entitlement.Assignment, error) {
	if err := l.meet(ctx, records); err != nil {
		return nil, err
	}

	var pairs []entitlement.PackageSubject
	for _, id := range holders {
		for _, p := range records[id].Live {
			if p != l.edit.Package && l.gives[p] {
				pairs = append(pairs, entitlement.PackageSubject{Package: p, Subject: id})
			}
		}
	}
	if len(pairs) == 0 {
		return nil, nil
	}

	live, err := l.service.Store.LiveAssignments(ctx, pairs)
	if err != nil {
		return nil, err
	}
	all := map[entitlement.UserID]map[entitlement.PackageID]entitlement.Assignment{}
	for _, a := range live {
		if all[a.Subject] == nil {
			all[a.Subject] = map[entitlement.PackageID]entitlement.Assignment{}
		}
		all[a.Subject][a.Package] = a
	}
	return all, nil
}

// meet finds out of packages that were not met yet whether they give the role.
func (l *holdersLook) meet(ctx context.Context, records map[entitlement.UserID]entitlement.SubjectRecord) error {
	fresh := map[entitlement.PackageID]bool{}
	for _, record := range records {
		for _, p := range record.Live {
			if _, met := l.gives[p]; !met {
				fresh[p] = true
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}

	ids := slices.Sorted(maps.Keys(fresh))
	scopes, err := l.service.Store.ScopesOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		l.gives[id] = l.edit.GivenBy(scopes[id])
		l.demand(entitlement.Unmoved{Package: id, Version: scopes[id].Version})
	}
	return nil
}

func (l *holdersLook) demand(u entitlement.Unmoved) {
	if len(l.unmoved) <= maxUnmoved {
		l.unmoved = append(l.unmoved, u)
	}
}

// conditions are what the edit's transaction demands of what it was decided on: all of it, or,
// where that is more than a transaction holds, nothing.
func (l *holdersLook) conditions() []entitlement.Unmoved {
	if len(l.unmoved) > maxUnmoved {
		return nil
	}
	return l.unmoved
}

// ReasonPackages are the packages by which people keep a role, each once.
func ReasonPackages(people []entitlement.Affected) []entitlement.PackageID {
	all := map[entitlement.PackageID]bool{}
	for _, a := range people {
		for _, r := range a.Because {
			all[r.Package] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
