package dynamo

import (
	"context"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

func sessionKey(id string) Key { return Key{join(wordSession, id), wordSession} }

var sessionMapper = mapper[entitlement.Session]{
	tag: "SES", noun: "session", part: entitlement.PartSession,
	key:  func(s entitlement.Session) Key { return sessionKey(s.ID) },
	name: func(s *entitlement.Session, k Key) { _, s.ID, _ = strings.Cut(k.PK, sep) },
	meta: func(s *entitlement.Session) *entitlement.Meta { return &s.Meta },
	// DynamoDB may take days to clear an item away; whether it is over is asked anyway.
	expires: func(s entitlement.Session) time.Time { return s.Until() },
	body: func(f *fields, s *entitlement.Session) {
		text(f, "i", &s.Principal.Issuer)
		text(f, "p", &s.Principal.Value)
		number(f, "s", &s.Scopes)
		when(f, "cr", &s.Created)
		when(f, "se", &s.Seen)
	},
}

// Session returns a session, read strongly.
func (db *DB) Session(ctx context.Context, id string) (entitlement.Session, error) {
	return one(ctx, db, sessionMapper, sessionKey(id))
}
