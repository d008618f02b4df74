package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// impactJobRoutes are the pages on which a change is looked at that so many people hold that a
// worker goes through them.
var impactJobRoutes = []route{
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/roles/impact/jobs", authz.ChangeRoleScopes, startImpact},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}", authz.ChangeRoleScopes, showImpactJob},
	{http.MethodPost, "/catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}", authz.ChangeRoleScopes, applyImpactJob},
	{http.MethodGet, "/catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}/people", authz.ChangeRoleScopes, exportImpactJob},
}

// impactJobPage says how far a job is, and whom it found.
type impactJobPage struct {
	impactPage
	Job   entitlement.ImpactJob
	Next  string // the address of the page of people after this one
	Files int
}

// atJob leads to the page of a job that was started.
func (v *visit) atJob(job entitlement.ImpactJob, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return then(jobPath(job))
}

func jobPath(job entitlement.ImpactJob) string {
	return catalogPath(job.Catalog) + "/packages/" + string(job.Package) + "/roles/impact/jobs/" + string(job.ID)
}

// startImpact begins to look at a change.
func startImpact(ctx context.Context, v *visit) (answer, error) {
	_, p, err := v.editingPackage(ctx, authz.ChangeRoleScopes)
	if err != nil {
		return answer{}, err
	}
	change, err := changeNamed(p.ID, v.typed("add"), v.typed("remove"))
	if err != nil {
		return answer{}, err
	}
	job, err := v.Catalogs.StartPreview(ctx, v.by, change)
	if err != nil {
		return v.besidePackage(ctx, err)
	}
	return v.atJob(job, nil)
}

// impactJob is the job that the address names, of the package that it names.
func (v *visit) impactJob(ctx context.Context) (impactJobPage, error) {
	shown := impactJobPage{}
	id, err := entitlement.ParseID[entitlement.ImpactJobID]("job", v.request.PathValue("job"))
	if err != nil {
		return shown, noPage()
	}
	of, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return shown, err
	}
	err = views.Together(
		func() (err error) {
			shown.Catalog, shown.Package, err = v.editingPackage(ctx, authz.ChangeRoleScopes)
			return err
		},
		func() (err error) {
			shown.Job, err = v.Catalogs.ImpactJob(ctx, v.by, of, id)
			return within(err, true)
		})
	if err != nil {
		return shown, err
	}
	shown.Change, shown.Files = catalogs.ChangeOf(shown.Job.Edit), catalogs.ImpactFiles(shown.Job)
	return shown, nil
}

func showImpactJob(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.impactJob(ctx)
	if err == nil {
		err = v.fillImpactJob(ctx, &shown)
	}
	if err != nil {
		return answer{}, err
	}
	return page(impactJobView(v, shown))
}

// fillImpactJob reads a page of people of one effect, and who may agree where a second person has to.
func (v *visit) fillImpactJob(ctx context.Context, shown *impactJobPage) error {
	job := shown.Job
	if job.Status != entitlement.JobSucceeded || job.Applies() {
		return nil
	}
	totals, err := job.Totals()
	if err != nil {
		return err
	}
	shown.Found = catalogs.Impact{Edit: job.Edit, Catalog: shown.Catalog, Totals: totals, Second: job.Second}

	effect, query := shown.effect(v.request.URL.Query().Get("effect")), url.Values{}
	return views.Together(
		func() error {
			people, err := v.Catalogs.ImpactPeople(ctx, job, effect, entitlement.Page{Limit: onPage, Token: v.request.URL.Query().Get("more")})
			if err != nil {
				return err
			}
			list := impactList{Effect: effect, Total: job.Of(effect), Paged: true}
			if list.Rows, err = v.impactRows(ctx, shown.Package, people.Items); err != nil {
				return err
			}
			shown.Lists = []impactList{list}
			if people.Next != "" {
				query.Set("effect", string(effect))
				query.Set("more", people.Next)
				shown.Next = jobPath(job) + "?" + query.Encode()
			}
			return nil
		},
		func() error {
			waits, is, err := v.Catalogs.WaitingOf(ctx, v.by, job)
			if err != nil {
				return err
			}
			if is {
				shown.Waits, shown.Mine = &waits, waits.Proposer == v.by.ID
				shown.Differs = waits.Hash != totals.Hash()
			}
			if job.Second || is {
				shown.Agreers, err = v.agreers(ctx, shown.Catalog.ID)
			}
			return err
		})
}

// effect is the one that the address names, or else the first of which there is somebody.
func (p impactJobPage) effect(named string) entitlement.Effect {
	for _, e := range impactEffects {
		if string(e) == named {
			return e
		}
	}
	for _, e := range impactEffects {
		if p.Job.Of(e) > 0 {
			return e
		}
	}
	return entitlement.Gains
}

// maxFiles bounds the files that a page of a job leads to.
const maxFiles = 100

var impactEffects = []entitlement.Effect{entitlement.Gains, entitlement.Loses, entitlement.Keeps}

// applyImpactJob begins to make the change, as the page of the job showed it.
func applyImpactJob(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.impactJob(ctx)
	if err != nil {
		return answer{}, err
	}
	if v.typed("hash") == "" {
		return answer{}, entitlement.Errorf(entitlement.Invalid, "%s", v.T("Look at the change first."))
	}
	job, err := v.Catalogs.StartApply(ctx, v.by, shown.Change, v.typed("hash"))
	if err != nil {
		return v.besidePackage(ctx, err)
	}
	return v.atJob(job, nil)
}

// exportImpactJob answers with some of the people whom a job found, as a file.
func exportImpactJob(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.impactJob(ctx)
	if err != nil {
		return answer{}, err
	}
	part, err := strconv.Atoi(v.request.URL.Query().Get("part"))
	if err != nil {
		part = 1
	}
	people, err := v.Catalogs.ImpactFilePart(ctx, shown.Job, part)
	if err != nil {
		return answer{}, err
	}

	out := csvfile.New(impactColumns...)
	rows, err := v.impactRows(ctx, shown.Package, people)
	if err != nil {
		return answer{}, err
	}
	writeImpact(out, people, rows)
	return answer{file: &file{name: "impact-" + strconv.Itoa(part) + ".csv", media: csvfile.Media, body: out.Bytes()}}, nil
}

// why says why a job failed, in the visitor's language as far as that is known.
func (p impactJobPage) why(v *visit) string {
	if p.Job.Code == catalogs.CodeImpactMoved {
		return v.T("Who gains and who loses is not what was agreed to any more: %s would gain and %s would lose now. Nothing was changed.", strconv.Itoa(p.Job.Gains), strconv.Itoa(p.Job.Loses))
	}
	return v.translatedStored(p.Job.Why)
}

// reasons are the packages by which somebody keeps a role, as far as they were kept.
func (r impactRow) reasons(v *visit) string {
	all := strings.Join(r.Because, "; ")
	if r.Further > 0 {
		all += "; " + v.T("and %s more", strconv.Itoa(r.Further))
	}
	return all
}

// translatedStored is a refusal that was kept as a text.
func (v *visit) translatedStored(text string) string {
	if german := germanRefusals[text]; german != "" && v.languageName() == "de" {
		return german
	}
	return text
}
