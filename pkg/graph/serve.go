package graph

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

// Headers that name a call, as Graph spells them.
const (
	requestID       = "Request-Id"
	clientRequestID = "Client-Request-Id"
)

// api serves one table of operations.
type api struct {
	deps   Deps
	routes *routes
	others *routes // of the other function
	own    []operation
	tables []operation // of both
}

func newAPI(d Deps, table []operation) *api {
	return &api{deps: d, routes: newRoutes(table), own: table, tables: table}
}

// call is one call on its way through its operation.
type call struct {
	api       http.Handler // for the parts of a batch
	principal entitlement.Principal
	deps      *Deps
	request   *http.Request
	route     string            // method and pattern of the operation, for logs; "" where there is none
	path      map[string]string // values of the path's variables
	options   odata.Options
	by        authz.Command // with its caller as it was read, unless the operation reads it late
	tables    []operation   // of both functions
	read      *[]byte       // the body, once it was read
	counting  bool          // its path ends in $count: how many there are is asked, and not which
	reads     bool          // it changes nothing, so that its answer may be refused
	applied   []string      // of what the client prefers
}

// ServeHTTP answers one call. Whatever happens, the answer is in Graph's shape.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.isOthers(r) {
		a.handOn(w, r)
		return
	}
	ctx := a.begin(w, r)
	c := &call{deps: &a.deps, api: a, tables: a.tables, request: r.WithContext(ctx)}
	defer func() {
		if thrown := recover(); thrown != nil {
			obs.Logger(ctx).ErrorContext(ctx, "handler panicked", "route", c.route, "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
			c.fail(ctx, w, entitlement.Errorf(entitlement.Internal, ""))
		}
	}()

	// Nothing was written yet, so that a failure is answered as one.
	ans, err := a.serve(ctx, c)
	if err != nil {
		c.fail(ctx, w, err)
		return
	}
	c.write(ctx, w, ans)
}

// begin names the call and sets the headers that every answer has.
func (a *api) begin(w http.ResponseWriter, r *http.Request) context.Context {
	ctx := r.Context()

	id := obs.RequestID(ctx)

	// Outside of Lambda nobody gave it one.
	if id == "" {
		id = clock.System{}.New()
		ctx = obs.WithRequestID(ctx, id)
	}

	h := w.Header()
	h.Set(requestID, id)
	if theirs := r.Header.Get(clientRequestID); isPrintable(theirs) {
		h.Set(clientRequestID, theirs)
	}

	h.Set("Date", a.deps.Clock.Now().UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
	h.Set("OData-Version", "4.0")
	h.Set("X-Content-Type-Options", "nosniff")

	return ctx
}

// isPrintable reports text that may be said back in a header.
func isPrintable(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// serve takes the steps before every operation, in this order: who calls, what is
// called, whether the token is for that, which user it is, and whether that user may do it
// at all; the use case asks again, with the object.
// The operation is looked for first, so that the log can name it, and told last.
func (a *api) serve(ctx context.Context, c *call) (response, error) {
	r := c.request
	if r.Method == http.MethodGet && r.URL.Path == names.HealthPath {
		return ok(object{"status": "ok"}) // the one path that needs no token, and tells nothing else
	}

	op, values, unknown := a.routes.find(r.Method, r.URL.EscapedPath())
	if unknown == nil {
		c.route = op.name()
	}

	token, err := a.deps.Authenticator.Verify(ctx, authorization(r))
	if err = cmp.Or(err, unknown); err != nil {
		return response{}, err
	}

	c.by.Scopes, c.by.Application = authz.ScopesNamed(token.Scopes), token.Application
	if err := authz.Admit(c.by.Caller, op.action); err != nil {
		return response{}, err
	}

	c.reads, c.principal = !op.writes(), token.Principal
	if op.writes() && !c.deps.inBatch(ctx) { // which has taken for all its parts
		if err := a.deps.Limiter.take(token.Principal); err != nil {
			return response{}, err
		}
	}

	if err := c.identify(ctx, op, token.Principal); err != nil {
		return response{}, err
	}

	if op.serve == nil {
		return response{}, notServed()
	}

	if c.path, err = checkPath(values); err != nil {
		return response{}, err
	}
	if c.options, err = odata.Parse(r.URL.Query()); err != nil {
		return response{}, err
	}
	if err := c.checkSent(op); err != nil {
		return response{}, err
	}

	if err := c.repeatable(op); err != nil {
		return response{}, err
	}
	if err := c.conditional(op); err != nil {
		return response{}, err
	}
	ans, err := op.serve(ctx, c)
	if err != nil {
		return response{}, err
	}
	return a.preferred(ctx, c, op, ans), nil
}

// checkSent refuses options of operations that change something, before anything is done:
// they could not be honoured afterwards. A replacement alone answers with the whole thing,
// and so takes what says how that is shown.
func (c *call) checkSent(op *operation) error {
	switch op.method {
	case http.MethodGet:
		return nil
	case http.MethodPost:
		if op.path == exportsPath { // it reads, what the options say
			return nil
		}
		return c.refuseOptions("The option %s is for reading; leave it out here.")
	case http.MethodPut:
		return c.refuseOptions("The option %s is for reading; leave it out here.", "$select", "$expand")
	default:
		return c.refuseOptions("The option %s is for reading; leave it out here.")
	}
}

// authorization returns the one Authorization header; two contradict each other.
func authorization(r *http.Request) string {
	if all := r.Header.Values("Authorization"); len(all) == 1 {
		return all[0]
	}
	return ""
}

// identify finds the user behind the token, reads it strongly, and refuses one who may
// not call the operation.
func (c *call) identify(ctx context.Context, op *operation, who entitlement.Principal) (err error) {
	c.by.CommandID = obs.RequestID(ctx)
	if c.by.ID, err = c.deps.Directory.Identify(ctx, who, c.by.CommandID); err != nil || op.callerReadByUseCase {
		return err
	}
	if c.by.Caller, err = c.deps.Directory.Account(ctx, c.by.Caller); err != nil {
		return err
	}
	return authz.Admit(c.by.Caller, op.action)
}

// checkPath demands UUIDs where the path's variables are ids, and writes them one way.
func checkPath(values map[string]string) (map[string]string, error) {
	checked := map[string]string{}
	for name, value := range values {
		if plain, ok := strings.CutSuffix(name, ":text"); ok {
			checked[plain] = value
			continue
		}

		// Before an id becomes part of a key.
		id, err := entitlement.ParseID[string]("In the path, "+name, value)
		if err != nil {
			return nil, err
		}

		checked[name] = id
	}
	return checked, nil
}

// id returns an id of the path.
func id[T ~string](c *call, name string) T { return T(c.path[name]) }
