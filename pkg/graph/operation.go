package graph

import (
	"context"
	"net/http"
	"slices"

	"leasehold/pkg/authn"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Roots of the paths in the tables.
const (
	root = names.APIVersion
	em   = names.Entitlement
	ours = names.Ours
)

// role says who may call an operation.
type role uint8

const (
	// administrator is a member of the administrators' group.
	administrator role = iota
	// self is every enabled user, for what concerns that user.
	self
	// party is like self, for commands whose use case reads the caller together with
	// what it decides on, and refuses one who is disabled: a second read is saved.
	party
)

// need is the narrowest scope that opens an operation.
type need uint8

const (
	needRead         need = iota // reads everything
	needWrite                    // changes everything
	needSubjectRead              // reads what concerns the signed-in user
	needSubjectWrite             // changes that
)

// The scopes of tokens, as Graph names them.
const (
	scopeRead    = "EntitlementManagement.Read.All"
	scopeWrite   = "EntitlementManagement.ReadWrite.All"
	scopeSubject = "EntitlementMgmt-SubjectAccess.ReadWrite"
)

// opens lists the scopes that open an operation, each wider one too.
var opens = map[need][]string{
	needRead:         {scopeRead, scopeWrite},
	needWrite:        {scopeWrite},
	needSubjectRead:  {scopeSubject, scopeRead, scopeWrite},
	needSubjectWrite: {scopeSubject, scopeWrite},
}

// ofAll returns what it needs to do for everybody what n opens for oneself.
func (n need) ofAll() need {
	switch n {
	case needSubjectRead:
		return needRead
	case needSubjectWrite:
		return needWrite
	default:
		return n
	}
}

// operation is one row of the table: what is called how, by whom, and what serves it.
type operation struct {
	method    string
	path      string // see route.go
	need      need
	role      role
	delegated bool // only for a signed-in person, never for an application
	serve     func(ctx context.Context, c *call) (answer, error)
	elsewhere bool // the other function serves it; known here for the sake of Allow
}

// name is what logs call the operation: its place in the table, and nothing that a client wrote.
func (op *operation) name() string { return op.method + " " + op.path }

// admits refuses a token that may not be used for the operation.
func (op *operation) admits(t authn.Token) error {
	if op.delegated && t.Application {
		return entitlement.Errorf(entitlement.Forbidden, "This is for people who are signed in, not for applications.")
	}
	return demand(t, op.need)
}

// demand refuses a token without any of the scopes that open n. The scope for end users
// means nothing in the hands of an application, which has no user behind it.
func demand(t authn.Token, n need) error {
	for _, scope := range opens[n] {
		if slices.Contains(t.Scopes, scope) && !(t.Application && scope == scopeSubject) {
			return nil
		}
	}
	return entitlement.Errorf(entitlement.Forbidden, "The access token lacks the scope %s.", opens[n][0])
}

// notServed answers for operations of Graph that are known and not there yet.
func notServed() error {
	return &failure{status: http.StatusNotImplemented, code: "notSupported", message: "This operation is not supported yet."}
}
