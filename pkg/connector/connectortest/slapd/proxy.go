package slapd

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Proxy stands between a connector and a directory, and spoils one answer or all of them.
type Proxy struct {
	Authority string // the certificate, in PEM, that its own is from
	port      int
	behind    func() (Directory, error)

	mu    sync.Mutex
	fault Fault
	write bool // the fault waits for a call that changes something
	all   Fault
}

// Fault answers one request in place of the directory, and reports whether the connection goes
// on. pass lets the directory answer.
type Fault func(w io.Writer, request *ber.Packet, pass func(io.Writer) error) (goesOn bool)

// Directory is one connection to what is behind a proxy: it answers requests in order.
type Directory interface {
	Answer(request *ber.Packet, w io.Writer) error
	Close() error
}

// NewProxy starts a proxy in front of the directory.
func NewProxy(t *testing.T, server *Server) *Proxy {
	t.Helper()
	return inFront(t, server.keys, func() (Directory, error) {
		conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", server.TLS), &tls.Config{RootCAs: server.keys.pool(), ServerName: "127.0.0.1"})
		return wire{conn}, err
	})
}

// InFront starts a proxy in front of a directory of this process; each connection is one that
// connect makes.
func InFront(t *testing.T, connect func() Directory) *Proxy {
	t.Helper()
	return inFront(t, makeKeys(t), func() (Directory, error) { return connect(), nil })
}

func inFront(t *testing.T, keys keys, behind func() (Directory, error)) *Proxy {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{keys.certificate(t)}})
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Authority: keys.authorityPEM, port: listener.Addr().(*net.TCPAddr).Port, behind: behind}

	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return p
}

// URL is what the connector is given.
func (p *Proxy) URL() string { return fmt.Sprintf("ldaps://127.0.0.1:%d/%s", p.port, Base) }

// Next spoils the next request, or the next one that changes something.
func (p *Proxy) Next(write bool, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.write = f, write
}

// Always spoils every request until it is called with nil.
func (p *Proxy) Always(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = f
}

func (p *Proxy) take(op ber.Tag) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all != nil {
		return p.all
	}
	if p.write && op != ldap.ApplicationModifyRequest {
		return nil
	}
	f := p.fault
	p.fault, p.write = nil, false
	return f
}

// serve hands on one request after the other, each with its answers.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	behind, err := p.behind()
	if err != nil {
		return
	}
	defer behind.Close()

	for {
		request, err := ber.ReadPacket(client)
		if err != nil || len(request.Children) < 2 || request.Children[1].Tag == ldap.ApplicationUnbindRequest {
			return
		}
		pass := func(w io.Writer) error { return behind.Answer(request, w) }
		if f := p.take(request.Children[1].Tag); f != nil {
			if !f(client, request, pass) {
				return
			}
			continue
		}
		if pass(client) != nil {
			return
		}
	}
}

// wire is a connection to a directory of another process.
type wire struct{ net.Conn }

// Answer sends a request and copies its answers, up to the last.
func (behind wire) Answer(request *ber.Packet, w io.Writer) error {
	if _, err := behind.Write(request.Bytes()); err != nil {
		return err
	}
	for {
		answer, err := ber.ReadPacket(behind.Conn)
		if err != nil {
			return err
		}
		if _, err := w.Write(answer.Bytes()); err != nil {
			return err
		}
		if tag := answer.Children[1].Tag; tag != ldap.ApplicationSearchResultEntry && tag != ldap.ApplicationSearchResultReference {
			return nil
		}
	}
}

// answers are the last answers to each request.
var answers = map[ber.Tag]ber.Tag{
	ldap.ApplicationBindRequest: ldap.ApplicationBindResponse, ldap.ApplicationSearchRequest: ldap.ApplicationSearchResultDone,
	ldap.ApplicationModifyRequest: ldap.ApplicationModifyResponse, ldap.ApplicationCompareRequest: ldap.ApplicationCompareResponse,
	ldap.ApplicationExtendedRequest: ldap.ApplicationExtendedResponse,
}

// Operation is what a request asks: one of the library's Application... numbers.
func Operation(request *ber.Packet) ber.Tag { return request.Children[1].Tag }

// Result is the last answer to a request, with a result code.
func Result(request *ber.Packet, code int, words string) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, answers[Operation(request)], nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, words, ""))
	return message(request, op)
}

// Paged is the last answer to a search by pages, with the place where the next begins.
func Paged(request *ber.Packet, cookie string) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultDone, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, 0, ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))

	control := ldap.NewControlPaging(0)
	control.SetCookie([]byte(cookie))
	controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	controls.AppendChild(control.Encode())
	return message(request, op, controls)
}

// Reference is an answer to a search that names another server for a part of it.
func Reference(request *ber.Packet, url string) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, url, ""))
	return message(request, op)
}

// Entry is an entry among the answers to a search.
func Entry(request *ber.Packet, dn string, attributes map[string][]string) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, dn, ""))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, values := range attributes {
		one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		one.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, ""))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, ""))
		}
		one.AppendChild(set)
		list.AppendChild(one)
	}
	op.AppendChild(list)
	return message(request, op)
}

func message(request *ber.Packet, parts ...*ber.Packet) []byte {
	all := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	all.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, request.Children[0].Value, ""))
	for _, part := range parts {
		all.AppendChild(part)
	}
	return all.Bytes()
}
