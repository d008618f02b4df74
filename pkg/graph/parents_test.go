package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// An id of the right type and of the wrong parent is answered like one that nobody has. The
// table in parents_table_test.go has a row for every id that every operation takes (see
// ids_test.go); each is tried with ids of the right kind under another parent, and with
// ids of every other kind.

// taking is one way to call an operation, with right ids everywhere, and what stands in
// their places.
type taking struct {
	op     string            // method and pattern
	as     string            // "": an administrator
	ok     int               // what it is answered with right ids
	path   map[string]string // variables that are not what they usually are
	filter string            // what every filter has beside the id
	query  string            // of every call that has no filter
	body   object            // texts such as "{package}" are ids
	ids    map[string]place
}

// place is where an id stands.
type place struct {
	kind    string   // what it is the id of
	right   string   // the right one; "" where the call has it already
	wrong   []string // right kind, wrong parent
	free    string   // why each of the kind is a right one
	written string   // how it is written, with * for the id
	without []string // members of the body that would say the same
	refused bool     // whatever stands there is refused
	ignored string   // why nobody reads it
	foreign string   // why it is no id of ours, or stands in another way to call the operation
}

// kinds are the kinds of things, each with one that is there.
var kinds = map[string]string{"user": "member", "group": "sales", "catalog": "catalog", "package": "package", "policy": "policy", "resource": "resource", "role": "role",
	"scope": "scope", "request": "request", "assignment": "held", "stage": "stage", "connector": "connector",
	"roleDefinition": "readerRole", "roleAssignment": "given", "question": "question", "organization": "organization", "extension": "extension", "upload session": "session", "export": "export", "impact change": "change", "role change job": "look", "drift scan": "driftScan", "drift finding": "driftFinding"}

// usual is what stands for the variables of paths.
var usual = map[string]string{"user": "member", "groupId": "spare", "userId": "member", "catalogId": "catalog", "accessPackageId": "package", "otherId": "package3", "policyId": "policy",
	"connectorId": "connector", "assignmentRequestId": "request", "assignmentId": "held", "stageId": "stage", "roleScope": "roleScope",
	"objectId": "policy", "personId": "member", "roleId": "readerRole", "roleAssignmentId": "given", "resourceId": "resource", "resourceRoleId": "role",
	"organizationId": "organization", "extensionId": "extension", "sessionId": "session", "changeId": "change", "roleChangeJobId": "look", "effect": "loses", "driftScanId": "driftScan", "driftFindingId": "driftFinding"}

