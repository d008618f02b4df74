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

// EventsBy lists what somebody did, newest first.
func (db *DB) EventsBy(ctx context.Context, actor entitlement.UserID, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	return db.newest(ctx, index3, []string{actorPartition(actor)}, during, page)
}

// EventsDuring lists all events of a time, newest first.
func (db *DB) EventsDuring(ctx context.Context, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	shards := make([]string, names.EventShards)
	for n := range shards {
		shards[n] = whenPartition(n)
	}
	return db.newest(ctx, index4, shards, during, page)
}

// eventEntry is an index entry of an event. What comes after is in the order of time, and of
// keys where times are the same.
type eventEntry struct {
	Sort string `json:"s"`
	PK   string `json:"p"`
	SK   string `json:"k"`
}

func entryOf(it item, sort string) eventEntry {
	return eventEntry{textOf(it, sort), textOf(it, names.AttrPK), textOf(it, names.AttrSK)}
}

func (e eventEntry) compare(f eventEntry) int {
	return cmp.Or(cmp.Compare(e.Sort, f.Sort), cmp.Compare(e.PK, f.PK), cmp.Compare(e.SK, f.SK))
}

// newest lists the events that partitions of an index lead to, as one list. A partition
// brings as much as the page takes, since all that is newest may be in one.
func (db *DB) newest(ctx context.Context, in *names.Index, partitions []string, during entitlement.Span, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	none := entitlement.Paged[entitlement.Event]{}

	mark := digest(partitions...)[:8]
	var at eventEntry
	if err := readToken(mark, page.Token, &at); err != nil {
		return none, err
	}

	found, known, more, err := db.merged(ctx, in, partitions, during, at, page.Size())
	if err != nil {
		return none, err
	}

	var list entitlement.Paged[entitlement.Event]
	switch {
	case len(found) > page.Size():
		found = found[:page.Size()]
		list.Next, list.Sure = writeToken(mark, found[len(found)-1]), true
	case more:
		list.Next = writeToken(mark, known)
	}

	return list, db.readEntries(ctx, found, &list)
}

// merged reads what comes after an entry, newest first, up to the last that is known to be
// next: where a partition brought less than there is, nothing older than that. more says
// that it did.
func (db *DB) merged(ctx context.Context, in *names.Index, partitions []string, during entitlement.Span, at eventEntry, size int) (all []eventEntry, known eventEntry, more bool, err error) {
	w := tableQuery{index: in, from: stamp(during.From), to: stamp(lastStamp) + beyond, newest: true}
	if !during.To.IsZero() {
		w.to = upTo(during.To)
	}
	if at.Sort != "" {
		w.to = min(w.to, at.Sort)
	}
	if w.from > w.to {
		return nil, known, false, nil
	}

	brought, rest := make([][]item, len(partitions)), make([]*cursor, len(partitions))
	err = db.sideBySide(ctx, len(partitions), func(ctx context.Context, n int) (err error) {
		w := w
		w.partition = partitions[n]
		brought[n], rest[n], err = db.page(ctx, w, nil, size+2) // the one that the page begins after, and one to see whether more follow
		return err
	})
	if err != nil {
		return nil, known, false, err
	}

	for n, entries := range brought {
		for _, it := range entries {
			if e := entryOf(it, in.Sort); at.Sort == "" || e.compare(at) < 0 {
				all = append(all, e)
			}
		}
		if last := rest[n]; last != nil {
			more = true
			if e := (eventEntry{last.Sort, last.PK, last.SK}); e.compare(known) > 0 {
				known = e
			}
		}
	}

	order.SortFunc(all, func(a, b eventEntry) int { return b.compare(a) })
	all = slices.DeleteFunc(all, func(e eventEntry) bool { return e.compare(known) < 0 })
	return all, known, more, nil
}

// readEntries reads the events that entries lead to. Each is there for good: events are
// never deleted.
func (db *DB) readEntries(ctx context.Context, entries []eventEntry, into *entitlement.Paged[entitlement.Event]) error {
	keys := keysOf(entries, func(e eventEntry) Key { return Key{e.PK, e.SK} })
	ahead := keys
	if readOnce(ctx) != nil { // About is asked next
		for _, key := range keys {
			kind, id, number := eventAt(key)
			if first, is := aboutKey(entitlement.Event{Aggregate: kind, ID: id, Number: number}); is {
				ahead = append(ahead, first)
			}
		}
	}
	found, err := db.batch(ctx, true, ahead...)
	if err != nil {
		return err
	}

	for _, key := range keys {
		if found[key] == nil {
			continue
		}
		if err := db.addEvent(ctx, found[key], into); err != nil {
			return err
		}
	}
	return nil
}

