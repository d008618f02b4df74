package entitlement

import "time"

// Absence says that somebody may not be there to decide as before: disabled or deleted,
// out of groups that approve, or with another manager, or none, to ask. It is kept until
// the sweep has looked at the requests that this concerns, so that none of them waits
// for nobody.
type Absence struct {
	Person UserID
	Groups []GroupID // that the person has left
	Due    time.Time // when the sweep looks
	Again  bool      // this is the second look, for what was on its way during the first
	Cursor string    // where a look at what waits for the person goes on
	Meta
}

// checkAgain is how long after the first look the second one comes: longer than a command
// of the API takes.
const checkAgain = time.Minute

// Looked returns the absence as it stands after a look: erased after the second.
func (a Absence) Looked(now time.Time) Absence {
	a.Cursor, a.Erased = "", a.Again
	a.Again, a.Due = true, now.Add(checkAgain)
	return a
}

// Absent returns what a change of a user means for those who wait for a decision: of the
// user, where that one was an approver and is disabled now, or of the user's manager.
func Absent(before, after User, now time.Time) []Absence {
	if before.Enabled && !after.Enabled || after.Enabled && before.Manager != "" && before.Manager != after.Manager {
		return []Absence{{Person: after.ID, Due: now}}
	}
	return nil
}
