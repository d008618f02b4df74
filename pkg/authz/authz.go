// Package authz says who may do what, in one place: Allow answers whether a caller may do
// an action on an object, and why. It reads nothing: caller and object carry what the
// command read for its decision, so that every right is decided from what is stored at the
// time of the call, never from what a client sends.
//
// Use cases ask it. The wire asks Admit before, to spare the reading of an object where no
// object could make the caller allowed; that is never the only question. RULES.md in this
// folder lists what somebody may try (A1, A2 and so on), and what comes of it.
package authz

import (
	"leasehold/pkg/entitlement"
)

// Scopes is a set of what an access token is good for.
type Scopes uint8

// The scopes of tokens.
const (
	ScopeRead    Scopes = 1 << iota // reads everything
	ScopeWrite                      // changes everything, and reads it
	ScopeSubject                    // reads and changes what concerns the signed-in user
)

// Every is the set of all scopes: what the service's own programs and tests call with.
const Every = ScopeRead | ScopeWrite | ScopeSubject

// The scopes as tokens spell them, which is as Graph does.
const (
	nameRead    = "EntitlementManagement.Read.All"
	nameWrite   = "EntitlementManagement.ReadWrite.All"
	nameSubject = "EntitlementMgmt-SubjectAccess.ReadWrite"
)

// ScopesNamed returns the scopes that a token names; those of other services mean nothing.
func ScopesNamed(names []string) (s Scopes) {
	for _, name := range names {
		s |= map[string]Scopes{nameRead: ScopeRead, nameWrite: ScopeWrite, nameSubject: ScopeSubject}[name]
	}
	return s
}

// Caller is who calls, and with what scope. ID is the user that the token's principal is
// bound to, or entitlement.Service.
type Caller struct {
	ID          entitlement.UserID
	Scopes      Scopes
	Application bool // nobody is signed in: a program calls in its own name

	user *entitlement.User // as it was read for this call; nil where it was not read yet
	held *held             // its roles, as far as they were read for this call
}

// As returns the caller as it was read: u is the user with the caller's ID.
func (c Caller) As(u entitlement.User) Caller {
	c.user = &u
	if c.held == nil {
		c.held = &held{}
	}
	return c
}

// User returns the user that the caller was read as; none where nobody read it yet.
func (c Caller) User() entitlement.User {
	if c.user == nil {
		return entitlement.User{}
	}
	return *c.user
}

// Command is one command: who gives it, by which id events name it, and what its caller
// calls it.
type Command struct {
	Caller
	CommandID string
	Repeat
	// If refuses to change what is not as the caller last saw it; nil: whatever it is like.
	If *Condition

	// AllowedBy is the policy by which a delegated role allowed the command; the events of what
	// it changes say so. "" where no role was needed.
	AllowedBy string
}

// Condition refuses what is not as somebody last saw it.
type Condition struct{ Refuse func(kept any) error }

// Matches asks whether what the command is about to change is as its caller saw it.
func (c Command) Matches(kept any) error {
	if c.If == nil {
		return nil
	}
	return c.If.Refuse(kept)
}

// As returns the command with its caller as it was read.
func (c Command) As(u entitlement.User) Command {
	c.Caller = c.Caller.As(u)
	return c
}

// Object is what an action is done on, with what the command read of it. What does not
// apply stays empty: the object of a list of everything is empty altogether.
type Object struct {
	Catalog entitlement.CatalogID
	Package entitlement.PackageID
	// Roles are the role assignments of the catalog and those of the whole organisation, as the
	// command read them, whoever holds them.
	Roles []entitlement.RoleAssignment

	Request    *entitlement.AssignmentRequest
	Manager    entitlement.UserID // of the request's subject, where the request asks managers and it was read
	Assignment *entitlement.Assignment
	Subject    entitlement.UserID // whom a command is for that has neither request nor assignment yet
	OnBehalf   bool               // a policy that is stored names the caller as one who acts for the subject
	MayRequest bool               // the caller may ask for the package
	Holds      bool               // the caller holds the package, or has a request for it open
}

// Decision is the answer to one question, with its reason.
type Decision struct {
	Allowed bool
	// Reason is what made it allowed: what the caller is to the object, such as
	// "administrator", or the name of the policy for a delegated role. Of a refusal it is what
	// the action is open to.
	Reason string
	ByRole bool // a delegated role made it allowed, and nothing else did

	refusal error
	hidden  bool
}

// Err returns nil for what is allowed, else the refusal: Forbidden, or NotFound for those
// who may not know that the object is there.
func (d Decision) Err() error { return d.refusal }

