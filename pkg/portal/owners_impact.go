package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// impactRoutes are the pages on which a change of a package's roles is looked at and agreed to.
var impactRoutes = []route{
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/roles/impact", authz.ChangeRoleScopes, showImpact},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/roles/impact", authz.ChangeRoleScopes, applyImpact},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/roles/impact/people", authz.ChangeRoleScopes, exportImpact},
	{http.MethodGet, "/catalogs/{catalog}/changes/{change}", authz.ListPackages, showChange},
	{http.MethodPost, "/catalogs/{catalog}/changes/{change}", authz.ListPackages, decideChange},
	{http.MethodGet, "/catalogs/{catalog}/limit", authz.UpdateCatalog, showLimit},
	{http.MethodPost, "/catalogs/{catalog}/limit", authz.UpdateCatalog, setLimit},
}

// impactPage says what a change of a package's roles does, before it is done.
type impactPage struct {
	Catalog entitlement.Catalog
	Package entitlement.AccessPackage
	Change  catalogs.RoleChange
	Found   catalogs.Impact
	Lists   []impactList
	Differs bool // since it was agreed to, or proposed
	Came    []string
	Went    []string
	Long    bool // so many people have the package that a job has to look at it

	Waits    *entitlement.ImpactChange // for a second person
	Mine     bool                      // the visitor proposed it
	Proposer string
	Agreers  []string // who may agree, as far as the visitor may know
	Faults   faults
}

// impactList is everybody to whom the same happens; some of them are shown.
type impactList struct {
	Effect entitlement.Effect
	Total  int
	Rows   []impactRow
	Paged  bool // the others are on the next page
}

// impactRow is one holder of the package.
type impactRow struct {
	Name    string
	Until   time.Time
	Because []string
	Before  bool
	Further int // reasons beside these
}

// impactQuery is a change of roles as addresses and forms of the page have it.
func impactQuery(c catalogs.RoleChange) string {
	if c.Remove != "" {
		return url.Values{"remove": {c.Remove}}.Encode()
	}
	return url.Values{"add": {string(c.Resource) + " " + c.Role}}.Encode()
}

func impactPath(p entitlement.AccessPackage, c catalogs.RoleChange) string {
	return packagePath(p) + "/roles/impact?" + impactQuery(c)
}

// changeNamed reads it back; the use case looks at what it names.
func changeNamed(id entitlement.PackageID, add, remove string) (catalogs.RoleChange, error) {
	if remove != "" {
		return catalogs.RoleChange{Package: id, Remove: remove}, nil
	}
	named, role, _ := strings.Cut(add, " ")
	resource, err := entitlement.ParseID[entitlement.ResourceID]("add", named)
	return catalogs.RoleChange{Package: id, Resource: resource, Role: role}, err
}

func showImpact(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	shown, err := v.impactPage(ctx, query.Get("add"), query.Get("remove"))
	if err != nil {
		return answer{}, err
	}
	return page(impactView(v, shown))
}

func (v *visit) impactPage(ctx context.Context, add, remove string) (impactPage, error) {
	var shown impactPage
	err := views.Together(
		func() (err error) {
			if shown.Catalog, shown.Package, err = v.editingPackage(ctx, authz.ChangeRoleScopes); err != nil {
				return err
			}
			if shown.Change, err = changeNamed(shown.Package.ID, add, remove); err != nil {
				return err
			}
			return v.fillImpact(ctx, &shown)
		},
		func() error { v.impactAhead(ctx, add, remove); return nil })
	return shown, err
}

// impactAhead has what a page of a change shows read side by side, as its address names it.
func (v *visit) impactAhead(ctx context.Context, add, remove string) {
	if v.request.Method != http.MethodGet { // which remembers nothing
		return
	}
	in, _ := pathPart[entitlement.CatalogID](v, "catalog")
	id, _ := pathID[entitlement.PackageID](v)
	if change, err := changeNamed(id, add, remove); err == nil && in != "" && id != "" {
		v.Catalogs.ImpactAhead(ctx, v.by.Caller, in, change)
	}
}

