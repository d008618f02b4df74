package scim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

func TestPeopleAreFoundByTheFirstKeyThatFindsSomebody(t *testing.T) {
	s := newTarget(t, habits{})
	ann := s.addUser("ann", "x-ann", "ann@example.com")
	bob := s.addUser("bob", "x-bob", "bob@example.com")
	tricky := s.addUser(`o"br\ien & +1 ü`, "", "")

	for _, c := range []struct {
		name string
		keys []string
		who  connector.Correlation
		want string // "" means missing
	}{
		{"by externalId", entitlement.CorrelateBy, connector.Correlation{External: "x-ann"}, ann},
		{"by userName", entitlement.CorrelateBy, connector.Correlation{UserName: "ann"}, ann},
		{"by mail, in other case", entitlement.CorrelateBy, connector.Correlation{Mail: "Ann@Example.com"}, ann},
		{"the first key decides", entitlement.CorrelateBy, connector.Correlation{External: "x-bob", UserName: "ann"}, bob},
		{"the order is the connector's", []string{"userName", "externalId"}, connector.Correlation{External: "x-bob", UserName: "ann"}, ann},
		{"a key that finds nobody is passed over", entitlement.CorrelateBy, connector.Correlation{External: "x-gone", UserName: "ann"}, ann},
		{"a key that is not the connector's is not asked", []string{"userName"}, connector.Correlation{External: "x-ann"}, ""},
		{"a value that needs escaping", entitlement.CorrelateBy, connector.Correlation{UserName: `o"br\ien & +1 ü`}, tricky},
		{"a value that closes the filter", entitlement.CorrelateBy, connector.Correlation{UserName: `x" or userName eq "ann`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := open(t, s.url, c.keys...).findPrincipal(t.Context(), c.who)
			if c.want == "" {
				wantReason(t, err, connector.PrincipalMissing)
			} else if err != nil || string(got) != c.want {
				t.Errorf("found %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestASearchAsksForNoMoreThanItNeeds(t *testing.T) {
	s := newTarget(t, habits{})
	s.addUser("ann", "x-ann", "ann@example.com")
	if _, err := open(t, s.url, "mail").findPrincipal(t.Context(), connector.Correlation{Mail: "ann@example.com"}); err != nil {
		t.Fatal(err)
	}
	want := []string{"GET /v2/Users attributes=id%2Cemails&count=2&filter=emails.value+eq+%22ann%40example.com%22"}
	if got := s.asked(""); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestAnAnswerAboutSomebodyElseIsNeverTaken(t *testing.T) {
	who := connector.Correlation{External: "x-ann"}
	for name, c := range map[string]struct {
		body string
		want connector.Reason // "" means found as "1"
	}{
		"himself":                     {`{"totalResults":1,"Resources":[{"id":"1","externalId":"x-ann"}]}`, ""},
		"somebody else":               {`{"totalResults":1,"Resources":[{"id":"666","externalId":"x-eve"}]}`, connector.PrincipalMissing},
		"other case of an exact key":  {`{"totalResults":1,"Resources":[{"id":"666","externalId":"X-ANN"}]}`, connector.PrincipalMissing},
		"no attribute to compare":     {`{"totalResults":1,"Resources":[{"id":"666"}]}`, connector.PrincipalMissing},
		"everybody, filter ignored":   {`{"totalResults":9,"Resources":[{"id":"2","externalId":"b"},{"id":"3"}]}`, connector.PrincipalMissing},
		"two of the same":             {`{"totalResults":2,"Resources":[{"id":"1","externalId":"x-ann"},{"id":"2","externalId":"x-ann"}]}`, connector.PrincipalAmbiguous},
		"one shown of several":        {`{"totalResults":3,"Resources":[{"id":"1","externalId":"x-ann"}]}`, connector.PrincipalAmbiguous},
		"no id":                       {`{"totalResults":1,"Resources":[{"externalId":"x-ann"}]}`, connector.TargetUnavailable},
		"an id of a thousand letters": {`{"totalResults":1,"Resources":[{"id":"` + strings.Repeat("1", 1000) + `","externalId":"x-ann"}]}`, connector.TargetUnavailable},
		"not a list":                  {`{}`, connector.TargetUnavailable},
		"a list that hides its items": {`{"totalResults":1}`, connector.TargetUnavailable},
		"nobody":                      {`{"totalResults":0}`, connector.PrincipalMissing},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
			got, err := conn.findPrincipal(t.Context(), who)
			if c.want != "" {
				wantReason(t, err, c.want)
			} else if err != nil || got != "1" {
				t.Errorf("found %q, %v; want 1", got, err)
			}
		})
	}
}

func TestAKeyThatTheServerCannotSearchByLeavesItToTheOthers(t *testing.T) {
	conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("filter")
		switch {
		case strings.HasPrefix(filter, "externalId"):
			refuse(w, http.StatusBadRequest, "invalidFilter")
		case strings.Contains(filter, "ann"):
			fmt.Fprint(w, `{"totalResults":1,"Resources":[{"id":"1","userName":"ann"}]}`)
		default:
			fmt.Fprint(w, `{"totalResults":0}`)
		}
	})
	got, err := conn.findPrincipal(t.Context(), connector.Correlation{External: "x-ann", UserName: "ann"})
	if err != nil || got != "1" {
		t.Errorf("found %q, %v; want 1", got, err)
	}
	_, err = conn.findPrincipal(t.Context(), connector.Correlation{External: "x-bob", UserName: "bob"})
	wantReason(t, err, connector.RefusedByTarget) // it was not asked about the first key, so nobody is missing
}
