package graph

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// A walk of every delegated role over every operation, with right ids: held in the catalogs of
// what is there, and in another one. What policies say of an action is compared with the plain
// model in package authz; here the answers of the API are compared with what policies say.

// delegate adds somebody to whom nothing is open without a role: a guest, for whom no policy
// is, and who approves nothing.
func (w *fixture) delegate() {
	w.Helper()
	w.ids["delegate"] = w.call("admin", "POST", "/v1.0/users", object{"displayName": "Delegate", "userPrincipalName": "delegate@example.com", "userType": "Guest",
		"identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": "delegate"}}}).want(201).get("id")
	w.ids["catalog3"] = w.call("admin", "POST", em+"/catalogs", object{"displayName": "Third"}).want(201).get("id")
}

// actionOf is what a way to call an operation asks for.
func actionOf(tk taking) authz.Action {
	kind, _ := tk.body["requestType"].(string)
	for _, op := range served() {
		switch {
		case op.name() != tk.op:
		case op.path == requestPath && tk.body != nil:
			return requestActions[entitlement.RequestType(kind)]
		case kind == "adminRemove":
			return authz.RemoveResource
		default:
			return op.action
		}
	}
	return 0
}

// delegated are the ways to call operations on what is not the caller's own.
func delegated() []taking {
	return slices.DeleteFunc(takings(), func(tk taking) bool {
		may := authz.Rules[actionOf(tk)].May
		return tk.as != "" || actionOf(tk) == 0 || may&authz.Everybody != 0 || may&authz.Administrators == 0
	})
}

func refusedAs(got reply) bool {
	return got.status == http.StatusForbidden || got.status == http.StatusNotFound
}

// leaks names what an answer tells of the two catalogs in which the caller holds no role. What
// was sent is no news.
func (w *fixture) leaks(sent, text string) string {
	for _, name := range []string{"catalog", "catalog2", "package", "package2", "package3", "policy", "resource", "resourceK", "held", "held2", "request"} {
		if id := w.ids[name]; strings.Contains(text, `"`+id+`"`) && !strings.Contains(sent, id) {
			return name
		}
	}
	return ""
}

// asked is one way to call an operation as the delegate: as it is, or with one of its filters.
type asked struct {
	taking
	where string
}

func (q asked) String() string { return strings.TrimSpace(q.op + " " + q.where) }

func (q asked) sent(w *fixture) (reply, string) {
	q.as = "delegate"
	if q.where == "" {
		return q.call(w, "", ""), ""
	}
	in := q.ids[q.where]
	id := w.ids[cmpOr(in.right, kinds[in.kind])]
	return q.call(w, q.where, id), id
}

// walked are all of them.
func walked() []asked {
	var all []asked
	for _, tk := range delegated() {
		all = append(all, asked{tk, ""})
		for _, where := range slices.Sorted(maps.Keys(tk.ids)) {
			if strings.HasPrefix(where, "filter ") && tk.ids[where].foreign == "" {
				all = append(all, asked{tk, where})
			}
		}
	}
	return all
}

// Somebody who holds a role in another catalog is answered like somebody who holds none, but
// that lists of everything show what is in that catalog.
func TestR170_ARoleInOneCatalogOpensNothingOfAnother(t *testing.T) {
	n := 0
	for _, d := range entitlement.RoleDefinitions {
		if d.Everywhere {
			continue // there is no other place than everywhere
		}
		w := stockParents(t)
		w.delegate()
		alone := map[string]string{}
		for _, q := range walked() {
			got, sent := q.sent(w)
			alone[q.String()] += got.said(sent)
			if got.status == http.StatusOK && len(got.values()) > 0 || got.status != http.StatusOK && !refusedAs(got) {
				t.Errorf("%s is open to somebody without a role: %d %s", q, got.status, got.text)
			}
		}

		w.assign("admin", "delegate", d.ID, w.ids["catalog3"]).want(201)
		before, now := w.everything(), map[string]string{}
		for _, q := range walked() {
			n++
			got, sent := q.sent(w)
			now[q.String()] += got.said(sent)
			if told := w.leaks(sent, got.text); told != "" {
				t.Errorf("%s, %s in another catalog: is told of %s: %s", q, d.DisplayName, told, got.text)
			}
			if got.status != http.StatusOK && !refusedAs(got) {
				t.Errorf("%s, %s in another catalog: %d %s", q, d.DisplayName, got.status, got.text)
			}
		}
		if w.everything() != before {
			t.Errorf("%s in another catalog changed something", d.DisplayName)
		}
		for q, said := range now {
			method, path, _ := strings.Cut(q, " ")
			list := method == "GET" && !strings.ContainsAny(path, "{ ")
			// A target is in no catalog: an owner of one, wherever, is told that it takes more (R172).
			if list = list || strings.HasPrefix(path, connectorPath+"/resources") && d.ID == entitlement.CatalogOwner; said != alone[q] && !list {
				t.Errorf("%s, %s in another catalog: the answer is another one than without a role: %s, was %s", q, d.DisplayName, said, alone[q])
			}
		}
	}
	t.Logf("%d combinations", n)
}

