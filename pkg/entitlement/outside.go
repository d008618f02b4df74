package entitlement

import (
	"net/url"
	"slices"
	"strings"
)

// People of connected organizations are guests of the directory. To which organization somebody
// belongs follows from where they sign in (R136): from the issuers of the identities that an
// administrator bound to them and, for a domain, from the name that they sign in by. A mail
// address says nothing of it.

// Hosts of issuers that issue for tenants. Those in other clouds are told by the cloud.
var tenantIssuers = map[string]string{
	"login.microsoftonline.com":        "",
	"login.windows.net":                "",
	"sts.windows.net":                  "",
	"login.microsoftonline.us":         "microsoftonline.us",
	"login.partner.microsoftonline.cn": "partner.microsoftonline.cn",
}

// socialIssuers are those of social identity providers.
var socialIssuers = map[string]string{"www.facebook.com": "facebook", "facebook.com": "facebook"}

// SignsInAt returns the identity sources that a guest signs in at, those of tenants first, then
// of federations and social ones, and at last that of the domain: who belongs to several
// organizations belongs to the first one. A member of the directory has none.
func (u User) SignsInAt() (all []IdentitySource) {
	if u.Type != Guest || u.Gone() {
		return nil
	}

	domain := signInDomain(u.UserPrincipalName)
	var others []IdentitySource
	for _, identity := range u.Identities {
		tenants, social := issuedBy(identity.Issuer)
		all, others = append(all, tenants...), append(others, social...)
		if domain != "" {
			others = append(others, IdentitySource{Kind: SourceFederation, DomainName: domain, IssuerURI: identity.Issuer})
		}
	}

	all = append(all, others...)
	if domain != "" {
		all = append(all, IdentitySource{Kind: SourceDomain, DomainName: domain})
	}
	return all
}

// issuedBy returns the tenant, or the social provider, that an issuer stands for.
func issuedBy(issuer string) (tenants, social []IdentitySource) {
	at, err := url.Parse(issuer)
	if err != nil || at.Scheme != "https" {
		return nil, nil
	}
	host := strings.ToLower(at.Host)
	if name := socialIssuers[host]; name != "" {
		social = append(social, IdentitySource{Kind: SourceSocial, Social: name})
	}

	cloud, known := tenantIssuers[host]
	tenant, _, _ := strings.Cut(strings.TrimPrefix(at.Path, "/"), "/")
	switch {
	case !known || tenant == "":
	case cloud == "":
		tenants = append(tenants, IdentitySource{Kind: SourceTenant, TenantID: tenant})
	default:
		tenants = append(tenants, IdentitySource{Kind: SourceCrossCloudTenant, TenantID: tenant, CloudInstance: cloud})
	}
	return tenants, social
}

// externalMark stands in the userPrincipalName of a guest as Entra makes it, after the name
// that the guest signs in by, in which the last underscore stands for the at-sign.
const externalMark = "#ext#@"

// signInDomain returns the domain of the name that somebody signs in by; "" where it has none.
func signInDomain(userPrincipalName string) string {
	name := strings.ToLower(userPrincipalName)
	at := "@"
	if before, _, marked := strings.Cut(name, externalMark); marked {
		name, at = before, "_"
	}
	i := strings.LastIndex(name, at)
	if i < 0 {
		return ""
	}
	return name[i+1:]
}

// Has reports that u signs in at one of the organization's identity sources.
func (o *ConnectedOrganization) Has(u User) bool {
	if o == nil {
		return false
	}
	ours := u.SignsInAt()
	return slices.ContainsFunc(o.Sources, func(s IdentitySource) bool {
		return slices.ContainsFunc(ours, func(at IdentitySource) bool { return at.Unique() == s.Unique() })
	})
}

// ForOutside reports a policy for people of other organizations: whoever decides by it needs to
// know to which one a guest belongs.
func (p AssignmentPolicy) ForOutside() bool { return p.Scope.outside() }

func (s TargetScope) outside() bool {
	return s == ScopeSpecificOrganizations || s == ScopeAllOrganizations || s == ScopeAllExternal
}

// ForOutside reports a request under such a policy.
func (r AssignmentRequest) ForOutside() bool { return r.Scope.outside() }

// admitsGuest reports that a scope for people outside, with its targets, is for a guest; of is
// the organization that the guest belongs to, nil where there is none (R32, R33).
func admitsGuest(scope TargetScope, targets []SubjectSet, u User, of *ConnectedOrganization) bool {
	if u.Type != Guest || of != nil && !of.Has(u) {
		return false
	}
	switch scope {
	case ScopeSpecificOrganizations:
		return of != nil && slices.ContainsFunc(targets, func(s SubjectSet) bool { return s.Kind == OrganizationMembers && s.ID == string(of.ID) })
	case ScopeAllOrganizations:
		return of != nil && of.State == OrganizationConfigured
	default:
		return scope == ScopeAllExternal
	}
}

// opensTo reports that a catalog lets somebody ask through a policy: one for people outside
// counts only where the catalog is open to them (R24).
func (c *Catalog) opensTo(p AssignmentPolicy) bool {
	return !p.ForOutside() || c != nil && c.ExternallyVisible
}

// around are those to whom a stage comes by way of the subject.
type around struct {
	manager, second UserID
	of              *ConnectedOrganization
}

func (a SubmitInputs) around() around {
	return around{manager: a.Subject.Manager, second: a.Second, of: a.Organization}
}

func (s StartInputs) around() around {
	a := around{second: s.Second, of: s.Organization}
	if s.Subject != nil {
		a.manager = s.Subject.Manager
	}
	return a
}

// resolved returns whom a set asks in the end, and whether it asks anybody: a manager stays one,
// since who that is may change while a stage waits; sponsors become the users and groups that
// they are at this moment.
func (a around) resolved(s SubjectSet) ([]SubjectSet, bool) {
	switch {
	case s.isFirst():
		return []SubjectSet{s}, a.manager != ""
	case s.isSecond():
		return []SubjectSet{s}, a.second != ""
	case s.isSponsor():
		found := a.of.sponsors(s.Kind)
		return found, len(found) > 0
	default:
		return []SubjectSet{s}, true
	}
}

// reachable returns whom sets ask, without those who are not there, and the fallbacks where
// somebody is missing (R52).
func (a around) reachable(sets, fallback []SubjectSet) []SubjectSet {
	var asked []SubjectSet
	whole := true
	for _, s := range sets {
		found, there := a.resolved(s)
		if whole = whole && there; there {
			asked = append(asked, besides(asked, found)...)
		}
	}
	if whole {
		return asked
	}
	return append(asked, fallback...)
}

// sponsors returns the organization's sponsors of a kind; both, where the kind is that of the
// target user's.
func (o *ConnectedOrganization) sponsors(of SubjectKind) (all []SubjectSet) {
	if o == nil {
		return nil
	}
	var list []Sponsor

	// Each list is left out for the other kind alone: the target user's take both.
	if of != ExternalSponsors {
		list = append(list, o.InternalSponsors...)
	}
	if of != InternalSponsors {
		list = append(list, o.ExternalSponsors...)
	}

	for _, s := range list {
		if s.Group != "" {
			all = append(all, SubjectSet{Kind: GroupMembers, ID: string(s.Group)})
		} else {
			all = append(all, SubjectSet{Kind: SingleUser, ID: string(s.User)})
		}
	}
	return all
}
