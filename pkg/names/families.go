package names

import (
	"slices"
	"strings"
)

// Family is a family of partitions of the table: how their keys begin. Roles are limited to
// the families that their functions write.
type Family string

// The families. What belongs to one thing lies in one partition: a package with its slots
// and jobs, a person with their record and grants, a connector with its breaker.
const (
	FamilyCatalog      Family = "CAT"   // with its resources
	FamilyPackage      Family = "PKG"   // with its role scopes, slots, jobs and guards
	FamilyPolicy       Family = "POL"   // with whom it names
	FamilyRequest      Family = "REQ"   // with the assignment that came of it and has ended
	FamilyPerson       Family = "SUB"   // with record, grants, absence, and requests for others
	FamilyGroup        Family = "GRP"   // with its members and owners
	FamilyConnector    Family = "CON"   // with its breaker and what is remembered of its resources
	FamilyName         Family = "NAME"  // whose a userPrincipalName is
	FamilyPrincipal    Family = "PRINC" // whose a sign-in is
	FamilyApprovers    Family = "ASET"  // of requests that wait for several
	FamilyConfig       Family = "CFG"   // groups that are named anywhere, and the signing key
	FamilyOrganization Family = "ORG"   // a connected organization
	FamilySession      Family = "SES"   // who is signed in at the pages
	FamilyEvent        Family = "EV"    // of everything: put, and nothing else
)

// Families lists them all.
var Families = []Family{FamilyCatalog, FamilyPackage, FamilyPolicy, FamilyRequest, FamilyPerson, FamilyGroup, FamilyConnector,
	FamilyName, FamilyPrincipal, FamilyApprovers, FamilyConfig, FamilyOrganization, FamilySession, FamilyEvent}

// FamilyOf returns the family of a partition, "" for none.
func FamilyOf(partition string) Family {
	word, _, _ := strings.Cut(partition, "#")
	if f := Family(word); slices.Contains(Families, f) {
		return f
	}
	return ""
}

// Pattern is what the partitions of the family look like, in IAM's words.
func (f Family) Pattern() string {
	if f == FamilyConfig {
		return string(f) // it is one partition
	}
	return string(f) + "#*"
}

// Allows reports that the right covers a partition.
func (r Right) Allows(partition string) bool {
	return len(r.Leading) == 0 || slices.Contains(r.Leading, FamilyOf(partition))
}
