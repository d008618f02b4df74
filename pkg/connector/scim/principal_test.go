package scim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

// find looks up one person: his id, or the reason why there is none.
func find(t *testing.T, c *Connector, who connector.Correlation) string {
	t.Helper()
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{who})
	switch {
	case err != nil:
		return string(connector.RefusalOf(err).Reason)
	case len(found) != 1:
		t.Fatalf("one person was looked up and %d were answered", len(found))
	case found[0].Err != nil:
		if found[0].Err.Detail == "" {
			t.Errorf("%s has no sentence", found[0].Err.Reason)
		}
		return string(found[0].Err.Reason)
	}
	return string(found[0].Ref)
}

func TestPeopleAreFoundByTheFirstKeyThatFindsSomebody(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.AddUser("ann", "x-ann", "ann@example.com")
	bob := s.AddUser("bob", "x-bob", "bob@example.com")
	tricky := s.AddUser(`o"br\ien & +1 ü`, "", "")
	missing := string(connector.PrincipalMissing)

	for _, c := range []struct {
		name string
		keys []string
		who  connector.Correlation
		want string
	}{
		{"by externalId", entitlement.CorrelateBy, connector.Correlation{External: "x-ann"}, ann},
		{"by userName", entitlement.CorrelateBy, connector.Correlation{UserName: "ann"}, ann},
		{"by mail, in other case", entitlement.CorrelateBy, connector.Correlation{Mail: "Ann@Example.com"}, ann},
		{"the first key decides", entitlement.CorrelateBy, connector.Correlation{External: "x-bob", UserName: "ann"}, bob},
		{"the order is the connector's", []string{"userName", "externalId"}, connector.Correlation{External: "x-bob", UserName: "ann"}, ann},
		{"a key that finds nobody is passed over", entitlement.CorrelateBy, connector.Correlation{External: "x-gone", UserName: "ann"}, ann},
		{"a key that is not the connector's is not asked", []string{"userName"}, connector.Correlation{External: "x-ann"}, missing},
		{"a value that needs escaping", entitlement.CorrelateBy, connector.Correlation{UserName: `o"br\ien & +1 ü`}, tricky},
		{"a value that closes the filter", entitlement.CorrelateBy, connector.Correlation{UserName: `x" or userName eq "ann`}, missing},
		{"nobody", entitlement.CorrelateBy, connector.Correlation{External: "x-gone", UserName: "gone", Mail: "gone@example.com"}, missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := find(t, s.open(c.keys...), c.who); got != c.want {
				t.Errorf("found %s, want %s", got, c.want)
			}
		})
	}
}

func TestASearchAsksForNoMoreThanItNeeds(t *testing.T) {
	s := newServer(t, "honest")
	s.AddUser("ann", "x-ann", "ann@example.com")
	find(t, s.open("mail"), connector.Correlation{Mail: "ann@example.com"})
	want := []string{`GET /v2/Users attributes=id,emails&count=2&filter=emails.value eq "ann@example.com"`}
	if got := s.asked(""); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// Y4: several people are one question, and people who have no account do not cost one each.
func TestSeveralPeopleAreLookedUpInOneFilter(t *testing.T) {
	for name, c := range map[string]struct {
		character     string
		known, others int // people looked up who have an account, and who have none
		most          int // questions
	}{
		"twenty who are there":                {"honest", 20, 0, 1},
		"a hundred who are there":             {"honest", 100, 0, 5},
		"one who is not":                      {"honest", 0, 1, 3},
		"ten of twenty who are not":           {"honest", 10, 10, 3},
		"a hundred who are not":               {"honest", 0, 100, 7},
		"a server without or, who are there":  {"shows an empty list and reads plain filters", 20, 0, 21},
		"a server without or, who are not":    {"shows an empty list and reads plain filters", 0, 20, 23},
		"one that reads the first comparison": {"reads the first comparison alone", 20, 0, 23},
		"one that ignores filters":            {"ignores filters", 20, 20, 1 + firstAlone + 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, c.character)
			ids := s.people(c.known)
			for i := range 60 {
				s.AddUser(fmt.Sprintf("other%d", i), "", "")
			}
			var who []connector.Correlation
			for i := range c.known {
				who = append(who, connector.Correlation{UserName: fmt.Sprintf("ann%d", i)})
			}
			for i := range c.others {
				who = append(who, connector.Correlation{UserName: fmt.Sprintf("nobody%d", i)})
			}
			found, err := s.open("userName").FindPrincipals(t.Context(), who)
			if err != nil || len(found) != len(who) {
				t.Fatalf("got %+v, %v", found, err)
			}
			for i, f := range found {
				switch {
				case i < c.known && (f.Err != nil || string(f.Ref) != ids[i]):
					t.Errorf("%s: got %+v, want %s", who[i].UserName, f, ids[i])
				case i >= c.known && (f.Err == nil || f.Err.Reason != connector.PrincipalMissing):
					t.Errorf("%s: got %+v, want missing", who[i].UserName, f)
				}
			}
			if got := s.asked(""); len(got) > c.most {
				t.Errorf("%d questions, want at most %d: %q", len(got), c.most, got)
			}
		})
	}
}

