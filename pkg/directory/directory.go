// Package directory is who people are: the built-in directory of users, groups and
// managers, and the binding of token principals to users.
package directory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Service keeps the directory.
type Service struct {
	Store  Store
	Clock  clock.Clock
	IDs    clock.IDs
	First  entitlement.Principal // the first administrator, a parameter of the deployment
	Hinter Hinter
	Log    *slog.Logger
}

// Hinter tells the delivery worker whose debt to look at. A lost hint costs time, never
// correctness: the tick finds the debt.
type Hinter interface {
	Hint(ctx context.Context, subjects ...entitlement.UserID) error
}

// Identify returns the user that a verified principal is bound to, or Forbidden. The
// first administrator of a deployment is made by the first call.
func (s *Service) Identify(ctx context.Context, p entitlement.Principal, command string) (entitlement.UserID, error) {
	id, err := s.Store.Bound(ctx, p)
	if entitlement.KindOf(err) != entitlement.NotFound {
		return id, err
	}
	if p == s.First {
		return s.foundAdministrator(ctx, command)
	}
	return "", unbound()
}

func unbound() error {
	return entitlement.Errorf(entitlement.Forbidden, "You are signed in, but your sign-in is not bound to a user of this directory. Ask an administrator to bind it.")
}

// foundAdministrator makes the first administrator in three steps, each of which may have
// been done by a call before: the user, the group with that member, and last the binding,
// so that a crash between them is taken up by the next call. Once the group is there
// without this user, the deployment's parameter opens nothing any more.
func (s *Service) foundAdministrator(ctx context.Context, command string) (entitlement.UserID, error) {
	id := entitlement.UserID(derivedID(s.First.Issuer, s.First.Value))
	u := entitlement.User{ID: id, Type: entitlement.Member, DisplayName: "First administrator", UserPrincipalName: string(id), Enabled: true, Created: s.Clock.Now()}
	created := s.event(entitlement.OfUser, string(id), "created", id, command)
	u.Chain, created = u.Chain.Append(created)
	if err := s.ensure(ctx, entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{created}}); err != nil {
		return "", err
	}
	g := entitlement.Group{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators", Description: "Its members may administer everything.",
		MailNickname: "administrators", Created: s.Clock.Now()}
	founded := s.event(entitlement.OfGroup, string(g.ID), "created", id, command)
	founded.Data = map[string]string{"users": string(id)}
	g.Chain, founded = g.Chain.Append(founded)
	if err := s.ensure(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Memberships: []entitlement.Membership{{Group: g.ID, User: id}}, Events: []entitlement.Event{founded}}); err != nil {
		return "", err
	}
	return id, s.bindAdministrator(ctx, id, command)
}

// ensure commits what may be there already.
func (s *Service) ensure(ctx context.Context, c entitlement.Change) error {
	err := s.Store.Commit(ctx, c)
	if entitlement.KindOf(err) == entitlement.Conflict {
		return nil
	}
	return err
}

func (s *Service) bindAdministrator(ctx context.Context, id entitlement.UserID, command string) error {
	u, err := s.Store.User(ctx, id)
	if err != nil {
		return err
	}
	if !u.Administrator() {
		return unbound()
	}
	if slices.Contains(u.Identities, s.First) {
		return nil // another first call has done it meanwhile
	}
	u.Identities = append(u.Identities, s.First)
	bound := s.event(entitlement.OfUser, string(id), "updated", id, command)
	u.Chain, bound = u.Chain.Append(bound)
	return s.ensure(ctx, entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{bound}})
}

// derivedID names the first administrator the same way at every try.
func derivedID(issuer, value string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d|%s|%s", len(issuer), issuer, value)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: a hash of our own
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *Service) event(of entitlement.AggregateKind, id, kind string, actor entitlement.UserID, command string) entitlement.Event {
	return entitlement.Event{Aggregate: of, ID: id, Kind: kind, Actor: actor, Command: command, At: s.Clock.Now()}
}

// MaxIdentities bounds the principals of one user.
const MaxIdentities = 10

// CreateUser adds a user with the identities that may sign in as it.
func (s *Service) CreateUser(ctx context.Context, by authz.Caller, u entitlement.User) (entitlement.User, error) {
	if err := checkUser(&u); err != nil {
		return u, err
	}
	u.ID, u.Created, u.Manager, u.Groups, u.Meta = entitlement.UserID(s.IDs.New()), s.Clock.Now(), "", nil, entitlement.Meta{}
	return s.putUser(ctx, by, u, "created", "")
}

