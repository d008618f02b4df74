package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"leasehold/pkg/names"
)

// settings is what one deployment differs in, from the context (cdk.json or -c key=value).
type settings struct {
	emulator   bool
	issuers    string // JSON list
	firstAdmin string // issuer|value
	publicURL  string // "" means the gateway's own address
	domainOnly bool   // the gateway's own address answers nobody
	arch       string // in Go's words
	alarmEmail string // "" means that nobody is mailed

	vpc vpc

	internalTargets string // networks and hosts, separated by commas; "" means none
}

// readSettings reads the context and says all that is wrong with it at once. The
// functions check the same values again and in full; what is refused here would
// otherwise deploy and then fail at its first start.
func readSettings(context func(string) any) (settings, error) {
	s := settings{
		emulator:   text(context(names.ContextEmulator)) == "true",
		issuers:    text(context(names.ContextIssuers)),
		firstAdmin: text(context(names.ContextFirstAdmin)),
		publicURL:  text(context(names.ContextPublicURL)),
		arch:       text(context(names.ContextArch)),
		alarmEmail: text(context(names.ContextAlarmEmail)),

		internalTargets: text(context(names.ContextInternal)),
	}
	if s.arch == "" {
		s.arch = defaultArch(s.emulator)
	}

	var noVPC error
	s.vpc, noVPC = readVPC(context)

	endpoint := text(context(names.ContextEndpoint))
	s.domainOnly = endpoint == "off"

	// All mistakes at once: each deployment takes minutes.
	if err := errors.Join(s.checkIssuers(), s.checkFirstAdmin(), s.checkEndpoint(endpoint), s.checkPublicURL(), s.checkArch(), s.checkAlarmEmail(), s.checkInternalTargets(), noVPC); err != nil {
		return settings{}, fmt.Errorf("the deployment's context is incomplete:\n%w", err)
	}
	return s, nil
}

// defaultArch is the cheaper one on AWS; emulators run the binary on this machine.
func defaultArch(emulator bool) string {
	if emulator {
		return runtime.GOARCH
	}
	return "arm64"
}

// text returns a context value as a string: -c gives text, cdk.json may hold JSON itself.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

func (s settings) checkIssuers() error {
	const expect = `-c ` + names.ContextIssuers + `='[{"issuer":"https://...","keySet":"https://...","audience":"..."}]'`
	var issuers []struct{ Issuer, KeySet, Audience string }
	if err := json.Unmarshal([]byte(s.issuers), &issuers); err != nil || len(issuers) == 0 {
		return fmt.Errorf("%s must be a JSON list of token issuers: pass %s", names.ContextIssuers, expect)
	}

	for i, issuer := range issuers {
		if issuer.Issuer == "" || issuer.KeySet == "" || issuer.Audience == "" {
			return fmt.Errorf("%s: number %d needs issuer, keySet and audience: pass %s", names.ContextIssuers, i+1, expect)
		}
		// Whoever can change a key set on its way can sign in as anybody.
		if keys, err := url.Parse(issuer.KeySet); err != nil || keys.Scheme != "https" && !s.emulator {
			return fmt.Errorf("%s: number %d: the keySet must begin with https://", names.ContextIssuers, i+1)
		}
	}
	return nil
}

func (s settings) checkFirstAdmin() error {
	issuer, value, _ := strings.Cut(s.firstAdmin, "|")
	if issuer == "" || value == "" {
		return fmt.Errorf("%s must name the first administrator: pass -c %s='<issuer>|<value of its principal claim>'",
			names.ContextFirstAdmin, names.ContextFirstAdmin)
	}
	return nil
}

// checkPublicURL refuses addresses in the clear: tokens and the sessions of the pages travel
// there.
func (s settings) checkPublicURL() error {
	for base := range strings.SplitSeq(s.publicURL, ",") {
		if base = strings.TrimSpace(base); base != "" && !s.emulator && !strings.HasPrefix(strings.ToLower(base), "https://") {
			return fmt.Errorf("%s must begin with https://, not %q: pass -c %s=https://<its own domain>", names.ContextPublicURL, base, names.ContextPublicURL)
		}
	}
	return nil
}

// checkEndpoint refuses an API that nobody could call.
func (s settings) checkEndpoint(value string) error {
	switch value {
	case "", "on":
		return nil
	case "off":
		if s.publicURL == "" {
			return fmt.Errorf("%s=off leaves the API without an address: pass -c %s=https://<its own domain> too", names.ContextEndpoint, names.ContextPublicURL)
		}
		return nil
	}
	return fmt.Errorf("%s must be on or off, not %q", names.ContextEndpoint, value)
}

func (s settings) checkArch() error {
	if s.arch != "arm64" && s.arch != "amd64" {
		return fmt.Errorf("%s must be arm64 or amd64, not %q", names.ContextArch, s.arch)
	}
	return nil
}

func (s settings) checkAlarmEmail() error {
	if s.alarmEmail == "" {
		return nil
	}
	if address, err := mail.ParseAddress(s.alarmEmail); err != nil || address.Address != s.alarmEmail {
		return fmt.Errorf("%s must be one e-mail address, not %q", names.ContextAlarmEmail, s.alarmEmail)
	}
	return nil
}

// checkCode refuses to deploy a function that was not built: the CDK would say it less plainly.
func (s settings) checkCode(dist string) error {
	var problems []error
	for _, function := range names.Functions {
		bootstrap := filepath.Join(dist, function.ID, "bootstrap")
		if _, err := os.Stat(bootstrap); err != nil {
			problems = append(problems, fmt.Errorf("%s is missing: run make build", bootstrap))
		}
	}
	return errors.Join(problems...)
}
