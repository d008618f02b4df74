package graph

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

const (
	mePath             = ours + "/me"
	sponsoredPath      = mePath + "/sponsoredOrganizations"
	guestsPath         = sponsoredPath + "/{organizationId}/people"
	guestPath          = guestsPath + "/{userId}"
	missingName        = mePath + "/missingAccessPackages(displayName='{displayName:text}')"
	missingPackage     = mePath + "/missingAccessPackages/{accessPackageId}"
	packageInsightPath = mePath + "/accessPackages/{accessPackageId}/insight"
)

// meOperations are what the pages show somebody of their own that Graph has no word for: home, what
// helps to choose a package, why one is not found, and the guests of organizations they sponsor.
var meOperations = []operation{
	{method: "GET", path: mePath + "/home", action: authz.ListOwnRequests, also: []authz.Action{authz.ListOwnApprovals, authz.ListOwnAssignments}, serve: getHome},
	{method: "GET", path: packageInsightPath, action: authz.ReadPackage, serve: getPackageInsight},
	{method: "GET", path: missingName, action: authz.ListRequestablePackages, serve: listMissing},
	{method: "GET", path: missingName + "/$count", action: authz.ListRequestablePackages, serve: counting(listMissing)},
	{method: "GET", path: missingPackage, action: authz.ListRequestablePackages, serve: getMissing},

	{method: "GET", path: sponsoredPath, action: authz.ListReports, serve: listSponsored},
	{method: "GET", path: sponsoredPath + "/$count", action: authz.ListReports, serve: counting(listSponsored)},
	{method: "GET", path: guestsPath, action: authz.ListReports, serve: listGuests},
	{method: "GET", path: guestsPath + "/$count", action: authz.ListReports, serve: counting(listGuests)},
	{method: "GET", path: guestPath + "/assignments", action: authz.ListReports, serve: listGuestAssignments},
	{method: "GET", path: guestPath + "/assignments/$count", action: authz.ListReports, serve: counting(listGuestAssignments)},
	{method: "GET", path: guestPath + "/assignmentRequests", action: authz.ListReports, serve: listGuestRequests},
	{method: "GET", path: guestPath + "/assignmentRequests/$count", action: authz.ListReports, serve: counting(listGuestRequests)},
}

// onHome is how many of each kind home shows, as the page of it does.
const onHome = 25

// home is what home shows: each list is read side by side.
type home struct {
	of                    entitlement.UserID
	Waiting, InProgress   []*views.Request
	Ending, Failing, Owed []*views.Assignment
	May                   map[entitlement.AssignmentID]requests.OwnOptions
	More                  bool
}

func homeType() entityType[home] {
	one, held := []*views.Request{{}}, []*views.Assignment{{}}
	return entityType[home]{set: "leasehold/home", mapper: mapHome, navigation: noNavigation, example: home{Waiting: one, InProgress: one, Ending: held, Failing: held, Owed: held}}
}

func mapHome(h home) object {
	return object{"id": string(h.of), "waiting": objects(h.Waiting, mapHomeRequest), "inProgress": objects(h.InProgress, mapHomeRequest),
		"endingSoon": objects(h.Ending, func(a *views.Assignment) object {
			o := mapHomeAssignment(a)
			o["mayExtend"] = h.May[a.Assignment.ID].Extend
			return o
		}),
		"failing": objects(h.Failing, mapHomeAssignment), "owed": objects(h.Owed, mapHomeAssignment), "mayHaveMoreFailingOrOwed": h.More}
}

func mapHomeRequest(r *views.Request) object {
	return object{"id": string(r.AssignmentRequest.ID), "requestType": string(r.Type), "state": string(r.State), "createdDateTime": instant(r.Created),
		"accessPackage": packageOf(r.AssignmentRequest.Package, r.Package), "requestedBy": personOf(r.AssignmentRequest.Requestor, r.CreatedBy), "target": personOf(r.AssignmentRequest.Subject, r.Subject)}
}

func mapHomeAssignment(a *views.Assignment) object {
	return object{"id": string(a.Assignment.ID), "state": string(a.State), "accessPackage": packageOf(a.Assignment.Package, a.Package), "target": personOf(a.Assignment.Subject, a.Subject),
		"startDateTime": instant(a.Start), "endDateTime": instant(a.End), "sinceDateTime": instant(a.Since), "endedDateTime": instant(a.Ended)}
}

func packageOf(id entitlement.PackageID, p *views.Package) object {
	name := ""
	if p != nil {
		name = p.DisplayName
	}
	return object{"id": string(id), "displayName": text(name)}
}

func personOf(id entitlement.UserID, u *entitlement.User) object {
	name := ""
	if u != nil {
		name = u.DisplayName
	}
	return object{"id": string(id), "displayName": text(name)}
}

