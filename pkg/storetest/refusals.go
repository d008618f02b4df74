package storetest

import (
	"fmt"
	"maps"
	"time"

	"leasehold/pkg/entitlement"
)

// everything is a set of items of every kind, and a change that touches all of them.
type everything struct {
	change        entitlement.Change
	reads         map[string]func(w *fixture) (any, error)
	fresh         entitlement.User // a user that the change makes
	subjectRecord entitlement.UserID
	at            grantSetKey
}

// invalidPart makes one part of the change untrue, and names the part.
type invalidPart struct {
	name string
	part entitlement.Part
	add  func(w *fixture, e *everything, c *entitlement.Change)
}

// refusalScenarios spoils a change of everything in each way there is, and demands
// that nothing at all of it came true.
func refusalScenarios() []scenario {
	all := []scenario{
		{"S10: a change of everything comes true whole", wholeChange},
		{"S21: a change of more than a hundred actions is Invalid and leaves nothing", hugeChange},
		{"A change of one item twice leaves nothing", doubleChange},
	}
	for _, p := range invalidParts() {
		all = append(all, scenario{"S10: a change with " + p.name + " leaves nothing", func(w *fixture) { invalidated(w, p) }})
	}
	return all
}

func newEverything(w *fixture) *everything {
	w.Helper()
	e := &everything{reads: map[string]func(*fixture) (any, error){}}
	e.configuration(w)
	e.people(w)
	e.work(w)
	return e
}

// kept adds a read to those that must not change.
func (e *everything) kept(name string, read func(w *fixture) (any, error)) { e.reads[name] = read }

func (e *everything) configuration(w *fixture) {
	w.Helper()
	catalog := w.catalog()
	old := w.pkg(catalog.ID)
	pol := w.policy(&old)
	scopes := entitlement.PackageScopes{Package: old.ID, List: []entitlement.ResourceRoleScope{filled[entitlement.ResourceRoleScope]()}}
	res := entitlement.Resource{ID: newID[entitlement.ResourceID](), Catalog: catalog.ID, Connector: newID[entitlement.ConnectorID](), OriginID: unique("origin-")}
	con := entitlement.ConnectorConfig{ID: newID[entitlement.ConnectorID](), DisplayName: "old"}

	chain := entitlement.Chain{}
	event := next(&chain, entitlement.OfCatalog, string(catalog.ID), "changed")
	// Every kind of part that is about configuration is in one change.
	pol.DisplayName, catalog.DisplayName, old.DisplayName, catalog.Chain = "new", "new", "new", chain
	e.change = entitlement.Change{Catalogs: []entitlement.Catalog{catalog}, Packages: []entitlement.AccessPackage{old}, Policies: []entitlement.AssignmentPolicy{pol},
		Scopes: []entitlement.PackageScopes{scopes}, Resources: []entitlement.Resource{res}, Connectors: []entitlement.ConnectorConfig{con},
		Incompatibilities:    []entitlement.Incompatibility{{Package: old.ID, Listed: pol.Package}},
		DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: old.ID, Closed: true}}, Events: []entitlement.Event{event}}
	ctx := w.Context()
	e.kept("catalog", func(w *fixture) (any, error) { return w.s.Catalog(ctx, catalog.ID) })
	e.kept("package", func(w *fixture) (any, error) { return w.s.Package(ctx, old.ID) })
	e.kept("who lists a package", func(w *fixture) (any, error) { return w.incompatibleWith(old.ID, 0), nil })
	e.kept("policy", func(w *fixture) (any, error) { return w.s.Policy(ctx, pol.ID) })
	e.kept("scopes", func(w *fixture) (any, error) { return w.s.Scopes(ctx, old.ID) })
	e.kept("resource", func(w *fixture) (any, error) { return w.s.Resource(ctx, catalog.ID, res.ID) })
	e.kept("origin", func(w *fixture) (any, error) {
		return w.s.ResourceByOrigin(ctx, catalog.ID, res.Connector, res.OriginID)
	})
	e.kept("connector", func(w *fixture) (any, error) { return w.s.Connector(ctx, con.ID) })
	e.kept("catalog's events", func(w *fixture) (any, error) { return w.s.Events(ctx, entitlement.OfCatalog, string(catalog.ID)) })
	e.kept("deletion guard", func(w *fixture) (any, error) {
		err := w.s.Commit(ctx, guard(old.ID, "", newID[entitlement.UserID]()))
		return entitlement.StalePart(err), nil
	})
}

