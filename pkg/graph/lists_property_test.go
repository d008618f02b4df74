package graph

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// drawnList is a list with what it holds, as each thing is shown by itself.
type drawnList struct {
	as, path  string
	rows      []object
	fixed     string            // a filter without which the list is another one; may be empty
	within    func(object) bool // what fixed lets through
	uncounted bool              // it has no path for its count
}

// drawn is a filter with its meaning, which is written down here once more and not taken
// from the code under test.
type drawn struct {
	text string
	yes  func(object) bool
}

// draw makes filters and orders over the properties of rows.
type draw struct {
	*rand.Rand
	rows []object
}

// properties are those that a filter can be drawn over: texts, switches, times and nulls.
func (d draw) properties() []string {
	var names []string
	for name, v := range d.rows[0] {
		switch v.(type) {
		case string, bool, nil:
			if !strings.Contains(name, "@") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (d draw) filter(depth int) drawn {
	switch n := d.IntN(6); {
	case depth > 0 && n == 0:
		a, b := d.filter(depth-1), d.filter(depth-1)
		return drawn{"(" + a.text + " and " + b.text + ")", func(o object) bool { return a.yes(o) && b.yes(o) }}
	case depth > 0 && n == 1:
		a, b := d.filter(depth-1), d.filter(depth-1)
		return drawn{"(" + a.text + " or " + b.text + ")", func(o object) bool { return a.yes(o) || b.yes(o) }}
	case depth > 0 && n == 2:
		a := d.filter(depth - 1)
		return drawn{"not (" + a.text + ")", func(o object) bool { return !a.yes(o) }}
	default:
		return d.condition()
	}
}

// condition compares a property with what some row has there.
func (d draw) condition() drawn {
	properties := d.properties()
	name := properties[d.IntN(len(properties))]

	switch v := d.rows[d.IntN(len(d.rows))][name].(type) {
	case bool:
		return drawn{name + " eq " + strconv.FormatBool(v), func(o object) bool { return o[name] == v }}
	case string:
		if strings.HasSuffix(name, "DateTime") {
			return d.times(name, v)
		}
		return d.texts(name, v)
	default:
		return drawn{name + " eq null", func(o object) bool { return o[name] == nil }}
	}
}

func (d draw) times(name, v string) drawn {
	at, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		panic(err)
	}

	op := []string{"ge", "lt", "eq"}[d.IntN(3)]
	return drawn{name + " " + op + " " + v, func(o object) bool {
		text, _ := o[name].(string)
		is, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return false
		}
		switch op {
		case "ge":
			return !is.Before(at)
		case "lt":
			return is.Before(at)
		default:
			return is.Equal(at)
		}
	}}
}

func (d draw) texts(name, v string) drawn {
	low := func(o object) (string, bool) {
		text, ok := o[name].(string)
		return strings.ToLower(text), ok
	}
	part := strings.ToLower(v[:d.IntN(len(v)+1)])

	switch d.IntN(6) {
	case 0:
		return drawn{name + " ne " + quote(v), func(o object) bool { text, ok := low(o); return !ok || text != strings.ToLower(v) }}
	case 1:
		return drawn{"startswith(" + name + "," + quote(part) + ")", func(o object) bool { text, ok := low(o); return ok && strings.HasPrefix(text, part) }}
	case 2:
		return drawn{"contains(tolower(" + name + ")," + quote(part) + ")", func(o object) bool { text, ok := low(o); return ok && strings.Contains(text, part) }}
	case 3:
		other, _ := d.rows[d.IntN(len(d.rows))][name].(string)
		return drawn{name + " in (" + quote(v) + "," + quote(other) + ")", func(o object) bool {
			text, ok := low(o)
			return ok && (text == strings.ToLower(v) || text == strings.ToLower(other))
		}}
	case 4:
		return drawn{strings.ToUpper(name) + " gt " + quote(v), func(o object) bool { text, ok := low(o); return ok && text > strings.ToLower(v) }}
	default:
		return drawn{name + " eq " + quote(v), func(o object) bool { text, ok := low(o); return ok && text == strings.ToLower(v) }}
	}
}

// before orders two values as $orderby does: null first, texts in any case.
func before(a, b any) int {
	if a == nil || b == nil {
		switch {
		case a == nil && b == nil:
			return 0
		case a == nil:
			return -1
		default:
			return 1
		}
	}
	if x, ok := a.(bool); ok {
		return cmp.Compare(map[bool]int{true: 1}[x], map[bool]int{true: 1}[b.(bool)])
	}

	x, y := a.(string), b.(string)
	if at, err := time.Parse(time.RFC3339Nano, x); err == nil {
		if bt, err := time.Parse(time.RFC3339Nano, y); err == nil {
			return at.Compare(bt)
		}
	}
	return strings.Compare(strings.ToLower(x), strings.ToLower(y))
}

// query is what a call asks of a list, with what it must answer.
type query struct {
	options url.Values
	top     int
	skip    int
	order   string // a property; "" for none
	down    bool
	want    []object
}

func (d draw) query(l drawnList) query {
	q := query{options: url.Values{}, top: entitlement.PageSize, want: l.rows}

	if d.IntN(5) > 0 || l.fixed != "" {
		f := drawn{l.fixed, l.within}
		switch {
		case l.fixed == "":
			f = d.filter(2)
		case d.IntN(2) == 0:
			more := d.filter(1)
			f = drawn{l.fixed + " and " + more.text, func(o object) bool { return l.within(o) && more.yes(o) }}
		}
		q.options.Set("$filter", f.text)
		q.want = slices.DeleteFunc(slices.Clone(q.want), func(o object) bool { return !f.yes(o) })
	}

	if d.IntN(3) > 0 {
		q.top = []int{1, 2, 3, 7, 20, 99, 100, 101, 250, 999}[d.IntN(10)]
		if len(l.rows) > 60 && q.top < 5 {
			q.top *= 11
		}
		q.options.Set("$top", strconv.Itoa(q.top))
	}
	if d.IntN(4) == 0 {
		q.skip = d.IntN(len(l.rows) + 2)
		q.options.Set("$skip", strconv.Itoa(q.skip))
	}
	if d.IntN(3) == 0 {
		properties := d.properties()
		q.order, q.down = properties[d.IntN(len(properties))], d.IntN(2) == 0
		q.options.Set("$orderby", q.order+map[bool]string{true: " desc", false: ""}[q.down])
	}
	if d.IntN(3) == 0 {
		q.options.Set("$count", "true")
	}
	return q
}

// follow asks for a list and follows it to its end.
func (w *fixture) follow(l drawnList, q query) (rows []object) {
	w.Helper()
	path := l.path
	if len(q.options) > 0 {
		path += "?" + q.options.Encode()
	}
	name := path

	for first := true; path != ""; first = false {
		page := w.call(l.as, "GET", path, nil).want(200)
		values := page.values()
		path = page.next()

		if len(values) > q.top {
			w.Errorf("%s: %d rows on a page of %d", name, len(values), q.top)
		}
		if path != "" && len(values) != q.top {
			w.Errorf("%s: a page of %d rows, and more to follow, where %d were asked for", name, len(values), q.top)
		}
		if len(values) == 0 && !first {
			w.Errorf("%s: a link to nothing", name)
		}
		if count, counted := page.body["@odata.count"]; counted != (first && q.options.Has("$count")) || counted && count != float64(len(q.want)) {
			w.Errorf("%s: counted %v, want %d", name, count, len(q.want))
		}
		for _, v := range values {
			rows = append(rows, v.(object))
		}
		if len(rows) > 2*len(l.rows) {
			w.Fatalf("%s: %d rows and no end, of %d", name, len(rows), len(l.rows))
		}
	}
	return rows
}

// check compares what a list answers with what it must.
func (w *fixture) check(l drawnList, q query) {
	w.Helper()
	name := l.path + "?" + q.options.Encode()
	got := w.follow(l, q)

	left := map[string]object{}
	for _, o := range q.want {
		left[dig(o, "id")] = o
	}
	if want := max(0, len(q.want)-q.skip); len(got) != want {
		w.Fatalf("%s: %d rows, want %d", name, len(got), want)
	}

	for i, o := range got {
		id := dig(o, "id")
		if left[id] == nil {
			w.Fatalf("%s: %s is there twice, or should not be", name, id)
		}
		delete(left, id)

		if i > 0 && q.order != "" {
			if order := before(got[i-1][q.order], o[q.order]); order > 0 && !q.down || order < 0 && q.down {
				w.Fatalf("%s: %v comes before %v", name, got[i-1][q.order], o[q.order])
			}
		}
	}

	if q.order != "" { // what $skip left out comes first
		for _, o := range left {
			if len(got) > 0 {
				if order := before(o[q.order], got[0][q.order]); order > 0 && !q.down || order < 0 && q.down {
					w.Fatalf("%s: %v was skipped, and %v is shown", name, o[q.order], got[0][q.order])
				}
			}
		}
	}

	if filter := q.options.Get("$filter"); len(got)%3 == 0 && !l.uncounted {
		path := l.path + "/$count"
		if filter != "" {
			path = filtered(path, filter)
		}
		if text := w.call(l.as, "GET", path, nil).want(200).text; text != strconv.Itoa(len(q.want)) {
			w.Errorf("%s: counts %s, want %d", path, text, len(q.want))
		}
	}
}

// drawnName is a name as people give them: some alike, some with what must be escaped.
func (d draw) name() string {
	words := []string{"Sales", "sales", "Légal", "O'Connor & Sons", "IT", "A/B", "100% team", "Zoë", strings.Repeat("long ", 40)}
	return words[d.IntN(len(words))] + strings.Repeat(" ", d.IntN(2)) + strconv.Itoa(d.IntN(40))
}

// everyList fills a fixture and returns its lists.
func everyList(w *fixture, d draw, size int) []drawnList {
	w.Helper()
	post := func(path string, body object) object { return w.call("admin", "POST", path, body).want(201).body }
	var catalogs, packages, policies, users, groups, resources, requests, assignments []object

	shown := func(path string) []object {
		return []object{w.call("admin", "GET", path, nil).want(200).body}
	}
	w.offer(open())
	catalogs = append(catalogs, shown(em+"/catalogs/"+w.ids["catalog"])...)
	packages = append(packages, shown(packagePath+"/"+w.ids["package"])...)
	policies = append(policies, shown(em+"/assignmentPolicies/"+w.ids["policy"])...)
	for _, name := range []string{"admin", "manager", "member", "other", "reviewer", "disabled", "robot"} {
		users = append(users, shown("/v1.0/users/"+w.ids[name])...)
	}
	for _, id := range []string{w.ids["sales"], w.ids["reviewers"], string(entitlement.AdministratorsGroup)} {
		groups = append(groups, shown("/v1.0/groups/"+id)...)
	}
	ref := func(id string) object { return object{"@odata.id": publicURL + "/v1.0/users/" + id} }
	var members []object
	var asked, held []string
	unlike := func(i int) string { return " " + strconv.Itoa(i) } // of two catalogs, or two packages of one, the names differ

	for i := range size {
		catalogs = append(catalogs, post(em+"/catalogs", object{"displayName": d.name() + unlike(i), "description": d.name(), "state": []string{"published", "unpublished"}[d.IntN(2)]}))
		users = append(users, post("/v1.0/users", object{"displayName": d.name(), "userPrincipalName": fmt.Sprintf("%c%d@example.com", 'a'+d.IntN(4), i), "department": d.name()}))
		groups = append(groups, post("/v1.0/groups", object{"displayName": d.name(), "mailNickname": "g" + strconv.Itoa(i)}))
		w.clock.Advance(time.Duration(d.IntN(3)) * time.Minute)

		p := post(packagePath, object{"displayName": d.name() + unlike(i), "description": d.name(), "isHidden": d.IntN(2) == 0, "catalog": object{"id": w.ids["catalog"]}})
		packages = append(packages, p)
		if i%3 == 0 {
			policy := open()
			policy["displayName"], policy["description"], policy["accessPackage"] = d.name(), "", object{"id": dig(p, "id")}
			policies = append(policies, post(em+"/assignmentPolicies", policy))
		}
		if i%4 == 0 {
			group := dig(groups[len(groups)-1], "id")
			post(em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]}, "resource": object{"originId": group, "originSystem": "AadGroup"}})
		}

		user := users[len(users)-1]
		if i%2 == 0 {
			w.call("admin", "POST", "/v1.0/groups/"+w.ids["sales"]+"/members/$ref", ref(dig(user, "id"))).want(204)
			members = append(members, user)
		}
		made := post(requestPath, object{"requestType": "adminAdd", "justification": d.name(), "assignment": object{"targetId": dig(user, "id"), "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}})
		asked, held = append(asked, dig(made, "id")), append(held, dig(made, "id"))
		if i%5 == 0 {
			end := post(requestPath, object{"requestType": "adminRemove", "assignment": object{"id": dig(made, "id")}})
			asked = append(asked, dig(end, "id"))
		}
	}

	for _, id := range asked {
		requests = append(requests, shown(requestPath+"/"+id)...)
	}
	for _, id := range held {
		assignments = append(assignments, shown(heldPath+"/"+id)...)
	}

	for _, r := range w.call("admin", "GET", em+"/catalogs/"+w.ids["catalog"]+"/resources?$top=999", nil).values() {
		resources = append(resources, r.(object))
	}

	all := func(object) bool { return true }
	inCatalog, ofPackage := "catalog/id eq '"+w.ids["catalog"]+"'", "accessPackage/id eq '"+w.ids["package"]+"'"
	return []drawnList{
		{as: "admin", path: em + "/catalogs", rows: catalogs},
		{as: "admin", path: packagePath, rows: packages},
		{as: "admin", path: packagePath, rows: packages, fixed: inCatalog, within: all},
		{as: "admin", path: em + "/assignmentPolicies", rows: policies},
		{as: "admin", path: em + "/assignmentPolicies", rows: policies[:1], fixed: ofPackage, within: all},
		{as: "admin", path: "/v1.0/users", rows: users},
		{as: "admin", path: "/v1.0/groups", rows: groups},
		{as: "admin", path: "/v1.0/groups/" + w.ids["sales"] + "/members", rows: members},
		{as: "admin", path: em + "/catalogs/" + w.ids["catalog"] + "/resources", rows: resources},
		{as: "admin", path: requestPath, rows: requests},
		{as: "admin", path: requestPath, rows: requests, fixed: ofPackage, within: all},
		{as: "admin", path: heldPath, rows: assignments},
		{as: "admin", path: heldPath, rows: assignments, fixed: ofPackage, within: all},
		{as: "member", path: packagePath + "/filterByCurrentUser(on='allowedRequestor')", rows: requestable(packages, policies), uncounted: true},
	}
}

// requestable are the packages that are not hidden and have a policy.
func requestable(packages, policies []object) (all []object) {
	asked := map[string]bool{}
	for _, p := range policies {
		asked[dig(p, "accessPackage.id")] = true
	}
	for i, p := range packages {
		if p["isHidden"] == false && (i == 0 || (i-1)%3 == 0) {
			all = append(all, p)
		}
	}
	return all
}

// Lists of every kind, of drawn sizes, under drawn filters, orders, page sizes and skips:
// followed to the end they are what was asked for, each row once, on full pages, and no
// link leads to nothing.
func TestS21_ListsTellTheTruth(t *testing.T) {
	seed := uint64(20261126)
	queries := 0
	for size, each := range map[int]int{1: 25, 12: 25, 60: 20, 130: 8, 500: 2} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			w := newFixture(t)
			d := draw{Rand: rand.New(rand.NewPCG(seed, uint64(size)))}
			for _, l := range everyList(w, d, size) {
				d.rows = l.rows
				if len(l.rows) == 0 {
					continue
				}
				for range each {
					w.check(l, d.query(l))
					queries++
				}
			}
		})
	}
	t.Logf("%d queries", queries)
}
