package dynamo

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"leasehold/pkg/entitlement"
)

func driftScanKey(at entitlement.ConnectorID, id entitlement.DriftScanID) Key {
	return Key{connectorKey(at).PK, join(wordDrift, part(id))}
}

func driftFindingKey(at entitlement.ConnectorID, scan entitlement.DriftScanID, id entitlement.DriftFindingID) Key {
	return Key{connectorKey(at).PK, driftFindingPrefix(scan) + part(id)}
}

// driftFindingPrefix begins the findings of a scan, or, where none is named, of all of a connector.
func driftFindingPrefix(scan entitlement.DriftScanID) string {
	if scan == "" {
		return join(wordDriftFinding, "")
	}
	return join(wordDriftFinding, part(scan), "")
}

func driftSeenPrefix(scan entitlement.DriftScanID) string {
	return join(wordDriftSeen, part(scan), "")
}

func driftWalkKey() Key { return Key{wordConfig, wordDrift} }

// driftDueIndexKey puts a scan where its function finds it once its time has come.
func driftDueIndexKey(s entitlement.DriftScan) indexKey {
	return indexKey{wordDriftDue, join(stamp(s.Next), part(s.Role.Connector), part(s.ID()))}
}

// driftPersonPartition is where the findings of a person are listed.
func driftPersonPartition(u entitlement.UserID) string { return join(wordDriftFinding, part(u)) }

// roleFieldsOf are the target's own ids, of which the key holds a digest.
func roleFieldsOf(f *fields, r *entitlement.RoleRef) {
	id(f, "rs", &r.Resource)
	id(f, "rr", &r.Role)
}

var driftScanMapper = mapper[entitlement.DriftScan]{
	tag: "DRIFT", noun: "comparison with a target", part: entitlement.PartConfiguration,
	key:  func(s entitlement.DriftScan) Key { return driftScanKey(s.Role.Connector, s.ID()) },
	name: func(s *entitlement.DriftScan, k Key) { s.Role.Connector = connectorAt(k) },
	meta: func(s *entitlement.DriftScan) *entitlement.Meta { return &s.Meta },
	indexKeys: func(s entitlement.DriftScan) indexKeys {
		return indexKeys{first: allIndexKey(wordDrift, string(s.Role.Connector)+" "+s.Role.Resource, string(s.ID())), second: driftDueIndexKey(s)}
	},
	body: func(f *fields, s *entitlement.DriftScan) {
		roleFieldsOf(f, &s.Role)
		text(f, "na", &s.Name)
		text(f, "ph", &s.Phase)
		text(f, "cu", &s.Cursor)
		number(f, "pt", &s.Part)
		when(f, "nx", &s.Next)
		when(f, "st", &s.Started)
		when(f, "co", &s.Completed)
		flag(f, "li", &s.Lists)
		number(f, "ho", &s.Holders)
		number(f, "ou", &s.Ours)
		number(f, "mi", &s.Missing)
		number(f, "ex", &s.Extra)
		number(f, "ct", &s.Contested)
		text(f, "sh", &s.Shown)
		number(f, "uc", &s.Unclear)
		number(f, "le", &s.Left)
		number(f, "ur", &s.Unread)
		text(f, "re", &s.Reason)
		text(f, "de", &s.Detail)
		when(f, "fa", &s.Failed)
	},
}

var driftFindingMapper = mapper[entitlement.DriftFinding]{
	tag: "DRIFTF", noun: "finding of a comparison with a target", part: entitlement.PartConfiguration,
	key: func(d entitlement.DriftFinding) Key {
		return driftFindingKey(d.Role.Connector, entitlement.DriftScanOf(d.Role), d.ID())
	},
	name: func(d *entitlement.DriftFinding, k Key) { d.Role.Connector = connectorAt(k) },
	meta: func(d *entitlement.DriftFinding) *entitlement.Meta { return &d.Meta },
	indexKeys: func(d entitlement.DriftFinding) indexKeys {
		// What is only suspected is nobody's to see.
		if d.Subject == "" || !d.Shown() {
			return indexKeys{}
		}
		return indexKeys{first: indexKey{driftPersonPartition(d.Subject), join(part(d.Role.Connector), part(entitlement.DriftScanOf(d.Role)))}}
	},
	body: func(f *fields, d *entitlement.DriftFinding) {
		roleFieldsOf(f, &d.Role)
		text(f, "na", &d.Name)
		text(f, "pr", &d.Principal)
		id(f, "su", &d.Subject)
		text(f, "ki", &d.Kind)
		text(f, "st", &d.State)
		when(f, "fi", &d.First)
		when(f, "la", &d.Last)
		when(f, "ju", &d.Judged)
		list(f, "ga", &d.Given, func(f *fields, at *time.Time) { when(f, "at", at) })
		id(f, "db", &d.DecidedBy)
		when(f, "da", &d.DecidedAt)
		flag(f, "se", &d.Sent)
		text(f, "re", &d.Reason)
		text(f, "de", &d.Detail)
	},
}

var driftSeenMapper = mapper[entitlement.DriftSeen]{
	tag: "DRIFTS", noun: "what a comparison with a target has seen", part: entitlement.PartConfiguration,
	key: func(s entitlement.DriftSeen) Key {
		return Key{connectorKey(s.Role.Connector).PK, driftSeenPrefix(entitlement.DriftScanOf(s.Role)) + strconv.Itoa(s.Part)}
	},
	name: func(s *entitlement.DriftSeen, k Key) {
		s.Role.Connector = connectorAt(k)
		s.Part, _ = strconv.Atoi(idAt[string](k.SK, 2))
	},
	meta:    func(s *entitlement.DriftSeen) *entitlement.Meta { return &s.Meta },
	expires: func(s entitlement.DriftSeen) time.Time { return s.Until() },
	body: func(f *fields, s *entitlement.DriftSeen) {
		roleFieldsOf(f, &s.Role)
		when(f, "st", &s.Started)
		digests(f, "dg", &s.Digests)
	},
}

var driftWalkMapper = mapper[entitlement.DriftWalk]{
	tag: "DRIFTW", noun: "walk through the roles that packages give", part: entitlement.PartConfiguration,
	key:  func(entitlement.DriftWalk) Key { return driftWalkKey() },
	name: func(*entitlement.DriftWalk, Key) {},
	meta: func(w *entitlement.DriftWalk) *entitlement.Meta { return &w.Meta },
	body: func(f *fields, w *entitlement.DriftWalk) { when(f, "nx", &w.Next) },
}

// digests are numbers of eight bytes, packed into one text.
func digests(f *fields, name string, p *[]uint64) {
	var packed string
	if !f.reading {
		b := make([]byte, 0, 8*len(*p))
		for _, d := range *p {
			b = binary.BigEndian.AppendUint64(b, d)
		}
		packed = base64.StdEncoding.EncodeToString(b)
	}

	text(f, name, &packed)
	if !f.reading {
		return
	}

	b, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || len(b)%8 != 0 {
		f.err = errors.New("attribute " + name + " holds no digests")
		return
	}
	for ; len(b) > 0; b = b[8:] {
		*p = append(*p, binary.BigEndian.Uint64(b))
	}
}
