package dynamo

import (
	"context"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// sessionFileKey is a part of a text that lies beside a session.
func sessionFileKey(session, id string, number int) Key {
	return Key{sessionKey(session).PK, sessionFileOf(id) + counter(int64(number))}
}

func sessionFileOf(id string) string { return join(wordFile, part(id), "") }

var sessionFileMapper = mapper[entitlement.SessionFile]{
	tag: "FILE", noun: "text that somebody brought to the pages", part: entitlement.PartSession,
	key: func(s entitlement.SessionFile) Key { return sessionFileKey(s.Session, s.ID, s.Part) },
	name: func(s *entitlement.SessionFile, k Key) {
		_, s.Session, _ = strings.Cut(k.PK, sep)
		s.ID, s.Part = idAt[string](k.SK, 1), countAt(k, 2)
	},
	meta:    func(s *entitlement.SessionFile) *entitlement.Meta { return &s.Meta },
	expires: func(s entitlement.SessionFile) time.Time { return s.Expires() },
	body: func(f *fields, s *entitlement.SessionFile) {
		number(f, "n", &s.Parts)
		text(f, "tx", &s.Text)
		when(f, "cr", &s.Created)
	},
}

// SessionFile returns the parts of a text that lies beside a session, in their order; none where
// there is no such text.
func (db *DB) SessionFile(ctx context.Context, session, id string) ([]entitlement.SessionFile, error) {
	entries, err := db.all(ctx, tableQuery{partition: sessionKey(session).PK, prefix: sessionFileOf(id)})
	if err != nil {
		return nil, err
	}
	var all []entitlement.SessionFile
	for _, it := range entries {
		read, err := sessionFileMapper.read(it)
		if err != nil {
			return nil, err
		}
		all = append(all, read)
	}
	return all, nil
}
