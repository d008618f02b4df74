package views

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Request is an assignment request with what it names.
type Request struct {
	entitlement.AssignmentRequest
	Package    *Package          // also what is kept of one that is gone
	Requestor  *entitlement.User // whom Graph calls so
	CreatedBy  *entitlement.User
	Subject    *entitlement.User
	Approvers  []Approver
	Assignment *Assignment // as it stands, for those who may know; as it was asked for, for all others
}

// Approver is one whom a stage of a request asks: a user, a group, or the subject's manager.
type Approver struct {
	Stage int
	entitlement.SubjectSet
	Name string // "" where there is none any more, or the manager is asked
}

// OfRequests are views of requests.
func OfRequests(all []entitlement.AssignmentRequest) []*Request {
	out := make([]*Request, len(all))
	for i, r := range all {
		out[i] = &Request{AssignmentRequest: r}
	}
	return out
}

// RequestorShown is whom Graph calls the requestor: whoever asked for themselves, or was
// assigned directly. Who assigned is CreatedBy, and in the events.
func (v *Request) RequestorShown() entitlement.UserID {
	if v.Type.Direct() {
		return v.AssignmentRequest.Subject
	}
	return v.AssignmentRequest.Requestor
}

// Requests joins to requests what is wanted of packages, people and assignments.
func (r *Reader) Requests(ctx context.Context, by authz.Caller, of []*Request, w With) error {
	if err := r.mayOf(ctx, by, w, idsOf(of, func(v *Request) entitlement.PackageID { return v.AssignmentRequest.Package })); err != nil || len(of) == 0 {
		return err
	}
	return r.requests(ctx, by, of, w)
}

func (r *Reader) requests(ctx context.Context, by authz.Caller, of []*Request, w With) error {
	// One read for all requests a join; a package that is gone still says what a request was for.
	joins := []func() error{func() error { return r.peopleOf(ctx, of, w, false) }}
	if below, wanted := w[JoinPackage]; wanted {
		joins = append(joins, func() error {
			packages, err := r.packagesEver(ctx, idsOf(of, func(v *Request) entitlement.PackageID { return v.AssignmentRequest.Package }), below)
			for _, v := range of {
				v.Package = packages[v.AssignmentRequest.Package]
			}
			return err
		})
	}
	if _, wanted := w[JoinApprovers]; wanted {
		joins = append(joins, func() error { return r.approvers(ctx, of) })
	}
	if below, wanted := w[JoinAssignment]; wanted {
		joins = append(joins, func() error { return r.assignmentsAsked(ctx, by, of, below) })
	}
	return Together(joins...)
}

// peopleOf joins the people of requests, all in one read.
func (r *Reader) peopleOf(ctx context.Context, of []*Request, w With, deciders bool) error {
	_, requestor := w[JoinRequestor]
	_, all := w[JoinPeople]

	var ids []entitlement.UserID
	for _, v := range of {
		if requestor {
			ids = append(ids, v.RequestorShown())
		}
		if all {
			ids = append(ids, v.AssignmentRequest.Requestor, v.AssignmentRequest.Subject)
		}
		for _, stage := range v.Stages {
			if deciders && stage.Decision != nil { // whoever may know asks for them, and has them read
				ids = append(ids, stage.Decision.Reviewer)
			}
		}
	}

	users, err := r.users(ctx, ids)

	// Who cannot be read stays nil, and is shown by the id alone.
	for _, v := range of {
		if requestor {
			v.Requestor = users[v.RequestorShown()]
		}
		if all {
			v.CreatedBy, v.Subject = users[v.AssignmentRequest.Requestor], users[v.AssignmentRequest.Subject]
		}
	}
	return err
}

