package outbound

import (
	"crypto/tls"
	"errors"
	"io"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestOnlyAddressesOfTheInternetAtLargeArePublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.215.14":        true,
		"1.1.1.1":              true,
		"172.32.0.1":           true,
		"2606:4700::1111":      true,
		"2a00:1450:4001::1":    true,
		"::ffff:93.184.215.14": true, // the dialer's spelling of an IPv4 address

		"0.0.0.0":                false,
		"10.1.2.3":               false,
		"100.64.0.1":             false,
		"100.100.100.200":        false,
		"127.0.0.1":              false,
		"127.9.9.9":              false,
		"169.254.169.254":        false,
		"172.16.0.1":             false,
		"172.31.255.255":         false,
		"192.168.1.1":            false,
		"192.0.0.170":            false,
		"198.18.0.1":             false,
		"224.0.0.1":              false,
		"240.0.0.1":              false,
		"255.255.255.255":        false,
		"::":                     false,
		"::1":                    false,
		"::ffff:127.0.0.1":       false,
		"::ffff:169.254.169.254": false,
		"::ffff:10.0.0.1":        false,
		"::127.0.0.1":            false,
		"64:ff9b::a9fe:a9fe":     false,
		"2002:a9fe:a9fe::1":      false,
		"2001:0:53aa::1":         false,
		"2001:db8::1":            false,
		"fc00::1":                false,
		"fd00:ec2::254":          false,
		"fe80::1":                false,
		"fe80::1%eth0":           false,
		"2606:4700::1111%eth0":   false,
		"fec0::1":                false,
		"ff02::1":                false,
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("Public(%s) is %v, want %v", address, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestTheAddressThatIsConnectedToIsChecked(t *testing.T) {
	for address, ok := range map[string]bool{
		"93.184.215.14:443":          true,
		"[2606:4700::1111]:8443":     true,
		"93.184.215.14:22":           false,
		"93.184.215.14:80":           false,
		"127.0.0.1:443":              false,
		"[::1]:443":                  false,
		"[::ffff:10.0.0.1]:443":      false,
		"[fe80::1%eth0]:443":         false,
		"169.254.169.254:443":        false,
		"metadata.example.com:443":   false,
		"/var/run/some.socket":       false,
		"93.184.215.14":              false,
		"[::ffff:93.184.215.14]:443": true,
	} {
		err := checkDial("tcp", address, nil)
		if (err == nil) != ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("dial of %s: %v, want ok %v", address, err, ok)
		}
	}
}

func TestThePublicClientNeverReachesThisMachine(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }))
	t.Cleanup(server.Close)
	plain := httptest.NewServer(server.Config.Handler)
	t.Cleanup(plain.Close)
	port := server.Listener.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()

	for _, target := range []string{
		server.URL, plain.URL,
		(&url.URL{Scheme: "https", Host: netip.AddrPortFrom(netip.IPv6LinkLocalAllNodes(), port).String()}).String(),
		"https://localhost:443/",  // a name whose address nobody looked at before
		"https://127.1:443/",      // resolvers read this as loopback
		"https://2130706433:443/", // and this
		"https://user:pass@example.com/",
		"ftp://example.com/",
		"file:///etc/passwd",
	} {
		response, err := Client(false).Get(target)
		if err == nil {
			response.Body.Close()
			t.Errorf("%s answered", target)
			continue
		}
		failed := testAsk.Unanswered(err)
		if kind := entitlement.KindOf(failed); kind != entitlement.Invalid && kind != entitlement.Unavailable {
			t.Errorf("%s: kind %v: %v", target, kind, failed)
		}
	}
}

func TestARefusedAddressIsForAPersonToCorrect(t *testing.T) {
	_, err := Client(false).Get("https://127.0.0.1:443/")
	failed := testAsk.Unanswered(err)
	if entitlement.KindOf(failed) != entitlement.Invalid || !connector.RefusalOf(failed).Permanent || !errors.Is(failed, ErrRefused) {
		t.Errorf("got %v, want a permanent Invalid", failed)
	}
}

func TestThePrivateClientReachesThisMachineAndFollowsNoRedirect(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("https://example.com/", http.StatusFound))
	t.Cleanup(server.Close)
	response, err := Client(true).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Errorf("status %d, want the redirect itself", response.StatusCode)
	}
}

func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	if Client(false).Transport.(checkedURL).next.Proxy != nil {
		t.Error("the client uses a proxy")
	}
}

// A certificate that nobody vouches for ends the call before anything is sent.
func TestA19_ATargetWithoutAValidCertificateIsSentNothing(t *testing.T) {
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)

	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	request.Header.Set("Authorization", "Bearer a-canary-of-this-test")
	answer, err := Client(true).Do(request)
	if err == nil {
		answer.Body.Close()
	}
	if _, is := errors.AsType[*tls.CertificateVerificationError](err); !is || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want that the certificate is refused", err)
	}
	if asked {
		t.Error("the request was sent")
	}
}
