package entitlement

import "time"

// How long somebody stays signed in at the pages: at most, and without a sign of life. A sign
// of life is written down no more often than every SessionNoted.
const (
	SessionLimit = 12 * time.Hour
	SessionIdle  = time.Hour
	SessionNoted = 5 * time.Minute
)

// Session is somebody signed in at the pages. ID is the digest of what their browser keeps, so
// that whoever reads the table cannot sign in with it. Who a principal is, and what they may
// do, is read at every call: a session says neither.
type Session struct {
	ID        string
	Principal Principal
	Scopes    int64 // what the access token was good for, as package authz numbers it
	Created   time.Time
	Seen      time.Time
	Meta
}

// Over reports that the session is of no use any more at now.
func (s Session) Over(now time.Time) bool { return !now.Before(s.Until()) }

// Until is when the session is over, where nobody is seen in it any more.
func (s Session) Until() time.Time {
	idle, limit := s.Seen.Add(SessionIdle), s.Created.Add(SessionLimit)
	if idle.Before(limit) {
		return idle
	}
	return limit
}

// ToNote reports that a sign of life at now is worth a write.
func (s Session) ToNote(now time.Time) bool { return now.Sub(s.Seen) >= SessionNoted }
