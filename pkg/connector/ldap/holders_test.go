package ldap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/adserver"
	"leasehold/pkg/connector/connectortest/slapd"
)

func TestTheMembersOfGroupsOfOpenLDAPAreListed(t *testing.T) {
	server := slapd.Start(t)
	people(t, server)
	for _, of := range sorts {
		t.Run(of.name, func(t *testing.T) {
			connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, server, of) })
		})
	}
}

var crowds int

// crowdAt puts new accounts into a group past the connector; what is no account as well: another
// group, a name that nobody has any more, and one of another directory.
func crowdAt(t *testing.T, s *slapd.Server, dn, attribute string) *connectortest.Crowd {
	change := func(add bool, values ...string) {
		request := ldapv3.NewModifyRequest(dn, nil)
		if add {
			request.Add(attribute, values)
		} else {
			request.Delete(attribute, values)
		}
		if err := s.Root().Modify(request); err != nil {
			t.Fatal(err)
		}
	}
	names := map[connector.PrincipalRef]string{}
	return &connectortest.Crowd{
		Many: 10,
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				crowds++
				uid := fmt.Sprintf("One, %d", crowds)
				p := connector.PrincipalRef(s.AddPerson(t, uid, "", ""))
				names[p] = slapd.DNOf(uid)
				change(true, names[p])
				all = append(all, p)
			}
			return all
		},
		Take: func(p connector.PrincipalRef) { change(false, names[p]) },
		Nest: func() {
			within, _ := newGroup(t, s, "groupOfNames")
			change(true, within, "uid=gone,"+slapd.Base, "uid=other,dc=elsewhere,dc=com")
		},
	}
}

func TestTheMembersOfGroupsOfADomainAreListed(t *testing.T) {
	connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness {
		s := adserver.New()
		s.MaxRange = 4
		return domainHarness(t, s)
	})
}

// crowdIn puts new accounts into the group Sales past the connector.
func crowdIn(s *adserver.Server) *connectortest.Crowd {
	n := 0
	names := map[connector.PrincipalRef]string{}
	return &connectortest.Crowd{
		Many: 10,
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				name := fmt.Sprintf("One (%d)", n)
				p := connector.PrincipalRef(s.AddUser(name, ""))
				names[p] = name
				s.Put("Sales", name, true)
				all = append(all, p)
			}
			return all
		},
		Take: func(p connector.PrincipalRef) { s.Put("Sales", names[p], false) },
		Nest: func() {
			s.AddGroup("Within")
			s.AddOther("PC", map[string][]string{"objectclass": {"top", "person", "user", "computer"}})
			s.AddOther("Contact", map[string][]string{"objectclass": {"top", "person", "contact"}})
			for _, name := range []string{"Within", "PC", "Contact"} {
				s.Put("Sales", name, true)
			}
		},
	}
}

// Active Directory gives 1,500 of 10,000 members at a time, and finds 50 accounts in a search.
func TestAListOf10000MembersIsReadInRanges(t *testing.T) {
	s := adserver.New()
	var names []string
	want := map[string]bool{}
	for i := range 10_000 {
		name := fmt.Sprintf("m%d", i)
		names = append(names, adserver.DNOf(name))
		want[s.AddUser(name, "")] = true
	}
	id := s.AddGroup("Large", names...)
	c := onDomain(t, s, s.Start(t))
	s.Searches()

	pieces, searches := 0, 0
	for cursor, begun := "", false; !begun || cursor != ""; begun = true {
		page, err := c.Holders(t.Context(), memberOf(id), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Refs {
			delete(want, string(p))
		}
		pieces, searches, cursor = pieces+1, searches+s.Searches(), page.Next
	}
	if len(want) != 0 || pieces != 7 || searches > 230 {
		t.Errorf("%d are on no piece of %d; %d searches", len(want), pieces, searches)
	}
	t.Logf("10,000 members of Active Directory: %d pieces, each by one connection, %d searches", pieces, searches)
}

// A server that finds nobody by a name is asked for each name alone.
func TestNamesAreFoundOneByOneWhereNoFilterFindsThem(t *testing.T) {
	s := adserver.New()
	s.NoNames = true
	ann := s.AddUser("ann", "")
	id := s.AddGroup("Sales", adserver.DNOf("ann"))
	page, err := onDomain(t, s, s.Start(t)).Holders(t.Context(), memberOf(id), "")
	if err != nil || !slices.Equal(page.Refs, []connector.PrincipalRef{connector.PrincipalRef(ann)}) {
		t.Errorf("got %+v, %v", page, err)
	}
}

// The list of OpenLDAP comes whole, and is gone through in pieces: none is longer than a call may take.
func TestAListOf50000IsGoneThroughInPieces(t *testing.T) {
	e := &ldapv3.Entry{Attributes: []*ldapv3.EntryAttribute{{Name: "member"}}}
	for i := range 50_000 {
		e.Attributes[0].Values = append(e.Attributes[0].Values, fmt.Sprintf("UID=One%05d,%s", (i*7919)%50_000, strings.ToUpper(slapd.Base)))
	}
	total, pieces := 0, 0
	for after, begun := "", false; !begun || after != ""; begun = true {
		var some []string
		some, after = following(e, "member", strings.TrimPrefix(after, fromName), wholePiece)
		total, pieces = total+len(some), pieces+1
	}
	if total != 50_000 || pieces != 25 {
		t.Errorf("%d in %d pieces", total, pieces)
	}
}
