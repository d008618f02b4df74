package graph

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"

	"leasehold/pkg/authn"
	"leasehold/pkg/authz"
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
}

func newAPI(d Deps, table []operation) *api { return &api{deps: d, routes: newRoutes(table)} }

// call is one call on its way through its operation.
type call struct {
	deps    *Deps
	request *http.Request
	route   string            // method and pattern of the operation, for logs; "" where there is none
	path    map[string]string // values of the path's variables
	options odata.Options
	token   authn.Token
	by      authz.Caller
	user    entitlement.User // the caller; not read for the role party
	reads   bool             // it changes nothing, so that its answer may be refused
}

// ServeHTTP answers one call. Whatever happens, the answer is in Graph's shape.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := a.begin(w, r)
	c := &call{deps: &a.deps, request: r.WithContext(ctx)}
	defer func() {
		if thrown := recover(); thrown != nil {
			obs.Logger(ctx).ErrorContext(ctx, "handler panicked", "route", c.route, "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
			c.fail(ctx, w, entitlement.Errorf(entitlement.Internal, ""))
		}
	}()
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
	if id == "" {
		id = uuid.NewString()
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
// called, whether the token is for that, which user it is, and what that user may do.
// The operation is looked for first, so that the log can name it, and told last.
func (a *api) serve(ctx context.Context, c *call) (answer, error) {
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
		return answer{}, err
	}
	if err := op.admits(token); err != nil {
		return answer{}, err
	}
	c.token = token
	c.reads = !op.writes()
	if op.writes() {
		if err := a.deps.Limiter.take(token.Principal); err != nil {
			return answer{}, err
		}
	}
	if err := c.identify(ctx, op); err != nil {
		return answer{}, err
	}
	if op.serve == nil {
		return answer{}, notServed()
	}
	if c.path, err = checkPath(values); err != nil {
		return answer{}, err
	}
	if c.options, err = odata.Parse(r.URL.Query()); err != nil {
		return answer{}, err
	}
	return op.serve(ctx, c)
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
func (c *call) identify(ctx context.Context, op *operation) error {
	command := obs.RequestID(ctx)
	id, err := c.deps.Directory.Identify(ctx, c.token.Principal, command)
	if err != nil {
		return err
	}
	c.by = authz.Caller{ID: id, Command: command, Own: demand(c.token, op.need.ofAll()) != nil}
	if op.role == party {
		return nil
	}
	if c.user, err = c.deps.Reads.User(ctx, id); err != nil {
		return err
	}
	if err := c.user.Active(); err != nil {
		return err
	}
	if op.role == administrator {
		return authz.Administrator(c.user)
	}
	return nil
}

// administers reports that the caller, the user with this very token, has the rights of an
// administrator in this call. What shows or changes more than what is the user's own asks
// this, and never the user alone.
func (c *call) administers() bool { return c.by.Administers(c.user) }

// checkPath demands UUIDs where the path's variables are ids, and writes them one way.
func checkPath(values map[string]string) (map[string]string, error) {
	checked := map[string]string{}
	for name, value := range values {
		if plain, ok := strings.CutSuffix(name, ":text"); ok {
			checked[plain] = value
			continue
		}
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
