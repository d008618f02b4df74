package scim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

// nobody is an id that no server gives.
const nobody = "4f1c6c3e-0000-4000-8000-000000000000"

// Each way repeats what the server answers of somebody who is a member, of somebody who is
// none, and of an id that nobody has. Nothing is concluded here: that a way which calls
// everybody absent, or everybody present, tells nothing is seen by whoever compares.
func TestF39_EveryWayRepeatsWhatTheServerAnswers(t *testing.T) {
	for character, want := range map[string][5]string{
		// members, group-and-member, group-and-member-plain, member, user-groups
		"honest": {"+--", "+--", "???", "+--", "+--"},
		"shows an empty list and reads plain filters": {"---", "???", "+--", "???", "---"},
		"shows an empty list and groups of people":    {"---", "???", "???", "???", "+--"},
		"sends no members":                            {"---", "+--", "???", "+--", "---"},
		"shows the first hundred":                     {"---", "+--", "???", "+--", "---"},
		"leaves some out":                             {"---", "???", "???", "???", "+--"},
		"ignores filters":                             {"+--", "???", "???", "+++", "---"},
		"ignores filters and shows an empty list":     {"---", "???", "???", "+++", "+--"},
		"reads the first comparison alone":            {"+--", "+++", "???", "+--", "+--"},
		"tells nothing":                               {"---", "???", "???", "+++", "---"},
		"shows memberships of others alone":           {"---", "???", "???", "???", "?--"},
		"numeric ids":                                 {"+--", "+--", "???", "+--", "+--"},
	} {
		t.Run(character, func(t *testing.T) {
			s := newServer(t, character)
			var others []string
			for i := range 102 - 1 {
				others = append(others, s.AddUser(fmt.Sprintf("other%d", i), "", ""))
			}
			member, outsider := s.AddUser("ann", "", ""), s.AddUser("bob", "", "")
			if s.LeavesOut {
				member, outsider = outsider, member
			}
			if s.ShowsFirst == 0 {
				others = nil
			}
			group := s.AddGroup(append(others, member)...)
			s.AddGroup()
			for i, w := range ways {
				if s.HidesGroups && w.name == WayUserGroups {
					continue // below
				}
				if got := told(t, s.open("userName"), group, w.name, member, outsider, nobody); got != want[i] {
					t.Errorf("%s: got %s, want %s", w.name, got, want[i])
				}
			}
		})
	}
}

// What is left out is empty only where the server's own schema promises the attribute.
func TestF39_AnAttributeThatIsLeftOutSaysNothingUnlessTheSchemaPromisesIt(t *testing.T) {
	for name, c := range map[string]struct {
		schema string // of group and user
		want   string
	}{
		"promised":             {`{"attributes":[{"name":"members","returned":"default"},{"name":"Groups","returned":"Request"}]}`, "-"},
		"never shown":          {`{"attributes":[{"name":"members","returned":"never"},{"name":"groups","returned":"never"}]}`, "?"},
		"without a word of it": {`{"attributes":[{"name":"displayName","returned":"default"}]}`, "?"},
		"no schema":            {``, "?"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasPrefix(r.URL.Path, "/v2/Schemas/"):
					io.WriteString(w, c.schema)
				case r.URL.Path == "/v2/Users/ann":
					io.WriteString(w, `{"id":"ann"}`)
				default:
					io.WriteString(w, `{"id":"g","members":null}`)
				}
			})
			for _, way := range []connector.Way{WayMembers, WayUserGroups} {
				if got := told(t, conn, "g", way, "ann"); got != c.want {
					t.Errorf("%s: got %s, want %s", way, got, c.want)
				}
			}
		})
	}
}

