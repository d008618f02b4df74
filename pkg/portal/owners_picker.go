package portal

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// offersPage is a search in a target for what a catalog could take as a resource.
type offersPage struct {
	entitlement.Catalog
	Targets []entitlement.ConnectorConfig // to choose from, beside the directory
	At      entitlement.ConnectorConfig   // that is searched
	Sought  string
	Found   []entitlement.TargetOffer
	More    bool // there may be others, which more of the name finds
	Empty   bool // nothing was found
	Next    string
	Chosen  string
	Faults  faults
}

// Choices are the targets to choose from, the directory first.
func (p offersPage) Choices(v *visit) []choice {
	all := []choice{{string(entitlement.BuiltinConnector), v.T("Directory")}}
	for _, c := range p.Targets {
		words := c.DisplayName
		if c.Paused {
			words += " (" + v.T("Paused") + ")"
		}
		all = append(all, choice{string(c.ID), words})
	}
	return all
}

// valueOf is what the form sends of an offer: a resource is named by its origin system too, of
// which one target may have several.
func (p offersPage) valueOf(o entitlement.TargetOffer) string {
	return cmp.Or(o.OriginSystem, p.At.OriginSystem) + " " + o.OriginID
}

// What one page asks of a target: its visitor waits for it, and the function ends after 29 s.
const (
	pickTime   = 15 * time.Second
	pickPieces = 5 // of the target's list, where few of them fit
)

func findResource(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown, err := v.resourcePicker(ctx, query.Get("connector"), query.Get("search"))
	if err != nil {
		return answer{}, err
	}
	token, err := v.unseal(ctx, query.Get("page"))
	if err == nil {
		err = v.pick(ctx, &shown, token)
	}
	if err != nil {
		return answer{}, err
	}
	return page(resourcePickerView(v, shown))
}

// resourcePicker is the search before anything is looked for. Targets that the visitor may not
// take resources of are as though they were not there.
func (v *visit) resourcePicker(ctx context.Context, connector, sought string) (offersPage, error) {
	id, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return offersPage{}, err
	}
	shown := offersPage{Sought: strings.TrimSpace(sought), At: entitlement.BuiltinRegistration()}

	err = views.Together(
		func() (err error) { shown.Catalog, err = v.editing(ctx, authz.AddResource); return err },
		func() (err error) { shown.Targets, err = v.Catalogs.Pickable(ctx, v.by.Caller, id); return err })
	if err != nil || connector == "" || connector == string(entitlement.BuiltinConnector) {
		return shown, err
	}
	at := slices.IndexFunc(shown.Targets, func(c entitlement.ConnectorConfig) bool { return string(c.ID) == connector })
	if at < 0 {
		return shown, noPage()
	}
	shown.At = shown.Targets[at]
	return shown, nil
}

// pick looks for resources where the visitor chose to. A target that does not answer, or is
// paused, is said on the page; what is wrong here is not.
func (v *visit) pick(ctx context.Context, shown *offersPage, token string) (err error) {
	if shown.At.ID == entitlement.BuiltinConnector {
		return v.pickGroup(ctx, shown)
	}
	ctx, cancel := context.WithTimeout(ctx, pickTime)
	defer cancel()

	next, left := token, pickPieces
	for first := true; first || next != "" && len(shown.Found) < onPage && left > 0; first = false {
		left--
		var list entitlement.Paged[entitlement.TargetOffer]
		list, err = v.Catalogs.Offers(ctx, v.by.Caller, shown.At.ID, shown.Sought, entitlement.Page{Limit: onPage, Token: next})
		if err != nil {
			return v.atTarget(err, shown)
		}
		for _, o := range list.Items { // a target may not heed what is searched for
			if contains(o.DisplayName, shown.Sought) {
				shown.Found = append(shown.Found, o)
			}
		}
		next = list.Next
	}
	shown.Empty = len(shown.Found) == 0
	shown.Next, err = v.next(ctx, next)
	return err
}

