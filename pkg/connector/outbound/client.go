package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Timeout bounds one call, its body included.
const Timeout = 10 * time.Second

// Bounds inside a call.
const (
	connectTimeout = 5 * time.Second
	maxHeaderBytes = 64 << 10
)

// ErrRefused says that an address is not one that targets may have. It is found with errors.Is.
var ErrRefused = errors.New("address not allowed for a target")

// ports that a public target may listen on: a request to any other port is rather meant
// for something that is not a web server.
var ports = []uint16{443, 8443}

// Client returns an HTTP client for target systems. A process makes one and
// shares it between connectors, so that connections are reused. private also admits
// plain http and every address and port: it is for stacks on an emulator.
func Client(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: connectTimeout}
	if !private {
		dialer.Control = checkDial
	}

	transport := &http.Transport{
		Proxy:                  nil, // a proxy would connect for us, past the check of addresses
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
	}
	return &http.Client{
		Transport:     checkedURL{private: private, next: transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       Timeout,
	}
}

// checkedURL refuses requests whose URL no target may have.
type checkedURL struct {
	private bool
	next    *http.Transport
}

// RoundTrip sends the request if its URL is allowed.
func (c checkedURL) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkURL(r.URL, c.private); err != nil {
		return nil, err
	}
	return c.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close what it keeps open.
func (c checkedURL) CloseIdleConnections() { c.next.CloseIdleConnections() }

// checkURL checks what can be known of a URL without resolving its host.
func checkURL(u *url.URL, private bool) error {
	switch {
	case u.Scheme != "https" && !(private && u.Scheme == "http"):
		return fmt.Errorf("scheme %q: %w", u.Scheme, ErrRefused)
	case u.Hostname() == "":
		return fmt.Errorf("no host: %w", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("user information in the address: %w", ErrRefused)
	}
	return nil
}

// checkDial is the dialer's hook after resolving and before connecting: address is
// the very one that is about to be connected to.
func checkDial(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%q: %w", address, ErrRefused)
	}
	if !Public(target.Addr()) {
		return fmt.Errorf("%s is not public: %w", target.Addr(), ErrRefused)
	}
	if !slices.Contains(ports, target.Port()) {
		return fmt.Errorf("port %d: %w", target.Port(), ErrRefused)
	}
	return nil
}
