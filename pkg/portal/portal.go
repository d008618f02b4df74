// Package portal is the pages: My Access, for those who ask, hold and decide. It stands over the
// same use cases and views as the API, and has no right of its own: whoever may not do a thing
// by the API may not do it here.
//
// Every page works without script. What changes something is a form, a POST and a redirect; a
// GET changes nothing (A21). Texts are in one catalog (texts.go); what somebody typed is never
// part of a page but as text.
package portal

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"leasehold/pkg/authn"
	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
	"leasehold/pkg/requests"
	"leasehold/pkg/sessions"
	"leasehold/pkg/signin"
	"leasehold/pkg/views"
)

// Deps is what the pages stand on.
type Deps struct {
	SignIn        *signin.Flow
	Authenticator Authenticator
	Sessions      *sessions.Service
	Directory     *directory.Service
	Requests      *requests.Service
	Catalogs      *catalogs.Service
	Views         *views.Reader
	Parked        Parked // nil where nothing parks messages
	Clock         clock.Clock
	PublicURLs    []string                     // as of the API: the first is where people come back to from signing in
	GatewayBase   func(context.Context) string // the base where there are none
}

// Authenticator finds out whose an access token is.
type Authenticator interface {
	Verify(ctx context.Context, authorization string) (authn.Token, error)
}

// Parked counts messages that nobody could handle.
type Parked interface {
	// Count returns how many are parked by a queue or function.
	Count(ctx context.Context, id string) (int, error)
}

// route is one page or one form. Its pattern is that of http.ServeMux below names.PortalPath.
type route struct {
	method, pattern string
	action          authz.Action // without which nobody is let in; the use case asks again, with the object
	serve           func(context.Context, *visit) (answer, error)
}

// answer is a page, or the address of the next one.
type answer struct {
	status int // 200 where it is zero
	page   templ.Component
	next   string // an address below names.PortalPath, after a form
	file   *file  // in place of a page
}

// errAnswered says that the answer was written already.
var errAnswered = errors.New("answered")

func page(c templ.Component) (answer, error) { return answer{page: c}, nil }

// then sends the browser to another page, after something was done.
func then(path string) (answer, error) { return answer{next: path}, nil }

// routes are all pages behind the sign-in.
var routes = slices.Concat(peopleRoutes, assignmentRoutes, ownersRoutes, operationsRoutes, myPeopleRoutes, sponsorRoutes, decidingRoutes, ownRoutes, formsRoutes, impactRoutes, impactJobRoutes, importKeptRoutes, driftRoutes)

// peopleRoutes are the pages of those who ask, hold and decide.
var peopleRoutes = []route{
	{http.MethodGet, "", authz.ListRequestablePackages, home},
	{http.MethodGet, "/packages", authz.ListRequestablePackages, findAccess},
	{http.MethodGet, "/packages/{id}", authz.ListRequestablePackages, showPackage},
	{http.MethodPost, "/packages/{id}", authz.RequestForSelf, askFor},
	{http.MethodGet, "/access", authz.ListOwnAssignments, myAccess},
	{http.MethodPost, "/access/{id}/extend", authz.ExtendOwn, extend},
	{http.MethodPost, "/access/{id}/give-back", authz.RemoveOwn, giveBack},
	{http.MethodGet, "/requests", authz.ListOwnRequests, myRequests},
	{http.MethodGet, "/requests/{id}", authz.ReadRequest, showRequest},
	{http.MethodPost, "/requests/{id}/cancel", authz.CancelRequest, cancel},
	{http.MethodGet, "/approvals", authz.ListOwnApprovals, approvals},
	{http.MethodPost, "/approvals", authz.DecideRequest, decideSeveral},
	{http.MethodGet, "/approvals/{id}", authz.ReadApproval, showApproval},
	{http.MethodPost, "/approvals/{id}", authz.DecideRequest, decide},
}

//go:embed static
var static embed.FS

// portal serves the pages.
type portal struct {
	Deps
	mux *http.ServeMux
}

// New returns the handler of everything below names.PortalPath.
func New(d Deps) http.Handler {
	p := &portal{Deps: d, mux: http.NewServeMux()}
	for _, r := range routes {
		p.mux.Handle(r.method+" "+names.PortalPath+r.pattern, p.signedIn(r))
	}
	p.mux.HandleFunc("GET "+names.PortalPath+"/sign-in", p.open(p.signIn))
	p.mux.HandleFunc("GET "+names.PortalPath+"/signed-in", p.open(p.signedInAgain))
	p.mux.HandleFunc("POST "+names.PortalPath+"/sign-out", p.open(p.signOut))
	p.mux.HandleFunc("GET "+names.PortalPath+"/static/{name}", serveStatic)
	p.mux.HandleFunc(names.PortalPath+"/", p.open(func(context.Context, http.ResponseWriter, *visit) (answer, error) {
		return answer{}, entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}))
	return p.guarded()
}

