package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

const (
	impactSettingsPath = ours + "/catalogs/{catalogId}/impactSettings"
	impactChangesPath  = ours + "/catalogs/{catalogId}/impactChanges"
	previewPath        = ours + "/accessPackages/{accessPackageId}/previewRoleChange"
)

// impactOperations say whom a change of a package's roles affects, make it as it was agreed to,
// and have a second person agree above the catalog's limit.
var impactOperations = []operation{
	{method: "GET", path: impactSettingsPath, action: authz.ReadCatalog, serve: getImpactSettings},
	{method: "PATCH", path: impactSettingsPath, action: authz.UpdateCatalog, serve: updateImpactSettings},
	{method: "POST", path: previewPath, action: authz.ChangeRoleScopes, repeats: true, serve: previewRoleChange},
	{method: "POST", path: ours + "/accessPackages/{accessPackageId}/applyRoleChange", action: authz.ChangeRoleScopes, repeats: true, serve: applyRoleChange},
	{method: "GET", path: impactChangesPath, action: authz.ReadCatalog, serve: listImpactChanges},
	{method: "POST", path: impactChangesPath + "/{changeId}/agree", action: authz.ChangeRoleScopes, also: []authz.Action{authz.UpdatePolicy}, repeats: true, serve: agreeToImpactChange},
	{method: "POST", path: impactChangesPath + "/{changeId}/reject", action: authz.ChangeRoleScopes, also: []authz.Action{authz.UpdatePolicy}, repeats: true, serve: rejectImpactChange},
}

func impactSettingsType() entityType[entitlement.Catalog] {
	return entityType[entitlement.Catalog]{set: "leasehold/impactSettings", navigation: noNavigation, mapper: func(c entitlement.Catalog) object {
		return object{"id": string(c.ID), "impactLimitPeople": c.Limit.People, "impactLimitPercent": c.Limit.Percent, "policyLooseningNeedsSecondPerson": c.Limit.Loosening}
	}}
}

func getImpactSettings(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Catalogs.Catalog(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, impactSettingsType(), found)
}

func updateImpactSettings(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	catalog := id[entitlement.CatalogID](c, "catalogId")
	sameID(o, string(catalog))
	var people, percent int
	var loosening bool
	given := [...]bool{o.Given("impactLimitPeople"), o.Given("impactLimitPercent"), o.Given("policyLooseningNeedsSecondPerson")}
	o.Int("impactLimitPeople", &people)
	o.Int("impactLimitPercent", &percent)
	o.Bool("policyLooseningNeedsSecondPerson", &loosening)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	return done(c.deps.Catalogs.EditImpactLimit(ctx, c.by, catalog, func(l *entitlement.ImpactLimit) {
		if given[0] {
			l.People = people
		}
		if given[1] {
			l.Percent = percent
		}
		if given[2] {
			l.Loosening = loosening
		}
	}))
}

// roleChange reads a change of a package's roles, and the hash where one is agreed to.
func (c *call) roleChange(hash *string) (catalogs.RoleChange, error) {
	change := catalogs.RoleChange{Package: id[entitlement.PackageID](c, "accessPackageId")}
	o, err := c.body()
	if err != nil {
		return change, err
	}
	strict.ID(o, "resourceId", &change.Resource)
	o.Text("roleOriginId", &change.Role)
	o.Text("resourceRoleScopeId", &change.Remove)
	if hash != nil {
		if o.Text("hash", hash); *hash == "" {
			o.Fail("hash", "must be that of the preview that is agreed to.")
		}
	}

	adds := change.Resource != "" && change.Role != ""
	if named := change.Resource != "" || change.Role != ""; adds == (change.Remove != "") || named && !adds {
		o.Fail("resourceRoleScopeId", "must name the role scope that goes; or resourceId and roleOriginId the role that comes.")
	}
	return change, o.Done()
}

func previewRoleChange(ctx context.Context, c *call) (response, error) {
	change, err := c.roleChange(nil)
	if err != nil {
		return response{}, err
	}
	found, err := c.deps.Catalogs.PreviewRoles(ctx, c.by, change, nil)
	if err != nil {
		return c.byJob(ctx, err, func() (entitlement.ImpactJob, error) { return c.deps.Catalogs.StartPreview(ctx, c.by, change) })
	}
	shown, err := c.packagesShown(ctx, found.People)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, impactType(shown), found)
}

