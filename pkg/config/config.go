// Package config reads a function's environment, once, at its start: exactly the
// keys that names.Functions lists for it, and the few that the Lambda runtime
// itself sets. Every value is checked here, and all that is wrong is said at
// once, so that a bad deployment fails at its first start with one message that
// names each key, and never halfway through somebody's request.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/names"
)

// Environment keys that the Lambda runtime or an emulator sets.
const (
	envRegion       = "AWS_REGION"
	envEndpoint     = "AWS_ENDPOINT_URL" // set by emulators only
	envAccessKey    = "AWS_ACCESS_KEY_ID"
	envSecretKey    = "AWS_SECRET_ACCESS_KEY"
	envSessionToken = "AWS_SESSION_TOKEN" // absent where credentials do not expire
)

// Config is what one function was told. Fields that its function is not given are empty.
type Config struct {
	Function   names.Function    // whose it is, and so what clients it may have
	Table      string            // name of the table
	Queues     map[string]string // URL of each queue that it sends to or drains, by the queue's id
	Bucket     string            // name of the bucket of exports
	Issuers    []Issuer
	FirstAdmin FirstAdmin
	PublicURLs []string // bases of links, with no slash at the end; none means the gateway's own address
	SecretPath string   // SSM path of connector credentials, with no slash at the end
	SignInPath string   // SSM path of the pages' own secrets at issuers, with no slash at the end
	Emulated   bool     // on an emulator: targets and key sets may be plain http and private
	AWS        AWS

	InternalTargets InternalTargets // private addresses that directories may have
	Network         names.Network   // from which connectors are served; "" where the deployment has no VPC
}

// AWS is how the function reaches AWS or an emulator, from the Lambda runtime.
type AWS struct {
	Region          string
	Endpoint        string // "" on AWS
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret
}

// FirstAdmin is the principal that is administrator before anybody can appoint one.
type FirstAdmin struct {
	Issuer string
	Value  Secret // personal, so not for logs
}

// Secret is text that prints as [redacted] wherever it ends up; string(s) is the text itself.
type Secret string

const redacted = "[redacted]"

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// MarshalText returns [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns what may be logged of the configuration.
func (c Config) String() string {
	issuers := make([]string, len(c.Issuers))
	for i, issuer := range c.Issuers {
		issuers[i] = issuer.Issuer
	}
	return fmt.Sprintf("function=%s table=%s queues=%v issuers=%v firstAdminIssuer=%s publicUrl=%v secretPath=%s emulated=%t region=%s endpoint=%s",
		c.Function.ID, c.Table, c.Queues, issuers, c.FirstAdmin.Issuer, c.PublicURLs, c.SecretPath, c.Emulated, c.AWS.Region, c.AWS.Endpoint)
}

// GoString returns the same as String.
func (c Config) GoString() string { return c.String() }

// Load reads the environment of the function through lookup (os.LookupEnv). The
// error names every key that is missing or malformed and says what is expected.
func Load(lookup func(string) (string, bool), function string) (Config, error) {
	f, known := names.FindFunction(function)
	if !known {
		return Config{}, fmt.Errorf("configuration: there is no function %q", function)
	}

	c := Config{Function: f}
	var problems []error
	for _, key := range f.Env() {
		problems = append(problems, c.read(key, lookup))
	}
	problems = append(problems, c.checkFirstAdmin(), c.checkKeySets(), c.checkPublicURLs(), c.AWS.read(lookup))

	if err := errors.Join(problems...); err != nil {
		return Config{}, fmt.Errorf("configuration of %s:\n%w", function, err)
	}

	return c, nil
}

// read takes one key of ours. Reading through the table keeps a key that nobody
// parses from being deployed in vain.
func (c *Config) read(key names.EnvKey, lookup func(string) (string, bool)) error {
	parse, known := parsers[key]
	if !known {
		return fmt.Errorf("%s: no setting is read from it", key)
	}
	value, ok := lookup(string(key))
	if !ok {
		return fmt.Errorf("%s is not set: %s", key, parse.expect)
	}
	if err := parse.into(c, value); err != nil {
		return fmt.Errorf("%s: %w; expected %s", key, err, parse.expect)
	}
	return nil
}

// checkFirstAdmin refuses an administrator who could never sign in.
func (c *Config) checkFirstAdmin() error {
	if c.FirstAdmin.Issuer == "" || len(c.Issuers) == 0 {
		return nil // not given to this function, or already complained about
	}
	if !slices.ContainsFunc(c.Issuers, func(i Issuer) bool { return i.Issuer == c.FirstAdmin.Issuer }) {
		return fmt.Errorf("%s: the issuer %s is not one of %s", names.EnvFirstAdmin, c.FirstAdmin.Issuer, names.EnvIssuers)
	}
	return nil
}

// checkKeySets refuses keys in the clear: whoever can change them on their way can sign
// in as anybody. An emulator's issuer, and one made for development, are on this machine.
func (c *Config) checkKeySets() error {
	for _, issuer := range c.Issuers {
		if !c.Emulated && !strings.HasPrefix(strings.ToLower(issuer.KeySet), "https:") {
			return fmt.Errorf("%s: the keySet of %s must begin with https://", names.EnvIssuers, issuer.Issuer)
		}
	}
	return nil
}

// checkPublicURLs refuses addresses in the clear, where tokens and sessions would travel.
func (c *Config) checkPublicURLs() error {
	for _, base := range c.PublicURLs {
		if !c.Emulated && !strings.HasPrefix(strings.ToLower(base), "https:") {
			return fmt.Errorf("%s: %s must begin with https://", names.EnvPublicURL, base)
		}
	}
	return nil
}

func (a *AWS) read(lookup func(string) (string, bool)) error {
	var problems []error
	must := func(key string) string {
		value, _ := lookup(key)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set: the Lambda runtime gives it", key))
		}
		return value
	}

	a.Region = must(envRegion)
	a.AccessKeyID = must(envAccessKey)
	a.SecretAccessKey = Secret(must(envSecretKey))
	token, _ := lookup(envSessionToken)
	a.SessionToken = Secret(token)

	a.Endpoint, _ = lookup(envEndpoint)
	if a.Endpoint != "" {
		if err := checkURL(a.Endpoint); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", envEndpoint, err))
		}
	}
	return errors.Join(problems...)
}