// fillImpact looks at the change, and names whom it shows. Who may agree is read only where
// somebody has to: beside the rest, where that is known before.
func (v *visit) fillImpact(ctx context.Context, shown *impactPage) (err error) {
	waits := shown.Waits != nil
	err = views.Together(
		func() error { return v.lookAtImpact(ctx, shown) },
		func() (err error) {
			if waits {
				shown.Agreers, err = v.agreers(ctx, shown.Catalog.ID)
			}
			return err
		})
	if err == nil && shown.Found.Second && !waits {
		shown.Agreers, err = v.agreers(ctx, shown.Catalog.ID)
	}
	return err
}

func (v *visit) lookAtImpact(ctx context.Context, shown *impactPage) (err error) {
	shown.Found, err = v.Catalogs.PreviewRoles(ctx, v.by, shown.Change, nil)
	if entitlement.CodeOf(err) == catalogs.CodeNeedsJob {
		shown.Long, shown.Found.Totals = true, nil
		return nil
	}
	if err != nil {
		return err
	}

	totals := shown.Found.Totals
	for _, l := range []impactList{{Effect: entitlement.Gains, Total: totals.Gains}, {Effect: entitlement.Loses, Total: totals.Loses}, {Effect: entitlement.Keeps, Total: totals.Keeps}} {
		var some []entitlement.Affected
		for _, a := range shown.Found.People {
			if a.Effect == l.Effect && len(some) < maxOffered {
				some = append(some, a)
			}
		}
		if l.Rows, err = v.impactRows(ctx, shown.Package, some); err != nil {
			return err
		}
		shown.Lists = append(shown.Lists, l)
	}
	return nil
}

// impactRows names people, and the packages by which they keep the role as far as the visitor may
// know of them (T14).
func (v *visit) impactRows(ctx context.Context, p entitlement.AccessPackage, people []entitlement.Affected) ([]impactRow, error) {
	packages, err := v.Catalogs.PackagesNamed(ctx, v.by.Caller, catalogs.ReasonPackages(people))
	if err != nil {
		return nil, err
	}
	named := map[entitlement.PackageID]string{}
	for _, other := range packages {
		named[other.ID] = other.DisplayName
	}

	ids := make([]entitlement.UserID, len(people))
	for i, a := range people {
		ids[i] = a.Subject
	}
	names, err := v.holderNames(ctx, p, ids)
	if err != nil {
		return nil, err
	}

	rows := make([]impactRow, len(people))
	for i, a := range people {
		rows[i] = impactRow{Name: names[i], Until: a.Until, Before: a.Before, Further: a.Further}
		for _, r := range a.Because {
			name := named[r.Package]
			if name == "" {
				name = v.T("another package, which you do not see")
			}
			if !r.Until.IsZero() {
				name = v.T("%s, until %s", name, v.Day(r.Until))
			}
			rows[i].Because = append(rows[i].Because, name)
		}
	}
	return rows, nil
}

// holderNames are the names of people who hold a package, or have to do with a change of it, in
// their order.
func (v *visit) holderNames(ctx context.Context, p entitlement.AccessPackage, ids []entitlement.UserID) ([]string, error) {
	held := make([]entitlement.Assignment, len(ids))
	for i, id := range ids {
		held[i] = entitlement.Assignment{Package: p.ID, Catalog: p.Catalog, Subject: id}
	}
	all := views.OfAssignments(held)
	if err := v.joined(ctx, all, views.With{views.JoinTarget: nil}); err != nil {
		return nil, err
	}
	names := make([]string, len(ids))
	for i, a := range all {
		if names[i] = nameOf(a.Subject); names[i] == "" {
			names[i] = string(ids[i])
		}
	}
	return names, nil
}