func (e *everything) people(w *fixture) {
	w.Helper()
	ann, bob, g := w.user(), w.user(), w.group()
	e.fresh = entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: unique("fresh-"),
		Identities: []entitlement.Principal{{Issuer: "issuer", Value: unique("fresh-")}}}

	oldName := ann.UserPrincipalName
	ann.UserPrincipalName = unique("renamed-")
	newName := ann.UserPrincipalName

	renamed := g
	renamed.DisplayName = "new"

	e.change.Users = []entitlement.User{ann, e.fresh}
	e.change.Groups = []entitlement.Group{renamed}
	e.change.Memberships = []entitlement.Membership{{Group: g.ID, User: bob.ID}, {Group: g.ID, User: ann.ID, Owner: true}}

	ctx, fresh := w.Context(), e.fresh
	// Whatever such a change touches is looked at before and after it was refused.
	for name, id := range map[string]entitlement.UserID{"ann": ann.ID, "bob": bob.ID, "fresh": fresh.ID} {
		e.kept("user "+name, func(w *fixture) (any, error) { return w.s.User(ctx, id) })
	}
	for name, upn := range map[string]string{"old": oldName, "new": newName, "fresh": fresh.UserPrincipalName} {
		e.kept("name "+name, func(w *fixture) (any, error) { return w.s.UserNamed(ctx, upn) })
	}

	e.kept("principal", func(w *fixture) (any, error) { return w.s.Bound(ctx, fresh.Identities[0]) })
	e.kept("group", func(w *fixture) (any, error) { return w.s.Group(ctx, g.ID) })
	e.kept("owners", func(w *fixture) (any, error) { return w.owners(g.ID, 0), nil })
	e.kept("members", func(w *fixture) (any, error) { return w.members(g.ID, 0), nil })
}

func (e *everything) work(w *fixture) {
	w.Helper()
	subject, p := newID[entitlement.UserID](), newID[entitlement.PackageID]()
	e.subjectRecord = subject
	_, slot := w.hold(p, subject)
	pendingSubject := newID[entitlement.UserID]()
	w.commit(add(pendingSubject, waiting()))
	e.at = newGrantSetKey()
	_, err := e.at.claim(w, "token", instant(0), instant(time.Minute))
	w.must(err)

	past := *slot.Assignment
	past.State, past.Target = entitlement.AssignmentExpired, entitlement.TargetAbsent
	ended := next(&past.Chain, entitlement.OfRequest, string(past.ID), "expired")
	slot.Assignment = nil
	r, first := asked(newID[entitlement.PackageID](), subject, instant(0))
	open := entitlement.AssignmentSlot{Package: r.Package, Subject: subject, Open: r.ID}
	// One change that submits, ends, settles and records at once.
	c := &e.change
	c.Requests, c.Slots, c.Ended = []entitlement.AssignmentRequest{r}, []entitlement.AssignmentSlot{slot.Vacate(), open}, []entitlement.Assignment{past}
	c.SubjectUpdates = remove(subject, entitlement.Waiting{Package: p, Assignment: past.ID}, "").SubjectUpdates
	c.Settlements = settle(pendingSubject, 1).Settlements
	c.GrantSets = []entitlement.GrantSet{e.at.grantSet("token")}
	c.DeletionGuards = []entitlement.DeletionGuard{{Package: r.Package, Policy: r.Policy, Subject: subject}}
	c.Events = append(c.Events, ended, first)

	ctx, at := w.Context(), e.at.subject
	e.kept("request", func(w *fixture) (any, error) { return w.s.Request(ctx, r.ID) })
	e.kept("request's events", func(w *fixture) (any, error) { return w.s.Events(ctx, entitlement.OfRequest, string(r.ID)) })
	e.kept("assignment's events", func(w *fixture) (any, error) { return w.s.Events(ctx, entitlement.OfRequest, string(past.ID)) })
	e.kept("assignment", func(w *fixture) (any, error) { return w.s.Assignment(ctx, past.ID) })
	e.kept("slot", func(w *fixture) (any, error) { return w.s.AssignmentSlot(ctx, p, subject) })
	e.kept("new slot", func(w *fixture) (any, error) { return w.s.AssignmentSlot(ctx, r.Package, subject) })
	e.kept("record", func(w *fixture) (any, error) { return w.subjectRecord(subject), nil })
	e.kept("pending subject", func(w *fixture) (any, error) { return w.subjectRecord(pendingSubject), nil })
	e.kept("grant set", func(w *fixture) (any, error) { return w.grantSets(at), nil })
}

