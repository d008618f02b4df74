package config_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"leasehold/pkg/config"
	"leasehold/pkg/names"
)

// Private addresses are opened one by one, and only those that an organisation gives out itself.
func TestA14_OnlyPrivateNetworksAndFullNamesOfHostsAreOpened(t *testing.T) {
	read := func(value string) (config.InternalTargets, error) {
		env := environment()
		env[string(names.EnvInternal)] = value
		c, err := config.Load(lookup(env), names.Deliver)
		return c.InternalTargets, err
	}

	got, err := read("10.20.0.0/16, dc1.corp.example,192.168.1.7,fd00:1::/32,")
	want := config.InternalTargets{Hosts: []string{"dc1.corp.example"},
		Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("192.168.1.7/32"), netip.MustParsePrefix("fd00:1::/32")}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := read(""); err != nil || got.Networks != nil || got.Hosts != nil {
		t.Errorf("nothing is %v, %v", got, err)
	}

	for value, why := range map[string]string{
		"93.184.0.0/16":              "not within a private network",
		"0.0.0.0/0":                  "not within a private network",
		"10.0.0.0/7":                 "not within a private network",
		"::ffff:10.0.0.0/104":        "not within a private network",
		"127.0.0.1":                  "not within a private network",
		"10.0.0.0/8,169.254.169.254": "not within a private network",
		"dc1":                        "full name of a host",
		"10.20.1":                    "full name of a host",
		"ldaps://dc1.corp.example":   "full name of a host",
		"dc1.corp.example:636":       "full name of a host",
		"*.corp.example":             "full name of a host",
	} {
		if _, err := read(value); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), string(names.EnvInternal)) {
			t.Errorf("%s: %v", value, err)
		}
	}
}
