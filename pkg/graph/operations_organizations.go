package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

const (
	organizationsPath = em + "/connectedOrganizations"
	organizationPath  = organizationsPath + "/{organizationId}"
)

// organizationOperations are connected organizations: operations 67 to 77 of graph.
var organizationOperations = []operation{
	{method: "GET", path: organizationsPath, action: authz.ReadOrganization, serve: listOrganizations},
	{method: "POST", path: organizationsPath, action: authz.ChangeOrganization, serve: createOrganization},
	{method: "GET", path: organizationPath, action: authz.ReadOrganization, serve: getOrganization},
	{method: "PATCH", path: organizationPath, action: authz.ChangeOrganization, serve: updateOrganization},
	{method: "DELETE", path: organizationPath, action: authz.ChangeOrganization, serve: deleteOrganization},
	{method: "GET", path: organizationPath + "/internalSponsors", action: authz.ReadOrganization, serve: listInternalSponsors},
	{method: "POST", path: organizationPath + "/internalSponsors/$ref", action: authz.ChangeOrganization, serve: addInternalSponsor},
	{method: "DELETE", path: organizationPath + "/internalSponsors/{sponsorId}/$ref", action: authz.ChangeOrganization, serve: removeInternalSponsor},
	{method: "DELETE", path: organizationPath + "/internalSponsors/$ref", action: authz.ChangeOrganization, serve: removeInternalSponsor},
	{method: "GET", path: organizationPath + "/externalSponsors", action: authz.ReadOrganization, serve: listExternalSponsors},
	{method: "POST", path: organizationPath + "/externalSponsors/$ref", action: authz.ChangeOrganization, serve: addExternalSponsor},
	{method: "DELETE", path: organizationPath + "/externalSponsors/{sponsorId}/$ref", action: authz.ChangeOrganization, serve: removeExternalSponsor},
	{method: "DELETE", path: organizationPath + "/externalSponsors/$ref", action: authz.ChangeOrganization, serve: removeExternalSponsor},
}

// organization is a connected organization with its sponsors as they are shown; nil where they
// were not joined.
type organization struct {
	entitlement.ConnectedOrganization
	internal, external []object
}

func (c *call) organizationType() entityType[*organization] {
	sponsors := navigationProperty{many: true, action: authz.ReadOrganization, navigation: noNavigation}
	return entityType[*organization]{set: emSet + "connectedOrganizations", mapper: mapOrganization, load: c.joinSponsors,
		example: &organization{ConnectedOrganization: entitlement.ConnectedOrganization{Sources: []entitlement.IdentitySource{{}}}},
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{"internalSponsors": sponsors, "externalSponsors": sponsors}
		}}
}

func mapOrganization(o *organization) object {
	same := func(o object) object { return o }
	return object{
		"id": string(o.ID), "displayName": text(o.DisplayName), "description": o.Description, "state": string(o.State),
		"identitySources": objects(o.Sources, mapSource), "createdDateTime": instant(o.Created), "modifiedDateTime": instant(o.Modified),
		"internalSponsors": several(o.internal, same, unexpanded{}), "externalSponsors": several(o.external, same, unexpanded{}),
	}
}

func mapSource(s entitlement.IdentitySource) object {
	o := object{"@odata.type": typePrefix + string(s.Kind), "displayName": text(s.DisplayName)}
	for member, value := range map[string]string{"tenantId": s.TenantID, "cloudInstance": s.CloudInstance, "domainName": s.DomainName, "issuerUri": s.IssuerURI, "socialIdentitySourceType": s.Social} {
		if value != "" || s.Kind == "" { // of the sample, by which options are checked
			o[member] = odata.Exact(value)
		}
	}
	return o
}

func ofOrganizations(all []entitlement.ConnectedOrganization) []*organization {
	out := make([]*organization, len(all))
	for i, o := range all {
		out[i] = &organization{ConnectedOrganization: o}
	}
	return out
}

// joinSponsors joins to organizations the sponsors that are wanted, all read at once.
func (c *call) joinSponsors(ctx context.Context, by authz.Caller, of []*organization, w views.With) error {
	_, internal := w["internalSponsors"]
	_, external := w["externalSponsors"]
	var all []entitlement.Sponsor
	for _, o := range of {
		if internal {
			all = append(all, o.InternalSponsors...)
		}
		if external {
			all = append(all, o.ExternalSponsors...)
		}
	}

	known, err := c.sponsorsShown(ctx, all)
	if err != nil {
		return err
	}

	shown := func(list []entitlement.Sponsor) []object {
		trees := []object{}
		for _, s := range list {
			// Who has been deleted since is known no more, and is left out.
			if tree := known[s]; tree != nil {
				trees = append(trees, tree)
			}
		}
		return trees
	}

	for _, o := range of {
		if internal {
			o.internal = shown(o.InternalSponsors)
		}
		if external {
			o.external = shown(o.ExternalSponsors)
		}
	}
	return nil
}