// found is what one read of everything answered.
type found struct {
	Value  any
	Absent bool
}

// look reads everything back.
func (e *everything) look(w *fixture) map[string]found {
	w.Helper()
	all := map[string]found{}
	for name, read := range e.reads {
		v, err := read(w)
		if err != nil && !absent(err) {
			w.Fatal(name, ": ", err)
		}
		all[name] = found{v, err != nil}
	}
	return all
}

func wholeChange(w *fixture) {
	e := newEverything(w)
	before := e.look(w)
	w.commit(e.change)
	after := e.look(w)
	for name := range maps.Keys(before) {
		if diff(after[name], before[name]) == "" {
			w.Errorf("%s is as it was before the change", name)
		}
	}
}

func invalidated(w *fixture, p invalidPart) {
	e := newEverything(w)
	before := e.look(w)
	bad := e.change
	p.add(w, e, &bad)
	w.refuse(p.part, bad)
	w.same(e.look(w), before)
	w.commit(e.change) // nothing is left in its way either
}

func hugeChange(w *fixture) {
	e := newEverything(w)
	before := e.look(w)
	bad := e.change
	for i := range 101 {
		bad.Groups = append(bad.Groups, entitlement.Group{ID: newID[entitlement.GroupID](), DisplayName: fmt.Sprint("group ", i)})
	}
	w.kind(w.s.Commit(w.Context(), bad), entitlement.Invalid)
	w.same(e.look(w), before)

	// As many as there may be go through.
	var full entitlement.Change
	for range 100 {
		full.Connectors = append(full.Connectors, entitlement.ConnectorConfig{ID: newID[entitlement.ConnectorID]()})
	}
	w.commit(full)
}

func doubleChange(w *fixture) {
	e := newEverything(w)

	before := e.look(w)

	for _, double := range []func(c *entitlement.Change){
		func(c *entitlement.Change) { c.Catalogs = append(c.Catalogs[:1:1], c.Catalogs[0]) },
		func(c *entitlement.Change) { c.Requests = append(c.Requests[:1:1], c.Requests[0]) },
		func(c *entitlement.Change) { c.SubjectUpdates = append(c.SubjectUpdates[:1:1], c.SubjectUpdates[0]) },
		func(c *entitlement.Change) { c.Events = append(c.Events[:3:3], c.Events[0]) },
		func(c *entitlement.Change) { c.Slots = append(c.Slots[:2:2], c.Slots[0]) },
	} {
		// DynamoDB refuses it, and an engine that wrote the last one would hide that.
		bad := e.change
		double(&bad)
		if err := w.s.Commit(w.Context(), bad); err == nil {
			w.Fatal("a change of one item twice went through")
		}
		w.same(e.look(w), before)
	}
}
