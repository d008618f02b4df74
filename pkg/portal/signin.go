package portal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/signin"
)

// pendingFor is how long a sign-in may take.
const pendingFor = 10 * time.Minute

// signIn sends people to their issuer; where there are several they choose.
func (p *portal) signIn(ctx context.Context, w http.ResponseWriter, v *visit) (answer, error) {
	query := v.request.URL.Query()
	back := local(query.Get("return"))

	if len(p.SignIn.Issuers) == 0 {
		return answer{}, entitlement.Errorf(entitlement.Unavailable, "Nobody can sign in at the pages yet: no issuer of this deployment has a portalClient.")
	}

	chosen := query.Get("issuer")
	if chosen == "" && (len(p.SignIn.Issuers) > 1 || query.Has("out")) {
		return page(chooseIssuer(v, p.SignIn.Issuers, back, query.Has("out")))
	}

	issuer := 0
	if chosen != "" {
		var err error
		if issuer, err = strconv.Atoi(chosen); err != nil {
			return answer{}, entitlement.Errorf(entitlement.Invalid, "There is no such identity provider here. Choose one of those shown.")
		}
	}

	address, pending, err := p.SignIn.Begin(ctx, issuer, v.callback(), back)
	if err != nil {
		return answer{}, err
	}

	// The browser alone keeps what it must bring back: nothing is written for a visitor who
	// never comes back.
	text, _ := json.Marshal(pending) // strings and a number: cannot fail
	v.setCookie(w, cookiePending, base64.RawURLEncoding.EncodeToString(text), pendingFor)
	http.Redirect(w, v.request, address, http.StatusSeeOther)
	return answer{}, errAnswered
}

// signedInAgain begins the session of whoever comes back from their issuer. It is a new one
// whatever cookie the browser had: nobody can plant one beforehand.
func (p *portal) signedInAgain(ctx context.Context, w http.ResponseWriter, v *visit) (answer, error) {
	var pending signin.Pending
	text, err := base64.RawURLEncoding.DecodeString(v.cookie(cookiePending))
	if err != nil || json.Unmarshal(text, &pending) != nil {
		pending = signin.Pending{}
	}
	v.setCookie(w, cookiePending, "", 0)

	access, err := p.SignIn.Finish(ctx, pending, v.callback(), v.request.URL.Query())
	if err != nil {
		return answer{}, err
	}

	token, err := p.Authenticator.Verify(ctx, "Bearer "+access)
	if err != nil {
		return answer{}, err
	}
	if token.Application {
		return answer{}, entitlement.Errorf(entitlement.Forbidden, "The pages are for people; an application calls the API.")
	}

	if before, _ := v.session(); before != "" {
		if err := p.Sessions.End(ctx, before); err != nil {
			return answer{}, err
		}
	}

	secret, err := p.Sessions.Begin(ctx, token.Principal, int64(authz.ScopesNamed(token.Scopes)))
	if err != nil {
		return answer{}, err
	}
	v.setCookie(w, cookieSession, p.sessionCookie(ctx, token.Principal, secret), entitlement.SessionLimit)
	return then(local(pending.Return))
}

// signOut ends the session.
func (p *portal) signOut(ctx context.Context, w http.ResponseWriter, v *visit) (answer, error) {
	v.request.Body = http.MaxBytesReader(w, v.request.Body, maxForm)
	secret, _ := v.session()
	if secret != "" && v.request.PostFormValue("form") != formToken(secret) {
		return answer{}, entitlement.Errorf(entitlement.Forbidden, "This form is of an earlier sign-in. Open the page again and send it anew.")
	}

	if secret != "" {
		if err := p.Sessions.End(ctx, secret); err != nil {
			return answer{}, err
		}
	}
	v.setCookie(w, cookieSession, "", 0)
	return then("/sign-in?" + url.Values{"out": {""}}.Encode())
}

// callback is where issuers send people back to.
func (v *visit) callback() string { return v.site + names.PortalPath + "/signed-in" }

// local returns a path below names.PortalPath as it is, and the first page for everything else:
// nobody is led to another site by signing in (A21).
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || strings.Contains(u.Path, "..") {
		return "/"
	}
	for _, own := range []string{"/sign-in", "/signed-in", "/sign-out"} {
		if strings.HasPrefix(u.Path, own) {
			return "/"
		}
	}
	return path
}
