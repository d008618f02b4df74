package scim

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
)

func TestAnEmptyGroupIsAskedAboutTwentyPeopleAtOnce(t *testing.T) {
	s := newTarget(t, habits{})
	group := s.addGroup()
	var people []string
	for i := range 50 {
		people = append(people, fmt.Sprint("user-", i))
	}
	present, err := open(t, s.url, "userName").check(t.Context(), roleOf(group), refs(people))
	if err != nil || slices.Contains(present, true) {
		t.Fatalf("got %v, %v; want nobody", present, err)
	}
	if got := s.asked("GET"); len(got) != 1+3 {
		t.Errorf("asked %d questions, want the list and three filters: %q", len(got), got)
	}
}

func TestAGroupTooLargeToReadIsAskedAboutEachPerson(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/Groups" {
			found := []map[string]any{}
			if strings.Contains(r.URL.Query().Get("filter"), `"b"`) {
				found = append(found, map[string]any{"id": "g"})
			}
			answerList(w, found)
			return
		}
		fmt.Fprint(w, `{"id":"g","members":[`)
		for n := 0; n < maxGroup; {
			written, err := io.WriteString(w, `{"value":"`+strings.Repeat("x", 1000)+`"},`)
			if err != nil {
				return
			}
			n += written
		}
	})
	present, err := c.check(t.Context(), roleOf("g"), refs([]string{"a", "b"}))
	if err != nil || !slices.Equal(present, []bool{false, true}) {
		t.Errorf("got %v, %v; want false, true", present, err)
	}
}

func TestMembershipIsBelievedOfTheGroupAskedForAlone(t *testing.T) {
	for name, c := range map[string]struct {
		group, filter string
		want          string // present, absent, or error
	}{
		"member":                       {`{"id":"g","members":[{"value":"b"},{"value":"a"}]}`, ``, "present"},
		"names in other case":          {`{"ID":"g","Members":[{"Value":"a"}]}`, ``, "present"},
		"not a member":                 {`{"id":"g","members":[{"value":"b"}]}`, ``, "absent"},
		"an empty list":                {`{"members":[],"id":"g"}`, ``, "absent"},
		"another group":                {`{"id":"h","members":[{"value":"a"}]}`, ``, "error"},
		"no id":                        {`{"members":[{"value":"a"}]}`, ``, "error"},
		"cut off":                      {`{"id":"g","members":[{"value":"b"}`, ``, "error"},
		"hidden, filter says member":   {`{"id":"g"}`, `{"totalResults":1,"Resources":[{"id":"g"}]}`, "present"},
		"null, filter says not member": {`{"id":"g","members":null}`, `{"totalResults":0}`, "absent"},
		"hidden, filter says nothing":  {`{"id":"g"}`, `{}`, "error"},
		"hidden, filter finds another": {`{"id":"g"}`, `{"totalResults":1,"Resources":[{"id":"h"}]}`, "error"},
		"hidden, filter finds several": {`{"id":"g"}`, `{"totalResults":2,"Resources":[{"id":"g"},{"id":"g"}]}`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/Groups" {
					fmt.Fprint(w, c.filter)
					return
				}
				fmt.Fprint(w, c.group)
			})
			present, err := conn.check(t.Context(), roleOf("g"), refs([]string{"a"}))
			got := "error"
			if err == nil {
				got = map[bool]string{true: "present", false: "absent"}[present[0]]
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestAServerThatTellsNothingOfMembersIsNotBelievedToHaveNone(t *testing.T) {
	s := newTarget(t, habits{hidesMembers: true, noFilters: true})
	group := s.addGroup("user-1")
	_, err := open(t, s.url, "userName").check(t.Context(), roleOf(group), refs([]string{"user-1", "user-2"}))
	wantReason(t, err, connector.RefusedByTarget)
}

func TestALargeGroupOfAServerWithoutFiltersIsNotBelievedToBeEmpty(t *testing.T) {
	s := newTarget(t, habits{noFilters: true})
	group := s.addGroup(strings.Repeat("x", maxGroup), "user-1")
	_, err := open(t, s.url, "userName").check(t.Context(), roleOf(group), refs([]string{"user-1"}))
	wantReason(t, err, connector.RefusedByTarget)
}
