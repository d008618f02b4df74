package portal

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// A page weighs at most 60 KB, however long a list is that somebody brings: it names what has to
// be corrected and counts the rest. What is too long for a form lies beside the session.
const (
	roomForRows = 26_000 // bytes of rows
	maxInField  = 12_000 // of a list that stands in a field again
	maxInForm   = 10_000 // of what a form carries on
	maxProblems = 600    // of what is said to be wrong
)

// importKeptRoutes answer with what has to be corrected of a list that is too long for a page.
var importKeptRoutes = []route{
	{http.MethodGet, importPath + "/left", authz.UpdateUser, exportImportLeft},
}

// importKept is what a form would carry on.
type importKept struct{ Columns, Rest, Left string }

// carry keeps beside the session what is too long for the form, and chooses the lines that the
// page lists.
func (v *visit) carry(ctx context.Context, p *importPage) error {
	p.choose()
	p.Problem = shortened(p.Problem, maxProblems)
	p.Long = written(p.Text) > maxInField
	if p.Header == nil || written(p.Rest)+written(p.left()) <= maxInForm && !p.Long {
		return nil
	}
	text, err := json.Marshal(importKept{strings.Join(p.Header, ","), p.Rest, p.left()})
	if err != nil {
		return err
	}
	secret, _ := v.session()
	p.Kept, err = v.Sessions.Keep(ctx, secret, string(text))
	return err
}

// carried is what the form carries on, or what lies beside the session for it.
func (v *visit) carried(ctx context.Context) (importKept, error) {
	sent := v.request.PostForm
	kept := importKept{strings.TrimSpace(sent.Get("columns")), strings.TrimSpace(sent.Get("rest")), strings.TrimSpace(sent.Get("left"))}
	if id := v.typed("kept"); id != "" {
		return v.keptImport(ctx, id)
	}
	return kept, nil
}

func (v *visit) keptImport(ctx context.Context, id string) (kept importKept, err error) {
	secret, _ := v.session()
	text, err := v.Sessions.Kept(ctx, secret, id)
	if err == nil {
		err = json.Unmarshal([]byte(text), &kept)
	}
	return kept, err
}

// exportImportLeft answers with the lines that have to be corrected, as a file that is sent again
// when they are.
func exportImportLeft(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.Directory.CheckImport(ctx, v.by.Caller, nil, nil); err != nil {
		return answer{}, err
	}
	id := v.request.URL.Query().Get("file")
	if id == "" {
		return then(importPath)
	}
	kept, err := v.keptImport(ctx, id)
	if err != nil {
		return answer{}, err
	}
	return answer{file: &file{name: "to-correct.csv", media: "text/csv; charset=utf-8", body: []byte(kept.Columns + "\n" + kept.Left + "\n")}}, nil
}

// inField is what stands in the field again.
func (p importPage) inField() string {
	if p.Long {
		return ""
	}
	return p.Text
}

// choose chooses the lines that the page lists: those that are wrong first, and no more than it
// has room for.
func (p *importPage) choose() {
	room := roomForRows
	p.Shown = map[directory.ImportStanding][]directory.ImportLine{}
	for _, s := range importStandings {
		most := maxLinesShown
		if s == directory.ImportNew {
			most = maxNewShown
		}
		for _, l := range p.Lines {
			weight := lineWeight(l)
			if l.Standing != s || weight > room || len(p.Shown[s]) == most {
				continue
			}
			room -= weight
			p.Shown[s] = append(p.Shown[s], l)
		}
	}
}

// markup is about what the markup of a row takes.
const markup = 340

func lineWeight(l directory.ImportLine) int {
	n := markup + written(l.UPN()) + written(l.Why)
	if l.Standing == directory.ImportNew {
		n += written(l.User.DisplayName)
	}
	for _, c := range l.Changes {
		n += 60 + written(c.Property) + written(c.Before) + written(c.After)
	}
	return n
}

// written is how many bytes a text takes on a page.
func written(text string) int { return len(html.EscapeString(text)) }

// shortened is a text of at most so many bytes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// listed are the lines of a list of people that the page shows: those that cannot be assigned
// first, and no more than it has room for.
func (p assignPage) listed() (all []requests.Assignee) {
	room := roomForRows
	for _, ready := range []bool{false, true} {
		for _, a := range p.Checked {
			weight := markup + written(a.Line) + written(a.User.DisplayName)
			if a.Refusal != nil {
				weight += written(entitlement.MessageOf(a.Refusal))
			}
			if (a.Standing == requests.StandsFree) != ready || weight > room {
				continue
			}
			room -= weight
			all = append(all, a)
		}
	}
	return all
}

// typedPeople is the list as it stands in the field again, and whether that is all of it.
func (p assignPage) typedPeople() (text string, whole bool) {
	if written(p.Input.People) <= maxInField {
		return p.Input.People, true
	}
	room, lines := maxInField, []string{}
	for _, line := range strings.Split(p.Input.People, "\n") {
		if room -= written(line) + 1; room < 0 {
			break
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), false
}
