package portal

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pages "leasehold/pkg/portal"
)

// What a page may weigh, and all that a browser loads which never saw one.
const (
	maxPage       = 60_000
	maxFirstVisit = 100_000
	fewRounds     = 4
)

// pinnedRounds holds how many calls each page takes, and in how many rounds: a round is the calls
// that are under way at once.
var pinnedRounds = filepath.Join("testdata", "rounds.txt")

// moreRounds are pages that may take more than four: those whose rounds grow with their length,
// and those that are not brought there yet.
var moreRounds = map[string]string{
	"/audit/export": "four for the first hundred events, and three for each hundred more",
}

// Y1: each page by each who may see it: calls of the store, the rounds in which they are made,
// its weight and that of a first visit. The time of the bubble goes by in calls alone, one tick
// each, so that what a page takes is its rounds. UPDATE=1 writes what is so now.
func TestY1_WhatEachPageTakesInCallsAndRounds(t *testing.T) {
	var table strings.Builder
	few, all := 0, 0
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t).filled()
		w.meter.Each = time.Millisecond
		for _, of := range pages.Routes() {
			if of.Method != "GET" {
				continue
			}
			for _, a := range actors {
				sponsors := a.name == "sponsor" && strings.HasPrefix(of.Pattern, "/my-")
				if !sponsors && !slices.Contains([]string{"admin", "requestor", "approver", "owner", "auditor"}, a.name) {
					continue
				}
				began := time.Now()
				got := w.send(sent{method: "GET", path: w.variants(of, rows["GET "+of.Pattern])[0].path, cookie: w.cookies[a.name]})
				if got.status != 200 {
					continue
				}
				calls, rounds := w.meter.Total(), int(time.Since(began)/time.Millisecond)
				note := ""
				if all++; rounds <= fewRounds {
					few++
				} else {
					note = "  more than four"
					if moreRounds[of.Pattern] == "" {
						t.Errorf("%s takes %s %d rounds, of at most %d", of.Pattern, a.name, rounds, fewRounds)
					}
				}
				if rounds > fewRounds && slices.Contains(ofPeople, of.Pattern) {
					t.Errorf("%s by %s: %d rounds, of at most %d", of.Pattern, a.name, rounds, fewRounds)
				}
				fmt.Fprintf(&table, "%-64s %-10s %2d calls %2d rounds%s\n", "/portal"+of.Pattern, a.name, calls, rounds, note)
				if strings.HasPrefix(got.kind, "text/html") {
					w.weighs(of, got)
				}
			}
		}
	})
	t.Logf("%d of %d pages in at most %d rounds", few, all, fewRounds)

	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(pinnedRounds, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pinned, err := os.ReadFile(pinnedRounds)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(pinned), "\n"), strings.Split(table.String(), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || !asPinned(was[i], is[i]) {
			t.Fatalf("from line %d on pages take otherwise than %s says: a rise has to be argued.\nis  %s\nwas %s", i+1, pinnedRounds, at(is, i), at(was, i))
		}
	}
}

var counted = regexp.MustCompile(` +(\d+) calls`)

// asPinned compares a line with the one that is pinned: of reads that are made at the same moment and
// have something in common, one may be spared, or not. Rounds are the same each time.
func asPinned(was, is string) bool {
	calls := func(line string) int {
		found := counted.FindStringSubmatch(line)
		if found == nil {
			return 0
		}
		n, _ := strconv.Atoi(found[1]) // digits, as it was matched
		return n
	}
	spared := calls(was) - calls(is)
	return counted.ReplaceAllString(was, "") == counted.ReplaceAllString(is, "") && spared >= -sparedAtMost && spared <= sparedAtMost
}

// sparedAtMost is how many calls of a page hang on which of two reads was first.
const sparedAtMost = 3

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

var linked = regexp.MustCompile(`<(?:link|img|script)[^>]* (?:href|src)="/portal([^"]*)"`)

// weighs holds a page, and all that it loads, to their bounds.
func (w *fixture) weighs(of pages.Route, got answered) {
	w.Helper()
	if len(got.text) > maxPage {
		w.Errorf("%s is %d bytes, of at most %d", of.Pattern, len(got.text), maxPage)
	}
	visit := len(got.text)
	for _, asset := range linked.FindAllStringSubmatch(got.text, -1) {
		loaded := w.send(sent{method: "GET", path: asset[1]})
		if loaded.status != 200 {
			w.Errorf("%s loads %s: %d", of.Pattern, asset[1], loaded.status)
		}
		visit += len(loaded.text)
	}
	if visit > maxFirstVisit {
		w.Errorf("a first visit to %s loads %d bytes, of at most %d", of.Pattern, visit, maxFirstVisit)
	}
}
