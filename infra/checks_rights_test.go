package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/names"
)

// forcedResources are the ends of the only wildcard resources that may be granted, each with the reason why AWS forces it.
var forcedResources = map[string]string{
	":parameter" + secretPath + "/*": "connectors are registered after the deployment, so their parameters cannot be listed",
	":parameter" + signInPath + "/*": "the pages' secrets at issuers are named by settings, and written by hand",
	"}/" + names.FilesBelow + "*":    "files are named after exports, which people ask for after the deployment",

	":lambda:*:*:function:" + names.InvokedTargets + "*": "functions that are targets are made and registered after the deployment, in any account that lets ours call them",
	":iam::*:role/" + names.AssumedRoles + "*":           "roles of targets at AWS are made and registered after the deployment, in any account; each trusts the function for an external id alone",
}

// forcedPolicies are the only managed policies, which are wildcards in disguise.
var forcedPolicies = map[string]string{
	"service-role/AmazonAPIGatewayPushToCloudWatchLogs": "the account's one role for API Gateway's logs; API Gateway asks for these rights",
}

// joinsVPC is what Lambda does in a function's name to have it run in a VPC.
var joinsVPC = []any{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}

// checkWildcards complains about rights wider than what they are for.
func checkWildcards(t template) (complaints []string) {
	for id, r := range t.Resources {
		for _, statement := range statements(r.Properties) {
			if at(statement, "Effect") != "Allow" {
				continue
			}
			for _, part := range []string{"NotAction", "NotResource", "NotPrincipal"} {
				if at(statement, part) != nil {
					complaints = append(complaints, fmt.Sprintf("%s allows by %s", id, part))
				}
			}
			for _, action := range listOf(at(statement, "Action")) {
				if strings.Contains(flat(action), "*") {
					complaints = append(complaints, fmt.Sprintf("%s allows the action %s", id, flat(action)))
				}
			}
			for _, target := range listOf(at(statement, "Resource")) {
				if flat(target) == "*" && identityAlone(statement) {
					continue // the action knows no resources, and is limited by whom the identity is shown to
				}
				if flat(target) == "*" && slices.Equal(listOf(at(statement, "Action")), joinsVPC) {
					continue // Lambda's documentation names no other, and the function's own code is refused it
				}
				if text := flat(target); strings.Contains(text, "*") && !endsLike(text, forcedResources) {
					complaints = append(complaints, fmt.Sprintf("%s allows the resource %s", id, text))
				}
			}
			if strings.Contains(flat(at(statement, "Principal")), "*") {
				complaints = append(complaints, fmt.Sprintf("%s allows anybody", id))
			}
		}

		for _, policy := range listOf(r.at("ManagedPolicyArns")) {
			if text := flat(policy); !endsLike(text, forcedPolicies) {
				complaints = append(complaints, fmt.Sprintf("%s takes the managed policy %s", id, text))
			}
		}
	}
	return complaints
}

// identityAlone reports a statement that lets a function show who it is, to those whom names lists.
func identityAlone(statement any) bool {
	actions := listOf(at(statement, "Action"))
	return len(actions) == 1 && flat(actions[0]) == "sts:GetWebIdentityToken" && flat(at(statement, "Condition")) == flat(shownTo(names.TokenAudiences))
}

// shownTo is the condition on whom an identity is shown to: somebody, and nobody else.
func shownTo(audiences []string) any {
	var limits any
	text, _ := json.Marshal(map[string]any{
		"ForAllValues:StringEquals": map[string]any{"sts:IdentityTokenAudience": audiences},
		"Null":                      map[string]any{"sts:IdentityTokenAudience": "false"},
		"StringEquals":              map[string]any{"sts:SigningAlgorithm": "RS256"},
	})
	_ = json.Unmarshal(text, &limits)
	return limits
}

func endsLike(text string, allowed map[string]string) bool {
	for end := range allowed {
		if strings.HasSuffix(text, end) && strings.Count(text, "*") == strings.Count(end, "*") {
			return true
		}
	}
	return false
}

