package entitlement

import (
	"slices"
	"testing"
	"time"
)

func guest(name string, issuers ...string) User {
	u := User{ID: UserID(name), Type: Guest, Enabled: true, UserPrincipalName: name}
	for _, issuer := range issuers {
		u.Identities = append(u.Identities, Principal{Issuer: issuer, Value: "x"})
	}
	return u
}

const tenant = "7f9a0a1e-3d4b-4d5e-8a77-0c5a4d1c9b11"

func TestR136_WhereAGuestSignsInSaysToWhichOrganizationTheyBelong(t *testing.T) {
	fabrikam := IdentitySource{Kind: SourceTenant, TenantID: tenant}
	domain := IdentitySource{Kind: SourceDomain, DomainName: "Contoso.com"}
	member := guest("ann@contoso.com", "https://login.microsoftonline.com/"+tenant+"/v2.0")
	member.Type = Member
	mail := guest("gus@example.org")
	mail.Mail = "gus@contoso.com"
	gone := guest("gus@contoso.com")
	gone.Deleted = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

	for name, c := range map[string]struct {
		source IdentitySource
		u      User
		want   bool
	}{
		"a tenant's issuer":                  {fabrikam, guest("gus@anything.org", "https://login.microsoftonline.com/"+tenant+"/v2.0"), true},
		"its other issuer, by another case":  {IdentitySource{Kind: SourceTenant, TenantID: "7F9A0A1E-3D4B-4D5E-8A77-0C5A4D1C9B11"}, guest("gus", "https://sts.windows.net/"+tenant+"/"), true},
		"another tenant's":                   {fabrikam, guest("gus@contoso.com", "https://sts.windows.net/11111111-3d4b-4d5e-8a77-0c5a4d1c9b11/"), false},
		"the tenant at a host of nobody's":   {fabrikam, guest("gus", "https://login.example.org/"+tenant+"/v2.0"), false},
		"the tenant, not encrypted":          {fabrikam, guest("gus", "http://sts.windows.net/"+tenant+"/"), false},
		"the tenant, in another cloud":       {fabrikam, guest("gus", "https://login.microsoftonline.us/"+tenant+"/v2.0"), false},
		"a tenant of another cloud":          {IdentitySource{Kind: SourceCrossCloudTenant, TenantID: tenant, CloudInstance: "microsoftonline.us"}, guest("gus", "https://login.microsoftonline.us/"+tenant+"/v2.0"), true},
		"the name that one signs in by":      {domain, guest("gus@CONTOSO.com"), true},
		"that name, as a guest's is made up": {domain, guest("gus_d_contoso.com#EXT#@ours.onmicrosoft.com"), true},
		"a part of a domain":                 {domain, guest("gus@not-contoso.com"), false},
		"a domain below it":                  {domain, guest("gus@contoso.com.example.org"), false},
		"a name without a domain":            {domain, guest("contoso.com"), false},
		"an address of mail alone":           {domain, mail, false},
		"a member of the directory":          {fabrikam, member, false},
		"one who was deleted":                {domain, gone, false},
		"a federated domain":                 {IdentitySource{Kind: SourceFederation, DomainName: "contoso.com", IssuerURI: "https://id.contoso.com"}, guest("gus@contoso.com", "https://id.contoso.com"), true},
		"it, by another issuer":              {IdentitySource{Kind: SourceFederation, DomainName: "contoso.com", IssuerURI: "https://id.contoso.com"}, guest("gus@contoso.com", "https://id.example.org"), false},
		"its issuer, for another domain":     {IdentitySource{Kind: SourceFederation, DomainName: "contoso.com", IssuerURI: "https://id.contoso.com"}, guest("gus@example.org", "https://id.contoso.com"), false},
		"a social provider":                  {IdentitySource{Kind: SourceSocial, Social: "facebook"}, guest("gus@example.org", "https://www.facebook.com"), true},
	} {
		o := &ConnectedOrganization{ID: "o", Sources: []IdentitySource{c.source}}
		if o.Has(c.u) != c.want {
			t.Errorf("%s: %t", name, o.Has(c.u))
		}
	}
}

