package portal

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	pages "leasehold/pkg/portal"
)

// row says of one route what it is about: the objects that its path names, in one half of the
// world; what it takes to be let through; and, of a form, what a browser sends.
type row struct {
	query func(at func(string) string) string // beside the path, of a page that shows nothing without
	path  string                              // placeholders and what stands for them: "catalog=catalog id=main"
	on    kind                                // what the action of the route is done to
	also  []need                              // beside the action of the route
	as    authz.Action
	any   []authz.Action // in place of the action of the route: one of them is enough
	or    authz.Who      // what somebody is to the object who is let through without a right
	idle  bool           // there may be nothing to write for who is let through
	leads string         // of a form that writes nothing: the page that it leads to, where what it would do is looked at
	only  authz.Who      // what somebody has to be to the object, where no right but that counts: all others who may see it are told why not
	form  func(w *fixture, at func(string) string) url.Values
}

// need is an action on a kind of object.
type need struct {
	action authz.Action
	on     kind
}

// kind is what an object is, which says what people are to it.
type kind int

const (
	inNoCatalog kind = iota
	aCatalog
	aPackage
	aRequest
	anAssignment
	aReport        // somebody, as their manager sees them
	anOrganization // as its internal sponsor sees it
)

func values(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		out.Add(pairs[i], pairs[i+1])
	}
	return out
}

// always is a form that is the same whatever it is about.
func always(pairs ...string) func(*fixture, func(string) string) url.Values {
	return func(*fixture, func(string) string) url.Values { return values(pairs...) }
}

// policySent is the form of a policy.
func policySent(w *fixture, version string) url.Values {
	return values("name", "Sent", "scope", "allMemberUsers", "stages", "0", "ends", "never", "ask", "yes", "version", version)
}

func (w *fixture) version(policy string) string {
	w.Helper()
	p, err := w.store.Policy(w.Context(), entitlement.PolicyID(policy))
	if err != nil {
		return "0" // it is none
	}
	return strconv.FormatInt(p.Version, 10)
}

// seenOn is the field of a page that says what it showed.
var seenOn = regexp.MustCompile(`name="seen" value="([^"]*)"`)

// seen reads what the form of a page keeps under a name, as the one who may see it.
func (w *fixture) seen(as, path string, field *regexp.Regexp) string {
	w.Helper()
	found := field.FindStringSubmatch(w.send(sent{method: "GET", path: path, cookie: w.cookies[as]}).text)
	if found == nil {
		w.Fatalf("%s shows no %s", path, field)
	}
	return found[1]
}

// hashOn is the field of a page that says what is agreed to.
var hashOn = regexp.MustCompile(`name="hash" value="([^"]*)"`)

var requestOn = func(id string) *regexp.Regexp {
	return regexp.MustCompile(`name="request" value="(` + id + ` [^"]*)"`)
}

const refused = "refused-by-target"

