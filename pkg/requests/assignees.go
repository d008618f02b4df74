package requests

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// MaxAssignees bounds the people who are looked up for one list of them (S21).
const MaxAssignees = 200

// maxNameRead bounds what is looked up as a name: nobody has a longer one.
const maxNameRead = 256

// maxMailPages bounds the pages of the directory that are gone through for mails: there is no
// index of them.
const maxMailPages = 100

// atOnce bounds what one call does side by side, and readAtOnce what it reads: one thing for each
// row of a page, so that they are one round.
const (
	atOnce     = 8
	readAtOnce = 50
)

// Standing says what stands in the way of assigning a package to whom a line names.
type Standing string

// The standings.
const (
	StandsFree      Standing = ""          // nothing
	StandsUnknown   Standing = "unknown"   // the line names nobody
	StandsAmbiguous Standing = "ambiguous" // it is the mail of several
	StandsUnsought  Standing = "unsought"  // a mail, in a directory that is too large to be searched for it
	StandsTwice     Standing = "twice"     // an earlier line names the same person
	StandsDisabled  Standing = "disabled"  // the account is not enabled
	StandsHolding   Standing = "holding"   // has the package already
	StandsRefused   Standing = "refused"   // what Refusal says
)

// Assignee is one line of a list of those to whom a package is to be assigned.
type Assignee struct {
	Line     string
	User     entitlement.User // whom it names; none where nobody, or several
	Standing Standing
	Refusal  error // what Submit would say
}

// Assignees looks up whom lines name by id, userPrincipalName or mail, and says of each what
// Submit would say to an adminAdd for them. Nothing is written. Who has which name is told to
// those who may assign the package, and to nobody else.
func (s *Service) Assignees(ctx context.Context, by authz.Command, in Submission, lines []string) ([]Assignee, error) {
	if err := s.mayAssign(ctx, by.Caller, in.Package); err != nil {
		return nil, err
	}
	if len(lines) > MaxAssignees {
		return nil, entitlement.Errorf(entitlement.Invalid, "One list names at most %d people; this one has %d lines. Divide it.", MaxAssignees, len(lines))
	}
	why, err := entitlement.Justification(in.Justification)
	if err != nil {
		return nil, err
	}
	in.Justification = why

	all := make([]Assignee, len(lines))
	for i, line := range lines {
		all[i] = Assignee{Line: line, Standing: StandsUnknown}
	}
	if err := s.lookUp(ctx, all); err != nil {
		return nil, err
	}
	if err := s.whoHolds(ctx, in.Package, all); err != nil {
		return nil, err
	}
	return all, s.tryEach(ctx, by, in, all)
}

// mayAssign refuses a caller who may not assign a package, in the same words whether there is
// one or not where they may assign none.
func (s *Service) mayAssign(ctx context.Context, by authz.Caller, id entitlement.PackageID) error {
	if err := authz.Admit(by, authz.AssignDirectly); err != nil {
		return err
	}

	found, err := s.Store.Packages(ctx, []entitlement.PackageID{id})
	if err != nil {
		return err
	}
	o := authz.Object{Package: id}
	if len(found) > 0 {
		o = inPackage(found[0])
	}
	if err := s.may(ctx, by, authz.AssignDirectly, o); err != nil {
		return err
	}
	if len(found) == 0 || !found[0].Deleting.IsZero() {
		return entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}
	return nil
}

// lookUp finds whom lines name: by ids all at once, by names one by one, and those that are
// left by their mails, in one walk through the directory.
func (s *Service) lookUp(ctx context.Context, all []Assignee) error {
	var ids []entitlement.UserID
	byID, named := map[entitlement.UserID][]int{}, []int{}
	for i, a := range all {
		if id, err := entitlement.ParseID[entitlement.UserID]("The id", a.Line); err == nil {
			if byID[id] == nil {
				ids = append(ids, id)
			}
			byID[id] = append(byID[id], i)
		} else if a.Line != "" && len(a.Line) <= maxNameRead {
			named = append(named, i)
		}
	}

	if len(ids) > 0 {
		users, err := s.Store.Users(ctx, ids)
		if err != nil {
			return err
		}
		for _, u := range users {
			for _, i := range byID[u.ID] {
				all[i].is(u)
			}
		}
	}

	if err := each(ctx, len(named), func(ctx context.Context, n int) error {
		u, err := s.Store.UserNamed(ctx, all[named[n]].Line)
		if err == nil {
			all[named[n]].is(u)
		}
		return except(err, entitlement.NotFound)
	}); err != nil {
		return err
	}
	return s.byMail(ctx, all, named)
}

// is says that the line names a user; of one who was deleted nobody is told.
func (a *Assignee) is(u entitlement.User) {
	if !u.Gone() {
		a.User, a.Standing = u, StandsFree
	}
}

// byMail goes through the directory for lines that look like mails and are nobody's name. A
// mail counts where the whole directory has it once.
func (s *Service) byMail(ctx context.Context, all []Assignee, named []int) error {
	sought := map[string][]int{}
	for _, i := range named {
		if all[i].User.ID == "" && strings.Contains(all[i].Line, "@") {
			sought[strings.ToLower(all[i].Line)] = append(sought[strings.ToLower(all[i].Line)], i)
		}
	}
	if len(sought) == 0 {
		return nil
	}

	has := map[string][]entitlement.User{}
	page := entitlement.Page{}
	for range maxMailPages {
		users, err := s.Store.ListUsers(ctx, page)
		if err != nil {
			return err
		}
		for _, u := range users.Items {
			if mail := strings.ToLower(u.Mail); sought[mail] != nil && !u.Gone() {
				has[mail] = append(has[mail], u)
			}
		}
		if page.Token = users.Next; page.Token == "" {
			break
		}
	}

	for mail, at := range sought {
		for _, i := range at {
			switch {
			case page.Token != "": // somebody further on might have it too
				all[i].Standing = StandsUnsought
			case len(has[mail]) == 1:
				all[i].is(has[mail][0])
			case len(has[mail]) > 1:
				all[i].Standing = StandsAmbiguous
			}
		}
	}
	return nil
}

