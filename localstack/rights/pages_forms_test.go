package rights

import (
	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// administerThroughThePages keeps a target, a connected organization and a group at the pages.
func administerThroughThePages(s *stack) {
	site := s.endpoints.URL + names.PortalPath
	reader := visitor.New(nil)
	must := func(p *visitor.Page, err error) *visitor.Page {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		if p.Status != 200 {
			s.Fatalf("%s: %d %s", p.Address, p.Status, p.Text)
		}
		return p
	}
	p := must(reader.SignIn(s.Context(), site, components.Admin))
	open := func(path string) { s.Helper(); p = must(reader.Open(s.Context(), site+path)) }
	press := func(button string, typed map[string]string) {
		s.Helper()
		p = must(p.Submit(s.Context(), button, typed))
	}

	open("/administration/connectors/new")
	press("Save", map[string]string{"kind": "scim", "name": "Kept at the pages", "url": "http://127.0.0.1:9/scim", "credential": "a word", "keys": "userName"})
	press("Look at the target now", nil)
	press("Pause Kept at the pages", nil)
	press("Resume Kept at the pages", nil)
	press("Delete the connector", map[string]string{"sure": "yes"})
	open("/administration/connectors/new")
	press("Save", map[string]string{"kind": "ldap", "name": "Kept in the VPC", "url": "ldaps://127.0.0.1:9/dc=example", "credential": `{"bindDn":"cn=us","password":"a word"}`, "keys": "mail", "network": "vpc"})
	press("Delete the connector", map[string]string{"sure": "yes"})
	open("/administration/organizations/new")
	press("Save", map[string]string{"name": "Kept at the pages", "domain": "pages.example"})
	press("Add Internal sponsors", map[string]string{"internal": "member@northwind.example"})
	press("Delete the organization", map[string]string{"sure": "yes"})
	open("/administration/groups/new")
	press("Save", map[string]string{"name": "Kept at the pages"})
	press("Add", map[string]string{"people": "member@northwind.example"})
	press("Delete the group", map[string]string{"sure": "yes"})
}