// rows are the table: each route of the pages has one, and whoever adds a route adds one.
var rows = map[string]row{
	"GET ":                        {},
	"GET /packages":               {},
	"GET /packages/{id}":          {path: "id=main", as: authz.ReadPackage, on: aPackage},
	"GET /access":                 {},
	"GET /requests":               {},
	"GET /requests/{id}":          {path: "id=request", on: aRequest},
	"GET /approvals":              {},
	"GET /approvals/{id}":         {path: "id=request", on: aRequest},
	"POST /access/{id}/extend":    {path: "id=assignment", on: anAssignment, form: always("justification", "longer")},
	"POST /access/{id}/give-back": {path: "id=assignment", on: anAssignment, form: always()},
	"POST /requests/{id}/cancel":  {path: "id=request", on: aRequest, form: always()},
	"POST /packages/{id}": {path: "id=free", on: aPackage, only: authz.MayRequest, form: func(_ *fixture, at func(string) string) url.Values {
		return values("policy", at("policy of free"), "justification", "why")
	}},
	"POST /approvals/{id}": {path: "id=request", on: aRequest, only: authz.Approver, form: func(w *fixture, at func(string) string) url.Values {
		return values("decision", "approve", "justification", "good", "stage", w.stage(at("request")), "seen", w.seen("approver", "/approvals/"+at("request"), seenOn))
	}},
	"POST /approvals": {on: aRequest, only: authz.Approver, form: func(w *fixture, at func(string) string) url.Values {
		return values("decision", "approve", "justification", "good", "request", w.seen("approver", "/approvals", requestOn(at("request"))))
	}},

	"GET /manage/packages/{id}/people":              {path: "id=held", on: aCatalog},
	"GET /manage/packages/{id}/people/export":       {path: "id=held", on: aCatalog},
	"GET /manage/packages/{id}/people/{assignment}": {path: "id=held assignment=assignment", on: anAssignment, also: []need{{authz.ReadPolicy, aCatalog}}}, // it is for those who keep the package; whoever has it sees it in My access
	"POST /manage/packages/{id}/people/end": {path: "id=held", on: aCatalog, form: func(_ *fixture, at func(string) string) url.Values {
		return values("confirmed", "yes", "assignment", at("assignment"), "justification", "over")
	}},
	"POST /manage/packages/{id}/people/{assignment}/reprocess": {path: "id=failing assignment=broken", on: aCatalog, form: always()},
	"GET /manage/packages/{id}/assign":                         {path: "id=free", on: aCatalog},
	"POST /manage/packages/{id}/assign": {path: "id=free", on: aCatalog, idle: true, form: func(w *fixture, at func(string) string) url.Values {
		return values("people", w.ids["extra"], "policy", at("policy of free"))
	}},
	"POST /manage/packages/{id}/assign/confirmed": {path: "id=free", on: aCatalog, form: func(w *fixture, at func(string) string) url.Values {
		return values("ready", at("person")+" x", "policy", at("policy of free"), "justification", "new")
	}},
	"GET /manage/packages/{id}/requests":                      {path: "id=main", on: aCatalog},
	"GET /manage/packages/{id}/requests/{request}":            {path: "id=main request=request", on: aRequest, also: []need{{authz.ReadPackage, aPackage}}},
	"POST /manage/packages/{id}/requests/{request}/cancel":    {path: "id=main request=request", on: aRequest, also: []need{{authz.ReadPackage, aPackage}}, form: always()},
	"POST /manage/packages/{id}/requests/{request}/reprocess": {path: "id=failing request=broken", on: aCatalog, form: always()},
	"GET /people":      {},
	"GET /people/{id}": {path: "id=person"},

	"GET /catalogs":                      {},
	"GET /catalogs/new":                  {},
	"POST /catalogs/new":                 {form: func(*fixture, func(string) string) url.Values { return values("name", "New "+clock.System{}.New()) }},
	"GET /catalogs/{catalog}":            {path: "catalog=catalog", on: aCatalog},
	"GET /catalogs/{catalog}/edit":       {path: "catalog=catalog", on: aCatalog},
	"POST /catalogs/{catalog}/edit":      {path: "catalog=catalog", on: aCatalog, form: always("name", "Edited")},
	"POST /catalogs/{catalog}/delete":    {path: "catalog=bare", on: aCatalog, form: always("sure", "yes")},
	"GET /catalogs/{catalog}/resources":  {path: "catalog=catalog", on: aCatalog},
	"GET /catalogs/{catalog}/packages":   {path: "catalog=catalog", on: aCatalog},
	"GET /catalogs/{catalog}/roles/give": {path: "catalog=catalog", on: aCatalog},
	"POST /catalogs/{catalog}/roles/give": {path: "catalog=catalog", on: aCatalog, form: func(w *fixture, _ func(string) string) url.Values {
		return values("principal", w.ids["extra"], "role", string(entitlement.AccessPackageManager))
	}},
	"POST /catalogs/{catalog}/roles/{role}/take": {path: "catalog=catalog role=role", on: aCatalog, form: always()},
	"GET /catalogs/{catalog}/resources/add":      {path: "catalog=catalog", on: aCatalog},
	"POST /catalogs/{catalog}/resources/add": {path: "catalog=catalog", on: aCatalog, form: func(_ *fixture, at func(string) string) url.Values {
		return values("resource", entitlement.OriginAadGroup+" "+at("loose"))
	}},
	"GET /catalogs/{catalog}/resources/{resource}":         {path: "catalog=catalog resource=resource_group", on: aCatalog},
	"POST /catalogs/{catalog}/resources/{resource}/remove": {path: "catalog=catalog resource=resource_spare", on: aCatalog, form: always("sure", "yes")},

	"GET /catalogs/{catalog}/packages/new":            {path: "catalog=catalog", on: aCatalog},
	"POST /catalogs/{catalog}/packages/new":           {path: "catalog=catalog", on: aCatalog, form: always("name", "New package")},
	"GET /catalogs/{catalog}/packages/{id}":           {path: "catalog=catalog id=main", on: aCatalog},
	"GET /catalogs/{catalog}/packages/{id}/edit":      {path: "catalog=catalog id=main", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/edit":     {path: "catalog=catalog id=main", on: aCatalog, form: always("name", "Edited")},
	"POST /catalogs/{catalog}/packages/{id}/delete":   {path: "catalog=catalog id=empty", on: aCatalog, form: always("sure", "yes")},
	"GET /catalogs/{catalog}/packages/{id}/roles/add": {path: "catalog=catalog id=free", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/roles/add": {path: "catalog=catalog id=free", on: aCatalog, leads: "/roles/impact?add=", form: func(_ *fixture, at func(string) string) url.Values {
		return values("role", at("resource_spare")+" Member_"+at("spare"))
	}},
	"POST /catalogs/{catalog}/packages/{id}/roles/{scope}/remove": {path: "catalog=catalog id=free scope=scope_of_free", on: aCatalog, leads: "/roles/impact?remove=", form: always()},
	"GET /catalogs/{catalog}/packages/{id}/policies/new":          {path: "catalog=catalog id=free", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/policies/new":         {path: "catalog=catalog id=free", on: aCatalog, form: func(w *fixture, _ func(string) string) url.Values { return policySent(w, "") }},
	"GET /catalogs/{catalog}/packages/{id}/policies/{policy}":     {path: "catalog=catalog id=free policy=policy_of_free", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/policies/{policy}": {path: "catalog=catalog id=free policy=policy_of_free", on: aCatalog, form: func(w *fixture, at func(string) string) url.Values {
		return policySent(w, w.version(at("policy_of_free")))
	}},
	"GET /catalogs/{catalog}/packages/{id}/policies/{policy}/outside": {path: "catalog=catalog id=held policy=policy_of_held", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/policies/{policy}/turn": {path: "catalog=catalog id=free policy=policy_of_free", on: aCatalog, form: func(w *fixture, at func(string) string) url.Values {
		return values("turn", "off", "version", w.version(at("policy_of_free")))
	}},
	"POST /catalogs/{catalog}/packages/{id}/policies/{policy}/delete": {path: "catalog=catalog id=free policy=policy_of_free", on: aCatalog, form: always("sure", "yes")},

	"GET /operations":                                          {},
	"POST /operations/reprocess":                               {form: always("connector", string(entitlement.BuiltinConnector), "reason", refused)},
	"GET /operations/failures/{connector}/{reason}":            {path: "connector=*builtin reason=*" + refused},
	"POST /operations/failures/{connector}/{reason}/reprocess": {path: "connector=*builtin reason=*" + refused, form: func(w *fixture, at func(string) string) url.Values { return values("person", at("person")) }},
	"GET /operations/removals":                                 {},
	"POST /operations/removals/close": {form: func(_ *fixture, at func(string) string) url.Values {
		return values("assignment", at("ended"), "justification", "by hand")
	}},
	"GET /operations/loosened":   {},
	"GET /audit":                 {},
	"GET /audit/export":          {},
	"GET /audit/{kind}/{object}": {path: "kind=*user object=person"},
}