// packagesShown are those of the packages that people keep the role by which the caller may
// know of: a preview shows nobody what they must not see (T14).
func (c *call) packagesShown(ctx context.Context, people []entitlement.Affected) (map[entitlement.PackageID]bool, error) {
	shown := map[entitlement.PackageID]bool{}
	all, err := c.deps.Catalogs.PackagesNamed(ctx, c.by.Caller, catalogs.ReasonPackages(people))
	for _, p := range all {
		shown[p.ID] = true
	}
	return shown, err
}

func impactType(shown map[entitlement.PackageID]bool) entityType[catalogs.Impact] {
	example := catalogs.Impact{Totals: entitlement.RoleEdit{}.Totals()}
	return entityType[catalogs.Impact]{set: "leasehold/impacts", navigation: noNavigation, example: example, mapper: func(i catalogs.Impact) object {
		of := func(effect entitlement.Effect) []object {
			list := []object{}
			for _, a := range i.People {
				if a.Effect == effect {
					list = append(list, mapAffected(a, shown))
				}
			}
			return list
		}
		return object{"id": i.Hash(), "hash": i.Hash(), "resourceRoleScopeId": i.Edit.Scope.ID, "removes": i.Edit.Remove,
			"holders": i.Totals.Holders, "gainCount": i.Totals.Gains, "loseCount": i.Totals.Loses, "keepCount": i.Totals.Keeps, "needsSecondPerson": i.Second,
			"gains": of(entitlement.Gains), "loses": of(entitlement.Loses), "keeps": of(entitlement.Keeps)}
	}}
}

func mapAffected(a entitlement.Affected, shown map[entitlement.PackageID]bool) object {
	because := []object{}
	for _, r := range a.Because {
		by := ""
		if shown[r.Package] {
			by = string(r.Package)
		}
		because = append(because, object{"accessPackageId": text(by), "endDateTime": instant(r.Until)})
	}
	return object{"userId": string(a.Subject), "endDateTime": instant(a.Until), "because": because, "preExisting": a.Before}
}

func applyRoleChange(ctx context.Context, c *call) (response, error) {
	var hash string
	change, err := c.roleChange(&hash)
	if err != nil {
		return response{}, err
	}
	if _, err = c.deps.Catalogs.ApplyRoles(ctx, c.by, change, hash); err != nil {
		return c.byJob(ctx, err, func() (entitlement.ImpactJob, error) { return c.deps.Catalogs.StartApply(ctx, c.by, change, hash) })
	}
	return done(nil)
}

func impactChangeType() entityType[entitlement.ImpactChange] {
	return entityType[entitlement.ImpactChange]{set: "leasehold/impactChanges", navigation: noNavigation, mapper: func(c entitlement.ImpactChange) object {
		kind := "addRole"
		if c.Edit.Remove {
			kind = "removeRole"
		}
		if c.Policy != "" {
			kind = "loosenPolicy"
		}
		return object{"id": string(c.ID), "catalogId": string(c.Catalog), "accessPackageId": string(c.Edit.Package), "kind": kind, "hash": c.Hash,
			"resourceRoleScopeId": text(c.Edit.Scope.ID), "policyId": text(string(c.Policy)), "loosens": text(c.Loosens),
			"holders": c.Holders, "gainCount": c.Gains, "loseCount": c.Loses, "keepCount": c.Keeps,
			"proposedBy": string(c.Proposer), "createdDateTime": instant(c.Created), "expirationDateTime": instant(c.Expires()),
			"changed": objects(c.Changed, func(one entitlement.Changed) object {
				return object{"property": one.Property, "before": text(one.Before), "after": text(one.After)}
			})}
	}, example: entitlement.ImpactChange{Changed: []entitlement.Changed{{}}}}
}

func listImpactChanges(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, impactChangeType(), sliced(c.deps.Catalogs.ImpactChanges(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"))))
}

func agreeToImpactChange(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	var hash string
	if o.Text("hash", &hash); hash == "" {
		o.Fail("hash", "must be that of the change that is agreed to.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}
	catalog, change := id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ChangeID](c, "changeId")
	if err := c.deps.Catalogs.AgreeToChange(ctx, c.by, catalog, change, hash); err != nil {
		return c.byJob(ctx, err, func() (entitlement.ImpactJob, error) {
			return c.deps.Catalogs.StartAgree(ctx, c.by, catalog, change, hash)
		})
	}
	return done(nil)
}

func rejectImpactChange(ctx context.Context, c *call) (response, error) {
	if content, err := c.content(); err != nil || len(content) > 0 {
		if err == nil {
			err = entitlement.Errorf(entitlement.Invalid, "Rejecting a change takes no body.")
		}
		return response{}, err
	}
	return done(c.deps.Catalogs.RejectChange(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ChangeID](c, "changeId")))
}
