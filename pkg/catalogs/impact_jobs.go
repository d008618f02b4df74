package catalogs

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// CodeNeedsJob is the code of a refusal of what more people hold than one call looks at.
const CodeNeedsJob = "roleChangeNeedsJob"

// tooMany refuses to look at a change in one call.
func tooMany(most int) error {
	err := entitlement.Errorf(entitlement.Conflict, "More than %d people hold the access package or have asked for it: a change of its roles that is to be looked at is a job. "+
		"Ask for it by POST /v1.0/leasehold/accessPackages/{id}/previewRoleChange, and make it by applyRoleChange with the hash that the job finds.", most)
	err.Code = CodeNeedsJob
	return err
}

// atOnce is with how many people one call looks at a change of roles.
func (s *Service) atOnce() int {
	if s.AtOnce > 0 {
		return s.AtOnce
	}
	return entitlement.MaxAtOnce
}

// StartPreview begins to look at a change of a package's roles that is too long for one call. Who
// may preview it may start this, and sees what comes of it.
func (s *Service) StartPreview(ctx context.Context, by authz.Command, c RoleChange) (entitlement.ImpactJob, error) {
	return s.startImpact(ctx, by, c, agreement{})
}

// StartApply begins to make a change of a package's roles, as the hash says that it was looked at:
// a worker looks at everybody anew, and applies it, refuses it, or lays it down for a second
// person, as ApplyRoles does.
func (s *Service) StartApply(ctx context.Context, by authz.Command, c RoleChange, hash string) (entitlement.ImpactJob, error) {
	return s.startImpact(ctx, by, c, agreement{hash: hash})
}

// StartAgree begins to make a change that waits, agreed to by a second person, as AgreeToChange
// does.
func (s *Service) StartAgree(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ChangeID, hash string) (entitlement.ImpactJob, error) {
	c, err := s.agreeable(ctx, by, catalog, id, hash)
	if err != nil {
		return entitlement.ImpactJob{}, err
	}
	return s.startImpact(ctx, by, ChangeOf(c.Edit), agreement{hash: c.Hash, change: &c})
}

// startImpact notes a job and tells a worker. Asked for again under the same key it is the same
// job. It is lost where the worker is not told: the caller is told so, and asks again.
func (s *Service) startImpact(ctx context.Context, by authz.Command, c RoleChange, agreed agreement) (entitlement.ImpactJob, error) {
	e, err := s.edits(ctx, c)(&by)
	if err == nil {
		err = s.may(ctx, by.Caller, authz.ListAssignments, inPackage(e.pkg))
	}
	if err != nil {
		return entitlement.ImpactJob{}, err
	}

	job := entitlement.ImpactJob{ID: s.impactJobID(by, e, agreed), Package: e.pkg.ID, Catalog: e.pkg.Catalog, Edit: e.RoleEdit, Name: e.resource.DisplayName, Agreed: agreed.hash,
		Caller: by.ID, Scopes: int(by.Scopes), Application: by.Application, Command: by.CommandID, Status: entitlement.JobNotStarted, Created: s.Clock.Now()}
	job.Moved = job.Created
	if agreed.change != nil {
		job.Change = agreed.change.ID
	}

	all, err := s.Store.ImpactJobs(ctx, e.pkg.ID)
	if err != nil {
		return job, err
	}
	all = slices.DeleteFunc(all, func(j entitlement.ImpactJob) bool { return j.Over(job.Created) })
	if i := slices.IndexFunc(all, func(j entitlement.ImpactJob) bool { return j.ID == job.ID && j.Caller == by.ID }); i >= 0 {
		job = all[i]
	} else if len(all) >= entitlement.MaxImpactJobs {
		return job, entitlement.Errorf(entitlement.Precondition, "%d changes of the access package's roles were looked at by jobs within a day: one more can be looked at once the oldest of them is forgotten.", len(all))
	} else if err := s.Store.Commit(ctx, entitlement.Change{ImpactJobs: []entitlement.ImpactJob{job}}); err != nil {
		return job, err
	} else {
		job.Version++
	}

	if job.Status != entitlement.JobNotStarted {
		return job, nil
	}
	return job, s.Jobs.EnqueueImpact(ctx, job.Package, job.ID)
}

// impactJobID derives the id of a job from what its caller calls the command, so that a repeat
// has it too.
func (s *Service) impactJobID(by authz.Command, e plannedEdit, agreed agreement) entitlement.ImpactJobID {
	if by.IdempotencyKey == "" && by.ClientRequestID == "" {
		return entitlement.ImpactJobID(s.IDs.New())
	}
	return entitlement.ImpactJobID(clock.Derive(nil, "impact job", string(by.ID), by.IdempotencyKey, by.ClientRequestID, string(e.pkg.ID), e.Scope.ID, strconv.FormatBool(e.Remove), agreed.hash))
}