// "Create the account" makes a second account where the first was only not found, so it is
// said on proof alone; "ambiguous" where two really match.
func TestTheReasonForNobodyIsWhatIsKnown(t *testing.T) {
	const many = 6000 // more than are read of a list
	for name, c := range map[string]struct {
		character connectortest.Character
		others    int
		there     bool
		want      connector.Reason // none: found
		says      []string
	}{
		"missing":                                  {connectortest.Character{}, 10, false, connector.PrincipalMissing, []string{"knows nobody by userName", "Create the account"}},
		"missing, of many":                         {connectortest.Character{}, many, false, connector.PrincipalMissing, []string{"Create the account"}},
		"an empty server":                          {connectortest.Character{}, 0, false, connector.PrincipalMissing, []string{"shows no account at all"}},
		"filters ignored, on a later page":         {connectortest.Character{IgnoresFilters: true}, 350, true, "", nil},
		"filters ignored, missing":                 {connectortest.Character{IgnoresFilters: true}, 350, false, connector.PrincipalMissing, []string{"Create the account"}},
		"filters ignored, among too many":          {connectortest.Character{IgnoresFilters: true}, many, true, connector.RefusedByTarget, []string{"filter on userName", "of 6001", "correlationKeys"}},
		"filters ignored, missing of too many":     {connectortest.Character{IgnoresFilters: true}, many, false, connector.RefusedByTarget, []string{"filter on userName", "correlationKeys"}},
		"filters refused":                          {connectortest.Character{NoPeopleFilters: true}, 50, true, "", nil},
		"filters refused, missing":                 {connectortest.Character{NoPeopleFilters: true}, 50, false, connector.PrincipalMissing, []string{"Create the account"}},
		"filters refused, among too many":          {connectortest.Character{NoPeopleFilters: true}, many, true, connector.RefusedByTarget, []string{"filter on userName"}},
		"the first comparison alone is read":       {connectortest.Character{FirstTermOnly: true}, 10, true, "", nil},
		"the first comparison alone is read, gone": {connectortest.Character{FirstTermOnly: true}, 10, false, connector.PrincipalMissing, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := serverOf(t, c.character)
			for i := range c.others {
				s.AddUser(fmt.Sprintf("other%d", i), "", "")
			}
			who := []connector.Correlation{{UserName: "ann"}, {UserName: "other0"}, {UserName: "nobody"}}
			if c.there {
				s.AddUser("ann", "", "")
			}
			for _, people := range [][]connector.Correlation{who[:1], who} {
				found, err := s.open("userName").FindPrincipals(t.Context(), people)
				if err != nil {
					t.Fatal(err)
				}
				var got connector.Reason
				detail := ""
				if found[0].Err != nil {
					got, detail = found[0].Err.Reason, found[0].Err.Detail
				}
				if got != c.want {
					t.Errorf("with %d others: got %s %q, want %s", len(people)-1, got, detail, c.want)
				}
				for _, part := range c.says {
					if !strings.Contains(detail, part) {
						t.Errorf("%q does not say %q", detail, part)
					}
				}
			}
		})
	}
}

