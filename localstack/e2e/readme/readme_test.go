package readme

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// TestEveryCommandOfTheREADMEWorks types them into a fresh checkout, those for AWS against
// an emulator. It is part of `make e2e`.
func TestEveryCommandOfTheREADMEWorks(t *testing.T) {
	if os.Getenv("LEASEHOLD_E2E") != "1" {
		t.Skip("the README's commands are typed by `make e2e`")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("there is no curl here, with which the README calls the API")
	}
	c := newCheckout(t)
	for _, of := range []struct {
		name string
		do   func(*checkout)
	}{
		{"what is only looked at", onlyLookedAt}, {"the quick one", quick}, {"the stack", onThisMachine}, {"the proof", proof}, {"AWS", onAWS},
	} {
		t.Run(of.name, func(t *testing.T) {
			of.do(&checkout{T: t, dir: c.dir, done: c.done})
		})
	}
	for command, reason := range instead {
		if reason == "" && !c.done[command] {
			t.Errorf("nobody has typed %q", command)
		}
	}
}

// onlyLookedAt has make say what it would do.
func onlyLookedAt(c *checkout) {
	for command, reason := range instead {
		if reason == "" {
			continue
		}
		c.Logf("not run, since %s: %s", reason, command)
		if strings.HasPrefix(command, "aws ") {
			continue // there is nothing to say what it would do, nor need it be on the machine
		}

		ctx, cancel := context.WithTimeout(c.Context(), limit)
		said, err := c.shell(ctx, "MAKEFLAGS=n; export MAKEFLAGS; "+command).CombinedOutput()
		cancel()
		if err != nil || len(said) == 0 {
			c.Errorf("%s: %v\n%s", command, err, tail(said))
		}
	}
	if said := c.types("make help", nil); !contains(said, "make run", "make deploy") {
		c.Errorf("make help says %s", said)
	}
}

// quick is `make dev`, and what is said of its issuer.
func quick(c *checkout) {
	interrupt := c.holds("make dev", "Everything is in memory")
	settings := []string{". .local/dev.env"}
	if token := c.types(`curl "$LEASEHOLD_ISSUER/token?as=member"`, silent(settings)); !contains(token, "eyJ") {
		c.Errorf("no token: %s", token)
	}
	if said := c.types(`curl -X POST "$LEASEHOLD_ISSUER/sweep"`, silent(settings)); said != "" {
		c.Errorf("a sweep by hand: %s", said)
	}
	interrupt()
	if c.has(".local/dev.env") {
		c.Error("make dev leaves its settings behind")
	}
}

// silent has curl say nothing but the answer, which CombinedOutput would mix with its meter.
func silent(before []string) []string {
	return append(slices.Clone(before), "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }")
}

// onThisMachine is `make run` until Ctrl-C, and once more in the background.
func onThisMachine(c *checkout) {
	interrupt := c.holds("make run", "stops everything")
	if !c.has(".local/env") {
		c.Error("make run writes no addresses")
	}
	interrupt()
	if c.has(".local/env") {
		c.Error("Ctrl-C leaves the addresses behind")
	}

	c.types("WAIT=no make run", nil)
	settings := []string{". .local/env"}
	c.types(". .local/env", nil)
	me := c.types(`curl -H "Authorization: Bearer $(make -s token AS=member)" "$LEASEHOLD_URL/v1.0/me"`, silent(settings))
	if !contains(me, `"userPrincipalName"`, "northwind.example") {
		c.Errorf("who is member: %s", me)
	}
	member := regexp.MustCompile(`"id":"([0-9a-f-]{36})"`).FindStringSubmatch(me)
	if member == nil {
		c.Fatalf("who is member has no id: %s", me)
	}
	if said := c.types("make show-item ITEM=request/<id>", nil, "request/<id>", "user/"+member[1]); !contains(said, "user, version", "member@northwind.example") {
		c.Errorf("what is stored of member: %s", said)
	}
	if token := c.types("make token AS=member", nil); !contains(token, "eyJ") {
		c.Errorf("no token: %s", token)
	}
	if said := c.types("curl <Url>/health", silent(settings), "<Url>", "$LEASEHOLD_URL"); !contains(said, "ok") {
		c.Errorf("health: %s", said)
	}
	if said := c.types("make invoke-<fn>", nil, "<fn>", "requests"); !contains(said, `"statusCode": 200`) {
		c.Errorf("what the function answers: %s", said)
	}
	c.types("make logs-<fn>", nil, "<fn>", "requests")
	if said := c.types("make verify-audit", nil); !contains(said, "objects", "events") || contains(said, "BROKEN") {
		c.Errorf("verify-audit: %s", said)
	}
	if said := c.types("make dlq", nil); !contains(said, "deliver-urgent") {
		c.Errorf("dead letters: %s", said)
	}
	c.types("make down", nil)
	if c.has(".local/env") {
		c.Error("make down leaves the addresses behind")
	}
}

// proof replays one run of the simulator.
func proof(c *checkout) {
	if said := c.types("make sim RUN=4711", nil); !contains(said, "ok") {
		c.Errorf("the run says %s", said)
	}
}

// onAWS deploys to an account that is an emulator's. It is told so in the copy's cdk.json,
// since some resources are beyond it, and nobody is there to say yes.
func onAWS(c *checkout) {
	dir, err := filepath.Abs(filepath.Join(c.dir, ".local", "account"))
	if err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	emulator, err := components.StartEmulator(ctx, components.Options{Root: c.dir, Dir: dir})
	if err != nil {
		c.Fatal(err)
	}
	defer emulator.Stop()
	if err := os.WriteFile(filepath.Join(c.dir, "cdk.json"), []byte(`{"app": ".local/infra", "context": {"emulator": "true"}}`), 0o600); err != nil {
		c.Fatal(err)
	}
	c.env = append(emulator.Environment(), "CDK_REQUIRE_APPROVAL=never", "CDK_FORCE=true", "CDK_DISABLE_CLI_TELEMETRY=true", "CDK_DISABLE_VERSION_CHECK=true")

	_, settings := commands(readme(c.T))
	if said := c.types(`make bootstrap CONTEXT="$CONTEXT"`, settings); !contains(said, "bootstrapped") {
		c.Errorf("bootstrap: %s", said)
	}
	if said := c.types(`make diff CONTEXT="$CONTEXT"`, settings); !contains(said, "[+] AWS::Lambda::Function", "differences: 1") {
		c.Errorf("diff: %s", tail([]byte(said)))
	}
	if said := c.types(`make deploy CONTEXT="$CONTEXT"`, settings); !contains(said, "Leasehold.Url = https://") {
		c.Errorf("deploy prints no Url: %s", said)
	}
	if said := c.types(`make destroy CONTEXT="$CONTEXT"`, settings); !contains(said, "destroyed") {
		c.Errorf("destroy: %s", said)
	}
}