// ImpactJob returns a job that looks at a change of a package's roles, to those who may see who
// holds the package. NotFound: there is none, or it is forgotten.
func (s *Service) ImpactJob(ctx context.Context, by authz.Command, pkg entitlement.PackageID, id entitlement.ImpactJobID) (entitlement.ImpactJob, error) {
	missing := entitlement.Errorf(entitlement.NotFound, "There is no such job of the access package. One is kept for %d hours.", int(entitlement.ImpactJobLasts.Hours()))
	p, err := s.Store.Package(ctx, pkg)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		err = missing // in the same words, whichever of the two is not there (A1)
	}
	if err := s.allow(ctx, &by, authz.ListAssignments, inPackage(p), err); err != nil {
		return entitlement.ImpactJob{}, err
	}

	job, err := s.Store.ImpactJob(ctx, pkg, id)
	if gone := entitlement.KindOf(err) == entitlement.NotFound && err != nil; gone || err == nil && job.Over(s.Clock.Now()) {
		return job, missing
	}
	return job, err
}

// ImpactPeople returns a piece of the people to whom a change of roles would do the same, in the
// order of their ids, as a job has found them; nobody of one that has not succeeded. A call
// reads two items at most.
func (s *Service) ImpactPeople(ctx context.Context, job entitlement.ImpactJob, e entitlement.Effect, page entitlement.Page) (entitlement.Paged[entitlement.Affected], error) {
	return s.impactPeople(ctx, job, e, page.Token, page.Size())
}

// WaitingOf returns the change that waits for a second person and is what a job has looked at, if
// there is one: whoever may agree does so by what they saw.
func (s *Service) WaitingOf(ctx context.Context, by authz.Command, job entitlement.ImpactJob) (entitlement.ImpactChange, bool, error) {
	c, err := s.ImpactChange(ctx, by, job.Catalog, changeID(string(job.Package), job.Edit.Scope.ID, strconv.FormatBool(job.Edit.Remove)))
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return c, false, nil
	}
	return c, err == nil, err
}

// ImpactFile is how many people one file of them has.
const ImpactFile = entitlement.MaxAtOnce

// ImpactFilePart returns the people of one file of a job, counted from 1: those who gain, who lose
// and who keep, one after the other. It reads a few items, however many there are.
func (s *Service) ImpactFilePart(ctx context.Context, job entitlement.ImpactJob, part int) ([]entitlement.Affected, error) {
	if part < 1 || part > ImpactFiles(job) {
		return nil, entitlement.Errorf(entitlement.NotFound, "There is no such file of the job.")
	}

	var all []entitlement.Affected
	skip := (part - 1) * ImpactFile
	for _, e := range []entitlement.Effect{entitlement.Gains, entitlement.Loses, entitlement.Keeps} {
		n := job.Of(e)
		if skip >= n {
			skip -= n
			continue
		}
		some, err := s.impactPeople(ctx, job, e, strconv.Itoa(skip), ImpactFile-len(all))
		if err != nil {
			return nil, err
		}
		if all, skip = append(all, some.Items...), 0; len(all) == ImpactFile {
			break
		}
	}
	return all, nil
}

// ImpactFiles is how many files the people of a job are.
func ImpactFiles(job entitlement.ImpactJob) int {
	if job.Status != entitlement.JobSucceeded || job.Applies() {
		return 0
	}
	return (job.Holders + ImpactFile - 1) / ImpactFile
}

// impactPeople reads people from a place in the list of an effect.
func (s *Service) impactPeople(ctx context.Context, job entitlement.ImpactJob, e entitlement.Effect, token string, most int) (entitlement.Paged[entitlement.Affected], error) {
	var out entitlement.Paged[entitlement.Affected]
	at, total := 0, job.Of(e)
	if token != "" {
		var err error
		if at, err = strconv.Atoi(token); err != nil || at < 0 || at > total || strings.HasPrefix(token, "+") {
			return out, entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list.")
		}
	}
	if job.Status != entitlement.JobSucceeded || job.Applies() {
		return out, nil
	}

	end := min(at+most, total)
	for at < end {
		chunk, err := s.Store.ImpactPeople(ctx, job, e, at/entitlement.ImpactChunk)
		if err != nil {
			return out, err
		}
		from := at % entitlement.ImpactChunk
		to := min(from+end-at, entitlement.ImpactChunk)
		if to > len(chunk.People) {
			return out, entitlement.Errorf(entitlement.NotFound, "What the job found is forgotten: look at the change again.")
		}
		out.Items, at = append(out.Items, chunk.People[from:to]...), at+to-from
	}
	if end < total {
		out.Next = strconv.Itoa(end)
	}
	return out, nil
}