// guarded sets what every answer has, and refuses forms that other sites send.
func (p *portal) guarded() http.Handler {
	own := http.NewCrossOriginProtection()
	for _, base := range p.PublicURLs {
		if u, err := url.Parse(base); err == nil {
			own.AddTrustedOrigin(u.Scheme + "://" + u.Host) // cannot fail: it was checked as a base
		}
	}
	own.SetDenyHandler(p.open(func(context.Context, http.ResponseWriter, *visit) (answer, error) {
		return answer{}, entitlement.Errorf(entitlement.Forbidden, "This form was sent by another site. Open the page here and send it again.")
	}))

	next := own.Handler(p.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if p.visit(r).secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}

		if obs.RequestID(r.Context()) == "" { // outside of Lambda nobody gave it one
			r = r.WithContext(obs.WithRequestID(r.Context(), clock.System{}.New()))
		}
		h.Set("Request-Id", obs.RequestID(r.Context()))
		next.ServeHTTP(w, r)
	})
}

// maxForm bounds the body of a form.
const maxForm = 64 << 10

// signedIn serves a page to whoever is signed in, and sends all others to sign in.
func (p *portal) signedIn(of route) http.Handler {
	return p.open(func(ctx context.Context, w http.ResponseWriter, v *visit) (answer, error) {
		r := v.request
		reading := ctx
		if r.Method == http.MethodGet { // a form decides on what there is when it decides
			reading = v.Views.Once(ctx)
		}
		err := v.identify(ctx, reading, of.pattern)
		if err != nil && entitlement.KindOf(err) == entitlement.Unauthenticated && r.Method == http.MethodGet {
			return then("/sign-in?" + url.Values{"return": {strings.TrimPrefix(r.URL.RequestURI(), names.PortalPath)}}.Encode())
		}
		if err != nil {
			return answer{}, err
		}

		v.prefer(v.User().Preferences)

		if r.Method == http.MethodPost {
			most := max(maxForm, largeForms[of.pattern])
			r.Body = http.MaxBytesReader(w, r.Body, most)
			if err := parseForm(r, most); err != nil {
				return answer{}, err
			}
			if r.PostForm.Get("form") != v.FormToken {
				return answer{}, entitlement.Errorf(entitlement.Forbidden, "This form is of an earlier sign-in. Open the page again and send it anew.")
			}
		}

		if err := authz.Admit(v.by.Caller, of.action); err != nil {
			return answer{}, err
		}
		return of.serve(reading, v)
	})
}

// open serves a page to everybody. Whatever happens, the answer is a page.
func (p *portal) open(serve func(context.Context, http.ResponseWriter, *visit) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		v := p.visit(r)
		defer func() {
			if thrown := recover(); thrown != nil {
				obs.Logger(ctx).ErrorContext(ctx, "page panicked", "route", r.Pattern, "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
				v.write(ctx, w, v.failure(ctx, entitlement.Errorf(entitlement.Internal, "")))
			}
		}()

		a, err := serve(ctx, w, v)
		if errors.Is(err, errAnswered) {
			return
		}
		if err != nil {
			a = v.failure(ctx, err)
		}
		v.write(ctx, w, a)
	}
}

// write writes a page, whole or not at all.
func (v *visit) write(ctx context.Context, w http.ResponseWriter, a answer) {
	if a.next != "" {
		w.Header().Set("Location", v.Href(a.next))
		w.WriteHeader(http.StatusSeeOther)
		return
	}

	if a.file != nil {
		a.file.write(w)
		return
	}

	var out strings.Builder
	if err := a.page.Render(ctx, &out); err != nil {
		obs.Logger(ctx).ErrorContext(ctx, "page not rendered", obs.Err(err))
		http.Error(w, "The page could not be shown. Try again in a minute.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	w.Write([]byte(out.String())) // a browser that is gone is no news
}

// failure is the page of an error: what happened, what to do, and by what number to ask.
func (v *visit) failure(ctx context.Context, err error) answer {
	if errors.Is(err, context.Canceled) {
		err = entitlement.Errorf(entitlement.Unavailable, "This took too long. Try again in a minute.")
	}

	kind := entitlement.KindOf(err)
	if kind.HTTPStatus() >= http.StatusInternalServerError {
		obs.Logger(ctx).ErrorContext(ctx, "page failed", "route", v.request.Pattern, obs.Err(err))
	}
	return answer{status: kind.HTTPStatus(), page: failed(v, kind.HTTPStatus(), v.said(err), obs.RequestID(ctx))}
}
