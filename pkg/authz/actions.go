package authz

import (
	"math/bits"
	"strings"

	"leasehold/pkg/entitlement"
)

// Need is the narrowest scope that opens an action.
type Need uint8

// What actions need of a token. Whoever does for everybody what an action lets people do
// for themselves needs the wider scope for it.
const (
	NeedRead         Need = iota // reads everything
	NeedWrite                    // changes everything
	NeedSubjectRead              // reads what concerns the signed-in user
	NeedSubjectWrite             // changes that
)

// needs says by which scopes each need is met, the narrowest first.
var needs = [...]struct {
	name   string
	scopes Scopes
	ofAll  Need
}{
	NeedRead:         {nameRead, ScopeRead | ScopeWrite, NeedRead},
	NeedWrite:        {nameWrite, ScopeWrite, NeedWrite},
	NeedSubjectRead:  {nameSubject, ScopeSubject | ScopeRead | ScopeWrite, NeedRead},
	NeedSubjectWrite: {nameSubject, ScopeSubject | ScopeWrite, NeedWrite},
}

func (n Need) name() string { return needs[n].name }

// ofAll returns what it needs to do for everybody what n opens for oneself.
func (n Need) ofAll() Need { return needs[n].ofAll }

// openedBy reports that the caller's token has a scope that meets the need. The scope for
// end users means nothing in the hands of an application, which has no user behind it.
func (n Need) openedBy(c Caller) bool {
	has := c.Scopes
	if c.Application {
		has &^= ScopeSubject
	}
	return has&needs[n].scopes != 0
}

// Who is a set of what a caller can be to an object.
type Who uint16

// What a caller can be to an object.
const (
	Administrators Who = 1 << iota // an enabled member of the administrators' group, with a token for everything
	Everybody                      // every enabled user: what is shown or changed is the caller's own
	Requestor                      // made the request
	Subject                        // whom the request or assignment is for
	Approver                       // is asked for a decision on the request, was asked, or has decided
	MayRequest                     // may ask for the package
	Holder                         // holds the package, or has asked for it
	TheService                     // a worker of this service, in nobody's name
	OnBehalf                       // a policy names the caller as one who acts for the subject
)

var whoNames = [...]string{"administrator", "the caller's own", "requestor", "subject", "approver", "may request it", "holder", "the service itself", "acts for the subject"}

// String names those of the set.
func (w Who) String() string {
	var all []string
	for rest := w; rest != 0; rest &= rest - 1 {
		all = append(all, whoNames[bits.TrailingZeros16(uint16(rest))])
	}
	return strings.Join(all, ", ")
}

// Action is something that a caller may or may not do.
type Action uint8

// The actions. Rules says of each what it needs, and who may.
const (
	_ Action = iota // an operation that names none is open to nobody
	ReadSelf
	SetPreferences
	ReadUser
	CreateUser
	UpdateUser
	DeleteUser
	ReadGroup
	CreateGroup
	UpdateGroup
	DeleteGroup
	ChangeMembers
	ErasePersonalData

	ReadCatalog
	CreateCatalog
	UpdateCatalog
	DeleteCatalog
	AddResource
	PickResource
	RemoveResource
	RefreshResource
	ChangeUploadSession
	ReadConnector
	RegisterConnector
	UpdateConnector
	DeleteConnector

	ListPackages
	ReadPackage
	ListRequestablePackages
	ListAvailable
	ReadRequirements
	CreatePackage
	UpdatePackage
	DeletePackage
	MovePackage
	ChangeRoleScopes
	ChangeIncompatible
	ReadPolicy
	CreatePolicy
	UpdatePolicy
	DeletePolicy

	ListRequests
	ReadRequest
	ListOwnRequests
	RequestForSelf
	RequestOnBehalf
	AssignDirectly
	CancelRequest
	DeleteRequest
	ResumeRequest
	ListApprovals
	ReadApproval
	ListOwnApprovals
	DecideRequest

	ListAssignments
	ReadAssignment
	ListOwnAssignments
	ListReports
	ReadAdditionalAccess
	ExtendOwn
	ExtendDirectly
	RemoveOwn
	RemoveDirectly

	ReadDeliveryErrors
	Reprocess
	CloseRemoval
	TakeExtraAway
	CompareNow
	ReadEvents

	ReadSettings
	UpdateSettings
	ReadExtension
	ChangeExtension
	ReadOrganization
	ChangeOrganization
	ReadSubject
	UpdateSubject
	ReadRole
	AssignRole
	ReadRoleAssignment
	CallBatch
	actionCount
)

