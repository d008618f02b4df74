package dynamo

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// maxInboxGroups bounds the groups of one person that are looked up as approvers.
const maxInboxGroups = 50

// inboxSets is how many approver sets the first page makes room for; more cost more calls.
const inboxSets = 50

// Inbox lists requests whose running stage asks the user, by name, as manager, or by
// one of the user's groups, oldest first.
func (db *DB) Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	none := entitlement.Paged[entitlement.AssignmentRequest]{}
	after, err := parseInbox(page.Token)
	if err != nil {
		return none, err
	}
	groups, err := db.named(ctx, approversKey(), u.Groups)
	if err != nil {
		return none, err
	}
	own := []string{inboxPartition(party{kindUser, string(u.ID)})}
	for _, g := range groups[:min(len(groups), maxInboxGroups)] {
		own = append(own, inboxPartition(party{kindGroup, string(g)}))
	}
	rows, err := db.inbox(ctx, own, after, page.Size())
	if err != nil {
		return none, err
	}
	out := none
	if len(rows) > page.Size() {
		rows = rows[:page.Size()]
		out.Next = inboxToken(rows[len(rows)-1].sort)
	}
	keys := keysOf(rows, func(r row) Key { return requestKey(lastOf[entitlement.RequestID](r.sort)) })
	items, unread, err := legible(ctx, db, requestShape, true, keys)
	if err != nil {
		return none, err
	}
	out.Items, out.Unread = items, len(unread)
	out.Items = slices.DeleteFunc(out.Items, func(r entitlement.AssignmentRequest) bool { return !waitsIn(r, rows) })
	return out, nil
}

// waitsIn reports a request that is still where its row was found.
func waitsIn(r entitlement.AssignmentRequest, rows []row) bool {
	who, ok := asks(r)
	return ok && slices.Contains(rows, inboxRow(who, r.Created, r.ID))
}

// inbox returns the rows of requests in the partitions and in the approver sets that
// these lead to: the first ones after a sort value, more than size where there are more.
func (db *DB) inbox(ctx context.Context, own []string, after string, size int) ([]row, error) {
	lists := make([][]row, len(own))
	sets := make([][]string, len(own))
	err := db.sideBySide(ctx, len(own), func(ctx context.Context, i int) (err error) {
		lists[i], sets[i], err = db.inboxOwn(ctx, own[i], after, size)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(sets...)
	slices.Sort(all)
	all = slices.Compact(all)
	ofSets := make([][]row, len(all))
	err = db.sideBySide(ctx, len(all), func(ctx context.Context, i int) (err error) {
		ofSets[i], err = db.inboxRows(ctx, inboxPartition(party{kindSet, all[i]}), after, size)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows := slices.Concat(slices.Concat(lists...), slices.Concat(ofSets...))
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.sort, b.sort) })
	return slices.CompactFunc(rows, func(a, b row) bool { return a.sort == b.sort }), nil
}

// inboxOwn reads a person's or group's partition: the sets that it is in, and the
// requests that wait for it alone. Sets sort first, so the first page has both.
func (db *DB) inboxOwn(ctx context.Context, partition, after string, size int) (list []row, sets []string, err error) {
	if after != "" {
		if list, err = db.inboxRows(ctx, partition, after, size); err != nil {
			return nil, nil, err
		}
		marks, err := db.all(ctx, walk{index: index1, partition: partition, prefix: prefixSet})
		return list, setsOf(marks), err
	}
	var at *cursor
	for {
		rows, next, err := db.page(ctx, walk{index: index1, partition: partition}, at, size+1+inboxSets)
		if err != nil {
			return nil, nil, err
		}
		sets = append(sets, setsOf(rows)...)
		list = append(list, requestsIn(partition, rows)...)
		if at = next; at == nil || len(list) > size || len(sets) > maxRows {
			return list, sets, nil
		}
	}
}

// inboxRows reads the first requests of a partition after a sort value, one more than
// the page holds.
func (db *DB) inboxRows(ctx context.Context, partition, after string, size int) ([]row, error) {
	rows, _, err := db.page(ctx, walk{index: index1, partition: partition, after: after}, nil, size+1)
	return requestsIn(partition, rows), err
}

func setsOf(rows []item) (sets []string) {
	for _, it := range rows {
		if sort := textOf(it, names.AttrI1S); strings.HasPrefix(sort, prefixSet) {
			sets = append(sets, lastOf[string](sort))
		}
	}
	return sets
}

func requestsIn(partition string, rows []item) (list []row) {
	for _, it := range rows {
		if sort := textOf(it, names.AttrI1S); !strings.HasPrefix(sort, prefixSet) {
			list = append(list, row{partition, sort})
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
	f := &fields{item: it, reading: true}
	idSet(f, attrMembers, &all)
	return slices.DeleteFunc(all, func(g entitlement.GroupID) bool { return !slices.Contains(groups, g) }), f.failure(it)
}

// inboxToken is a page token: the last row's sort value, since the rows come from many partitions.
func inboxToken(sort string) string { return base64.RawURLEncoding.EncodeToString([]byte(sort)) }

func parseInbox(token string) (after string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || token != "" && unstamp(idAt[string](string(raw), 0)).IsZero() {
		return "", badToken()
	}
	return string(raw), nil
}