// is says what somebody is to an object in a half.
func (a actor) is(on kind, half string) authz.Who {
	is := authz.Everybody
	if a.name == "admin" {
		is |= authz.Administrators
	}
	mine := persons[half] == a.name
	switch on {
	case aPackage:
		if a.name == "requestor" || a.name == "other" {
			is |= authz.MayRequest
		}
		if mine {
			is |= authz.Holder
		}
		if a.name == "manager" {
			is |= authz.OnBehalf
		}
	case aReport:
		if a.name == "manager" {
			is |= authz.OnBehalf
		}
	case anOrganization:
		if a.name == "sponsor" && half == own {
			is |= authz.OnBehalf
		}
	case aRequest, anAssignment:
		if mine {
			is |= authz.Requestor | authz.Subject
		}
		if on == anAssignment && a.name == "manager" {
			is |= authz.OnBehalf
		}
		if on == aRequest && (a.name == "approver" || a.name == "manager") {
			is |= authz.Approver
		}
	}
	return is
}

// may is the plain model: what somebody is to the object by the table of actions, or the role
// that they hold, where the object is in a catalog of theirs.
func (a actor) may(n need, half string) bool {
	if authz.Rules[n.action].May&a.is(n.on, half) != 0 {
		return true
	}
	return a.role != "" && slices.Contains(authz.RolesFor(n.action), a.role) && (a.everywhere || half == own && n.on != inNoCatalog)
}

