package entitlement

import (
	"slices"
	"strings"
	"time"
)

// RoleID names a delegated role: the id of its definition, which Graph's clients know.
type RoleID string

// RoleAssignmentID names one role assignment.
type RoleAssignmentID string

// The delegated roles that are held in one catalog, by the ids that Graph publishes.
const (
	CatalogOwner              RoleID = "ae79f266-94d4-4dab-b730-feca7e132178"
	CatalogReader             RoleID = "44272f93-9762-48e8-af59-1b5351b1d6b3"
	AccessPackageManager      RoleID = "7f480852-ebdc-47d4-87de-0d8498384a83"
	AssignmentManager         RoleID = "e2182095-804a-4656-ae11-64734e9b7ae5"
	CatalogCreator            RoleID = "ba92d953-d8e0-4e39-a797-0cbedb0a89e8" // in the whole organisation
	OrganizationAdministrator RoleID = "5a6ff4a1-7a23-4e0c-9d6e-3e3f4b1c7d01" // ours, likewise
	Auditor                   RoleID = "5a6ff4a1-7a23-4e0c-9d6e-3e3f4b1c7d02" // ours, likewise: reads all, changes nothing
)

// RoleDefinition is what a delegated role is called, where it is held and what it lets do,
// in the words that Graph's clients know. What it lets do here is what the policies of
// package authz say.
type RoleDefinition struct {
	ID          RoleID
	DisplayName string
	Description string
	Everywhere  bool     // it is held in the whole organisation, else in one catalog
	BuiltIn     bool     // Graph has it too
	Actions     []string // its resource actions
}

const (
	actions   = "microsoft.entitlementManagement/"
	inCatalog = actions + "AccessPackageCatalog/"
)

// RoleDefinitions are all the delegated roles that there are: Graph's five, and two of ours.
var RoleDefinitions = []RoleDefinition{
	{ID: CatalogOwner, DisplayName: "Catalog owner", BuiltIn: true, Actions: []string{actions + "allEntities/allTasks"},
		Description: "Edits a catalog and what is in it: resources, access packages, policies, assignments, and who holds its roles."},
	{ID: CatalogReader, DisplayName: "Catalog reader", BuiltIn: true, Actions: []string{actions + "allEntities/Read"},
		Description: "Sees a catalog with its resources, access packages and policies."},
	{ID: AccessPackageManager, DisplayName: "Access package manager", BuiltIn: true, Actions: []string{inCatalog + "AccessPackage/allTasks", inCatalog + "allEntities/Read"},
		Description: "Edits the access packages of a catalog, their policies and their assignments."},
	{ID: CatalogCreator, DisplayName: "Catalog creator", Everywhere: true, BuiltIn: true, Actions: []string{inCatalog + "Create"},
		Description: "Creates catalogs, and owns those."},
	{ID: AssignmentManager, DisplayName: "Access package assignment manager", BuiltIn: true,
		Actions:     []string{inCatalog + "AccessPackage/GrantRequests/allTasks", inCatalog + "AccessPackage/Grants/allTasks", inCatalog + "allEntities/Read"},
		Description: "Edits the assignments of the access packages of a catalog."},
	{ID: OrganizationAdministrator, DisplayName: "Connected organization administrator", Everywhere: true, Actions: []string{actions + "ConnectedOrganization/allTasks"},
		Description: "Edits connected organizations."},
	{ID: Auditor, DisplayName: "Auditor", Everywhere: true, Actions: []string{actions + "allEntities/Read"},
		Description: "Sees everything and changes nothing."},
}

// Definition returns the definition of a role.
func (id RoleID) Definition() (RoleDefinition, bool) {
	i := slices.IndexFunc(RoleDefinitions, func(d RoleDefinition) bool { return d.ID == id })
	if i < 0 {
		return RoleDefinition{}, false
	}
	return RoleDefinitions[i], true
}

// String is what people call the role.
func (id RoleID) String() string {
	d, _ := id.Definition()
	return strings.ToLower(d.DisplayName)
}

// RoleAssignment gives a user, a group with all its members, or an application, which is a
// user here, a delegated role: in one catalog, or in the whole organisation where Catalog is
// empty. Of User and Group one is set.
type RoleAssignment struct {
	ID      RoleAssignmentID
	Role    RoleID
	Catalog CatalogID
	User    UserID
	Group   GroupID
	Created time.Time
	Meta
}

// MaxRoleAssignments bounds the role assignments of one catalog, and those of the whole
// organisation (S21): they are read together, and go with their catalog in one change.
// Groups hold roles too, so that no organisation needs more.
const MaxRoleAssignments = 90

// HeldBy reports that a user holds the role, by itself or through a group.
func (a RoleAssignment) HeldBy(u User) bool {
	if a.Group != "" {
		return u.MemberOf(a.Group)
	}
	return a.User == u.ID
}

// Same reports that both give the same role in the same place to the same holder.
func (a RoleAssignment) Same(b RoleAssignment) bool {
	return a.Role == b.Role && a.Catalog == b.Catalog && a.User == b.User && a.Group == b.Group
}

// Holder is the id of who is given the role.
func (a RoleAssignment) Holder() string {
	if a.Group != "" {
		return string(a.Group)
	}
	return string(a.User)
}

// Recorded lists what events say of a role assignment.
func (a RoleAssignment) Recorded() []Recorded {
	if a.ID == "" {
		return nil
	}
	return []Recorded{{"roleDefinition", string(a.Role)}, {"principal", a.Holder()}, {"catalog", string(a.Catalog)}}
}

// Checked refuses a role that is held elsewhere than where it is given.
func (a RoleAssignment) Checked() error {
	d, known := a.Role.Definition()
	switch {
	case !known:
		return Errorf(Invalid, "roleDefinitionId must name a role definition: GET roleManagement/entitlementManagement/roleDefinitions lists them.")
	case d.Everywhere && a.Catalog != "":
		return Errorf(Invalid, "The role %s is held in the whole organisation: appScopeId must be /.", a.Role)
	case !d.Everywhere && a.Catalog == "":
		return Errorf(Invalid, "The role %s is held in one catalog: appScopeId must be /AccessPackageCatalog/ and the id of the catalog.", a.Role)
	default:
		return nil
	}
}

// Give returns what an assignment of a role to add to those that its catalog, or the whole
// organisation, has already, or why not.
func (a RoleAssignment) Give(there []RoleAssignment) error {
	n := 0
	for _, other := range there {
		if other.Catalog != a.Catalog {
			continue
		}
		if n++; other.Same(a) {
			return &Error{Kind: Conflict, Code: "nameAlreadyExists", Msg: "The principal holds this role there already."}
		}
	}
	if n >= MaxRoleAssignments {
		return Errorf(Conflict, "There are %d role assignments already, which is the most. Give the role to a group.", n)
	}
	return nil
}

// TakeFrom counts down the owners of a catalog where an owner goes. The last one cannot
// leave: somebody must answer for the catalog.
func (a RoleAssignment) TakeFrom(c *Catalog) error {
	if a.Role != CatalogOwner {
		return nil
	}
	if c.Owners <= 1 {
		return Errorf(Conflict, "This is the last owner of the catalog: make somebody else an owner first.")
	}
	c.Owners--
	return nil
}
