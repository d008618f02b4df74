package portal

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// homePage is what home shows.
type homePage struct {
	Waiting     []*views.Request    // for the visitor's decision
	InProgress  []*views.Request    // of the visitor's own
	Ending      []*views.Assignment // soon, the first ones first
	May         map[entitlement.AssignmentID]requests.OwnOptions
	Failing     []*views.Assignment // in packages that the visitor keeps
	Owed        []*views.Assignment // likewise, of what has ended
	MoreTrouble bool
	Changes     []entitlement.ImpactChange // that wait for the visitor as the second person
}

// home reads what it shows side by side: no part waits for another one.
func home(ctx context.Context, v *visit) (answer, error) {
	var shown homePage
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		list, err := v.Requests.WaitingWith(within, v.by.Caller, entitlement.Page{Limit: onPage}, foreseenNames)
		if err != nil {
			return err
		}
		shown.Waiting = views.OfRequests(list.Items)
		return v.nameRequests(within, shown.Waiting)
	})
	g.Go(func() error {
		list, err := v.Requests.Unfinished(within, v.by.Caller, entitlement.Page{Limit: onPage})
		if err != nil {
			return err
		}
		shown.InProgress = views.OfRequests(list)
		return v.nameRequests(within, shown.InProgress)
	})

	g.Go(func() error { return v.endings(within, &shown) })
	g.Go(func() error { return v.troubles(within, &shown) })
	g.Go(func() (err error) { shown.Changes, err = v.Catalogs.ChangesFor(within, v.by.Caller); return err })

	if err := g.Wait(); err != nil {
		return answer{}, err
	}
	return page(homeView(v, shown))
}

// nameRequests joins the packages and people of requests, side by side.
func (v *visit) nameRequests(ctx context.Context, all []*views.Request) error {
	g, within := errgroup.WithContext(ctx)
	for _, join := range []views.Join{views.JoinPackage, views.JoinPeople} {
		g.Go(func() error { return v.Views.Requests(within, v.by.Caller, all, views.With{join: nil}) })
	}
	return g.Wait()
}

// endings are what the visitor has that ends soon, with whether they may extend it.
func (v *visit) endings(ctx context.Context, shown *homePage) error {
	held, err := v.Requests.EndingSoon(ctx, v.by.Caller, onPage)
	if err != nil || len(held) == 0 {
		return err
	}

	shown.Ending = views.OfAssignments(held)
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		return v.Views.Assignments(within, v.by.Caller, shown.Ending, views.With{views.JoinPackage: nil})
	})
	g.Go(func() (err error) { shown.May, err = v.Requests.OwnOptions(within, v.by.Caller, held); return err })
	return g.Wait()
}

// troubles are what fails or is owed in packages that the visitor keeps.
func (v *visit) troubles(ctx context.Context, shown *homePage) error {
	found, err := v.Requests.Troubles(ctx, v.by.Caller)
	if err != nil || len(found.Failing)+len(found.Owed) == 0 {
		return err
	}
	found = found.Few(requests.MaxTroubled)
	shown.MoreTrouble = found.More
	all := views.OfAssignments(slices.Concat(found.Failing, found.Owed))
	shown.Failing, shown.Owed = all[:len(found.Failing)], all[len(found.Failing):]
	return v.Views.Assignments(ctx, v.by.Caller, all, views.With{views.JoinPackageListed: nil, views.JoinTarget: nil})
}
