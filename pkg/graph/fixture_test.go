package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/authn"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	targetkinds "leasehold/pkg/connector/kinds"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/exports"
	"leasehold/pkg/names"
	stored "leasehold/pkg/objects"
	"leasehold/pkg/obs"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
	"leasehold/pkg/views"
)

const publicURL = "https://access.example.com"

// fixture is the whole API over a store in memory, with a few people in it.
type fixture struct {
	files    stored.Memory // what was taken away
	exports  exportQueue
	exporter *exports.Service
	keeping  *catalogs.Service
	looks    *catalogs.ImpactWorker
	*testing.T
	store *dynamotest.Store
	clock *clock.Virtual
	api   map[string]http.Handler // by function
	ids   map[string]string       // of people, groups and things, by name
	log   bytes.Buffer
	reads atomic.Int64                        // operations of the store
	fault func(op faults.Op) dynamotest.Fault // nil: none
	roles dynamotest.Roles                    // of the functions, by which every call is judged
}

// targets knows every group of the directory, and any group of a SCIM server.
type targets struct{ store *dynamotest.Store }

func (t targets) Resource(ctx context.Context, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	if at == entitlement.BuiltinConnector {
		id, err := entitlement.ParseID[entitlement.GroupID]("originId", originID)
		if err == nil {
			_, err = t.store.Group(ctx, id)
		}
		if err != nil {
			return entitlement.Resource{}, err
		}
		originID = string(id)
	} else if _, err := t.store.Connector(ctx, at); err != nil {
		return entitlement.Resource{}, err
	}
	if originID == "application" {
		return entitlement.Resource{OriginID: originID, OriginSystem: "AadApplication", DisplayName: "Application", Roles: []entitlement.ResourceRole{
			{OriginID: "auditor", DisplayName: "auditor"}, {OriginID: `a "b" / _c`, DisplayName: "other"}}}, nil
	}
	if strings.HasPrefix(originID, "https://") {
		return entitlement.Resource{OriginID: originID, OriginSystem: targetkinds.OriginSharePoint, DisplayName: "Site", Roles: []entitlement.ResourceRole{{OriginID: "4", DisplayName: "Members"}}}, nil
	}
	return entitlement.Resource{OriginID: originID, DisplayName: "Group " + originID, Roles: []entitlement.ResourceRole{
		{OriginID: "Member_" + originID, DisplayName: "Member"}, {OriginID: "Owner_" + originID, DisplayName: "Owner"}}}, nil
}

// Offers shows the groups of the directory, and two groups of any other target.
func (t targets) Offers(ctx context.Context, at entitlement.ConnectorID, _ string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	found := entitlement.Paged[entitlement.TargetOffer]{}
	if at == entitlement.BuiltinConnector {
		groups, err := t.store.ListGroups(ctx, page)
		for _, g := range groups.Items {
			found.Items = append(found.Items, entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: string(g.ID), OriginSystem: entitlement.OriginAadGroup, DisplayName: g.DisplayName}, Reason: g.NoResource()})
		}
		found.Next = groups.Next
		return found, err
	}
	if _, err := t.store.Connector(ctx, at); err != nil {
		return found, err
	}
	for i, name := range []string{"Alpha", "Beta"} {
		found.Items = append(found.Items, entitlement.TargetOffer{Resource: entitlement.Resource{OriginID: strconv.Itoa(i), OriginSystem: "Scim", DisplayName: name,
			Roles: []entitlement.ResourceRole{{OriginID: "Member_" + strconv.Itoa(i), DisplayName: "Member"}}}})
	}
	if page.Token == "" && page.Limit == 1 {
		found.Items, found.Next = found.Items[:1], "1"
	} else if page.Token == "1" {
		found.Items = found.Items[1:]
	}
	return found, nil
}

func (targets) Survey(context.Context, entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	return entitlement.TargetCheck{Dialect: "SCIM 2.0", Features: []string{"patch"}, Shows: []string{"groups"}, Filters: []string{"groups.displayName eq"}}, nil
}

func (targets) FindPerson(_ context.Context, _ entitlement.ConnectorConfig, who entitlement.User) error {
	if who.Mail == "" {
		return entitlement.Errorf(entitlement.Precondition, "Nobody there has the mail address.")
	}
	return nil
}

func (targets) Probe(context.Context, entitlement.ConnectorConfig, string) error { return nil }

// exportQueue remembers which exports the worker was told of.
type exportQueue struct{ told []exports.Export }

func (q *exportQueue) EnqueueExport(_ context.Context, caller entitlement.UserID, id string) error {
	q.told = append(q.told, exports.Export{Caller: caller, ID: id})
	return nil
}

type noQueue struct{}

func (noQueue) Enqueue(context.Context, ...entitlement.UserID) error { return nil }

func (noQueue) EnqueueImpact(context.Context, entitlement.PackageID, entitlement.ImpactJobID) error {
	return nil
}

func (noQueue) EnqueueJob(context.Context, entitlement.PackageID, int64) error { return nil }