// approvers joins the names of those whom the stages ask that have started.
func (r *Reader) approvers(ctx context.Context, of []*Request) error {
	var people []entitlement.UserID
	var groups []entitlement.GroupID

	// Only stages that have started ask anybody; the others have no approvers yet.
	for _, v := range of {
		for i, stage := range v.Stages {
			for _, set := range stage.Approvers {
				v.Approvers = append(v.Approvers, Approver{Stage: i, SubjectSet: set})
				switch set.Kind {
				case entitlement.SingleUser:
					people = append(people, entitlement.UserID(set.ID))
				case entitlement.GroupMembers:
					groups = append(groups, entitlement.GroupID(set.ID))
				}
			}
		}
	}

	users, named, err := r.usersAndGroups(ctx, people, groups)
	if err != nil {
		return err
	}

	for _, v := range of {
		for i, a := range v.Approvers {
			switch a.Kind {
			case entitlement.SingleUser:
				if u := users[entitlement.UserID(a.ID)]; u != nil {
					v.Approvers[i].Name = u.DisplayName
				}
			case entitlement.GroupMembers:
				v.Approvers[i].Name = named[entitlement.GroupID(a.ID)].DisplayName
			}
		}
	}
	return nil
}

// usersAndGroups reads both at once.
func (r *Reader) usersAndGroups(ctx context.Context, people []entitlement.UserID, groups []entitlement.GroupID) (users map[entitlement.UserID]*entitlement.User, named map[entitlement.GroupID]entitlement.Group, err error) {
	err = Together(
		func() (err error) { users, err = r.users(ctx, people); return err },
		func() (err error) {
			named, err = found(ctx, groups, r.Store.Groups, func(g entitlement.Group) entitlement.GroupID { return g.ID })
			return err
		})
	return users, named, err
}

// users reads users by their ids, those who were deleted too.
func (r *Reader) users(ctx context.Context, ids []entitlement.UserID) (map[entitlement.UserID]*entitlement.User, error) {
	all, err := found(ctx, ids, r.Store.Users, func(u entitlement.User) entitlement.UserID { return u.ID })
	out := make(map[entitlement.UserID]*entitlement.User, len(all))
	for id, u := range all {
		out[id] = &u
	}
	return out, err
}

// assignmentsFor joins the assignments that requests are about: the live ones by who holds
// what, and those that have ended by their ids. How an assignment stands is shown to its
// subject and to administrators, as where it is read by its id. Of one that has not begun,
// and to all others who may read the request, it is shown as it was asked for.
func (r *Reader) assignmentsAsked(ctx context.Context, by authz.Caller, of []*Request, w With) error {
	var pairs []entitlement.PackageSubject
	for _, v := range of {
		pairs = append(pairs, entitlement.PackageSubject{Package: v.AssignmentRequest.Package, Subject: v.AssignmentRequest.Subject})
	}

	known, err := r.Store.LiveAssignments(ctx, distinct(pairs))
	if err != nil {
		return err
	}

	var past []entitlement.AssignmentID
	for _, v := range of {
		if id := v.AssignmentRequest.Assignment; known[id].ID == "" {
			past = append(past, id)
		}
	}

	var ended map[entitlement.AssignmentID]entitlement.Assignment
	if past = distinct(past); len(past) > 0 {
		if ended, err = r.Store.EndedAssignments(ctx, past); err != nil {
			return err
		}
	}

	shown, err := r.assignmentsShown(ctx, by, of)
	if err != nil {
		return err
	}
	var all []*Assignment
	for _, v := range of {
		id := v.AssignmentRequest.Assignment
		if id == "" {
			continue
		}

		a, there := known[id]
		if !there {
			a, there = ended[id]
		}

		// Without the right to see how it stands, one sees what was asked for.
		if there && shown(a) {
			v.Assignment = &Assignment{Assignment: a}
		} else {
			v.Assignment = v.requestedAssignment()
		}
		all = append(all, v.Assignment)
	}

	return r.assignments(ctx, all, w)
}

// requestedAssignment is the assignment that a request is about, as the request says it: for whom, what,
// under which policy and until when. How it stands it does not say.
func (v *Request) requestedAssignment() *Assignment {
	q := v.AssignmentRequest
	return &Assignment{RequestedBy: &q, Assignment: entitlement.Assignment{ID: q.Assignment, Package: q.Package, Catalog: q.Catalog, Policy: q.Policy, Subject: q.Subject, Start: q.Start}}
}