func getHome(ctx context.Context, c *call) (response, error) {
	h := home{of: c.by.ID}
	err := views.Together(
		func() error { return c.homeRequests(ctx, &h) },
		func() error { return c.homeWaiting(ctx, &h) },
		func() error { return c.homeEnding(ctx, &h) },
		func() error { return c.homeTroubles(ctx, &h) })
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, homeType(), h)
}

func (c *call) homeWaiting(ctx context.Context, h *home) error {
	list, err := c.deps.Requests.WaitingNow(ctx, c.by.Caller, entitlement.Page{Limit: onHome})
	if err != nil {
		return err
	}
	h.Waiting = views.OfRequests(list.Items)
	return c.deps.Views.Requests(ctx, c.by.Caller, h.Waiting, views.With{views.JoinPackage: nil, views.JoinPeople: nil})
}

func (c *call) homeRequests(ctx context.Context, h *home) error {
	list, err := c.deps.Requests.Unfinished(ctx, c.by.Caller, entitlement.Page{Limit: onHome})
	if err != nil {
		return err
	}
	h.InProgress = views.OfRequests(list)
	return c.deps.Views.Requests(ctx, c.by.Caller, h.InProgress, views.With{views.JoinPackage: nil, views.JoinPeople: nil})
}

func (c *call) homeEnding(ctx context.Context, h *home) error {
	list, err := c.deps.Requests.EndingSoon(ctx, c.by.Caller, onHome)
	if err != nil || len(list) == 0 {
		return err
	}
	if h.May, err = c.deps.Requests.OwnOptions(ctx, c.by.Caller, list); err != nil {
		return err
	}
	h.Ending = views.OfAssignments(list)
	return c.deps.Views.Assignments(ctx, c.by.Caller, h.Ending, views.With{views.JoinPackage: nil, views.JoinTarget: nil})
}

// homeTroubles are what is failing or owed in packages whose delivery the caller can repeat.
func (c *call) homeTroubles(ctx context.Context, h *home) error {
	found, err := c.deps.Requests.Troubles(ctx, c.by.Caller)
	if err != nil {
		return err
	}
	found = found.Few(requests.MaxTroubled)
	h.Failing, h.Owed, h.More = views.OfAssignments(found.Failing), views.OfAssignments(found.Owed), found.More
	return c.deps.Views.Assignments(ctx, c.by.Caller, slices.Concat(h.Failing, h.Owed), views.With{views.JoinPackage: nil, views.JoinTarget: nil})
}

// packageInsight is requests.Insight as it is told: what is not told is null.
type packageInsight struct {
	ID    entitlement.PackageID
	Takes entitlement.Expiration // of which the duration counts
	Told  bool                   // how long it takes
	Have  *colleagues
}

// colleagues is how many of somebody's colleagues have a package.
type colleagues struct {
	Count, Of int
	Most      bool // all but one, or all: then the count is not told
}

func packageInsightType() entityType[packageInsight] {
	return entityType[packageInsight]{set: "leasehold/packageInsight", mapper: mapPackageInsight, navigation: noNavigation, example: packageInsight{Have: &colleagues{}}}
}

func mapPackageInsight(f packageInsight) object {
	o := object{"id": string(f.ID), "usualDuration": nil, "colleagues": nil}
	if f.Told {
		o["usualDuration"] = entitlement.FormatDuration(f.Takes.Duration)
	}
	if f.Have != nil {
		o["colleagues"] = object{"haveIt": f.Have.Count, "count": f.Have.Of, "mostHaveIt": f.Have.Most}
	}
	return o
}

func getPackageInsight(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Requests.Insight(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	f := packageInsight{ID: found.Package.ID}
	f.Takes.Duration, f.Told = found.Pace.Within()
	if count, most, told := found.Colleagues.Have(found.Package.ID); told {
		f.Have = &colleagues{count, found.Colleagues.Of, most}
	}
	return entity(ctx, c, packageInsightType(), f)
}

func missingType() entityType[requests.Missing] {
	return entityType[requests.Missing]{set: "leasehold/missingAccessPackages", mapper: mapMissing, navigation: noNavigation, example: requests.Missing{Hindrances: []requests.MissingHindrance{{}}}}
}

// mapMissing says of each condition that fails who can change it: null where nobody needs to, or
// the caller does by what they hold.
func mapMissing(m requests.Missing) object {
	return object{"id": string(m.Package.ID), "displayName": text(m.Package.DisplayName), "owners": texts(m.Owners),
		"hindrances": objects(m.Hindrances, func(h requests.MissingHindrance) object {
			who := ""
			if h.ByOwner() {
				who = "catalogOwner"
			}
			return object{"kind": string(h.Kind), "changedBy": text(who), "displayName": text(h.Name)}
		})}
}

// listMissing says why the caller does not find packages of a name. Of what they may not know of it
// says the same as of what is not there: nothing.
func listMissing(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, missingType(), sliced(c.deps.Requests.Missing(ctx, c.by.Caller, c.path["displayName"], "")))
}