// stockParents fills a fixture with two of everything, each under a parent of its own.
func stockParents(t *testing.T) *fixture {
	t.Helper()
	w := newFixture(t)
	post := func(path string, body object) string {
		t.Helper()
		return w.call("admin", "POST", path, body).want(201).get("id")
	}
	for _, name := range []string{"support", "marketing", "spare"} {
		w.ids[name] = post("/v1.0/groups", object{"displayName": name, "mailNickname": name})
	}
	w.join("spare", "member")
	w.join("support", "other")
	for group, owner := range map[string]string{"spare": "member", "support": "other"} {
		w.call("admin", "POST", "/v1.0/groups/"+w.ids[group]+"/owners/$ref", object{"@odata.id": "/v1.0/users/" + w.ids[owner]}).want(204)
	}
	for _, name := range []string{"connector", "connector2"} {
		w.ids[name] = post(ours+"/connectors", object{"displayName": name, "kind": "scim", "url": "https://" + name + ".example.com", "correlationKeys": []string{"userName"}, "credential": "geheim"})
	}
	for _, name := range []string{"catalog", "catalog2"} {
		w.ids[name] = post(em+"/catalogs", object{"displayName": name})
	}
	w.resource("resource", "", "catalog", "sales", "")
	w.resource("resource1b", "1b", "catalog", "support", "")
	w.resource("resource2", "2", "catalog2", "marketing", "")
	w.resource("resourceK", "K", "catalog", "", "connector")
	w.resource("resourceK2", "K2", "catalog2", "", "connector2")
	for name, catalog := range map[string]string{"package": "catalog", "package2": "catalog", "package3": "catalog2", "package4": "catalog"} {
		w.ids[name] = post(packagePath, object{"displayName": name, "catalog": object{"id": w.ids[catalog]}})
	}
	w.ids["roleScope"] = post(packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", object{"role": object{"id": w.ids["role"], "resource": object{"id": w.ids["resource"]}}})
	w.ids["roleScope2"] = post(packagePath+"/"+w.ids["package2"]+"/resourceRoleScopes", object{"role": object{"id": w.ids["role1b"], "resource": object{"id": w.ids["resource1b"]}}})
	w.ids["roleScopeMixed"] = w.ids["role"] + "_" + w.ids["scope1b"]
	for name, in := range map[string]string{"policy": "package", "policy2": "package2", "policy3": "package3", "policy4": "package4"} {
		p := open()
		p["requestorSettings"].(object)["enableTargetsToSelfUpdateAccess"] = true
		if name == "policy3" {
			p = approved(w)
		}
		if name == "policy4" {
			p = object{}
		}
		p["displayName"], p["accessPackage"] = name, object{"id": w.ids[in]}
		p["questions"] = []any{object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?", "isAnswerEditable": true}}
		w.ids[name] = post(em+"/assignmentPolicies", p)
		w.ids[strings.Replace(name, "policy", "question", 1)] = dig(w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids[name]+"/questions", nil).one(), "id")
	}
	w.list(w.ids["package"], "incompatibleAccessPackages", packagePath+"/"+w.ids["package3"]).want(204)
	w.list(w.ids["package2"], "incompatibleAccessPackages", packagePath+"/"+w.ids["package4"]).want(204)
	w.list(w.ids["package"], "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
	w.list(w.ids["package2"], "incompatibleGroups", "/v1.0/groups/"+w.ids["marketing"]).want(204)

	asks := func(who, name, pkg string) {
		w.ids[name] = w.call(who, "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids[pkg]}}).want(201).get("id")
	}
	asks("member", "request", "package3")
	asks("other", "request2", "package3")
	asks("member", "held", "package2")
	asks("other", "held2", "package")
	w.ids["stage"] = dig(w.call("manager", "GET", approvalPath+"/"+w.ids["request"]+"/stages", nil).one(), "id")
	w.ids["stage2"] = dig(w.call("reviewer", "GET", approvalPath+"/"+w.ids["request2"]+"/stages", nil).one(), "id")
	w.stockOrganizations()
	w.ids["builtin"] = string(entitlement.BuiltinConnector)
	w.ids["readerRole"] = string(entitlement.CatalogReader)
	w.ids["given"] = w.assign("admin", "manager", entitlement.CatalogReader, w.ids["catalog"]).want(201).get("id")
	w.clock.Advance(24 * time.Hour) // so that there is something to extend
	return w
}

// resource adds a resource to a catalog, a group or what a connector has, and remembers
// its id, and those of its first role and its scope.
func (w *fixture) resource(name, suffix, catalog, group, connector string) {
	w.Helper()
	origin, r := w.ids[group], object{"originSystem": "AadGroup"}
	if connector != "" {
		origin, r = "crm-of-"+connector, object{"originSystem": "Scim", "environment": object{"id": w.ids[connector]}}
		w.ids["origin"+suffix] = origin
	}
	r["originId"] = origin
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids[catalog]}, "resource": r}).want(201)
	found := w.call("admin", "GET", filtered(em+"/catalogs/"+w.ids[catalog]+"/resources", "originId eq '"+origin+"'")+"&$expand=roles,scopes", nil).one()
	w.ids[name] = dig(found, "id")
	w.ids["role"+suffix] = dig(found["roles"].([]any)[0], "id")
	w.ids["scope"+suffix] = dig(found["scopes"].([]any)[0], "id")
}