// whoHolds marks those who cannot be assigned to by what is known of them without asking
// further.
func (s *Service) whoHolds(ctx context.Context, pkg entitlement.PackageID, all []Assignee) error {
	seen := map[entitlement.UserID]bool{}
	var pairs []entitlement.PackageSubject
	for i, a := range all {
		switch {
		case a.User.ID == "":
			continue
		case seen[a.User.ID]:
			all[i].Standing = StandsTwice
		case !a.User.Enabled:
			all[i].Standing = StandsDisabled
		default:
			pairs = append(pairs, entitlement.PackageSubject{Package: pkg, Subject: a.User.ID})
		}
		seen[a.User.ID] = true
	}
	if len(pairs) == 0 {
		return nil
	}

	live, err := s.Store.LiveAssignments(ctx, pairs)
	if err != nil {
		return err
	}
	holds := map[entitlement.UserID]bool{}
	for _, a := range live {
		holds[a.Subject] = true
	}
	for i, a := range all {
		if a.Standing == StandsFree && holds[a.User.ID] {
			all[i].Standing = StandsHolding
		}
	}
	return nil
}

// tryEach decides for everybody who is left as Submit would, and commits nothing.
func (s *Service) tryEach(ctx context.Context, by authz.Command, in Submission, all []Assignee) error {
	return each(ctx, len(all), func(ctx context.Context, i int) error {
		if all[i].Standing != StandsFree {
			return nil
		}

		n := entitlement.NewRequest{ID: entitlement.RequestID(s.IDs.New()), Type: entitlement.AdminAdd, Policy: in.Policy, Justification: in.Justification,
			Answers: in.Answers, RequestedSchedule: in.RequestedSchedule, Command: by.CommandID, NewID: s.IDs.New}
		_, _, err := s.submit(ctx, by, n, entitlement.SubmitKeys{Requestor: by.ID, Subject: all[i].User.ID, Package: in.Package, Policy: in.Policy})
		if err == nil {
			return nil
		}
		if entitlement.KindOf(err).HTTPStatus() >= 500 {
			return err
		}
		all[i].Standing, all[i].Refusal = StandsRefused, s.named(ctx, err)
		return nil
	})
}

// SubmitEach submits an adminAdd for each subject, a few at a time, and returns what came of
// each in their order. One that is refused does not hold up the others.
func (s *Service) SubmitEach(ctx context.Context, by authz.Command, in Submission, subjects []entitlement.UserID) ([]error, error) {
	if len(subjects) > MaxAssignees {
		return nil, entitlement.Errorf(entitlement.Invalid, "One list names at most %d people.", MaxAssignees)
	}
	if err := s.mayAssign(ctx, by.Caller, in.Package); err != nil {
		return nil, err
	}
	came := make([]error, len(subjects))
	err := each(ctx, len(subjects), func(ctx context.Context, i int) error {
		in := in
		in.Type, in.Subject = entitlement.AdminAdd, subjects[i]
		_, came[i] = s.Submit(ctx, by, in)
		return nil
	})
	return came, err
}

// RemoveEach ends assignments of a package by adminRemove in the same way. One of another
// package is answered like one that is not there.
func (s *Service) RemoveEach(ctx context.Context, by authz.Command, pkg entitlement.PackageID, ids []entitlement.AssignmentID, justification string) ([]error, error) {
	if len(ids) > MaxAssignees {
		return nil, entitlement.Errorf(entitlement.Invalid, "At most %d assignments are ended at once.", MaxAssignees)
	}
	came := make([]error, len(ids))
	err := each(ctx, len(ids), func(ctx context.Context, i int) error {
		_, came[i] = s.RemoveHeld(ctx, by, Submission{Type: entitlement.AdminRemove, Package: pkg, Assignment: ids[i], Justification: justification})
		return nil
	})
	return came, err
}

// AssignmentsIn returns assignments of a package by their ids, in their order. One of another
// package is answered like one that is not there.
func (s *Service) AssignmentsIn(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, ids []entitlement.AssignmentID) ([]entitlement.Assignment, error) {
	if len(ids) > MaxAssignees {
		return nil, entitlement.Errorf(entitlement.Invalid, "At most %d assignments are named at once.", MaxAssignees)
	}
	all := make([]entitlement.Assignment, len(ids))
	err := each(ctx, len(ids), func(ctx context.Context, i int) error {
		a, err := s.Assignment(ctx, by, ids[i])
		if err == nil && a.Package != pkg {
			err = noAssignment(nil)
		}
		all[i] = a
		return err
	})
	return all, err
}

// each does n things, a few at a time, and returns the first failure.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	return eachOf(ctx, n, atOnce, do)
}

// eachRead is each for what only reads: all of a page at once.
func eachRead(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	return eachOf(ctx, n, readAtOnce, do)
}

func eachOf(ctx context.Context, n, few int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(few)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// except leaves out an error of a kind.
func except(err error, kind entitlement.Kind) error {
	if err != nil && entitlement.KindOf(err) == kind {
		return nil
	}
	return err
}
