package connectortest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Accounts are made, enabled, disabled and deleted as RFC 7644 has it, but for what the server's
// AccountCharacter says.

// AccountCharacter is what a server does about accounts that are made there. The zero value is an
// honest one: user names are unique without regard to case, and what is stored is shown at once.
type AccountCharacter struct {
	Twins         bool          // takes a second account of the same user name
	IgnoresActive bool          // says that it has disabled an account, and has not
	HidesActive   bool          // does not show whether an account is active
	DropsMarks    bool          // keeps no externalId
	HidesDisabled bool          // no search finds an account that is disabled
	ShowsLate     time.Duration // an account is not found for so long after it was made
	AnswersOther  bool          // answers a POST with the first account that it has
}

// AccountCharacters are such servers, each with one name.
func AccountCharacters() map[string]AccountCharacter {
	return map[string]AccountCharacter{
		"honest": {}, "takes a user name twice": {Twins: true}, "ignores active": {IgnoresActive: true}, "hides active": {HidesActive: true},
		"drops marks": {DropsMarks: true}, "hides disabled accounts": {HidesDisabled: true},
		"takes a user name twice and shows accounts late": {Twins: true, ShowsLate: 30 * time.Second}, "answers another account": {AnswersOther: true},
	}
}

// Accounts returns the accounts of a user name that are there: id, externalId, and whether active.
func (s *Server) Accounts(userName string) (all []ShownAccount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if strings.EqualFold(u.userName, userName) && !u.deleted {
			all = append(all, ShownAccount{u.id, u.external, u.mail, !u.inactive, u.made})
		}
	}
	return all
}

// ShownAccount is an account as the server stores it.
type ShownAccount struct {
	ID, ExternalID, Mail string
	Active               bool
	Made                 map[string]any // the body that it was made with; nil: not by a POST
}

// SetActive enables or disables an account, as an administrator of the server would.
func (s *Server) SetActive(id string, active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account(id); u != nil {
		u.inactive = !active
	}
}

// Mark gives an account another externalId, as where the id is that of another account by now.
func (s *Server) Mark(id, external string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account(id); u != nil {
		u.external = external
	}
}

// findable reports that searches show an account by now.
func (s *Server) findable(u *account) bool {
	return !u.deleted && !(s.HidesDisabled && u.inactive) && !s.clock.Now().Before(u.shown)
}

func (s *Server) postUser(r *http.Request) answer {
	var body struct {
		Schemas              []string
		UserName, ExternalID string
		Emails               []struct{ Value string }
		Active               *bool
	}
	var made map[string]any
	raw := json.NewDecoder(r.Body)
	if err := raw.Decode(&made); err != nil {
		return refuse(http.StatusBadRequest, "invalidSyntax")
	}
	again, _ := json.Marshal(made) // it was JSON a moment ago
	if err := json.Unmarshal(again, &body); err != nil || body.UserName == "" || !slices.Contains(body.Schemas, schemaUser) {
		return refuse(http.StatusBadRequest, "invalidValue")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	taken := func(u *account) bool { return !u.deleted && strings.EqualFold(u.userName, body.UserName) }
	if !s.Twins && slices.ContainsFunc(s.users, taken) {
		return refuse(http.StatusConflict, "uniqueness")
	}
	u := &account{id: s.newID("user", len(s.users)), userName: body.UserName, external: body.ExternalID, inactive: body.Active != nil && !*body.Active,
		made: made, shown: s.clock.Now().Add(s.ShowsLate)}
	if len(body.Emails) > 0 {
		u.mail = body.Emails[0].Value
	}
	if s.DropsMarks {
		u.external = ""
	}
	s.users = append(s.users, u)
	if s.AnswersOther {
		return answer{status: http.StatusCreated, body: s.person(s.users[0])}
	}
	return answer{status: http.StatusCreated, body: s.person(u)}
}

func (s *Server) deleteUser(r *http.Request) answer {
	s.mu.Lock()
	u := s.account(r.PathValue("id"))
	s.mu.Unlock()
	if u == nil {
		return refuse(http.StatusNotFound, "")
	}
	s.DeleteUser(u.userName)
	return answer{status: http.StatusNoContent}
}

// active carries out a change of whether an account is active, and reports that it was one.
func (s *Server) active(u *account, o change) (is bool) {
	if !strings.EqualFold(o.Path, "active") || !strings.EqualFold(o.Op, "replace") {
		return false
	}
	if o.Holds == nil {
		return false
	}
	if !s.IgnoresActive {
		u.inactive = !*o.Holds
	}
	return true
}
