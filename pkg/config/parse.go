package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"leasehold/pkg/names"
)

type parser struct {
	expect string // what a right value looks like, for the message
	into   func(*Config, string) error
}

// parsers is the one place that says how each key of ours is read.
var parsers = map[names.EnvKey]parser{
	names.EnvTable: {"the name of the table", func(c *Config, value string) error {
		c.Table = value
		return checkFilled(value)
	}},
	names.EnvBucket: {"the name of the bucket of exports", func(c *Config, value string) error {
		c.Bucket = value
		return checkFilled(value)
	}},
	names.EnvUrgentQueue:    queueURL(names.DeliverUrgent),
	names.EnvBulkQueue:      queueURL(names.DeliverBulk),
	names.EnvFanoutQueue:    queueURL(names.FanoutJobs),
	names.EnvVPCUrgentQueue: handedOn(names.VPCUrgent),
	names.EnvVPCBulkQueue:   handedOn(names.VPCBulk),
	names.EnvNetwork: {"internet, vpc, or nothing where the deployment has no VPC", func(c *Config, value string) error {
		c.Network = names.Network(value)
		if c.Network != "" && c.Network != names.Internet && c.Network != names.VPC {
			return fmt.Errorf("%q is neither", value)
		}
		return nil
	}},
	names.EnvIssuers: {"a JSON list of token issuers", func(c *Config, value string) (err error) {
		c.Issuers, err = ParseIssuers(value)
		return err
	}},
	names.EnvFirstAdmin: {"issuer|value of the first administrator", func(c *Config, value string) (err error) {
		c.FirstAdmin, err = parseFirstAdmin(value)
		return err
	}},
	names.EnvPublicURL: {"addresses in front of " + names.APIVersion + ", separated by commas, or nothing for the gateway's own", func(c *Config, value string) error {
		if value == "" {
			return nil
		}
		for base := range strings.SplitSeq(value, ",") {
			base = strings.TrimSuffix(strings.TrimSpace(base), "/")
			if err := checkURL(base); err != nil {
				return err
			}
			c.PublicURLs = append(c.PublicURLs, base)
		}
		return nil
	}},
	names.EnvSecretPath: {"an SSM path such as /leasehold/connectors", func(c *Config, value string) error {
		c.SecretPath = value
		return checkPath(value)
	}},
	names.EnvSignInPath: {"an SSM path such as /leasehold/sign-in", func(c *Config, value string) error {
		c.SignInPath = value
		return checkPath(value)
	}},
	names.EnvInternal: {"private networks such as 10.20.0.0/16 and names of hosts, separated by commas, or nothing", func(c *Config, value string) (err error) {
		c.InternalTargets, err = parseInternalTargets(value)
		return err
	}},
	names.EnvEmulated: {"true or false", func(c *Config, value string) error {
		c.Emulated = value == "true"
		if value != "true" && value != "false" {
			return fmt.Errorf("%q is neither", value)
		}
		return nil
	}},
}

// handedOn is the URL of a queue that there is where the deployment has a VPC.
func handedOn(id string) parser {
	whole := queueURL(id)
	return parser{whole.expect + ", or nothing", func(c *Config, value string) error {
		if value == "" {
			return nil
		}
		return whole.into(c, value)
	}}
}

func queueURL(id string) parser {
	return parser{"the URL of the queue " + id, func(c *Config, value string) error {
		if c.Queues == nil {
			c.Queues = map[string]string{}
		}
		c.Queues[id] = value
		return checkURL(value)
	}}
}

// parseFirstAdmin splits at the first bar: an issuer is a URL and holds none,
// while the subjects of some identity providers do.
func parseFirstAdmin(value string) (FirstAdmin, error) {
	issuer, subject, found := strings.Cut(value, "|")
	if !found || issuer == "" || subject == "" {
		return FirstAdmin{}, errors.New("it needs an issuer, a bar and a value")
	}
	return FirstAdmin{Issuer: issuer, Value: Secret(subject)}, nil
}

func checkFilled(value string) error {
	if value == "" {
		return errors.New("it is empty")
	}
	return nil
}

// checkURL accepts an absolute http or https address that more path can be put behind.
func checkURL(value string) error {
	u, err := url.Parse(value)
	if err != nil {
		return errors.New("it is not a URL")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return errors.New("it must begin with https:// or http:// and name a host")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("it may hold no user, query or fragment")
	}
	return nil
}

// checkPath refuses what is no path of Parameter Store.
func checkPath(value string) error {
	if len(value) < 2 || value[0] != '/' || strings.HasSuffix(value, "/") {
		return errors.New("it must begin with a slash and not end with one")
	}
	return nil
}
