package graph

import (
	"context"
	"net/http"
	"slices"
)

// handedOn marks a call that came from the other function, which is never handed back;
// inBatch marks one that is part of a batch.
type (
	handedOn struct{}
	inBatch  struct{}
)

// Marks of what is handed on.
const (
	handedCall  = "call"
	handedBatch = "batch" // a part of one
)

// Handed says how a call is handed on, for whoever carries it to the other function, which
// must hear it again by Deps.HandedOn.
func Handed(ctx context.Context) string {
	mark, _ := ctx.Value(handedOn{}).(string)
	return mark
}

// handed says how a call was handed to this function, "" where it came from the gateway.
func (d *Deps) handed(ctx context.Context) string {
	if mark, known := ctx.Value(handedOn{}).(string); known || d.HandedOn == nil {
		return mark
	}
	return d.HandedOn(ctx)
}

// inBatch reports a call that is part of a batch.
func (d *Deps) inBatch(ctx context.Context) bool {
	part, _ := ctx.Value(inBatch{}).(bool)
	return part || d.handed(ctx) == handedBatch
}

// beside tells the handler which operations are the other function's.
func (a *api) beside(table []operation) *api {
	a.others, a.tables = newRoutes(table), slices.Concat(a.tables, table)
	return a
}

// isOthers reports a call of an operation that the other function serves, under its own
// rights. The gateway's routes know one spelling of each path; this function gets the others.
func (a *api) isOthers(r *http.Request) bool {
	if a.deps.Peer == nil || a.others == nil || a.deps.handed(r.Context()) != "" {
		return false
	}
	if _, _, unknown := a.routes.find(r.Method, r.URL.EscapedPath()); unknown == nil {
		return false
	}
	_, _, unknown := a.others.find(r.Method, r.URL.EscapedPath())
	return unknown == nil
}

// handOn has the other function serve a call.
func (a *api) handOn(w http.ResponseWriter, r *http.Request) {
	mark := handedCall
	if a.deps.inBatch(r.Context()) {
		mark = handedBatch
	}
	a.deps.Peer.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), handedOn{}, mark)))
}