// tokens are what people hold; a Bearer token is the name of its holder, and after a
// slash the scopes that it is cut down to, with + between them.
type tokens struct{}

func (tokens) Verify(_ context.Context, authorization string) (authn.Token, error) {
	who, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || who == "" {
		return authn.Token{}, entitlement.Errorf(entitlement.Unauthenticated, "The access token is missing or not valid here. Sign in again.")
	}
	who, scope, cut := strings.Cut(who, "/")
	t := authn.Token{Principal: entitlement.Principal{Issuer: "https://id.example.com", Value: who}, Scopes: []string{scopeRead, scopeWrite, scopeSubject}, Application: who == "robot"}
	if cut {
		t.Scopes = strings.Split(scope, "+")
	}
	return t, nil
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := &fixture{T: t, clock: clock.NewVirtual(time.Date(2026, 3, 1, 9, 0, 0, 123456789, time.UTC)), ids: map[string]string{}}
	w.roles.Complain = func(refusal string) { t.Error("S11: the role refuses: " + refusal) }
	w.store = dynamotest.FlakyJudged(func(op faults.Op) dynamotest.Fault {
		w.reads.Add(1)
		if w.fault == nil {
			return dynamotest.None
		}
		return w.fault(op)
	}, &w.roles)
	log := obs.New(&w.log, "test")
	people := &directory.Service{Store: w.store, Clock: w.clock, IDs: w.clock, Enqueuer: noQueue{}, Log: log, First: entitlement.Principal{Issuer: "https://id.example.com", Value: "admin"}}
	deps := Deps{Authenticator: tokens{}, Directory: people, Views: &views.Reader{Store: w.store}, PublicURLs: []string{publicURL}, Clock: w.clock,
		Catalogs: &catalogs.Service{Store: w.store, Targets: targets{w.store}, Secrets: &secrets.Memory{}, Kinds: slices.DeleteFunc(targetkinds.All(), func(k entitlement.TargetKind) bool {
			return k.OriginSystem != targetkinds.OriginSCIM && k.OriginSystem != targetkinds.OriginSharePoint
		}), Jobs: noQueue{}, Enqueuer: noQueue{},
			Clock: w.clock, IDs: w.clock, Log: log},
		Requests: &requests.Service{Store: w.store, Enqueuer: noQueue{}, Clock: w.clock, IDs: w.clock, Log: log}}
	w.keeping, w.looks = deps.Catalogs, &catalogs.ImpactWorker{Service: deps.Catalogs, Accounts: people}
	deps.Exports = &exports.Service{Bucket: &w.files, Queue: &w.exports, Writer: NewExporter(deps), Clock: w.clock, IDs: w.clock}
	w.exporter = deps.Exports
	w.api = map[string]http.Handler{}
	owners, askers := deps, deps
	owners.Peer, askers.Peer = w.peer(names.Requests), w.peer(names.Catalogs)
	w.api[names.Catalogs], w.api[names.Requests] = Catalogs(owners), Requests(askers)
	w.populate()
	return w
}

// peer serves as one function what the other one hands on.
func (w *fixture) peer(function string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.api[function].ServeHTTP(rw, r.WithContext(dynamotest.As(r.Context(), function)))
	})
}