// agreers are who may agree in a catalog; nobody where the visitor may not know who holds roles.
func (v *visit) agreers(ctx context.Context, c entitlement.CatalogID) ([]string, error) {
	if !v.Views.May(ctx, v.by.Caller, authz.Object{Catalog: c})(authz.ReadRoleAssignment) {
		return nil, nil
	}

	roles, err := v.Catalogs.RoleAssignmentsIn(ctx, v.by.Caller, c)
	if err != nil {
		return nil, err
	}

	// Nobody agrees to a change of their own.
	roles = slices.DeleteFunc(roles, func(a entitlement.RoleAssignment) bool {
		return a.Catalog != c || a.Role != entitlement.CatalogOwner && a.Role != entitlement.AccessPackageManager || a.User == v.by.ID
	})

	all := views.OfRoleAssignments(roles)
	if err := v.Views.RoleAssignments(ctx, v.by.Caller, all, views.With{views.JoinPrincipal: nil}); err != nil {
		return nil, err
	}

	var names []string
	for _, a := range all {
		names = append(names, holderName(v, a))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// applyImpact does what was agreed to. What moved meanwhile comes back as a difference, and what
// needs a second person waits for one.
func applyImpact(ctx context.Context, v *visit) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return answer{}, err
	}
	change, err := changeNamed(p.ID, v.typed("add"), v.typed("remove"))
	if err != nil {
		return answer{}, err
	}

	_, err = v.Catalogs.ApplyRoles(ctx, v.by, change, v.typed("hash"))
	if err == nil {
		return then(packagePath(p))
	}
	if to, waits := waitsAt(err); waits {
		return to, nil
	}
	if entitlement.CodeOf(err) == catalogs.CodeNeedsJob {
		return v.atJob(v.Catalogs.StartApply(ctx, v.by, change, v.typed("hash")))
	}
	all, status, err := v.refused(err)
	if err != nil {
		return answer{}, err
	}

	shown, err := v.impactPage(ctx, v.typed("add"), v.typed("remove"))
	if err != nil {
		// It cannot be done at all any more: the package says how it is.
		return v.besidePackage(ctx, err)
	}
	if status == http.StatusConflict && v.typed("hash") != shown.Found.Hash() {
		all = faults{{"impact", v.T("It is not what you agreed to any more. Look at the difference, and agree to what it is now.")}}
		packed, carried := strings.CutPrefix(v.typed("seen"), carriedMark)
		if err := v.differ(ctx, &shown, packed, carried); err != nil {
			return answer{}, err
		}
	}
	shown.Faults = all
	return answer{status: status, page: impactView(v, shown)}, nil
}

// differ says who has come to those who gain or lose, and who has gone from them, since.
func (v *visit) differ(ctx context.Context, shown *impactPage, seen string, carried bool) error {
	shown.Differs = true
	before, now := entitlement.UnpackSeen(seen), shown.Found.Seen()
	if !carried || now == nil && shown.Found.Totals.Affected() > 0 {
		return nil // too many to remember
	}
	came, went := entitlement.SeenDifference(before, now)
	var err error
	if shown.Came, err = v.seenNames(ctx, shown.Package, came); err == nil {
		shown.Went, err = v.seenNames(ctx, shown.Package, went)
	}
	return err
}

func (v *visit) seenNames(ctx context.Context, p entitlement.AccessPackage, all []entitlement.Seen) ([]string, error) {
	all = all[:min(len(all), maxOffered)]
	ids := make([]entitlement.UserID, len(all))
	for i, s := range all {
		ids[i] = s.Subject
	}
	return v.holderNames(ctx, p, ids)
}

// maxCarried bounds the people whom a form carries, so that the page stays small; a difference from
// more of them is told in figures alone.
const maxCarried = 500

// carriedMark begins a list that a form carries, so that one of nobody is not taken for none.
const carriedMark = "."

// Carried is what the form says was seen; "" where that is too much.
func (p impactPage) Carried() string {
	if p.Found.Totals.Affected() > maxCarried {
		return ""
	}
	return carriedMark + entitlement.PackSeen(p.Found.Seen())
}

// exportImpact answers with everybody whom the change concerns, as a file.
func exportImpact(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	var a answer
	err := views.Together(
		func() (err error) { a, err = v.impactFile(ctx, query.Get("add"), query.Get("remove")); return err },
		func() error { v.impactAhead(ctx, query.Get("add"), query.Get("remove")); return nil })
	return a, err
}

