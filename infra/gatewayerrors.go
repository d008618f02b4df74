package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"
)

// gatewayErrors are the answers that the gateway gives without asking a function,
// in the shape and with the codes of all other errors of the API.
var gatewayErrors = []struct {
	id            string
	kind          func() awsapigateway.ResponseType
	status        string // "" keeps the gateway's own
	code, message string
	retryAfter    bool
}{
	// The gateway says "missing authentication token" of every path that it does not have.
	{"not-found", awsapigateway.ResponseType_MISSING_AUTHENTICATION_TOKEN, "404", "itemNotFound", "There is nothing at this address.", false},
	{"throttled", awsapigateway.ResponseType_THROTTLED, "429", "activityLimitReached", "Too many requests. Try again.", true},
	{"too-large", awsapigateway.ResponseType_REQUEST_TOO_LARGE, "413", "invalidRequest", "The request is too large.", false},
	{"other-4xx", awsapigateway.ResponseType_DEFAULT_4XX, "", "invalidRequest", "The request could not be read.", false},
	{"other-5xx", awsapigateway.ResponseType_DEFAULT_5XX, "", "serviceNotAvailable", "The service did not answer. Try again.", true},
}

func (h *stackBuilder) addGatewayErrors() {
	for _, e := range gatewayErrors {
		// The gateway's own answers look like ours, so that a client needs one way to read errors.
		options := &awsapigateway.GatewayResponseOptions{
			Type: e.kind(),
			Templates: &map[string]*string{"application/json": jsii.String(fmt.Sprintf(
				`{"error":{"code":%q,"message":%q,"innerError":{"request-id":"$context.requestId"}}}`, e.code, e.message))},
			ResponseHeaders: &map[string]*string{"request-id": jsii.String("context.requestId")},
		}

		if e.status != "" {
			options.StatusCode = jsii.String(e.status)
		}

		if e.retryAfter {
			(*options.ResponseHeaders)["Retry-After"] = jsii.String("'1'")
		}

		h.api.AddGatewayResponse(jsii.String(e.id), options)
	}
}