// sponsorsShown reads sponsors as directory objects.
func (c *call) sponsorsShown(ctx context.Context, sponsors []entitlement.Sponsor) (map[entitlement.Sponsor]object, error) {
	users, groups, err := c.deps.Catalogs.SponsorsNamed(ctx, c.by.Caller, sponsors)
	known := map[entitlement.Sponsor]object{}
	for _, u := range users {
		known[entitlement.Sponsor{User: u.ID}] = directoryObjects().mapper(u)
	}
	for _, g := range groups {
		known[entitlement.Sponsor{Group: g.ID}] = mapGroup(g)
	}
	return known, err
}

func listOrganizations(ctx context.Context, c *call) (response, error) {
	named, is, err := odata.EqualID[entitlement.OrganizationID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if is {
		return list(ctx, c, c.organizationType(), viewed(only(c.deps.Catalogs.Organization(ctx, c.by.Caller, named)), ofOrganizations))
	}
	return list(ctx, c, c.organizationType(), viewed(asCaller(c, c.deps.Catalogs.ListOrganizations), ofOrganizations))
}

// organizationInPath reads the connected organization that the path names.
func organizationInPath(ctx context.Context, c *call) (*organization, error) {
	o, err := c.deps.Catalogs.Organization(ctx, c.by.Caller, id[entitlement.OrganizationID](c, "organizationId"))
	return &organization{ConnectedOrganization: o}, err
}

func getOrganization(ctx context.Context, c *call) (response, error) {
	o, err := organizationInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.organizationType(), o)
}

func createOrganization(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	made := entitlement.ConnectedOrganization{State: entitlement.OrganizationConfigured} // R135
	readOrganization(o, &made)
	if err := o.Done(); err != nil {
		return response{}, err
	}
	if made, err = c.deps.Catalogs.CreateOrganization(ctx, c.by, made); err != nil {
		return response{}, err
	}
	return created(ctx, c, c.organizationType(), &organization{ConnectedOrganization: made})
}

func readOrganization(o *strict.Object, to *entitlement.ConnectedOrganization) {
	o.Ignore("id", "createdDateTime", "modifiedDateTime")
	o.Refuse("internalSponsors", "externalSponsors")
	o.Text("displayName", &to.DisplayName)
	o.Text("description", &to.Description)
	if o.Has("state") {
		strict.Enum(o, "state", &to.State, entitlement.OrganizationConfigured, entitlement.OrganizationProposed)
	}
	o.Ignore("state")
	if !o.Has("identitySources") {
		o.Ignore("identitySources")
		return
	}
	to.Sources = nil
	for _, source := range o.Objects("identitySources") {
		to.Sources = append(to.Sources, readIdentitySource(source))
	}
}

func readIdentitySource(o *strict.Object) (s entitlement.IdentitySource) {
	s.Kind = entitlement.SourceKind(o.Type())
	if !slices.Contains(entitlement.SourceKinds, s.Kind) {
		o.Fail("@odata.type", "must be "+typePrefix+" and one of "+joinWords(entitlement.SourceKinds)+".")
	}
	o.Text("displayName", &s.DisplayName)
	o.Text("tenantId", &s.TenantID)
	o.Text("cloudInstance", &s.CloudInstance)
	o.Text("domainName", &s.DomainName)
	o.Text("issuerUri", &s.IssuerURI)
	strict.Enum(o, "socialIdentitySourceType", &s.Social, entitlement.SocialSources...)
	return s
}

// updateOrganization answers 202 with the entity, unlike every other change by PATCH.
func updateOrganization(ctx context.Context, c *call) (response, error) {
	if err := checkOptions(c, c.organizationType()); err != nil {
		return response{}, err
	}

	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	sameID(o, c.path["organizationId"])
	if err := readable(o, readOrganization); err != nil {
		return response{}, err
	}

	kept, err := c.deps.Catalogs.UpdateOrganization(ctx, c.by, id[entitlement.OrganizationID](c, "organizationId"), func(kept *entitlement.ConnectedOrganization) error {
		// Clients send back what they read, sources too: only other ones are refused.
		before := kept.Sources
		if readOrganization(o, kept); !slices.Equal(kept.Sources, before) {
			return entitlement.Errorf(entitlement.Invalid, "identitySources cannot be changed: delete the connected organization, and make another.")
		}
		return nil
	})
	if err != nil {
		return response{}, err
	}

	ans, err := single(ctx, c, c.organizationType(), &organization{ConnectedOrganization: kept})
	ans.status = http.StatusAccepted
	return ans, err
}

