package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// template is a synthesized stack, as CloudFormation reads it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any
}

type resource struct {
	Type           string
	Properties     map[string]any
	Metadata       map[string]any
	DeletionPolicy string
}

// onAWS and onEmulator are the two deployments, onDomain one that answers at a domain of its
// own alone, inVPC one with a VPC and wayOut one whose VPC reaches AWS already. They are synthesized once: that takes seconds.
var onAWS, onEmulator, onDomain, inVPC, wayOut template

func TestMain(m *testing.M) {
	code := 1
	if err := synthesizeBoth(); err != nil {
		fmt.Fprintln(os.Stderr, "synthesize (needs node on the path):", err)
	} else {
		code = m.Run()
	}
	jsii.Close()
	os.Exit(code)
}

func synthesizeBoth() (err error) {
	dir, err := os.MkdirTemp("", "infra")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	// The code of the functions is of no interest here, only that there is some.
	for _, function := range names.Functions {
		folder := filepath.Join(dir, "dist", function.ID)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "bootstrap"), []byte(function.ID), 0o755); err != nil {
			return err
		}
	}

	if onAWS, err = synthesize(dir, "aws", deployment(nil)); err != nil {
		return err
	}
	if onDomain, err = synthesize(dir, "domain", deployment(map[string]any{names.ContextPublicURL: "https://access.example.com", names.ContextEndpoint: "off"})); err != nil {
		return err
	}
	if inVPC, err = synthesize(dir, "vpc", deployment(withVPC)); err != nil {
		return err
	}
	out := maps.Clone(withVPC)
	out[names.ContextEndpoints], out[names.ContextVPCRoutes] = "none", nil
	if wayOut, err = synthesize(dir, "wayout", deployment(out)); err != nil {
		return err
	}
	onEmulator, err = synthesize(dir, "emulator", deployment(map[string]any{names.ContextEmulator: "true", names.ContextAlarmEmail: "ops@example.com"}))
	return err
}

func synthesize(dir, name string, context func(string) any) (template, error) {
	s, err := readSettings(context)
	if err != nil {
		return template{}, err
	}
	out := filepath.Join(dir, name)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out), AnalyticsReporting: jsii.Bool(false)})
	newStack(app, s, filepath.Join(dir, "dist"))
	app.Synth(nil)

	text, err := os.ReadFile(filepath.Join(out, names.StackName+".template.json"))
	if err != nil {
		return template{}, err
	}
	var t template
	return t, json.Unmarshal(text, &t)
}

// deployment returns a whole context, with some keys changed; nil takes a key away.
func deployment(changed map[string]any) func(string) any {
	context := map[string]any{
		names.ContextIssuers:    `[{"issuer":"https://id.example.com","keySet":"https://id.example.com/keys","audience":"leasehold"}]`,
		names.ContextFirstAdmin: "https://id.example.com|17",
	}
	maps.Copy(context, changed)
	return func(key string) any { return context[key] }
}

// withVPC is the context of a deployment with a VPC.
var withVPC = map[string]any{names.ContextVPC: "vpc-0a1b", names.ContextVPCSubnets: "subnet-0a, subnet-0b", names.ContextVPCRoutes: "rtb-0a"}

// queues and functions are those that the deployment ought to have: with security groups, those in
// the VPC too.
func (t template) queues() []names.Queue {
	queues, _ := names.Deployed(len(t.ofType("AWS::EC2::SecurityGroup")) > 0)
	return queues
}

func (t template) functions() []names.Function {
	_, functions := names.Deployed(len(t.ofType("AWS::EC2::SecurityGroup")) > 0)
	return functions
}

// clone returns a copy that a test may spoil.
func (t template) clone() template {
	text, _ := json.Marshal(t)
	var copied template
	json.Unmarshal(text, &copied)
	return copied
}

// ofType returns the logical ids of all resources of the type, sorted.
func (t template) ofType(kind string) []string {
	var ids []string
	for id, r := range t.Resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// function returns the logical id of one of our functions, or "".
func (t template) function(id string) string {
	for _, logical := range t.ofType("AWS::Lambda::Function") {
		if t.Resources[logical].at("FunctionName") == names.StackName+"-"+id {
			return logical
		}
	}
	return ""
}

// at walks into the properties: map members by name.
func (r resource) at(path ...string) any { return at(r.Properties, path...) }

func at(value any, path ...string) any {
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// refersTo returns the logical id behind a Ref or Fn::GetAtt, or "".
func refersTo(value any) string {
	if id, ok := at(value, "Ref").(string); ok {
		return id
	}
	if parts, ok := at(value, "Fn::GetAtt").([]any); ok && len(parts) > 0 {
		id, _ := parts[0].(string)
		return id
	}
	return ""
}

// flat writes a value with intrinsics as one text, references as ${id}.
func flat(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	if id := refersTo(value); id != "" {
		return "${" + id + "}"
	}
	if join, ok := at(value, "Fn::Join").([]any); ok && len(join) == 2 {
		var parts []string
		for _, part := range listOf(join[1]) {
			parts = append(parts, flat(part))
		}
		separator, _ := join[0].(string)
		return strings.Join(parts, separator)
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// listOf reads what CloudFormation lets stand alone or in a list.
func listOf(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}
