package lambdaio

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
)

// toRequest builds the request that a server would have built from the wire.
func toRequest(ctx context.Context, event events.APIGatewayProxyRequest) (*http.Request, error) {
	content, err := body(event)
	if err != nil {
		return nil, err
	}

	// NewRequest refuses odd methods and gives the body its length and GetBody.
	request, err := http.NewRequestWithContext(ctx, event.HTTPMethod, "/", bytes.NewReader(content))
	if err != nil {
		return nil, entitlement.Wrap(entitlement.Invalid, "build request", err, "The method could not be read.")
	}

	request.URL = requestURL(event)
	request.RequestURI = request.URL.RequestURI()
	request.Header = headers(event)
	request.Header.Del("Host") // as net/http does; the gateway's word is what counts
	request.Host = event.RequestContext.DomainName
	request.RemoteAddr = event.RequestContext.Identity.SourceIP
	return request, nil
}

// requestURL keeps the path's encoding, since /a%2Fb and /a/b are different
// paths. An emulator that hands over a decoded path is taken literally.
func requestURL(event events.APIGatewayProxyRequest) *url.URL {
	raw := withoutStage(event)
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		decoded = raw
	}
	return &url.URL{Path: decoded, RawPath: raw, RawQuery: query(event).Encode()}
}

// withoutStage returns the path below the stage. The gateway takes the stage off
// itself; none of our routes begins with it, so taking it off twice is harmless.
func withoutStage(event events.APIGatewayProxyRequest) string {
	path := event.Path
	if rest, found := strings.CutPrefix(path, "/"+event.RequestContext.Stage+"/"); found && event.RequestContext.Stage != "" {
		path = "/" + rest
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

// query returns the options that the gateway has decoded already.
func query(event events.APIGatewayProxyRequest) url.Values {
	values := url.Values{}
	for key, all := range event.MultiValueQueryStringParameters {
		values[key] = all
	}
	for key, value := range event.QueryStringParameters {
		if _, ok := values[key]; !ok {
			values.Set(key, value)
		}
	}
	return values
}

// headers puts names into Go's spelling, because AWS keeps the client's and
// emulators send lower case.
func headers(event events.APIGatewayProxyRequest) http.Header {
	header := http.Header{}
	for key, all := range event.MultiValueHeaders {
		for _, value := range all {
			header.Add(key, value)
		}
	}
	for key, value := range event.Headers {
		if header.Values(key) == nil {
			header.Set(key, value)
		}
	}
	return header
}