// statements finds every policy statement, wherever in the properties it is.
func statements(value any) (found []any) {
	switch v := value.(type) {
	case map[string]any:
		if v["Effect"] != nil {
			return []any{v}
		}
		for _, member := range v {
			found = append(found, statements(member)...)
		}
	case []any:
		for _, element := range v {
			found = append(found, statements(element)...)
		}
	}
	return found
}

// checkRoles complains about functions that share a role, or have one that others may take on.
func checkRoles(t template) (complaints []string) {
	owner := map[string]string{}
	for _, id := range t.ofType("AWS::Lambda::Function") {
		role := refersTo(t.Resources[id].at("Role"))
		if t.Resources[role].Type != "AWS::IAM::Role" {
			complaints = append(complaints, fmt.Sprintf("%s has no role of this stack", id))
			continue
		}
		if other, taken := owner[role]; taken {
			complaints = append(complaints, fmt.Sprintf("%s and %s share the role %s", other, id, role))
		}
		owner[role] = id

		for _, statement := range statements(t.Resources[role].at("AssumeRolePolicyDocument")) {
			if who := at(statement, "Principal", "Service"); who != "lambda.amazonaws.com" {
				complaints = append(complaints, fmt.Sprintf("%s may be taken on by %v", role, who))
			}
		}
	}

	for _, id := range t.ofType("AWS::IAM::Policy") {
		if attached := listOf(t.Resources[id].at("Roles")); len(attached) != 1 {
			complaints = append(complaints, fmt.Sprintf("the policy %s is attached to %d roles", id, len(attached)))
		}
	}
	return complaints
}

// checkRights complains about every action on every resource that a function's role allows
// and names does not, and about every one that names says and the role does not allow.
func checkRights(t template) (complaints []string) {
	for _, f := range t.functions() {
		want := map[string]bool{}
		for _, right := range f.Rights() {
			if names.OfVPC(right.ID) && len(t.functions()) == len(names.Functions) {
				continue // the deployment has no VPC
			}
			for _, action := range right.Actions {
				want[action+" on "+t.resourceOf(f, right)+t.limits(right)] = true
			}
			if t.emulated() && !right.ByLambda && slices.Contains(right.Actions, "sqs:SendMessage") {
				want["sqs:SendMessageBatch on "+t.resourceOf(f, right)] = true // no action of AWS's
			}
		}
		got := t.allowedTo(refersTo(t.Resources[t.function(f.ID)].at("Role")))
		for _, each := range slices.Sorted(maps.Keys(got)) {
			if got[each] && !want[each] {
				complaints = append(complaints, fmt.Sprintf("%s may %s, which names does not say", f.ID, each))
			}
		}
		for _, each := range slices.Sorted(maps.Keys(want)) {
			if !got[each] {
				complaints = append(complaints, fmt.Sprintf("%s may not %s, which names says", f.ID, each))
			}
		}
	}
	return complaints
}

// limits are the conditions of a right as the template has them.
func (t template) limits(right names.Right) string {
	switch {
	case len(right.Audiences) > 0:
		return " if " + flat(shownTo(right.Audiences))
	case len(right.Leading) == 0:
		return ""
	}
	var patterns []string
	for _, family := range right.Leading {
		patterns = append(patterns, family.Pattern())
	}
	limits := map[string]any{"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": patterns}}
	if !t.emulated() {
		limits["Null"] = map[string]any{"dynamodb:LeadingKeys": "false"}
	}
	text, _ := json.Marshal(limits)
	return " if " + string(text)
}

// emulated tells whether the stack is for an emulator, as its functions are told.
func (t template) emulated() bool {
	return slices.ContainsFunc(t.ofType("AWS::Lambda::Function"), func(id string) bool {
		return t.Resources[id].at("Environment", "Variables", string(names.EnvEmulated)) == "true"
	})
}