// A key that a server does not find by what it should is no proof that somebody is missing.
func TestAKeyThatWasSeenNotToFindProvesNothing(t *testing.T) {
	s := serverOf(t, connectortest.Character{NoMailFilter: true})
	ann := s.AddUser("a.smith", "", "ann@example.com")
	s.AddUser("bob", "", "bob@example.com")
	c := s.open("userName", "mail")
	if got := find(t, c, connector.Correlation{UserName: "ann", Mail: "ann@example.com"}); got != ann {
		t.Errorf("got %s, want her found by the mail that the list shows", got)
	}
	for i := range 6000 {
		s.AddUser(fmt.Sprintf("other%d", i), "", "")
	}
	if got := find(t, c, connector.Correlation{UserName: "nobody", Mail: "nobody@example.com"}); got != string(connector.RefusedByTarget) {
		t.Errorf("got %s, want that nobody can say", got)
	}
}

// Where nobody has a key, nothing shows whether the server finds by it.
func TestAKeyThatNobodyHasIsNoObstacleToTheOthers(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.AddUser("ann", "", "")
	who := connector.Correlation{External: "x-1", UserName: "ann"}
	if got := find(t, s.open("externalId", "userName"), who); got != ann {
		t.Errorf("got %s, want %s", got, ann)
	}
	who.UserName = "gone"
	if got := find(t, s.open("externalId", "userName"), who); got != string(connector.PrincipalMissing) {
		t.Errorf("got %s, want missing by userName", got)
	}
	if got := find(t, s.open("externalId"), who); got != string(connector.RefusedByTarget) {
		t.Errorf("got %s, want that nobody can say", got)
	}
}