// filled is a value of a body with its ids in their places.
func (w *fixture) filled(v any) any {
	switch v := v.(type) {
	case string:
		return regexp.MustCompile(`\{(\w+)\}`).ReplaceAllStringFunc(v, func(name string) string {
			id, ok := w.ids[strings.Trim(name, "{}")]
			if !ok {
				w.Fatalf("there is no %s", name)
			}
			return id
		})
	case object:
		out := object{}
		for name, each := range v {
			out[name] = w.filled(each)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			out[i] = w.filled(each)
		}
		return out
	default:
		return v
	}
}

// call calls the operation with an id at one of its places; "" leaves the places as they are.
func (tk taking) call(w *fixture, where, id string) reply {
	w.Helper()
	method, pattern, _ := strings.Cut(tk.op, " ")
	in := tk.ids[where]
	if in.written != "" && anyID.FindString(id) == id && id != "" {
		id = strings.ReplaceAll(in.written, "*", id)
	}
	path := regexp.MustCompile(`\{(\w+)(:text)?\}`).ReplaceAllStringFunc(pattern, func(variable string) string {
		name, _, _ := strings.Cut(strings.Trim(variable, "{}"), ":")
		if "path "+name == where && id != "" {
			return url.PathEscape(id)
		}
		if name == "reason" {
			return entitlement.ReasonUnavailable
		}
		if name == "objectKind" {
			return string(entitlement.OfPolicy)
		}
		return w.ids[cmpOr(tk.path[name], usual[name])]
	})
	var body any
	if tk.body != nil {
		body = w.filled(tk.body)
	}
	if tk.query != "" {
		path += "?" + url.PathEscape(w.filled(tk.query).(string))
	}
	place, at, _ := strings.Cut(where, " ")
	switch {
	case id == "":
	case place == "query":
		path, _, _ = strings.Cut(path, "?")
		path += "?" + at + "=" + url.QueryEscape(id)
	case place == "filter":
		path = filtered(path, at+" eq '"+id+"'"+w.filled(tk.filter).(string))
	case place == "body":
		for _, name := range in.without {
			drop(body.(object), strings.Split(name, "."))
		}
		put1(body.(object), members(at), id)
	}
	return w.call(cmpOr(tk.as, "admin"), method, path, body)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// members are the names on the way to a place in a body.
func members(at string) []string {
	if strings.HasPrefix(at, "@odata.") {
		return []string{at}
	}
	return strings.Split(at, ".")
}

// put1 puts a value where a path of members leads; of a list it is the first.
func put1(o object, path []string, v any) {
	name, inList := strings.CutSuffix(path[0], "[]")
	switch {
	case inList && len(path) == 1:
		o[name] = []any{v}
	case len(path) == 1:
		o[name] = v
	case inList:
		list, _ := o[name].([]any)
		if len(list) == 0 {
			list = []any{object{}}
		}
		o[name] = list
		put1(list[0].(object), path[1:], v)
	default:
		inner, ok := o[name].(object)
		if !ok {
			inner = object{}
		}
		o[name] = inner
		put1(inner, path[1:], v)
	}
}

func drop(o object, path []string) {
	name, inList := strings.CutSuffix(path[0], "[]")
	if len(path) == 1 {
		delete(o, name)
		return
	}
	if list, ok := o[name].([]any); inList && ok && len(list) > 0 {
		drop(list[0].(object), path[1:])
	} else if inner, ok := o[name].(object); ok {
		drop(inner, path[1:])
	}
}

var (
	anyID       = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	ofTheCall   = regexp.MustCompile(`"request-id":"[^"]*"`)
	ofTheMoment = regexp.MustCompile(`"(createdDateTime|date|@odata\.etag)":"(?:[^"\\]|\\.)*"`)
)

// said is an answer without the id that was sent, and without what each call has of its own.
func (r reply) said(id string) string {
	text := ofTheCall.ReplaceAllString(r.text, "")
	if r.status == http.StatusAccepted { // what was asked for has an id of its own
		text = anyID.ReplaceAllString(text, "<id>")
	}
	if id != "" {
		text = strings.ReplaceAll(text, id, "<id>")
		text = strings.ReplaceAll(text, url.QueryEscape(id), "<id>")
	}
	return http.StatusText(r.status) + " " + ofTheMoment.ReplaceAllString(text, "")
}

// everything is all that the store holds, versions included.
func (w *fixture) everything() string {
	w.Helper()
	ctx, page := w.Context(), entitlement.Page{}
	var all []any
	keep := func(v any, err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, v)
	}
	users, err := w.store.ListUsers(ctx, page)
	keep(users, err)
	for _, u := range users.Items {
		record, grantSets, err := w.store.SubjectRecord(ctx, u.ID)
		keep(record, err)
		keep(grantSets, nil)
		keep(w.store.RequestsOf(ctx, u.ID, page))
	}
	groups, err := w.store.ListGroups(ctx, page)
	keep(groups, err)
	for _, g := range groups.Items {
		keep(w.store.Members(ctx, g.ID, page))
		keep(w.store.Owners(ctx, g.ID, page))
	}
	catalogs, err := w.store.ListCatalogs(ctx, page)
	keep(catalogs, err)
	for _, c := range catalogs.Items {
		keep(w.store.ListResources(ctx, c.ID, page))
		keep(w.store.ListExtensions(ctx, c.ID, page))
	}
	packages, err := w.store.ListPackages(ctx, page)
	keep(packages, err)
	for _, p := range packages.Items {
		keep(w.store.Scopes(ctx, p.ID))
		keep(w.store.RequestsFor(ctx, p.ID, page))
		keep(w.store.Holders(ctx, p.ID, page))
		keep(w.store.IncompatibleWith(ctx, p.ID, page))
	}
	keep(w.store.ListPolicies(ctx, page))
	keep(w.store.ListConnectors(ctx))
	keep(w.store.ListRoleAssignments(ctx, page))
	keep(w.store.ListOrganizations(ctx, page))
	keep(w.store.Settings(ctx))
	text, err := json.Marshal(jsonable(all))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// jsonable leaves grants out, whose map no JSON has; there are none in these fixtures.
func jsonable(all []any) []any {
	return slices.DeleteFunc(all, func(v any) bool {
		grantSets, is := v.([]entitlement.GrantSet)
		return is && len(grantSets) == 0
	})
}

// elsewhereOnly reports that the table tries a place in no way to call the operation.
func elsewhereOnly(ways []taking, where string) bool {
	return !slices.ContainsFunc(ways, func(tk taking) bool { return tk.ids[where].foreign != anotherWay })
}

// Every id that an operation takes stands in the table, for each way to call it, and the
// table has no other.
func TestEveryIDHasARow(t *testing.T) {
	s, ways := readSource(t), map[string][]taking{}
	for _, tk := range takings() {
		ways[tk.op] = append(ways[tk.op], tk)
	}
	for _, op := range served() {
		if op.serve == nil {
			continue
		}
		want := s.idsOf(op)
		if len(want) > 0 && len(ways[op.name()]) == 0 {
			t.Errorf("%s has no row for %v", op.name(), want)
		}
		for _, tk := range ways[op.name()] {
			for _, where := range want {
				if _, ok := tk.ids[where]; !ok {
					t.Errorf("%s has no row for %s", op.name(), where)
				}
			}
			for where := range tk.ids {
				if !slices.Contains(want, where) {
					t.Errorf("%s does not take %s", op.name(), where)
				}
			}
		}
		for _, where := range want {
			if len(ways[op.name()]) > 0 && elsewhereOnly(ways[op.name()], where) {
				t.Errorf("%s is called in no way that takes %s", op.name(), where)
			}
		}
		delete(ways, op.name())
	}
	for op := range ways {
		t.Errorf("there is no operation %s", op)
	}
}

// With right ids each call of the table is answered as it says: so what refuses a wrong one
// is that id, and nothing else.
func TestRightIDsAreTaken(t *testing.T) {
	for _, tk := range takings() {
		for where, in := range tk.ids {
			if in.foreign != "" || in.refused {
				continue
			}
			w := stockParents(t)
			right := ""
			if in.right != "" {
				right = w.ids[in.right]
			}
			if got := tk.call(w, where, right); got.status != tk.ok {
				t.Errorf("%s as %q, %s: %d, want %d: %s", tk.op, tk.as, where, got.status, tk.ok, got.text)
			}
			if strings.HasPrefix(where, "filter ") && tk.ok == http.StatusOK && len(tk.call(w, where, right).values()) == 0 {
				t.Errorf("%s, %s: the list is empty", tk.op, where)
			}
			if in.right == "" && in.ignored == "" && !strings.HasPrefix(where, "path ") && !tk.has(where) {
				t.Errorf("%s, %s: the call has no right id there", tk.op, where)
			}
		}
	}
}

// has reports that the body has something at a place.
func (tk taking) has(where string) bool {
	var v any = tk.body
	for _, name := range members(strings.TrimPrefix(where, "body ")) {
		name, inList := strings.CutSuffix(name, "[]")
		o, ok := v.(object)
		if !ok {
			return false
		}
		v = o[name]
		if list, ok := v.([]any); inList && ok && len(list) > 0 {
			v = list[0]
		}
	}
	return v != nil
}

func TestA1_AnIDOfTheWrongParentIsAnsweredLikeAnUnknownOne(t *testing.T) {
	w := stockParents(t)
	before := w.everything()
	parents, others, ignored, opened := 0, 0, 0, 0
	for _, tk := range takings() {
		for _, where := range slices.Sorted(maps.Keys(tk.ids)) {
			in := tk.ids[where]
			if in.foreign != "" {
				continue
			}
			if in.ignored != "" {
				ignored += tk.tryIgnored(t, where)
				continue
			}
			if (len(in.wrong) == 0) == (in.free == "") {
				t.Errorf("%s, %s: say which parents are wrong, or why all are right", tk.op, where)
			}
			unknown, open := tk.call(w, where, sampleID).said(sampleID), false
			if w.everything() != before {
				t.Errorf("S13: %s as %q, %s is one that nobody has: something changed, and the answer was %s", tk.op, tk.as, where, unknown)
				open, w = true, stockParents(t)
				before = w.everything()
			}
			try := func(name string) {
				t.Helper()
				got := tk.call(w, where, w.ids[name])
				if said := got.said(w.ids[name]); said != unknown && !open {
					open = true
					t.Errorf("%s as %q, %s is %s: %s\nof one that nobody has: %s", tk.op, tk.as, where, name, said, unknown)
				}
				if after := w.everything(); after != before {
					if !open {
						t.Errorf("S13: %s as %q, %s is %s: something changed, and %d was answered", tk.op, tk.as, where, name, got.status)
					}
					open, w = true, stockParents(t)
					before = w.everything()
				}
			}
			for _, name := range in.wrong {
				parents++
				try(name)
			}
			for _, kind := range slices.Sorted(maps.Keys(kinds)) {
				name := kinds[kind]
				if kind == in.kind || kind == "assignment" && in.kind == "request" || in.written != "" && strings.Contains(in.written, "_") {
					continue // an assignment has the id of its request
				}
				others++
				try(name)
			}
			if open {
				opened++
			}
		}
	}
	t.Logf("%d rows: %d of wrong parents, %d of other kinds, %d of ids that nobody reads; %d places open", parents+others+ignored, parents, others, ignored, opened)
}

// tryIgnored checks that an id which nobody reads makes no difference, whatever it names.
func (tk taking) tryIgnored(t *testing.T, where string) (rows int) {
	t.Helper()
	plain := anyID.ReplaceAllString(tk.call(stockParents(t), where, "").said(""), "<id>")
	for _, name := range append([]string{""}, tk.ids[where].wrong...) {
		w := stockParents(t)
		id := sampleID
		if name != "" {
			id = w.ids[name]
		}
		rows++
		if said := anyID.ReplaceAllString(tk.call(w, where, id).said(""), "<id>"); said != plain {
			t.Errorf("%s, %s is %q: %s\nwithout: %s", tk.op, where, name, said, plain)
		}
	}
	return rows
}

// What clients bind by an annotation that nobody reads is refused, whatever it names: it
// would be dropped under an answer that says it was done.
func TestBindingsThatNobodyReadsAreRefused(t *testing.T) {
	rows := 0
	for _, tk := range takings() {
		if tk.body == nil {
			continue
		}
		for _, name := range []string{"catalog", "accessPackage", "assignmentPolicy", "manager", "resource"} {
			w, bound := stockParents(t), tk
			bound.body = object{name + "@odata.bind": "/v1.0/x/{catalog2}"}
			maps.Copy(bound.body, tk.body)
			before := w.snapshot()
			rows++
			if got := bound.call(w, "", ""); got.status != 400 || w.snapshot() != before {
				t.Errorf("%s, %s: %s", tk.op, name, got.said(""))
			}
		}
	}
	t.Logf("%d rows", rows)
}

// The lists of what is one's own show nothing of others', however they are narrowed.
func TestListsOfOnesOwnShowNothingOfOthers(t *testing.T) {
	w := stockParents(t)
	tests := map[string]struct {
		path, member string
		mine, others []string
	}{
		"requests for me":              {requestPath + "/filterByCurrentUser(on='target')", "id", []string{"request", "held"}, []string{"request2", "held2"}},
		"requests of mine":             {requestPath + "/filterByCurrentUser(on='createdBy')", "id", []string{"request", "held"}, []string{"request2", "held2"}},
		"requests that I decide":       {requestPath + "/filterByCurrentUser(on='approver')", "id", nil, []string{"request", "request2"}},
		"requests, by package":         {requestPath + "/filterByCurrentUser(on='target')", "accessPackage/id", []string{"package2"}, []string{"package", "package4"}},
		"approvals":                    {approvalPath + "/filterByCurrentUser(on='approver')", "id", nil, []string{"request", "request2"}},
		"assignments":                  {heldPath + "/filterByCurrentUser(on='target')", "id", []string{"held"}, []string{"held2"}},
		"assignments, by package":      {heldPath + "/filterByCurrentUser(on='target')", "accessPackage/id", []string{"package2"}, []string{"package", "package4"}},
		"assignments, by subject":      {heldPath + "/filterByCurrentUser(on='target')", "target/objectId", []string{"member"}, []string{"other"}},
		"packages":                     {packagePath + "/filterByCurrentUser(on='allowedRequestor')", "id", []string{"package", "package2"}, []string{"package4"}},
		"assignments, by their policy": {heldPath + "/filterByCurrentUser(on='target')", "assignmentPolicy/id", []string{"policy2"}, []string{"policy"}},
	}
	for name, tt := range tests {
		found := func(id string) reply {
			return w.call("member", "GET", filtered(tt.path, tt.member+" eq '"+id+"'"), nil)
		}
		unknown := found(sampleID).said(sampleID)
		for _, mine := range tt.mine {
			if len(found(w.ids[mine]).values()) == 0 {
				t.Errorf("%s: %s is not there", name, mine)
			}
		}
		for _, other := range tt.others {
			if said := found(w.ids[other]).said(w.ids[other]); said != unknown {
				t.Errorf("%s: %s: %s\nof one that nobody has: %s", name, other, said, unknown)
			}
		}
	}
}
