package entitlement

import (
	"cmp"
	"slices"
)

// Foreseen is what somebody is likely to ask for soon, as far as it can be told before it is known
// who they are or what they may see. Reading it ahead shows and decides nothing: whoever asks for
// it afterwards does so with their right, and finds it read.
type Foreseen struct {
	Users    []UserID
	Groups   []GroupID
	Records  []UserID // subject records
	Requests []RequestID
	Ended    []AssignmentID
	Follow   []RequestID      // what these name, as Foreseen of a request says
	Carried  []RequestID      // the live assignments that came of these
	Slots    []PackageSubject // of assignments
	Policies []PolicyID
	Packages []PackageID
	Scopes   []PackageID // role scopes of packages

	Catalogs   []CatalogID
	Connectors []ConnectorID
	Resource   ResourceID // of the first of Catalogs
	Change     ChangeID   // of the first of Catalogs
	InCatalog  int        // so many packages of the first of Catalogs

	Approvers, Targets bool // which groups policies name anywhere

	HeldBy         []UserID    // the packages that subjects hold, as lists show them
	PackagesListed []PackageID // as lists show them, at half the cost
	PoliciesListed []PolicyID
	CatalogsListed []CatalogID
	Paces          []PackageID

	Resources   []CatalogID // all of a catalog
	ResourcesOf []PackageID // all of the catalogs that packages are in
	Holdings    []UserID    // what a subject holds and then held, at most Limit
	RequestsOf  []UserID    // the newest of a subject, at most Limit
	Inbox       []UserID    // what waits for a person by name, at most Limit
	Roles       []UserID    // whether somebody holds a role anywhere
	Limit       int
}

// Foreseen is what the page of a request names of it: its people, and its package with the
// roles.
func (r AssignmentRequest) Foreseen() Foreseen {
	f := Foreseen{Users: []UserID{r.Requestor, r.Subject}, Packages: []PackageID{r.Package}, Scopes: []PackageID{r.Package}, Resources: []CatalogID{r.Catalog}}
	for _, stage := range r.Stages {
		for _, set := range stage.Approvers {
			switch set.Kind {
			case SingleUser:
				f.Users = append(f.Users, UserID(set.ID))
			case GroupMembers:
				f.Groups = append(f.Groups, GroupID(set.ID))
			}
		}
		if stage.Decision != nil {
			f.Users = append(f.Users, stage.Decision.Reviewer)
		}
	}
	return f
}

// And is all of both.
func (f Foreseen) And(g Foreseen) Foreseen {
	f.Users, f.Groups, f.Records = slices.Concat(f.Users, g.Users), slices.Concat(f.Groups, g.Groups), slices.Concat(f.Records, g.Records)
	f.Requests, f.Ended, f.Slots = slices.Concat(f.Requests, g.Requests), slices.Concat(f.Ended, g.Ended), slices.Concat(f.Slots, g.Slots)
	f.Follow, f.Carried = slices.Concat(f.Follow, g.Follow), slices.Concat(f.Carried, g.Carried)
	f.Policies, f.Packages, f.Scopes = slices.Concat(f.Policies, g.Policies), slices.Concat(f.Packages, g.Packages), slices.Concat(f.Scopes, g.Scopes)
	f.Catalogs, f.Connectors = slices.Concat(f.Catalogs, g.Catalogs), slices.Concat(f.Connectors, g.Connectors)
	f.Resource, f.Change, f.InCatalog = cmp.Or(f.Resource, g.Resource), cmp.Or(f.Change, g.Change), max(f.InCatalog, g.InCatalog)
	f.Approvers, f.Targets = f.Approvers || g.Approvers, f.Targets || g.Targets
	f.PackagesListed, f.CatalogsListed, f.Paces = slices.Concat(f.PackagesListed, g.PackagesListed), slices.Concat(f.CatalogsListed, g.CatalogsListed), slices.Concat(f.Paces, g.Paces)
	f.HeldBy = slices.Concat(f.HeldBy, g.HeldBy)
	f.PoliciesListed, f.ResourcesOf = slices.Concat(f.PoliciesListed, g.PoliciesListed), slices.Concat(f.ResourcesOf, g.ResourcesOf)
	f.Resources, f.RequestsOf = slices.Concat(f.Resources, g.Resources), slices.Concat(f.RequestsOf, g.RequestsOf)
	f.Holdings, f.Inbox, f.Roles, f.Limit = slices.Concat(f.Holdings, g.Holdings), slices.Concat(f.Inbox, g.Inbox), slices.Concat(f.Roles, g.Roles), max(f.Limit, g.Limit)
	return f
}