// lets says whether a row is open to somebody in a half.
func (r row) lets(a actor, of pages.Route, half string) bool {
	if r.only != 0 {
		return a.is(r.on, half)&r.only != 0
	}
	if a.is(r.on, half)&r.or != 0 {
		return true
	}
	if len(r.any) > 0 {
		return slices.ContainsFunc(r.any, func(action authz.Action) bool { return a.may(need{action, r.on}, half) })
	}
	for _, n := range append([]need{{cmp.Or(r.as, of.Action), r.on}}, r.also...) {
		if !a.may(n, half) {
			return false
		}
	}
	return true
}

// variant is a path of a route: of one half, or with one of its parts from elsewhere.
type variant struct {
	name, half, path string
	there            bool // what it names belongs together, and exists
}

// nobody is an id that nothing has.
const nobody = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"

// variants are the paths of a route: what is one's own, what is foreign, each part of what is
// one's own with a part of what is foreign below it, and what there is not.
func (w *fixture) variants(of pages.Route, r row) (all []variant) {
	w.Helper()
	parts := strings.Fields(r.path)
	path := func(value func(i int, name string) string) string {
		p := of.Pattern
		for i, part := range parts {
			placeholder, name, _ := strings.Cut(part, "=")
			p = strings.Replace(p, "{"+placeholder+"}", url.PathEscape(value(i, name)), 1)
		}
		if strings.Contains(p, "{") {
			w.Helper()
			w.Fatalf("%s %s: the row does not say what stands for each part of the path", of.Method, of.Pattern)
		}
		return p
	}
	in := func(half string) func(int, string) string {
		return func(_ int, name string) string { return w.at(half)(name) }
	}

	query := func(half string) string {
		if r.query == nil {
			return ""
		}
		return r.query(w.at(half))
	}
	all = []variant{{own, own, path(in(own)) + query(own), true}, {foreign, foreign, path(in(foreign)) + query(foreign), true}}
	if r.query != nil {
		all = append(all, variant{"own, asking for what is foreign", foreign, path(in(own)) + query(foreign), false})
	}
	for k, part := range parts {
		if strings.Contains(part, "=*") {
			continue
		}
		with := func(other string) string {
			return path(func(i int, name string) string {
				if i == k {
					return other
				}
				return w.at(own)(name)
			})
		}
		_, name, _ := strings.Cut(part, "=")
		if len(parts) > 1 && !strings.Contains(r.path, "=*") {
			all = append(all, variant{"own with a foreign " + name, foreign, with(w.at(foreign)(name)), false})
		}
		all = append(all, variant{"no such " + name, own, with(nobody), false}, variant{"nonsense for " + name, own, with("x"), false})
	}
	return all
}

// at returns the ids of one half by their names; a space may be written as _.
func (w *fixture) at(half string) func(string) string {
	return func(name string) string {
		w.Helper()
		switch {
		case name == "*builtin":
			return string(entitlement.BuiltinConnector)
		case strings.HasPrefix(name, "*"):
			return name[1:]
		case name == "person":
			return w.ids[persons[half]]
		}
		id := w.ids[half+"."+strings.ReplaceAll(name, "_", " ")]
		if id == "" {
			w.Fatalf("there is no %s in the half %s", name, half)
		}
		return id
	}
}

