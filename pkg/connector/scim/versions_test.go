package scim

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
)

// A server that changes nothing for who names no version gets that of the moment (RFC 7644, 3.14).
func TestAServerThatDemandsAVersionGetsIt(t *testing.T) {
	s := serverOf(t, connectortest.Character{Versions: true, DemandsVersions: true})
	ann, group := s.people(1)[0], s.AddGroup()
	c := s.open("userName")
	if _, err := c.Apply(t.Context(), roleOf(group), grants(ann)); err != nil || !slices.Equal(s.members(group), []string{ann}) {
		t.Fatalf("members are %v, %v", s.members(group), err)
	}
	if sent := s.asked(http.MethodPatch); len(sent) != 2 {
		t.Errorf("sent were %v", sent)
	}
}

// Where the version moves on with each look, a change is tried a few times, and then refused for now.
func TestAVersionThatNeverHoldsIsNotNamedForEver(t *testing.T) {
	patches := 0
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			patches++
			refuse(w, map[bool]int{true: http.StatusPreconditionRequired, false: http.StatusPreconditionFailed}[r.Header.Get("If-Match") == ""], "")
			return
		}
		w.Header().Set("ETag", `"moves"`)
		answer(w, http.StatusOK, map[string]any{"id": "g"})
	})
	results, err := c.Apply(t.Context(), roleOf("g"), grants("u"))
	if err != nil || results[0].Err == nil || results[0].Err.Permanent {
		t.Errorf("%+v, %v", results, err)
	}
	if patches != 1+versionTries {
		t.Errorf("%d changes were sent", patches)
	}
}

// What was decided by a look at an account is done to the version that was looked at, and to no other:
// the account may be another person's by now.
func TestR270_AnAccountIsChangedAsItWasSeen(t *testing.T) {
	for _, character := range []connectortest.Character{{Versions: true}, {Versions: true, DemandsVersions: true}} {
		s := serverOf(t, character)
		id := s.people(1)[0]
		c := s.checked()
		ref := connector.PrincipalRef(id)
		look := func() connector.AccountShown {
			shown, err := c.LookAtAccount(t.Context(), ref)
			if err != nil || shown.Version == "" {
				t.Fatalf("%+v, %v", shown, err)
			}
			return shown
		}
		changes := map[string]func(connector.AccountShown) error{
			"disabled": func(seen connector.AccountShown) error { return c.DisableAccount(t.Context(), ref, seen) },
			"deleted":  func(seen connector.AccountShown) error { return c.DeleteAccount(t.Context(), ref, seen) },
		}
		for name, change := range changes {
			seen := look()
			s.Mark(id, "another's "+name)
			err := change(seen)
			wantReason(t, err, connector.RefusedByTarget)
			if connector.RefusalOf(err).Permanent || entitlement.KindOf(err) != entitlement.Unavailable {
				t.Errorf("it counts as the last word: %v", err)
			}
			if all := s.Accounts("ann0"); len(all) != 1 || !all[0].Active {
				t.Fatalf("it was %s: %+v", name, all)
			}
		}
		if err := changes["disabled"](look()); err != nil || s.Accounts("ann0")[0].Active {
			t.Errorf("as it was seen it is not disabled: %v", err)
		}
		if err := changes["deleted"](look()); err != nil || len(s.Accounts("ann0")) > 0 {
			t.Errorf("as it was seen it is not deleted: %v", err)
		}
	}
}

// A server that says nothing of versions may stand behind something that has some of its own.
func TestAVersionThatTheServerDoesNotClaimIsNotNamed(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"of a cache"`)
		if r.Method == http.MethodPatch {
			if named := r.Header.Get("If-Match"); named != "" {
				t.Errorf("named was %s", named)
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, http.StatusOK, map[string]any{"id": strings.TrimPrefix(r.URL.Path, "/v2/Users/"), "active": true})
	})
	seen, err := c.LookAtAccount(t.Context(), "u")
	if err != nil || seen.Version != "" {
		t.Errorf("%+v, %v", seen, err)
	}
	if err := c.DisableAccount(t.Context(), "u", seen); err != nil {
		t.Error(err)
	}
}

// A server that demands a version, and showed none that counts, gets that of the account as long as it
// is the one that was seen.
func TestR270_AnAccountOfWhichNoVersionWasSeenIsLookedAtAgain(t *testing.T) {
	for name, c := range map[string]struct {
		header  string
		version any // of meta
		active  bool
		done    bool
	}{
		"as it was":                        {`W/"7"`, nil, true, true},
		"a version that is none":           {"", "7\r\nX-Forged: 1", true, false},
		"a version that is none, and one":  {`W/"7"`, "7\r\nX-Forged: 1", true, true},
		"it shows no version":              {"", nil, true, false},
		"somebody else disabled it so far": {`W/"7"`, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			active, changed := true, 0
			conn := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet:
					if c.header != "" {
						w.Header().Set("ETag", c.header)
					}
					answer(w, http.StatusOK, map[string]any{"id": "u", "active": active, "meta": map[string]any{"version": c.version}})
				case r.Header.Get("If-Match") == "":
					active = c.active
					refuse(w, http.StatusPreconditionRequired, "")
				case r.Header.Get("If-Match") != c.header:
					refuse(w, http.StatusPreconditionFailed, "")
				default:
					changed++
					w.WriteHeader(http.StatusNoContent)
				}
			})
			seen, err := conn.LookAtAccount(t.Context(), "u")
			if err != nil || seen.Version != "" {
				t.Fatalf("%+v, %v", seen, err)
			}

			for _, change := range []func() error{
				func() error { return conn.DisableAccount(t.Context(), "u", seen) },
				func() error { return conn.DeleteAccount(t.Context(), "u", seen) },
			} {
				active, changed = true, 0
				err := change()
				if c.done != (err == nil) || c.done != (changed == 1) {
					t.Fatalf("%d changes, %v", changed, err)
				}
				if err != nil && connector.RefusalOf(err).Permanent {
					t.Errorf("it counts as the last word: %v", err)
				}
			}
		})
	}
}
