package memstore

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

func requests(s *state) map[entitlement.RequestID]entitlement.AssignmentRequest { return s.requests }

// Ask reads everything that a new request is decided on.
func (s *Store) Ask(ctx context.Context, k entitlement.AskKeys) (entitlement.Ask, error) {
	return look(ctx, s, "Ask", []string{string(k.Subject), string(k.Package)}, func() (entitlement.Ask, error) {
		ask := entitlement.Ask{
			Requestor: found(s.state.users, k.Requestor), Subject: found(s.state.users, k.Subject),
			Package: found(s.state.packages, k.Package), Slot: s.state.slot(k.Package, k.Subject), Head: s.state.head(k.Subject),
		}
		wanted := []entitlement.PolicyID{k.Policy}
		if ask.Package != nil {
			ask.Catalog = found(s.state.catalogs, ask.Package.Catalog)
			if k.Policy == "" {
				wanted = ask.Package.Policies
			}
		}
		ask.Policies = several(s.state.policies, wanted)
		return ask, nil
	})
}

// Start reads everything that the beginning of an assignment is decided on.
func (s *Store) Start(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.Start, error) {
	return look(ctx, s, "Start", []string{string(r.ID)}, func() (entitlement.Start, error) {
		return entitlement.Start{
			Package: found(s.state.packages, r.Package), Subject: found(s.state.users, r.Subject), Requestor: found(s.state.users, r.Requestor),
			Slot: s.state.slot(r.Package, r.Subject), Head: s.state.head(r.Subject),
		}, nil
	})
}

// Review reads the reviewer and the request together.
func (s *Store) Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error) {
	type both struct {
		User    entitlement.User
		Request entitlement.AssignmentRequest
	}
	b, err := look(ctx, s, "Review", []string{string(reviewer), string(id)}, func() (both, error) {
		u, r := found(s.state.users, reviewer), found(s.state.requests, id)
		if u == nil {
			return both{}, missing("user")
		}
		if r == nil {
			return both{}, missing("request")
		}
		return both{*u, *r}, nil
	})
	return b.User, b.Request, err
}

// Request returns a request.
func (s *Store) Request(ctx context.Context, id entitlement.RequestID) (entitlement.AssignmentRequest, error) {
	return one(ctx, s, "Request", "request", requests, id)
}

// listed reads a page of requests, newest first, from a view.
func (s *Store) listed(ctx context.Context, op string, from *view, of string, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return look(ctx, s, op, nil, func() (entitlement.Paged[entitlement.AssignmentRequest], error) {
		ids, next, err := refs[entitlement.RequestID](from, of, true, page)
		return entitlement.Paged[entitlement.AssignmentRequest]{Items: several(s.state.requests, ids), Next: next}, err
	})
}

// RequestsOf lists requests for a subject, newest first.
func (s *Store) RequestsOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return s.listed(ctx, "RequestsOf", s.index.view, requestsOf(subject), page)
}

// CountOpen counts the requests that a subject has open, up to MaxOpen.
func (s *Store) CountOpen(ctx context.Context, subject entitlement.UserID) (int, error) {
	return look(ctx, s, "CountOpen", []string{string(subject)}, func() (int, error) {
		n := 0
		for _, slot := range s.state.slots {
			if slot.Subject == subject && slot.Open != "" {
				n++
			}
		}
		return min(n, entitlement.MaxOpen), nil
	})
}

// OpenRequests lists a subject's open requests, newest first.
func (s *Store) OpenRequests(ctx context.Context, subject entitlement.UserID, _ entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return look(ctx, s, "OpenRequests", []string{string(subject)}, func() (entitlement.Paged[entitlement.AssignmentRequest], error) {
		var open entitlement.Paged[entitlement.AssignmentRequest]
		for _, x := range slices.Backward(s.index.lists[requestsOf(subject)]) {
			// A row is there for good: what became of the request is the request's own word.
			if r, ok := s.state.requests[x.ref.(entitlement.RequestID)]; ok && r.State.Open() {
				open.Items = append(open.Items, r)
			}
		}
		return open, nil
	})
}

