package portal

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"leasehold/pkg/names"
	pages "leasehold/pkg/portal"
)

var hrefs = regexp.MustCompile(`<a [^>]*href="([^"]*)"`)

// reached are the pages that somebody comes to from the first one, from link to link, and what
// they came to that was closed.
func (w *fixture) reached(cookie string) (open map[string]bool, closed []string) {
	open = map[string]bool{"": true}
	for queue := []string{""}; len(queue) > 0; queue = queue[1:] {
		got := w.send(sent{method: "GET", path: queue[0], cookie: cookie})
		if got.status != 200 {
			closed = append(closed, queue[0])
			continue
		}
		for _, link := range hrefs.FindAllStringSubmatch(got.text, -1) {
			u, err := url.Parse(html.UnescapeString(link[1]))
			if err != nil || !strings.HasPrefix(u.Path, names.PortalPath) {
				continue
			}
			path := strings.TrimPrefix(u.Path, names.PortalPath)
			if !open[path] {
				open[path] = true
				queue = append(queue, strings.TrimPrefix(u.RequestURI(), names.PortalPath)) // a page may say nothing without its query
			}
		}
	}
	return open, closed
}

// Whoever may see a page is led to it by links, and no link leads anybody to what is closed to
// them.
func TestPagesLeadToWhatIsOpenAndToNothingElse(t *testing.T) {
	w := newFixture(t).filled()
	for _, a := range actors {
		open, closed := w.reached(w.cookies[a.name])
		for _, path := range closed {
			t.Errorf("%s is led to %s, which is closed", a.name, path)
		}
		for _, of := range pages.Routes() {
			r := rows["GET "+of.Pattern]
			// What is left of a file is led to by the page that follows the file, which nobody has sent here.
			if of.Method == "GET" && !strings.Contains(of.Pattern, "{") && of.Pattern != "/administration/import/left" && r.lets(a, of, own) && !open[of.Pattern] {
				t.Errorf("%s may see %s and is not led to it", a.name, of.Pattern)
			}
		}
	}
}
