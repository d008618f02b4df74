package portal

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/publicurl"
)

// visit is one call of somebody's browser.
type visit struct {
	*portal
	request   *http.Request
	by        authz.Command
	FormToken string
	Language  language.Tag
	words     *message.Printer
	site      string // the address of this site as the visitor reaches it, without a slash at its end
	base      string // its path, such as the stage of a gateway without a domain of its own
	now       time.Time
	zone      *time.Location // that times are shown and days are typed in; nil is UTC
}

func (p *portal) visit(r *http.Request) *visit {
	lang := languageOf(r)
	v := &visit{portal: p, request: r, Language: lang, words: message.NewPrinter(lang, message.Catalog(texts)), now: p.Clock.Now(),
		site: publicurl.Base(r.Context(), r, p.PublicURLs, p.GatewayBase)}
	if u, err := url.Parse(v.site); err == nil {
		v.base = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	return v
}

// User is who is signed in; of no name where nobody is.
func (v *visit) User() entitlement.User { return v.by.User() }

// menuItem is a page that the menu leads to.
type menuItem struct{ path, name string }

// Menu is what the visitor is led to. It is for finding the way: what somebody may do, the use
// case says.
func (v *visit) Menu() []menuItem {
	menu := []menuItem{{"/", "Home"}, {"/packages", "Find access"}, {"/access", "My access"}, {"/requests", "My requests"}, {"/approvals", "Approvals"}, {"/my-people", "My people"}, {"/catalogs", "Catalogs"}}
	if authz.Allow(v.by.Caller, authz.ReadUser, authz.Object{}).Allowed {
		menu = append(menu, menuItem{"/people", "People"})
	}
	if v.may(authz.ReadDeliveryErrors) {
		menu = append(menu, menuItem{"/operations", "Operations"})
	}
	if v.may(authz.ReadEvents) {
		menu = append(menu, menuItem{"/audit", "Audit"})
	}
	if v.administers() {
		menu = append(menu, menuItem{"/administration", "Administration"})
	}
	return menu
}

// T is a text of the catalog in the visitor's language, with what it is about.
func (v *visit) T(text string, about ...any) string { return v.words.Sprintf(text, about...) }

// Href is the address of a page. The first one has no slash at its end: a gateway's route of
// what is below it does not take that.
func (v *visit) Href(path string) string {
	return v.base + names.PortalPath + strings.TrimSuffix(path, "/")
}

// At reports that the page is one of those below a path.
func (v *visit) At(path string) bool {
	here := strings.TrimPrefix(v.request.URL.Path, names.PortalPath)
	return here == strings.TrimSuffix(path, "/") || path != "/" && strings.HasPrefix(here, path+"/")
}

// secure reports that the visitor reaches this site by https.
func (v *visit) secure() bool { return strings.HasPrefix(v.site, "https:") }

// Names of the cookies. With https they begin with __Host-, by which browsers keep other
// hosts and plain http from setting them.
const (
	cookieSession = "leasehold-session"
	cookiePending = "leasehold-sign-in"
)

func (v *visit) cookieName(name string) string {
	if v.secure() {
		return "__Host-" + name
	}
	return name
}

func (v *visit) cookie(name string) string {
	c, err := v.request.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie keeps a value in the browser, out of reach of scripts and of other sites' forms. A
// value of "" takes it away.
func (v *visit) setCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	age := int(keep.Seconds())
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: v.cookieName(name), Value: value, Path: "/", MaxAge: age, HttpOnly: true,
		Secure: v.secure(), SameSite: http.SameSiteLaxMode})
}

// formToken is what every form carries: what only a page of this session could know.
func formToken(secret string) string {
	sum := sha256.Sum256([]byte("form of " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// seen is a digest of what a page showed, so that a form can say what it was agreed to.
func seen(shown ...any) string {
	text, _ := json.Marshal(shown) // plain values: cannot fail
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// word is a text of the catalog in the visitor's language; of anything else, such as a name, it
// is that itself.
func (v *visit) word(text string) string {
	if _, known := german[text]; known {
		return v.T(text)
	}
	return text
}
