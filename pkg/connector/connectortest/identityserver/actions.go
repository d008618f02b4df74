package identityserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// input holds every field of every action.
type input struct {
	IdentityStoreId, GroupId, UserId, MembershipId, NextToken string
	MaxResults                                                int
	MemberId                                                  struct{ UserId string }
	GroupIds                                                  []string
	UserName, DisplayName, UserType                           string
	Name                                                      struct{ GivenName, FamilyName string }
	Emails                                                    []struct {
		Value   string
		Primary bool
	}
	AlternateIdentifier struct {
		UniqueAttribute *struct{ AttributePath, AttributeValue string }
		ExternalId      *struct{ Issuer, Id string }
	}

	InstanceArn, PermissionSetArn, AccountId, TargetId, TargetType, PrincipalId, PrincipalType string
	Filter                                                                                     struct{ AccountId string }
	AccountAssignmentCreationRequestId, AccountAssignmentDeletionRequestId                     string
}

type output = map[string]any

// actions are all that the server does.
var actions = map[string]func(*Server, input) (output, *refusal){
	"ListGroups": inStore((*Server).listGroups), "DescribeGroup": inStore((*Server).describeGroup), "GetUserId": inStore((*Server).getUserID),
	"DescribeUser": inStore((*Server).describeUser), "ListUsers": inStore((*Server).listUsers),
	"CreateUser": inStore((*Server).createUser), "DeleteUser": inStore((*Server).removeUser),
	"CreateGroupMembership": inStore((*Server).createMembership), "DeleteGroupMembership": inStore((*Server).deleteMembership),
	"GetGroupMembershipId": inStore((*Server).getMembershipID), "IsMemberInGroups": inStore((*Server).isMember),
	"ListGroupMemberships": inStore((*Server).listMemberships), "ListGroupMembershipsForMember": inStore((*Server).membershipsOf),

	"DescribeInstance": inInstance(func(*Server, input) (output, *refusal) {
		return output{"InstanceArn": instanceARN, "IdentityStoreId": Store, "Status": "ACTIVE"}, nil
	}),
	"ListPermissionSets": inInstance((*Server).listSets), "DescribePermissionSet": inInstance((*Server).describeSet),
	"CreateAccountAssignment":                 inInstance(func(s *Server, in input) (output, *refusal) { return s.assign(in, true) }),
	"DeleteAccountAssignment":                 inInstance(func(s *Server, in input) (output, *refusal) { return s.assign(in, false) }),
	"DescribeAccountAssignmentCreationStatus": inInstance((*Server).describeJob), "DescribeAccountAssignmentDeletionStatus": inInstance((*Server).describeJob),
	"ListAccountAssignments": inInstance((*Server).listAssignments), "ListAccountAssignmentsForPrincipal": inInstance((*Server).assignmentsOf),

	"ListAccounts": (*Server).listAccounts, "DescribeAccount": (*Server).describeAccount,
}

func inStore(do func(*Server, input) (output, *refusal)) func(*Server, input) (output, *refusal) {
	return func(s *Server, in input) (output, *refusal) {
		if in.IdentityStoreId != Store {
			return nil, missing("IDENTITY_STORE")
		}
		return do(s, in)
	}
}

func inInstance(do func(*Server, input) (output, *refusal)) func(*Server, input) (output, *refusal) {
	return func(s *Server, in input) (output, *refusal) {
		if in.InstanceArn != instanceARN {
			return nil, fail("AccessDeniedException", "")
		}
		return do(s, in)
	}
}

// shown is up to when reads show what was written.
func (s *Server) shown() time.Time { return s.clock.Now().Add(-s.Lag) }

// page cuts a list where the token says, and adds the next one.
func page[T any](s *Server, in input, name string, all []T) (output, *refusal) {
	from, err := strconv.Atoi(strings.TrimPrefix(in.NextToken, "at="))
	if in.NextToken != "" && (err != nil || from < 0 || from > len(all)) || in.MaxResults < 0 || in.MaxResults > 100 {
		return nil, fail("ValidationException", "NextToken")
	}
	most := in.MaxResults
	if most == 0 {
		most = 100
	}
	if s.PageSize > 0 {
		most = min(most, s.PageSize)
	}
	to := min(from+most, len(all))
	out := output{name: append([]T{}, all[from:to]...)}
	if to < len(all) {
		out["NextToken"] = "at=" + strconv.Itoa(to)
	}
	return out, nil
}

