// Package slapd starts OpenLDAP's server for tests, on ports of its own, with a certificate and
// people of its own, and a proxy that stands before it and spoils what is said.
package slapd

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// What is in a new directory. The service may read and write all, the reader may read alone,
// and the blind one binds and sees nothing.
const (
	Base        = "dc=example,dc=com"
	Service     = "cn=leasehold," + Base
	Reader      = "cn=reader," + Base
	Blind       = "cn=blind," + Base
	Placeholder = "cn=nobody," + Base
	rootDN      = "cn=root," + Base
)

// Server is a directory.
type Server struct {
	Password  string // of every account
	Authority string // the certificate, in PEM, that the server's is from
	TLS       int    // port of LDAPS
	Plain     int    // port where StartTLS is
	keys      keys
	root      *ldap.Conn
}

// startTries is how many ports a server is started on before it counts as broken: another
// process may take a free port before the server does.
const startTries = 3

// Start starts a directory and ends it with the test. Without slapd the test fails, and says
// what to do.
func Start(t *testing.T) *Server {
	t.Helper()

	executable := find(t)
	s := &Server{Password: "pw-" + rand.Text(), keys: makeKeys(t)}
	s.Authority = s.keys.authorityPEM

	for try := 1; ; try++ {
		said, err := s.start(t, executable)
		if err == nil {
			break
		}
		if try == startTries {
			t.Fatalf("%v: %s", err, said)
		}
	}
	s.seed(t)
	return s
}

// find returns the program. What is not there is fetched by make.
func find(t *testing.T) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..", "..")
	command := exec.Command(filepath.Join(root, "localstack", "slapd", "find"), "--look")
	var said bytes.Buffer
	command.Stderr = &said
	path, err := command.Output()
	switch {
	case err == nil:
		return strings.TrimSpace(string(path))
	case exists(filepath.Join(root, ".local", "no-slapd")):
		t.Skip("NOT TESTED ON OPENLDAP: `make test` found no slapd, could fetch none, and says so at its end")
	case testing.Short():
		t.Skip("slapd is not installed: this part is run by `make test`, which fetches it")
	}
	t.Fatalf("`make slapd` fetches it on Debian and Ubuntu. %s", said.String())
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// start starts the program and waits until it takes this run's own password, which no other
// process on that port would.
func (s *Server) start(t *testing.T, executable string) (said string, err error) {
	t.Helper()
	s.TLS, s.Plain = freePort(t), freePort(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "slapd.conf"), []byte(s.configuration(t, dir, executable)), 0o600); err != nil {
		t.Fatal(err)
	}

	// The shell ends it when this process has gone, by whatever way.
	command := exec.Command("sh", "-c", `"$@" & p=$!; cat >/dev/null; kill $p; wait $p`, "sh",
		executable, "-d", "0", "-f", filepath.Join(dir, "slapd.conf"), "-h", fmt.Sprintf("ldap://127.0.0.1:%d ldaps://127.0.0.1:%d", s.Plain, s.TLS))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		stdin.Close()
		command.Wait()
	}

	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, err := ldap.DialURL(fmt.Sprintf("ldaps://127.0.0.1:%d", s.TLS), ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.keys.pool(), ServerName: "127.0.0.1"}))
		if err != nil {
			continue
		}
		if err := conn.Bind(rootDN, s.Password); err != nil {
			conn.Close()
			continue
		}
		s.root = conn
		t.Cleanup(func() {
			conn.Close()
			end()
		})
		return "", nil
	}
	end()
	return output.String(), fmt.Errorf("slapd did not answer within 10 s")
}