// Assignment is an assignment with what it names.
type Assignment struct {
	entitlement.Assignment
	RequestedBy *entitlement.AssignmentRequest // set: this is what a request asked for, and not how an assignment stands
	Package     *Package                       // also what is kept of one that is gone
	Subject     *entitlement.User
	Policy      *Policy
	Request     *Request // that made it
}

// OfAssignments are views of assignments.
func OfAssignments(all []entitlement.Assignment) []*Assignment {
	out := make([]*Assignment, len(all))
	for i, a := range all {
		out[i] = &Assignment{Assignment: a}
	}
	return out
}

// Assignments joins to assignments what is wanted of packages, subjects and policies.
func (r *Reader) Assignments(ctx context.Context, by authz.Caller, of []*Assignment, w With) error {
	if err := r.mayOf(ctx, by, w, idsOf(of, func(v *Assignment) entitlement.PackageID { return v.Assignment.Package })); err != nil || len(of) == 0 {
		return err
	}
	return r.assignments(ctx, of, w)
}

func (r *Reader) assignments(ctx context.Context, of []*Assignment, w With) error {
	var joins []func() error
	// Likewise, a package that is gone included.
	for join, read := range map[Join]func(context.Context, []entitlement.PackageID) ([]entitlement.AccessPackage, error){
		JoinPackage: r.Store.Packages, JoinPackageListed: r.Store.PackagesAsListed} {
		below, wanted := w[join]
		if !wanted {
			continue
		}
		joins = append(joins, func() error {
			packages, err := r.packagesNamed(ctx, idsOf(of, func(v *Assignment) entitlement.PackageID { return v.Assignment.Package }), r.ever(read), below)
			for _, v := range of {
				v.Package = packages[v.Assignment.Package]
			}
			return err
		})
	}
	if _, wanted := w[JoinTarget]; wanted {
		joins = append(joins, func() error {
			users, err := r.users(ctx, idsOf(of, func(v *Assignment) entitlement.UserID { return v.Assignment.Subject }))
			for _, v := range of {
				v.Subject = users[v.Assignment.Subject]
			}
			return err
		})
	}
	if below, wanted := w[JoinPolicy]; wanted {
		joins = append(joins, func() error {
			policies, err := r.policiesNamed(ctx, idsOf(of, func(v *Assignment) entitlement.PolicyID { return v.Assignment.Policy }), below)
			for _, v := range of {
				v.Policy = policies[v.Assignment.Policy]
			}
			return err
		})
	}
	if below, wanted := w[JoinRequest]; wanted {
		joins = append(joins, func() error { return r.requestsOf(ctx, of, below) })
	}
	return Together(joins...)
}

// requestsOf joins to assignments the requests that made them, whose ids are theirs, with their
// people.
func (r *Reader) requestsOf(ctx context.Context, of []*Assignment, w With) error {
	ids := idsOf(of, func(v *Assignment) entitlement.RequestID { return entitlement.RequestID(v.Assignment.ID) })
	made, err := found(ctx, ids, r.Store.Requests, func(q entitlement.AssignmentRequest) entitlement.RequestID { return q.ID })
	if err != nil {
		return err
	}

	var all []*Request
	for _, v := range of {
		if q, there := made[entitlement.RequestID(v.Assignment.ID)]; there {
			v.Request = OfRequests([]entitlement.AssignmentRequest{q})[0]
			all = append(all, v.Request)
		}
	}
	_, deciders := w[JoinDeciders]
	return r.peopleOf(ctx, all, With{JoinPeople: nil}, deciders)
}

func idsOf[V, ID any](of []V, id func(V) ID) []ID {
	out := make([]ID, len(of))
	for i, v := range of {
		out[i] = id(v)
	}
	return out
}