func (s *Server) user(id string) *User {
	for _, u := range s.users {
		if strings.EqualFold(u.ID, id) && !u.deleted && !s.clock.Now().Before(u.shown) {
			return u
		}
	}
	return nil
}

func (s *Server) group(id string) *Group {
	for _, g := range s.groups {
		if strings.EqualFold(g.ID, id) && !g.deleted {
			return g
		}
	}
	return nil
}

func (g *Group) entity() output {
	out := output{"IdentityStoreId": Store, "GroupId": g.ID, "DisplayName": g.Name}
	if g.Synced {
		out["ExternalIds"] = []output{{"Issuer": Issuer, "Id": "g-" + g.Name}}
	}
	return out
}

func (u *User) entity() output {
	var external []output
	for _, e := range u.External {
		issuer, id, _ := strings.Cut(e, " ")
		external = append(external, output{"Issuer": issuer, "Id": id})
	}
	out := output{"IdentityStoreId": Store, "UserId": u.ID, "UserName": u.UserName, "ExternalIds": external}
	if u.Mail != "" {
		out["Emails"] = []output{{"Value": u.Mail, "Primary": true}}
	}
	if u.Type != "" {
		out["UserType"] = u.Type
	}
	if !u.hidden {
		out["UserStatus"] = map[bool]string{true: "DISABLED", false: "ENABLED"}[u.Disabled]
	}
	return out
}

func (s *Server) listGroups(in input) (output, *refusal) {
	var all []output
	for _, g := range s.groups {
		if !g.deleted {
			all = append(all, g.entity())
		}
	}
	return page(s, in, "Groups", all)
}

func (s *Server) describeGroup(in input) (output, *refusal) {
	if g := s.group(in.GroupId); g != nil {
		return g.entity(), nil
	}
	return nil, missing("GROUP")
}

func (s *Server) listUsers(in input) (output, *refusal) {
	var all []output
	for _, u := range s.users {
		if !u.deleted {
			all = append(all, u.entity())
		}
	}
	return page(s, in, "Users", all)
}

func (s *Server) describeUser(in input) (output, *refusal) {
	if u := s.user(in.UserId); u != nil {
		return u.entity(), nil
	}
	return nil, missing("USER")
}

func (s *Server) getUserID(in input) (output, *refusal) {
	by := in.AlternateIdentifier
	if (by.UniqueAttribute == nil) == (by.ExternalId == nil) {
		return nil, fail("ValidationException", "AlternateIdentifier")
	}
	for _, u := range s.users {
		switch {
		case u.deleted || s.clock.Now().Before(u.shown):
			continue
		case by.ExternalId != nil && slices.Contains(u.External, by.ExternalId.Issuer+" "+by.ExternalId.Id),
			by.UniqueAttribute != nil && by.UniqueAttribute.AttributePath == "userName" && strings.EqualFold(u.UserName, by.UniqueAttribute.AttributeValue),
			by.UniqueAttribute != nil && by.UniqueAttribute.AttributePath == "emails.value" && strings.EqualFold(u.Mail, by.UniqueAttribute.AttributeValue):
			return output{"IdentityStoreId": Store, "UserId": u.ID}, nil
		}
	}
	return nil, missing("USER")
}

// checked refuses a change of a membership, or of an assignment, that cannot be made.
func (s *Server) checked(who string) *refusal {
	u := s.user(who)
	switch {
	case u == nil:
		return missing("USER")
	case u.UserName == Bad && s.BadPerson >= http.StatusInternalServerError:
		return &refusal{status: s.BadPerson, code: "InternalServerException"}
	case u.UserName == Bad && s.BadPerson > 0:
		return fail("ValidationException", "")
	}
	return nil
}

func (s *Server) meets() *refusal {
	if s.Concurrent == 0 {
		return nil
	}
	s.Concurrent--
	return &refusal{status: 400, code: "ConflictException", reason: "CONCURRENT_MODIFICATION"}
}