func deleteOrganization(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeleteOrganization(ctx, c.by, id[entitlement.OrganizationID](c, "organizationId")))
}

// directoryObjectType are users and groups in one list.
func directoryObjectType() entityType[object] {
	return entityType[object]{set: "directoryObjects", navigation: noNavigation, mapper: func(o object) object { return o }, example: users().sample()}
}

func listInternalSponsors(ctx context.Context, c *call) (response, error) {
	return listSponsors(ctx, c, func(o *organization) []entitlement.Sponsor { return o.InternalSponsors })
}

func listExternalSponsors(ctx context.Context, c *call) (response, error) {
	return listSponsors(ctx, c, func(o *organization) []entitlement.Sponsor { return o.ExternalSponsors })
}

func listSponsors(ctx context.Context, c *call, of func(*organization) []entitlement.Sponsor) (response, error) {
	o, err := organizationInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	known, err := c.sponsorsShown(ctx, of(o))
	var trees []object
	for _, sponsor := range of(o) {
		if tree := known[sponsor]; tree != nil {
			trees = append(trees, tree)
		}
	}
	return list(ctx, c, directoryObjectType(), sliced(trees, err))
}

func addInternalSponsor(ctx context.Context, c *call) (response, error) {
	return addSponsor(ctx, c, false)
}

func addExternalSponsor(ctx context.Context, c *call) (response, error) {
	return addSponsor(ctx, c, true)
}

func removeInternalSponsor(ctx context.Context, c *call) (response, error) {
	return removeSponsor(ctx, c, false)
}

func removeExternalSponsor(ctx context.Context, c *call) (response, error) {
	return removeSponsor(ctx, c, true)
}

func addSponsor(ctx context.Context, c *call, external bool) (response, error) {
	asked, err := sponsorAdded(c)
	if err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.Once(ctx, c.by, func(by authz.Command) (string, error) {
		return "", c.deps.Catalogs.AddSponsor(ctx, by, id[entitlement.OrganizationID](c, "organizationId"), external, asked)
	})
	return done(err)
}

// sponsorAdded reads the user or group that the body names. Of a directory object the address
// does not say which of the two it is.
func sponsorAdded(c *call) (s entitlement.Sponsor, err error) {
	o, err := c.body()
	if err != nil {
		return s, err
	}

	var address string
	o.Text("@odata.id", &address)
	if err := o.Done(); err != nil {
		return s, err
	}

	if strings.Contains(address, "/groups/") {
		s.Group, err = referenced[entitlement.GroupID](address, "groups")
		return s, err
	}
	s.User, err = referenced[entitlement.UserID](address, "users", "directoryObjects")

	// Both are set, and the use case keeps the one that is there.
	if strings.Contains(address, "/directoryObjects/") {
		s.Group = entitlement.GroupID(s.User)
	}
	return s, err
}

func removeSponsor(ctx context.Context, c *call, external bool) (response, error) {
	sponsor, err := refRemoved[string](c, "sponsorId", "users", "groups", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Catalogs.RemoveSponsor(ctx, c.by, id[entitlement.OrganizationID](c, "organizationId"), external, sponsor))
}

// readTargets reads whom a policy is for: users and groups, or connected organizations.
func readTargets(o *strict.Object) (sets []entitlement.SubjectSet) {
	for _, each := range o.Objects("specificAllowedTargets") {
		if entitlement.SubjectKind(each.Type()) != entitlement.OrganizationMembers {
			sets = append(sets, readSet(each))
			continue
		}

		s := entitlement.SubjectSet{Kind: entitlement.OrganizationMembers}
		each.Text("description", &s.Description)
		clean, err := entitlement.Description("", s.Description)
		if err != nil {
			each.Fail("description", strings.TrimSpace(entitlement.MessageOf(err)))
		}

		if strict.ID(each, "connectedOrganizationId", &s.ID); s.ID == "" {
			each.Fail("connectedOrganizationId", "must name a connected organization.")
		}
		s.Description = clean
		sets = append(sets, s)
	}
	return sets
}
