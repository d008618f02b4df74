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

// SessionFile is a part of a text that somebody brought to the pages and that is too long to be
// carried in a form: it lies beside their session, and nobody else can name it.
type SessionFile struct {
	Session string // its id
	ID      string
	Part    int // from 0
	Parts   int
	Text    string // packed; at most SessionFilePart
	Created time.Time
	Meta
}

// How long such a text is kept, and how much of it lies in one item.
const (
	SessionFileLasts = 2 * time.Hour
	SessionFilePart  = 300 << 10
)

// Expires returns when the text is forgotten.
func (f SessionFile) Expires() time.Time { return f.Created.Add(SessionFileLasts) }
