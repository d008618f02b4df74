package storetest

import (
	"leasehold/pkg/entitlement"
)

// invalidParts lists every way in which one part of a change does not hold.
func invalidParts() []invalidPart {
	// Each is added to a change that holds in everything else.
	return []invalidPart{
		{"a stale catalog", entitlement.PartConfiguration, func(w *fixture, _ *everything, c *entitlement.Change) {
			stale := w.catalog()
			stale.Version = 7
			c.Catalogs = append(c.Catalogs[:1:1], stale)
		}},
		{"a package that exists already", entitlement.PartMade, func(w *fixture, _ *everything, c *entitlement.Change) {
			p := w.pkg(newID[entitlement.CatalogID]())
			p.Version = 0
			c.Packages = append(c.Packages[:1:1], p)
		}},
		{"role scopes of another version", entitlement.PartConfiguration, func(w *fixture, _ *everything, c *entitlement.Change) {
			c.Scopes = append(c.Scopes[:1:1], entitlement.PackageScopes{Package: newID[entitlement.PackageID](), Meta: entitlement.Meta{Version: 1}})
		}},
		{"an entry of a list that is there already", entitlement.PartConfiguration, func(w *fixture, _ *everything, c *entitlement.Change) {
			entry := entitlement.Incompatibility{Package: newID[entitlement.PackageID](), Listed: newID[entitlement.PackageID]()}
			w.commit(entitlement.Change{Incompatibilities: []entitlement.Incompatibility{entry}})
			c.Incompatibilities = append(c.Incompatibilities[:1:1], entry)
		}},
		{"the end of an entry of a list that is none", entitlement.PartConfiguration, func(_ *fixture, _ *everything, c *entitlement.Change) {
			c.Incompatibilities = append(c.Incompatibilities[:1:1], entitlement.Incompatibility{Package: newID[entitlement.PackageID](), Listed: newID[entitlement.PackageID](), Erased: true})
		}},
		{"a group that the subject joined", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			ann, g := w.user(), w.group()
			w.join(ann.ID, g.ID)
			c.SubjectUpdates = append(c.SubjectUpdates[:1:1], apartFrom(ann.ID, waiting(), g.ID).SubjectUpdates...)
		}},
		{"a name that is taken", entitlement.PartName, func(w *fixture, _ *everything, c *entitlement.Change) {
			c.Users = append(c.Users[:2:2], entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: w.user().UserPrincipalName})
		}},
		{"a principal that is bound", entitlement.PartName, func(w *fixture, _ *everything, c *entitlement.Change) {
			p := entitlement.Principal{Issuer: "issuer", Value: unique("bound-")}
			w.user(func(u *entitlement.User) { u.Identities = []entitlement.Principal{p} })
			c.Users = append(c.Users[:2:2], entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: unique("free-"), Identities: []entitlement.Principal{p}})
		}},
		{"an origin that is taken", entitlement.PartName, func(w *fixture, _ *everything, c *entitlement.Change) {
			r := entitlement.Resource{ID: newID[entitlement.ResourceID](), Catalog: newID[entitlement.CatalogID](), OriginID: "origin"}
			w.commit(entitlement.Change{Resources: []entitlement.Resource{r}})
			r.ID = newID[entitlement.ResourceID]()
			c.Resources = append(c.Resources[:1:1], r)
		}},
		{"a stale user", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			u := w.user()
			u.Version = 2
			c.Users = append(c.Users[:2:2], u)
		}},
		{"a user that is gone", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			u := w.user()
			u.ID, u.UserPrincipalName = newID[entitlement.UserID](), unique("gone-")
			c.Users = append(c.Users[:2:2], u)
		}},
		{"a membership of nobody", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			c.Memberships = append(c.Memberships[:2:2], entitlement.Membership{Group: newID[entitlement.GroupID](), User: newID[entitlement.UserID]()})
		}},
		{"the end of a membership that is none", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			c.Memberships = append(c.Memberships[:2:2], entitlement.Membership{Group: newID[entitlement.GroupID](), User: w.user().ID, Erased: true})
		}},
		{"a reference to nobody", entitlement.PartDirectory, func(_ *fixture, _ *everything, c *entitlement.Change) {
			c.References = append(c.References[:0:0], entitlement.Reference{User: newID[entitlement.UserID]()})
		}},
		{"a reference to a user who was deleted", entitlement.PartDirectory, func(w *fixture, _ *everything, c *entitlement.Change) {
			gone := w.user(func(u *entitlement.User) { u.Deleted = instant(0) })
			c.References = append(c.References[:0:0], entitlement.Reference{User: gone.ID})
		}},
		{"a reference to a group that is not there", entitlement.PartDirectory, func(_ *fixture, _ *everything, c *entitlement.Change) {
			c.References = append(c.References[:0:0], entitlement.Reference{Group: newID[entitlement.GroupID]()})
		}},
		{"a request that moved on", entitlement.PartRequest, func(w *fixture, _ *everything, c *entitlement.Change) {
			r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID]())
			w.move(r, "approved")
			c.Requests = append(c.Requests[:1:1], r)
		}},
		{"an assignment that has ended already", entitlement.PartRequest, func(w *fixture, _ *everything, c *entitlement.Change) {
			_, slot := w.hold(newID[entitlement.PackageID](), newID[entitlement.UserID]())
			past := w.end(slot)
			past.Version = 0
			c.Ended = append(c.Ended[:1:1], past)
		}},
		{"a slot that is taken", entitlement.PartAssignmentSlot, func(w *fixture, _ *everything, c *entitlement.Change) {
			r := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID]())
			c.Slots = append(c.Slots[:2:2], entitlement.AssignmentSlot{Package: r.Package, Subject: r.Subject, Open: newID[entitlement.RequestID]()})
		}},
		{"the end of a slot that is gone", entitlement.PartAssignmentSlot, func(w *fixture, _ *everything, c *entitlement.Change) {
			c.Slots = append(c.Slots[:2:2], entitlement.AssignmentSlot{Package: newID[entitlement.PackageID](), Subject: newID[entitlement.UserID](),
				Meta: entitlement.Meta{Version: 1, Erased: true}})
		}},
		{"a package that is live already", entitlement.PartSubjectRecord, func(w *fixture, _ *everything, c *entitlement.Change) {
			subject, a := newID[entitlement.UserID](), waiting()
			w.commit(add(subject, a))
			c.SubjectUpdates = append(c.SubjectUpdates[:1:1], add(subject, a).SubjectUpdates...)
		}},
		{"an incompatible package that is live", entitlement.PartSubjectRecord, func(w *fixture, _ *everything, c *entitlement.Change) {
			subject, a := newID[entitlement.UserID](), waiting()
			w.commit(add(subject, a))
			c.SubjectUpdates = append(c.SubjectUpdates[:1:1], add(subject, waiting(), a.Package).SubjectUpdates...)
		}},
		{"the end of a package that is not live", entitlement.PartSubjectRecord, func(_ *fixture, _ *everything, c *entitlement.Change) {
			c.SubjectUpdates = append(c.SubjectUpdates[:1:1], remove(newID[entitlement.UserID](), waiting(), "").SubjectUpdates...)
		}},
		{"a settlement of another generation", entitlement.PartSubjectRecord, func(w *fixture, _ *everything, c *entitlement.Change) {
			subject := newID[entitlement.UserID]()
			w.commit(add(subject, waiting()))
			c.Settlements = append(c.Settlements[:1:1], settle(subject, 2).Settlements...)
		}},
		{"a claim that was lost", entitlement.PartClaim, func(_ *fixture, _ *everything, c *entitlement.Change) {
			c.GrantSets = append(c.GrantSets[:1:1], newGrantSetKey().grantSet("token"))
		}},
		{"a guard that is closed", entitlement.PartDeletionGuard, func(w *fixture, _ *everything, c *entitlement.Change) {
			p := newID[entitlement.PackageID]()
			w.commit(setGuard(p, "", true))
			c.DeletionGuards = append(c.DeletionGuards[:1:1], guard(p, "", newID[entitlement.UserID]()).DeletionGuards...)
		}},
		{"an event that is written already", entitlement.PartEvent, func(w *fixture, _ *everything, c *entitlement.Change) {
			var chain entitlement.Chain
			e := next(&chain, entitlement.OfGroup, newID[string](), "created")
			w.commit(entitlement.Change{Events: []entitlement.Event{e}})
			e.Kind = "forged"
			c.Events = append(c.Events[:3:3], e)
		}},
	}
}