// What the policies allow by a role in the catalogs of what is there is let through, and
// nothing else is.
func TestTheAPIDoesWhatThePoliciesSay(t *testing.T) {
	n, open, differ := 0, 0, 0
	for _, d := range entitlement.RoleDefinitions {
		var w *fixture
		fresh := func() {
			w = stockParents(t)
			w.delegate()
			if d.Everywhere {
				w.assign("admin", "delegate", d.ID, "").want(201)
				return
			}
			w.assign("admin", "delegate", d.ID, w.ids["catalog"]).want(201)
			w.assign("admin", "delegate", d.ID, w.ids["catalog2"]).want(201)
		}
		fresh()
		for _, q := range walked() {
			a := actionOf(q.taking)
			if a == authz.ListApprovals && q.where != "" {
				a = authz.ReadApproval // the one with that id
			}
			if (a == authz.AddResource || a == authz.RemoveResource || a == authz.PickResource) && d.ID == entitlement.CatalogOwner {
				continue // takes more than the role (R172)
			}
			n++
			got, _ := q.sent(w)
			want := slices.Contains(authz.RolesFor(a), d.ID) && (d.Everywhere || !ofEverything(q))
			if q.op == "POST "+adoptPath {
				want = want && slices.Contains(authz.RolesFor(authz.ReadDeliveryErrors), d.ID) // whoever adopts sees the finding
			}
			none := refusedAs(got) || q.where != "" && got.status == http.StatusOK && len(got.values()) == 0
			if want == none {
				differ++
				t.Errorf("%s, %s: %d, the policies say %t of %s: %.200s", q, d.DisplayName, got.status, want, a, got.text)
			}
			if want {
				open++
			}
			if got.status < 300 && a.Writes() {
				fresh() // what it did is not undone
			}
		}
	}
	t.Logf("%d combinations, %d allowed, %d differences", n, open, differ)
}

// ofEverything reports what roles in catalogs do not open, in whichever: lists that are not
// narrowed to a package (R176), and what is asked for all targets at once.
func ofEverything(q asked) bool {
	switch q.op {
	case "GET " + heldPath, "GET " + exportPath, "GET " + requestPath, "GET " + em + "/assignmentPolicies":
		return q.where != "filter id" && q.where != "filter accessPackage/id" && q.where != "filter assignmentPolicy/id"
	case "POST " + exportsPath: // an assignment or a person is as little narrowed to a package
		return q.where != "filter accessPackage/id" && q.where != "filter assignmentPolicy/id"
	case "POST " + ours + "/reprocess", "GET " + accountsPath, "GET " + accountsPath + "/$count":
		return true
	default:
		return false
	}
}

// Whatever an owner of another catalog expands, it is told of nothing that its role does not
// show; and an owner of the catalog expands what is in it, and no more than that.
func TestR170_NoExpansionLeadsIntoAnotherCatalog(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	w.delegate()
	w.assign("admin", "delegate", entitlement.CatalogOwner, w.ids["catalog3"]).want(201)
	w.assign("admin", "other", entitlement.CatalogOwner, w.ids["catalog"]).want(201)

	n, outside := 0, []string{"environment", "incompatibleAccessPackages", "incompatibleGroups"}
	for _, op := range served() {
		if op.method != http.MethodGet || op.serve == nil || strings.HasSuffix(op.path, "/$count") {
			continue
		}
		path := w.readable(op.path)
		may := w.call("other", "GET", path, nil).status
		for _, members := range w.expansions(path) {
			n++
			at := expanding(path, members...)
			if got := w.call("delegate", "GET", at, nil); tells(got.text) != "" {
				t.Errorf("GET %s: an owner of another catalog is told of %s", at, tells(got.text))
			}
			got := w.call("other", "GET", at, nil)
			leads := slices.ContainsFunc(members, func(m string) bool { return slices.Contains(outside, m) })
			shows := got.status == http.StatusOK && !strings.HasSuffix(strings.TrimSpace(got.text), `"value":[]}`)
			if may == http.StatusOK && leads && shows || may != http.StatusOK && got.status != may || may == http.StatusOK && !leads && got.status != http.StatusOK {
				t.Errorf("GET %s: the owner is answered %d, without expansion %d: %.200s", at, got.status, may, got.text)
			}
		}
	}
	t.Logf("%d combinations", n)
}
