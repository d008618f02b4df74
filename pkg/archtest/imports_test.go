package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the checkout, as seen from this package's folder, where tests run.
var root = filepath.Join("..", "..")

// command runs a tool in the checkout and returns what it prints.
func command(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = root
	var complaints bytes.Buffer
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, complaints.String())
	}
	return out
}

// listed is what the go command says of one package.
type listed struct {
	ImportPath                               string
	Imports, TestImports, XTestImports, Deps []string
}

func list(t *testing.T) []listed {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(command(t, "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps",
		"./pkg/...", "./functions/...", "./infra/...", "./localstack/...")))
	var packages []listed
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestImports(t *testing.T) {
	g, linked := graph{}, map[string][]string{}
	for _, p := range list(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		g[path] = node{imports: p.Imports, testImports: slices.Concat(p.TestImports, p.XTestImports)}
		if within(path, "functions") {
			linked[path] = p.Deps
		}
	}
	if len(g) == 0 {
		t.Fatal("the go command found no packages")
	}

	for _, complaint := range slices.Concat(checkImports(g), checkCDK(g), checkLinked(linked)) {
		t.Error(complaint)
	}
}

// Every rule is shown to fail on a tree that breaks it, and to let pass what it must.
func TestImportRules(t *testing.T) {
	tests := map[string]struct {
		from, imports string
		want          string // "" means that it is fine
	}{
		"function, its own wiring":          {"functions/deliver", "leasehold/pkg/app/deliver", ""},
		"function, another's wiring":        {"functions/deliver", "leasehold/pkg/app/requests", "may not import"},
		"function, the shared wiring":       {"functions/deliver", "leasehold/pkg/app/base", "may not import"},
		"function, the runtime":             {"functions/deliver", lambda + "/lambda", ""},
		"function, the contract":            {"functions/deliver", "leasehold/pkg/names", ""},
		"function, a store":                 {"functions/deliver", "leasehold/pkg/dynamo", "may not import"},
		"function, the SDK":                 {"functions/deliver", sdk + "/service/sqs", "may not import"},
		"infra, the contract":               {"infra", "leasehold/pkg/names", ""},
		"infra, the CDK":                    {"infra", cdk + "/awscdk/v2/awssqs", ""},
		"infra, anything else of ours":      {"infra", "leasehold/pkg/config", "may not import"},
		"wiring, the CDK":                   {"pkg/app/base", cdk + "/awscdk/v2", "may not import"},
		"wiring, everything":                {"pkg/app/base", "leasehold/pkg/dynamo", ""},
		"wiring, a client":                  {"pkg/app/base", sdk + "/service/dynamodb", ""},
		"wiring, a program":                 {"pkg/app/base", "leasehold/localstack/seed", "may not import"},
		"use case, the domain":              {"pkg/requests", "leasehold/pkg/entitlement", ""},
		"use case, another use case":        {"pkg/requests", "leasehold/pkg/delivery", "may not import"},
		"use case, a store":                 {"pkg/catalogs", "leasehold/pkg/dynamo", "may not import"},
		"use case, the contract":            {"pkg/requests", "leasehold/pkg/names", ""},
		"use case, the wire":                {"pkg/lifecycle", "leasehold/pkg/graph", "may not import"},
		"use case, another module":          {"pkg/requests", jose, "may not import"},
		"delivery, a connector":             {"pkg/delivery", "leasehold/pkg/connector", ""},
		"delivery, one connector":           {"pkg/delivery", "leasehold/pkg/connector/scim", "may not import"},
		"requests, a connector":             {"pkg/requests", "leasehold/pkg/connector", "may not import"},
		"directory, a store":                {"pkg/directory", "leasehold/pkg/dynamo", "may not import"},
		"store, the SDK":                    {"pkg/dynamo", sdk + "/service/dynamodb", ""},
		"store, a use case":                 {"pkg/dynamo", "leasehold/pkg/requests", "may not import"},
		"engine, what it stands under":      {"pkg/dynamo/engine", "leasehold/pkg/dynamo", "may not import"},
		"connector, the SDK":                {"pkg/connector/scim", sdk + "/service/sqs", "may not import"},
		"connector that needs it, the SDK":  {"pkg/connector/webhook", sdk + "/service/lambda", ""},
		"connector, a shared part":          {"pkg/connector/scim", "leasehold/pkg/connector/outbound", ""},
		"connector, delivery":               {"pkg/connector/scim", "leasehold/pkg/delivery", "may not import"},
		"use case, groups of goroutines":    {"pkg/delivery", errs, ""},
		"domain, groups of goroutines":      {"pkg/entitlement", errs, "may not import"},
		"domain, the standard library":      {"pkg/entitlement", "crypto/sha256", ""},
		"domain, another module":            {"pkg/entitlement", jose, "may not import"},
		"domain, the clock":                 {"pkg/entitlement", "leasehold/pkg/clock", "may not import"},
		"contract, the domain":              {"pkg/names", "leasehold/pkg/entitlement", "may not import"},
		"clock, the contract":               {"pkg/clock", "leasehold/pkg/names", "may not import"},
		"wire, a use case":                  {"pkg/graph", "leasehold/pkg/requests", ""},
		"wire, a store":                     {"pkg/graph", "leasehold/pkg/dynamo", "may not import"},
		"wire, events of Lambda":            {"pkg/graph", lambda + "/events", "may not import"},
		"pages, a store":                    {"pkg/portal", "leasehold/pkg/dynamo", "may not import"},
		"adapter, events of Lambda":         {"pkg/lambdaio", lambda + "/events", ""},
		"anybody, a function":               {"localstack/stories", "leasehold/functions/deliver", "may not import"},
		"function, sign-in for development": {"functions/catalogs", "leasehold/localstack/dev/issuer", "may not import"},
		"sign-in, the same":                 {"pkg/authn", "leasehold/localstack/dev/issuer", "may not import"},
		"local, its own":                    {"localstack", "leasehold/localstack/components", ""},
		"package that nobody planned":       {"pkg/helpers", "fmt", "no row"},
		"name that only begins alike":       {"pkg/dynamodump", "fmt", "no row"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expect(t, checkImports(graph{tt.from: {imports: []string{tt.imports}}}), tt.want)
		})
	}
}

