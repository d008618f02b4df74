package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

const endUserPath = em + "/controlConfigurations/endUserSettings"

// settingsOperations are the settings of the whole (operations 1 and 2 of graph), what is kept
// and not acted upon, the link of a package, and subjects by their alternate key (78, 79).
var settingsOperations = []operation{
	{method: "GET", path: em + "/settings", action: authz.ReadSettings, serve: getSettings},
	{method: "PATCH", path: em + "/settings", action: authz.UpdateSettings, serve: updateSettings},
	{method: "GET", path: em + "/controlConfigurations", action: authz.ReadSettings, serve: listControlConfigurations},
	{method: "GET", path: endUserPath, action: authz.ReadSettings, serve: getEndUserSettings},
	{method: "PUT", path: endUserPath, action: authz.UpdateSettings, serve: replaceEndUserSettings},
	{method: "PATCH", path: endUserPath, action: authz.UpdateSettings, serve: updateEndUserSettings},

	{method: "GET", path: ours + "/settings", action: authz.ReadSettings, serve: getInactive},
	{method: "GET", path: ours + "/accessPackages/{accessPackageId}/link", action: authz.ListPackages, serve: getLink},

	{method: "GET", path: subjectPath, action: authz.ReadSubject, serve: getSubject},
	{method: "PATCH", path: subjectPath, action: authz.UpdateSubject, serve: updateSubject},
}

const subjectPath = em + "/subjects(objectId='{objectId}')"

func settingsType() entityType[entitlement.Settings] {
	return entityType[entitlement.Settings]{set: emSet + "settings", navigation: noNavigation, mapper: func(s entitlement.Settings) object {
		return object{"id": "singleton", "externalUserLifecycleAction": string(s.ExternalUserAction),
			"durationUntilExternalUserDeletedAfterBlocked": entitlement.FormatDuration(s.DeleteAfterBlocked)}
	}}
}

func getSettings(ctx context.Context, c *call) (response, error) {
	kept, err := c.deps.Catalogs.Settings(ctx, c.by.Caller)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, settingsType(), kept)
}

func updateSettings(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	if err := readable(o, readSettings); err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.UpdateSettings(ctx, c.by, func(kept *entitlement.Settings) { readSettings(o, kept) })
	return done(err)
}

func readSettings(o *strict.Object, s *entitlement.Settings) {
	o.Ignore("id")
	if o.Has("externalUserLifecycleAction") {
		strict.Enum(o, "externalUserLifecycleAction", &s.ExternalUserAction, entitlement.ExternalUserNone, entitlement.ExternalUserBlock, entitlement.ExternalUserBlockAndDelete)
	}
	if o.Has("durationUntilExternalUserDeletedAfterBlocked") {
		o.Duration("durationUntilExternalUserDeletedAfterBlocked", &s.DeleteAfterBlocked)
	}
	o.Ignore("externalUserLifecycleAction", "durationUntilExternalUserDeletedAfterBlocked") // null says nothing
}

func endUserType() entityType[entitlement.EndUserSettings] {
	return entityType[entitlement.EndUserSettings]{set: emSet + "controlConfigurations", navigation: noNavigation, mapper: func(s entitlement.EndUserSettings) object {
		return object{
			"@odata.type": "#microsoft.graph.endUserSettings", "id": "endUserSettings", "isEnabled": true,
			"relatedPeopleInsightLevel": string(s.RelatedPeople), "showApproverDetailsToMembers": !s.HideApprovers,
			"createdBy": text(s.CreatedBy), "createdDateTime": instant(s.Created), "modifiedBy": text(s.ModifiedBy), "modifiedDateTime": instant(s.Modified),
		}
	}}
}

func listControlConfigurations(ctx context.Context, c *call) (response, error) {
	kept, err := c.deps.Catalogs.Settings(ctx, c.by.Caller)
	return list(ctx, c, endUserType(), sliced([]entitlement.EndUserSettings{kept.EndUsers}, err))
}

func getEndUserSettings(ctx context.Context, c *call) (response, error) {
	kept, err := c.deps.Catalogs.Settings(ctx, c.by.Caller)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, endUserType(), kept.EndUsers)
}

