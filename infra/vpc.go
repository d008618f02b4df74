package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// vpc is where the functions of names.VPCFunctions run. It is there already, and nothing of it is
// changed but for the endpoints that are added.
type vpc struct {
	id          string // "" means that the deployment has none
	subnets     []string
	routeTables []string // of the subnets
	wayOut      bool     // the subnets reach AWS already
}

var (
	vpcID        = regexp.MustCompile(`^vpc-[0-9a-f]+$`)
	subnetID     = regexp.MustCompile(`^subnet-[0-9a-f]+$`)
	routeTableID = regexp.MustCompile(`^rtb-[0-9a-f]+$`)
)

// readVPC reads the context, and refuses what would deploy and reach nothing.
func readVPC(context func(string) any) (v vpc, err error) {
	list := func(key string) (all []string) {
		for id := range strings.SplitSeq(text(context(key)), ",") {
			if id = strings.TrimSpace(id); id != "" {
				all = append(all, id)
			}
		}
		return all
	}
	endpoints := text(context(names.ContextEndpoints))
	v = vpc{id: text(context(names.ContextVPC)), subnets: list(names.ContextVPCSubnets), routeTables: list(names.ContextVPCRoutes), wayOut: endpoints == "none"}

	unlike := func(form *regexp.Regexp) func(string) bool {
		return func(id string) bool { return !form.MatchString(id) }
	}
	switch {
	case v.id == "" && (len(v.subnets) > 0 || len(v.routeTables) > 0 || endpoints != ""):
		return v, fmt.Errorf("%s, %s and %s are of a VPC: pass -c %s=vpc-... too, or leave them out", names.ContextVPCSubnets, names.ContextVPCRoutes, names.ContextEndpoints, names.ContextVPC)
	case v.id == "":
		return v, nil
	case !vpcID.MatchString(v.id):
		return v, fmt.Errorf("%s must be the id of a VPC, not %q: pass its id by -c %s", names.ContextVPC, v.id, names.ContextVPC)
	case len(v.subnets) == 0 || slices.ContainsFunc(v.subnets, unlike(subnetID)):
		return v, fmt.Errorf("%s must name subnets of the VPC, one in each of two zones: pass their ids by -c %s", names.ContextVPCSubnets, names.ContextVPCSubnets)
	case endpoints != "" && endpoints != "none":
		return v, fmt.Errorf("%s must be none or left out, not %q", names.ContextEndpoints, endpoints)
	case v.wayOut && len(v.routeTables) > 0:
		return v, fmt.Errorf("%s is for the endpoint of DynamoDB, which %s=none leaves out: pass one of them", names.ContextVPCRoutes, names.ContextEndpoints)
	case !v.wayOut && (len(v.routeTables) == 0 || slices.ContainsFunc(v.routeTables, unlike(routeTableID))):
		return v, fmt.Errorf("%s must name the route tables of the subnets: pass -c %s=rtb-..., or -c %s=none where the subnets have a way out to DynamoDB, SQS and Systems Manager",
			names.ContextVPCRoutes, names.ContextVPCRoutes, names.ContextEndpoints)
	}
	return v, nil
}

// network is the one from which a function serves connectors: none is told where there is one alone.
func (h *stackBuilder) network(f names.Function) names.Network {
	switch {
	case h.settings.vpc.id == "":
		return ""
	case f.OfVPC():
		return names.VPC
	}
	return names.Internet
}

// queueFor is the address of the queue that a function knows by an id. One in the VPC knows its own
// by those of its counterpart, and hands on to nobody.
func (h *stackBuilder) queueFor(f names.Function, id string) *string {
	if f.OfVPC() && names.OfVPC(id) {
		return jsii.String("")
	}
	if inside := names.CounterpartOf(id); f.Drains(inside) {
		id = inside
	}
	if queue := h.queues[id]; queue != nil {
		return queue.QueueUrl()
	}
	return jsii.String("")
}

