package entitlement

import (
	"slices"
	"time"
)

// SubjectLifecycle says whether a guest's account is governed here. The values are Graph's.
type SubjectLifecycle string

// The lifecycles (R146).
const (
	LifecycleNotDefined  SubjectLifecycle = "notDefined"
	LifecycleNotGoverned SubjectLifecycle = "notGoverned"
	LifecycleGoverned    SubjectLifecycle = "governed"
)

// MaxUploads bounds the upload sessions of one resource (S21).
const MaxUploads = 50

// UploadSession is open for what an access review is to be given about a resource. Nothing is
// uploaded yet.
type UploadSession struct {
	ID         string
	Definition string // of the review
	Instance   string
	Created    time.Time
}

// ForApplications returns those of the policies through which an application may ask. It is no
// member of the organization, nor one of its people: only a policy that names it is for it.
func ForApplications(policies []AssignmentPolicy) []AssignmentPolicy {
	return slices.DeleteFunc(slices.Clone(policies), func(p AssignmentPolicy) bool {
		return p.Scope == ScopeAllMembers || p.Scope == ScopeAllUsers || p.ForOutside()
	})
}
