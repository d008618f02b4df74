package outbound

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// What is allowed is what the list has, at the address that is connected to. This machine and
// link-local addresses are never allowed, whatever the list says.
func TestA14_APrivateAddressIsReachedOnlyWhereTheListHasIt(t *testing.T) {
	d := Dialer{Ports: []uint16{389, 636}, Allowed: Allowed{Hosts: []string{"dc1.corp.example"},
		Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}}
	for _, c := range []struct {
		host, address string
		ok            bool
	}{
		{"ldap.example.com", "93.184.215.14:636", true},
		{"ldap.example.com", "93.184.215.14:389", true},
		{"ldap.example.com", "93.184.215.14:6379", false},
		{"ldap.example.com", "10.20.3.4:1636", true},
		{"ldap.example.com", "[::ffff:10.20.3.4]:636", true},
		{"ldap.example.com", "[fd00:1::7]:636", true},
		{"ldap.example.com", "[fd00:2::7]:636", false},
		{"ldap.example.com", "10.21.3.4:636", false},
		{"ldap.example.com", "192.168.1.1:636", false},
		{"dc1.corp.example", "192.168.1.1:636", true},
		{"DC1.corp.example.", "172.16.0.1:3269", true},
		{"dc1.corp.example", "127.0.0.1:636", false},
		{"dc1.corp.example", "169.254.169.254:80", false},
		{"dc1.corp.example", "[fe80::1%eth0]:636", false},
		{"dc1.corp.example", "[fd00:ec2::254%eth0]:636", false},
		{"dc1.corp.example", "[::1]:636", false},
		{"dc1.corp.example", "93.184.215.14:25", false},
		{"dc1.corp.example.evil.example", "192.168.1.1:636", false},
		{"dc1.corp.example", "dc1.corp.example:636", false},
	} {
		err := d.check(c.host, c.address)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s at %s: %v, want ok %v", c.host, c.address, err, c.ok)
		}
	}

	everything := Dialer{Ports: []uint16{636}, Allowed: Allowed{Networks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}}
	for _, address := range []string{"127.0.0.1:636", "169.254.169.254:636"} {
		if err := everything.check("x", address); !errors.Is(err, ErrRefused) {
			t.Errorf("a list of everything: %s: %v", address, err)
		}
	}
}

func TestA14_TheDialerLooksAtTheAddressOfEveryName(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	port := uint16(listener.Addr().(*net.TCPAddr).Port)

	for _, host := range []string{"127.0.0.1", "localhost"} {
		conn, err := Dialer{Ports: []uint16{port}, Allowed: Allowed{Hosts: []string{"localhost"}}}.Dial(t.Context(), host, port)
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: %v", host, err)
		}
	}

	conn, err := Dialer{Private: true}.Dial(t.Context(), "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
