package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

func TestR273_WithoutTheSettingNothingOfAVPCIsInTheTemplate(t *testing.T) {
	for name, deployed := range map[string]template{"AWS": onAWS, "emulator": onEmulator} {
		for id, r := range deployed.Resources {
			if strings.HasPrefix(r.Type, "AWS::EC2::") || r.at("VpcConfig") != nil || strings.Contains(strings.ToLower(id), "vpc") {
				t.Errorf("%s: %s of the type %s", name, id, r.Type)
			}
		}
		for _, f := range deployed.functions() {
			variables, _ := deployed.Resources[deployed.function(f.ID)].at("Environment", "Variables").(map[string]any)
			for key, value := range variables {
				if of := key == string(names.EnvNetwork) || strings.HasSuffix(key, "_VPC"); of && value != "" {
					t.Errorf("%s: %s is told of a VPC: %s is %v", name, f.ID, key, value)
				}
			}
		}
	}
}

func TestR273_OnlyTheCopiesRunInTheVPCAndEachIsToldOfItsOwnQueues(t *testing.T) {
	for name, deployed := range map[string]template{"VPC": inVPC, "way out": wayOut} {
		for _, f := range deployed.functions() {
			function := deployed.Resources[deployed.function(f.ID)]
			subnets := listOf(function.at("VpcConfig", "SubnetIds"))
			if inside := slices.Equal(subnets, []any{"subnet-0a", "subnet-0b"}); inside != f.OfVPC() {
				t.Errorf("%s: %s runs in %v", name, f.ID, subnets)
			}

			variables, _ := function.at("Environment", "Variables").(map[string]any)
			network := names.Internet
			if f.OfVPC() {
				network = names.VPC
			}
			if slices.Contains(f.Env(), names.EnvNetwork) && variables[string(names.EnvNetwork)] != string(network) {
				t.Errorf("%s: the network of %s is %v", name, f.ID, variables[string(names.EnvNetwork)])
			}
		}

		// The code knows its queues by the same words in both networks.
		for id, queues := range map[string][4]string{
			names.Deliver:    {names.DeliverUrgent, names.DeliverBulk, names.VPCUrgent, names.VPCBulk},
			names.DeliverVPC: {names.VPCUrgent, names.VPCBulk, "", ""},
			names.DriftVPC:   {"-", names.DeliverBulk, "-", "-"},
		} {
			variables, _ := deployed.Resources[deployed.function(id)].at("Environment", "Variables").(map[string]any)
			for i, key := range []names.EnvKey{names.EnvUrgentQueue, names.EnvBulkQueue, names.EnvVPCUrgentQueue, names.EnvVPCBulkQueue} {
				got := "-"
				if value, told := variables[string(key)]; told {
					queue, _ := deployed.Resources[refersTo(value)].at("QueueName").(string)
					got = strings.TrimPrefix(queue, names.StackName+"-")
				}
				if got != queues[i] {
					t.Errorf("%s: %s of %s is the queue %q, want %q", name, key, id, got, queues[i])
				}
			}
		}
	}
}

func TestR273_TheVPCReachesTheTableTheQueuesAndTheCredentials(t *testing.T) {
	got := map[string]string{}
	for _, id := range inVPC.ofType("AWS::EC2::VPCEndpoint") {
		r := inVPC.Resources[id]
		service := flat(r.at("ServiceName"))
		kind, _ := r.at("VpcEndpointType").(string)
		got[service[strings.LastIndex(service, ".")+1:]] = kind
		if r.at("VpcId") != "vpc-0a1b" || kind == "Gateway" && !containsValue(r.at("RouteTableIds"), "rtb-0a") ||
			kind == "Interface" && (len(listOf(r.at("SubnetIds"))) != 2 || r.at("PrivateDnsEnabled") != true || len(listOf(r.at("SecurityGroupIds"))) != 1) {
			t.Errorf("%s is %v", service, r.Properties)
		}
	}
	if len(got) != 3 || got["dynamodb"] != "Gateway" || got["sqs"] != "Interface" || got["ssm"] != "Interface" {
		t.Errorf("endpoints: %v", got)
	}
	if others := wayOut.ofType("AWS::EC2::VPCEndpoint"); len(others) != 0 {
		t.Errorf("the VPC has a way out, and is given %v", others)
	}

	// Nothing may call the functions, and they call AWS and directories.
	for _, id := range inVPC.ofType("AWS::EC2::SecurityGroup") {
		r := inVPC.Resources[id]
		for _, from := range listOf(r.at("SecurityGroupIngress")) {
			if at(from, "CidrIp") != nil || at(from, "CidrIpv6") != nil || at(from, "FromPort") != 443.0 {
				t.Errorf("%s lets in %v", id, from)
			}
		}
		for _, to := range listOf(r.at("SecurityGroupEgress")) {
			if port, _ := at(to, "FromPort").(float64); at(to, "IpProtocol") != "tcp" || at(to, "ToPort") != port || !slices.Contains(vpcPorts, port) {
				t.Errorf("%s lets out %v", id, to)
			}
		}
	}
}

