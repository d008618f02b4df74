package rights

import (
	"regexp"
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// keepThroughThePages is what somebody who keeps catalogs does at the pages: a catalog with a
// resource, a role, a package and a policy comes, and goes again.
func keepThroughThePages(s *stack) {
	site := s.endpoints.URL + names.PortalPath
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
	reader := visitor.New(nil)
	p := must(reader.SignIn(s.Context(), site, components.Admin))
	follow := func(words string) { s.Helper(); p = must(p.Follow(s.Context(), words)) }
	press := func(button string, typed map[string]string) {
		s.Helper()
		p = must(p.Submit(s.Context(), button, typed))
	}
	// choose presses a button with the first choice that a field offers.
	choose := func(button, field string, typed map[string]string) {
		s.Helper()
		offered := regexp.MustCompile(`name="` + field + `" value="([^"]+)"`).FindStringSubmatch(p.Source)
		if offered == nil {
			s.Fatalf("%s offers nothing in %s: %s", p.Address, field, p.Text)
		}
		typed[field] = offered[1]
		press(button, typed)
	}

	follow("Catalogs")
	follow("Create a catalog")
	press("Save", map[string]string{"name": "Kept at the pages"})
	catalog := p.Address
	follow("Add a resource")
	press("Search", map[string]string{"search": "engineering department"})
	choose("Add to the catalog", "resource", map[string]string{})
	resource := p.Address
	p = must(reader.Open(s.Context(), catalog))
	follow("Give a role")
	press("Search", map[string]string{"search": "otto"})
	choose("Give the role", "principal", map[string]string{"role": "44272f93-9762-48e8-af59-1b5351b1d6b3"})

	follow("Create a package")
	press("Save", map[string]string{"name": "A package"})
	pkg := p.Address
	follow("Add a role")
	choose("Add the role", "role", map[string]string{})
	press("Add the role to the package", nil)
	follow("Add a policy")
	press("Search for who decides in step 1", map[string]string{"name": "A policy", "manager1": "", "seek-approvers1": "engineering department"})
	choose("Save the policy", "found-approvers1", map[string]string{})
	if !strings.Contains(p.Text, "Approval by members of Engineering department") {
		s.Fatalf("not kept: %s", p.Text)
	}

	press("Remove Member", nil)
	press("Remove the role from the package", nil)
	press("Delete A policy", map[string]string{"sure": "yes"})
	press("Delete the package", map[string]string{"sure": "yes"})
	p = must(reader.Open(s.Context(), resource))
	press("Remove Engineering department", map[string]string{"sure": "yes"})
	press("Delete the catalog", map[string]string{"sure": "yes"})
	s.drain()
	if p = must(reader.Open(s.Context(), site+"/catalogs")); strings.Contains(p.Text, "Kept at the pages") || pkg == "" {
		s.Fatalf("not deleted: %s", p.Text)
	}
}
