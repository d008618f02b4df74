package entitlement

import "time"

// About is the person and the package that an event has to do with; empty where it is about
// none.
type About struct {
	Subject UserID
	Package PackageID
}

// Span is a time from one instant to another, both within it. The zero one has no end.
type Span struct{ From, To time.Time }