// addEvent adds an event to a page, or that it cannot be read (F37).
func (db *DB) addEvent(ctx context.Context, it item, into *entitlement.Paged[entitlement.Event]) error {
	e, err := readEvent(it)
	if db.unread(ctx, err) {
		into.Unread++
		return nil
	}
	if err == nil {
		into.Items = append(into.Items, e)
	}
	return err
}

// EventsOf lists the events of a person: those of the person's own record, of the roles that
// were given to them, and of the requests and assignments for them, newest request first.
// The events of each are in their order.
func (db *DB) EventsOf(ctx context.Context, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	own, _ := eventKey(entitlement.OfUser, string(person), 1)
	given := tableQuery{index: index2, partition: ofIndexKey(kindUser, string(person), firstStamp, Key{}).partition, newest: true}
	return db.chained(ctx, []chains{{one: own}, {listed: given, single: true}, {listed: subjectQuery(person)}}, page)
}

// EventsFor lists the events of a package: its own, those of its policies, and those of the
// requests for it, newest first. The events of each are in their order.
func (db *DB) EventsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	own, _ := eventKey(entitlement.OfPackage, string(pkg), 1)
	policies := tableQuery{index: index2, partition: ofIndexKey(kindPackage, string(pkg), firstStamp, Key{}).partition, newest: true}
	return db.chained(ctx, []chains{{one: own}, {listed: policies}, {listed: packageQuery(pkg)}}, page)
}

// chains are the chain of one thing, or those whose first events are listed together, or
// single events that are.
type chains struct {
	one    Key
	listed tableQuery
	single bool
}

// mark tells lists of chains apart in page tokens.
func (c chains) mark() string { return c.one.PK + c.listed.partition }

// chainCursor is where a page of chains ended: the chain's first event, and the number of the
// event that was shown last. Done says that the chain ended there.
type chainCursor struct {
	Source int        `json:"n,omitempty"`
	First  eventEntry `json:"f,omitzero"`
	After  int64      `json:"a,omitempty"`
	Done   bool       `json:"d,omitempty"`
}

// maxChains is how many chains are read side by side: mostly they are a few events each.
const maxChains = 25

// chained lists the events of chains, one chain after another.
func (db *DB) chained(ctx context.Context, of []chains, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	var list entitlement.Paged[entitlement.Event]

	mark := ""
	for _, c := range of {
		mark = digest(mark, c.mark())[:8]
	}
	var at chainCursor
	if err := readToken(mark, page.Token, &at); err != nil {
		return list, err
	}

	left, cut := page.Size(), false
	for at.Source < len(of) && left > 0 && !cut {
		var n int
		var err error
		if n, cut, err = db.someChains(ctx, of[at.Source], &at, left, &list); err != nil {
			return list, err
		}
		left -= n
	}

	if at.Source < len(of) {
		list.Next = writeToken(mark, at)
	}
	return list, nil
}

// someChains reads on in the chains of one source until no more fit, and moves the cursor. It
// says how many events there were, and whether the page ends here, full or not.
func (db *DB) someChains(ctx context.Context, of chains, at *chainCursor, left int, list *entitlement.Paged[entitlement.Event]) (n int, cut bool, err error) {
	list.Sure = false
	turn, rest, err := db.nextChains(ctx, of, at, min(left, maxChains))
	if err != nil {
		return 0, false, err
	}

	brought, further := make([][]item, len(turn)), make([]bool, len(turn))
	err = db.sideBySide(ctx, len(turn), func(ctx context.Context, i int) error {
		w := tableQuery{partition: turn[i].First.PK, after: join(wordEvent, counter(turn[i].After))}
		limit := left + 1
		if of.single {
			limit = 1
		}
		events, next, err := db.page(ctx, w, nil, limit)
		brought[i], further[i] = events, next != nil && !of.single
		return err
	})
	if err != nil {
		return 0, false, err
	}

	for i, events := range brought {
		if n == left { // there is a chain more, and each has an event
			list.Sure = len(events) > 0
			return n, true, nil
		}

		fits := events[:min(len(events), left-n)]
		for _, it := range fits {
			if err := db.addEvent(ctx, it, list); err != nil {
				return n, false, err
			}
			_, _, turn[i].After = eventAt(keyOf(it))
		}
		n += len(fits)

		over := len(events) > len(fits)
		turn[i].Done = !over && !further[i]
		*at = turn[i]
		if !turn[i].Done { // a call may bring less than was asked for, and more follows
			list.Sure = over
			return n, true, nil
		}
	}

	if rest == nil {
		*at = chainCursor{Source: at.Source + 1}
	} else if len(turn) == 0 {
		*at = chainCursor{Source: at.Source, First: eventEntry{rest.Sort, rest.PK, rest.SK}, Done: true}
	}
	return n, false, nil
}

