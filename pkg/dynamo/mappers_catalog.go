package dynamo

import "leasehold/pkg/entitlement"

var catalogMapper = mapper[entitlement.Catalog]{
	tag: "CAT", noun: "catalog", part: entitlement.PartConfiguration,
	key:  func(c entitlement.Catalog) Key { return catalogKey(c.ID) },
	name: func(c *entitlement.Catalog, k Key) { c.ID = catalogAt(k) },
	meta: func(c *entitlement.Catalog) *entitlement.Meta { return &c.Meta },
	indexKeys: func(c entitlement.Catalog) indexKeys {
		return indexKeys{first: allIndexKey(wordCatalog, c.DisplayName, string(c.ID))}
	},
	body: func(f *fields, c *entitlement.Catalog) {
		text(f, "n", &c.DisplayName)
		text(f, "d", &c.Description)
		flag(f, "pub", &c.Published)
		flag(f, "ext", &c.ExternallyVisible)
		number(f, "pks", &c.Packages)
		number(f, "own", &c.Owners)
		number(f, "li", &c.Limit.People)
		number(f, "lp", &c.Limit.Percent)
		flag(f, "ll", &c.Limit.Loosening)
		when(f, "cr", &c.Created)
		when(f, "mo", &c.Modified)
	},
}

var resourceMapper = mapper[entitlement.Resource]{
	tag: "RES", noun: "resource", part: entitlement.PartConfiguration,
	key: func(r entitlement.Resource) Key { return resourceKey(r.Catalog, r.ID) },
	name: func(r *entitlement.Resource, k Key) {
		r.Catalog, r.ID = catalogAt(k), resourceAt(k)
	},
	meta: func(r *entitlement.Resource) *entitlement.Meta { return &r.Meta },
	body: func(f *fields, r *entitlement.Resource) {
		id(f, "con", &r.Connector)
		text(f, "os", &r.OriginSystem)
		text(f, "oi", &r.OriginID)
		text(f, "n", &r.DisplayName)
		text(f, "d", &r.Description)
		list(f, "rl", &r.Roles, roleFields)
		group(f, "sc", &r.Scope, scopeFields)
		list(f, "up", &r.Uploads, func(f *fields, u *entitlement.UploadSession) {
			id(f, "i", &u.ID)
			id(f, "d", &u.Definition)
			id(f, "n", &u.Instance)
			when(f, "c", &u.Created)
		})
		number(f, "use", &r.Uses)
		text(f, "dm", &r.Drift)
		text(f, "pe", &r.PreExisting)
		when(f, "cr", &r.Created)
	},
}

func roleFields(f *fields, r *entitlement.ResourceRole) {
	text(f, "i", &r.ID)
	text(f, "o", &r.OriginID)
	text(f, "n", &r.DisplayName)
}

func scopeFields(f *fields, s *entitlement.ResourceScope) {
	text(f, "i", &s.ID)
	text(f, "o", &s.OriginID)
	text(f, "n", &s.DisplayName)
}

var packageMapper = mapper[entitlement.AccessPackage]{
	tag: "PKG", noun: "access package", part: entitlement.PartConfiguration,
	key:       func(p entitlement.AccessPackage) Key { return packageKey(p.ID) },
	name:      func(p *entitlement.AccessPackage, k Key) { p.ID = packageAt(k) },
	meta:      func(p *entitlement.AccessPackage) *entitlement.Meta { return &p.Meta },
	indexKeys: packageIndexKeys,
	body: func(f *fields, p *entitlement.AccessPackage) {
		id(f, "c", &p.Catalog)
		text(f, "n", &p.DisplayName)
		text(f, "d", &p.Description)
		flag(f, "hid", &p.Hidden)
		ids(f, "pol", &p.Policies)
		list(f, "of", &p.Offers, offerFields)
		texts(f, "pnm", &p.PolicyNames)
		ids(f, "inc", &p.Incompatible)
		ids(f, "ing", &p.IncompatibleGroups)
		when(f, "del", &p.Deleting)
		text(f, "lk", &p.Looked)
		when(f, "cr", &p.Created)
		when(f, "mo", &p.Modified)
	},
}

// formerMapper is what stays of a package that is gone.
var formerMapper = mapper[entitlement.AccessPackage]{
	tag: "FORMER", noun: "former access package", part: entitlement.PartConfiguration,
	key:  func(p entitlement.AccessPackage) Key { return formerKey(p.ID) },
	name: func(p *entitlement.AccessPackage, k Key) { p.ID = packageAt(k) },
	meta: func(p *entitlement.AccessPackage) *entitlement.Meta { return &p.Meta },
	body: func(f *fields, p *entitlement.AccessPackage) {
		id(f, "c", &p.Catalog)
		text(f, "n", &p.DisplayName)
	},
}

// packageIndexKeys lists a package in its catalog, and among all packages; one under
// deletion is due instead, so that the sweep finishes what a crash left.
func packageIndexKeys(p entitlement.AccessPackage) indexKeys {
	r := indexKeys{first: inCatalogIndexKey(p.Catalog, p.DisplayName, p.ID), second: allIndexKey(wordPackage, p.DisplayName, string(p.ID))}
	if !p.Deleting.IsZero() {
		r.second = dueIndexKey(packageKey(p.ID), p.Due())
	}
	if audience := p.Audience(); audience != "" {
		r.offers = offerIndexKey(audience, p.ID)
	}
	return r
}

func offerFields(f *fields, o *entitlement.Offer) {
	id(f, "p", &o.Policy)
	text(f, "s", &o.Scope)
}

var scopesMapper = mapper[entitlement.PackageScopes]{
	tag: "SCOPES", noun: "list of resource roles", part: entitlement.PartConfiguration,
	key:  func(s entitlement.PackageScopes) Key { return scopesKey(s.Package) },
	name: func(s *entitlement.PackageScopes, k Key) { s.Package = packageAt(k) },
	meta: func(s *entitlement.PackageScopes) *entitlement.Meta { return &s.Meta },
	body: func(f *fields, s *entitlement.PackageScopes) {
		list(f, "l", &s.List, roleScopeFields)
		when(f, "sh", &s.Shrunk)
	},
}

func roleScopeFields(f *fields, s *entitlement.ResourceRoleScope) {
	text(f, "i", &s.ID)
	id(f, "re", &s.Resource)
	group(f, "ro", &s.Role, roleFields)
	group(f, "sc", &s.Scope, scopeFields)
	text(f, "o", &s.Origin)
	group(f, "rf", &s.Ref, roleRefFields)
	when(f, "cr", &s.Created)
}

func roleRefFields(f *fields, r *entitlement.RoleRef) {
	id(f, "c", &r.Connector)
	id(f, "r", &r.Resource)
	text(f, "o", &r.Role)
}
