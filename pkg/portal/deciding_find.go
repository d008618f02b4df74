package portal

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// findPage is what finding access shows.
type findPage struct {
	Sought   string
	Packages []foundPackage
	Next     string // address of the next page; "" at the end

	Colleagues entitlement.Colleagues // of the visitor, with what they have

	Typed   string         // what was typed where somebody cannot find something
	Missing []missingFound // of that
}

// foundPackage is a package that the visitor may ask for.
type foundPackage struct {
	entitlement.AccessPackage
	requests.Offered
	Resource string // by which it was found, where that is what fits
}

// missingFound is a package that somebody could not find, and why.
type missingFound struct {
	entitlement.AccessPackage
	Why     []string
	ByOwner bool // whoever keeps its policies could change that
	Owners  []string
}

// maxSought bounds the pages of the list that one search goes through.
const maxSought = 10

func findAccess(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown := findPage{Sought: strings.TrimSpace(query.Get("search")), Typed: strings.TrimSpace(query.Get("missing"))}
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return answer{}, err
	}

	err = views.Together(
		func() (err error) { token, err = v.findRequestable(ctx, &shown, token); return err },
		func() (err error) { shown.Colleagues, err = v.Requests.Colleagues(ctx, v.by.Caller); return err },
		func() (err error) {
			if shown.Typed != "" {
				shown.Missing, err = v.missing(ctx, shown.Typed)
			}
			return err
		})
	if err != nil {
		return answer{}, err
	}
	shown.Next, err = v.next(ctx, token)
	if err != nil {
		return answer{}, err
	}
	return page(findView(v, shown))
}

// findRequestable fills the page with packages that fit, and returns where the next one begins. A page of the
// list may hold few that fit, or none.
func (v *visit) findRequestable(ctx context.Context, shown *findPage, token string) (next string, err error) {
	var named []entitlement.AssignmentPolicy
	for range maxSought {
		list, err := v.Requests.Offers(ctx, v.by.Caller, entitlement.Page{Limit: onPage, Token: token},
			func(found requests.Candidates) entitlement.Foreseen { return foreseenOffers(found, shown.Sought) })
		if err != nil {
			return "", err
		}
		found, err := v.fitting(ctx, list.Items, shown.Sought)
		if err != nil {
			return "", err
		}
		shown.Packages, named = append(shown.Packages, found...), append(named, list.Named...)
		if token = list.Next; token == "" || len(shown.Packages) >= onPage {
			break
		}
	}
	return token, v.offered(ctx, shown.Packages, named)
}

// foreseenOffers is what the list says of packages: how long it usually takes, the ways to get those
// that are offered and, where something is sought, the resources of those whose name may not have
// it.
func foreseenOffers(found requests.Candidates, sought string) entitlement.Foreseen {
	f := entitlement.Foreseen{Paces: slices.Clone(found.Named)}
	if sought != "" {
		f.Scopes, f.Resources = slices.Clone(found.Named), slices.Clone(found.In)
	}
	for _, p := range found.Offered {
		f.Paces, f.PoliciesListed = append(f.Paces, p.ID), append(f.PoliciesListed, p.Policies...)
		if !contains(p.DisplayName, sought) && !contains(p.Description, sought) {
			f.Scopes, f.Resources = append(f.Scopes, p.ID), append(f.Resources, p.Catalog)
		}
	}
	return f
}

func contains(text, sought string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(sought))
}

// fitting are the packages of a page of the list that a search finds: by name or description
// and, where these do not fit, by a resource that the package gives a role of.
func (v *visit) fitting(ctx context.Context, all []entitlement.AccessPackage, sought string) (found []foundPackage, err error) {
	var others []*views.Package
	for _, p := range all {
		if !contains(p.DisplayName, sought) && !contains(p.Description, sought) {
			others = append(others, views.OfPackages([]entitlement.AccessPackage{p})...)
		}
	}
	if len(others) > 0 {
		if err := v.Views.Packages(ctx, v.by.Caller, others, rolesJoined); err != nil {
			return nil, err
		}
	}

	for _, p := range all {
		at := slices.IndexFunc(others, func(o *views.Package) bool { return o.ID == p.ID })
		if at < 0 {
			found = append(found, foundPackage{AccessPackage: p})
			continue
		}
		for _, s := range others[at].RoleScopes {
			if contains(resourceName(s), sought) {
				found = append(found, foundPackage{AccessPackage: p, Resource: resourceName(s)})
				break
			}
		}
	}
	return found, nil
}