// populate adds people: a manager, a member who has that manager, another person, one
// who reviews by a group, a disabled one, and a robot that administers.
func (w *fixture) populate() {
	w.ids["admin"] = w.call("admin", "GET", "/v1.0/me", nil).want(200).get("id")
	for _, name := range []string{"manager", "member", "other", "reviewer", "disabled", "robot"} {
		w.ids[name] = w.call("admin", "POST", "/v1.0/users", object{
			"displayName": strings.ToUpper(name[:1]) + name[1:], "userPrincipalName": name + "@example.com", "mail": name + "@example.com",
			"accountEnabled": name != "disabled", "department": "Sales", "identities": []object{{"signInType": "federated", "issuer": "https://id.example.com", "issuerAssignedId": name}},
		}).want(201).get("id")
	}
	w.call("admin", "PUT", "/v1.0/users/"+w.ids["member"]+"/manager/$ref", object{"@odata.id": publicURL + "/v1.0/users/" + w.ids["manager"]}).want(204)
	for _, name := range []string{"sales", "reviewers"} {
		w.ids[name] = w.call("admin", "POST", "/v1.0/groups", object{"displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true}).want(201).get("id")
	}
	w.join("reviewers", "reviewer")
	w.call("admin", "POST", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/$ref", object{"@odata.id": "/v1.0/directoryObjects/" + w.ids["robot"]}).want(204)
}

func (w *fixture) join(group, user string) {
	w.Helper()
	w.call("admin", "POST", "/v1.0/groups/"+w.ids[group]+"/members/$ref", object{"@odata.id": publicURL + "/v1.0/users/" + w.ids[user]}).want(204)
}

// offer adds a published catalog with the group sales, and a package of its membership
// under the policy; it remembers their ids.
func (w *fixture) offer(policy object) {
	w.Helper()
	name := "Catalog" + strings.Repeat(" too", len(w.ids["catalog"])/36)
	w.ids["catalog"] = w.call("admin", "POST", em+"/catalogs", object{"displayName": name, "description": "", "state": "published"}).want(201).get("id")
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": w.ids["catalog"]},
		"resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}}).want(201)
	w.ids["package"] = w.call("admin", "POST", em+"/accessPackages", object{"displayName": "Package", "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
	w.call("admin", "POST", em+"/accessPackages/"+w.ids["package"]+"/resourceRoleScopes", object{
		"role":  object{"originId": "Member_" + w.ids["sales"], "originSystem": "AadGroup", "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}},
		"scope": object{"originId": w.ids["sales"], "originSystem": "AadGroup", "isRootScope": true}}).want(201)
	policy["displayName"], policy["description"], policy["accessPackage"] = "Policy", "", object{"id": w.ids["package"]}
	w.ids["policy"] = w.call("admin", "POST", em+"/assignmentPolicies", policy).want(201).get("id")
}

// open is a policy under which every member may ask, without approval.
func open() object {
	return object{"allowedTargetScope": "allMemberUsers", "expiration": object{"type": "afterDuration", "duration": "P30D"},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true, "allowCustomAssignmentSchedule": true}}
}

// approved is one under which a manager decides, or the reviewers, for those without one.
func approved(w *fixture) object {
	p := open()
	p["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{{
		"durationBeforeAutomaticDenial": "P14D",
		"primaryApprovers":              []object{{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}},
		"fallbackPrimaryApprovers":      []object{{"@odata.type": "microsoft.graph.groupMembers", "groupId": w.ids["reviewers"]}},
	}}}
	return p
}

// ask asks for the package and returns the request's id.
func (w *fixture) ask(who string) string {
	w.Helper()
	return w.call(who, "POST", requestPath, object{"requestType": "UserAdd", "assignment": object{"accessPackageId": w.ids["package"]}}).want(201).get("id")
}

// reply is what the API answered.
type reply struct {
	*testing.T
	status int
	header http.Header
	text   string
	body   object
	rows   []any // of an export, by the names of their columns
}

// call sends a JSON body, or none, as somebody; "" is nobody.
func (w *fixture) call(as, method, path string, body any) reply {
	w.Helper()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			w.Fatal(err)
		}
	}
	return w.send(as, method, path, content, http.Header{"Content-Type": {"application/json"}})
}

// send routes a call as the gateway does.
func (w *fixture) send(as, method, path string, body []byte, header http.Header) reply {
	w.Helper()
	r := httptest.NewRequest(method, strings.ReplaceAll(path, " ", "%20"), bytes.NewReader(body))
	r = r.WithContext(obs.WithLogger(w.Context(), obs.New(&w.log, "test")))
	if body == nil {
		r.Body = http.NoBody
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	function, ok := gateway(method, r.URL.EscapedPath())
	if !ok {
		w.Fatalf("no route for %s %s", method, path)
	}
	recorder := httptest.NewRecorder()
	w.api[function].ServeHTTP(recorder, r.WithContext(dynamotest.As(r.Context(), function)))
	text, _ := io.ReadAll(recorder.Result().Body)
	if recorder.Code == http.StatusInternalServerError {
		w.Logf("%s", w.log.String())
	}
	got := reply{T: w.T, status: recorder.Code, header: recorder.Header(), text: string(text)}
	switch kind := recorder.Header().Get("Content-Type"); {
	case kind == csvMedia:
		got.rows = asRows(w.T, got.text)
	case len(text) > 0 && kind != "text/plain":
		if err := json.Unmarshal(text, &got.body); err != nil {
			w.Fatalf("%s %s answers what is not JSON: %s", method, path, text)
		}
	}
	return got
}

// filtered is a path with a filter.
func filtered(path, filter string) string { return path + "?$filter=" + url.QueryEscape(filter) }

func (r reply) want(status int) reply {
	r.Helper()
	if r.status != status {
		r.Fatalf("got %d, want %d: %s", r.status, status, r.text)
	}
	return r
}

// get returns a member of the body by its dotted path, as text.
func (r reply) get(path string) string {
	r.Helper()
	return dig(r.body, path)
}

func dig(v any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		if list, is := v.([]any); is { // by the place in it
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(list) {
				return ""
			}
			v = list[n]
			continue
		}
		o, ok := v.(object)
		if !ok {
			return ""
		}
		v = o[name]
	}
	if text, ok := v.(string); ok {
		return text
	}
	text, _ := json.Marshal(v)
	return strings.TrimSuffix(string(text), "null")
}

// values returns what a collection holds.
func (r reply) values() []any {
	r.Helper()
	if r.want(200).rows != nil {
		return r.rows
	}
	list, ok := r.body["value"].([]any)
	if !ok {
		r.Fatalf("no collection: %s", r.text)
	}
	return list
}

// one returns the only member of a collection.
func (r reply) one() object {
	r.Helper()
	all := r.values()
	if len(all) != 1 {
		r.Fatalf("%d entities, want one: %s", len(all), r.text)
	}
	return all[0].(object)
}