// UpdateUser changes a user; edit is given the user as it is.
func (s *Service) UpdateUser(ctx context.Context, by authz.Caller, id entitlement.UserID, edit func(*entitlement.User) error) (entitlement.User, error) {
	u, err := s.Store.User(ctx, id)
	if err == nil && !u.Deleted.IsZero() {
		err = entitlement.Errorf(entitlement.NotFound, "There is no user with this id.")
	}
	if err != nil {
		return u, err
	}
	was, before := u, enabledWord(u)
	if err := edit(&u); err != nil {
		return u, err
	}
	if err := checkUser(&u); err != nil {
		return u, err
	}
	return s.putUser(ctx, by, u, "updated", before, entitlement.Absent(was, u, s.Clock.Now())...)
}

func (s *Service) putUser(ctx context.Context, by authz.Caller, u entitlement.User, kind, before string, absent ...entitlement.Absence) (entitlement.User, error) {
	e := s.event(entitlement.OfUser, string(u.ID), kind, by.ID, by.Command)
	e.Before, e.After = before, enabledWord(u)
	e.Data = map[string]string{"userPrincipalName": u.UserPrincipalName}
	u.Chain, e = u.Chain.Append(e)
	c := entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{e}, Heads: turned(u, before, e.At), Absences: absent}
	err := s.Store.Commit(ctx, c)
	if err == nil && len(c.Heads) > 0 {
		if lost := s.Hinter.Hint(ctx, u.ID); lost != nil {
			s.Log.WarnContext(ctx, "a hint was lost; the tick will find the debt", "subject", u.ID, "error", lost)
		}
	}
	if entitlement.StalePart(err) == entitlement.PartName {
		err = &entitlement.Error{Kind: entitlement.Conflict, Code: "nameAlreadyExists", Msg: "Another user has this userPrincipalName, or one of these identities.", Err: err}
	}
	u.Version++
	return u, err
}

// turned is what a user's being disabled, or enabled again, means for what they hold: from
// then on nothing, or something again. The worker ends what is there.
func turned(u entitlement.User, before string, now time.Time) []entitlement.HeadChange {
	after := enabledWord(u)
	if before == "" || before == after {
		return nil
	}
	return []entitlement.HeadChange{{Subject: u.ID, Off: !u.Enabled, On: u.Enabled, Look: now.Add(time.Minute)}}
}

func enabledWord(u entitlement.User) string {
	if u.Enabled {
		return "enabled"
	}
	return "disabled"
}

func checkUser(u *entitlement.User) (err error) {
	if u.DisplayName, err = entitlement.Name("displayName", u.DisplayName); err != nil {
		return err
	}
	if u.UserPrincipalName, err = entitlement.Name("userPrincipalName", u.UserPrincipalName); err != nil {
		return err
	}
	for what, text := range map[string]*string{"mail": &u.Mail, "mailNickname": &u.MailNickname, "givenName": &u.GivenName, "surname": &u.Surname,
		"department": &u.Department, "jobTitle": &u.JobTitle, "externalId": &u.ExternalID} {
		if *text == "" {
			continue
		}
		if *text, err = entitlement.Name(what, *text); err != nil {
			return err
		}
	}
	if a, err := mail.ParseAddress(u.Mail); u.Mail != "" && (err != nil || a.Address != u.Mail) {
		return entitlement.Errorf(entitlement.Invalid, "mail must be one plain address.")
	}
	if u.Type != entitlement.Member && u.Type != entitlement.Guest {
		return entitlement.Errorf(entitlement.Invalid, "userType must be Member or Guest.")
	}
	if len(u.Identities) > MaxIdentities {
		return entitlement.Errorf(entitlement.Invalid, "identities holds at most %d entries.", MaxIdentities)
	}
	for i, p := range u.Identities {
		if p.Issuer == "" || p.Value == "" || len(p.Issuer) > 512 || len(p.Value) > 512 {
			return entitlement.Errorf(entitlement.Invalid, "identities: issuer and issuerAssignedId must be given, at most 512 bytes each.")
		}
		if slices.Contains(u.Identities[:i], p) {
			return entitlement.Errorf(entitlement.Invalid, "identities: the same issuer and issuerAssignedId stand there twice.")
		}
	}
	return nil
}

// SetManager makes manager the user's manager; "" takes it away.
func (s *Service) SetManager(ctx context.Context, by authz.Caller, id, manager entitlement.UserID) error {
	if manager == id {
		return entitlement.Errorf(entitlement.Invalid, "Nobody can be their own manager.")
	}
	if manager != "" {
		if _, err := s.Store.User(ctx, manager); err != nil {
			return err
		}
	}
	if _, err := s.UpdateUser(ctx, by, id, func(u *entitlement.User) error { u.Manager = manager; return nil }); err != nil {
		return err
	}
	return s.reassign(ctx, by, id, manager)
}

