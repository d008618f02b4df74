package dynamo

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/order"
)

// Bounds of one page of an inbox (S21). Within a turn the requests are in order; whoever
// approves by way of more is told turn after turn.
const (
	inboxGroups = 50 // groups of one person that one turn looks up as approvers
	inboxSets   = 50 // approver sets of one turn
	inboxTurns  = 5  // turns without any request that one page goes past
)

// inboxAt is where an inbox goes on: the turn, and within it the last request.
type inboxAt struct {
	Group entitlement.GroupID `json:"g,omitempty"` // groups after this one
	Set   string              `json:"s,omitempty"` // approver sets after this one,
	End   string              `json:"e,omitempty"` // and up to this one
	After string              `json:"a,omitempty"` // requests after this one
}

// Inbox lists requests whose running stage asks the user, by name, as manager, or by
// one of the user's groups, oldest first. Where they come from more than inboxGroups groups
// or inboxSets approver sets that is so for each such turn, one after the other, and some
// may be told twice: so that a page costs the same for all that the user ever approved.
func (db *DB) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	none := entitlement.Paged[entitlement.AssignmentRequest]{}

	at, err := parseInbox(page.Token)
	if err != nil {
		return none, err
	}

	groups, err := db.named(ctx, approversKey(), u.Groups)
	if err != nil {
		return none, err
	}

	var entries []indexKey
	// Turns without anything are skipped here, so that a page is rarely empty without need.
	for turns := 0; at != nil && len(entries) == 0 && turns < inboxTurns; turns++ {
		if entries, at, err = db.inbox(ctx, u.ID, groups, *at, page.Size()); err != nil {
			return none, err
		}
	}

	out := entitlement.Paged[entitlement.AssignmentRequest]{Next: inboxToken(at)}
	keys := keysOf(entries, func(r indexKey) Key { return requestKey(lastOf[entitlement.RequestID](r.sort)) })
	items, unread, err := readableOf(ctx, db, requestMapper, true, keys)
	if err != nil {
		return none, err
	}

	out.Items, out.Unread = items, len(unread)
	// The index may be late: what is listed must still wait for the user.
	out.Items = slices.DeleteFunc(out.Items, func(r entitlement.AssignmentRequest) bool { return !waitsIn(r, entries) })
	return out, nil
}

// waitsIn reports a request that is still where its index entry was found.
func waitsIn(r entitlement.AssignmentRequest, entries []indexKey) bool {
	who, ok := asks(r)
	return ok && slices.Contains(entries, inboxIndexKey(who, r.Created, r.ID))
}

// inbox returns the index entries of the next requests of a turn, and where the inbox goes
// on after them; nil at its end.
func (db *DB) inbox(ctx context.Context, u entitlement.UserID, groups []entitlement.GroupID, at inboxAt, size int) ([]indexKey, *inboxAt, error) {
	own, last := turnOf(u, groups, at)
	lists := make([][]indexKey, len(own))
	found := make([]setList, len(own))

	err := db.sideBySide(ctx, len(own), func(ctx context.Context, i int) (err error) {
		lists[i], found[i], err = db.inboxOwn(ctx, own[i], at, size)
		return err
	})
	if err != nil {
		return nil, nil, err
	}

	sets, end := setsOfTurn(found, at.End)
	ofSets := make([][]indexKey, len(sets))

	err = db.sideBySide(ctx, len(sets), func(ctx context.Context, i int) (err error) {
		ofSets[i], err = db.inboxEntries(ctx, inboxPartition(subjectSetRef{kindSet, sets[i]}), at.After, size)
		return err
	})
	if err != nil {
		return nil, nil, err
	}

	entries := slices.Concat(slices.Concat(lists...), slices.Concat(ofSets...))
	// A request that several lists lead to stands once: they are sorted alike.
	order.SortFunc(entries, func(a, b indexKey) int { return cmp.Compare(a.sort, b.sort) })
	entries = slices.CompactFunc(entries, func(a, b indexKey) bool { return a.sort == b.sort })

	switch {
	case len(entries) > size:
		return entries[:size], &inboxAt{at.Group, at.Set, end, entries[size-1].sort}, nil
	case end != "":
		return entries, &inboxAt{Group: at.Group, Set: end}, nil
	case last != "":
		return entries, &inboxAt{Group: last}, nil
	default:
		return entries, nil, nil
	}
}

// turnOf returns the partitions of the user and of the groups of a turn, and the last of
// these where there are more.
func turnOf(u entitlement.UserID, groups []entitlement.GroupID, at inboxAt) (own []string, last entitlement.GroupID) {
	// The user's own partition belongs to the first turn.
	if at.Group == "" {
		own = append(own, inboxPartition(subjectSetRef{kindUser, string(u)}))
	}

	for _, g := range slices.Sorted(slices.Values(groups)) {
		// A turn begins behind the groups of the one before.
		if g <= at.Group {
			continue
		}
		if len(own) > inboxGroups {
			return own, last
		}
		own, last = append(own, inboxPartition(subjectSetRef{kindGroup, string(g)})), g
	}

	return own, ""
}