// What Lambda may do to join the VPC, the function's own code may not.
func TestR273_TheCodeOfAFunctionCannotMakeInterfaces(t *testing.T) {
	for _, f := range inVPC.functions() {
		if !f.OfVPC() {
			continue
		}
		role, refused := refersTo(inVPC.Resources[inVPC.function(f.ID)].at("Role")), false
		for _, id := range inVPC.ofType("AWS::IAM::Policy") {
			for _, statement := range statements(inVPC.Resources[id].Properties) {
				refused = refused || refersTo(listOf(inVPC.Resources[id].at("Roles"))[0]) == role && at(statement, "Effect") == "Deny" &&
					slices.Equal(listOf(at(statement, "Action")), joinsVPC) &&
					strings.HasSuffix(flat(at(statement, "Condition", "ArnEquals", "lambda:SourceFunctionArn")), ":function:"+names.FunctionName(f.ID))
			}
		}
		if !refused {
			t.Errorf("%s may make and delete interfaces by itself", f.ID)
		}
	}
}

// What a VPC costs is counted in the templates, and said in the README.
func TestR273_TheReadmeSaysWhatAVPCCosts(t *testing.T) {
	const (
		hours, endpoint  = 730, 0.01            // of a month; an interface endpoint in a zone
		metric           = 0.10                 // of an alarm
		poll             = 5 * 3 * 60 * hours   // of a queue: five at once, 20 s each
		asked            = 0.40 / 1e6           // a call of SQS
		runs, run        = 12 * hours, 0.2 / 2  // every five minutes; GB-s, with half a gigabyte
		second, invoking = 0.0000133334, 0.2e-6 // of a gigabyte on arm64; a call of Lambda
	)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}

	count := func(of template) (endpoints, metrics, queues, schedules int) {
		for _, id := range of.ofType("AWS::EC2::VPCEndpoint") {
			endpoints += len(listOf(of.Resources[id].at("SubnetIds")))
		}
		for _, id := range of.ofType("AWS::CloudWatch::Alarm") {
			metrics++
			if parts := listOf(of.Resources[id].at("Metrics")); len(parts) > 0 {
				metrics += len(parts) - 2 // one of them is the formula
			}
		}
		return endpoints, metrics, len(of.ofType("AWS::Lambda::EventSourceMapping")), len(of.ofType("AWS::Events::Rule"))
	}
	_, metrics, queues, schedules := count(onAWS)
	var rows [5][]float64
	for _, of := range []template{inVPC, wayOut, onAWS} {
		e, m, q, s := count(of)
		costs := []float64{float64(e) * hours * endpoint, float64(m-metrics) * metric, float64(q-queues) * poll * asked, float64(s-schedules) * runs * (run*second + invoking)}
		together := 0.0
		for i, cost := range costs {
			rows[i], together = append(rows[i], cost), together+cost
		}
		rows[4] = append(rows[4], together)
	}
	for i, row := range rows {
		form := "| $%.2f | $%.2f | $%.2f |"
		if i == 4 {
			form = "| **$%.2f** | **$%.2f** | **$%.2f** |"
		}
		if want := fmt.Sprintf(form, row[0], row[1], row[2]); !strings.Contains(string(readme), want) {
			t.Errorf("the README does not say %s", want)
		}
	}
}