// sights are the actions by which people come to see what a form is about.
var sights = map[kind]authz.Action{aPackage: authz.ReadPackage, aRequest: authz.ReadRequest, anAssignment: authz.ReadAssignment}

// stage is the stage at which a request waits.
func (w *fixture) stage(id string) string {
	w.Helper()
	r, err := w.store.Request(w.Context(), entitlement.RequestID(id))
	if err != nil || r.Current() == nil {
		return ""
	}
	return r.Current().ID
}

// open reports an answer that let the caller through, whatever then came of it.
func (a answered) open() bool {
	return a.status != 401 && a.status != 403 && a.status != 404 && a.status < 500 && !strings.Contains(a.to, "/sign-in?")
}

// walked counts what the walk did.
type walked struct{ calls, open, forged, differ int }

func TestEveryRouteOfThePagesHasARowInTheWalk(t *testing.T) {
	known := map[string]bool{}
	for _, r := range pages.Routes() {
		known[r.Method+" "+r.Pattern] = true
		if row, there := rows[r.Method+" "+r.Pattern]; !there {
			t.Errorf("%s %s has no row: say what it is about, so that every role is tried on it", r.Method, r.Pattern)
		} else if (r.Method == "POST") != (row.form != nil) {
			t.Errorf("%s %s: a form says what a browser sends, and a page has none", r.Method, r.Pattern)
		}
	}
	for name := range rows {
		if !known[name] {
			t.Errorf("%s is a row for no route", name)
		}
	}
}

// A1, S17: every page and every form by everybody, on what is theirs, what is foreign, and what is mixed of both:
// what is let through is what the table of actions and the policies of the roles say. What is
// closed tells nothing of what is behind it. No page writes anything.
func TestA1_EveryRoleOpensThePagesThatThePoliciesSay(t *testing.T) {
	var sum walked
	w := newFixture(t).filled()
	for _, of := range pages.Routes() {
		r, there := rows[of.Method+" "+of.Pattern]
		if !there {
			continue // another test says so
		}
		changes := false
		for _, a := range actors {
			for i := range w.variants(of, r) {
				v := w.variants(of, r)[i]
				wrote := w.step(&sum, of, r, a, v)
				if wrote {
					changes, w = true, newFixture(t).filled()
				}
			}
		}
		if of.Method == "POST" && !changes && !r.idle && r.leads == "" {
			t.Errorf("%s changes nothing for anybody: what the row sends is no valid form", of.Pattern)
		}
	}
	t.Logf("walk over the pages: %d routes, %d combinations, %d open, %d forged forms, %d differences", len(pages.Routes()), sum.calls, sum.open, sum.forged, sum.differ)
}

// step is one call of the walk. It reports whether something was written.
func (w *fixture) step(sum *walked, of pages.Route, r row, a actor, v variant) bool {
	w.Helper()
	want := v.there && r.lets(a, of, v.half)
	if !strings.Contains(of.Pattern, "{") && of.Method == "GET" && v.half == foreign {
		return false // the same call once more
	}
	s := sent{method: of.Method, path: v.path, cookie: w.cookies[a.name]}
	if r.form != nil {
		s.form = r.form(w, w.at(v.half))
		if v.half == own && v.there {
			w.forgedBy(sum, of, a, s)
		}
		s.form.Set("form", w.token(s.cookie))
	}

	got := w.send(s)
	sum.calls++
	complain := func(what string) {
		w.Helper()
		sum.differ++
		w.Errorf("%s %s by %s, %s: %s: %d %s", of.Method, of.Pattern, a.name, v.name, what, got.status, excerpt(got))
	}
	if want {
		sum.open++
	}
	told := !want && r.only != 0 && v.there && got.status >= 400 && got.status < 500 && a.may(need{sights[r.on], r.on}, v.half)
	if got.open() != want && !told {
		complain("the policies say open " + map[bool]string{true: "yes", false: "no"}[want])
	}
	if got.status >= 500 {
		complain("it failed")
	}
	does := got.writes > 0 || r.idle
	if r.leads != "" {
		does = got.status == 303 && strings.Contains(got.to, r.leads)
	}
	if want && (got.status >= 400 || of.Method == "POST" && !does) {
		complain("it is open, and does nothing")
	}
	if got.writes > 0 && (of.Method == "GET" || !want || r.leads != "") {
		complain("it wrote")
	}
	if found := touching.FindString(got.text); found != "" {
		complain("a time touches a word: " + found)
	}
	// Whoever has to do with nothing of the foreign half, and is nobody who sees everything, is
	// told of none of it.
	if blind := a.role != entitlement.Auditor && a.is(aRequest, foreign) == authz.Everybody && a.is(aPackage, foreign) == authz.Everybody; blind && strings.Contains(got.text, foreignMark) && !strings.Contains(of.Pattern, "/roles/give") {
		complain("it tells of the foreign catalog")
	}
	return got.writes > 0
}