// setList are the first approver sets of a partition, in order; whole where there are no more.
type setList struct {
	sets  []string
	whole bool
}

// setsOfTurn returns the first approver sets of several lists, and the last of them where
// there are more; until is the last of the turn where that is known.
func setsOfTurn(found []setList, until string) (sets []string, end string) {
	end = until
	for _, list := range found {
		sets = append(sets, list.sets...)
		if n := len(list.sets); n > 0 && !list.whole && (end == "" || list.sets[n-1] < end) {
			end = list.sets[n-1] // of the others of this list nothing is known yet
		}
	}

	slices.Sort(sets)
	sets = slices.Compact(sets)

	if end != "" {
		sets = slices.DeleteFunc(sets, func(set string) bool { return set > end })
	}

	if len(sets) > inboxSets {
		sets = sets[:inboxSets]
		end = sets[inboxSets-1]
	}

	return sets, end
}

// afterSets is what all requests of a partition come after, and none of the sets.
const afterSets = setMark + beyond

// inboxOwn reads a person's or group's partition: the first sets of the turn that it is in,
// and the requests that wait for it alone, which are of the first turn. Sets sort first, so
// that its first page mostly has both.
func (db *DB) inboxOwn(ctx context.Context, partition string, at inboxAt, size int) (list []indexKey, sets setList, err error) {
	// The first page of a first turn mostly holds both, so one call does.
	if at.Set == "" && at.After == "" {
		entries, next, err := db.page(ctx, tableQuery{index: index1, partition: partition}, nil, size+1+inboxSets)
		if err != nil {
			return nil, sets, err
		}

		list = requestsIn(partition, entries)
		sets = setList{setsOf(entries), next == nil || len(list) > 0}

		if next != nil && len(list) <= size {
			list, err = db.inboxEntries(ctx, partition, afterSets, size)
		}
		return list, sets, err
	}

	if at.Set == "" {
		if list, err = db.inboxEntries(ctx, partition, at.After, size); err != nil {
			return nil, sets, err
		}
	}

	w := tableQuery{index: index1, partition: partition, from: prefixSet, to: afterSets}
	if at.Set != "" {
		w.from = join(setMark, at.Set) + beyond
	}

	if at.End != "" {
		w.to = join(setMark, at.End)
	}

	entries, next, err := db.page(ctx, w, nil, inboxSets+1)
	return list, setList{setsOf(entries), next == nil}, err
}

// inboxEntries reads the first requests of a partition after a sort value, one more than
// the page holds.
func (db *DB) inboxEntries(ctx context.Context, partition, after string, size int) ([]indexKey, error) {
	entries, _, err := db.page(ctx, tableQuery{index: index1, partition: partition, after: after}, nil, size+1)
	return requestsIn(partition, entries), err
}

func setsOf(entries []item) (sets []string) {
	for _, it := range entries {
		if sort := textOf(it, names.AttrI1S); strings.HasPrefix(sort, prefixSet) {
			sets = append(sets, lastOf[string](sort))
		}
	}
	return sets
}

func requestsIn(partition string, entries []item) (list []indexKey) {
	for _, it := range entries {
		if sort := textOf(it, names.AttrI1S); !strings.HasPrefix(sort, prefixSet) {
			list = append(list, indexKey{partition, sort})
		}
	}
	return list
}

// Approving returns those of the groups that approve anywhere, or ever did.
func (db *DB) Approving(ctx context.Context, groups []entitlement.GroupID) ([]entitlement.GroupID, error) {
	return db.named(ctx, approversKey(), groups)
}

// named returns those groups that a policy names anywhere, in a fixed order.
func (db *DB) named(ctx context.Context, key Key, groups []entitlement.GroupID) ([]entitlement.GroupID, error) {
	if len(groups) == 0 {
		return nil, nil
	}

	it, err := db.get(ctx, key)
	if err != nil || it == nil {
		return nil, err
	}
	if _, err := open(it, tagNamed); err != nil {
		return nil, err
	}
	var all []entitlement.GroupID
	// The order of a stored set is fixed, which the turns of a page token rest on.
	f := &fields{item: it, reading: true}
	idSet(f, attrMembers, &all)

	return slices.DeleteFunc(all, func(g entitlement.GroupID) bool { return !slices.Contains(groups, g) }), f.failure(it)
}

// inboxToken is a page token.
func inboxToken(at *inboxAt) string {
	if at == nil {
		return ""
	}
	raw, _ := json.Marshal(at) // strings always have a form
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseInbox reads a page token; no token is the beginning.
func parseInbox(token string) (*inboxAt, error) {
	var at inboxAt
	if token == "" {
		return &at, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	if err != nil || at == (inboxAt{}) || at.After != "" && unstamp(idAt[string](at.After, 0)).IsZero() {
		return nil, badToken()
	}
	return &at, nil
}
