package graph

import (
	"context"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

const suggestionsPath = em + "/accessPackageSuggestions/filterByCurrentUser(on='{on:text}')"

// suggestionOperations are packages that are put forward to the caller: operation 21.
var suggestionOperations = []operation{
	{method: "GET", path: suggestionsPath, action: authz.ListRequestablePackages, serve: listSuggestions},
}

// suggestion is a suggestion with its package as it is shown.
type suggestion struct {
	requests.Suggestion
	shown *views.Package
}

func (c *call) suggestionType() entityType[suggestion] {
	return entityType[suggestion]{set: emSet + "accessPackageSuggestions", mapper: mapSuggestion, example: suggestion{shown: &views.Package{}},
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{"accessPackage": {shown: true, within: true, navigation: c.availableType().navigation}}
		},
		load: func(ctx context.Context, by authz.Caller, of []suggestion, w views.With) error {
			packages := make([]*views.Package, len(of))
			for i, s := range of {
				packages[i] = s.shown
			}
			return c.deps.Views.Packages(ctx, by, packages, w[views.JoinPackage])
		}}
}

func mapSuggestion(s suggestion) object {
	var reasons []any
	if s.Related > 0 {
		people := objects(s.People, func(u entitlement.User) object { return object{"id": string(u.ID), "displayName": text(u.DisplayName)} })
		reasons = append(reasons, object{"@odata.type": "#microsoft.graph.accessPackageSuggestionRelatedPeopleBased", "relatedPeopleAssignmentCount": s.Related, "relatedPeople": people})
	}
	if s.Past > 0 {
		reasons = append(reasons, object{"@odata.type": "#microsoft.graph.accessPackageSuggestionSelfAssignmentHistoryBased", "pastAssignmentCount": s.Past, "lastAssignmentDateTime": instant(s.Last)})
	}
	return object{"id": string(s.Package.ID), "reasons": append([]any{}, reasons...), "accessPackage": unexpanded{mapAvailable(s.shown)}}
}

func listSuggestions(ctx context.Context, c *call) (response, error) {
	var history, related bool
	for word := range strings.SplitSeq(c.path["on"], ",") {
		switch word = strings.TrimSpace(word); {
		case strings.EqualFold(word, "assignmentHistory"):
			history = true
		case strings.EqualFold(word, "relatedPeopleAssignments"):
			related = true
		case strings.EqualFold(word, "none"):
		default:
			return response{}, entitlement.Errorf(entitlement.Invalid, "In the path, on must name some of relatedPeopleAssignments, assignmentHistory, with commas between them.")
		}
	}

	found, err := c.deps.Requests.Suggestions(ctx, c.by.Caller, history, related)
	all := make([]suggestion, len(found))
	for i, s := range found {
		all[i] = suggestion{s, viewOf(s.Package, views.OfPackages)}
	}
	return list(ctx, c, c.suggestionType(), sliced(all, err))
}
