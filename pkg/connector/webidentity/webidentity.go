// Package webidentity asks AWS who this process is: for a short signed statement of the role that
// it runs as, which a service elsewhere that trusts the AWS account takes instead of a secret
// (outbound identity federation, sts:GetWebIdentityToken). Nothing is kept of it.
package webidentity

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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

const (
	// seconds is how long a statement is good: it is used once, at once.
	seconds = "300"
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 10
)

// Identity is who this process is at AWS.
type Identity struct {
	Own      aws.CredentialsProvider // nil: it is nobody there
	Region   string
	Endpoint string       // where an emulator answers; "": AWS itself
	Client   *http.Client // guarded as outbound.Client is
}

var ask = outbound.Operation{Op: "webidentity: get token", What: "for a token of our own identity"}

// Token returns a statement for one audience, which is one of names.TokenAudiences.
func (i *Identity) Token(ctx context.Context, audience string, now time.Time) (string, error) {
	if i == nil || i.Own == nil {
		return "", refused("this process has no AWS credentials of its own")
	}
	own, err := i.Own.Retrieve(ctx)
	if err != nil {
		return "", ask.Unanswered(err)
	}

	form := url.Values{"Action": {"GetWebIdentityToken"}, "Version": {"2011-06-15"}, "Audience.member.1": {audience}, "SigningAlgorithm": {names.TokenAlgorithm}, "DurationSeconds": {seconds}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.endpoint(), strings.NewReader(form))
	if err != nil {
		return "", ask.Unanswered(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "leasehold")
	sum := sha256.Sum256([]byte(form))
	if err := v4.NewSigner().SignHTTP(ctx, own, r, hex.EncodeToString(sum[:]), "sts", i.Region, now); err != nil {
		return "", ask.Unanswered(err)
	}

	response, err := i.Client.Do(r)
	if err != nil {
		return "", ask.Unanswered(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", ask.Unanswered(err)
	}
	return understood(response, string(said), now)
}

// endpoint is that of the region: the global one of STS has no such call.
func (i *Identity) endpoint() string {
	suffix := "amazonaws.com"
	switch {
	case i.Endpoint != "":
		return i.Endpoint
	case strings.HasPrefix(i.Region, "cn-"):
		suffix += ".cn"
	}
	return "https://sts." + i.Region + "." + suffix + "/"
}

var errNoToken = errors.New("the answer holds no token")

// understood reads STS's answer, which is XML; a token holds nothing that XML would write otherwise.
func understood(response *http.Response, said string, now time.Time) (string, error) {
	if response.StatusCode != http.StatusOK {
		code := element(said, "Code")
		switch {
		case code == "" || response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
			if err := ask.StatusFailed(response, now); err != nil {
				return "", err
			}
			return "", ask.NotUnderstood(response.StatusCode, errNoToken)
		case strings.HasPrefix(code, "Throttl"):
			return "", connector.Fail(entitlement.Throttled, ask.Op, &connector.Refusal{Reason: connector.TargetThrottled, Detail: "AWS asks us to slow down."}, nil)
		case strings.HasPrefix(code, "OutboundWebIdentityFederationDisabled"):
			return "", refused("outbound identity federation is not enabled in the AWS account")
		}
		return "", refused("AWS answered status " + strconv.Itoa(response.StatusCode))
	}

	token := element(said, "WebIdentityToken")
	if strings.Count(token, ".") != 2 || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", ask.NotUnderstood(response.StatusCode, errNoToken)
	}
	return token, nil
}

// refused is not final: whoever enables it in the account need not touch the connector.
func refused(why string) error {
	return connector.Fail(entitlement.Forbidden, ask.Op, &connector.Refusal{Reason: connector.CredentialRefused, Detail: "AWS gave no token of our own identity: " + why +
		". Enable outbound identity federation in Leasehold's AWS account, and see that the roles of its functions may call sts:GetWebIdentityToken."}, nil)
}

// element returns the text of the first element of the name.
func element(said, name string) string {
	_, rest, _ := strings.Cut(said, "<"+name+">")
	text, _, closed := strings.Cut(rest, "</"+name+">")
	if !closed || strings.ContainsAny(text, "<&") {
		return ""
	}
	return strings.TrimSpace(text)
}
