package storetest

import (
	"context"

	"leasehold/pkg/entitlement"
)

func keptImpactJob() kept {
	type T = entitlement.ImpactJob
	return keep("Impact job", entitlement.PartJob, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			later.ID, later.Package = first.ID, first.Package
			first.Status, later.Status = entitlement.JobRunning, entitlement.JobFailed
		},
		func(v T) entitlement.Change { return entitlement.Change{ImpactJobs: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) { return s.ImpactJob(ctx, v.Package, v.ID) })
}

func keptImpactPeople() kept {
	type T = entitlement.ImpactPeople
	return keep("People of an impact job", entitlement.PartJob, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			first.Round, first.Number, first.Effect = 2, 3, entitlement.Keeps
			later.Package, later.Job, later.Round, later.Number, later.Effect = first.Package, first.Job, first.Round, first.Number, first.Effect
			for _, p := range []*T{first, later} {
				for i := range p.People {
					p.People[i].Effect = p.Effect
				}
			}
		},
		func(v T) entitlement.Change { return entitlement.Change{ImpactPeople: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			found, err := s.ImpactPeople(ctx, entitlement.ImpactJob{Package: v.Package, ID: v.Job, Round: v.Round}, v.Effect, v.Number)
			if err == nil && found.Version == 0 {
				err = entitlement.Errorf(entitlement.NotFound, "There is no such item.")
			}
			return found, err
		})
}

func impactJobs(w *fixture) {
	p, id := newID[entitlement.PackageID](), newID[entitlement.ImpactJobID]()
	job := entitlement.ImpactJob{Package: p, ID: id, Status: entitlement.JobRunning, Round: 2, Created: instant(0), Moved: instant(0)}
	of := func(round int, subjects ...entitlement.UserID) entitlement.ImpactPeople {
		some := entitlement.ImpactPeople{Package: p, Job: id, Round: round, Effect: entitlement.Loses, Number: 1, Created: instant(0)}
		for _, u := range subjects {
			some.People = append(some.People, entitlement.Affected{Subject: u, Effect: entitlement.Loses})
		}
		return some
	}
	one, another := newID[entitlement.UserID](), newID[entitlement.UserID]()
	w.commit(entitlement.Change{ImpactJobs: []entitlement.ImpactJob{job}, ImpactPeople: []entitlement.ImpactPeople{of(1, one), of(2, one, another)}})
	w.commit(entitlement.Change{ImpactJobs: []entitlement.ImpactJob{{Package: newID[entitlement.PackageID](), ID: id, Status: entitlement.JobRunning, Created: instant(0)}}})

	if all := get[[]entitlement.ImpactJob](w)(w.s.ImpactJobs(w.Context(), p)); len(all) != 1 || all[0].ID != id || all[0].Package != p || all[0].Round != 2 {
		w.Errorf("got %v", all)
	}
	found := get[entitlement.ImpactPeople](w)(w.s.ImpactPeople(w.Context(), job, entitlement.Loses, 1))
	if len(found.People) != 2 || found.People[0].Subject != one || found.People[1].Effect != entitlement.Loses || found.Version != 1 {
		w.Errorf("got %+v", found)
	}
	for _, none := range []entitlement.Effect{entitlement.Gains, entitlement.Keeps} {
		if found := get[entitlement.ImpactPeople](w)(w.s.ImpactPeople(w.Context(), job, none, 1)); found.Version != 0 || len(found.People) != 0 || found.Job != id {
			w.Errorf("got %+v", found)
		}
	}

	// An edit of the package that goes on its way is none of them.
	w.commit(entitlement.Change{Jobs: []entitlement.Job{{Package: p, Generation: 1, CheckAfter: instant(1), Created: instant(0)}}})
	if all := get[[]entitlement.ImpactJob](w)(w.s.ImpactJobs(w.Context(), p)); len(all) != 1 {
		w.Errorf("got %v", all)
	}
}

func keptSessionFile() kept {
	type T = entitlement.SessionFile
	return keep("Session file", entitlement.PartSession, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			first.Part = 0
			later.Session, later.ID, later.Part = first.Session, first.ID, 0
		},
		func(v T) entitlement.Change { return entitlement.Change{SessionFiles: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			all, err := s.SessionFile(ctx, v.Session, v.ID)
			if err == nil && len(all) == 0 {
				err = entitlement.Errorf(entitlement.NotFound, "There is no such text.")
			}
			if err != nil {
				return T{}, err
			}
			return all[0], nil
		})
}