// RequestsBy lists requests that a person made for others, newest first.
func (s *Store) RequestsBy(ctx context.Context, requestor entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return s.listed(ctx, "RequestsBy", s.state.strong, requestsBy(requestor), page)
}

// RequestsFor lists requests for a package, newest first.
func (s *Store) RequestsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return s.listed(ctx, "RequestsFor", s.index.view, requestsFor(pkg), page)
}

// maxInboxGroups bounds the groups by which one inbox is looked up.
const maxInboxGroups = 50

// Inbox lists requests whose running stage asks the user, by name, as manager, or by
// one of the user's groups, oldest first.
func (s *Store) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return look(ctx, s, "Inbox", []string{string(u.ID)}, func() (entitlement.Paged[entitlement.AssignmentRequest], error) {
		lists := []string{inboxOf(entitlement.SingleUser, string(u.ID))}
		for _, g := range slices.Sorted(slices.Values(u.Groups)) {
			if _, approves := s.state.approvers[g]; approves && len(lists) <= maxInboxGroups {
				lists = append(lists, inboxOf(entitlement.GroupMembers, string(g)))
			}
		}
		var got entitlement.Paged[entitlement.AssignmentRequest]
		rows, next, err := s.index.page(query{lists: lists, context: lists[0], page: page})
		for _, x := range rows {
			// A row may be late: whoever is asked no more does not see the request.
			if r, ok := s.state.requests[x.ref.(entitlement.RequestID)]; ok && asks(r, u) {
				got.Items = append(got.Items, r)
			}
		}
		got.Next = next
		return got, err
	})
}

// Approving returns those of the groups that approve anywhere, or ever did.
func (s *Store) Approving(ctx context.Context, groups []entitlement.GroupID) ([]entitlement.GroupID, error) {
	return look(ctx, s, "Approving", nil, func() ([]entitlement.GroupID, error) {
		var known []entitlement.GroupID
		for _, g := range slices.Sorted(slices.Values(groups)) {
			if _, approves := s.state.approvers[g]; approves {
				known = append(known, g)
			}
		}
		return known, nil
	})
}

// asks reports that the running stage of the request asks the user.
func asks(r entitlement.AssignmentRequest, u entitlement.User) bool {
	s := r.Current()
	return s != nil && slices.ContainsFunc(s.Asked, func(set entitlement.SubjectSet) bool { return set.Has(u, s.Manager) })
}

// pageOfPackages returns the policies of the packages on a page.
func pageOfPackages(policies []entitlement.AssignmentPolicy, page entitlement.Page) (list entitlement.Paged[entitlement.AssignmentPolicy]) {
	slices.SortFunc(policies, func(a, b entitlement.AssignmentPolicy) int {
		return strings.Compare(string(a.Package), string(b.Package))
	})
	seen, last := 0, entitlement.PackageID("")
	for _, p := range policies {
		if string(p.Package) <= page.Token && page.Token != "" {
			continue
		}
		if seen == 0 || p.Package != last {
			if seen == page.Size() {
				list.Next = string(last)
				return list
			}
			seen, last = seen+1, p.Package
		}
		list.Items = append(list.Items, p)
	}
	return list
}

// PoliciesFor lists policies that name everybody, the user, or one of the user's groups.
func (s *Store) PoliciesFor(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	return look(ctx, s, "PoliciesFor", []string{string(u.ID)}, func() (entitlement.Paged[entitlement.AssignmentPolicy], error) {
		rows := slices.Concat(s.index.lists[policiesFor(everybody, "")], s.index.lists[policiesFor(entitlement.SingleUser, string(u.ID))])
		for _, g := range u.Groups {
			rows = append(rows, s.index.lists[policiesFor(entitlement.GroupMembers, string(g))]...)
		}
		seen := set[entitlement.PolicyID]{}
		var fit []entitlement.AssignmentPolicy
		for _, x := range rows {
			p, ok := s.state.policies[x.ref.(entitlement.PolicyID)]
			if _, twice := seen[p.ID]; ok && !twice && targets(p, u) {
				seen[p.ID] = struct{}{}
				fit = append(fit, p)
			}
		}
		return pageOfPackages(fit, page), nil
	})
}
