package entitlement

import (
	"regexp"
	"slices"
)

// Preferences are how somebody wants the pages to speak to them. They are that person's own:
// nobody else reads or sets them, events do not hold them, and they decide nothing.
type Preferences struct {
	Language string // one of Languages; "" is what the browser asks for
	TimeZone string // by its IANA name, such as Europe/Berlin; "" is UTC
}

// Languages are those that pages can be in.
var Languages = []string{"en", "de"}

// zoneName is what names of time zones look like. Which there are, whoever shows times knows.
var zoneName = regexp.MustCompile(`^[A-Za-z_]{1,20}(/[A-Za-z0-9_+-]{1,30}){1,2}$`)

// Check refuses what nobody can be spoken to in.
func (p Preferences) Check() error {
	if p.Language != "" && !slices.Contains(Languages, p.Language) {
		return Errorf(Invalid, "language must be one of %s, or empty for that of the browser.", inWords(Languages))
	}
	if p.TimeZone != "" && !zoneName.MatchString(p.TimeZone) {
		return Errorf(Invalid, "timeZone must be a name such as Europe/Berlin, or empty for UTC.")
	}
	return nil
}
