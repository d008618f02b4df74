package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// decidingRoutes are the pages that tell beforehand what would be decided.
var decidingRoutes = []route{
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/try", authz.UpdatePolicy, tryAs},
}

// tryPage is a package as somebody would find it who asked for it.
type tryPage struct {
	pickPage
	Package    entitlement.AccessPackage
	Trial      *requests.Trial // nil: nobody is chosen yet
	Policies   []triedPolicy
	Hindrances []string
}

// triedPolicy is one policy as it is to the person.
type triedPolicy struct {
	requests.TriedPolicy
	Sentences []string
	Stages    [][]string // who would be asked in each
}

// Path is the address of the page for one person.
func (p tryPage) Path() string { return packagePath(p.Package) + "/try" }

// tryAs says what somebody would find who asked for the package now. It asks for nothing.
func tryAs(ctx context.Context, v *visit) (answer, error) {
	c, p, err := v.editingPackage(ctx, authz.UpdatePolicy)
	if err != nil {
		return answer{}, err
	}

	query := v.request.URL.Query()
	shown := tryPage{pickPage: pickPage{Catalog: c, Sought: strings.TrimSpace(query.Get("search")), Chosen: query.Get("person")}, Package: p}
	if shown.Sought != "" {
		to := directory.Purpose{Action: authz.UpdatePolicy, In: authz.Object{Catalog: c.ID, Package: p.ID}}
		shown.Found, shown.More, err = v.Directory.FindPeople(ctx, v.by.Caller, to, shown.Sought)
		if err != nil && entitlement.KindOf(err) == entitlement.Invalid {
			shown.Faults, err = faults{{"search", v.T("Type at least two characters of the name.")}}, nil
		}
		if err != nil {
			return answer{}, err
		}
	}
	if shown.Chosen != "" {
		if err := v.try(ctx, &shown); err != nil {
			return answer{}, err
		}
	}
	return page(tryView(v, shown))
}

// try adds what the person who was chosen would find.
func (v *visit) try(ctx context.Context, shown *tryPage) error {
	person, err := entitlement.ParseID[entitlement.UserID]("person", shown.Chosen)
	if err != nil {
		return entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}
	trial, err := v.Requests.Try(ctx, v.by.Caller, shown.Package.ID, person)
	if err != nil {
		return err
	}
	shown.Trial = &trial

	policies, stages, err := v.namedTrial(ctx, trial)
	if err != nil {
		return err
	}
	for i, p := range trial.Policies {
		tried := triedPolicy{TriedPolicy: p, Sentences: v.sentences(policies[i])}
		for n := range p.Stages {
			tried.Stages = append(tried.Stages, v.asked(stages[p.ID][n], n))
		}
		shown.Policies = append(shown.Policies, tried)
	}

	shown.Hindrances, err = v.hindrances(ctx, trial)
	return err
}

// namedTrial joins the names of all whom the policies name, and of those who would decide.
func (v *visit) namedTrial(ctx context.Context, trial requests.Trial) ([]*views.Policy, map[entitlement.PolicyID][]*views.Request, error) {
	var plain []entitlement.AssignmentPolicy
	var all []*views.Request
	stages := map[entitlement.PolicyID][]*views.Request{}
	for _, p := range trial.Policies {
		plain = append(plain, p.AssignmentPolicy)
		stages[p.ID] = views.OfRequests(p.Stages)
		all = append(all, stages[p.ID]...)
	}
	policies := views.OfPolicies(plain)
	if err := v.Views.Policies(ctx, v.by.Caller, policies, views.With{views.JoinNamed: nil}); err != nil {
		return nil, nil, err
	}
	return policies, stages, v.Views.Requests(ctx, v.by.Caller, all, views.With{views.JoinApprovers: nil})
}

// asked names whom a stage would ask.
func (v *visit) asked(r *views.Request, stage int) (all []string) {
	for _, a := range r.Approvers {
		if a.Stage != stage {
			continue
		}

		name := a.Name
		switch {
		case a.Kind == entitlement.GroupMembers && name != "":
			name = v.T("members of %s", name)
		case name == "" && subjectWords[a.Kind] != "":
			name = v.T(subjectWords[a.Kind])
		case name == "":
			name = v.T("somebody who is not there any more")
		}

		// Nobody is named twice who is asked for two reasons.
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// hindrances say what would keep the person from asking.
func (v *visit) hindrances(ctx context.Context, trial requests.Trial) (all []string, err error) {
	for _, h := range trial.Hindrances {
		text := v.T(hindranceWords[h.Kind])
		if h.Kind == entitlement.HinderedIncompatible {
			name, err := v.Requests.NameOfIncompatible(ctx, v.by.Caller, trial.Package, h.Incompatible)
			if err != nil {
				return nil, err
			}
			text = v.T("They have %s, which is incompatible.", name)
		}
		all = append(all, text)
	}
	return all, nil
}

// hindranceWords say of somebody else what keeps them from asking.
var hindranceWords = map[entitlement.HindranceKind]string{
	entitlement.HinderedDisabled: "Their account is disabled.", entitlement.HinderedUnpublished: "The catalog is not published: nobody can ask for what is in it.",
	entitlement.HinderedDeleting: "The package is being deleted.", entitlement.HinderedScope: "No policy is for them.",
	entitlement.HinderedClosed:  "A policy is for them, and lets nobody ask: turn it on.",
	entitlement.HinderedOutside: "A policy for people of connected organizations is for them, and the catalog is not open to these.",
	entitlement.HinderedHeld:    "They have the package already.", entitlement.HinderedOpen: "They have asked for it already: that request is open.",
	entitlement.HinderedCooling: "They asked too often within an hour, and can ask again soon.",
}
