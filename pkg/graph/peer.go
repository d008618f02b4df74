package graph

import (
	"net/http"
	"slices"
)

// handedOn marks a call that came from the other function, which is never handed back.
type handedOn struct{}

// beside tells the handler which operations are the other function's.
func (a *api) beside(table []operation) *api {
	a.others, a.tables = newRoutes(table), slices.Concat(a.tables, table)
	return a
}

// isOthers reports a call of an operation that the other function serves, under its own
// rights. The gateway's routes know one spelling of each path; this function gets the others.
func (a *api) isOthers(r *http.Request) bool {
	if a.deps.Peer == nil || a.others == nil || r.Context().Value(handedOn{}) != nil {
		return false
	}
	if _, _, unknown := a.routes.find(r.Method, r.URL.EscapedPath()); unknown == nil {
		return false
	}
	_, _, unknown := a.others.find(r.Method, r.URL.EscapedPath())
	return unknown == nil
}
