package entitlement

import (
	"cmp"
	"slices"
	"time"
)

// Catalog is a container of resources and packages with its own owners.
type Catalog struct {
	ID                CatalogID
	DisplayName       string
	Description       string
	Published         bool // an unpublished catalog lets nobody request (R23)
	ExternallyVisible bool
	Packages          int // a catalog that holds packages is not deleted (R27)
	Owners            int // role assignments that make somebody an owner of it; the last one stays
	Limit             ImpactLimit
	Created           time.Time
	Modified          time.Time
	Meta
}

// RoleRef names one role of one resource at one target; Resource and Role are the
// target's own ids.
type RoleRef struct {
	Connector ConnectorID
	Resource  string
	Role      string
}

// Compare orders roles by target, resource and role, so that a list of them is the same list
// each time.
func (r RoleRef) Compare(other RoleRef) int {
	return cmp.Or(cmp.Compare(r.Connector, other.Connector), cmp.Compare(r.Resource, other.Resource), cmp.Compare(r.Role, other.Role))
}

// Resource is something access is granted to, registered in one catalog.
type Resource struct {
	ID           ResourceID
	Catalog      CatalogID
	Connector    ConnectorID
	OriginSystem string
	OriginID     string
	DisplayName  string
	Description  string
	Roles        []ResourceRole
	Scope        ResourceScope
	Uploads      []UploadSession
	Uses         int // package role scopes on it; in use, it is not removed (R16)
	Drift        DriftMode
	PreExisting  PreExistingMode
	Created      time.Time
	Meta
}

// ResourceRole is a role that a resource offers.
type ResourceRole struct {
	ID          string
	OriginID    string
	DisplayName string
}

// ResourceScope is the part of a resource that a role applies to; ours have a root scope only.
type ResourceScope struct {
	ID          string
	OriginID    string
	DisplayName string
}

// Role returns the role with the origin id.
func (r Resource) Role(originID string) (ResourceRole, bool) {
	for _, role := range r.Roles {
		if role.OriginID == originID {
			return role, true
		}
	}
	return ResourceRole{}, false
}

// AccessPackage is a bundle of resource role scopes that is offered together.
type AccessPackage struct {
	ID          PackageID
	Catalog     CatalogID
	DisplayName string
	Description string
	Hidden      bool
	Policies    []PolicyID
	Offers      []Offer   // of its policies for everybody or every member
	PolicyNames []string  // a NameMark of each, since their names are unique here
	Deleting    time.Time // since when it is closed to new work for its deletion; zero means open
	Looked      string    // how far the deletion has looked for who stands in its way
	Created     time.Time
	Modified    time.Time

	// Who holds one of these packages, or is a member of one of these groups, cannot get
	// this one (R177). What those list is their own matter (R178).
	Incompatible       []PackageID
	IncompatibleGroups []GroupID

	Meta
}

// Former returns what is kept of a package that goes, so that requests and assignments can
// still say what they were for.
func (p AccessPackage) Former() AccessPackage {
	return AccessPackage{ID: p.ID, Catalog: p.Catalog, DisplayName: p.DisplayName}
}

// reopenAfter is how long a deletion may take before the sweep undoes it.
const reopenAfter = time.Minute

// Due returns when the sweep must look at a package under deletion; zero means never.
func (p AccessPackage) Due() time.Time { return reopenAt(p.Deleting) }

// reopenAt returns when a deletion that is under way since then is undone.
func reopenAt(deleting time.Time) time.Time {
	if deleting.IsZero() {
		return time.Time{}
	}
	return deleting.Add(reopenAfter)
}

// MaxPolicies and MaxScopes bound one package (S21).
const (
	MaxPolicies = 50
	MaxScopes   = 100
)

// ResourceRoleScope is one role of one resource inside a package. Its id is
// <role id>_<scope id>.
type ResourceRoleScope struct {
	ID       string
	Resource ResourceID
	Role     ResourceRole
	Scope    ResourceScope
	Origin   string // origin system
	Ref      RoleRef
	Created  time.Time
}

// PackageScopes is the list of a package's role scopes. Version is its generation:
// it moves with every change of the list.
type PackageScopes struct {
	Package PackageID
	List    []ResourceRoleScope
	Shrunk  time.Time // when a role was last taken out; zero means never
	Meta
}

// Without returns the list without its i-th role scope, taken out at now.
func (s PackageScopes) Without(i int, now time.Time) PackageScopes {
	s.List, s.Shrunk = slices.Delete(slices.Clone(s.List), i, i+1), now
	return s
}

// Job is a package edit on its way to the package's holders: each of them is to owe a
// delivery of generation Generation. Cursor is a Paged.Next of the holders.
type Job struct {
	Package    PackageID
	Generation int64
	Cursor     string
	Told       int       // holders told so far
	CheckAfter time.Time // when the sweep repairs a lost message
	Created    time.Time
	Meta
}

// NewJob returns the job that carries a generation of a package to its holders.
func NewJob(pkg PackageID, generation int64, now time.Time) Job {
	return Job{Package: pkg, Generation: generation, Created: now, CheckAfter: now.Add(time.Minute)}
}

// MaxConnectors bounds the connectors of a deployment, and with them the grant sets
// that a delivery reads of one person (S21).
const MaxConnectors = 500

// ConnectorConfig is the registration of a target system. The credential is kept
// elsewhere, under the connector's id; which one of those that were given goes to URL is
// said here, so that the two change as one.
type ConnectorConfig struct {
	ID               ConnectorID
	DisplayName      string
	Kind             string
	OriginSystem     string // of its resources, as its kind is called on the wire; fixed when it is registered
	URL              string
	CorrelationKeys  []string  // of CorrelateBy, tried in order
	ResourceManagers []UserID  // who may add its resources to catalogs
	Credential       int64     // number of the credential that was given for Kind and URL; 0 means none
	Uses             int       // resources of catalogs; in use, it is not deleted
	Unused           time.Time // since when it has no resource any more; zero means that it has some, or never had

	// Unconfirmed: roles count where no way of asking tells who holds them (S15).
	Unconfirmed bool
	// ValueListRemoval: members are taken out by a list of values, not by a path. A server that
	// does not look at the values takes everybody out (RFC 7644, 3.5.2.2), so this is for
	// servers that were seen, on a group made for the purpose, to keep the others.
	ValueListRemoval bool
	// ConcurrentWrites: changes of one resource may cross without undoing each other.
	ConcurrentWrites bool
	// MakeAccounts: who has no account at the target gets one when a role first needs it.
	MakeAccounts bool
	// MadeAccounts: accounts are made there, or once were, so that who uses one is on record.
	MadeAccounts bool
	// DeleteAccounts: an account that we made is deleted when no role needs it any more, and not
	// only disabled.
	DeleteAccounts bool
	// InviteEverybody: where an account is made by invitation, members of the directory are invited
	// too, and not guests alone. It is for the tenant of another organization.
	InviteEverybody bool
	// VPC: the target is reached from inside the deployment's VPC, by the functions that run there
	// and by no other.
	VPC bool
	// Paused: nothing is sent to the target, not even questions; what is owed there stays owed.
	Paused bool

	// The roles of the target's applications as an administrator named them: values of
	// attributes of accounts.
	RoleValues        []string
	EntitlementValues []string

	Check   TargetCheck // what was found out when the target was last looked at
	Created time.Time
	Meta
}

// Address is where a credential of the connector goes; it is good for no other.
func (c ConnectorConfig) Address() string { return c.Kind + " " + c.URL }

// CorrelateBy lists the keys by which a person may be found at a target.
var CorrelateBy = []string{"externalId", "userName", "mail"}
