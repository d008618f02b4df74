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

// accessLog is one line per call. It names the route, not the path, and no
// caller: who did what is in the audit record.
var accessLog = map[string]string{
	"requestId":          "$context.extendedRequestId", // as in answers, logs and events: no client can choose it
	"gatewayRequestId":   "$context.requestId",         // as in the gateway's own errors; a client can
	"time":               "$context.requestTime",
	"method":             "$context.httpMethod",
	"route":              "$context.resourcePath",
	"status":             "$context.status",
	"integrationStatus":  "$context.integrationStatus",
	"integrationLatency": "$context.integrationLatency",
	"latency":            "$context.responseLatency",
	"length":             "$context.responseLength",
	"sourceIp":           "$context.identity.sourceIp",
}

// addAPI adds the gateway and every route of names.Routes. It has no authorizer:
// the functions verify the token themselves, on AWS as on every emulator.
func (h *house) addAPI() {
	h.api = awsapigateway.NewRestApi(h.stack, jsii.String("Api"), &awsapigateway.RestApiProps{
		RestApiName:   jsii.String(names.StackName),
		EndpointTypes: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		// Without it a compressed body is mangled on its way to the function.
		BinaryMediaTypes: jsii.Strings("*/*"),
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