func (v *visit) impactFile(ctx context.Context, add, remove string) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return answer{}, err
	}
	change, err := changeNamed(p.ID, add, remove)
	if err != nil {
		return answer{}, err
	}

	out, rows := csvfile.New(impactColumns...), 0
	_, err = v.Catalogs.PreviewRoles(ctx, v.by, change, func(people []entitlement.Affected) error {
		for some := range slices.Chunk(people, entitlement.PageSize) {
			all, err := v.impactRows(ctx, p, some)
			if err != nil {
				return err
			}
			writeImpact(out, some, all)
			if rows += len(all); rows > csvfile.MaxRows || len(out.Bytes()) > maxExported {
				return entitlement.Errorf(entitlement.Invalid, "One file holds at most %d rows. Ask for the impact by the API, page by page.", csvfile.MaxRows)
			}
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{file: &file{name: "impact.csv", media: csvfile.Media, body: out.Bytes()}}, nil
}

// impactColumns are those of files of people whom a change concerns.
var impactColumns = []string{"effect", "person", "personId", "until", "because", "wasThereBefore"}

// writeImpact writes people as lines of such a file.
func writeImpact(out *csvfile.File, people []entitlement.Affected, rows []impactRow) {
	for i, r := range rows {
		until := ""
		if !r.Until.IsZero() {
			until = r.Until.UTC().Format(time.RFC3339)
		}
		because := strings.Join(r.Because, "; ")
		if r.Further > 0 {
			because += "; +" + strconv.Itoa(r.Further)
		}
		out.Add(string(people[i].Effect), r.Name, string(people[i].Subject), until, because, strconv.FormatBool(r.Before))
	}
}

// waitsAt leads to the change that a refusal says waits for a second person.
func waitsAt(err error) (answer, bool) {
	waits, is := errors.AsType[*catalogs.SecondPersonError](err)
	if !is {
		return answer{}, false
	}
	return answer{next: changePath(waits.Change)}, true
}

func changePath(c entitlement.ImpactChange) string {
	return catalogPath(c.Catalog) + "/changes/" + string(c.ID)
}

func showChange(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.changePage(ctx)
	if err != nil {
		return answer{}, err
	}
	return page(impactView(v, shown))
}

// changePage shows a change that waits, with what it would do now.
func (v *visit) changePage(ctx context.Context) (impactPage, error) {
	id, wrong := entitlement.ParseID[entitlement.ChangeID]("change", v.request.PathValue("change"))
	in, err := pathPart[entitlement.CatalogID](v, "catalog")
	if err != nil {
		return impactPage{}, err
	}

	var shown impactPage
	err = views.Together(
		func() (err error) {
			if shown, err = v.waitingChange(ctx, id, wrong); err == nil {
				err = v.fillChange(ctx, &shown)
			}
			return err
		},
		func() error {
			if wrong == nil && v.request.Method == http.MethodGet { // which remembers what is read
				v.Catalogs.ImpactAheadOf(ctx, v.by.Caller, in, id)
			}
			return nil
		})
	return shown, err
}

// waitingChange is the change in the page's path, for one who may see it.
func (v *visit) waitingChange(ctx context.Context, id entitlement.ChangeID, wrong error) (impactPage, error) {
	c, err := v.catalog(ctx)
	if err != nil {
		return impactPage{}, err
	}
	if wrong != nil {
		return impactPage{}, noPage()
	}
	waits, err := v.Catalogs.ImpactChange(ctx, v.by, c.ID, id)
	if err != nil {
		return impactPage{}, within(err, true)
	}
	p, err := v.Catalogs.Package(ctx, v.by.Caller, waits.Edit.Package)
	return impactPage{Catalog: c, Package: p, Waits: &waits, Mine: waits.Proposer == v.by.ID, Change: catalogs.ChangeOf(waits.Edit)}, err
}

// fillChange adds who proposed a change, who may agree to it, and what it would do.
func (v *visit) fillChange(ctx context.Context, shown *impactPage) error {
	names, err := v.holderNames(ctx, shown.Package, []entitlement.UserID{shown.Waits.Proposer})
	if err != nil {
		return err
	}
	shown.Proposer = names[0]
	if shown.Waits.Policy != "" {
		shown.Agreers, err = v.agreers(ctx, shown.Catalog.ID)
		return err
	}

	if err := v.fillImpact(ctx, shown); err != nil {
		// It cannot be done as things are: all that is left is to reject it.
		all, _, err := v.refused(err)
		if shown.Faults = all; err != nil {
			shown.Faults = faults{{"", v.T("This cannot be done any more, as the package is now.")}}
		}
		return nil
	}
	if waits := shown.Waits; !shown.Long && shown.Found.Hash() != waits.Hash {
		return v.differ(ctx, shown, waits.Seen, waits.Seen != "" || waits.Gains+waits.Loses == 0)
	}
	return nil
}

// decideChange agrees to a change that waits, or rejects it.
func decideChange(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.changePage(ctx)
	if err != nil {
		return answer{}, err
	}
	if v.typed("decision") == "reject" {
		err = v.Catalogs.RejectChange(ctx, v.by, shown.Catalog.ID, shown.Waits.ID)
	} else {
		err = v.Catalogs.AgreeToChange(ctx, v.by, shown.Catalog.ID, shown.Waits.ID, v.typed("hash"))
	}
	if err == nil {
		return then(packagePath(shown.Package))
	}
	if entitlement.CodeOf(err) == catalogs.CodeNeedsJob {
		return v.atJob(v.Catalogs.StartAgree(ctx, v.by, shown.Catalog.ID, shown.Waits.ID, v.typed("hash")))
	}

	status := 0
	if shown.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: impactView(v, shown)}, nil
}

// changesOf are the changes of a catalog that wait, with where they are.
func (v *visit) changesOf(ctx context.Context, c entitlement.CatalogID, p entitlement.PackageID) ([]entitlement.ImpactChange, error) {
	all, err := v.Catalogs.ImpactChanges(ctx, v.by.Caller, c)
	return slices.DeleteFunc(all, func(c entitlement.ImpactChange) bool { return p != "" && c.Edit.Package != p }), err
}

// limitPage sets above what a change needs a second person.
type limitPage struct {
	Catalog         entitlement.Catalog
	People, Percent string
	Loosening       bool
	Faults          faults
}

func showLimit(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.UpdateCatalog)
	if err != nil {
		return answer{}, err
	}
	return page(limitView(v, limitPage{Catalog: c, People: unlessZero(c.Limit.People), Percent: unlessZero(c.Limit.Percent), Loosening: c.Limit.Loosening}))
}

func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func setLimit(ctx context.Context, v *visit) (answer, error) {
	c, err := v.editing(ctx, authz.UpdateCatalog)
	if err != nil {
		return answer{}, err
	}
	shown := limitPage{Catalog: c, People: v.typed("people"), Percent: v.typed("percent"), Loosening: v.ticked("loosening")}
	limit := entitlement.ImpactLimit{Loosening: shown.Loosening}
	for _, f := range []struct {
		field, typed string
		to           *int
	}{{"people", shown.People, &limit.People}, {"percent", shown.Percent, &limit.Percent}} {
		if f.typed == "" {
			continue
		}
		if *f.to, err = strconv.Atoi(f.typed); err != nil || *f.to < 1 {
			shown.Faults = append(shown.Faults, fault{f.field, v.T("Type a whole number above zero, or nothing.")})
		}
	}
	if shown.Faults != nil {
		return answer{status: http.StatusBadRequest, page: limitView(v, shown)}, nil
	}

	if _, err = v.Catalogs.UpdateImpactLimit(ctx, v.by, c.ID, limit); err == nil {
		return then(catalogPath(c.ID))
	}
	status := 0
	if shown.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return answer{status: status, page: limitView(v, shown)}, nil
}