// touching is a word that stands beside a time without a space between.
var touching = regexp.MustCompile(`.{0,30}[\pL\pN]<time|</time>[\pL\pN]`)

// forgedBy sends a valid form as others would, who could not know its token or are no page of
// ours. Each is refused, whoever's browser it comes from, and writes nothing (A21).
func (w *fixture) forgedBy(sum *walked, of pages.Route, a actor, valid sent) {
	w.Helper()
	again := w.signIn(a.name)
	other := w.cookies["admin"]
	if a.name == "admin" {
		other = w.cookies["member"]
	}
	with := func(token string, header map[string]string) sent {
		s := valid
		s.form, s.header = url.Values{}, header
		for k, all := range valid.form {
			s.form[k] = all
		}
		if token != "" {
			s.form.Set("form", token)
		}
		return s
	}
	token := w.token(valid.cookie)
	asPage := with(token, nil)
	asPage.method, asPage.path, asPage.form = "GET", valid.path+"?"+asPage.form.Encode(), nil
	ended := with(w.token(again), nil)
	ended.cookie = again
	if err := w.sessions.End(w.Context(), secretOf(again)); err != nil {
		w.Fatal(err)
	}
	nobodys := with(token, nil)
	nobodys.cookie = ""
	gone := with(w.token(w.cookies["disabled"]), nil)
	gone.cookie = w.cookies["disabled"]

	for name, s := range map[string]sent{
		"no token": with("", nil), "no token, no origin": with("", map[string]string{"Origin": ""}), "another session's token of the same person": with(w.token(again), nil),
		"somebody else's token": with(w.token(other), nil), "the secret for a token": with(secretOf(valid.cookie), nil),
		"another origin": with(token, map[string]string{"Origin": "https://evil.example"}), "no origin that is one": with(token, map[string]string{"Origin": "null"}),
		"another site by Fetch": with(token, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": ""}), "another host of the site": with(token, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": ""}),
		"as a GET": asPage, "a session that was signed out": ended, "no session": nobodys, "one who was disabled": gone,
	} {
		got := w.send(s)
		sum.forged++
		fits := got.status == 403 || got.status == 401 && s.cookie != valid.cookie
		if s.method == "GET" { // there may be a page of this address, which shows itself
			fits = got.status == 200 || got.status == 400 || got.status == 403 || got.status == 404 || got.status == 405 || got.status == 409
		}
		if !fits || got.writes > 0 {
			sum.differ++
			w.Errorf("%s %s by %s, forged with %s: %d, %v written: %s", of.Method, of.Pattern, a.name, name, got.status, got.writes, excerpt(got))
		}
	}
}

