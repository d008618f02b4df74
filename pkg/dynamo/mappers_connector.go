package dynamo

import "leasehold/pkg/entitlement"

var connectorMapper = mapper[entitlement.ConnectorConfig]{
	tag: "CON", noun: "connector", part: entitlement.PartConfiguration,
	key:  func(c entitlement.ConnectorConfig) Key { return connectorKey(c.ID) },
	name: func(c *entitlement.ConnectorConfig, k Key) { c.ID = connectorAt(k) },
	meta: func(c *entitlement.ConnectorConfig) *entitlement.Meta { return &c.Meta },
	indexKeys: func(c entitlement.ConnectorConfig) indexKeys {
		return indexKeys{first: allIndexKey(wordConnector, c.DisplayName, string(c.ID))}
	},
	body: func(f *fields, c *entitlement.ConnectorConfig) {
		text(f, "n", &c.DisplayName)
		text(f, "k", &c.Kind)
		text(f, "os", &c.OriginSystem)
		text(f, "u", &c.URL)
		texts(f, "by", &c.CorrelationKeys)
		ids(f, "rm", &c.ResourceManagers)
		flag(f, "uc", &c.Unconfirmed)
		flag(f, "vl", &c.ValueListRemoval)
		flag(f, "cw", &c.ConcurrentWrites)
		flag(f, "ma", &c.MakeAccounts)
		flag(f, "md", &c.MadeAccounts)
		flag(f, "da", &c.DeleteAccounts)
		flag(f, "ie", &c.InviteEverybody)
		flag(f, "vpc", &c.VPC)
		flag(f, "pa", &c.Paused)
		texts(f, "rv", &c.RoleValues)
		texts(f, "ev", &c.EntitlementValues)
		group(f, "ck", &c.Check, checkFields)
		number(f, "sv", &c.Credential)
		number(f, "us", &c.Uses)
		when(f, "un", &c.Unused)
		when(f, "cr", &c.Created)
	},
}

var breakerMapper = mapper[entitlement.Breaker]{
	tag: "BREAK", noun: "breaker", part: entitlement.PartConfiguration,
	key:  func(b entitlement.Breaker) Key { return breakerKey(b.Connector) },
	name: func(b *entitlement.Breaker, k Key) { b.Connector = connectorAt(k) },
	meta: func(b *entitlement.Breaker) *entitlement.Meta { return &b.Meta },
	indexKeys: func(b entitlement.Breaker) indexKeys {
		if b.Due().IsZero() {
			return indexKeys{}
		}
		return indexKeys{second: dueIndexKey(breakerKey(b.Connector), b.Due())}
	},
	body: func(f *fields, b *entitlement.Breaker) {
		number(f, "n", &b.Failures)
		when(f, "u", &b.Until)
		number(f, "ob", &b.LagSamples)
		number(f, "ll", &b.LongestLag)
	},
}

// The key holds a digest of the target's own id, so the id itself is in the body.
var targetResourceMapper = mapper[entitlement.TargetResource]{
	tag: "TRES", noun: "resource at a target", part: entitlement.PartTargetResource,
	key:  func(r entitlement.TargetResource) Key { return targetResourceKey(r.Connector, r.Resource) },
	name: func(r *entitlement.TargetResource, k Key) { r.Connector = connectorAt(k) },
	meta: func(r *entitlement.TargetResource) *entitlement.Meta { return &r.Meta },
	body: func(f *fields, r *entitlement.TargetResource) {
		id(f, "r", &r.Resource)
		text(f, "wy", &r.Way)
		when(f, "sp", &r.ShowedPresent)
		when(f, "sn", &r.ShowedAbsent)
		when(f, "lw", &r.LastWrite)
		text(f, "wr", &r.Writer)
		when(f, "wu", &r.WriterUntil)
	},
}

var rateMapper = mapper[entitlement.RateLease]{
	tag: "RATE", noun: "rate lease", part: entitlement.PartConfiguration,
	key:  func(l entitlement.RateLease) Key { return rateKey(l.Connector) },
	name: func(l *entitlement.RateLease, k Key) { l.Connector = connectorAt(k) },
	meta: func(l *entitlement.RateLease) *entitlement.Meta { return &l.Meta },
	body: func(f *fields, l *entitlement.RateLease) {
		when(f, "w", &l.Writes)
		when(f, "u", &l.Units)
	},
}

// The key holds a digest of the target's own id, as of a resource.
var accountUseMapper = mapper[entitlement.AccountUse]{
	tag: "AUSE", noun: "use of an account at a target", part: entitlement.PartTargetResource,
	key:  func(a entitlement.AccountUse) Key { return accountUseKey(a.Connector, a.Ref) },
	name: func(a *entitlement.AccountUse, k Key) { a.Connector = connectorAt(k) },
	meta: func(a *entitlement.AccountUse) *entitlement.Meta { return &a.Meta },
	body: func(f *fields, a *entitlement.AccountUse) {
		id(f, "r", &a.Ref)
		ids(f, "us", &a.Users)
		id(f, "ow", &a.Owner)
		flag(f, "en", &a.Ending)
	},
}

var jobMapper = mapper[entitlement.Job]{
	tag: "JOB", noun: "job", part: entitlement.PartConfiguration,
	key:  func(j entitlement.Job) Key { return jobKey(j.Package, j.Generation) },
	name: func(j *entitlement.Job, k Key) { j.Package, j.Generation = jobAt(k) },
	meta: func(j *entitlement.Job) *entitlement.Meta { return &j.Meta },
	indexKeys: func(j entitlement.Job) indexKeys {
		return indexKeys{second: dueIndexKey(jobKey(j.Package, j.Generation), j.CheckAfter)}
	},
	body: func(f *fields, j *entitlement.Job) {
		text(f, "cu", &j.Cursor)
		number(f, "ow", &j.Told)
		when(f, "lk", &j.CheckAfter)
		when(f, "cr", &j.Created)
	},
}

func checkFields(f *fields, c *entitlement.TargetCheck) {
	when(f, "at", &c.At)
	text(f, "d", &c.Dialect)
	text(f, "r", &c.Reason)
	id(f, "p", &c.Person)
	text(f, "nf", &c.NotFound)
	texts(f, "fe", &c.Features)
	texts(f, "sh", &c.Shows)
	texts(f, "fi", &c.Filters)
	text(f, "er", &c.Error)
	list(f, "va", &c.Values, func(f *fields, v *entitlement.ApplicationValues) {
		text(f, "r", &v.Resource)
		texts(f, "v", &v.Values)
	})
}
