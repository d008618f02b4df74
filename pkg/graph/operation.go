package graph

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

// Roots of the paths in the tables.
const (
	root = names.APIVersion
	em   = names.Entitlement
	ours = names.Ours
)

// operation is one row of the table: what is called how, which action that is, and what
// serves it. Who may do the action, and with what scope, says the table of package authz.
type operation struct {
	method              string
	path                string // see route.go
	action              authz.Action
	also                []authz.Action // what a body may ask for in place of that
	callerReadByUseCase bool           // the use case reads the caller together with what it decides on: a second read is saved
	serve               func(ctx context.Context, c *call) (response, error)
	repeats             bool // a POST that makes nothing: a repeat of it does the same once more, or finds it done
	elsewhere           bool // the other function serves it; known here for the sake of Allow, and of what a change answers with
}

// name is what logs call the operation: its place in the table, and nothing that a client wrote.
func (op *operation) name() string { return op.method + " " + op.path }

// notServed answers for operations of Graph that are known and not there yet.
func notServed() error {
	return &failure{status: http.StatusNotImplemented, code: "notSupported", message: "This operation is not supported yet."}
}