func (s *Server) createMembership(in input) (output, *refusal) {
	if s.group(in.GroupId) == nil {
		return nil, missing("GROUP")
	}
	if r := s.checked(in.MemberId.UserId); r != nil {
		return nil, r
	}
	if r := s.meets(); r != nil {
		return nil, r
	}
	now := s.clock.Now()
	if s.holds(in.GroupId, in.MemberId.UserId, now) != nil && !s.StoresTwice {
		return nil, &refusal{status: 400, code: "ConflictException", reason: "UNIQUENESS_CONSTRAINT_VIOLATION"}
	}
	h := &held{id: newID(), of: in.GroupId, who: in.MemberId.UserId, from: now}
	s.held = append(s.held, h)
	return output{"IdentityStoreId": Store, "MembershipId": h.id}, nil
}

func (s *Server) deleteMembership(in input) (output, *refusal) {
	for _, h := range s.held {
		if h.id != in.MembershipId || !h.to.IsZero() {
			continue
		}
		if r := s.checked(h.who); r != nil {
			return nil, r
		}
		if r := s.meets(); r != nil {
			return nil, r
		}
		h.to = s.clock.Now()
		return output{}, nil
	}
	return nil, missing("GROUP_MEMBERSHIP")
}

func (s *Server) getMembershipID(in input) (output, *refusal) {
	switch {
	case s.group(in.GroupId) == nil:
		return nil, missing("GROUP")
	case s.user(in.MemberId.UserId) == nil:
		return nil, missing("USER")
	}
	if h := s.holds(in.GroupId, in.MemberId.UserId, s.shown()); h != nil {
		return output{"IdentityStoreId": Store, "MembershipId": h.id}, nil
	}
	return nil, missing("GROUP_MEMBERSHIP")
}

func (s *Server) isMember(in input) (output, *refusal) {
	var all []output
	if s.user(in.MemberId.UserId) == nil && !s.ShowsAll {
		return nil, missing("USER")
	}
	for _, id := range in.GroupIds {
		if s.group(id) == nil {
			return nil, missing("GROUP")
		}
		is := s.ShowsAll || !s.Hides && s.holds(id, in.MemberId.UserId, s.shown()) != nil
		all = append(all, output{"GroupId": id, "MemberId": output{"UserId": in.MemberId.UserId}, "MembershipExists": is})
	}
	return output{"Results": all}, nil
}

func (s *Server) listed(of func(*held) bool) (all []*held) {
	at := s.shown()
	for _, h := range s.held {
		if of(h) && !h.from.After(at) && (h.to.IsZero() || h.to.After(at)) {
			all = append(all, h)
		}
	}
	return all
}

func (s *Server) listMemberships(in input) (output, *refusal) {
	if s.group(in.GroupId) == nil {
		return nil, missing("GROUP")
	}
	var all []output
	for _, h := range s.listed(func(h *held) bool { return h.of == in.GroupId }) {
		all = append(all, h.membership())
	}
	return page(s, in, "GroupMemberships", all)
}

func (h *held) membership() output {
	return output{"IdentityStoreId": Store, "MembershipId": h.id, "GroupId": h.of, "MemberId": output{"UserId": h.who}}
}

func (s *Server) membershipsOf(in input) (output, *refusal) {
	if s.user(in.MemberId.UserId) == nil {
		return nil, missing("USER")
	}
	var all []output
	for _, h := range s.listed(func(h *held) bool { return h.who == in.MemberId.UserId && !strings.Contains(h.of, " ") }) {
		all = append(all, h.membership())
	}
	return page(s, in, "GroupMemberships", all)
}

func (s *Server) listSets(in input) (output, *refusal) {
	var all []string
	for _, p := range s.sets {
		all = append(all, p.ARN)
	}
	return page(s, in, "PermissionSets", all)
}

func (s *Server) set(arn string) *PermissionSet {
	for i := range s.sets {
		if s.sets[i].ARN == arn {
			return &s.sets[i]
		}
	}
	return nil
}

func (s *Server) account(id string) *Account {
	for i := range s.accounts {
		if s.accounts[i].ID == id {
			return &s.accounts[i]
		}
	}
	return nil
}

func (s *Server) describeSet(in input) (output, *refusal) {
	if p := s.set(in.PermissionSetArn); p != nil {
		return output{"PermissionSet": output{"Name": p.Name, "PermissionSetArn": p.ARN}}, nil
	}
	return nil, missing("")
}