// configuration is that of a server with the overlays that people have.
func (s *Server) configuration(t *testing.T, dir, executable string) string {
	t.Helper()
	prefix := filepath.Join(filepath.Dir(executable), "root") // where it was unpacked
	schemas, modules := firstDir(t, prefix+"/etc/ldap/schema", "/etc/ldap/schema", "/etc/openldap/schema", "/opt/homebrew/etc/openldap/schema"),
		firstDir(t, prefix+"/usr/lib/ldap", "/usr/lib/ldap", "/usr/lib64/openldap", "/opt/homebrew/opt/openldap/libexec/openldap")
	for name, content := range map[string]string{"ca.pem": s.keys.authorityPEM, "cert.pem": s.keys.serverPEM, "key.pem": s.keys.keyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}

	return strings.NewReplacer("SCHEMA", schemas, "MODULES", modules, "DIR", dir, "BASE", Base, "ROOT", rootDN, "PASSWORD", s.Password,
		"SERVICE", Service, "READER", Reader).Replace(`include SCHEMA/core.schema
include SCHEMA/cosine.schema
include SCHEMA/inetorgperson.schema
pidfile DIR/pid
modulepath MODULES
moduleload back_mdb
moduleload memberof
moduleload refint
TLSCACertificateFile DIR/ca.pem
TLSCertificateFile DIR/cert.pem
TLSCertificateKeyFile DIR/key.pem
database mdb
suffix "BASE"
rootdn "ROOT"
rootpw PASSWORD
directory DIR/db
index objectClass,uid,mail,employeeNumber,entryUUID eq
sizelimit 1000
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="SERVICE" write by dn.exact="READER" read by * none
overlay memberof
overlay refint
refint_attributes member uniqueMember owner
refint_nothing BASE
`)
}

func firstDir(t *testing.T, all ...string) string {
	t.Helper()
	at := slices.IndexFunc(all, func(dir string) bool {
		info, err := os.Stat(dir)
		return err == nil && info.IsDir()
	})
	if at < 0 {
		t.Fatalf("slapd's files are in none of %q", all)
	}
	return all[at]
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// seed makes the directory's own accounts.
func (s *Server) seed(t *testing.T) {
	t.Helper()
	s.Add(t, Base, map[string][]string{"objectClass": {"domain"}, "dc": {"example"}})
	for _, dn := range []string{Service, Reader, Blind, Placeholder} {
		name, _, _ := strings.Cut(strings.TrimPrefix(dn, "cn="), ",")
		s.Add(t, dn, map[string][]string{"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {name}, "userPassword": {s.Password}})
	}
}

// URL is the directory's address in a registration, by LDAPS.
func (s *Server) URL() string { return fmt.Sprintf("ldaps://127.0.0.1:%d/%s", s.TLS, Base) }

// Add makes an entry, past the connector, and returns its id.
func (s *Server) Add(t *testing.T, dn string, attributes map[string][]string) string {
	t.Helper()
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		request.Attribute(name, values)
	}
	if err := s.root.Add(request); err != nil {
		t.Fatalf("add %s: %v", dn, err)
	}
	return s.ID(t, dn)
}

// AddPerson makes an account, and returns its id.
func (s *Server) AddPerson(t *testing.T, uid, mail, number string) string {
	t.Helper()
	person := map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {uid}, "sn": {uid}, "uid": {uid}}
	for name, value := range map[string]string{"mail": mail, "employeeNumber": number} {
		if value != "" {
			person[name] = []string{value}
		}
	}
	return s.Add(t, DNOf(uid), person)
}

// DNOf is the DN of somebody whom AddPerson made.
func DNOf(uid string) string { return "uid=" + ldap.EscapeDN(uid) + "," + Base }

// ID returns the id of an entry.
func (s *Server) ID(t *testing.T, dn string) string {
	t.Helper()
	return s.Values(t, dn, "entryUUID")[0]
}

// Values reads an attribute of an entry, past the connector.
func (s *Server) Values(t *testing.T, dn, attribute string) []string {
	t.Helper()
	answer, err := s.root.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{attribute}, nil))
	if err != nil || len(answer.Entries) != 1 {
		t.Fatalf("read %s: %v", dn, err)
	}
	return answer.Entries[0].GetAttributeValues(attribute)
}

// Root is a connection of the administrator's.
func (s *Server) Root() *ldap.Conn { return s.root }

func (k keys) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(k.authorityPEM))
	return pool
}