// pickGroup looks for groups of the directory by a part of their name.
func (v *visit) pickGroup(ctx context.Context, shown *offersPage) error {
	if shown.Sought == "" {
		return nil
	}
	to := directory.Purpose{Action: authz.AddResource, In: authz.Object{Catalog: shown.ID}}
	groups, more, err := v.Directory.FindGroups(ctx, v.by.Caller, to, shown.Sought)
	if err != nil && entitlement.KindOf(err) == entitlement.Invalid {
		shown.Faults = faults{{"search", v.T("Type at least two characters of the name.")}}
		return nil
	}
	for _, g := range groups {
		o := entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: g.ID(), OriginSystem: entitlement.OriginAadGroup, DisplayName: g.Name,
			Roles: []entitlement.ResourceRole{{DisplayName: "Member"}, {DisplayName: "Owner"}}}, Reason: g.Sort.NoResource()}
		if g.Group == entitlement.AdministratorsGroup {
			o.Reason = v.T("Who administers is not for packages to decide.")
		}
		shown.Found = append(shown.Found, o)
	}
	shown.More, shown.Empty = more, len(groups) == 0
	return err
}

// atTarget says beside the choice of the target what went wrong there.
func (v *visit) atTarget(err error, shown *offersPage) error {
	switch entitlement.KindOf(err) {
	case entitlement.Internal, entitlement.Unauthenticated:
		return err
	}
	shown.Faults = append(shown.Faults, fault{"connector", v.said(err)})
	return nil
}

// reasonOf says in the visitor's language why something cannot be given.
func (v *visit) reasonOf(o entitlement.TargetOffer) string {
	if v.Language != language.German {
		return o.Reason
	}
	return v.translated(o.Reason)
}

// rolesOffered names the first roles of something, and says how many there are beside them.
func (v *visit) rolesOffered(o entitlement.TargetOffer) string {
	var all []string
	for _, r := range o.Roles[:min(len(o.Roles), onPage)] {
		all = append(all, r.DisplayName)
	}
	if len(all) < len(o.Roles) {
		all = append(all, "…")
	}
	return strings.Join(all, ", ")
}

func addResource(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.resourcePicker(ctx, v.typed("connector"), v.typed("search"))
	if err != nil {
		return answer{}, err
	}

	// What stands in the form is as it was found: an id of a target may begin with a space.
	shown.Chosen = v.request.PostForm.Get("resource")
	system, id, is := strings.Cut(shown.Chosen, " ")
	if !is || id == "" {
		shown.Faults = faults{{"found", v.T("Choose a resource.")}}
		return v.pickAgain(ctx, shown, http.StatusBadRequest)
	}

	limited, cancel := context.WithTimeout(ctx, pickTime)
	added, err := v.Catalogs.AddResource(limited, v.by, shown.ID, shown.At.ID, system, id)
	cancel()
	if err == nil {
		return then(resourcePath(shown.ID, added.ID))
	}
	if entitlement.CodeOf(err) == entitlement.CodeNameTaken {
		shown.Faults = faults{{"found", v.T("The catalog has this resource already.")}}
		return v.pickAgain(ctx, shown, http.StatusConflict)
	}

	status := entitlement.KindOf(err).HTTPStatus()
	if err := v.atTarget(err, &shown); err != nil {
		return answer{}, err
	}
	if status >= http.StatusInternalServerError || shown.At.Paused {
		return answer{status: http.StatusConflict, page: resourcePickerView(v, shown)}, nil // it would not answer now either
	}
	return v.pickAgain(ctx, shown, status)
}

// pickAgain shows what was searched for once more, with why it was not added.
func (v *visit) pickAgain(ctx context.Context, shown offersPage, status int) (answer, error) {
	if err := v.pick(ctx, &shown, ""); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: resourcePickerView(v, shown)}, nil
}
