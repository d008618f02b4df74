package archtest

import (
	"fmt"
	"slices"
	"strings"
)

const module = "leasehold/"

// node is one package as the go command sees it, paths in full.
type node struct {
	imports     []string // of the package itself
	testImports []string // of its tests
}

// graph is the module's packages by path below the module: "pkg/names".
type graph map[string]node

// rule says what a package and those below it may import: of ours by path below
// pkg, a star at the end meaning all that begin so; of other modules by prefix.
// The standard library is free, but for what rules of their own say.
type rule struct {
	ours   []string
	others []string
}

const (
	lambda    = "github.com/aws/aws-lambda-go"
	sdk       = "github.com/aws/aws-sdk-go-v2"
	smithy    = "github.com/aws/smithy-go"
	cdk       = "github.com/aws/aws-cdk-go"
	jsii      = "github.com/aws/jsii-runtime-go"
	tree      = "github.com/aws/constructs-go"
	json2     = "github.com/go-json-experiment/json"
	jose      = "github.com/go-jose/go-jose"
	goldap    = "github.com/go-ldap/ldap"
	ber       = "github.com/go-asn1-ber/asn1-ber"
	cedar     = "github.com/cedar-policy/cedar-go"
	rapid     = "pgregory.net/rapid"
	gocmp     = "github.com/google/go-cmp"
	errs      = "golang.org/x/sync/errgroup"
	templ     = "github.com/a-h/templ"
	hypertext = "golang.org/x/net/html"
	words     = "golang.org/x/text"
	oidc      = "github.com/coreos/go-oidc"
	oauth2    = "golang.org/x/oauth2"
	ownApp    = "app/<own name>" // in a function's rule: its own wiring
)

var (
	useCase = rule{ours: []string{"order", "entitlement", "names", "clock", "authz"}, others: []string{errs}}
	adapter = rule{ours: []string{"order", "entitlement", "names", "clock", "connector*", "secrets"}, others: []string{json2, errs}}
	pages   = rule{ours: []string{"order", "catalogs", "exports", "requests", "delivery", "lifecycle", "directory", "views", "entitlement", "authn", "authz", "obs", "names", "clock", "graph*", "csvfile"}, others: []string{json2}}
	support = rule{ours: []string{"*"}, others: []string{rapid, gocmp}}
)

// rules is the plan of the imports. A package without a row is not part of it:
// the row comes with the package.
var rules = map[string]rule{
	"functions":  {ours: []string{ownApp, "config", "lambdaio", "obs", "names"}, others: []string{lambda}},
	"infra":      {ours: []string{"names"}, others: []string{cdk, jsii, tree}},
	"localstack": {ours: []string{"*"}, others: []string{lambda, sdk, smithy, json2, jose, errs, hypertext}},

	"pkg/names":       {},
	"pkg/clock":       {},
	"pkg/order":       {},
	"pkg/entitlement": {ours: []string{"order"}},

	"pkg/config":   {ours: []string{"names"}, others: []string{json2}},
	"pkg/obs":      {ours: []string{"entitlement", "names"}},
	"pkg/lambdaio": {ours: []string{"entitlement", "obs"}, others: []string{lambda}},

	"pkg/authz":    {ours: []string{"entitlement"}, others: []string{cedar}},
	"pkg/authn":    {ours: []string{"entitlement", "clock", "obs"}, others: []string{jose, json2}},
	"pkg/audit":    useCase,
	"pkg/catalogs": useCase.and("idempotency"),
	"pkg/requests": useCase.and("approvers", "idempotency"),
	"pkg/delivery": useCase.and("connector"),
	// How many shards there are is part of the contract, and the sweep walks them.
	"pkg/lifecycle": useCase.and("names", "approvers"),
	"pkg/approvers": useCase,
	"pkg/views":     useCase,
	"pkg/csvfile":   useCase.and("views"),
	"pkg/directory": useCase.and("names", "connector", "secrets", "idempotency"),

	"pkg/idempotency": useCase,
	"pkg/exports":     useCase,

	"pkg/dynamo":    adapter.andOthers(sdk, smithy),
	"pkg/queue":     adapter.andOthers(sdk, smithy),
	"pkg/secrets":   adapter.andOthers(sdk, smithy),
	"pkg/notify":    adapter.andOthers(sdk, smithy),
	"pkg/objects":   adapter.andOthers(sdk),
	"pkg/connector": adapter,
	// It stands in for AWS, and hands out what its callers sign with.
	"pkg/connector/connectortest/identityserver": adapter.andOthers(sdk),

	// The engine stands in for the service, and takes nothing of what is tested on it.
	"pkg/dynamo/engine":     {ours: []string{"names"}, others: []string{sdk, smithy}},
	"pkg/dynamo/faults":     adapter.and("dynamo*").andOthers(sdk, smithy),
	"pkg/dynamo/dynamotest": adapter.and("dynamo*").andOthers(sdk, smithy),

	"pkg/connector/identitycenter":          adapter.andOthers(sdk),
	"pkg/connector/ldap":                    adapter.andOthers(goldap, ber),
	"pkg/connector/msgraph":                 adapter.andOthers(jose, oauth2),
	"pkg/connector/entra":                   adapter.andOthers(jose, oauth2),
	"pkg/connector/sharepoint":              adapter.andOthers(oauth2),
	"pkg/connector/webhook":                 adapter.andOthers(sdk, smithy),
	"pkg/connector/remote":                  adapter.and("obs"),
	"pkg/connector/scim":                    adapter.andOthers(oauth2),
	"pkg/connector/tokens":                  adapter.andOthers(oauth2),
	"pkg/connector/webidentity":             adapter.andOthers(sdk),
	"pkg/connector/connectortest/stsserver": adapter.andOthers(jose),

	"pkg/connector/connectortest/adserver": adapter.andOthers(goldap, ber),
	"pkg/connector/connectortest/slapd":    adapter.andOthers(goldap, ber),

	"pkg/graph":  pages.and("publicurl"),
	"pkg/portal": pages.and("publicurl", "sessions", "signin", "timezone").andOthers(templ, words, errs),

	"pkg/timezone":  {},
	"pkg/publicurl": {},
	"pkg/sessions":  useCase,
	"pkg/signin":    {ours: []string{"entitlement"}, others: []string{oidc, oauth2}},

	"pkg/app": {ours: []string{"*"}, others: []string{sdk, smithy, json2, errs}},

	"pkg/storetest": support,
	// The simulator tells the calls of DynamoDB apart by what is sent.
	"pkg/sim":      {ours: []string{"*"}, others: []string{rapid, lambda, sdk}},
	"pkg/archtest": {},
}

