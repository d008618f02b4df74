package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// SubmitInputs reads what a new request is decided on: in one call where this process knows
// what the package names, else in two.
func (db *DB) SubmitInputs(ctx context.Context, k entitlement.SubmitKeys) (entitlement.SubmitInputs, error) {
	known := found{packageKey(k.Package): readOnce(ctx).known(packageKey(k.Package))}
	if p, err := pick(known, packageMapper, packageKey(k.Package)); err == nil && known[packageKey(k.Package)] != nil {
		db.packages.learn(*p)
	}

	// A guess from what this process last saw of the package. A wrong one costs a call, no more:
	// what is used is what the package says now.
	guess := db.packages.of(k.Package)
	keys := append(startKeys(k.Package, k.Subject, k.Requestor), policyKeys(k.Policy, guess.policies)...)
	if guess.catalog != "" {
		keys = append(keys, catalogKey(guess.catalog))
	}

	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return entitlement.SubmitInputs{}, err
	}

	p, err := pick(all, packageMapper, packageKey(k.Package))
	if err != nil {
		return entitlement.SubmitInputs{}, err
	}

	wanted := policyKeys(k.Policy, nil)
	if p != nil {
		db.packages.learn(*p)
		wanted = policyKeys(k.Policy, p.Policies)
		missed := slices.DeleteFunc(append(slices.Clone(wanted), catalogKey(p.Catalog)), func(key Key) bool { return slices.Contains(keys, key) })
		more, err := db.batch(ctx, true, missed...)
		if err != nil {
			return entitlement.SubmitInputs{}, err
		}
		for key, it := range more {
			all[key] = it
		}
	}

	ask, err := asSubmitInputs(all, k, p, wanted)
	if err == nil && slices.ContainsFunc(ask.Policies, entitlement.AssignmentPolicy.AsksSecond) {
		ask.Second, err = db.managerOf(ctx, ask.Subject)
	}
	if err == nil && slices.ContainsFunc(ask.Policies, entitlement.AssignmentPolicy.ForOutside) {
		ask.Organization, err = db.organizationOf(ctx, ask.Subject)
	}
	return ask, err
}

// policyKeys is the named policy, or all of the package's where none is named.
func policyKeys(named entitlement.PolicyID, all []entitlement.PolicyID) []Key {
	if named != "" {
		return []Key{policyKey(named)}
	}
	return keysOf(all, policyKey)
}

func asSubmitInputs(all found, k entitlement.SubmitKeys, p *entitlement.AccessPackage, policies []Key) (entitlement.SubmitInputs, error) {
	s, err := asStartInputs(all, k.Package, k.Subject, k.Requestor)
	if err != nil {
		return entitlement.SubmitInputs{}, err
	}

	ask := entitlement.SubmitInputs{Requestor: s.Requestor, Subject: s.Subject, Package: p, Slot: s.Slot, SubjectRecord: s.SubjectRecord}
	// The catalog is found by the package, so without one there is none to miss.
	if p != nil {
		if ask.Catalog, err = pick(all, catalogMapper, catalogKey(p.Catalog)); err != nil {
			return entitlement.SubmitInputs{}, err
		}
	}

	for _, key := range policies {
		policy, err := pick(all, policyMapper, key)
		if err != nil {
			return entitlement.SubmitInputs{}, err
		}
		if policy != nil {
			ask.Policies = append(ask.Policies, *policy)
		}
	}

	return ask, nil
}

// StartInputs reads what the start of a scheduled request is decided on.
func (db *DB) StartInputs(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.StartInputs, error) {
	all, err := db.batch(ctx, true, startKeys(r.Package, r.Subject, r.Requestor)...)
	if err != nil {
		return entitlement.StartInputs{}, err
	}
	s, err := asStartInputs(all, r.Package, r.Subject, r.Requestor)
	if err == nil && r.ComesToAskSecond() {
		s.Second, err = db.managerOf(ctx, s.Subject)
	}
	if err == nil && r.ForOutside() {
		s.Organization, err = db.organizationOf(ctx, s.Subject)
	}
	return s, err
}

// managerOf returns the manager of a subject's manager: one read more, for those alone whose
// policy asks for one.
func (db *DB) managerOf(ctx context.Context, subject *entitlement.User) (entitlement.UserID, error) {
	if subject == nil || subject.Manager == "" {
		return "", nil
	}
	managers, err := db.Users(ctx, []entitlement.UserID{subject.Manager})
	if err != nil || len(managers) == 0 {
		return "", err
	}
	return managers[0].Manager, nil
}

func startKeys(p entitlement.PackageID, subject, requestor entitlement.UserID) []Key {
	return []Key{packageKey(p), userKey(subject), userKey(requestor), assignmentSlotKey(p, subject), subjectRecordKey(subject)}
}

func asStartInputs(all found, p entitlement.PackageID, subject, requestor entitlement.UserID) (s entitlement.StartInputs, err error) {
	if s.Package, err = pick(all, packageMapper, packageKey(p)); err != nil {
		return entitlement.StartInputs{}, err
	}

	if s.Subject, err = pick(all, userMapper, userKey(subject)); err != nil {
		return entitlement.StartInputs{}, err
	}
	if s.Requestor, err = pick(all, userMapper, userKey(requestor)); err != nil {
		return entitlement.StartInputs{}, err
	}

	s.Slot = entitlement.AssignmentSlot{Package: p, Subject: subject}
	slot, err := pick(all, assignmentSlotMapper, assignmentSlotKey(p, subject))
	if err != nil {
		return entitlement.StartInputs{}, err
	}
	// Nobody has asked yet: an empty slot is one at version zero.
	if slot != nil {
		s.Slot = *slot
	}

	s.SubjectRecord, err = subjectRecordIn(all, subject)
	return s, err
}

// subjectRecordIn returns a subject's record; somebody unknown has an empty one.
func subjectRecordIn(all found, subject entitlement.UserID) (entitlement.SubjectRecord, error) {
	it, ok := all[subjectRecordKey(subject)]
	if !ok {
		return entitlement.SubjectRecord{Subject: subject}, nil
	}
	return readSubjectRecord(it)
}

// SubjectRecords returns the records of subjects; one without has an empty one.
func (db *DB) SubjectRecords(ctx context.Context, subjects []entitlement.UserID) (map[entitlement.UserID]entitlement.SubjectRecord, error) {
	all, err := db.batch(ctx, true, keysOf(subjects, subjectRecordKey)...)
	if err != nil {
		return nil, err
	}
	out := make(map[entitlement.UserID]entitlement.SubjectRecord, len(subjects))
	for _, id := range subjects {
		if out[id], err = subjectRecordIn(all, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