// progress tells of a job.
func (j *job) progress() output {
	account, set, _ := strings.Cut(j.of, " ")
	out := output{"Status": "IN_PROGRESS", "RequestId": j.id, "TargetId": account, "TargetType": "AWS_ACCOUNT", "PermissionSetArn": set, "PrincipalId": j.who, "PrincipalType": "USER"}
	switch {
	case j.over && j.failed != "":
		out["Status"], out["FailureReason"] = "FAILED", j.failed
	case j.over:
		out["Status"] = "SUCCEEDED"
	}
	return output{map[bool]string{true: "AccountAssignmentCreationStatus", false: "AccountAssignmentDeletionStatus"}[j.grant]: out}
}

func (s *Server) assign(in input, grant bool) (output, *refusal) {
	switch {
	case in.TargetType != "AWS_ACCOUNT" || in.PrincipalType != "USER" || len(in.TargetId) != 12:
		return nil, fail("ValidationException", "")
	case s.account(in.TargetId) == nil, s.set(in.PermissionSetArn) == nil:
		return nil, missing("")
	}
	if r := s.checked(in.PrincipalId); r != nil {
		return nil, r
	}
	of := OfAccount(in.TargetId, in.PermissionSetArn)
	if s.running(of, in.PrincipalId) != nil {
		return nil, fail("ConflictException", "Another operation is in progress.")
	}
	if !grant && s.holds(of, in.PrincipalId, s.clock.Now()) == nil {
		return nil, missing("")
	}
	j := &job{id: newID(), of: of, who: in.PrincipalId, grant: grant, due: s.clock.Now().Add(s.Takes)}
	if s.Fails > 0 {
		s.Fails--
		j.failed = Why
	}
	s.jobs = append(s.jobs, j)
	s.work()
	return j.progress(), nil
}

func (s *Server) describeJob(in input) (output, *refusal) {
	for _, j := range s.jobs {
		if !s.Forgets && (j.grant && j.id == in.AccountAssignmentCreationRequestId || !j.grant && j.id == in.AccountAssignmentDeletionRequestId) {
			return j.progress(), nil
		}
	}
	return nil, missing("")
}

func (h *held) assignment() output {
	account, set, _ := strings.Cut(h.of, " ")
	return output{"AccountId": account, "PermissionSetArn": set, "PrincipalId": h.who, "PrincipalType": map[bool]string{true: "GROUP", false: "USER"}[h.group]}
}

func (s *Server) listAssignments(in input) (output, *refusal) {
	if s.account(in.AccountId) == nil || s.set(in.PermissionSetArn) == nil {
		return nil, missing("")
	}
	var all []output
	for _, h := range s.listed(func(h *held) bool { return !s.Hides && h.of == OfAccount(in.AccountId, in.PermissionSetArn) }) {
		all = append(all, h.assignment())
	}
	return page(s, in, "AccountAssignments", all)
}

// assignmentsOf shows what a person has, by way of groups as well.
func (s *Server) assignmentsOf(in input) (output, *refusal) {
	if s.user(in.PrincipalId) == nil {
		return nil, missing("")
	}
	var all []output
	for _, h := range s.listed(func(h *held) bool {
		mine := h.who == in.PrincipalId || h.group && s.holds(h.who, in.PrincipalId, s.shown()) != nil
		return mine && strings.HasPrefix(h.of, in.Filter.AccountId) && strings.Contains(h.of, " ")
	}) {
		all = append(all, h.assignment())
	}
	return page(s, in, "AccountAssignments", all)
}

func (a *Account) entity() output {
	out := output{"Id": a.ID, "Name": a.Name, "Status": "ACTIVE", "State": "ACTIVE"}
	if a.Suspended {
		out["Status"], out["State"] = "SUSPENDED", "SUSPENDED"
	}
	return out
}

func (s *Server) listAccounts(in input) (output, *refusal) {
	if s.NoAccounts {
		return nil, fail("AccessDeniedException", "")
	}
	if in.MaxResults > 20 {
		return nil, fail("InvalidInputException", "")
	}
	var all []output
	for i := range s.accounts {
		all = append(all, s.accounts[i].entity())
	}
	return page(s, in, "Accounts", all)
}

func (s *Server) describeAccount(in input) (output, *refusal) {
	if s.NoAccounts {
		return nil, fail("AccessDeniedException", "")
	}
	if a := s.account(in.AccountId); a != nil {
		return output{"Account": a.entity()}, nil
	}
	return nil, fail("AccountNotFoundException", "")
}
