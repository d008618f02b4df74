// Package readme runs what the README has one type, in its own words.
package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the checkout, as seen from this package's folder, where tests run.
var root = filepath.Join("..", "..", "..")

// instead says of each command of the README why it is not run to its end, but only looked
// at by make; "" means that it is run.
var instead = map[string]string{
	"make run": "", "WAIT=no make run": "", "make down": "", ". .local/env": "",
	`curl -H "Authorization: Bearer $(make -s token AS=member)" "$LEASEHOLD_URL/v1.0/me"`: "",
	"make token AS=member": "", "make help": "", "make logs-<fn>": "", "make invoke-<fn>": "", "make dlq": "", "make show-item ITEM=request/<id>": "", "make verify-audit": "",
	"curl <Url>/health": "",

	"make dev": "", `curl "$LEASEHOLD_ISSUER/token?as=member"`: "", `curl -X POST "$LEASEHOLD_ISSUER/sweep"`: "",

	`make bootstrap CONTEXT="$CONTEXT"`: "", `make diff CONTEXT="$CONTEXT"`: "", `make deploy CONTEXT="$CONTEXT"`: "", `make destroy CONTEXT="$CONTEXT"`: "",

	"make sim RUN=4711": "",

	"make test":         "it is what runs this",
	"make test-clients": "it compiles one of the clients for minutes; .ci/run does it last",
	"make verify":       "it asks the network for known vulnerabilities",
	"go test ./pkg/delivery -run TestL8_F31 -v": "it is a test, which make test runs",
	"make pages":                        "it writes into the checkout; make verify runs it with --check",
	"make lint-template":                "it installs 500 MB",
	"make sim":                          "it takes minutes",
	"make sim RUNS=100000":              "it takes minutes",
	"make sim FIRST=800001 RUNS=100000": "it takes minutes",
	"make conditions":                   "it takes hours",
	"make mutate":                       "it takes an hour",
	"make figures":                      "it takes minutes",
	"EMULATOR=localstack make run":      "it installs 510 MB",

	"aws ssm put-parameter --type SecureString --name /leasehold/Leasehold/sign-in/login-example --value file://secret.txt": "it needs an account of AWS; localstack/rights reads such a parameter",
	"make e2e-localstack": "it installs 510 MB",
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")
	quoted = regexp.MustCompile("`([^`\n]+)`")
	typed  = regexp.MustCompile(`^([A-Z]+=\S* )?(make|curl|npm|npx|go|docker|\.) `)
	remark = regexp.MustCompile(` +# .*$`)
	export = regexp.MustCompile(`^export [A-Z]+=`)
)

// readme is the README's text.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commands are those of a text: every line of its shell blocks, and what stands in a
// sentence and begins like one. Settings for later lines are apart.
func commands(text string) (typedIn, settings []string) {
	add := func(line string) {
		switch line = remark.ReplaceAllString(strings.TrimSpace(line), ""); {
		case line == "":
		case export.MatchString(line):
			settings = append(settings, line)
		case !slices.Contains(typedIn, line):
			typedIn = append(typedIn, line)
		}
	}
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			add(line)
		}
	}
	for _, span := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		if typed.MatchString(span[1]) {
			add(span[1])
		}
	}
	return typedIn, settings
}

func TestCommandsAreFound(t *testing.T) {
	text := "Say `make run`, or `WAIT=no make run` in `make`.\n\n```sh\n. .local/env\ncurl x#y # see\n\n```\n\n1. Then:\n\n   ```sh\n   export A=\"b c\"\n   make run   # again\n   ```\n\n```text\nmake nothing\n```\n"
	got, settings := commands(text)
	if want := []string{". .local/env", "curl x#y", "make run", "WAIT=no make run"}; !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
	if want := []string{`export A="b c"`}; !slices.Equal(settings, want) {
		t.Errorf("settings %q, want %q", settings, want)
	}
}

// A command that nobody runs is one that nobody knows to work.
func TestEveryCommandOfTheREADMEIsKnown(t *testing.T) {
	found, _ := commands(readme(t))
	for _, each := range found {
		if _, known := instead[each]; !known {
			t.Errorf("the README says %q, and nothing here runs it", each)
		}
	}
	for each := range instead {
		if !slices.Contains(found, each) {
			t.Errorf("%q is run here, and the README does not say it", each)
		}
	}
}
