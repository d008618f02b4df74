package portal

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// heaviest is what a page may weigh.
const heaviest = 60_000

var hiddenFields = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)"`)

// after returns the form that stands on a page below an action.
func after(page, action string) url.Values {
	_, form, _ := strings.Cut(page, `action="`+action+`"`)
	form, _, _ = strings.Cut(form, "</form>")
	out := url.Values{}
	for _, f := range hiddenFields.FindAllStringSubmatch(form, -1) {
		out.Set(f[1], html.UnescapeString(f[2]))
	}
	return out
}

// A file of 5,000 lines is checked, applied and corrected on pages of at most 60 KB: they list some
// of what has to be corrected, count the rest, and have it as a file.
func TestY1_AFileOfFiveThousandPeopleIsImportedOnSmallPages(t *testing.T) {
	for name, line := range map[string]func(i int) string{
		"all new": func(i int) string {
			return fmt.Sprintf("person%d@northwind.example,Person of a rather long name %d,Sales", i, i)
		},
		"all wrong": func(i int) string { return fmt.Sprintf("person%d,Person of a rather long name %d,Sales", i%10, i) },
		"half wrong, hostile": func(i int) string {
			if i%2 == 0 {
				return `<script>alert(1)</script>,"<b onclick=""x"">'&'&'&'&'&'&'&'&'&'&'",Sales`
			}
			return fmt.Sprintf(`person%d@northwind.example,"<b onclick=""x"">'&'&'&'&'&'&'&'&'&'&'",Sales`, i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t).filled()
			var lines strings.Builder
			lines.WriteString("userPrincipalName,displayName,department")
			for i := range 5000 {
				lines.WriteString("\n" + line(i))
			}
			cookie := w.cookies["admin"]
			post := func(path string, form url.Values) string {
				t.Helper()
				form.Set("form", w.token(cookie))
				got := w.send(sent{method: "POST", path: path, cookie: cookie, form: form})
				t.Logf("%s: %d, %d bytes", path, got.status, len(got.text))
				if got.status >= 400 || len(got.text) > heaviest || strings.Contains(got.text, "<script") || strings.Contains(got.text, "<b onclick") {
					t.Fatalf("%s: %d, %d bytes: %s", path, got.status, len(got.text), got.text[:min(len(got.text), 3000)])
				}
				return got.text
			}
			page := post("/administration/import", url.Values{"lines": {lines.String()}})
			wrong := strings.Count(lines.String(), "\nperson") == 5000 && name == "all wrong"
			if left := regexp.MustCompile(`href="[^"]*(/administration/import/left\?file=[A-Z0-9]+)"`).FindStringSubmatch(page); name == "all new" != (left == nil) {
				t.Errorf("a file of what has to be corrected: %v", left)
			} else if left != nil {
				file := w.send(sent{method: "GET", path: left[1], cookie: cookie})
				want := 2500
				if wrong {
					want = 5000
				}
				if n := strings.Count(file.text, "\n") - 1; n < want-10 || n > want || !strings.HasPrefix(file.kind, "text/csv") {
					t.Errorf("%s: %d lines are to be corrected, want %d", file.kind, n, want)
				}
				// Nobody else has it.
				if other := w.send(sent{method: "GET", path: left[1], cookie: w.cookies["member"]}); other.status != 403 && other.status != 404 {
					t.Errorf("somebody else gets %d", other.status)
				}
			}
			if wrong {
				return
			}

			// The lines are applied some at a time, each page as small as the first.
			for n := range 2 {
				if page = post("/administration/import/apply", after(page, "/portal/administration/import/apply")); !strings.Contains(page, fmt.Sprintf("Applied: %d lines.", 250*(n+1))) {
					t.Fatalf("step %d did not apply 250 lines: %s", n, page[:3000])
				}
			}
			if u, err := w.store.UserNamed(t.Context(), "person1@northwind.example"); err != nil || u.UserPrincipalName == "" {
				t.Errorf("the first person is not there: %v", err)
			}
		})
	}
}

// A list of people to be assigned is small on a page too, however many lines are sent.
func TestY1_AListOfPeopleToAssignIsASmallPage(t *testing.T) {
	w := newFixture(t).filled()
	cookie, at := w.cookies["admin"], w.at(own)
	for _, many := range []int{200, 1_200} {
		for name, line := range map[string]string{"plain": "somebody.of.a.rather.long.name.%d@northwind.example", "hostile": "<script>'&'&'%d"} {
			var lines []string
			for i := range many {
				lines = append(lines, fmt.Sprintf(line, i))
			}
			form := url.Values{"people": {strings.Join(lines, "\n")}, "policy": {at("policy of free")}, "form": {w.token(cookie)}}
			got := w.send(sent{method: "POST", path: "/manage/packages/" + at("free") + "/assign", cookie: cookie, form: form})
			t.Logf("%d lines, %s: %d, %d bytes", many, name, got.status, len(got.text))
			if len(got.text) > heaviest || got.status != map[bool]int{true: 200, false: 400}[many == 200] || strings.Contains(got.text, "<script") {
				t.Errorf("%d lines, %s: %d, %d bytes", many, name, got.status, len(got.text))
			}
		}
	}

	// With 200 people who can be assigned, too.
	var lines []string
	for i := range 200 {
		name := fmt.Sprintf("assigned.person.of.a.long.name.%d", i)
		w.person(name, nil)
		w.api("admin", "POST", "/v1.0/groups/"+w.ids["askers"]+"/members/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids[name]})
		lines = append(lines, w.ids[name])
	}
	form := url.Values{"people": {strings.Join(lines, "\n")}, "policy": {at("policy of free")}, "form": {w.token(cookie)}}
	page := w.send(sent{method: "POST", path: "/manage/packages/" + at("free") + "/assign", cookie: cookie, form: form})
	t.Logf("200 who can be assigned: %d bytes", len(page.text))
	if len(page.text) > heaviest || !strings.Contains(page.text, "200 can be assigned") {
		t.Errorf("%d bytes: %s", len(page.text), regexp.MustCompile(`(?s)<caption>.*?</tr>.{600}`).FindString(page.text))
	}
	confirmed := "/manage/packages/" + at("free") + "/assign/confirmed"
	send := after(page.text, "/portal"+confirmed)
	send.Set("form", w.token(cookie))
	if done := w.send(sent{method: "POST", path: confirmed, cookie: cookie, form: send}); done.status != 303 || !strings.Contains(done.to, "assigned=200") {
		t.Errorf("assigned: %d, %s", done.status, done.to)
	}
}
