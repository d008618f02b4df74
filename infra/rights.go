package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// secretPath is where the credentials of connectors live, one SecureString each, named by the connector's id.
const secretPath = "/leasehold/" + names.StackName + "/connectors"

// signInPath is where the pages' own secrets at issuers live, by the names that the settings of
// issuers give them. Whoever deploys writes them.
const signInPath = "/leasehold/" + names.StackName + "/sign-in"

// grant gives the role what names says that its function uses. Nothing is granted by the
// constructs beside it, but for the dead-letter queue of a scheduled function.
func (h *stackBuilder) grant(role awsiam.Role, f names.Function, log awslogs.LogGroup) {
	for _, right := range f.Rights() {
		if right.Part == names.PartQueue && h.queues[right.ID] == nil && right.ByLambda {
			continue // dead letters of the schedule, which the function's construct grants
		}
		if names.OfVPC(right.ID) && h.settings.vpc.id == "" {
			continue // the deployment has none
		}
		if right.Part == names.PartNetwork {
			h.refuseInterfaces(role, f, right)
		}
		role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions:    jsii.Strings(h.actions(right)...),
			Resources:  jsii.Strings(h.arn(right, log)),
			Conditions: h.conditions(right),
		}))
	}
}

// conditions limit a right to the families of keys that it is for, or to those whom an identity is
// shown to. A call without keys is none of them: a condition on all values of nothing would hold. It does
// on an emulator, which does not know the keys of any call.
func (h *stackBuilder) conditions(right names.Right) *map[string]any {
	switch {
	case len(right.Audiences) > 0:
		return &map[string]any{
			"ForAllValues:StringEquals": map[string]any{"sts:IdentityTokenAudience": right.Audiences},
			"Null":                      map[string]any{"sts:IdentityTokenAudience": "false"},
			"StringEquals":              map[string]any{"sts:SigningAlgorithm": names.TokenAlgorithm},
		}
	case len(right.Leading) == 0:
		return nil
	}
	patterns := make([]string, len(right.Leading))
	for i, family := range right.Leading {
		patterns[i] = family.Pattern()
	}
	limits := map[string]any{"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": patterns}}
	if !h.settings.emulator {
		limits["Null"] = map[string]any{"dynamodb:LeadingKeys": "false"}
	}
	return &limits
}

// actions are those of a right, as whoever enforces it calls them. On AWS the right to send
// messages is one to send several at once, which an emulator asks for by the operation's name.
func (h *stackBuilder) actions(right names.Right) []string {
	if h.settings.emulator && slices.Contains(right.Actions, "sqs:SendMessage") {
		return append(slices.Clone(right.Actions), "sqs:SendMessageBatch")
	}
	return right.Actions
}

// arn names the resource that a right is for.
func (h *stackBuilder) arn(right names.Right, log awslogs.LogGroup) string {
	switch right.Part {
	case names.PartTable:
		return *h.table.TableArn()
	case names.PartIndex:
		return *h.table.TableArn() + "/index/" + right.ID
	case names.PartQueue:
		// By its name where it is one of dead letters: that of the schedule is made after the role.
		if h.queues[right.ID] == nil {
			return *h.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sqs"), Resource: jsii.String(names.StackName + "-" + right.ID)})
		}
		return *h.queues[right.ID].QueueArn()
	case names.PartFiles:
		return *h.files.ArnForObjects(jsii.String(names.FilesBelow + "*"))
	case names.PartNetwork:
		return "*" // Lambda's documentation names no other
	case names.PartLog:
		return *log.LogGroupArn()
	case names.PartFunction:
		// By its name and not by the construct: two functions that refer to each other could
		// not be made one after the other.
		return *h.stack.FormatArn(&awscdk.ArnComponents{
			Service:      jsii.String("lambda"),
			Resource:     jsii.String("function"),
			ResourceName: jsii.String(names.FunctionName(right.ID)),
			ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})
	case names.PartTarget:
		return *h.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("lambda"), Region: jsii.String("*"), Account: jsii.String("*"),
			Resource: jsii.String("function"), ResourceName: jsii.String(names.InvokedTargets + "*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
	case names.PartRole:
		// In whichever account a target is: accounts are registered long after the deployment.
		return *h.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("iam"), Region: jsii.String(""), Account: jsii.String("*"),
			Resource: jsii.String("role"), ResourceName: jsii.String(names.AssumedRoles + "*")})
	case names.PartIdentity:
		return "*" // the action knows no resources
	case names.PartSecret:
		return h.parameters(secretPath)
	case names.PartSignIn:
		return h.parameters(signInPath)
	}
	panic("names knows a part of the stack that nobody has built: " + right.Part)
}

// parameters are all below a path. It is a wildcard, because connectors are registered long
// after the deployment, and secrets are written before or after it.
func (h *stackBuilder) parameters(path string) string {
	return *h.stack.FormatArn(&awscdk.ArnComponents{
		Service:      jsii.String("ssm"),
		Resource:     jsii.String("parameter"),
		ResourceName: jsii.String(path[1:] + "/*"),
	})
}
