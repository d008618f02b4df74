package scim

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"leasehold/pkg/connector/outbound"
)

// Bounds of one filter for several people, so that the URL stays within what servers take.
const (
	perFilter   = 20
	filterBytes = 1500
)

// samplePages is how much of the list of people is read to find some who have a key.
const samplePages = 5

// hunt is the search for several people.
type hunt struct {
	c      *Connector
	people []*quarry
	list   *reader[user] // of all people, read as far as it was needed
	shut   error         // the server's refusal to show it
	vague  atomic.Bool   // something was refused in a form that is not SCIM's own
}

// users reads the people that a filter finds; no filter finds all.
func (c *Connector) users(ask outbound.Operation, filter string, count int, attributes ...string) *reader[user] {
	query := url.Values{"attributes": {"id," + strings.Join(attributes, ",")}, "count": {strconv.Itoa(count)}}
	if filter != "" {
		query.Set("filter", filter)
	}
	return &reader[user]{c: c, ask: ask, path: c.at.users, id: func(u user) id { return u.ID }, query: query}
}

// readOn reads the list of people on, to at most the page. A refusal is remembered: the
// list is then not open to us.
func (h *hunt) readOn(ctx context.Context, pages int) error {
	for h.shut == nil && !h.list.ended() && h.list.pages < pages {
		err := h.list.more(ctx)
		if h.declines(err) {
			h.shut, err = err, nil
		}
		if err != nil {
			return explain(h.list.ask, err)
		}
	}
	return nil
}

// declines reports that the server does not answer this kind of question.
func (h *hunt) declines(err error) bool {
	r := declined(err)
	if r != nil && !r.scim {
		h.vague.Store(true)
	}
	return r != nil
}

// by looks by one key for those who were not found yet.
func (h *hunt) by(ctx context.Context, key lookup) error {
	k := &byKey{hunt: h, lookup: key, wanted: map[string][]*quarry{}}
	var values []string
	for _, q := range h.people {
		value := key.ours(q.who)
		if q.done() || value == "" {
			continue
		}
		// Two people with one value are asked about once, and get the same answer.
		if k.wanted[value] == nil {
			values = append(values, value)
		}
		k.wanted[value] = append(k.wanted[value], q)
	}

	for len(values) > 0 && !k.alone {
		chunk := values[:k.fitting(values)]
		if err := k.together(ctx, chunk); err != nil {
			return err
		}
		values = values[len(chunk):]
	}
	return k.singly(ctx, values)
}

// byKey is the search by one key.
type byKey struct {
	*hunt
	lookup
	wanted map[string][]*quarry // by value

	alone   bool   // the server heeds no filter for several
	deaf    bool   // it heeds none for one either
	blind   bool   // it was seen not to find somebody by one who is there
	proven  bool   // it was seen to find somebody by a filter for one
	samples []user // accounts that have the key
	sampled bool
}

// fitting returns how many of the values go into one filter, at least one.
func (k *byKey) fitting(values []string) (n int) {
	for size := 0; n < min(len(values), perFilter); n++ {
		size += len(url.QueryEscape(k.term(values[n]) + " or "))
		if n > 0 && size > filterBytes {
			break
		}
	}
	return n
}

func (k *byKey) term(value string) string { return k.filter + " eq " + quote(value) }

// heard is the answer to a filter. Applied: it is complete, and nobody is in it whom
// the filter leaves out.
type heard struct {
	accounts []user
	applied  bool
}

func (k *byKey) ask(ctx context.Context, values ...string) (heard, error) {
	terms := make([]string, len(values))
	for i, value := range values {
		terms[i] = k.term(value)
	}

	r := k.c.users(outbound.Operation{Op: "scim: find people", What: "for people by " + k.filter}, strings.Join(terms, " or "), len(values)+1, k.attribute)
	if err := r.more(ctx); err != nil {
		return heard{}, unlessDeclined(r.ask, err)
	}

	fit := func(u user) bool { return k.fits(u, values) }
	// An account that does not fit shows that the filter was not applied, so no page more is read.
	for !slices.ContainsFunc(r.all, func(u user) bool { return !fit(u) }) {
		if r.ended() {
			return heard{r.all, r.complete()}, nil
		}
		if err := r.more(ctx); err != nil {
			return heard{}, unlessDeclined(r.ask, err)
		}
	}

	return heard{accounts: r.all}, nil
}

// unlessDeclined explains a refusal that is more than that of this kind of question.
func unlessDeclined(ask outbound.Operation, err error) error {
	if declined(err) != nil {
		return err
	}
	return explain(ask, err)
}

// together looks for several in one filter. Nobody is missing on the word of an answer in
// which accounts that are known to be there, named first and last, do not appear too: some
// servers read the first comparison of a filter alone, or take all of it for one value.
func (k *byKey) together(ctx context.Context, values []string) error {
	if len(values) == 1 {
		return k.singly(ctx, values)
	}
	for len(values) > 0 {
		sampled := k.sampled
		first, last := k.around()
		answer, err := k.ask(ctx, slices.Concat(first, values, last)...)
		if err != nil && !k.declines(err) {
			return err
		}
		if err != nil || !answer.applied || !k.shows(answer, first, last) {
			k.alone = true
			return k.singly(ctx, values)
		}

		values = k.settle(values, answer.accounts)
		switch {
		case len(first)+len(last) > 0:
			k.nobody(values, true)
			return nil
		case len(values) == 0:
			return nil
		case sampled: // nobody is known who would prove it
			k.alone = true
			return k.singly(ctx, values)
		}
		if err := k.sample(ctx); err != nil {
			return err
		}
	}
	return nil
}

