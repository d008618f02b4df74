package system

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leasehold/localstack/components"
)

// What pages may weigh, in bytes.
const (
	heaviestPage  = 60_000
	heaviestVisit = 100_000 // the heaviest page with all that it has a browser load
)

// maxWalked bounds the pages that the walk opens.
const maxWalked = 400

var (
	numbered = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	loaded   = regexp.MustCompile(`(?:href|src)="([^"]*/static/[^"]+)"`)
)

// Every page that links lead to from the first one, one of each kind, is light, in both languages,
// and loads nothing but what is the site's own.
func TestEveryPageThatLinksLeadToIsLight(t *testing.T) {
	o := open(t, Options{})
	for _, as := range []string{components.Admin, components.Manager, components.Member} {
		who := o.signIn(as)
		if as == components.Member { // who has asked for something has pages more
			o.ask(nil)
		}
		assets, heaviest, seen := 0, 0, map[string]bool{}
		for at := []string{who.site}; len(at) > 0 && len(seen) < maxWalked; at = at[1:] {
			u, err := url.Parse(at[0])
			if err != nil || !strings.HasPrefix(at[0], who.site) || strings.Contains(at[0], "/export") || strings.Contains(at[0], "/sign-") {
				continue
			}
			// One page of each kind: its path without ids, with the names in its query.
			kind := numbered.ReplaceAllString(u.Path, "*") + "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), "&")
			if seen[kind] {
				continue
			}
			seen[kind] = true

			who.must(who.Visitor.Open(t.Context(), at[0]))
			if who.page.Status != 200 || who.page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
				continue
			}
			size := len(who.page.Source)
			if heaviest = max(heaviest, size); size > heaviestPage {
				t.Errorf("%s: %s is %d bytes", as, kind, size)
			}
			if strings.Contains(who.page.Source, "<script") || strings.Contains(who.page.Source, " style=") || strings.Contains(who.page.Source, "http://www.") {
				t.Errorf("%s: %s has a script, a style or an address of its own", as, kind)
			}
			if assets == 0 {
				assets = weigh(who, loaded.FindAllStringSubmatch(who.page.Source, -1))
			}
			for _, l := range who.page.Links {
				at = append(at, l.Address)
			}
		}
		t.Logf("%s: %d kinds of pages, the heaviest of %d bytes, with %d bytes of style and icons", as, len(seen), heaviest, assets)
		if len(seen) < 8 {
			t.Errorf("%s: only %d pages were found", as, len(seen))
		}
		if assets == 0 || heaviest+assets > heaviestVisit {
			t.Errorf("%s: a first visit loads up to %d bytes", as, heaviest+assets)
		}
	}
}

// weigh loads what a page has a browser load.
func weigh(who *reader, found [][]string) (total int) {
	for _, each := range found {
		p, err := who.Visitor.Open(who.Context(), strings.TrimSuffix(who.site, "/portal")+each[1])
		if err != nil || p.Status != 200 {
			who.Fatalf("%s: %v %+v", each[1], err, p)
		}
		total += len(p.Source)
	}
	return total
}
