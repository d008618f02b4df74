package entitlement

import "slices"

// Offer is what a package says itself of one of its policies through which everybody, or every
// member, may ask for it: so a list of what somebody may ask for need not read the policies.
// Policies that name people or groups are found from those, and are no offers.
type Offer struct {
	Policy PolicyID
	Scope  TargetScope // ScopeAllMembers or ScopeAllUsers
}

// Audience is everybody to whom a package is offered without being named.
type Audience string

// The audiences. Whoever is in the first one is in the second.
const (
	AudienceMembers Audience = "members"
	AudienceUsers   Audience = "users"
)

// Audiences lists them all.
var Audiences = []Audience{AudienceMembers, AudienceUsers}

// Has reports that u is in the audience.
func (a Audience) Has(u User) bool {
	return u.Enabled && (a == AudienceUsers || a == AudienceMembers && u.Type == Member)
}

// Audience returns to whom the package is offered; empty for nobody but who is named. One that
// is hidden, or closed for its deletion, is offered to nobody (R129).
func (p AccessPackage) Audience() Audience {
	if p.Hidden || !p.Deleting.IsZero() {
		return ""
	}
	audience := Audience("")
	for _, o := range p.Offers {
		if o.Scope == ScopeAllUsers {
			return AudienceUsers
		}
		audience = AudienceMembers
	}
	return audience
}

// offers returns a policy's offer; false where it makes none.
func (p AssignmentPolicy) offers() (Offer, bool) {
	wide := p.Scope == ScopeAllMembers || p.Scope == ScopeAllUsers
	return Offer{p.ID, p.Scope}, wide && !p.Erased && p.Requestor.SelfAdd
}

// OffersAs reports that what a package says of the policy does not change with another version
// of it.
func (p AssignmentPolicy) OffersAs(other AssignmentPolicy) bool {
	a, some := p.offers()
	b, others := other.offers()
	return some == others && (!some || a == b)
}

// WithOffers returns the change with what its packages offer through its policies: the two are
// written together, so that a package never says what its policies do not.
func (c Change) WithOffers() Change {
	cloned := false
	for _, policy := range c.Policies {
		i := slices.IndexFunc(c.Packages, func(p AccessPackage) bool { return p.ID == policy.Package })
		if i < 0 {
			continue
		}
		if !cloned { // the caller's packages stay as they are
			c.Packages, cloned = slices.Clone(c.Packages), true
		}

		p := &c.Packages[i]
		p.Offers = slices.DeleteFunc(slices.Clone(p.Offers), func(o Offer) bool { return o.Policy == policy.ID })
		if offer, some := policy.offers(); some {
			p.Offers = append(p.Offers, offer)
		}
	}
	return c
}

// Candidates are a page of what somebody may be able to ask for, in the order of the packages'
// ids: the packages that are offered to them, and of others the policies that name them.
type Candidates struct {
	Offered  []AccessPackage // without versions, as an index has them
	Policies []AssignmentPolicy

	Next      string    // as in Paged, and so the two others
	Following CatalogID // of the package that follows, where it is offered to them
	Spent     bool
	Unread    int
}
