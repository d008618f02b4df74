package identitycenter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const (
	// early is how long before their end credentials are not used any more.
	early = 5 * time.Minute
	// maxKept bounds the roles whose credentials one process keeps.
	maxKept = 64
	// session is as what the calls show in CloudTrail, and sessionSeconds the longest that a role
	// may be assumed by another role.
	session        = "leasehold"
	sessionSeconds = "3600"
)

// cache keeps credentials of roles for the life of a process, each known by a digest of the
// address and the external id.
type cache struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*assumed
}

func (c *cache) of(address, externalID string, fresh func() *assumed) *assumed {
	key := sha256.Sum256([]byte(address + "\x00" + externalID))
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, known := c.all[key]; known {
		return a
	}
	// Forgetting all of them costs a question each, and a rotated credential never stays for long.
	if c.all == nil || len(c.all) >= maxKept {
		c.all = map[[sha256.Size]byte]*assumed{}
	}
	c.all[key] = fresh()
	return c.all[key]
}

// assumed assumes a role, and keeps the credentials.
type assumed struct {
	at         address
	externalID string
	own        aws.CredentialsProvider
	client     *http.Client
	now        func() time.Time

	turn chan struct{} // taken by whoever asks for credentials, or looks at last
	last aws.Credentials
}

var askRole = outbound.Operation{Op: "identitycenter: assume role", What: "for the credentials of the role"}

// get returns credentials that are good for a while. refused are some that were not taken.
func (a *assumed) get(ctx context.Context, refused string) (aws.Credentials, error) {
	// One at a time: whoever waits takes what the first one was given, and need not wait for ever.
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return aws.Credentials{}, askRole.Unanswered(ctx.Err())
	}

	if a.last.AccessKeyID != "" && a.last.AccessKeyID != refused && a.now().Before(a.last.Expires.Add(-early)) {
		return a.last, nil
	}
	fresh, err := a.assume(ctx)
	if err == nil {
		a.last = fresh
	}
	return fresh, err
}

// assume asks STS for credentials of the role, as itself.
func (a *assumed) assume(ctx context.Context) (aws.Credentials, error) {
	if a.own == nil {
		return aws.Credentials{}, a.refused("this process has no AWS credentials of its own")
	}
	own, err := a.own.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, askRole.Unanswered(err)
	}

	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {a.at.role}, "RoleSessionName": {session}, "ExternalId": {a.externalID}, "DurationSeconds": {sessionSeconds}}
	endpoint, region := a.at.endpoint(sts)
	r, err := signed(ctx, own, endpoint, region, sts, "application/x-www-form-urlencoded", []byte(form.Encode()), nil, a.now())
	if err != nil {
		return aws.Credentials{}, askRole.Unanswered(err)
	}
	response, err := a.client.Do(r)
	if err != nil {
		return aws.Credentials{}, askRole.Unanswered(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxError+1))
	if err != nil {
		return aws.Credentials{}, askRole.Unanswered(err)
	}
	return a.understood(response, string(said))
}

var errNoCredentials = errors.New("the answer holds no credentials with an end")

// understood reads STS's answer, which is XML and holds nothing that XML would write otherwise.
func (a *assumed) understood(response *http.Response, said string) (aws.Credentials, error) {
	if response.StatusCode != http.StatusOK {
		code := element(said, "Code")
		switch {
		case code == "" || response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
			if err := askRole.StatusFailed(response, a.now()); err != nil {
				return aws.Credentials{}, err
			}
			return aws.Credentials{}, askRole.NotUnderstood(response.StatusCode, errNoCredentials)
		case throttles[code]:
			return aws.Credentials{}, throttled(askRole, 0)
		}
		return aws.Credentials{}, a.refused("AWS answered status " + strconv.Itoa(response.StatusCode))
	}

	ends, err := time.Parse(time.RFC3339Nano, element(said, "Expiration"))
	found := aws.Credentials{AccessKeyID: element(said, "AccessKeyId"), SecretAccessKey: element(said, "SecretAccessKey"), SessionToken: element(said, "SessionToken"), CanExpire: true, Expires: ends}
	if err != nil || found.AccessKeyID == "" || found.SecretAccessKey == "" || found.SessionToken == "" || len(said) > maxError {
		return aws.Credentials{}, askRole.NotUnderstood(response.StatusCode, errNoCredentials)
	}
	return found, nil
}

func (a *assumed) refused(why string) error {
	refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true, Detail: "The role of the target's account could not be assumed: " + why +
		". See that the role is there and trusts Leasehold's functions for this external id, then give the connector its credential again."}
	return connector.Fail(entitlement.Forbidden, askRole.Op, refusal, nil)
}

// element returns the text of the first element of the name.
func element(said, name string) string {
	_, rest, _ := strings.Cut(said, "<"+name+">")
	text, _, closed := strings.Cut(rest, "</"+name+">")
	if !closed || strings.ContainsAny(text, "<&\r\n") {
		return ""
	}
	return text
}

// signed makes a signed request.
func signed(ctx context.Context, as aws.Credentials, endpoint, region string, s service, form string, body []byte, header http.Header, now time.Time) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", form)
	r.Header.Set("User-Agent", "leasehold")
	sum := sha256.Sum256(body)
	return r, v4.NewSigner().SignHTTP(ctx, as, r, hex.EncodeToString(sum[:]), s.signs, region, now)
}
