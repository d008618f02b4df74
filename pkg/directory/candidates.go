package directory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Whoever may name people in something, such as an owner who gives roles in a catalog, may look
// up whom to name there by what they are called. They see names and addresses, and nothing
// else of the directory.

// Purpose is what somebody looks for people for: the action in which they name them, and on
// what.
type Purpose struct {
	Action authz.Action
	In     authz.Object
}

// naming are the actions in which people and groups are named.
var naming = []authz.Action{authz.AddResource, authz.AssignRole, authz.CreatePolicy, authz.UpdatePolicy}

// Candidate is a user or a group that may be named.
type Candidate struct {
	User    entitlement.UserID // or
	Group   entitlement.GroupID
	Name    string
	Address string // userPrincipalName of a user
	Sort    entitlement.GroupSort
}

// ID is the id of the user or of the group.
func (c Candidate) ID() string { return cmp.Or(string(c.User), string(c.Group)) }

// Bounds of one search (S21). In an organisation that has more, who is not found by a part of
// their name is found by the beginning of their address.
const (
	minSought     = 2  // characters
	maxCandidates = 20 // shown
	maxLooked     = 20 // pages of the directory
)

// FindPeople finds enabled users by a part of their name or address; more says that not all
// were looked at, or shown.
func (s *Service) FindPeople(ctx context.Context, by authz.Caller, to Purpose, sought string) (found []Candidate, more bool, err error) {
	if err := s.mayName(ctx, by, to); err != nil {
		return nil, false, err
	}
	return search(ctx, s.Store.ListUsers, sought, func(u entitlement.User, fits func(string) bool) (Candidate, bool) {
		return personOf(u), u.Enabled && !u.Gone() && (fits(u.DisplayName) || fits(u.UserPrincipalName) || fits(u.Mail))
	})
}

// FindGroups finds groups by a part of their name.
func (s *Service) FindGroups(ctx context.Context, by authz.Caller, to Purpose, sought string) (found []Candidate, more bool, err error) {
	if err := s.mayName(ctx, by, to); err != nil {
		return nil, false, err
	}
	return search(ctx, s.Store.ListGroups, sought, func(g entitlement.Group, fits func(string) bool) (Candidate, bool) {
		return groupOf(g), !g.Gone() && fits(g.DisplayName)
	})
}

// Candidates returns those of the users and groups that are there.
func (s *Service) Candidates(ctx context.Context, by authz.Caller, to Purpose, users []entitlement.UserID, groups []entitlement.GroupID) (found []Candidate, err error) {
	if err := s.mayName(ctx, by, to); err != nil {
		return nil, err
	}

	if len(users) > 0 {
		all, err := s.Store.Users(ctx, users)
		if err != nil {
			return nil, err
		}
		for _, u := range all {
			if !u.Gone() {
				found = append(found, personOf(u))
			}
		}
	}

	if len(groups) > 0 {
		all, err := s.Store.Groups(ctx, groups)
		if err != nil {
			return nil, err
		}
		for _, g := range all {
			if !g.Gone() {
				found = append(found, groupOf(g))
			}
		}
	}
	return found, nil
}

func personOf(u entitlement.User) Candidate {
	return Candidate{User: u.ID, Name: u.DisplayName, Address: u.UserPrincipalName}
}

func groupOf(g entitlement.Group) Candidate {
	return Candidate{Group: g.ID, Name: g.DisplayName, Sort: g.GroupSort}
}

// mayName refuses a caller who may not do what people are looked for.
func (s *Service) mayName(ctx context.Context, by authz.Caller, to Purpose) error {
	if !slices.Contains(naming, to.Action) {
		return entitlement.Errorf(entitlement.Internal, "Nobody is named by %s.", to.Action)
	}
	d, err := authz.Ask(ctx, s.Store, by, to.Action, to.In)
	return cmp.Or(err, d.Err())
}

// search goes through a list for what fits: first what begins with the text, which the store
// finds by itself, then all.
func search[T any](ctx context.Context, list func(context.Context, entitlement.Page) (entitlement.Paged[T], error), sought string, fit func(T, func(string) bool) (Candidate, bool)) (found []Candidate, more bool, err error) {
	sought = strings.ToLower(strings.TrimSpace(sought))
	if utf8.RuneCountInString(sought) < minSought {
		return nil, false, entitlement.Errorf(entitlement.Invalid, "Type at least %d characters of the name.", minSought)
	}
	fits := func(text string) bool { return strings.Contains(strings.ToLower(text), sought) }

	page := entitlement.Page{Named: entitlement.Named{Begins: sought}}
	for range maxLooked {
		got, err := list(ctx, page)
		if err != nil {
			return nil, false, err
		}

		for _, item := range got.Items {
			c, is := fit(item, fits)
			if !is || slices.ContainsFunc(found, func(known Candidate) bool { return known.ID() == c.ID() }) {
				continue
			}
			if len(found) == maxCandidates {
				return found, true, nil
			}
			found = append(found, c)
		}

		if page.Token = got.Next; page.Token != "" {
			continue
		}
		if page.Named == (entitlement.Named{}) {
			return found, false, nil
		}
		page.Named = entitlement.Named{}
	}
	return found, true, nil
}
