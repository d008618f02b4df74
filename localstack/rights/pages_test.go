package rights

import (
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// throughThePages is what people do at the pages: sign in, ask for what several may decide,
// decide, look at what they have, give it back, and sign out.
func throughThePages(s *stack) {
	owner, manager := s.id(components.Owner), s.id(components.Manager)
	pkg, _ := s.offer(object{"primaryApprovers": []object{user(owner), user(manager)}})
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

	for _, as := range []string{components.Other, components.Owner} {
		reader := visitor.New(nil)
		p := must(reader.SignIn(s.Context(), site, as))
		must(p.Follow(s.Context(), "Find access"))

		if as == components.Other {
			p = must(reader.Open(s.Context(), site+"/packages/"+pkg))
			must(p.Submit(s.Context(), "Ask for it", nil))
			continue
		}
		p = must(p.Follow(s.Context(), "Decide"))
		must(p.Submit(s.Context(), "Approve", nil))
		s.drain()
		must(p.Submit(s.Context(), "Sign out", nil))

		reader = visitor.New(nil)
		p = must(must(reader.SignIn(s.Context(), site, components.Other)).Follow(s.Context(), "My access"))
		if !strings.Contains(p.Text, "Waiting ✓ Delivered") {
			s.Fatalf("not held: %s", p.Text)
		}
		must(p.Submit(s.Context(), "Sign out", nil))
	}
}
