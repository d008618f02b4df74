package entitlement

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OrganizationID is the id of a connected organization.
type OrganizationID string

// OrganizationState says whether a connected organization counts among all configured ones.
// The values are Graph's.
type OrganizationState string

// The states (R135).
const (
	OrganizationConfigured OrganizationState = "configured"
	OrganizationProposed   OrganizationState = "proposed"
)

// ConnectedOrganization is another organization, by the directory or domain that its people
// sign in at (R134).
type ConnectedOrganization struct {
	ID               OrganizationID
	DisplayName      string
	Description      string
	State            OrganizationState
	Sources          []IdentitySource
	InternalSponsors []Sponsor
	ExternalSponsors []Sponsor
	Created          time.Time
	Modified         time.Time
	Meta
}

// SourceKind is the kind of an identity source, as Graph names it.
type SourceKind string

// The kinds of identity sources.
const (
	SourceTenant           SourceKind = "azureActiveDirectoryTenant"
	SourceDomain           SourceKind = "domainIdentitySource"
	SourceFederation       SourceKind = "externalDomainFederation"
	SourceCrossCloudTenant SourceKind = "crossCloudAzureActiveDirectoryTenant"
	SourceSocial           SourceKind = "socialIdentitySource"
)

// SourceKinds lists them all.
var SourceKinds = []SourceKind{SourceTenant, SourceDomain, SourceFederation, SourceCrossCloudTenant, SourceSocial}

// IdentitySource is where people of a connected organization sign in. Which members it has is
// its kind's matter.
type IdentitySource struct {
	Kind          SourceKind
	DisplayName   string
	TenantID      string // of a tenant
	CloudInstance string // of one in another cloud
	DomainName    string // of a domain
	IssuerURI     string // of a federated one
	Social        string // facebook
}

// SocialSources are the values of Social.
var SocialSources = []string{"facebook"}

// Unique returns what no two connected organizations have in common: by which somebody belongs
// to one of them and to no other.
func (s IdentitySource) Unique() string {
	return strings.ToLower(strings.Join([]string{string(s.Kind), s.TenantID, s.CloudInstance, s.DomainName, s.IssuerURI, s.Social}, " "))
}

// Place names the source in few characters of any address: a digest of Unique.
func (s IdentitySource) Place() string {
	sum := sha256.Sum256([]byte(s.Unique()))
	return hex.EncodeToString(sum[:20])
}

// Place names where the people of the organization sign in; "" where it has no identity source.
func (o ConnectedOrganization) Place() string {
	if len(o.Sources) == 0 {
		return ""
	}
	return o.Sources[0].Place()
}

// check refuses a source that lacks what its kind needs, or has what is another's.
func (s *IdentitySource) check(at string) (err error) {
	has := map[string]string{"tenantId": s.TenantID, "cloudInstance": s.CloudInstance, "domainName": s.DomainName, "issuerUri": s.IssuerURI, "socialIdentitySourceType": s.Social}
	needs := map[SourceKind][]string{SourceTenant: {"tenantId"}, SourceCrossCloudTenant: {"tenantId", "cloudInstance"}, SourceDomain: {"domainName"},
		SourceFederation: {"domainName", "issuerUri"}, SourceSocial: {"socialIdentitySourceType"}}[s.Kind]
	for _, member := range []string{"tenantId", "cloudInstance", "domainName", "issuerUri", "socialIdentitySourceType"} {
		if needed := slices.Contains(needs, member); needed != (has[member] != "") {
			return Errorf(Invalid, "%s: %s goes with %s.", at, s.Kind, strings.Join(needs, " and "))
		}
		if len(has[member]) > MaxName {
			return Errorf(Invalid, "%s.%s must be at most %d characters long.", at, member, MaxName)
		}
		if err := Exact(at+"."+member, has[member]); err != nil {
			return err
		}
	}
	s.DisplayName, err = Name(at+".displayName", cmp.Or(s.DisplayName, s.DomainName, s.TenantID, s.Social))
	return err
}

// Sponsor is a user or a group that answers for the people of a connected organization.
type Sponsor struct {
	User  UserID
	Group GroupID
}

// SponsoredBy reports that somebody is an internal sponsor of the organization, alone or as a
// member of a group.
func (o ConnectedOrganization) SponsoredBy(u User) bool {
	return !o.Erased && u.Enabled && !u.Gone() && slices.ContainsFunc(o.InternalSponsors, func(s Sponsor) bool {
		return s.User != "" && s.User == u.ID || s.Group != "" && u.MemberOf(s.Group)
	})
}

// Bounds of one connected organization (S21).
const (
	MaxSponsors = 50
	maxSources  = 1 // as Graph takes them
)

// Check refuses a connected organization that contradicts itself, and cleans its texts.
func (o *ConnectedOrganization) Check() (err error) {
	if o.DisplayName, err = Name("displayName", o.DisplayName); err != nil {
		return err
	}
	if o.Description, err = Description("description", o.Description); err != nil {
		return err
	}

	if o.State != OrganizationConfigured && o.State != OrganizationProposed {
		return Errorf(Invalid, "state must be configured or proposed.")
	}

	if len(o.Sources) != maxSources {
		return Errorf(Invalid, "identitySources must hold one identity source.")
	}
	for i := range o.Sources {
		if err := o.Sources[i].check(fmt.Sprintf("identitySources[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// Recorded lists what events say of a connected organization. Each sponsor that comes or goes
// has an event of its own.
func (o ConnectedOrganization) Recorded() []Recorded {
	if o.ID == "" {
		return nil
	}
	var sources []string
	for _, s := range o.Sources {
		sources = append(sources, strings.TrimSpace(strings.Join([]string{string(s.Kind), s.TenantID, s.CloudInstance, s.DomainName, s.IssuerURI, s.Social, s.DisplayName}, " ")))
	}
	return []Recorded{{"displayName", o.DisplayName}, {"description", o.Description}, {"state", string(o.State)}, {"identitySources", strings.Join(sources, ", ")}}
}

// NamesOrganization reports a policy that is for people of a connected organization.
func (p AssignmentPolicy) NamesOrganization(id OrganizationID) bool {
	return slices.ContainsFunc(p.Targets, func(s SubjectSet) bool { return s.Kind == OrganizationMembers && s.ID == string(id) })
}