// vpcPorts are those that functions in the VPC call: AWS, and directories in the clear until StartTLS, and by TLS.
var vpcPorts = []float64{443, 389, 636}

// addVPC adds the security group of the functions inside, and how they reach AWS.
func (h *stackBuilder) addVPC() {
	v := h.settings.vpc
	if v.id == "" {
		return
	}

	var out []any
	for _, port := range vpcPorts {
		for _, to := range []awsec2.CfnSecurityGroup_EgressProperty{{CidrIp: jsii.String("0.0.0.0/0")}, {CidrIpv6: jsii.String("::/0")}} {
			to.IpProtocol, to.FromPort, to.ToPort = jsii.String("tcp"), jsii.Number(port), jsii.Number(port)
			to.Description = jsii.String("AWS and directories; the list of private addresses is the functions'")
			out = append(out, &to)
		}
	}
	h.inside = awsec2.NewCfnSecurityGroup(h.stack, jsii.String("vpc-functions"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: jsii.String("Functions of " + names.StackName + " that call directories"), VpcId: jsii.String(v.id), SecurityGroupEgress: &out})

	if !v.wayOut {
		h.addEndpoints(v)
	}
}

// addEndpoints adds what functions in subnets without a way out call of AWS: the table, by the
// subnets' routes, which costs nothing; queues and credentials, by an address in each subnet.
func (h *stackBuilder) addEndpoints(v vpc) {
	service := func(name string) *string {
		return jsii.String("com.amazonaws." + *h.stack.Region() + "." + name)
	}
	awsec2.NewCfnVPCEndpoint(h.stack, jsii.String("vpc-dynamodb"), &awsec2.CfnVPCEndpointProps{
		VpcId: jsii.String(v.id), ServiceName: service("dynamodb"), VpcEndpointType: jsii.String("Gateway"), RouteTableIds: anyOf(v.routeTables...)})

	in := awsec2.NewCfnSecurityGroup(h.stack, jsii.String("vpc-endpoints"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: jsii.String("Endpoints that functions of " + names.StackName + " call"), VpcId: jsii.String(v.id),
		SecurityGroupIngress: &[]any{&awsec2.CfnSecurityGroup_IngressProperty{IpProtocol: jsii.String("tcp"), FromPort: jsii.Number(443), ToPort: jsii.Number(443),
			SourceSecurityGroupId: h.inside.AttrGroupId(), Description: jsii.String("From the functions alone")}}})
	for _, name := range []string{"sqs", "ssm"} {
		awsec2.NewCfnVPCEndpoint(h.stack, jsii.String("vpc-"+name), &awsec2.CfnVPCEndpointProps{
			VpcId: jsii.String(v.id), ServiceName: service(name), VpcEndpointType: jsii.String("Interface"), PrivateDnsEnabled: jsii.Bool(true),
			SubnetIds: anyOf(v.subnets...), SecurityGroupIds: anyOf(*in.AttrGroupId())})
	}
}

// anyOf are ids in the type in which the CDK takes lists of them.
func anyOf(ids ...string) *[]any {
	all := make([]any, len(ids))
	for i, id := range ids {
		all[i] = id
	}
	return &all
}

// putInside has a function run in the VPC.
func (h *stackBuilder) putInside(f names.Function) {
	if !f.OfVPC() {
		return
	}
	h.functions[f.ID].Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(h.settings.vpc.subnets...), SecurityGroupIds: &[]*string{h.inside.AttrGroupId()}})
}

// refuseInterfaces keeps what Lambda may do to join the VPC from the function's own code, which has
// the same role.
func (h *stackBuilder) refuseInterfaces(role awsiam.Role, f names.Function, right names.Right) {
	itself := *h.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("lambda"), Resource: jsii.String("function"),
		ResourceName: jsii.String(names.FunctionName(f.ID)), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect: awsiam.Effect_DENY, Actions: jsii.Strings(right.Actions...), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnEquals": map[string]any{"lambda:SourceFunctionArn": itself}},
	}))
}
