package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"leasehold/localstack/components"
)

// codes are sign-ins at the pages that are on their way, each for a minute and one use.
type codes struct {
	mu   sync.Mutex
	open map[string]code
}

type code struct {
	account, challenge, redirect string
	until                        time.Time
}

// chooser shows one button for each account: anybody here may be anybody.
var chooser = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<h1>Sign in as</h1>
<form method="post">
{{range .}}<p><button name="login" value="{{.}}">{{.}}</button>
{{end}}</form>
</html>
`))

// authorize is the authorization endpoint: GET shows the accounts, POST goes back with a code.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	back, err := url.Parse(asked.Get("redirect_uri"))

	// Only pages of this machine are gone back to, and only with proof that the code is theirs.
	switch {
	case err != nil || back.Hostname() != "127.0.0.1" || back.Scheme != "http" && back.Scheme != "https":
		http.Error(w, "redirect_uri must be an address of this machine", http.StatusBadRequest)
		return
	case asked.Get("client_id") != components.PortalClient || asked.Get("response_type") != "code":
		http.Error(w, "only codes for "+components.PortalClient+" are given here", http.StatusBadRequest)
		return
	case asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") == "":
		http.Error(w, "code_challenge is missing", http.StatusBadRequest)
		return
	}

	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		people := slices.DeleteFunc(slices.Clone(Accounts), func(a string) bool { return a == components.Robot })
		chooser.Execute(w, people) // a browser that is gone is no news
		return
	}

	account := r.FormValue("login")
	if !slices.Contains(Accounts, account) || account == components.Robot {
		http.Error(w, "there is no such account", http.StatusBadRequest)
		return
	}

	given := rand.Text()
	i.codes.mu.Lock()
	if i.codes.open == nil {
		i.codes.open = map[string]code{}
	}
	i.codes.open[given] = code{account, asked.Get("code_challenge"), asked.Get("redirect_uri"), i.clock.Now().Add(time.Minute)}
	i.codes.mu.Unlock()

	query := back.Query()
	query.Set("code", given)
	query.Set("state", asked.Get("state"))
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// exchange is the token endpoint of the code flow. A code is good once.
func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request) {
	if !i.knows(r) {
		w.WriteHeader(http.StatusUnauthorized)
		writeJSON(w, map[string]string{"error": "invalid_client", "error_description": "the secret " + r.FormValue("client_secret") + " is not the one"})
		return
	}

	given := r.FormValue("code")
	i.codes.mu.Lock()
	c, known := i.codes.open[given]
	delete(i.codes.open, given)
	i.codes.mu.Unlock()

	proof := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || i.clock.Now().After(c.until) || r.FormValue("redirect_uri") != c.redirect ||
		strings.TrimRight(c.challenge, "=") != base64.RawURLEncoding.EncodeToString(proof[:]) {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}

	token, err := i.Token(c.account)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime.Seconds())})
}

// knows reports that the pages proved who they are, as far as they have to.
func (i *Issuer) knows(r *http.Request) bool {
	name, given, basic := r.BasicAuth()
	if i.Secret == "" {
		return !basic && r.FormValue("client_secret") == ""
	}
	if basic {
		name, _ = url.QueryUnescape(name)
		given, _ = url.QueryUnescape(given)
		return slices.Contains(i.Methods, "client_secret_basic") && name == components.PortalClient && given == i.Secret
	}
	return slices.Contains(i.Methods, "client_secret_post") && r.FormValue("client_id") == components.PortalClient && r.FormValue("client_secret") == i.Secret
}