// singly looks for one after the other, and through the list of all people for those whom
// no filter finds because none is heeded.
func (k *byKey) singly(ctx context.Context, values []string) error {
	told, err := k.askEach(ctx, values)
	if err != nil {
		return err
	}

	var unseen []string
	for i, value := range values {
		// The filter was not heeded, so what it found says nothing.
		if !told[i].applied {
			if err := k.fromList(ctx, value); err != nil {
				return err
			}
			continue
		}

		rest := k.settle(values[i:i+1], told[i].accounts)
		k.proven = k.proven || len(rest) == 0
		unseen = append(unseen, rest...)
	}

	if len(unseen) == 0 {
		return nil
	}

	if err := k.prove(ctx); err != nil {
		return err
	}

	if !k.blind {
		k.nobody(unseen, k.proven)
		return nil
	}
	// The filter finds nobody at all, so its silence proves nothing.
	for _, value := range unseen {
		if err := k.fromList(ctx, value); err != nil {
			return err
		}
	}
	return nil
}

// askEach asks by a filter for each: one at a time until an answer heeds it, since a
// server that heeds none, or does not answer, needs no more questions, and then for the
// others side by side.
func (k *byKey) askEach(ctx context.Context, values []string) ([]heard, error) {
	told := make([]heard, len(values))

	ask := func(ctx context.Context, i int) error {
		answer, err := k.ask(ctx, values[i])
		if k.declines(err) {
			return nil
		}
		told[i] = answer
		return err
	}

	next, applied := 0, false
	// The first ones alone: a server that does not know the filter is not asked a hundred times.
	for ; !k.deaf && !applied && next < min(firstAlone, len(values)); next++ {
		if err := ask(ctx, next); err != nil {
			return nil, err
		}
		applied = told[next].applied
	}

	k.deaf = k.deaf || next == firstAlone && !applied
	if !applied {
		return told, nil
	}

	return told, besides(ctx, next, len(values), ask)
}

// settle decides about those who have one of the values by the accounts that a heeded
// filter found, and returns the values that nobody has.
func (k *byKey) settle(values []string, accounts []user) (unseen []string) {
	for _, value := range values {
		var matching []user
		for _, u := range accounts {
			if k.match(u, value) {
				matching = append(matching, u)
			}
		}

		if len(matching) == 0 {
			unseen = append(unseen, value)
		}

		for _, q := range k.wanted[value] {
			// Each of them is decided by the same accounts.
			q.take(k.lookup, matching)
		}
	}

	return unseen
}

// nobody notes that the server finds nobody by the values, and whether it was seen to find
// others in the same way.
func (k *byKey) nobody(values []string, proven bool) {
	for _, value := range values {
		for _, q := range k.wanted[value] {
			q.asked = append(q.asked, k.name)
			q.proven = q.proven || proven
		}
	}
}

// fromList looks through all people for one whom no filter finds, where they are few
// enough to be read.
func (k *byKey) fromList(ctx context.Context, value string) error {
	if err := k.readOn(ctx, maxPages); err != nil {
		return err
	}

	if k.shut == nil && k.list.complete() {
		// The list is whole and shows somebody with a value of this key: who is not in it is not there.
		k.nobody(k.settle([]string{value}, k.list.all), slices.ContainsFunc(k.list.all, func(u user) bool { return len(k.values(u)) > 0 }))
		return nil
	}

	why := "and shows no list of people"
	if k.shut == nil {
		why = fmt.Sprintf("and showed %d people of %d when it was asked for all", len(k.list.all), k.list.total)
	}

	for _, q := range k.wanted[value] {
		q.closed = fmt.Sprintf("It refuses a filter on %s, or does not find by it what it should, %s.", k.filter, why)
	}
	return nil
}

// sample finds up to two accounts that have the key.
func (k *byKey) sample(ctx context.Context) error {
	k.sampled = true
	// A page more only where nobody of the pages before has the key.
	for page := 1; page <= samplePages; page++ {
		if err := k.readOn(ctx, page); err != nil {
			return err
		}

		k.samples = nil
		for _, u := range k.list.all {
			if values := k.values(u); len(values) > 0 && k.wanted[values[0]] == nil && len(k.samples) < 2 {
				k.samples = append(k.samples, u)
			}
		}

		if len(k.samples) > 0 {
			return nil
		}
	}

	return nil
}

// around returns what to name first and last in a filter: the samples' values.
func (k *byKey) around() (first, last []string) {
	if len(k.samples) > 0 {
		last = k.values(k.samples[0])[:1]
	}
	if len(k.samples) > 1 {
		first = k.values(k.samples[1])[:1]
	}
	return first, last
}

func (k *byKey) shows(answer heard, groups ...[]string) bool {
	for _, values := range groups {
		for _, value := range values {
			if !slices.ContainsFunc(answer.accounts, func(u user) bool { return k.match(u, value) }) {
				return false
			}
		}
	}
	return true
}

// prove asks by a filter for somebody who is known to be there, unless that was done, or the
// server has found somebody so already.
func (k *byKey) prove(ctx context.Context) error {
	if k.proven || k.blind {
		return nil
	}

	if !k.sampled {
		if err := k.sample(ctx); err != nil {
			return err
		}
	}

	_, last := k.around()
	// Nobody has the key as far as was read, so nothing can be proven by it.
	if len(last) == 0 {
		return nil
	}

	answer, err := k.ask(ctx, last...)
	if err != nil && !k.declines(err) {
		return err
	}

	k.proven = err == nil && answer.applied && k.shows(answer, last)
	k.blind = !k.proven
	return nil
}
