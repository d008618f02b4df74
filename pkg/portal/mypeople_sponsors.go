package portal

import (
	"context"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// sponsorRoutes are the pages of those who are internal sponsors of connected organizations. A
// guest of theirs has the page of somebody who reports to them.
var sponsorRoutes = []route{
	{http.MethodGet, "/my-organizations", authz.ListReports, myOrganizations},
	{http.MethodGet, "/my-organizations/{organization}", authz.ListReports, guestsOfOrganization},
}

// sponsoredPage are the organizations that the visitor sponsors.
type sponsoredPage struct {
	Organizations []entitlement.ConnectedOrganization
	Next          string
	Unread        int
}

func myOrganizations(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.sponsored(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	return page(myOrganizationsView(v, shown))
}

// sponsored reads a page of the organizations that the visitor sponsors.
func (v *visit) sponsored(ctx context.Context, at string) (sponsoredPage, error) {
	token, err := v.unseal(ctx, at)
	if err != nil {
		return sponsoredPage{}, err
	}
	list, err := v.Requests.Sponsored(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token})
	if err != nil {
		return sponsoredPage{}, err
	}
	shown := sponsoredPage{Organizations: list.Items, Unread: list.Unread}
	shown.Next, err = v.next(ctx, list.Next)
	return shown, err
}

// guestsPage are the people of an organization that the visitor sponsors.
type guestsPage struct {
	Organization entitlement.ConnectedOrganization
	Sought       string
	People       []guest
	Next         string
	Unread       int
}

// guestsPath is where the people of an organization are. It names the place at which they
// sign in, so that they are looked up while the organization is read.
func guestsPath(o entitlement.ConnectedOrganization) string {
	return "/my-organizations/" + string(o.ID) + "?" + queryOf("at", o.Place())
}

// guest is one of them with counts: what they are of is on the person's own page, so that this one
// takes no further round of reads for it.
type guest struct {
	requests.Report
	Failing int
	Endings int
	First   time.Time // when the first of these ends
}

func guestsOfOrganization(ctx context.Context, v *visit) (answer, error) {
	id, err := partID[entitlement.OrganizationID](v, "organization")
	if err != nil {
		return answer{}, err
	}
	query := v.request.URL.Query()
	shown := guestsPage{Sought: strings.TrimSpace(query.Get("search"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}
	found, err := v.Requests.Guests(ctx, v.by.Caller, id, query.Get("at"), entitlement.Page{Limit: onPage, Token: token, Named: entitlement.Named{Begins: shown.Sought}})
	if err != nil {
		return answer{}, err
	}

	shown.Organization, shown.Unread = found.Organization, found.People.Unread
	for _, r := range found.People.Items {
		shown.People = append(shown.People, v.guest(r))
	}
	if shown.Next, err = v.next(ctx, found.People.Next); err != nil {
		return answer{}, err
	}
	return page(guestsView(v, shown))
}

func (v *visit) guest(r requests.Report) guest {
	m := guest{Report: r}
	for _, a := range r.Held {
		if a.State != entitlement.AssignmentDelivered {
			m.Failing++
		}
		if v.endsSoon(a) {
			m.Endings++
			if m.First.IsZero() || a.End.Before(m.First) {
				m.First = a.End
			}
		}
	}
	return m
}

// besideTeam reads what the page of a manager has of a sponsor, while it reads the rest.
func (v *visit) besideTeam(ctx context.Context, shown *teamPage, team func(context.Context) error) error {
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error { return team(within) })
	g.Go(func() (err error) { shown.Sponsored, err = v.sponsored(within, ""); return err })
	return g.Wait()
}
