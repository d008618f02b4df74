package identityserver

import (
	"slices"
	"strings"
)

// Users are made and deleted as the service model of Identity Store has it: a user name and a mail
// address are each unique, what IAM Identity Center requires must be there, and a user carries no
// external id that an identity provider has not given. No call disables one.

func (s *Server) createUser(in input) (output, *refusal) {
	mail := ""
	if len(in.Emails) == 1 {
		mail = in.Emails[0].Value
	}
	if in.UserName == "" || len(in.UserName) > 128 || strings.ContainsAny(in.UserName, " \t\n") || in.DisplayName == "" || in.Name.GivenName == "" || in.Name.FamilyName == "" ||
		len(in.Emails) > 1 || in.UserName == "Administrator" || in.UserName == "AWSAdministrators" {
		return nil, fail("ValidationException", "")
	}
	if r := s.meets(); r != nil {
		return nil, r
	}
	taken := func(u *User) bool {
		return !u.deleted && (strings.EqualFold(u.UserName, in.UserName) || mail != "" && strings.EqualFold(u.Mail, mail))
	}
	if slices.ContainsFunc(s.users, taken) {
		return nil, &refusal{status: 400, code: "ConflictException", reason: "UNIQUENESS_CONSTRAINT_VIOLATION", why: "Duplicate UserName: " + in.UserName}
	}

	u := &User{ID: storeID(), UserName: in.UserName, Mail: mail, Type: in.UserType, shown: s.clock.Now().Add(s.UsersLate), hidden: s.HidesStatus}
	if s.DropsTypes {
		u.Type = ""
	}
	s.users = append(s.users, u)
	return output{"IdentityStoreId": Store, "UserId": u.ID}, nil
}

// removeUser deletes a user, with the memberships and assignments.
func (s *Server) removeUser(in input) (output, *refusal) {
	u := s.user(in.UserId)
	if u == nil {
		return nil, missing("USER")
	}
	if u.Type == "" {
		s.harm = append(s.harm, "deleted "+u.UserName+", whom others made")
	}
	s.leave(u)
	return output{}, nil
}

// leave takes a user away, with the memberships and assignments. The caller holds the lock.
func (s *Server) leave(u *User) {
	u.deleted = true
	for _, h := range s.held {
		if h.who == u.ID && h.to.IsZero() {
			h.to = s.clock.Now()
		}
	}
}

// Users returns the users of a user name that are there, as the server stores them.
func (s *Server) Users(name string) (all []User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if strings.EqualFold(u.UserName, name) && !u.deleted {
			all = append(all, *u)
		}
	}
	return all
}

// ChangeUser changes a user, as an administrator at the console would.
func (s *Server) ChangeUser(id string, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if u.ID == id {
			change(u)
		}
	}
}