func TestF39_AGroupTooLargeToReadSaysNothingOfThoseWhoWereNotSeen(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"id":"g","members":[{"value":"a"},`)
		for n := 0; n < maxGroup; {
			written, err := io.WriteString(w, `{"value":"`+strings.Repeat("x", 1000)+`"},`)
			if err != nil {
				return
			}
			n += written
		}
		fmt.Fprint(w, `{"value":"b"}]}`)
	})
	if got := told(t, c, "g", WayMembers, "a", "b"); got != "+?" {
		t.Errorf("got %s, want +?", got)
	}
}

func TestMembershipIsBelievedOfTheGroupAskedForAlone(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"member":              {`{"id":"g","members":[{"value":"b"},{"value":"a"}]}`, "+"},
		"names in other case": {`{"ID":"g","Members":[{"Value":"a"}]}`, "+"},
		"not a member":        {`{"id":"g","members":[{"value":"b"}]}`, "-"},
		"numbers":             {`{"id":"g","members":[{"value":7}]}`, "-"},
		"an empty list":       {`{"members":[],"id":"g"}`, "-"},
		"another group":       {`{"id":"h","members":[{"value":"a"}]}`, "!"},
		"no id":               {`{"members":[{"value":"a"}]}`, "!"},
		"cut off":             {`{"id":"g","members":[{"value":"b"}`, "!"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, c.body) })
			if got := told(t, conn, "g", WayMembers, "a"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAFilterIsBelievedOfTheGroupAskedForAlone(t *testing.T) {
	for name, c := range map[string]struct{ body, groupAndMember, member string }{
		"the group":           {`{"totalResults":1,"Resources":[{"id":"g"}]}`, "+", "+"},
		"the group, a number": {`{"totalResults":1,"Resources":[{"id":7}]}`, "?", "-"},
		"none":                {`{"totalResults":0}`, "-", "-"},
		"another group":       {`{"totalResults":1,"Resources":[{"id":"h"}]}`, "?", "-"},
		"several groups":      {`{"totalResults":2,"Resources":[{"id":"g"},{"id":"h"}]}`, "?", "+"},
		"one of several":      {`{"totalResults":9,"Resources":[{"id":"g"}]}`, "?", "+"},
		"others of more":      {`{"totalResults":9,"Resources":[{"id":"h"}]}`, "?", "?"},
		"no list":             {`{}`, "!", "!"},
		"a list without any":  {`{"totalResults":3}`, "!", "!"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, c.body) })
			for way, want := range map[connector.Way]string{WayGroupAndMember: c.groupAndMember, WayGroupAndMemberPlain: c.groupAndMember, WayMember: c.member} {
				if got := told(t, conn, "g", way, "a"); got != want {
					t.Errorf("%s: got %s, want %s", way, got, want)
				}
			}
		})
	}
}

func TestAMemberOfManyGroupsIsFoundOnALaterPage(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.AddUser("ann", "", "")
	for range 350 {
		s.AddGroup(ann)
	}
	last, other := s.AddGroup(ann), s.AddGroup()
	c := s.open("userName")
	if got := told(t, c, last, WayMember, ann); got != "+" {
		t.Errorf("the last of 351 groups: got %s", got)
	}
	if got := told(t, c, other, WayMember, ann); got != "-" {
		t.Errorf("the one that she is not in: got %s", got)
	}
}

// A refusal that is about one person keeps nobody else's answer back.
func TestF44_ARefusalForOnePersonIsNotOneOfTheWay(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if filter := r.URL.Query().Get("filter"); strings.Contains(filter, "odd") {
			refuse(w, http.StatusBadRequest, "invalidValue")
			return
		}
		answerList(w, []map[string]any{{"id": "g"}})
	})
	if got := told(t, c, "g", WayGroupAndMember, "odd", "a", "odd", "b"); got != "?+?+" {
		t.Errorf("got %s, want ?+?+", got)
	}
}

func TestAWayThatIsNoneIsRefused(t *testing.T) {
	s := newServer(t, "honest")
	group := s.AddGroup()
	if got := told(t, s.open("userName"), group, "by-rumour", "ann"); got != "!" {
		t.Errorf("got %s, want an error", got)
	}
	if got := s.asked(""); len(got) > 0 {
		t.Errorf("asked %q", got)
	}
}

func TestAWayThatTheServerDoesNotKnowIsAskedAFewTimesAlone(t *testing.T) {
	s := newServer(t, "leaves some out")
	people := s.people(50)
	group := s.AddGroup(people...)
	if got := told(t, s.open("userName"), group, WayMember, people...); got != strings.Repeat("?", 50) {
		t.Errorf("got %s, want unknown", got)
	}
	if got := len(s.asked("GET")); got != firstAlone {
		t.Errorf("asked %d times, want %d", got, firstAlone)
	}
}

func TestAHundredPeopleTakeOneReadOneWriteAndOneReadBack(t *testing.T) {
	s := newServer(t, "honest")
	people := s.people(MaxBatch)
	group := s.AddGroup(s.AddUser("bob", "", ""))
	c := s.open("userName")
	check := func() error { _, err := c.Check(t.Context(), roleOf(group), WayMembers, refs(people)); return err }
	apply := func() error { _, err := c.Apply(t.Context(), roleOf(group), grants(people...)); return err }
	for _, call := range []func() error{check, apply, check} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if got := s.asked(""); len(got) != 1 {
			t.Errorf("a call asked %q, want one question", got)
		}
	}
	if got := len(s.members(group)); got != MaxBatch+1 {
		t.Errorf("%d members, want %d", got, MaxBatch+1)
	}
}

// F42: what is not the server's own word is an error of the call, never an answer.
func TestF42_NoWayBelievesWhatStandsInFrontOfAServer(t *testing.T) {
	for name, front := range map[string]http.Handler{
		"ingress": connectortest.Ingress, "redirect": connectortest.Redirect, "maintenance": connectortest.Maintenance,
	} {
		s := newServer(t, "honest")
		ann := s.AddUser("ann", "", "")
		group := s.AddGroup(ann)
		s.Front(front, 0)
		for _, w := range ways {
			_, err := s.open("userName").Check(t.Context(), roleOf(group), w.name, refs([]string{ann}))
			if r := connector.RefusalOf(err); err == nil || r.Reason != connector.NotUnderstood || r.Permanent || entitlement.KindOf(err) != entitlement.Unavailable {
				t.Errorf("%s, %s: got %v", name, w.name, err)
			}
		}
	}
}
