package graphserver

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Guests are invited, disabled and deleted as documented: an invitation makes an account of the
// userType Guest, whose state is PendingAcceptance until it was accepted, and which can be given roles
// at once; one of somebody who is there already names that account, and makes none. An address of the
// tenant's own domain is refused.

// domain is that of the tenant's own people.
const domain = "contoso.com"

func (u *User) proxies() (all []string) {
	if u.Mail != "" {
		all = append(all, "SMTP:"+u.Mail)
	}
	for _, p := range u.Proxies {
		all = append(all, "smtp:"+p)
	}
	return all
}

// shows reports that reads show an account by now; a filter asks an index that follows.
func (s *Server) shows(u *User, filtered bool) bool {
	late := s.Lag
	if filtered {
		late += s.IndexLag
	}
	return !u.deleted && !s.clock.Now().Before(u.made.Add(max(late, s.late(u))))
}

// late is how long an account is not there after it was made.
func (s *Server) late(u *User) time.Duration {
	if u.Guest {
		return s.GuestsLate
	}
	return 0
}

// has reports that an account has a mail address, however.
func (u *User) has(address string) bool {
	for _, a := range append([]string{u.UPN, u.Mail}, append(u.OtherMails, u.Proxies...)...) {
		if strings.EqualFold(a, address) {
			return true
		}
	}
	return false
}

func (s *Server) invite(c *call) answer {
	var body struct {
		InvitedUserEmailAddress, InvitedUserDisplayName, InviteRedirectUrl string
		SendInvitationMessage                                              bool
	}
	err := json.NewDecoder(c.Body).Decode(&body)
	name, at, is := strings.Cut(body.InvitedUserEmailAddress, "@")
	switch {
	case s.NoInvitations:
		return s.refuse(http.StatusForbidden, "Forbidden", "Guest invitations not allowed for your company. Contact your company administrator for more details.")
	case err != nil || !is || !strings.HasPrefix(body.InviteRedirectUrl, "https://"):
		return s.refuse(http.StatusBadRequest, "BadRequest", "Missing required property.")
	case strings.ContainsAny(name, "~!#$%^&*()+=[]{}\\/|;:\"<>?,"):
		return s.refuse(http.StatusBadRequest, "BadRequest", "The invited user's email address is invalid.")
	}

	s.invitations++
	var found *User
	for _, u := range s.users {
		if !u.deleted && u.has(body.InvitedUserEmailAddress) {
			found = u
			break
		}
	}
	if found == nil && strings.EqualFold(at, domain) {
		return s.refuse(http.StatusBadRequest, "BadRequest", "The invited user is a user of a verified domain of this directory.")
	}
	if found == nil {
		found = &User{ID: s.newID(1), UPN: name + "_" + at + "#EXT#@" + domain, Mail: body.InvitedUserEmailAddress, Name: body.InvitedUserDisplayName,
			Guest: true, State: "PendingAcceptance", made: s.clock.Now()}
		s.users = append(s.users, found)
		s.byID[found.ID] = found
	}
	return answer{status: http.StatusCreated, body: map[string]any{"id": s.newInvitation(), "status": "PendingAcceptance", "invitedUserType": "Guest", "invitedUserEmailAddress": body.InvitedUserEmailAddress,
		"invitedUserDisplayName": body.InvitedUserDisplayName, "inviteRedirectUrl": body.InviteRedirectUrl, "sendInvitationMessage": body.SendInvitationMessage,
		"inviteRedeemUrl": "https://login.microsoftonline.com/redeem?ticket=secret", "invitedUser": map[string]any{"id": found.ID}}}
}

// newInvitation is the id of an invitation, which is none of an object.
func (s *Server) newInvitation() string { return "9071bfde-35e0-47d2-a582-d244ab1b4af6" }

// account is the one in the path of a change, where it is there by now.
func (s *Server) account(c *call) *User {
	if u, is := s.byID[c.PathValue("id")].(*User); is && !u.deleted && !s.clock.Now().Before(u.made.Add(s.late(u))) {
		return u
	}
	return nil
}

func (s *Server) patchUser(c *call) answer {
	var body map[string]any
	u := s.account(c)
	err := json.NewDecoder(c.Body).Decode(&body)
	enabled, is := body["accountEnabled"].(bool)
	switch {
	case u == nil:
		return s.notFound(c.PathValue("id"))
	case err != nil || !is || len(body) != 1:
		s.harm = append(s.harm, "changed more of an account than whether it is enabled")
		return s.bad("Invalid property.")
	case !u.Guest:
		s.harm = append(s.harm, "enabled or disabled the member "+u.UPN)
		return s.refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	if !s.IgnoresEnabled {
		u.Disabled = !enabled
	}
	return answer{status: http.StatusNoContent}
}

func (s *Server) deleteUser(c *call) answer {
	u := s.account(c)
	switch {
	case u == nil:
		return s.notFound(c.PathValue("id"))
	case !u.Guest:
		s.harm = append(s.harm, "deleted the member "+u.UPN)
	}
	s.leaves(u)
	return answer{status: http.StatusNoContent}
}

// Guests returns the accounts that have a mail address, as the server stores them.
func (s *Server) Guests(address string) (all []User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if !u.deleted && u.has(address) {
			all = append(all, *u)
		}
	}
	return all
}

// Invitations is how many were sent.
func (s *Server) Invitations() int { s.mu.Lock(); defer s.mu.Unlock(); return s.invitations }

// ChangeUser changes an account, as an administrator of the tenant would.
func (s *Server) ChangeUser(id string, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.byID[id].(*User))
}

// Made sets since when an account is there.
func (s *Server) Made(id string, at time.Time) { s.ChangeUser(id, func(u *User) { u.made = at }) }