// Policy names the policy by which a delegated role allowed it; "" where none was needed.
func (d Decision) Policy() string {
	if d.ByRole {
		return d.Reason
	}
	return ""
}

// Hidden reports that the object does not exist for the caller (A1).
func (d Decision) Hidden() bool { return d.hidden }

// Allow answers whether the caller may do the action on the object. The caller must have
// been read.
func Allow(c Caller, a Action, o Object) Decision {
	rule := a.rule()

	if c.ID == entitlement.Service {
		return rule.forService()
	}
	if c.user == nil {
		return refuse(entitlement.User{}.Active())
	}
	if err := c.mayCall(a); err != nil {
		return refuse(err)
	}

	is := c.relations(o)
	if c.administers(rule.Scope) {
		is |= Administrators
	}

	if by := is & rule.May; by != 0 && rule.Scope.openedBy(c) {
		return Decision{Allowed: true, Reason: by.String()}
	}

	if policy, allowed := c.byRole(a, o); allowed {
		return Decision{Allowed: true, Reason: policy, ByRole: true}
	}

	d := Decision{Reason: rule.May.String(), refusal: a.Refusal()}

	// Whoever is nothing to the object is not told that it is there (A1).
	if rule.Knows != 0 && is&(rule.Knows|rule.May) == 0 && !c.knowsByRole(o) {
		d.hidden, d.refusal = true, rule.notFound()
	}
	return d
}

// Admit refuses a caller whom no object makes allowed: one whose token is not good for the
// action and, where the caller was read, one who is disabled, or who is no administrator
// while nobody else may, not even by a role, unless it takes the object to say in which words.
func Admit(c Caller, a Action) error {
	rule := a.rule()
	if err := c.mayCall(a); err != nil || c.user == nil {
		return err
	}
	if rule.Knows == 0 && rule.May&^(Administrators|TheService) == 0 && !c.administers(rule.Scope) && !c.MayByRole(a) {
		return a.Refusal()
	}
	return nil
}

// mayCall refuses a token that is not good for an action, and one who is disabled. The role
// of an application may take the place of its scope (R174).
func (c Caller) mayCall(a Action) error {
	rule := a.rule()
	if rule.PeopleOnly && c.Application {
		return entitlement.Errorf(entitlement.Forbidden, "This is for people who are signed in, not for applications.")
	}
	if !rule.Scope.openedBy(c) && !(c.byRoleOpened(rule) && len(RolesFor(a)) > 0) {
		return entitlement.Errorf(entitlement.Forbidden, "The access token lacks the scope %s.", rule.Scope.name())
	}
	if c.user == nil {
		return nil
	}
	return c.user.Active()
}

// Refusal is what those are told who may not do the action, and may know of the object.
func (a Action) Refusal() error {
	if roles := needed(a); roles != "" && a.rule().Refusal == "" {
		return entitlement.Errorf(entitlement.Forbidden, "This needs %s, or an administrator.", roles)
	}
	return a.rule().forbidden()
}

func refuse(err error) Decision { return Decision{refusal: err} }

// administers reports that the caller acts as an administrator: a token that is good for
// what concerns the caller alone lets the rights of an administrator lie idle.
func (c Caller) administers(n Need) bool {
	return c.user != nil && c.user.Administrator() && n.ofAll().openedBy(c)
}

// relations returns what the caller is to the object, as far as the object tells.
func (c Caller) relations(o Object) (is Who) {
	is = Everybody

	if o.MayRequest {
		is |= MayRequest
	}

	if o.OnBehalf {
		is |= OnBehalf
	}

	if o.Holds {
		is |= Holder
	}

	if o.Subject == c.ID || o.Assignment != nil && o.Assignment.Subject == c.ID {
		is |= Subject
	}

	if o.Request != nil {
		is |= c.relationsTo(*o.Request, o.Manager)
	}

	return is
}

func (c Caller) relationsTo(r entitlement.AssignmentRequest, manager entitlement.UserID) (is Who) {
	if c.ID == r.Requestor {
		is |= Requestor
	}
	if c.ID == r.Subject {
		is |= Subject
	}
	if r.MayReview(*c.user, manager) {
		is |= Approver
	}

	for _, stage := range r.Stages {
		if d := stage.Decision; d != nil && d.Reviewer == c.ID {
			is |= Approver
		}
		if stage.Asks(*c.user, manager) {
			is |= Approver // perhaps too late, and entitled to be told so
		}
	}

	return is
}