func (r rule) and(ours ...string) rule {
	return rule{ours: slices.Concat(r.ours, ours), others: r.others}
}

func (r rule) andOthers(others ...string) rule {
	return rule{ours: r.ours, others: slices.Concat(r.others, others)}
}

// checkImports complains about every import that the plan does not have.
func checkImports(g graph) (complaints []string) {
	for path, n := range g {
		r, ok := ruleOf(path)
		if !ok {
			complaints = append(complaints, path+" has no row in the plan of archtest")
			continue
		}
		for _, imported := range n.imports {
			if !r.allows(path, imported) {
				complaints = append(complaints, path+" may not import "+imported)
			}
		}
	}
	slices.Sort(complaints)
	return complaints
}

// ruleOf returns the row of the package or of the nearest folder above it.
func ruleOf(path string) (rule, bool) {
	for {
		if r, ok := rules[path]; ok {
			return r, true
		}
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			return rule{}, false
		}
		path = path[:slash]
	}
}

func (r rule) allows(path, imported string) bool {
	if ours, isOurs := strings.CutPrefix(imported, module); isOurs {
		return r.allowsOurs(path, ours)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // standard library
	}
	return slices.ContainsFunc(r.others, func(prefix string) bool { return within(imported, prefix) })
}

func (r rule) allowsOurs(path, imported string) bool {
	if top, _, _ := strings.Cut(path, "/"); top == "localstack" && within(imported, "localstack") {
		return true
	}
	target, inPkg := strings.CutPrefix(imported, "pkg/")
	if !inPkg {
		return false // nobody imports a program
	}
	for _, allowed := range r.ours {
		if allowed == ownApp {
			allowed = "app/" + strings.TrimPrefix(path, "functions/")
		}
		if prefix, open := strings.CutSuffix(allowed, "*"); target == allowed || open && strings.HasPrefix(target, prefix) {
			return true
		}
	}
	return false
}

// within tells whether a path is the folder or below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// checkCDK complains when anything but infra, tests included, needs the CDK to compile.
func checkCDK(g graph) (complaints []string) {
	for path, n := range g {
		if within(path, "infra") {
			continue
		}
		for _, imported := range slices.Concat(n.imports, n.testImports) {
			if within(imported, cdk) || within(imported, jsii) || within(imported, tree) || within(imported, module+"infra") {
				complaints = append(complaints, path+" needs the CDK: "+imported)
			}
		}
	}
	return complaints
}

// unlinked is what no function may carry, not even through others: what is for
// tests, what is for deploying, what is for this machine alone (above all the issuer that
// gives tokens without a password), and the SDK's set-up, which is 2 MB for a few variables.
var unlinked = []string{
	sdk + "/config", cdk, jsii, tree, rapid, gocmp, "testing", "net/http/httptest",
	module + "pkg/dynamo/engine", module + "pkg/dynamo/faults", module + "pkg/dynamo/dynamotest", module + "pkg/storetest", module + "pkg/connector/connectortest", module + "pkg/sim", module + "pkg/archtest",
	module + "localstack",
}

// checkLinked complains about what a function carries that it should not; linked
// is each function's whole set of packages.
func checkLinked(linked map[string][]string) (complaints []string) {
	for function, packages := range linked {
		for _, banned := range unlinked {
			if slices.ContainsFunc(packages, func(path string) bool { return within(path, banned) }) {
				complaints = append(complaints, fmt.Sprintf("%s links %s", function, banned))
			}
		}
	}
	return complaints
}
