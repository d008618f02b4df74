package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// The stage's throttle, over all callers. It protects the account's concurrency
// and the bill, not one tenant from another.
const (
	callsPerSecond = 100
	callsAtOnce    = 200
)

// tlsPolicy has TLS 1.3 or 1.2 with forward secrecy. Without one AWS takes TLS 1.0 at the
// endpoint of a regional API. Which policies there are differs by the type of the endpoint:
// this one is for regional and private ones.
const tlsPolicy = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"

// accessMode belongs to that policy. STRICT would refuse calls that come through a domain
// of another endpoint type, and the token decides who may call, wherever from.
const accessMode = "BASIC"

// accessLog is one line per call, refused ones included, with what the gateway knows of the
// caller: where the call comes from, since it does not read tokens. Who it was is in the
// function's log and in the audit record, under the same id. It names the route, not the
// path, and no header, for either may hold names of people.
var accessLog = map[string]string{
	"requestId":          "$context.extendedRequestId", // as in answers, logs and events: no client can choose it
	"gatewayRequestId":   "$context.requestId",         // as in the gateway's own errors; a client can
	"time":               "$context.requestTime",
	"method":             "$context.httpMethod",
	"route":              "$context.resourcePath",
	"status":             "$context.status",
	"refused":            "$context.error.responseType", // by the gateway itself: why
	"integrationStatus":  "$context.integrationStatus",
	"integrationLatency": "$context.integrationLatency",
	"latency":            "$context.responseLatency",
	"length":             "$context.responseLength",
	"sourceIp":           "$context.identity.sourceIp",
	"tls":                "$context.tlsVersion",
}

// addAPI adds the gateway and every route of names.Routes. It has no authorizer:
// the functions verify the token themselves, on AWS as on every emulator.
func (h *stackBuilder) addAPI() {
	h.api = awsapigateway.NewRestApi(h.stack, jsii.String("Api"), &awsapigateway.RestApiProps{
		RestApiName:   jsii.String(names.StackName),
		EndpointTypes: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		// Without it a compressed body is mangled on its way to the function.
		BinaryMediaTypes:          jsii.Strings("*/*"),
		DisableExecuteApiEndpoint: jsii.Bool(h.settings.domainOnly),
		// The access log needs a role that API Gateway has one of per account and region.
		CloudWatchRole: jsii.Bool(!h.settings.emulator),
		DeployOptions: &awsapigateway.StageOptions{
			StageName:            jsii.String(names.StageName),
			ThrottlingRateLimit:  jsii.Number(callsPerSecond),
			ThrottlingBurstLimit: jsii.Number(callsAtOnce),
			AccessLogDestination: awsapigateway.NewLogGroupLogDestination(h.addLog("api-log", "/aws/apigateway/"+names.StackName)),
			AccessLogFormat:      awsapigateway.AccessLogFormat_Custom(jsii.String(accessLogLine())),
		},
	})
	rest := h.api.Node().DefaultChild().(awsapigateway.CfnRestApi)
	rest.SetSecurityPolicy(jsii.String(tlsPolicy))
	rest.SetEndpointAccessMode(jsii.String(accessMode))
	// The construct adds an output of its own beside ours.
	h.api.Node().TryRemoveChild(jsii.String("Endpoint"))

	for _, route := range names.Routes {
		h.api.Root().ResourceForPath(jsii.String(route.Path)).AddMethod(jsii.String(route.Method),
			awsapigateway.NewLambdaIntegration(h.functions[route.Function], &awsapigateway.LambdaIntegrationOptions{
				Proxy:           jsii.Bool(true),
				AllowTestInvoke: jsii.Bool(false),
			}),
			&awsapigateway.MethodOptions{AuthorizationType: awsapigateway.AuthorizationType_NONE})
	}
	h.addGatewayErrors()
}

func accessLogLine() string {
	line, _ := json.Marshal(accessLog) // strings only: cannot fail
	return string(line)
}