// Rule is what an action needs, and who may do it.
type Rule struct {
	Name  string
	Scope Need
	May   Who
	// Knows are those who are told that they may not. For all others the object does not
	// exist (A1). None: all are told.
	Knows      Who
	PeopleOnly bool   // for a signed-in person, never for an application
	Object     string // what is said not to exist
	Refusal    string // what those are told who may not; "" where it needs an administrator
	Planned    bool   // no operation that names it is served yet
}

const (
	request    = "assignment request"
	assignment = "assignment"
	concerned  = Administrators | Requestor | Subject | Approver
)

// Rules is the table of the actions. Today's rule behind them is the administrator and the
// person concerned.
var Rules = [actionCount]Rule{
	SetPreferences:    {Name: "setPreferences", Scope: NeedSubjectWrite, May: Everybody, PeopleOnly: true},
	ReadSelf:          {Name: "readSelf", Scope: NeedSubjectRead, May: Everybody},
	ReadUser:          {Name: "readUser", Scope: NeedRead, May: Administrators},
	CreateUser:        {Name: "createUser", Scope: NeedWrite, May: Administrators},
	UpdateUser:        {Name: "updateUser", Scope: NeedWrite, May: Administrators},
	DeleteUser:        {Name: "deleteUser", Scope: NeedWrite, May: Administrators},
	ReadGroup:         {Name: "readGroup", Scope: NeedRead, May: Administrators},
	CreateGroup:       {Name: "createGroup", Scope: NeedWrite, May: Administrators},
	UpdateGroup:       {Name: "updateGroup", Scope: NeedWrite, May: Administrators},
	DeleteGroup:       {Name: "deleteGroup", Scope: NeedWrite, May: Administrators},
	ChangeMembers:     {Name: "changeMembers", Scope: NeedWrite, May: Administrators | TheService},
	ErasePersonalData: {Name: "erasePersonalData", Scope: NeedWrite, May: Administrators},

	ReadCatalog:         {Name: "readCatalog", Scope: NeedRead, May: Administrators},
	CreateCatalog:       {Name: "createCatalog", Scope: NeedWrite, May: Administrators},
	UpdateCatalog:       {Name: "updateCatalog", Scope: NeedWrite, May: Administrators},
	DeleteCatalog:       {Name: "deleteCatalog", Scope: NeedWrite, May: Administrators},
	AddResource:         {Name: "addResource", Scope: NeedWrite, May: Administrators},
	PickResource:        {Name: "pickResource", Scope: NeedRead, May: Administrators},
	RemoveResource:      {Name: "removeResource", Scope: NeedWrite, May: Administrators},
	RefreshResource:     {Name: "refreshResource", Scope: NeedWrite, May: Administrators},
	ChangeUploadSession: {Name: "changeUploadSession", Scope: NeedWrite, May: Administrators},
	ReadConnector:       {Name: "readConnector", Scope: NeedRead, May: Administrators},
	RegisterConnector:   {Name: "registerConnector", Scope: NeedWrite, May: Administrators},
	UpdateConnector:     {Name: "updateConnector", Scope: NeedWrite, May: Administrators},
	DeleteConnector:     {Name: "deleteConnector", Scope: NeedWrite, May: Administrators},

	ListPackages: {Name: "listPackages", Scope: NeedRead, May: Administrators},
	ReadPackage: {Name: "readPackage", Scope: NeedSubjectRead, May: Administrators | MayRequest | Holder,
		Knows: Administrators | MayRequest | Holder, Object: "access package"},
	ListRequestablePackages: {Name: "listRequestablePackages", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	ListAvailable:           {Name: "listAvailable", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	ReadRequirements:        {Name: "readRequirements", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	CreatePackage:           {Name: "createPackage", Scope: NeedWrite, May: Administrators},
	UpdatePackage:           {Name: "updatePackage", Scope: NeedWrite, May: Administrators},
	DeletePackage:           {Name: "deletePackage", Scope: NeedWrite, May: Administrators},
	MovePackage:             {Name: "movePackage", Scope: NeedWrite, May: Administrators},
	ChangeRoleScopes:        {Name: "changeRoleScopes", Scope: NeedWrite, May: Administrators},
	ChangeIncompatible:      {Name: "changeIncompatible", Scope: NeedWrite, May: Administrators},
	ReadPolicy:              {Name: "readPolicy", Scope: NeedRead, May: Administrators},
	CreatePolicy:            {Name: "createPolicy", Scope: NeedWrite, May: Administrators},
	UpdatePolicy:            {Name: "updatePolicy", Scope: NeedWrite, May: Administrators},
	DeletePolicy:            {Name: "deletePolicy", Scope: NeedWrite, May: Administrators},

	ListRequests:    {Name: "listRequests", Scope: NeedRead, May: Administrators},
	ReadRequest:     {Name: "readRequest", Scope: NeedSubjectRead, May: concerned, Knows: concerned, Object: request},
	ListOwnRequests: {Name: "listOwnRequests", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	RequestForSelf: {Name: "requestForSelf", Scope: NeedSubjectWrite, May: Subject,
		Refusal: "userAdd is for yourself: leave out targetId. To assign a package to somebody else use adminAdd."},
	RequestOnBehalf: {Name: "requestOnBehalf", Scope: NeedSubjectWrite, May: OnBehalf, PeopleOnly: true,
		Refusal: "No policy of this access package lets you ask for it on behalf of this user: ask their manager or whom its policies name, or have an administrator assign it."},
	AssignDirectly: {Name: "assignDirectly", Scope: NeedWrite, May: Administrators},
	CancelRequest: {Name: "cancelRequest", Scope: NeedSubjectWrite, May: Administrators | Requestor, Knows: concerned, Object: request, PeopleOnly: true,
		Refusal: "Only the requestor, somebody who assigns by a role in the catalog, or an administrator can cancel a request."},
	DeleteRequest:    {Name: "deleteRequest", Scope: NeedWrite, May: Administrators},
	ResumeRequest:    {Name: "resumeRequest", Scope: NeedWrite, May: Administrators},
	ListApprovals:    {Name: "listApprovals", Scope: NeedRead, May: Administrators, PeopleOnly: true},
	ReadApproval:     {Name: "readApproval", Scope: NeedSubjectRead, May: concerned, Knows: concerned, Object: request, PeopleOnly: true},
	ListOwnApprovals: {Name: "listOwnApprovals", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	// Whose decision counts is the request's to say (entitlement.Decide), in the order in
	// which those hear of it who have to do with the request.
	DecideRequest: {Name: "decideRequest", Scope: NeedSubjectWrite, May: concerned, Knows: concerned, Object: request, PeopleOnly: true},

	ListAssignments:    {Name: "listAssignments", Scope: NeedRead, May: Administrators},
	ReadAssignment:     {Name: "readAssignment", Scope: NeedSubjectRead, May: Administrators | Subject, Knows: Administrators | Subject, Object: assignment},
	ListOwnAssignments: {Name: "listOwnAssignments", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	// Whose manager the caller is, the person says who is read (R213).
	ListReports:          {Name: "listReports", Scope: NeedSubjectRead, May: Everybody, PeopleOnly: true},
	ReadAdditionalAccess: {Name: "readAdditionalAccess", Scope: NeedRead, May: Administrators, PeopleOnly: true},
	ExtendOwn: {Name: "extendOwn", Scope: NeedSubjectWrite, May: Subject | OnBehalf, Knows: Administrators | Subject | OnBehalf, Object: assignment,
		Refusal: "userUpdate is for your own assignments. To change somebody else's use adminUpdate."},
	ExtendDirectly: {Name: "extendDirectly", Scope: NeedWrite, May: Administrators, Knows: Administrators | Subject, Object: assignment},
	RemoveOwn: {Name: "removeOwn", Scope: NeedSubjectWrite, May: Subject | OnBehalf, Knows: Administrators | Subject | OnBehalf, Object: assignment,
		Refusal: "userRemove is for your own assignments. To end somebody else's use adminRemove."},
	RemoveDirectly: {Name: "removeDirectly", Scope: NeedWrite, May: Administrators, Knows: Administrators | Subject, Object: assignment},

	ReadDeliveryErrors: {Name: "readDeliveryErrors", Scope: NeedRead, May: Administrators},
	Reprocess:          {Name: "reprocess", Scope: NeedWrite, May: Administrators},
	CloseRemoval:       {Name: "closeRemoval", Scope: NeedWrite, May: Administrators},
	TakeExtraAway:      {Name: "takeExtraAway", Scope: NeedWrite, May: Administrators},
	CompareNow:         {Name: "compareNow", Scope: NeedWrite, May: Administrators},
	ReadEvents:         {Name: "readEvents", Scope: NeedRead, May: Administrators},

	ReadSettings:       {Name: "readSettings", Scope: NeedRead, May: Administrators},
	UpdateSettings:     {Name: "updateSettings", Scope: NeedWrite, May: Administrators},
	ReadExtension:      {Name: "readExtension", Scope: NeedRead, May: Administrators},
	ChangeExtension:    {Name: "changeExtension", Scope: NeedWrite, May: Administrators},
	ReadOrganization:   {Name: "readOrganization", Scope: NeedRead, May: Administrators},
	ChangeOrganization: {Name: "changeOrganization", Scope: NeedWrite, May: Administrators},
	ReadSubject:        {Name: "readSubject", Scope: NeedRead, May: Administrators},
	UpdateSubject:      {Name: "updateSubject", Scope: NeedWrite, May: Administrators},
	// What roles there are is no secret: Graph's documentation lists them.
	ReadRole:           {Name: "readRole", Scope: NeedRead, May: Everybody},
	AssignRole:         {Name: "assignRole", Scope: NeedWrite, May: Administrators},
	ReadRoleAssignment: {Name: "readRoleAssignment", Scope: NeedRead, May: Administrators},
	CallBatch:          {Name: "callBatch", Scope: NeedSubjectRead, May: Everybody},
}

func (a Action) rule() *Rule { return &Rules[a] }

// String names the action.
func (a Action) String() string { return a.rule().Name }

// Writes reports an action that changes something.
func (a Action) Writes() bool { n := a.rule().Scope; return n == NeedWrite || n == NeedSubjectWrite }

func (r *Rule) forService() Decision {
	if r.May&TheService != 0 {
		return Decision{Allowed: true, Reason: TheService.String()}
	}
	return refuse(r.forbidden())
}

func (r *Rule) forbidden() error {
	if r.Refusal != "" {
		return entitlement.Errorf(entitlement.Forbidden, "%s", r.Refusal)
	}
	return entitlement.Errorf(entitlement.Forbidden, "This needs an administrator: a member of the group Administrators.")
}

func (r *Rule) notFound() error {
	return entitlement.Errorf(entitlement.NotFound, "There is no %s with this id.", r.Object)
}