// nextChains returns where the next chains begin: the rest of the one that a page ended in,
// and then those that follow. rest is nil where these are the last.
func (db *DB) nextChains(ctx context.Context, of chains, at *chainCursor, many int) (turn []chainCursor, rest *cursor, err error) {
	begun := at.First.PK != ""

	switch {
	case begun && !at.Done:
		turn = append(turn, *at)
	case of.one != Key{} && !begun:
		turn = append(turn, chainCursor{Source: at.Source, First: eventEntry{PK: of.one.PK, SK: of.one.SK}})
	}
	if of.one != (Key{}) {
		return turn, nil, nil
	}

	var from *cursor
	if begun {
		from = &cursor{PK: at.First.PK, SK: at.First.SK, Sort: at.First.Sort}
	}
	entries, rest, err := db.page(ctx, of.listed, from, many)
	if err != nil {
		return nil, nil, err
	}

	_, sort := of.listed.attributes()
	for _, it := range entries {
		next := chainCursor{Source: at.Source, First: entryOf(it, sort)}
		if of.single {
			_, _, number := eventAt(keyOf(it))
			next.After = number - 1
		}
		turn = append(turn, next)
	}
	return turn, rest, nil
}

// About says of events, in their order, which person and which package they have to do with:
// their keys do, or the first event of the chain, which is listed with both.
func (db *DB) About(ctx context.Context, events []entitlement.Event) ([]entitlement.About, error) {
	listed := make([]Key, len(events)) // where each is listed
	var keys []Key
	for i, e := range events {
		if key, is := aboutKey(e); is {
			listed[i] = key
			keys = append(keys, key)
		}
	}

	read, err := db.batch(ctx, true, keys...)
	if err != nil {
		return nil, err
	}

	all := make([]entitlement.About, len(events))
	for i, e := range events {
		switch e.Aggregate {
		case entitlement.OfUser:
			all[i].Subject = entitlement.UserID(e.ID)
		case entitlement.OfAccount:
			all[i].Subject = entitlement.UserID(e.Data[entitlement.DataUser])
		case entitlement.OfPackage:
			all[i].Package = entitlement.PackageID(e.ID)
		default:
			aboutAt(&all[i], textOf(read[listed[i]], names.AttrI1P))
			aboutAt(&all[i], textOf(read[listed[i]], names.AttrI2P))
		}
	}
	return all, nil
}

// aboutKey is where an event is listed with what it has to do with, unless its own key says that.
func aboutKey(e entitlement.Event) (key Key, is bool) {
	switch {
	case e.OfRole():
		return eventKey(e.Aggregate, e.ID, e.Number)
	case e.Aggregate == entitlement.OfRequest || e.Aggregate == entitlement.OfPolicy:
		return eventKey(e.Aggregate, e.ID, 1)
	default:
		return key, false
	}
}

// readToken reads a page token into a cursor. What is malformed, or of another list, is
// Invalid.
func readToken(mark, token string, into any) error {
	if token == "" {
		return nil
	}

	list, text, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil || list != mark || !sound(into) {
		return badToken()
	}
	return nil
}

// sound reports a cursor that names nothing but events: a token comes from outside.
func sound(cursor any) bool {
	event := func(e eventEntry) bool {
		return strings.HasPrefix(e.PK, join(wordEvent, "")) && strings.HasPrefix(e.SK, prefixEvent)
	}
	switch at := cursor.(type) {
	case *eventEntry:
		return event(*at) && at.Sort != ""
	case *chainCursor:
		return at.Source >= 0 && at.After >= 0 && (at.First == (eventEntry{}) || event(at.First))
	default:
		return false
	}
}

func writeToken(mark string, cursor any) string {
	raw, _ := json.Marshal(cursor) // strings and numbers always have a form
	return mark + "." + base64.RawURLEncoding.EncodeToString(raw)
}