// allowedTo returns what a role allows: "action on resource". Conditions would narrow it,
// so that they are told with it.
func (t template) allowedTo(role string) map[string]bool {
	found := map[string]bool{}
	note := func(properties any) {
		for _, statement := range statements(properties) {
			for _, action := range listOf(at(statement, "Action")) {
				for _, target := range listOf(at(statement, "Resource")) {
					each := flat(action) + " on " + flat(target)
					if condition := at(statement, "Condition"); condition != nil {
						each += " if " + flat(condition)
					}
					found[each] = found[each] || at(statement, "Effect") == "Allow"
				}
			}
		}
	}
	note(t.Resources[role].at("Policies"))
	for _, id := range t.ofType("AWS::IAM::Policy") {
		if refersTo(listOf(t.Resources[id].at("Roles"))[0]) == role {
			note(t.Resources[id].at("PolicyDocument"))
		}
	}
	return found
}

// resourceOf names the resource of a right as the template does.
func (t template) resourceOf(f names.Function, right names.Right) string {
	queue := func(id string) string {
		for _, logical := range t.ofType("AWS::SQS::Queue") {
			if t.Resources[logical].at("QueueName") == names.StackName+"-"+id {
				return "${" + logical + "}"
			}
		}
		return "no queue " + id
	}
	first := func(kind string) string {
		if ids := t.ofType(kind); len(ids) > 0 {
			return "${" + ids[0] + "}"
		}
		return "no " + kind
	}
	switch right.Part {
	case names.PartTable:
		return first("AWS::DynamoDB::Table")
	case names.PartIndex:
		return first("AWS::DynamoDB::Table") + "/index/" + right.ID
	case names.PartQueue:
		if strings.HasSuffix(right.ID, names.DeadLetterSuffix) && !right.ByLambda {
			return "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + names.StackName + "-" + right.ID
		}
		return queue(right.ID)
	case names.PartSignIn:
		return "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter" + signInPath + "/*"
	case names.PartFunction:
		return "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:" + names.FunctionName(right.ID)
	case names.PartTarget:
		return "arn:${AWS::Partition}:lambda:*:*:function:" + names.InvokedTargets + "*"
	case names.PartRole:
		return "arn:${AWS::Partition}:iam::*:role/" + names.AssumedRoles + "*"
	case names.PartIdentity, names.PartNetwork:
		return "*"
	case names.PartFiles:
		return first("AWS::S3::Bucket") + "/" + names.FilesBelow + "*"
	case names.PartLog:
		return "${" + refersTo(t.Resources[t.function(f.ID)].at("LoggingConfig", "LogGroup")) + "}"
	}
	return "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter" + secretPath + "/*"
}

// checkSecrets complains when a function that is told of no credentials may read them.
func checkSecrets(t template) (complaints []string) {
	may := map[string]bool{}
	for _, id := range t.ofType("AWS::IAM::Policy") {
		for _, statement := range statements(t.Resources[id].Properties) {
			for _, action := range listOf(at(statement, "Action")) {
				if strings.HasPrefix(flat(action), "ssm:") {
					may[refersTo(listOf(t.Resources[id].at("Roles"))[0])] = true
				}
			}
		}
	}

	for _, function := range t.functions() {
		role := refersTo(t.Resources[t.function(function.ID)].at("Role"))
		told := slices.Contains(function.Env(), names.EnvSecretPath) || slices.Contains(function.Env(), names.EnvSignInPath)
		if may[role] != told {
			complaints = append(complaints, fmt.Sprintf("%s: may use credentials: %t, is told where they are: %t", function.ID, may[role], told))
		}
	}
	return complaints
}

// checkInvokers complains about a function that anything in a service may start.
func checkInvokers(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::Lambda::Permission") {
		if t.Resources[id].at("SourceArn") == nil {
			complaints = append(complaints, fmt.Sprintf("%s lets all of %v start a function", id, t.Resources[id].at("Principal")))
		}
	}
	return complaints
}
