package rights

import (
	"slices"
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// peopleThroughThePages is what those do at the pages who look after a package: assign it to a
// list, see how far that is, take the list away, deliver again, end it, and look at the person.
func peopleThroughThePages(s *stack) {
	pkg, _ := s.offer(nil)
	site := s.endpoints.URL + names.PortalPath
	base := site + "/manage/packages/" + pkg
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
	must(reader.SignIn(s.Context(), site, components.Admin))
	p := must(reader.Open(s.Context(), base+"/assign"))
	p = must(p.Submit(s.Context(), "Check the list", map[string]string{"people": s.id(components.Other) + "\nnobody@nowhere.example"}))
	must(p.Submit(s.Context(), "Assign to those that can be (1)", nil))
	s.drain()

	must(reader.Open(s.Context(), base+"/people/export"))
	must(must(reader.Open(s.Context(), base+"/requests")).Follow(s.Context(), "Details"))
	p = must(reader.Open(s.Context(), base+"/people"))
	i := slices.IndexFunc(p.Links, func(l visitor.Link) bool { return l.Text == "Details" })
	if i < 0 {
		s.Fatalf("nobody has it: %s", p.Text)
	}
	p = must(reader.Open(s.Context(), p.Links[i].Address))
	p = must(p.Submit(s.Context(), "Deliver again", nil))
	s.drain()
	p = must(p.Submit(s.Context(), "End this", nil))
	p = must(p.Submit(s.Context(), "End their access", nil))
	if !strings.Contains(p.Text, "Ended: 1.") {
		s.Fatalf("not ended: %s", p.Text)
	}
	s.drain()

	p = must(reader.Open(s.Context(), site+"/people?search=o"))
	must(reader.Open(s.Context(), site+"/people/"+s.id(components.Other)))
	must(p.Submit(s.Context(), "Sign out", nil))
}
