package outbound

import (
	"net/netip"
	"slices"
)

// globalIPv6 is all that is routed on the Internet today. What lies outside (unique
// local, link-local, multicast, NAT64, mapped IPv4) needs no list.
var globalIPv6 = netip.MustParsePrefix("2000::/3")

// special are the ranges inside the rest that are not the Internet at large.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by carriers, and a metadata address of one cloud
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata address
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays to IPv6
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/3",     // multicast, reserved, broadcast
	"2001::/23",       // protocol assignments, among them tunnels that hold an IPv4 address
	"2001:db8::/32",   // documentation
	"2002::/16",       // tunnels that hold an IPv4 address
	"3fff::/20",       // documentation
)

// Public reports an address of the Internet at large: not of this machine, of a private
// or link-local network, or of a range that stands for either.
func Public(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	if address.Is6() && !globalIPv6.Contains(address) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(address) })
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
