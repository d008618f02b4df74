package rights

import (
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// lookBackThroughThePages is what those do at the pages who run the service: look at what fails
// and what is owed, and at what happened, of everybody and by somebody.
func lookBackThroughThePages(s *stack) {
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
	must(reader.SignIn(s.Context(), site, components.Admin))
	s.park(names.DeliverBulk)
	if p := must(reader.Open(s.Context(), site+"/operations")); !strings.Contains(p.Text, "deliver-bulk ! 1") {
		s.Fatalf("what was parked is not counted: %s", p.Text)
	}
	for _, path := range []string{"/operations", "/operations/removals", "/operations/loosened", "/operations/figures", "/my-settings", "/audit/export"} {
		must(reader.Open(s.Context(), site+path))
	}
	for _, filter := range []string{"", "?actor=" + s.id(components.Admin)} {
		if p := must(reader.Open(s.Context(), site+"/audit"+filter)); !strings.Contains(p.Text, "Ada Winter") {
			s.Fatalf("nobody did anything: %s", p.Text)
		}
	}
	must(reader.Open(s.Context(), site+"/audit/user/"+s.id(components.Admin)))
}