// offered adds to the packages of a page how long they last, and who decides.
func (v *visit) offered(ctx context.Context, all []foundPackage, named []entitlement.AssignmentPolicy) error {
	var packages []entitlement.AccessPackage
	for _, p := range all {
		packages = append(packages, p.AccessPackage)
	}
	by, err := v.Requests.OfferedBy(ctx, v.by.Caller, packages, named)
	for i := range all {
		all[i].Offered = by[all[i].ID]
	}
	return err
}

// missing says why somebody does not find what they typed: the whole name of a package, or its
// link. Of what they may not know of it says the same as of what is not there.
func (v *visit) missing(ctx context.Context, typed string) (all []missingFound, err error) {
	found, err := v.Requests.Missing(ctx, v.by.Caller, typed, linked(typed))
	for _, m := range found {
		shown := missingFound{AccessPackage: m.Package, Owners: m.Owners}
		for _, h := range m.Hindrances {
			text := v.T(ownHindranceWords[h.Kind])
			if h.Kind == entitlement.HinderedIncompatible {
				text = v.T("You have %s, which is incompatible: it ends first.", h.Name)
			}
			shown.Why = append(shown.Why, text)
			shown.ByOwner = shown.ByOwner || h.ByOwner()
		}
		all = append(all, shown)
	}
	return all, err
}

// linked is the id in a My Access link, or an id by itself; "" in what is neither.
func linked(typed string) entitlement.PackageID {
	if u, err := url.Parse(typed); err == nil {
		if _, path, is := strings.Cut(u.Path, names.PortalPath+"/packages/"); is {
			typed = path
		}
	}
	id, err := entitlement.ParseID[entitlement.PackageID]("The link", typed)
	if err != nil {
		return ""
	}
	return id
}

// ownHindranceWords say to somebody what keeps them from asking.
var ownHindranceWords = map[entitlement.HindranceKind]string{
	entitlement.HinderedDisabled: "Your account is disabled.", entitlement.HinderedUnpublished: "Its catalog is not published.",
	entitlement.HinderedDeleting: "It is being deleted.", entitlement.HinderedScope: "No policy of it is for you.",
	entitlement.HinderedClosed:  "The policy that is for you is turned off: nobody can ask through it.",
	entitlement.HinderedOutside: "The policy that is for you is for people of connected organizations, and its catalog is not open to these.",
	entitlement.HinderedHeld:    "You have it already.", entitlement.HinderedOpen: "You have asked for it already: your request is open.",
	entitlement.HinderedCooling: "You asked too often within an hour. Ask again later.",
}

// Usual says how long it usually takes to get a package; "" where too few asked for it to tell.
func (v *visit) Usual(p entitlement.Pace) string {
	within, told := p.Within()
	switch {
	case !told:
		return ""
	case within <= time.Hour:
		return v.T("Usually within an hour.")
	case within <= 24*time.Hour:
		return v.T("Usually within a day.")
	default:
		return v.T("Usually within %s.", v.Days(within))
	}
}

// have says how many of the visitor's colleagues have a package; "" where that is not told.
func (v *visit) have(of entitlement.Colleagues, p entitlement.PackageID) string {
	count, most, told := of.Have(p)
	switch {
	case !told:
		return ""
	case most:
		return v.T("Most of your %d colleagues have it.", of.Of)
	default:
		return v.T("%d of your %d colleagues have it.", count, of.Of)
	}
}