// getMissing says it of the package that a link leads to, and likewise.
func getMissing(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Requests.Missing(ctx, c.by.Caller, "", id[entitlement.PackageID](c, "accessPackageId"))
	if err == nil && len(found) == 0 {
		err = entitlement.Errorf(entitlement.NotFound, "There is no access package with this id that you may know of.")
	}
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, missingType(), found[0])
}

func sponsoredType() entityType[entitlement.ConnectedOrganization] {
	return entityType[entitlement.ConnectedOrganization]{set: "leasehold/sponsoredOrganizations", navigation: noNavigation, mapper: func(o entitlement.ConnectedOrganization) object {
		return object{"id": string(o.ID), "displayName": text(o.DisplayName), "description": o.Description, "state": string(o.State)}
	}}
}

func listSponsored(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, sponsoredType(), asCaller(c, c.deps.Requests.Sponsored))
}

// guest is somebody of an organization that the caller sponsors, with counts.
type guest struct {
	entitlement.User
	Held, NotDelivered, Ending, Open int
	First                            entitlement.Assignment // of those that end soon
}

func guestType() entityType[guest] {
	return entityType[guest]{set: "leasehold/sponsoredPeople", navigation: noNavigation, mapper: func(g guest) object {
		return object{"id": string(g.ID), "displayName": text(g.DisplayName), "userPrincipalName": odata.Exact(g.UserPrincipalName), "accountEnabled": g.Enabled,
			"assignmentCount": g.Held, "notDeliveredCount": g.NotDelivered, "endingSoonCount": g.Ending, "firstEndDateTime": instant(g.First.End), "openRequestCount": g.Open}
	}}
}

func (c *call) guestOf(r requests.Report) guest {
	g := guest{User: r.User, Held: len(r.Held), Open: len(r.Open)}
	for _, a := range r.Held {
		if a.State != entitlement.AssignmentDelivered {
			g.NotDelivered++
		}
		if a.EndsSoon(c.deps.Clock.Now()) {
			if g.Ending++; g.First.End.IsZero() || a.End.Before(g.First.End) {
				g.First = a
			}
		}
	}
	return g
}

func listGuests(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, guestType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[guest], error) {
		found, err := c.deps.Requests.Guests(ctx, c.by.Caller, id[entitlement.OrganizationID](c, "organizationId"), "", page)
		out := entitlement.Paged[guest]{Next: found.People.Next, Unread: found.People.Unread}
		for _, r := range found.People.Items {
			out.Items = append(out.Items, c.guestOf(r))
		}
		return out, err
	})
}

func guestAssignmentType() entityType[*views.Assignment] {
	return entityType[*views.Assignment]{set: "leasehold/sponsoredAssignments", mapper: mapHomeAssignment, navigation: noNavigation, example: &views.Assignment{}}
}

func guestRequestType() entityType[*views.Request] {
	return entityType[*views.Request]{set: "leasehold/sponsoredRequests", mapper: mapHomeRequest, navigation: noNavigation, example: &views.Request{}}
}

// listGuestAssignments shows what the page of a guest does. What else there is of a package or a
// policy is for those who may read these.
func listGuestAssignments(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, guestAssignmentType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[*views.Assignment], error) {
		found, err := c.deps.Requests.GuestAssignments(ctx, c.by.Caller, id[entitlement.OrganizationID](c, "organizationId"), id[entitlement.UserID](c, "userId"), page)
		out := entitlement.Paged[*views.Assignment]{Items: views.OfAssignments(found.Items), Next: found.Next, Sure: found.Sure, Unread: found.Unread}
		if err != nil {
			return out, err
		}
		return out, c.deps.Views.Assignments(ctx, c.by.Caller, out.Items, views.With{views.JoinPackage: nil, views.JoinTarget: nil})
	})
}

func listGuestRequests(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, guestRequestType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[*views.Request], error) {
		found, err := c.deps.Requests.GuestRequests(ctx, c.by.Caller, id[entitlement.OrganizationID](c, "organizationId"), id[entitlement.UserID](c, "userId"), page)
		out := entitlement.Paged[*views.Request]{Items: views.OfRequests(found.Items), Next: found.Next, Sure: found.Sure, Unread: found.Unread}
		if err != nil {
			return out, err
		}
		return out, c.deps.Views.Requests(ctx, c.by.Caller, out.Items, views.With{views.JoinPackage: nil, views.JoinPeople: nil})
	})
}