func TestR32_PoliciesForPeopleOutsideAreForTheirGuestsAlone_R33_AndNobodyOfNoOrganizationIsInThoseForAll(t *testing.T) {
	gus, mia := guest("gus@contoso.com"), User{ID: "mia", Type: Member, Enabled: true, UserPrincipalName: "mia@contoso.com"}
	with := func(id OrganizationID, state OrganizationState) *ConnectedOrganization {
		return &ConnectedOrganization{ID: id, State: state, Sources: []IdentitySource{{Kind: SourceDomain, DomainName: "contoso.com"}}}
	}
	other := &ConnectedOrganization{ID: "o", State: OrganizationConfigured, Sources: []IdentitySource{{Kind: SourceDomain, DomainName: "example.org"}}}
	named := []SubjectSet{{Kind: OrganizationMembers, ID: "o"}, {Kind: OrganizationMembers, ID: "p"}}
	for name, c := range map[string]struct {
		scope TargetScope
		u     User
		of    *ConnectedOrganization
		want  bool
	}{
		"one that is named":                   {ScopeSpecificOrganizations, gus, with("o", OrganizationConfigured), true},
		"another one":                         {ScopeSpecificOrganizations, gus, with("q", OrganizationConfigured), false},
		"none":                                {ScopeSpecificOrganizations, gus, nil, false},
		"a member":                            {ScopeSpecificOrganizations, mia, with("o", OrganizationConfigured), false},
		"one that the guest does not sign at": {ScopeSpecificOrganizations, gus, other, false},
		"all, a configured one":               {ScopeAllOrganizations, gus, with("q", OrganizationConfigured), true},
		"R135 all, a proposed one":            {ScopeAllOrganizations, gus, with("q", OrganizationProposed), false},
		"R33 all, none":                       {ScopeAllOrganizations, gus, nil, false},
		"all, a member":                       {ScopeAllOrganizations, mia, with("q", OrganizationConfigured), false},
		"anybody, of none":                    {ScopeAllExternal, gus, nil, true},
		"anybody, of one":                     {ScopeAllExternal, gus, with("q", OrganizationProposed), true},
		"anybody, a member":                   {ScopeAllExternal, mia, nil, false},
	} {
		p := AssignmentPolicy{Scope: c.scope, Targets: named, Requestor: RequestorSettings{SelfAdd: true}}
		if p.InScope(c.u, c.of) != c.want || p.MayAsk(c.u, c.of) != c.want {
			t.Errorf("%s: in scope %t, may ask %t", name, p.InScope(c.u, c.of), p.MayAsk(c.u, c.of))
		}
	}
	// A request keeps of a thousand organizations the one that it is for.
	p := AssignmentPolicy{Scope: ScopeSpecificOrganizations, Targets: named}
	if kept := p.targetsOf("gus", with("p", OrganizationConfigured)); len(kept) != 1 || kept[0].ID != "p" {
		t.Errorf("kept %v", kept)
	}
}

func TestR51_SponsorsOfTheOrganizationAreAsked_R52_OrTheFallbacks(t *testing.T) {
	of := &ConnectedOrganization{InternalSponsors: []Sponsor{{User: "ina"}, {Group: "ins"}}, ExternalSponsors: []Sponsor{{User: "exa"}}}
	fallback := []SubjectSet{user("flo")}
	ina, ins, exa := user("ina"), SubjectSet{Kind: GroupMembers, ID: "ins"}, user("exa")
	for name, c := range map[string]struct {
		of   *ConnectedOrganization
		asks []SubjectSet
		want []SubjectSet
	}{
		"internal":                {of, []SubjectSet{{Kind: InternalSponsors}}, []SubjectSet{ina, ins}},
		"external":                {of, []SubjectSet{{Kind: ExternalSponsors}}, []SubjectSet{exa}},
		"the target's":            {of, []SubjectSet{{Kind: TargetUserSponsors}}, []SubjectSet{ina, ins, exa}},
		"one named and sponsor":   {of, []SubjectSet{exa, {Kind: ExternalSponsors}}, []SubjectSet{exa}},
		"of no organization":      {nil, []SubjectSet{{Kind: InternalSponsors}}, fallback},
		"one kind has none":       {&ConnectedOrganization{ExternalSponsors: of.ExternalSponsors}, []SubjectSet{{Kind: InternalSponsors}, {Kind: ExternalSponsors}}, []SubjectSet{exa, user("flo")}},
		"named, and nobody lacks": {nil, []SubjectSet{ina}, []SubjectSet{ina}},
	} {
		if got := (around{of: c.of}).reachable(c.asks, fallback); !slices.EqualFunc(got, c.want, SubjectSet.same) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
