package entitlement

import (
	"slices"
	"strings"
	"time"
)

// TargetOffer is something at a target that a catalog could take as a resource, or the reason
// why it cannot.
type TargetOffer struct {
	Resource
	Reason string // why it cannot be given; "" where it can
}

// TargetCheck is what was found out of a target when it was last looked at: nothing in it
// comes from a credential, and nothing is proof. Delivery draws its own conclusions (S15).
type TargetCheck struct {
	At       time.Time // zero: it was never looked at
	Dialect  string    // what it speaks
	Features []string  // of the protocol, as it says of itself
	Shows    []string  // what was seen in its answers
	Filters  []string  // which filters it was seen to heed
	Error    string    // what kept the rest from being found out; "" for nothing
	Reason   string    // of Error, as connector.Reason words it

	// Person is who was looked for at the target, "" for nobody, and NotFound why there is no
	// account of theirs that roles could be given to; "" where there is.
	Person   UserID
	NotFound string

	// Values are the values of application roles that it named itself, by resource.
	Values []ApplicationValues
}

// ApplicationValues are role values of one application of a target.
type ApplicationValues struct {
	Resource string // its id at the target
	Values   []string
}

// After is what is kept of a look once another was kept before it: the values of both, and of a look
// that came to no features, those that were known. A target that did not answer for a moment is no other one.
func (c TargetCheck) After(known TargetCheck) TargetCheck {
	c.Values = Remembered(known.Values, c.Values)
	if c.Error != "" && len(c.Features) == 0 {
		c.Features = known.Features
	}
	return c
}

// Remembered are the values that were known of each application, and those that were found.
// What was seen once stays: a package may give it, and a look sees a part of a target alone.
func Remembered(known, found []ApplicationValues) (all []ApplicationValues) {
	for _, of := range slices.Concat(known, found) {
		i := slices.IndexFunc(all, func(v ApplicationValues) bool { return v.Resource == of.Resource })
		if i < 0 {
			i, all = len(all), append(all, ApplicationValues{Resource: of.Resource})
		}
		for _, v := range of.Values {
			if len(all[i].Values) < MaxRoleValues && !slices.Contains(all[i].Values, v) {
				all[i].Values = append(all[i].Values, v)
			}
		}
	}
	return all
}

// Bounds of role values (S21): how long one may be, and how many of an application are kept.
const (
	MaxRoleValue  = 128
	MaxRoleValues = 100
)

// RoleValue refuses a value that cannot be a role: it goes to the target and comes back as it
// is.
func RoleValue(what, value string) error {
	if value == "" || len(value) > MaxRoleValue {
		return Errorf(Invalid, "%s must hold texts of 1 to %d bytes.", what, MaxRoleValue)
	}
	return Exact(what, value)
}

// RoleValues refuses a list of such values that is too long, or in which two may mean the same
// to a target: they must differ in more than case.
func RoleValues(what string, values []string) error {
	if len(values) > MaxRoleValues {
		return Errorf(Invalid, "%s must hold at most %d values.", what, MaxRoleValues)
	}
	for i, v := range values {
		if err := RoleValue(what, v); err != nil {
			return err
		}
		if slices.ContainsFunc(values[:i], func(other string) bool { return strings.EqualFold(other, v) }) {
			return Errorf(Invalid, "%s names %q twice: values must differ in more than case.", what, v)
		}
	}
	return nil
}
