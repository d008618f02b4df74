package graphtest

import (
	"fmt"
	"net/http"
	"strings"
)

// Walker calls every operation of the reference as somebody who holds one delegated role, or
// none, on what is in the catalogs in which the role is held and on what is in others, and
// compares what is let through with what the policies say. No operation that is refused changes
// anything, so one fixture does for all of somebody's calls.
type Walker struct {
	As         string // who calls
	Role       string // what they hold; "" for nothing
	Everywhere bool   // in the whole organisation
	// Actions are those that an operation needs, by its method and path as the description of
	// the API has them; Lets says whether the role lets do one, and Everybody whether it needs
	// no right at all.
	Actions   map[string]string
	Lets      func(action string) bool
	Everybody func(action string) bool

	owns bool // it has made a catalog, and owns that (R26)
}

// ofEverything are the lists of what is in all catalogs, which roles in a catalog do not open;
// of those that they own, roles are shown what is in their catalogs (R176).
var (
	ofEverything = map[int]bool{22: true, 27: true}
	ofOwn        = map[int]bool{3: true, 45: true}
)

// inNoCatalog are operations on what is in no catalog: only roles that are held everywhere open them.
func inNoCatalog(o Operation) bool { return !strings.Contains(fmt.Sprint(o.Path, o.Body), "{") }

// walked returns an operation as it is called here: on what is there, where the reference names
// nothing, and without the expansion that leads out of the catalog.
func (o Operation) walked() Operation {
	o.Path = strings.Replace(o.Path, ",environment", "", 1)
	if o.Number == 32 || o.Number == 33 {
		o.Path = strings.Replace(o.Path, nobody, "{held}", 1)
		o.Status = http.StatusConflict // it is delivered, and waits for nothing
	}
	return o
}

// action returns what an operation needs of who calls it.
func (w *Walker) action(o Operation) string {
	if o.Number == 28 {
		return "assignDirectly" // by its body
	}

	path, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(o.Path, "/v1.0"), "/"), "?")
	found, fewest := "", 0
	for described, action := range w.Actions {
		method, template, _ := strings.Cut(described, " ")
		// Of two that fit, that which leaves less open is meant.
		open := strings.Count(template, "/{")
		if method == o.Method && fits(template, path) && (found == "" || open < fewest) {
			found, fewest = action, open
		}
	}
	return found
}

// fits reports a path that a template describes, piece by piece.
func fits(template, path string) bool {
	want, got := strings.Split(strings.TrimPrefix(template, "/v1.0"), "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		before, _, holds := strings.Cut(want[i], "{")
		if name, _, _ := strings.Cut(got[i], "("); want[i] != got[i] && !(holds && (before == "" || strings.HasPrefix(before, name+"("))) {
			return false
		}
	}
	return true
}

// wants says whether the policies let an operation through.
func (w *Walker) wants(o Operation, own bool) bool {
	if w.owns && ofOwn[o.Number] {
		return true
	}
	if w.Role == "" || !w.Lets(w.action(o)) {
		return false
	}
	return w.Everywhere || ofOwn[o.Number] || own && !ofEverything[o.Number] && !inNoCatalog(o)
}

// Walk calls all operations on what is in a fixture, which is the caller's own or not, and
// returns how many it called, how many of them are open, and what is otherwise than the policies
// say.
func (w *Walker) Walk(f *Fixture, own bool) (called, open int, differences []string, err error) {
	for _, op := range InOneFixture() {
		op = op.walked()
		action := w.action(op)
		if action == "" {
			return called, open, nil, fmt.Errorf("%d %s %s: the description of the API does not say what it needs", op.Number, op.Method, op.Path)
		}
		if w.Everybody(action) {
			continue
		}

		called++
		want := w.wants(op, own)
		if want {
			open++
		}
		got, err := f.do(w.As, op.Method, op.Path, op.Body)
		if err != nil {
			return called, open, nil, err
		}

		w.owns = w.owns || op.Number == 46 && got.Status == op.Status
		through := got.Status != http.StatusForbidden && got.Status != http.StatusNotFound
		if through != want || want && got.Status != op.Status {
			differences = append(differences, fmt.Sprintf("%d %s %s (%s) by %s, own %t: %d, the policies let it %t: %.200s", op.Number, op.Method, op.Path, action, w.Role, own, got.Status, want, got.Text))
		}
		if !own && !w.Everywhere && strings.Contains(got.Text, f.ids["catalog"]) {
			differences = append(differences, fmt.Sprintf("%d %s %s by %s elsewhere: is told of the catalog: %.200s", op.Number, op.Method, op.Path, w.Role, got.Text))
		}
	}
	return called, open, differences, nil
}

// Delegate gives a role in the catalogs of the fixture, or in the whole organisation, to somebody
// by their id. Whoever may offer resources there owns the group that is offered (R172).
func (f *Fixture) Delegate(principal, role string, everywhere bool) error {
	f.ids["delegate"] = principal
	scopes := []string{"/AccessPackageCatalog/{catalog}", "/AccessPackageCatalog/{bare}"}
	if everywhere {
		scopes = []string{"/"}
	}
	steps := []func() error{f.done(Administrator, "POST", "/v1.0/groups/{reviewers}/owners/$ref", object{"@odata.id": "/v1.0/users/{delegate}"})}
	for _, scope := range scopes {
		steps = append(steps, f.making("", roles+"/roleAssignments", object{"principalId": "{delegate}", "roleDefinitionId": role, "appScopeId": scope}))
	}
	return first(steps...)
}
