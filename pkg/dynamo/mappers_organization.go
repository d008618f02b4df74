package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Keys of connected organizations, of what is configured for the whole, and of the custom
// extensions of a catalog.
func settingsKey() Key { return Key{wordConfig, "SETTINGS"} }

func organizationKey(id entitlement.OrganizationID) Key {
	return Key{join(wordOrganization, part(id)), wordOrganization}
}

func organizationAt(k Key) entitlement.OrganizationID {
	return idAt[entitlement.OrganizationID](k.PK, 1)
}

// sourceKey is the sentinel of an identity source, which one organization has.
func sourceKey(s entitlement.IdentitySource) Key {
	return Key{join(wordName, wordOrganization, digest(s.Unique())), wordName}
}

func extensionKey(c entitlement.CatalogID, id entitlement.ExtensionID) Key {
	return Key{catalogKey(c).PK, join(wordExtension, part(id))}
}

func extensionAt(k Key) entitlement.ExtensionID { return idAt[entitlement.ExtensionID](k.SK, 1) }

var prefixExtension = join(wordExtension, "")

var settingsMapper = mapper[entitlement.Settings]{
	tag: "SETTINGS", noun: "settings", part: entitlement.PartConfiguration,
	key:  func(entitlement.Settings) Key { return settingsKey() },
	name: func(*entitlement.Settings, Key) {},
	meta: func(s *entitlement.Settings) *entitlement.Meta { return &s.Meta },
	body: func(f *fields, s *entitlement.Settings) {
		text(f, "ex", &s.ExternalUserAction)
		number(f, "da", &s.DeleteAfterBlocked)
		group(f, "eu", &s.EndUsers, func(f *fields, e *entitlement.EndUserSettings) {
			text(f, "rp", &e.RelatedPeople)
			flag(f, "ha", &e.HideApprovers)
			id(f, "cb", &e.CreatedBy)
			when(f, "cr", &e.Created)
			id(f, "mb", &e.ModifiedBy)
			when(f, "mo", &e.Modified)
		})
	},
}

var organizationMapper = mapper[entitlement.ConnectedOrganization]{
	tag: "ORG", noun: "connected organization", part: entitlement.PartConfiguration,
	key:  func(o entitlement.ConnectedOrganization) Key { return organizationKey(o.ID) },
	name: func(o *entitlement.ConnectedOrganization, k Key) { o.ID = organizationAt(k) },
	meta: func(o *entitlement.ConnectedOrganization) *entitlement.Meta { return &o.Meta },
	indexKeys: func(o entitlement.ConnectedOrganization) indexKeys {
		return indexKeys{first: allIndexKey(wordOrganization, o.DisplayName, string(o.ID))}
	},
	body: func(f *fields, o *entitlement.ConnectedOrganization) {
		text(f, "n", &o.DisplayName)
		text(f, "d", &o.Description)
		text(f, "st", &o.State)
		list(f, "so", &o.Sources, sourceFields)
		list(f, "in", &o.InternalSponsors, sponsorFields)
		list(f, "es", &o.ExternalSponsors, sponsorFields)
		when(f, "cr", &o.Created)
		when(f, "mo", &o.Modified)
	},
}

func sourceFields(f *fields, s *entitlement.IdentitySource) {
	text(f, "k", &s.Kind)
	text(f, "n", &s.DisplayName)
	text(f, "t", &s.TenantID)
	text(f, "c", &s.CloudInstance)
	text(f, "d", &s.DomainName)
	text(f, "i", &s.IssuerURI)
	text(f, "s", &s.Social)
}

func sponsorFields(f *fields, s *entitlement.Sponsor) {
	id(f, "u", &s.User)
	id(f, "g", &s.Group)
}