// replaceEndUserSettings takes whole settings: what is left out goes back to what it was at
// first.
func replaceEndUserSettings(ctx context.Context, c *call) (response, error) {
	return putEndUserSettings(ctx, c, func(s *entitlement.EndUserSettings) {
		first := entitlement.DefaultSettings().EndUsers
		s.RelatedPeople, s.HideApprovers = first.RelatedPeople, first.HideApprovers
	})
}

func updateEndUserSettings(ctx context.Context, c *call) (response, error) {
	return putEndUserSettings(ctx, c, func(*entitlement.EndUserSettings) {})
}

func putEndUserSettings(ctx context.Context, c *call, prepare func(*entitlement.EndUserSettings)) (response, error) {
	if err := checkOptions(c, endUserType()); err != nil {
		return response{}, err
	}

	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	// The body is read twice: here for its mistakes, before anything is asked of the store, and
	// below onto what is stored.
	if err := readable(o, readEndUserSettings); err != nil {
		return response{}, err
	}

	kept, err := c.deps.Catalogs.UpdateEndUserSettings(ctx, c.by, func(kept *entitlement.EndUserSettings) {
		prepare(kept)
		readEndUserSettings(o, kept)
	})
	if err != nil {
		return response{}, err
	}
	return single(ctx, c, endUserType(), kept.EndUsers)
}

// readEndUserSettings reads them. People always reach what they may ask for: what would hide it
// is not there yet.
func readEndUserSettings(o *strict.Object, s *entitlement.EndUserSettings) {
	o.Ignore("id", "createdBy", "createdDateTime", "modifiedBy", "modifiedDateTime")
	if o.Has("relatedPeopleInsightLevel") {
		strict.Enum(o, "relatedPeopleInsightLevel", &s.RelatedPeople, entitlement.InsightDisabled, entitlement.InsightCount, entitlement.InsightNames)
	}
	o.Ignore("relatedPeopleInsightLevel")

	shown, on := !s.HideApprovers, true
	for name, to := range map[string]*bool{"showApproverDetailsToMembers": &shown, "isEnabled": &on} {
		if o.Has(name) {
			o.Bool(name, to)
		}
		o.Ignore(name)
	}
	s.HideApprovers = !shown
	if !on {
		o.Fail("isEnabled", "asks for something that is not supported yet; leave it out.")
	}
}

func getInactive(ctx context.Context, c *call) (response, error) {
	if _, err := c.deps.Catalogs.Settings(ctx, c.by.Caller); err != nil {
		return response{}, err
	}
	return entity(ctx, c, inactiveType(), catalogs.Inactives)
}

func inactiveType() entityType[[]catalogs.Inactive] {
	return entityType[[]catalogs.Inactive]{set: "leasehold/settings", navigation: noNavigation, example: catalogs.Inactives, mapper: func(all []catalogs.Inactive) object {
		return object{"id": "singleton", "inactive": objects(all, func(i catalogs.Inactive) object { return object{"name": i.What, "means": i.Means} })}
	}}
}

// portalPackages is where the portal will show packages.
const portalPackages = "/portal/packages/"

// getLink tells the address that opens a package, also one that is hidden (R131).
func getLink(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, linkType(c.base(ctx)), p.ID)
}

func linkType(base string) entityType[entitlement.PackageID] {
	return entityType[entitlement.PackageID]{set: "leasehold/links", navigation: noNavigation, mapper: func(id entitlement.PackageID) object {
		return object{"id": string(id), "url": base + portalPackages + string(id)}
	}}
}

func getSubject(ctx context.Context, c *call) (response, error) {
	u, err := c.deps.Directory.Subject(ctx, c.by.Caller, id[entitlement.UserID](c, "objectId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, subjects(), &u)
}

func updateSubject(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	o.Ignore("id", "objectId", "displayName", "email", "principalName", "onPremisesSecurityIdentifier", "subjectType")
	var lifecycle entitlement.SubjectLifecycle
	strict.Enum(o, "subjectLifecycle", &lifecycle, entitlement.LifecycleGoverned, entitlement.LifecycleNotGoverned)
	if lifecycle == "" {
		o.Fail("subjectLifecycle", "must be governed or notGoverned.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}
	return done(c.deps.Directory.SetLifecycle(ctx, c.by, id[entitlement.UserID](c, "objectId"), lifecycle))
}
