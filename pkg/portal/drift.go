package portal

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// driftRoutes are the comparisons of targets with what ought to be there, what they found, and what is
// done about it.
var driftRoutes = []route{
	{http.MethodGet, "/operations/drift", authz.ReadDeliveryErrors, showDrift},
	{http.MethodGet, "/operations/drift/{connector}/{scan}", authz.ReadDeliveryErrors, showFindings},
	{http.MethodPost, "/operations/drift/{connector}/{scan}/take", authz.TakeExtraAway, takeExtra},
	{http.MethodPost, "/operations/drift/{connector}/{scan}/now", authz.CompareNow, compareNow},
	{http.MethodPost, "/catalogs/{catalog}/resources/{resource}/delivery", authz.UpdateCatalog, saveDelivery},
}

// driftPage is a page of comparisons.
type driftPage struct {
	Scans   []entitlement.DriftScan
	Targets map[entitlement.ConnectorID]string
	Next    string
	Unread  int
}

func driftPath(s entitlement.RoleRef) string {
	return "/operations/drift/" + string(s.Connector) + "/" + string(entitlement.DriftScanOf(s))
}

func showDrift(ctx context.Context, v *visit) (answer, error) {
	token, err := v.unseal(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	shown, next := driftPage{}, ""
	err = views.Together(
		func() error {
			list, err := v.Catalogs.DriftScans(ctx, v.by.Caller, "", entitlement.Page{Limit: onPage, Token: token})
			shown.Scans, shown.Unread, next = list.Items, list.Unread, list.Next
			return err
		},
		func() (err error) { shown.Targets, err = v.targetNames(ctx); return err })
	if err != nil {
		return answer{}, err
	}
	if shown.Next, err = v.next(ctx, next); err != nil {
		return answer{}, err
	}
	return page(driftView(v, shown))
}

// findingsPage is what one comparison found.
type findingsPage struct {
	Scan     entitlement.DriftScan
	Target   string
	Findings []entitlement.DriftFinding
	People   map[entitlement.UserID]*entitlement.User
	Takes    bool // the visitor may have an extra role taken away
	Taken    int  // just now
	Begun    int  // a comparison, just now
	Next     string
	Unread   int
	Faults   faults
}

func showFindings(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.findingsPage(ctx, v.request.URL.Query().Get("page"))
	if err != nil {
		return answer{}, err
	}
	shown.Taken, shown.Begun = v.doneCount("taken"), v.doneCount("begun")
	return page(findingsView(v, shown))
}

func (v *visit) findingsPage(ctx context.Context, sealed string) (findingsPage, error) {
	shown := findingsPage{Takes: v.may(authz.TakeExtraAway), People: map[entitlement.UserID]*entitlement.User{}}
	at, scan, err := v.scanOf()
	if err != nil {
		return shown, err
	}
	token, err := v.unseal(ctx, sealed)
	if err != nil {
		return shown, err
	}
	next := ""
	err = views.Together(
		func() (err error) { shown.Scan, err = v.Catalogs.DriftScan(ctx, v.by.Caller, at, scan); return err },
		func() error {
			list, err := v.Catalogs.DriftFindings(ctx, v.by.Caller, at, scan, entitlement.Page{Limit: onPage, Token: token})
			if shown.Findings, shown.Unread, next = list.Items, list.Unread, list.Next; err == nil {
				err = v.peopleOf(ctx, &shown)
			}
			return err
		},
		func() error {
			names, err := v.targetNames(ctx)
			shown.Target = targetName(names, at)
			return err
		})
	if err != nil {
		return shown, err
	}
	shown.Next, err = v.next(ctx, next)
	return shown, err
}

// peopleOf adds what those are called whom the findings are about.
func (v *visit) peopleOf(ctx context.Context, shown *findingsPage) error {
	var ids []entitlement.UserID
	for _, f := range shown.Findings {
		if f.Subject != "" {
			ids = append(ids, f.Subject)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	users, err := v.Directory.UsersNamed(ctx, v.by.Caller, ids)
	for _, u := range users {
		shown.People[u.ID] = &u
	}
	return err
}

func (v *visit) scanOf() (entitlement.ConnectorID, entitlement.DriftScanID, error) {
	at, err := pathPart[entitlement.ConnectorID](v, "connector")
	if err != nil {
		return "", "", err
	}
	scan, err := pathPart[entitlement.DriftScanID](v, "scan")
	return at, scan, err
}

// takeExtra has an extra role taken away.
func takeExtra(ctx context.Context, v *visit) (answer, error) {
	at, scan, err := v.scanOf()
	if err != nil {
		return answer{}, err
	}
	finding, err := entitlement.ParseID[entitlement.DriftFindingID]("finding", v.request.PostForm.Get("finding"))
	if err != nil {
		return answer{}, err
	}

	return v.afterDrift(ctx, v.Catalogs.TakeExtraAway(ctx, v.by, at, scan, finding), "/operations/drift/"+string(at)+"/"+string(scan), "taken")
}

// compareNow has a role compared with its target now.
func compareNow(ctx context.Context, v *visit) (answer, error) {
	at, scan, err := v.scanOf()
	if err != nil {
		return answer{}, err
	}
	return v.afterDrift(ctx, v.Catalogs.CompareNow(ctx, v.by, at, scan), "/operations/drift/"+string(at)+"/"+string(scan), "begun")
}

// afterDrift leads back to a comparison's page, or shows it with why what was asked was refused.
func (v *visit) afterDrift(ctx context.Context, err error, path, done string) (answer, error) {
	if err == nil {
		return then(path + "?" + queryOf(done, "1"))
	}
	all, status, err := v.refused(err)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.findingsPage(ctx, "")
	if err != nil {
		return answer{}, err
	}
	shown.Next, shown.Faults = fromStart(shown.Next, path), all
	return answer{status: status, page: findingsView(v, shown)}, nil
}

// saveDelivery keeps what is done at the target of a resource beside what packages give.
func saveDelivery(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.UpdateCatalog)
	if err != nil {
		return answer{}, err
	}
	id, err := pathPart[entitlement.ResourceID](v, "resource")
	if err != nil {
		return answer{}, err
	}

	sent := v.request.PostForm
	var asked catalogs.ResourceSettings
	if asked.Drift, err = entitlement.DriftModeOf(sent.Get("driftMode")); err == nil {
		asked.PreExisting, err = entitlement.PreExistingModeOf(sent.Get("preExistingMode"))
	}
	if err == nil {
		err = v.Catalogs.EditResourceSettings(ctx, v.by, c.ID, id, func(s *catalogs.ResourceSettings) { *s = asked })
	}
	if err == nil {
		return then(resourcePath(c.ID, id))
	}

	all, status, err := v.refused(err)
	if err != nil {
		return answer{}, err
	}
	shown, err := v.resourcePage(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Faults = all
	return answer{status: status, page: resourceView(v, shown)}, nil
}

// driftWords are the states of findings, in words.
var driftWords = map[entitlement.DriftState]string{entitlement.DriftOpen: "stands", entitlement.DriftGivenAgain: "given again",
	entitlement.DriftContested: "contested", entitlement.DriftTaking: "is being taken away"}

// driftKinds are the kinds of findings, in words.
var driftKinds = map[entitlement.DriftKind]string{entitlement.DriftMissing: "missing at the target", entitlement.DriftExtra: "there without us"}

// driftOf adds what was changed about a person at targets, for those who may see what goes wrong there.
func (v *visit) driftOf(ctx context.Context, person entitlement.UserID, shown *personPage) error {
	if !v.may(authz.ReadDeliveryErrors) {
		return nil
	}
	list, err := v.Catalogs.DriftFindingsOf(ctx, v.by.Caller, person, entitlement.Page{Limit: onPage})
	shown.Drift = list.Items
	return err
}

// comparedRole adds how a role of a resource compares with its target.
func (v *visit) comparedRole(ctx context.Context, shown *roleHoldersPage, role string) (err error) {
	for _, r := range shown.Resource.Roles {
		if r.ID == role {
			ref := entitlement.RoleRef{Connector: shown.Resource.Connector, Resource: shown.Resource.OriginID, Role: r.OriginID}
			shown.Drift, _, err = v.Catalogs.DriftScanOf(ctx, v.by.Caller, shown.Catalog, ref)
		}
	}
	return err
}
