package portal

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// outsidePage are those who have a package through a policy that is not for them any more. They
// keep it under the terms that they asked for it under; whoever edits the policy sees who they
// are.
type outsidePage struct {
	policyPage
	Holders []*views.Assignment
	Looked  bool // everybody was looked at
	Next    string
}

// maxLooked bounds the pages of holders that one page goes through.
const maxLooked = 5

func holdersOutside(ctx context.Context, v *visit) (answer, error) {
	own, err := v.ownPolicy(ctx, authz.ListAssignments)
	if err != nil {
		return answer{}, err
	}
	at, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}

	shown := outsidePage{policyPage: own, Looked: at == ""}
	for range maxLooked {
		list, err := v.Requests.LiveFor(ctx, v.by.Caller, own.Package.ID, entitlement.Page{Token: at})
		if err != nil {
			return answer{}, err
		}
		live := through(list.Items, own.Policy.ID)
		if err := v.Views.Assignments(ctx, v.by.Caller, live, views.With{views.JoinTarget: nil}); err != nil {
			return answer{}, err
		}
		for _, a := range live {
			if a.Subject == nil {
				continue
			}
			inside, err := v.Requests.InScope(ctx, own.Policy, *a.Subject)
			if err != nil {
				return answer{}, err
			}
			if !inside {
				shown.Holders = append(shown.Holders, a)
			}
		}
		if at = list.Next; at == "" || len(shown.Holders) >= onPage {
			break
		}
	}

	shown.Looked = shown.Looked && at == ""
	if shown.Next, err = v.next(ctx, at); err != nil {
		return answer{}, err
	}
	return page(outsideView(v, shown))
}

// through are those of assignments that are of a policy.
func through(all []entitlement.Assignment, policy entitlement.PolicyID) []*views.Assignment {
	return slices.DeleteFunc(views.OfAssignments(all), func(a *views.Assignment) bool { return a.Assignment.Policy != policy })
}

// forPeopleHere reports a policy for people of the directory, whom it can be told of whether they
// are in it.
func forPeopleHere(s entitlement.TargetScope) bool {
	return s == entitlement.ScopeAllMembers || s == entitlement.ScopeAllUsers || s == entitlement.ScopeSpecificUsers
}
