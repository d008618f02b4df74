package rights

import (
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// keepPeopleThroughThePages is what an administrator does at the pages with people: one comes,
// changes, is disabled and goes; several come from a file; and with settings of one's own.
func keepPeopleThroughThePages(s *stack) {
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

	open("/administration/people/new")
	press("Save", map[string]string{"name": "Kept at the pages", "upn": "kept@pages.example"})
	p = must(p.Follow(s.Context(), "Edit the person"))
	edit := p.Address
	press("Save", map[string]string{"name": "Kept", "manager": "member@northwind.example"})
	for _, step := range []struct {
		button string
		typed  map[string]string
	}{{"Disable the account", map[string]string{"sure": "yes"}}, {"Enable the account", nil}, {"Delete the person", map[string]string{"sure": "yes"}}} {
		p = must(reader.Open(s.Context(), edit))
		press(step.button, step.typed)
	}

	open("/administration/import")
	file := "userPrincipalName,displayName,manager\nann@pages.example,Ann,ben@pages.example\nben@pages.example,Ben,\n"
	p = must(p.Upload(s.Context(), "Check the list", nil, "file", "people.csv", []byte(file)))
	press("Apply (2)", nil)
	if !strings.Contains(p.Text, "Applied: 2 lines.") {
		s.Fatalf("not imported: %s", p.Text)
	}

	open("/administration/settings")
	press("Save", nil)
	open("/my-settings")
	press("Save", map[string]string{"zone": "Europe/Berlin"})
	s.drain()
}
