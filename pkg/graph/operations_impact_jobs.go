package graph

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
)

const (
	impactJobPath    = ours + "/accessPackages/{accessPackageId}/roleChangeJobs/{roleChangeJobId}"
	impactPeoplePath = impactJobPath + "/people/{effect:text}"
)

// impactJobOperations show how far a job is that looks at a change of roles, or makes one, and
// whom it found.
var impactJobOperations = []operation{
	{method: "GET", path: impactJobPath, action: authz.ListAssignments, serve: getImpactJob},
	{method: "GET", path: impactPeoplePath, action: authz.ListAssignments, serve: listImpactPeople},
	{method: "GET", path: impactPeoplePath + "/$count", action: authz.ListAssignments, serve: counting(listImpactPeople)},
}

// byJob begins a job where a call is refused what more people hold than it looks at, and answers
// with 202 and where the job is seen; other refusals are as they were.
func (c *call) byJob(ctx context.Context, refusal error, start func() (entitlement.ImpactJob, error)) (response, error) {
	if entitlement.CodeOf(refusal) != catalogs.CodeNeedsJob {
		return response{}, refusal
	}

	// The operation makes nothing by itself, so that nobody has looked yet by what its caller knows it.
	var err error
	if c.by.IdempotencyKey, err = commandKey(c.request.Header); err != nil {
		return response{}, err
	}
	if theirs := c.request.Header.Get(clientRequestID); isPrintable(theirs) && c.by.IdempotencyKey == "" {
		c.by.ClientRequestID = theirs
	}

	job, err := start()
	if err != nil {
		return response{}, err
	}
	shown := mapImpactJob(job)
	shown["@odata.context"] = c.metadata(ctx, impactJobType().set+"/$entity")
	at := ours + "/accessPackages/" + string(job.Package) + "/roleChangeJobs/" + string(job.ID)
	return response{status: http.StatusAccepted, body: shown, location: c.link(ctx, at)}, nil
}

func impactJobType() entityType[entitlement.ImpactJob] {
	return entityType[entitlement.ImpactJob]{set: "leasehold/roleChangeJobs", navigation: noNavigation, mapper: mapImpactJob}
}

func mapImpactJob(j entitlement.ImpactJob) object {
	hash := ""
	if totals, err := j.Totals(); err == nil && j.Ended() && j.Digest != "" {
		hash = totals.Hash()
	}
	return object{"id": string(j.ID), "accessPackageId": string(j.Package), "status": string(j.Status), "resourceRoleScopeId": j.Edit.Scope.ID, "removes": j.Edit.Remove, "applies": j.Applies(),
		"hash": text(hash), "agreedHash": text(j.Agreed), "holders": j.Holders, "gainCount": j.Gains, "loseCount": j.Loses, "keepCount": j.Keeps, "needsSecondPerson": j.Second,
		"impactChangeId": text(string(j.Waits)), "failureCode": text(j.Code), "failureReason": text(j.Why),
		"createdDateTime": instant(j.Created), "lastActionDateTime": instant(j.Moved), "expirationDateTime": instant(j.Expires())}
}

func (c *call) impactJob(ctx context.Context) (entitlement.ImpactJob, error) {
	return c.deps.Catalogs.ImpactJob(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), id[entitlement.ImpactJobID](c, "roleChangeJobId"))
}

func getImpactJob(ctx context.Context, c *call) (response, error) {
	job, err := c.impactJob(ctx)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, impactJobType(), job)
}

// affected is somebody whom a job found, with the packages among the reasons that the caller may
// know of.
type affected struct {
	entitlement.Affected
	shown map[entitlement.PackageID]bool
}

func affectedType() entityType[affected] {
	return entityType[affected]{set: "leasehold/affectedPeople", navigation: noNavigation, example: affected{Affected: entitlement.Affected{Because: []entitlement.Reason{{}}}}, mapper: func(a affected) object {
		shown := mapAffected(a.Affected, a.shown)
		shown["id"], shown["furtherReasonCount"] = string(a.Subject), a.Further
		return shown
	}}
}

// effectsNamed are the lists of a job by the last word of their path.
var effectsNamed = map[string]entitlement.Effect{"gains": entitlement.Gains, "loses": entitlement.Loses, "keeps": entitlement.Keeps}

func listImpactPeople(ctx context.Context, c *call) (response, error) {
	effect, known := effectsNamed[c.path["effect"]]
	if !known {
		return response{}, entitlement.Errorf(entitlement.NotFound, "The people of a job are below people/gains, people/loses and people/keeps.")
	}
	job, err := c.impactJob(ctx)
	if err == nil && job.Status != entitlement.JobSucceeded {
		err = entitlement.Errorf(entitlement.Conflict, "The job is %s: the people are there once it has succeeded.", job.Status)
	}
	if err != nil {
		return response{}, err
	}

	return list(ctx, c, affectedType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[affected], error) {
		found, err := c.deps.Catalogs.ImpactPeople(ctx, job, effect, page)
		out := entitlement.Paged[affected]{Next: found.Next, Sure: true}
		if err != nil {
			return out, err
		}
		shown, err := c.packagesShown(ctx, found.Items)
		for _, a := range found.Items {
			out.Items = append(out.Items, affected{a, shown})
		}
		return out, err
	})
}
