package components

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Accounts of the OpenID provider; each is the subject of its tokens. Robot stands
// for the client leasehold-robot, which signs in for itself.
const (
	Admin    = "admin"
	Owner    = "owner"
	Manager  = "manager"
	Approver = "approver"
	Member   = "member"
	Other    = "other"
	Robot    = "robot"
)

// RobotClient is the client, and so the subject, behind Robot.
const RobotClient = "leasehold-robot"

// PortalClient is the pages, as a client of the provider.
const PortalClient = "leasehold-portal"

const (
	client   = "leasehold-cli"
	callback = "http://127.0.0.1/callback" // nobody listens there: the walk ends when it is sent there
	scopes   = "openid EntitlementManagement.Read.All EntitlementManagement.ReadWrite.All EntitlementMgmt-SubjectAccess.ReadWrite"
)

// Tokens is what a sign-in gives.
type Tokens struct {
	Access string `json:"access_token"`
	ID     string `json:"id_token"` // empty for the robot
}

// Token is an access token for an account, or for Robot, that Leasehold takes.
func (f Endpoints) Token(ctx context.Context, as string) (string, error) {
	tokens, err := f.SignIn(ctx, as, Audience)
	return tokens.Access, err
}

// SignIn gets tokens for an audience: for the robot by its secret, for everybody
// else by the code flow with PKCE, over the same pages that a browser is shown.
func (f Endpoints) SignIn(ctx context.Context, as, audience string) (Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	if as == Robot {
		return f.exchange(ctx, url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {RobotClient},
			"client_secret": {f.RobotSecret},
			"resource":      {audience},
		})
	}

	verifier := rand.Text() + rand.Text() // PKCE asks for 43 characters or more
	code, err := f.authorize(ctx, as, audience, verifier)
	if err != nil {
		return Tokens{}, fmt.Errorf("sign in as %s: %w", as, err)
	}
	return f.exchange(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {client},
		"redirect_uri":  {callback},
		"code":          {code},
		"code_verifier": {verifier},
		"resource":      {audience},
	})
}

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// authorize walks from the authorization address over the sign-in page to the code.
func (f Endpoints) authorize(ctx context.Context, as, audience, verifier string) (string, error) {
	challenge := sha256.Sum256([]byte(verifier))
	state := rand.Text()
	query := url.Values{
		"client_id":             {client},
		"response_type":         {"code"},
		"redirect_uri":          {callback},
		"scope":                 {scopes},
		"resource":              {audience},
		"state":                 {state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}

	browser := newBrowser()
	page, err := browser.get(ctx, f.Issuer+"/auth?"+query.Encode())
	if err != nil {
		return "", err
	}
	form := formAction.FindStringSubmatch(page)
	if form == nil {
		return "", errors.New("the provider showed no sign-in page")
	}
	if _, err := browser.post(ctx, f.Issuer+form[1], url.Values{"login": {as}}); err != nil {
		return "", err
	}

	// The redirect is caught and not followed: nobody listens at its address.
	if browser.callback == nil {
		return "", errors.New("the provider sent nobody back")
	}
	answer := browser.callback.Query()
	if answer.Get("state") != state {
		return "", errors.New("the provider sent back another state")
	}
	if answer.Get("code") == "" {
		return "", fmt.Errorf("%s: %s", answer.Get("error"), answer.Get("error_description"))
	}
	return answer.Get("code"), nil
}

// exchange asks the token address.
func (f Endpoints) exchange(ctx context.Context, form url.Values) (Tokens, error) {
	body, err := newBrowser().post(ctx, f.Issuer+"/token", form)
	if err != nil {
		return Tokens{}, fmt.Errorf("get a token: %w", err)
	}
	var tokens Tokens
	if err := json.Unmarshal([]byte(body), &tokens); err != nil {
		return Tokens{}, fmt.Errorf("get a token: %w", err)
	}
	return tokens, nil
}

// browser keeps cookies, follows redirects, and stops at the callback.
type browser struct {
	http     http.Client
	callback *url.URL
}

func newBrowser() *browser {
	b := &browser{}
	b.http.Jar, _ = cookiejar.New(nil) // fails only on options
	b.http.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), callback+"?") {
			b.callback = next.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

func (b *browser) get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	return b.do(request)
}

func (b *browser) post(ctx context.Context, address string, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request)
}

func (b *browser) do(request *http.Request) (string, error) {
	response, err := b.http.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()

	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	// A page of an error is said in one line, and cut where it is endless.
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), nil
}