func TestAnAnswerAboutSomebodyElseIsNeverTaken(t *testing.T) {
	who := connector.Correlation{External: "x-ann"}
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"himself":                     {`{"totalResults":1,"Resources":[{"id":"1","externalId":"x-ann"}]}`, "1"},
		"himself, by a number":        {`{"totalResults":1,"Resources":[{"id":1,"externalId":"x-ann"}]}`, "1"},
		"somebody else":               {`{"totalResults":1,"Resources":[{"id":"666","externalId":"x-eve"}]}`, "principal-missing"},
		"other case of an exact key":  {`{"totalResults":1,"Resources":[{"id":"666","externalId":"X-ANN"}]}`, "principal-missing"},
		"no attribute to compare":     {`{"totalResults":1,"Resources":[{"id":"666"}]}`, "refused-by-target"},
		"everybody, filter ignored":   {`{"totalResults":9,"Resources":[{"id":"2","externalId":"b"},{"id":"3"}]}`, "refused-by-target"},
		"himself among everybody":     {`{"totalResults":2,"Resources":[{"id":"2","externalId":"b"},{"id":"1","externalId":"x-ann"}]}`, "1"},
		"two of the same":             {`{"totalResults":2,"Resources":[{"id":"1","externalId":"x-ann"},{"id":"2","externalId":"x-ann"}]}`, "principal-ambiguous"},
		"the same one twice":          {`{"totalResults":2,"Resources":[{"id":"1","externalId":"x-ann"},{"id":"1","externalId":"x-ann"}]}`, "refused-by-target"},
		"one shown of several":        {`{"totalResults":3,"Resources":[{"id":"1","externalId":"x-ann"}]}`, "refused-by-target"},
		"no id":                       {`{"totalResults":1,"Resources":[{"externalId":"x-ann"}]}`, "not-understood"},
		"an id of a thousand letters": {`{"totalResults":1,"Resources":[{"id":"` + strings.Repeat("1", 1000) + `","externalId":"x-ann"}]}`, "not-understood"},
		"not a list":                  {`{}`, "not-understood"},
		"a list that hides its items": {`{"totalResults":1}`, "not-understood"},
		"a page":                      {`<html>`, "not-understood"},
		"nobody":                      {`{"totalResults":0}`, "principal-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
			if got := find(t, conn, who); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTwoWhoMatchAreAmbiguousAndTheOthersAreServed(t *testing.T) {
	s := newServer(t, "honest")
	s.AddUser("twin1", "", "twin@example.com")
	s.AddUser("twin2", "", "Twin@example.com")
	ann := s.AddUser("ann", "", "ann@example.com")
	found, err := s.open("mail").FindPrincipals(t.Context(), []connector.Correlation{{Mail: "twin@example.com"}, {Mail: "ann@example.com"}})
	if err != nil || found[0].Err == nil || found[0].Err.Reason != connector.PrincipalAmbiguous || string(found[1].Ref) != ann {
		t.Errorf("got %+v, %v", found, err)
	}
}

// A filter that is refused for one odd value closes the way to nobody else.
func TestF44_OneOddPersonHoldsUpNobodysSearch(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("filter")
		switch {
		case filter == "" || strings.Contains(filter, "odd"):
			refuse(w, http.StatusBadRequest, "invalidFilter")
		default:
			var found []map[string]any
			for _, name := range []string{"ann", "bob"} {
				if strings.Contains(filter, name) {
					found = append(found, map[string]any{"id": name, "userName": name})
				}
			}
			answerList(w, found)
		}
	})
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "odd"}, {UserName: "ann"}, {UserName: "bob"}})
	if err != nil || found[1].Ref != "ann" || found[2].Ref != "bob" || found[0].Err == nil || found[0].Err.Reason == connector.PrincipalMissing {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestAKeyThatTheServerCannotSearchByLeavesItToTheOthers(t *testing.T) {
	conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("filter")
		switch {
		case filter == "" || strings.HasPrefix(filter, "externalId"):
			refuse(w, http.StatusBadRequest, "invalidFilter")
		case strings.Contains(filter, "ann"):
			fmt.Fprint(w, `{"totalResults":1,"Resources":[{"id":"1","userName":"ann"}]}`)
		default:
			fmt.Fprint(w, `{"totalResults":0}`)
		}
	})
	if got := find(t, conn, connector.Correlation{External: "x-ann", UserName: "ann"}); got != "1" {
		t.Errorf("found %s, want 1", got)
	}
	// It was not asked about the first key, so nobody is missing.
	if got := find(t, conn, connector.Correlation{External: "x-bob", UserName: "bob"}); got != "refused-by-target" {
		t.Errorf("got %s", got)
	}
}

func TestOnePersonIsFoundUnderEveryNameThatAsksForHim(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.AddUser("ann", "", "")
	found, err := s.open("userName").FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}, {UserName: "Ann"}, {UserName: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if string(f.Ref) != ann {
			t.Errorf("%d: got %+v, want %s", i, f, ann)
		}
	}
}

// F42: what stands in front of a server, or a server whose data are away, ends nobody's grant.
func TestF42_NobodyIsSoughtInVainForGoodWhileAServerIsAway(t *testing.T) {
	for name, front := range map[string]http.Handler{
		"ingress": connectortest.Ingress, "redirect": connectortest.Redirect, "maintenance": connectortest.Maintenance, "data away": connectortest.Empty,
	} {
		s := newServer(t, "honest")
		s.AddUser("ann", "", "")
		s.Front(front, 0)
		_, err := s.open("userName").FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}, {UserName: "bob"}})
		if r := connector.RefusalOf(err); err == nil || r.Reason != connector.NotUnderstood || r.Permanent || entitlement.KindOf(err) != entitlement.Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Only what a server says in its own form keeps somebody out for good.
func TestF42_ASearchThatIsRefusedInNoFormOfSCIMsIsNotFinal(t *testing.T) {
	for form, final := range map[string]bool{schemaError: true, "": false} {
		c := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusBadRequest, map[string]any{"schemas": []string{form}})
		})
		found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}})
		if err != nil || found[0].Err == nil || found[0].Err.Reason != connector.RefusedByTarget || found[0].Err.Permanent != final {
			t.Errorf("form %q: got %+v, %v; want it final: %v", form, found, err, final)
		}
	}
}
