package requests

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Suggestion is a package that the caller may ask for, and why it is put forward.
type Suggestion struct {
	Package entitlement.AccessPackage
	Past    int       // assignments of the caller's that have ended
	Last    time.Time // when the last of them began
	Related int       // people related to the caller who hold it
	People  []entitlement.User
}

// maxSuggestions bounds the packages that are looked at for one list (S21).
const maxSuggestions = 25

// Suggestions lists packages that the caller may ask for and does not have: those had before,
// and those that the caller's manager holds, who is the one related person that the directory
// knows. What others hold is told as far as the settings let it, and at first not at all.
func (s *Service) Suggestions(ctx context.Context, by authz.Caller, history, related bool) ([]Suggestion, error) {
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		err = authz.Allow(by.As(u), authz.ListRequestablePackages, authz.Object{}).Err()
	}
	if err != nil {
		return nil, err
	}

	found := map[entitlement.PackageID]*Suggestion{}
	of := func(id entitlement.PackageID) *Suggestion {
		if found[id] == nil {
			found[id] = &Suggestion{}
		}
		return found[id]
	}

	if history {
		ended, err := s.Store.EndedOf(ctx, u.ID, entitlement.Page{})
		if err != nil {
			return nil, err
		}
		for _, a := range ended.Items {
			had := of(a.Package)
			if had.Past++; a.Start.After(had.Last) {
				had.Last = a.Start
			}
		}
	}

	if related {
		if err := s.relatedTo(ctx, u, of); err != nil {
			return nil, err
		}
	}
	return s.suggestible(ctx, u, found)
}

// relatedTo notes what the user's manager holds.
func (s *Service) relatedTo(ctx context.Context, u entitlement.User, of func(entitlement.PackageID) *Suggestion) error {
	settings, err := s.Store.Settings(ctx)
	if err != nil || settings.EndUsers.RelatedPeople == entitlement.InsightDisabled || u.Manager == "" {
		return err
	}

	managers, err := s.Store.Users(ctx, []entitlement.UserID{u.Manager})
	if err != nil || len(managers) == 0 || managers[0].Gone() {
		return err
	}

	held, err := s.Store.AssignmentsOf(ctx, u.Manager)
	if err != nil {
		return err
	}
	for _, a := range held {
		same := of(a.Package)
		// One at most, since the manager is the only related person.
		if same.Related = 1; settings.EndUsers.RelatedPeople == entitlement.InsightNames {
			same.People = managers
		}
	}
	return nil
}

// suggestible keeps those that the user may ask for now, that are not hidden and not held.
func (s *Service) suggestible(ctx context.Context, u entitlement.User, found map[entitlement.PackageID]*Suggestion) ([]Suggestion, error) {
	ids := slices.Sorted(maps.Keys(found))
	var out []Suggestion

	for _, id := range ids[:min(len(ids), maxSuggestions)] {
		ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: u.ID, Subject: u.ID, Package: id})
		if err != nil {
			return nil, err
		}
		// The history may name packages that have been deleted or hidden since.
		if ask.Package == nil || ask.Package.Hidden || !ask.Package.Deleting.IsZero() || ask.Catalog == nil || !ask.Catalog.Published {
			continue
		}
		if ask.Slot.Assignment == nil && ask.Slot.Open == "" && len(ask.Applicable(u)) > 0 {
			found[id].Package = *ask.Package
			out = append(out, *found[id])
		}
	}

	order.SortFunc(out, func(a, b Suggestion) int {
		return strings.Compare(strings.ToLower(a.Package.DisplayName)+string(a.Package.ID), strings.ToLower(b.Package.DisplayName)+string(b.Package.ID))
	})
	return out, nil
}