func TestCDKRule(t *testing.T) {
	tests := map[string]struct {
		g    graph
		want string
	}{
		"infra":                  {graph{"infra": {imports: []string{cdk + "/awscdk/v2"}, testImports: []string{jsii}}}, ""},
		"a test elsewhere":       {graph{"pkg/archtest": {testImports: []string{cdk + "/awscdk/v2/assertions"}}}, "pkg/archtest needs the CDK"},
		"code elsewhere":         {graph{"pkg/app/base": {imports: []string{tree + "/v10"}}}, "pkg/app/base needs the CDK"},
		"through infra":          {graph{"localstack": {imports: []string{"leasehold/infra"}}}, "localstack needs the CDK"},
		"name that begins alike": {graph{"pkg/infrared": {imports: []string{cdk + "ish"}}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { expect(t, checkCDK(tt.g), tt.want) })
	}
}

func TestLinkedRule(t *testing.T) {
	for _, banned := range unlinked {
		t.Run(banned, func(t *testing.T) {
			expect(t, checkLinked(map[string][]string{"functions/deliver": {"fmt", banned}}), "functions/deliver links "+banned)
		})
	}
	expect(t, checkLinked(map[string][]string{"functions/catalogs": {"fmt", "leasehold/pkg/authn", "leasehold/localstack/dev/issuer"}}), "functions/catalogs links leasehold/localstack")
	expect(t, checkLinked(map[string][]string{"functions/deliver": {"fmt", sdk + "/aws", "leasehold/pkg/dynamo"}}), "")
}

// expect compares complaints with the one that is wanted, or with none.
func expect(t *testing.T, complaints []string, want string) {
	t.Helper()
	if want == "" && len(complaints) > 0 {
		t.Errorf("complaints = %q, want none", complaints)
	}
	if want != "" && (len(complaints) != 1 || !strings.Contains(complaints[0], want)) {
		t.Errorf("complaints = %q, want one with %q", complaints, want)
	}
}
