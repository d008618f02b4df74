package portal

import (
	"context"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// findPeoplePage is what a search for people shows.
type findPeoplePage struct {
	Sought string
	People []entitlement.User
	Next   string
}

// findPeople searches people by name, user name or mail, by what stands anywhere in these.
func findPeople(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown := findPeoplePage{Sought: strings.TrimSpace(query.Get("search"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}

	limit := onPage
	if shown.Sought != "" { // most of them are not shown
		limit = entitlement.PageSize
	}
	for range maxSought {
		list, err := v.Directory.ListUsers(ctx, v.by.Caller, entitlement.Page{Limit: limit, Token: token})
		if err != nil {
			return answer{}, err
		}
		for _, u := range list.Items {
			if contains(u.DisplayName, shown.Sought) || contains(u.UserPrincipalName, shown.Sought) || contains(u.Mail, shown.Sought) {
				shown.People = append(shown.People, u)
			}
		}
		if token = list.Next; token == "" || len(shown.People) >= onPage {
			break
		}
	}

	if shown.Next, err = v.next(ctx, token); err != nil {
		return answer{}, err
	}
	return page(findPeopleView(v, shown))
}

// personPage is one person with everything that they have, and why.
type personPage struct {
	entitlement.User
	Held     []personAssignment
	Roles    []personRole
	Accounts []requests.TargetAccount // that were made for the person
	Requests requestsPage
	Drift    []entitlement.DriftFinding
}

// personAssignment is one package that somebody has, or had.
type personAssignment struct {
	*views.Assignment
	DecidedBy []string
}

// personRole is one role with what gives it.
type personRole struct {
	Resource, Role string
	requests.HeldRole
	Because []personAssignment
}

func showPerson(ctx context.Context, v *visit) (answer, error) {
	id, err := pathID[entitlement.UserID](v)
	if err != nil {
		return answer{}, err
	}

	shown := personPage{}
	err = views.Together(
		func() (err error) { shown.User, err = v.Directory.User(ctx, v.by.Caller, id); return err },
		func() error { return v.heldBy(ctx, id, &shown) },
		func() error { return v.driftOf(ctx, id, &shown) },
		func() (err error) {
			shown.Accounts, err = v.Requests.AccountsOf(ctx, v.by.Caller, id)
			return err
		},
		func() (err error) {
			shown.Requests, err = v.listOf(ctx, func(ctx context.Context, by authz.Caller, p entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
				return v.Requests.RequestsOf(ctx, by, id, p)
			}, nil)
			return err
		})
	if err != nil {
		return answer{}, err
	}
	return page(personView(v, shown))
}

// heldBy adds what somebody has: packages with who asked and who decided, and roles with the
// packages that give them.
func (v *visit) heldBy(ctx context.Context, id entitlement.UserID, shown *personPage) error {
	var all []*views.Assignment
	var deciders map[entitlement.AssignmentID][]string
	var roles []requests.HeldRole
	err := views.Together(
		func() (err error) {
			list, err := v.Requests.AssignmentsOf(ctx, v.by.Caller, id, entitlement.Page{Limit: entitlement.PageSize, Beside: true})
			if err != nil {
				return err
			}
			all = views.OfAssignments(list.Items)
			var catalogs []entitlement.CatalogID
			for _, a := range list.Items {
				catalogs = append(catalogs, a.Catalog)
			}
			err = views.Together(
				func() error {
					return v.joined(ctx, all, views.With{views.JoinPackage: rolesJoined, views.JoinPolicy: nil, views.JoinRequest: {views.JoinDeciders: nil}})
				},
				func() error { v.Views.ResourcesAhead(ctx, catalogs); return nil })
			if err == nil {
				deciders, err = v.deciders(ctx, all)
			}
			return err
		},
		func() (err error) { roles, err = v.Requests.RolesOf(ctx, v.by.Caller, id); return err })
	if err != nil {
		return err
	}

	known := map[entitlement.AssignmentID]personAssignment{}
	resources := map[entitlement.RoleRef]string{}
	for _, a := range all {
		held := personAssignment{a, deciders[a.ID]}
		known[a.ID] = held
		shown.Held = append(shown.Held, held)
		if a.Package == nil {
			continue
		}
		for _, s := range a.Package.RoleScopes {
			if s.Role != nil && s.Role.Resource != nil {
				resources[s.Ref] = s.Role.Resource.DisplayName
			}
		}
	}

	for _, r := range roles {
		role := personRole{Resource: resources[r.Ref], Role: r.Scope.Role.DisplayName, HeldRole: r}
		if role.Resource == "" { // no package that the person has or had is known to give it
			role.Resource = r.Ref.Resource
		}
		if role.Role == "" {
			role.Role = r.Ref.Role
		}
		for _, a := range r.Because {
			role.Because = append(role.Because, known[a.ID])
		}
		shown.Roles = append(shown.Roles, role)
	}
	return nil
}

// deciders names who decided the requests that made assignments, as far as the visitor may know:
// all of them in one read.
func (v *visit) deciders(ctx context.Context, all []*views.Assignment) (map[entitlement.AssignmentID][]string, error) {
	decided := map[entitlement.AssignmentID][]entitlement.UserID{}
	var ids []entitlement.UserID
	for _, a := range all {
		if a.Request == nil {
			continue
		}
		made := requests.Approval{Request: a.Request.AssignmentRequest}
		made.Own = made.Request.Requestor == v.by.ID || made.Request.Subject == v.by.ID
		for _, stage := range made.Request.Stages {
			if stage.Decision != nil && made.Discloses(stage) {
				decided[a.ID] = append(decided[a.ID], stage.Decision.Reviewer)
				ids = append(ids, stage.Decision.Reviewer)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}

	users, err := v.Directory.UsersNamed(ctx, v.by.Caller, ids)
	if err != nil {
		return nil, err
	}
	names := map[entitlement.UserID]string{}
	for _, u := range users {
		names[u.ID] = u.DisplayName
	}

	out := map[entitlement.AssignmentID][]string{}
	for id, by := range decided {
		for _, reviewer := range by {
			if name := names[reviewer]; name != "" {
				out[id] = append(out[id], name)
			}
		}
	}
	return out, nil
}