var extensionMapper = mapper[entitlement.CustomExtension]{
	tag: "EXT", noun: "custom extension", part: entitlement.PartConfiguration,
	key: func(x entitlement.CustomExtension) Key { return extensionKey(x.Catalog, x.ID) },
	name: func(x *entitlement.CustomExtension, k Key) {
		x.Catalog, x.ID = catalogAt(k), extensionAt(k)
	},
	meta: func(x *entitlement.CustomExtension) *entitlement.Meta { return &x.Meta },
	body: func(f *fields, x *entitlement.CustomExtension) {
		text(f, "k", &x.Kind)
		text(f, "n", &x.DisplayName)
		text(f, "d", &x.Description)
		group(f, "ep", &x.Endpoint, func(f *fields, e *entitlement.ExtensionEndpoint) {
			text(f, "s", &e.Subscription)
			text(f, "g", &e.ResourceGroup)
			text(f, "w", &e.Workflow)
		})
		text(f, "tk", &x.Token)
		number(f, "to", &x.Timeout)
		number(f, "re", &x.Retries)
		number(f, "wt", &x.Wait)
		number(f, "use", &x.Uses)
		id(f, "cb", &x.CreatedBy)
		when(f, "cr", &x.Created)
		id(f, "mb", &x.ModifiedBy)
		when(f, "mo", &x.Modified)
	},
}

// organizations writes connected organizations. Their identity sources, which never change,
// are taken by the first of them that comes with one, and freed with it.
func (p *plan) organizations(all []entitlement.ConnectedOrganization, old images) {
	for _, o := range all {
		before := old.organizations[o.ID]
		p.current(entitlement.PartConfiguration, o.Meta, before.Meta)
		write(p, organizationMapper, o)
		var sources []holding
		for _, s := range o.Sources {
			sources = append(sources, holding{key: sourceKey(s), tag: tagName, holder: string(o.ID)})
		}
		switch {
		case o.Erased:
			p.names(sources, nil)
		case o.Version == 0:
			p.names(nil, sources)
		}
		p.sponsorEntries(o, before)
	}
}

// Settings returns the settings of the whole; version 0 where nobody has changed them.
func (db *DB) Settings(ctx context.Context) (entitlement.Settings, error) {
	s, err := one(ctx, db, settingsMapper, settingsKey())
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.DefaultSettings(), nil
	}
	return s, err
}

// Organization returns a connected organization.
func (db *DB) Organization(ctx context.Context, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error) {
	return one(ctx, db, organizationMapper, organizationKey(id))
}

// Organizations returns those of the connected organizations that there are.
func (db *DB) Organizations(ctx context.Context, ids []entitlement.OrganizationID) ([]entitlement.ConnectedOrganization, error) {
	return several(ctx, db, organizationMapper, true, keysOf(ids, organizationKey))
}

// ListOrganizations lists all connected organizations by name.
func (db *DB) ListOrganizations(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error) {
	return listed(ctx, db, organizationMapper, tableQuery{index: index1, partition: listPartition(wordOrganization, "")}, page)
}

// PoliciesNaming lists the policies that name a connected organization among their targets,
// read strongly: an organization is deleted where there are none.
func (db *DB) PoliciesNaming(ctx context.Context, id entitlement.OrganizationID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	w := tableQuery{partition: namedKey(id, "").PK, prefix: prefixNamed}
	return followed(ctx, db, policyMapper, true, w, page, func(entry item) Key { return policyKey(namedAt(keyOf(entry))) })
}

// Extension returns a custom extension of a catalog.
func (db *DB) Extension(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ExtensionID) (entitlement.CustomExtension, error) {
	return one(ctx, db, extensionMapper, extensionKey(catalog, id))
}

// Extensions returns those of a catalog's custom extensions that there are.
func (db *DB) Extensions(ctx context.Context, catalog entitlement.CatalogID, ids []entitlement.ExtensionID) ([]entitlement.CustomExtension, error) {
	return several(ctx, db, extensionMapper, true, keysOf(ids, func(id entitlement.ExtensionID) Key { return extensionKey(catalog, id) }))
}

// ListExtensions lists a catalog's custom extensions.
func (db *DB) ListExtensions(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.CustomExtension], error) {
	return within(ctx, db, tableQuery{partition: catalogKey(catalog).PK, prefix: prefixExtension}, page, extensionMapper.read)
}
