package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Allowed is an administrator's list of the private addresses that targets may have. A host is
// one whose name may lead to any private address; a network is allowed whatever the name.
type Allowed struct {
	Networks []netip.Prefix
	Hosts    []string
}

// privateNetworks are the networks that an organisation gives out itself. Nothing else can be allowed:
// this machine and link-local addresses hold what speaks for a function, and never a target.
var privateNetworks = prefixes("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

// Allows reports that the list has the address, which the host's name led to.
func (a Allowed) Allows(host string, address netip.Addr) bool {
	address = address.Unmap()
	holds := func(p netip.Prefix) bool { return p.Contains(address) }
	if !address.IsValid() || address.Zone() != "" || !slices.ContainsFunc(privateNetworks, holds) {
		return false
	}
	named := func(h string) bool { return strings.EqualFold(h, strings.TrimSuffix(host, ".")) }
	return slices.ContainsFunc(a.Networks, holds) || slices.ContainsFunc(a.Hosts, named)
}

// Dialer connects to targets that are not spoken to over HTTP.
type Dialer struct {
	Private bool     // every address and port: for stacks on an emulator
	Allowed Allowed  // private addresses besides, on any port
	Ports   []uint16 // that a public target may listen on
}

// Dial connects to the host. What counts is the address that is connected to, as with Client.
func (d Dialer) Dial(ctx context.Context, host string, port uint16) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectTimeout}
	if !d.Private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return d.check(host, address) }
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
}

// check is the dialer's hook after resolving and before connecting.
func (d Dialer) check(host, address string) error {
	target, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q: %w", address, ErrRefused)
	case d.Allowed.Allows(host, target.Addr()):
		return nil
	case !Public(target.Addr()):
		return fmt.Errorf("%s is not public, and not allowed: %w", target.Addr(), ErrRefused)
	case !slices.Contains(d.Ports, target.Port()):
		return fmt.Errorf("port %d: %w", target.Port(), ErrRefused)
	}
	return nil
}
