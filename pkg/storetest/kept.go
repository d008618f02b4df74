package storetest

import (
	"context"

	"leasehold/pkg/entitlement"
)

func keptCatalog() kept {
	type T = entitlement.Catalog
	return keep("Catalog", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID = first.ID },
		func(v T) entitlement.Change { return entitlement.Change{Catalogs: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Catalog(ctx, v.ID) })
}

func keptResource() kept {
	type T = entitlement.Resource
	return keep("Resource", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID, later.Catalog = first.ID, first.Catalog },
		func(v T) entitlement.Change { return entitlement.Change{Resources: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Resource(ctx, v.Catalog, v.ID) })
}

func keptPackage() kept {
	type T = entitlement.AccessPackage
	return keep("Package", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID, later.Catalog = first.ID, first.Catalog },
		func(v T) entitlement.Change { return entitlement.Change{Packages: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Package(ctx, v.ID) })
}

func keptScopes() kept {
	type T = entitlement.PackageScopes
	return keep("Scopes", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Package = first.Package },
		func(v T) entitlement.Change { return entitlement.Change{Scopes: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Scopes(ctx, v.Package) })
}

func keptPolicy() kept {
	type T = entitlement.AssignmentPolicy
	return keep("Policy", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		// What may not change is the same in both, and the rest has values of its kind.
		func(first, later *T) {
			later.ID, later.Package, later.Catalog = first.ID, first.Package, first.Catalog
			for _, p := range []*T{first, later} {
				p.Scope, p.Targets = entitlement.ScopeSpecificUsers, people()
				for i := range p.Approval.Stages {
					lawful(&p.Approval.Stages[i])
				}
			}
		},
		func(v T) entitlement.Change { return entitlement.Change{Policies: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Policy(ctx, v.ID) })
}

// people returns one set of each kind that names somebody.
func people() []entitlement.SubjectSet {
	return []entitlement.SubjectSet{
		{Kind: entitlement.SingleUser, ID: newID[string](), Description: "Ann #1"},
		{Kind: entitlement.GroupMembers, ID: newID[string](), Description: "Team #2"},
	}
}

func lawful(s *entitlement.ApprovalStage) {
	s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates = people(), people(), people(), people()
	s.Primary = append(s.Primary, entitlement.SubjectSet{Kind: entitlement.RequestorManager})
}

func keptConnector() kept {
	type T = entitlement.ConnectorConfig
	return keep("Connector", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID = first.ID },
		func(v T) entitlement.Change { return entitlement.Change{Connectors: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Connector(ctx, v.ID) })
}

func keptBreaker() kept {
	type T = entitlement.Breaker
	return keep("Breaker", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Connector = first.Connector },
		func(v T) entitlement.Change { return entitlement.Change{Breakers: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Breaker(ctx, v.Connector) })
}

func keptRateLease() kept {
	type T = entitlement.RateLease
	return keep("RateLease", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Connector = first.Connector },
		func(v T) entitlement.Change { return entitlement.Change{RateLeases: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.RateLease(ctx, v.Connector) })
}

func keptAccountUse() kept {
	type T = entitlement.AccountUse
	return keep("AccountUse", entitlement.PartTargetResource, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Connector, later.Ref = first.Connector, first.Ref },
		func(v T) entitlement.Change { return entitlement.Change{AccountUses: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.AccountUse(ctx, v.Connector, v.Ref) })
}

func keptTargetResource() kept {
	type T = entitlement.TargetResource
	return keep("TargetResource", entitlement.PartTargetResource, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Connector, later.Resource = first.Connector, first.Resource },
		func(v T) entitlement.Change { return entitlement.Change{TargetResources: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			return s.TargetResource(ctx, v.Connector, v.Resource)
		})
}

func keptJob() kept {
	type T = entitlement.Job
	return keep("Job", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Package, later.Generation = first.Package, first.Generation },
		func(v T) entitlement.Change { return entitlement.Change{Jobs: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Job(ctx, v.Package, v.Generation) })
}

func keptUser() kept {
	type T = entitlement.User
	return keep("User", entitlement.PartDirectory, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			later.ID = first.ID
			for _, u := range []*T{first, later} {
				u.UserPrincipalName = unique("Ünit#%41 ") + "@Example.test"
				u.Identities = []entitlement.Principal{{Issuer: "https://a.test/#", Value: unique("p-")}, {Issuer: "b", Value: unique("p-")}}
				u.Groups = nil // memberships are rows of their own
			}
		},
		func(v T) entitlement.Change { return entitlement.Change{Users: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.User(ctx, v.ID) })
}

func keptGroup() kept {
	type T = entitlement.Group
	return keep("Group", entitlement.PartDirectory, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.ID = first.ID },
		func(v T) entitlement.Change { return entitlement.Change{Groups: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Group(ctx, v.ID) })
}

func keptRequest() kept {
	type T = entitlement.AssignmentRequest
	return keep("Request", entitlement.PartRequest, func(v *T) *entitlement.Meta { return &v.Meta },
		// What the lists go by may not change; a request under way has all parts.
		func(first, later *T) {
			later.ID, later.Package, later.Subject, later.Requestor, later.Created = first.ID, first.Package, first.Subject, first.Requestor, first.Created
			for _, r := range []*T{first, later} {
				r.Type, r.State, r.Stage = entitlement.UserAdd, entitlement.RequestPendingApproval, 1
				for i := range r.Stages {
					lawful(&r.Stages[i].Policy)
					r.Stages[i].Approvers = people()
				}
			}
		},
		func(v T) entitlement.Change { return entitlement.Change{Requests: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Request(ctx, v.ID) })
}

func keptSlot() kept {
	type T = entitlement.AssignmentSlot
	k := keep("Slot", entitlement.PartAssignmentSlot, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			later.Package, later.Subject = first.Package, first.Subject
			for _, slot := range []*T{first, later} {
				a := slot.Assignment
				a.Package, a.Subject, a.State = slot.Package, slot.Subject, entitlement.AssignmentDelivered
				a.Chain = entitlement.Chain{Number: 3, Hash: unique("hash-")}
			}
		},
		func(v T) entitlement.Change { return entitlement.Change{Slots: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			got, err := s.AssignmentSlot(ctx, v.Package, v.Subject)
			if got.Assignment != nil {
				got.Assignment.Version = 0 // it lives under the slot's
			}
			return got, err
		})

	k.first = func(made any) int64 { return made.(T).FirstVersion() }
	return k
}

func keptEnded() kept {
	type T = entitlement.Assignment
	return keep("Ended assignment", entitlement.PartRequest, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			later.ID, later.Package, later.Subject = first.ID, first.Package, first.Subject
			first.State, later.State = entitlement.AssignmentExpired, entitlement.AssignmentExpired
		},
		func(v T) entitlement.Change { return entitlement.Change{Ended: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.Assignment(ctx, v.ID) })
}

func keptSession() kept {
	return keep("Session", entitlement.PartSession, func(v *entitlement.Session) *entitlement.Meta { return &v.Meta },
		func(first, later *entitlement.Session) { later.ID = first.ID },
		func(v entitlement.Session) entitlement.Change {
			return entitlement.Change{Sessions: []entitlement.Session{v}}
		},
		func(ctx context.Context, s Store, v entitlement.Session) (entitlement.Session, error) {
			return s.Session(ctx, v.ID)
		})
}

func keptPace() kept {
	type T = entitlement.Pace
	return keep("Pace", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) { later.Package = first.Package },
		func(v T) entitlement.Change { return entitlement.Change{Paces: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			all, err := s.Paces(ctx, []entitlement.PackageID{v.Package})
			if err != nil || len(all) == 0 {
				return T{}, entitlement.Errorf(entitlement.NotFound, "There is no pace: %v.", err)
			}
			return all[0], nil
		})
}

func keptPaceWalk() kept {
	type T = entitlement.PaceWalk
	return keep("PaceWalk", entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(*T, *T) {},
		func(v T) entitlement.Change { return entitlement.Change{PaceWalks: []T{v}} },
		func(ctx context.Context, s Store, _ T) (T, error) { return s.PaceWalk(ctx) })
}

func keptFigures() kept {
	return keep("Figures", entitlement.PartConfiguration, func(v *entitlement.Figures) *entitlement.Meta { return &v.Meta },
		func(*entitlement.Figures, *entitlement.Figures) {},
		func(v entitlement.Figures) entitlement.Change {
			return entitlement.Change{Figures: []entitlement.Figures{v}}
		},
		func(ctx context.Context, s Store, _ entitlement.Figures) (entitlement.Figures, error) {
			return s.Figures(ctx)
		})
}