// A page of somebody who is not signed in leads to signing in and back, and one of somebody who
// was disabled or signed out is closed, whatever it is.
func TestA1_WithoutASessionNoPageIsOpen(t *testing.T) {
	w := newFixture(t).filled()
	ended := w.signIn("admin")
	if err := w.sessions.End(t.Context(), secretOf(ended)); err != nil {
		t.Fatal(err)
	}
	for _, of := range pages.Routes() {
		r := rows[of.Method+" "+of.Pattern]
		if of.Method != "GET" {
			continue // every form is forged in each of these ways by the walk
		}
		for _, v := range w.variants(of, r) {
			for name, secret := range map[string]string{"no session": "", "one that ended": ended, "one that was planted": "planted"} {
				got := w.send(sent{method: "GET", path: v.path, cookie: secret})
				to, err := url.Parse(got.to)
				if err != nil || got.status != 303 || to.Path != "/portal/sign-in" || to.Query().Get("return") != v.path || got.writes > 0 {
					t.Errorf("%s with %s: %d to %q, %v written", v.path, name, got.status, got.to, got.writes)
				}
			}
			if got := w.send(sent{method: "GET", path: v.path, cookie: w.cookies["disabled"]}); got.status != 403 || got.writes > 0 {
				t.Errorf("%s by one who was disabled: %d", v.path, got.status)
			}
		}
	}
}

// token is what the forms of a session carry. It is read from a page, as everybody who is signed
// in has one, or made up where the session is nobody's.
func (w *fixture) token(secret string) string {
	w.Helper()
	if known := w.tokens[secret]; known != "" {
		return known
	}
	found := formOn.FindStringSubmatch(w.send(sent{method: "GET", path: "/nothing", cookie: secret}).text)
	if found == nil {
		found = formOn.FindStringSubmatch(w.send(sent{method: "GET", path: "", cookie: secret}).text)
	}
	if found == nil {
		return "none"
	}
	w.tokens[secret] = found[1]
	return found[1]
}

var formOn = regexp.MustCompile(`name="form" value="([^"]*)"`)

// excerpt is what a page says, shortly.
func excerpt(a answered) string {
	text := regexp.MustCompile(`(?s)^.*<main[^>]*>`).ReplaceAllString(a.text, "")
	text = strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " ")), " ")
	return text[:min(len(text), 160)] + " " + a.to
}

// Whose session it is says the session, and not what a browser keeps beside its secret.
func TestA1_WhatABrowserSaysOfItselfMakesItNobodyElse(t *testing.T) {
	w := newFixture(t).filled()
	secret := secretOf(w.cookies["member"])
	for name, cookie := range map[string]string{"nothing": secret, "themselves": secret + "." + w.ids["member"], "an administrator": secret + "." + w.ids["admin"], "one who was disabled": secret + "." + w.ids["disabled"],
		"nobody": secret + "." + nobody, "nonsense": secret + ".x.y", "nothing after the sign": secret + "."} {
		got := w.send(sent{method: "GET", path: "", cookie: cookie})
		if got.status != 200 || !strings.Contains(got.text, "Person member") {
			t.Errorf("%s: %d %s", name, got.status, excerpt(got))
		}
		if got = w.send(sent{method: "GET", path: "/people", cookie: cookie}); got.status != 403 {
			t.Errorf("%s opens what is an administrator's: %d", name, got.status)
		}
	}
	for _, cookie := range []string{"." + w.ids["admin"], "planted." + w.ids["admin"]} {
		if got := w.send(sent{method: "GET", path: "", cookie: cookie}); got.status != 303 {
			t.Errorf("%s: %d", cookie, got.status)
		}
	}

	// Whose sign-in is bound to somebody else meanwhile is that one, whatever the browser says.
	w.api("admin", "PATCH", "/v1.0/users/"+w.ids["member"], object{"identities": []object{}})
	if got := w.send(sent{method: "GET", path: "", cookie: w.cookies["member"]}); got.status != 403 {
		t.Errorf("a sign-in that is bound to nobody any more: %d %s", got.status, excerpt(got))
	}
	w.api("admin", "PATCH", "/v1.0/users/"+w.ids["extra"], object{"identities": []object{{"signInType": "federated", "issuer": issuer, "issuerAssignedId": "member"}}})
	if got := w.send(sent{method: "GET", path: "", cookie: w.cookies["member"]}); got.status != 200 || !strings.Contains(got.text, "Person extra") {
		t.Errorf("a sign-in that is another's by now: %d %s", got.status, excerpt(got))
	}
}
