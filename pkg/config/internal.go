package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// InternalTargets are the private addresses that targets may have: networks, and hosts whose name
// may lead to any of them.
type InternalTargets struct {
	Networks []netip.Prefix
	Hosts    []string
}

// privateNetworks are the networks that an organisation gives out itself.
var privateNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7")}

var hostName = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?))+$`)

// parseInternalTargets reads networks, addresses and names of hosts, separated by commas. What
// could never be allowed is refused, and not kept as if it were.
func parseInternalTargets(text string) (all InternalTargets, err error) {
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}

		network, err := netip.ParsePrefix(entry)
		if address, is := netip.ParseAddr(entry); is == nil {
			network, err = address.Prefix(address.BitLen())
		}
		switch {
		case err == nil && !slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool { return p.Bits() <= network.Bits() && p.Contains(network.Addr()) }):
			return InternalTargets{}, fmt.Errorf("%s is not within a private network (10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, fc00::/7)", entry)
		case err == nil:
			all.Networks = append(all.Networks, network.Masked())
		case hostName.MatchString(entry) && strings.ContainsFunc(entry[strings.LastIndex(entry, ".")+1:], func(r rune) bool { return r > '9' }):
			all.Hosts = append(all.Hosts, entry)
		default:
			return InternalTargets{}, fmt.Errorf("%q is neither a network nor the full name of a host", entry)
		}
	}
	return all, nil
}