// reassign has the new manager find what waits for a decision. Who decides is read afresh
// at the decision, so an open request that this misses is found late, not wrongly.
func (s *Service) reassign(ctx context.Context, by authz.Caller, id, manager entitlement.UserID) error {
	open, err := s.Store.OpenRequests(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range open {
		c := entitlement.Reassign(r, manager, by.ID, by.Command, s.Clock.Now())
		if len(c.Requests) == 0 {
			continue
		}
		if err := s.Store.Commit(ctx, c); err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			return err
		}
	}
	return nil
}

// DeleteUser takes a user out of the directory: disabled first, so that access ends at
// once, then out of every group, then without name and sign-in. Each step may be repeated,
// so a call that was cut short is finished by the next. The record stays as the anchor of
// what was held, and nobody sees it.
func (s *Service) DeleteUser(ctx context.Context, by authz.Caller, id entitlement.UserID) error {
	u, err := s.UpdateUser(ctx, by, id, func(u *entitlement.User) error { u.Enabled = false; return nil })
	if err != nil {
		return err
	}
	for _, g := range u.Groups {
		if err := s.Leave(ctx, by, g, false, id); err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			return err
		}
	}
	_, err = s.UpdateUser(ctx, by, id, func(u *entitlement.User) error {
		u.Deleted, u.UserPrincipalName, u.Identities, u.Manager = s.Clock.Now(), string(u.ID), nil, ""
		return nil
	})
	if entitlement.KindOf(err) == entitlement.NotFound {
		return nil // another call that deletes the user came to the end of it first
	}
	return err
}

// CreateGroup adds a group without members.
func (s *Service) CreateGroup(ctx context.Context, by authz.Caller, g entitlement.Group) (entitlement.Group, error) {
	var err error
	if g.DisplayName, err = entitlement.Name("displayName", g.DisplayName); err != nil {
		return g, err
	}
	if g.Description, err = entitlement.Description("description", g.Description); err != nil {
		return g, err
	}
	if g.MailNickname != "" {
		if g.MailNickname, err = entitlement.Name("mailNickname", g.MailNickname); err != nil {
			return g, err
		}
	}
	g.ID, g.Created, g.Meta = entitlement.GroupID(s.IDs.New()), s.Clock.Now(), entitlement.Meta{}
	e := s.event(entitlement.OfGroup, string(g.ID), "created", by.ID, by.Command)
	e.Data = map[string]string{"displayName": g.DisplayName}
	g.Chain, e = g.Chain.Append(e)
	err = s.Store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}})
	g.Version++
	return g, err
}

// conflictTries bounds how often a change of a group's members that met another one is tried.
const conflictTries = 8

// Join makes users members, or owners, of a group, each at most once. It is a Conflict
// where a user is one already.
func (s *Service) Join(ctx context.Context, by authz.Caller, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return s.change(ctx, by, id, owner, false, users)
}

// Leave ends memberships, or ownerships. It is a Conflict where a user is none.
func (s *Service) Leave(ctx context.Context, by authz.Caller, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return s.change(ctx, by, id, owner, true, users)
}

func (s *Service) change(ctx context.Context, by authz.Caller, id entitlement.GroupID, owner, leave bool, users []entitlement.UserID) error {
	kind := map[bool]string{false: "member", true: "owner"}[owner] + map[bool]string{false: "Added", true: "Removed"}[leave]
	for try := 1; ; try++ {
		g, err := s.Store.Group(ctx, id)
		if err != nil {
			return err
		}
		e := s.event(entitlement.OfGroup, string(id), kind, by.ID, by.Command)
		e.Data = map[string]string{"users": joinIDs(users)}
		g.Chain, e = g.Chain.Append(e)
		c := entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}}
		for _, u := range users {
			c.Memberships = append(c.Memberships, entitlement.Membership{Group: id, User: u, Owner: owner, Erased: leave})
		}
		if leave && !owner {
			if c.Absences, err = s.left(ctx, id, users, e.At); err != nil {
				return err
			}
		}
		err = s.Store.Commit(ctx, c)
		// The group itself moved: somebody else's member came or went. Anything else is an answer.
		if entitlement.KindOf(err) != entitlement.Conflict || try == conflictTries || !s.groupMoved(ctx, g) {
			return err
		}
	}
}

func (s *Service) groupMoved(ctx context.Context, g entitlement.Group) bool {
	now, err := s.Store.Group(ctx, g.ID)
	return err == nil && now.Version != g.Version
}

func joinIDs(users []entitlement.UserID) string {
	list := make([]string, len(users))
	for i, u := range users {
		list[i] = string(u)
	}
	return strings.Join(list, " ")
}
