package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// lambdaForm is the host and the path by which a function is called.
var (
	lambdaHost = regexp.MustCompile(`^lambda\.([a-z]{2}(?:-[a-z]+){1,3}-\d)\.amazonaws\.com(?:\.cn)?$`)
	lambdaPath = regexp.MustCompile(`^/2015-03-31/functions/(?:arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:)?` + names.InvokedTargets + `[A-Za-z0-9_-]{0,40}(?::[A-Za-z0-9_$-]{1,128})?/invocations$`)
)

// LambdaFactory returns the registry's factory of targets that are a Lambda function: the same
// contract, where the question is the function's event and its answer what it returns. IAM is the
// authentication, so that a credential is neither needed nor taken. own are the credentials of the
// process; nil: it has none, and no such target can be called.
func LambdaFactory(client *http.Client, private bool, own aws.CredentialsProvider) connector.Factory {
	return func(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		address, region, err := lambdaAddress(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		if credential != "" {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential: the role of Leasehold's functions is what a function is called with; leave it out.")
		}
		c, err := newConnector(cfg, address)
		if err != nil {
			return nil, err
		}

		calling := *client
		calling.Transport = &invoker{next: client.Transport, own: own, region: region, now: time.Now}
		c.client = &calling
		return c, nil
	}
}

// lambdaAddress reads the address by which a function is called, and the region of it. Functions
// whose names do not begin with names.InvokedTargets are refused, as by the role that calls them.
func lambdaAddress(text string, private bool) (address *url.URL, region string, err error) {
	address, err = outbound.ParseURL(text, private)
	if err == nil && lambdaPath.MatchString(address.Path) {
		if host := lambdaHost.FindStringSubmatch(address.Host); host != nil {
			return address, host[1], nil
		}
		if private {
			return address, "us-east-1", nil
		}
	}
	return nil, "", entitlement.Errorf(entitlement.Invalid, "url must be that by which a function is called, such as "+
		"https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/%sRooms/invocations: a function whose name begins with %s.", names.InvokedTargets, names.InvokedTargets)
}

// invoker signs requests as calls of Lambda, and makes of what the function returned the answer
// that a webhook would have given.
type invoker struct {
	next   http.RoundTripper
	own    aws.CredentialsProvider
	region string
	now    func() time.Time
}

var errNoCredentials = errors.New("the process has no credentials at AWS")

// RoundTrip makes one call.
func (i *invoker) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.own == nil {
		return nil, errNoCredentials
	}
	body, err := io.ReadAll(r.Body) // our own question
	if err != nil {
		return nil, err
	}
	as, err := i.own.Retrieve(r.Context())
	if err != nil {
		return nil, err
	}

	called := r.Clone(r.Context())
	called.Body, called.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	digest := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), as, called, hex.EncodeToString(digest[:]), "lambda", i.region, i.now()); err != nil {
		return nil, err
	}

	next := i.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(called)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	return asAnswered(response)
}

// asAnswered gives the answer of a function the status that it says: a function has no other way.
// One that failed is answered for with 200, and a header.
func asAnswered(response *http.Response) (*http.Response, error) {
	if response.Header.Get("X-Amz-Function-Error") != "" {
		response.StatusCode = http.StatusBadGateway
		return response, nil
	}

	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(text))

	var said struct{ Status, RetryAfter int }
	if json.Unmarshal(text, &said) == nil && said.Status >= 200 && said.Status < 600 {
		response.StatusCode = said.Status
		if said.RetryAfter > 0 {
			response.Header.Set("Retry-After", strconv.Itoa(said.RetryAfter))
		}
	}
	return response, nil
}

// LambdaKind is the kind under which functions are registered.
const LambdaKind = kinds.Lambda
