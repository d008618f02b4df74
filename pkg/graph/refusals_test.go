package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

// snapshot is all that the store holds of what people see, versions aside: a deletion
// guard that was closed and opened again has moved them.
func (w *fixture) snapshot() string {
	w.Helper()
	ctx := w.Context()
	var all []any
	keep := func(v any, err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, v)
	}
	page := entitlement.Page{}
	users, err := w.store.ListUsers(ctx, page)
	keep(users, err)
	keep(w.store.ListGroups(ctx, page))
	keep(w.store.Members(ctx, entitlement.GroupID(w.ids["sales"]), page))
	keep(w.store.ListCatalogs(ctx, page))
	keep(w.store.ListResources(ctx, entitlement.CatalogID(w.ids["catalog"]), page))
	keep(w.store.ListPackages(ctx, page))
	keep(w.store.Scopes(ctx, entitlement.PackageID(w.ids["package"])))
	keep(w.store.ListPolicies(ctx, page))
	keep(w.store.ListConnectors(ctx))
	keep(w.store.RequestsFor(ctx, entitlement.PackageID(w.ids["package"]), page))
	keep(w.store.Holders(ctx, entitlement.PackageID(w.ids["package"]), page))
	for _, u := range users.Items {
		record, grantSets, err := w.store.SubjectRecord(ctx, u.ID)
		keep(record.Generation, err)
		keep(len(grantSets), nil)
	}
	text, err := json.Marshal(withoutVersions(w.T, all))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func withoutVersions(t *testing.T, v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				strip(each)
			}
		case object:
			delete(v, "Version")
			delete(v, "Chain")
			for _, key := range slices.Collect(maps.Keys(v)) {
				strip(v[key])
			}
		}
	}
	strip(tree)
	return tree
}

// refusal is one bad call with the exact answer to it.
type refusal struct {
	as, method, path string
	body             any // text is sent as it is
	status           int
	code, message    string
}

// badInput are the rows of issue and correctness list that a body or a path can hold.
func badInput(w *fixture) map[string]refusal {
	mine := func(more object) object {
		body := object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}
		maps.Copy(body, more)
		return body
	}
	until := func(start, end any) object {
		return mine(object{"schedule": object{"startDateTime": start, "expiration": object{"type": "afterDateTime", "endDateTime": end}}})
	}
	lasting := func(duration string) object {
		return mine(object{"schedule": object{"expiration": object{"type": "afterDuration", "duration": duration}}})
	}
	ask := func(body any, status int, code, message string) refusal {
		return refusal{"other", "POST", requestPath, body, status, code, message}
	}
	bad := func(body any, message string) refusal { return ask(body, 400, "invalidRequest", message) }
	const durations = "schedule.expiration.duration must be an ISO 8601 duration in weeks, days, hours and minutes, such as P30D or PT8H; years and months have no fixed length."
	const bounds = "schedule.expiration.duration must lie between PT1M and P3660D."
	const past = "expiration endDateTime must lie in the future."
	return map[string]refusal{
		"no body":                     bad("", "This needs a body: a JSON object."),
		"a list":                      bad("[]", "The body must be a JSON object."),
		"half of one":                 bad(`{"requestType":`, "The body is not valid JSON at byte 15."),
		"trailing data":               bad(`{} {}`, "The body goes on after its end at byte 4."),
		"a byte order mark":           bad("\xef\xbb\xbf{}", "The body begins with a byte order mark; send plain UTF-8."),
		"broken UTF-8":                bad("{\"justification\":\"\xff\"}", "The body is not valid JSON at byte 18."),
		"a lone surrogate":            bad(`{"justification":"\ud800"}`, "The body is not valid JSON at byte 18."),
		"not a number":                bad(`{"justification":NaN}`, "The body is not valid JSON at byte 17."),
		"an unknown member":           bad(mine(object{"approvedBy": "me"}), "There is no member approvedBy here."),
		"a member in another case":    bad(mine(object{"Justification": "x"}), "There is no member Justification here."),
		"somebody else's name":        bad(mine(object{"requestor": object{"objectId": w.ids["admin"]}}), "There is no member requestor here."),
		"an unknown member deep down": bad(`{"requestType":"userAdd","schedule":{"expiration":{"type":"noExpiration","forEver":true}}}`, "There is no member schedule.expiration.forEver here."),
		"a duplicate member":          bad(`{"requestType":"userAdd","requestType":"adminAdd"}`, "The member requestType stands there twice."),
		"a duplicate deep down":       bad(`{"assignment":{"targetId":"a","targetId":"b"}}`, "The member assignment.targetId stands there twice."),
		"a wrong type":                bad(mine(object{"justification": 7}), "justification must be a text."),
		"an object for a text":        bad(mine(object{"justification": object{}}), "justification must be a text."),
		"a text for an object":        bad(object{"requestType": "userAdd", "assignment": "x"}, "assignment must be an object."),
		"an id that is none":          bad(object{"requestType": "userAdd", "assignment": object{"accessPackageId": "x#y"}}, "assignment.accessPackageId must be a UUID such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427."),
		"two names of one thing":      bad(object{"requestType": "userAdd", "assignment": object{}, "accessPackageAssignment": object{}}, "accessPackageAssignment is another name of assignment; send one of them."),
		"two targets":                 bad(object{"requestType": "userAdd", "assignment": object{"targetId": w.ids["other"], "target": object{"objectId": w.ids["admin"]}}}, "assignment.target.objectId names another one than targetId."),
		"an unknown word":             bad(object{"requestType": "userBorrow"}, "requestType must be one of userAdd, userRemove, adminAdd, adminRemove, userUpdate, adminUpdate, systemRemove, systemAdd, systemUpdate, onBehalfAdd, approverRemove, notSpecified, userExtend."),
		"answers":                     bad(mine(object{"answers": []any{object{}}}), "answers[0].answeredQuestion.id must name the question that is answered."),
		"answers to nothing":          bad(mine(object{"answers": []any{object{"answeredQuestion": object{"id": sampleID}}}}), "answers[0].answeredQuestion.id names no question that is asked here: getApplicablePolicyRequirements lists those of the policy."),
		"what is not served":          ask(object{"requestType": "systemAdd"}, 501, "notSupported", "This operation is not supported yet."),
		"depth 10,000":                bad(`{"a":`+strings.Repeat("[", 10_000), fmt.Sprintf("The body is nested more than %d levels deep.", strict.MaxDepth)),
		"10 MB":                       ask(`{"justification":"`+strings.Repeat("x", 10<<20)+`"}`, 413, "invalidRequest", "The body must be at most 1 MiB, also when it is unpacked."),
		"a text of 1 MB":              bad(mine(object{"justification": strings.Repeat("x", 1<<20-500)}), "justification must be at most 1024 characters long."),
		"a text with NUL":             bad(mine(object{"justification": "a\x00b"}), "justification must not contain U+0000, a control character."),
		"text that reads backwards":   bad(mine(object{"justification": "a\u202eb"}), "justification must not contain U+202E, which shows nothing or changes how the text is read."),
		"an end in the past":          bad(until(nil, "2020-01-01T00:00:00Z"), past),
		"an end just now":             bad(until(nil, w.clock.Now()), past),
		"the end before the start":    bad(until("2026-06-01T00:00:00Z", "2026-05-01T00:00:00Z"), "schedule: expiration endDateTime must lie after startDateTime."),
		"the year 10000":              bad(until(nil, "10000-01-01T00:00:00Z"), "schedule.expiration.endDateTime must be an RFC 3339 time such as 2026-03-01T09:00:00Z."),
		"the year 292277026596":       bad(until("292277026596-12-04T15:30:07Z", "2027-01-01T00:00:00Z"), "schedule.startDateTime must be an RFC 3339 time such as 2026-03-01T09:00:00Z."),
		"months":                      bad(lasting("P1Y2M10DT2H30M"), durations),
		"an exponent":                 bad(lasting("PT1e400S"), durations),
		"less than nothing":           bad(lasting("-P1D"), durations),
		"a second":                    bad(lasting("PT1S"), bounds),
		"a life":                      bad(lasting("P99999D"), bounds),
		"no time at all":              bad(lasting("PT0S"), "expiration of type afterDuration takes a duration between PT1M and P3660D and no endDateTime."),
		"longer than the policy":      ask(lasting("P31D"), 422, "notAllowed", "The policy Policy ends access by 2026-03-31T09:00:00Z: ask for an end that is not later."),
		"on behalf of nobody":         bad(object{"requestType": "onBehalfAdd", "assignment": object{"accessPackageId": w.ids["package"]}}, "assignment.targetId, or assignment.target.principalName, must name the user to ask for."),
		"on behalf of oneself":        bad(object{"requestType": "onBehalfAdd", "assignment": object{"accessPackageId": w.ids["package"], "targetId": w.ids["other"]}}, "onBehalfAdd is for somebody else: name another user in assignment.targetId, or ask for yourself by userAdd."),
		"on behalf of somebody":       ask(object{"requestType": "onBehalfAdd", "assignment": object{"accessPackageId": w.ids["package"], "targetId": w.ids["manager"]}}, 403, "accessDenied", "No policy of this access package lets you ask for it on behalf of this user: ask their manager or whom its policies name, or have an administrator assign it."),
		"on behalf, one unknown":      ask(object{"requestType": "onBehalfAdd", "assignment": object{"accessPackageId": w.ids["package"], "targetId": sampleID}}, 403, "accessDenied", "No policy of this access package lets you ask for it on behalf of this user: ask their manager or whom its policies name, or have an administrator assign it."),
		"for somebody else":           ask(object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"], "targetId": w.ids["manager"]}}, 403, "accessDenied", "userAdd is for yourself: leave out targetId. To assign a package to somebody else use adminAdd."),
		"as if an administrator":      ask(object{"requestType": "adminAdd", "assignment": object{"accessPackageId": w.ids["package"], "targetId": w.ids["other"], "assignmentPolicyId": w.ids["policy"]}}, 403, "accessDenied", "This needs the role catalog owner or access package manager or access package assignment manager in the catalog, or an administrator."),
		"an unknown package":          ask(object{"requestType": "userAdd", "assignment": object{"accessPackageId": sampleID}}, 404, "itemNotFound", "There is no access package with this id."),
		"a second open request":       {"member", "POST", requestPath, mine(nil), 409, "notAllowed", "You already have an open request for this access package: " + w.ids["request"] + ". Wait for it, or cancel it first."},
		"another's request":           {"other", "GET", requestPath + "/" + w.ids["request"], nil, 404, "itemNotFound", "There is no assignment request with this id."},
		"an unknown request":          {"other", "GET", requestPath + "/" + sampleID, nil, 404, "itemNotFound", "There is no assignment request with this id."},
		"cancel another's request":    {"other", "POST", requestPath + "/" + w.ids["request"] + "/cancel", nil, 404, "itemNotFound", "There is no assignment request with this id."},
		"decide on one's own":         {"member", "PATCH", w.ids["stage"], object{"reviewResult": "Approve"}, 403, "accessDenied", "You cannot decide on a request of your own."},
		"decide without a word":       {"manager", "PATCH", w.ids["stage"], object{"justification": "x"}, 400, "invalidRequest", "reviewResult must be Approve or Deny."},
		"decide who decided":          {"manager", "PATCH", w.ids["stage"], object{"reviewResult": "Approve", "approvedBy": "x"}, 400, "invalidRequest", "There is no member approvedBy here."},
		"decide, not asked":           {"other", "PATCH", w.ids["stage"], object{"reviewResult": "Approve"}, 404, "itemNotFound", "There is no assignment request with this id."},
		"decide as administrator":     {"admin", "PATCH", w.ids["stage"], object{"reviewResult": "Approve"}, 403, "accessDenied", "You are not an approver of this stage."},
		"decide twice":                {"manager", "PATCH", w.ids["decided"], object{"reviewResult": "deny"}, 409, "notAllowed", "This stage was already approved by another approver."},
		"a package in use":            {"admin", "DELETE", packagePath + "/" + w.ids["package"], nil, 409, "notAllowed", "The access package has 1 assignments and 1 open requests: end them first."},
		"a policy in use":             {"admin", "DELETE", em + "/assignmentPolicies/" + w.ids["policy"], nil, 409, "notAllowed", "1 assignments and 1 open requests stand under the policy: end them first."},
		"a catalog in use":            {"admin", "DELETE", em + "/catalogs/" + w.ids["catalog"], nil, 409, "notAllowed", "The catalog holds 1 access packages: delete them first."},
		"a group's unknown word":      {"admin", "POST", "/v1.0/groups", object{"displayName": "x", "groupTypes": []string{"Magic"}}, 400, "invalidRequest", "groupTypes may hold Unified and DynamicMembership."},
		"a name that is taken":        {"admin", "POST", "/v1.0/users", object{"displayName": "x", "userPrincipalName": "OTHER@example.com"}, 409, "nameAlreadyExists", "Another user has this userPrincipalName, or one of these identities."},
		"a filter without end":        {"admin", "GET", filtered(packagePath, "displayName eq 'x"), nil, 400, "invalidRequest", `$filter cannot be read at character 16, "'x": the quoted text has no end.`},
		"a filter by a secret":        {"admin", "GET", filtered(ours+"/connectors", "startswith(credential,'a')"), nil, 400, "invalidRequest", `$filter cannot be read at character 12, "credential,'a')": there is no such property to filter by.`},
		"a list without its filter":   {"admin", "GET", em + "/resourceEnvironments", nil, 400, "invalidRequest", "This list needs a filter, such as $filter=originSystem eq 'Scim'."},
		"a page of nothing":           {"admin", "GET", packagePath + "?$top=-1", nil, 400, "invalidRequest", "$top must be a number from 1 to 999."},
		"a page of everything":        {"admin", "GET", packagePath + "?$top=1000000000", nil, 400, "invalidRequest", "$top must be a number from 1 to 999."},
		"an unknown option":           {"admin", "GET", packagePath + "?$apply=x", nil, 400, "invalidRequest", "There is no option $apply."},
		"an unknown expansion":        {"admin", "GET", packagePath + "?$expand=secrets", nil, 400, "invalidRequest", "$expand: secrets cannot be expanded here; what can be: assignmentPolicies, catalog, incompatibleAccessPackages, incompatibleGroups, resourceRoleScopes."},
		"another's expansion":         {"other", "GET", packagePath + "/" + w.ids["package"] + "?$expand=assignmentPolicies", nil, 403, "accessDenied", "$expand: assignmentPolicies is for administrators."},
	}
}

// policies that ask for what is not there, or contradict themselves.
func badPolicies(w *fixture) map[string]refusal {
	post := func(more object, message string) refusal {
		body := object{"displayName": "Policy", "accessPackage": object{"id": w.ids["package"]}}
		maps.Copy(body, more)
		return refusal{"admin", "POST", em + "/assignmentPolicies", body, 400, "invalidRequest", message}
	}
	stage := func(more object) object {
		s := object{"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["manager"]}}}
		maps.Copy(s, more)
		return object{"requestApprovalSettings": object{"isApprovalRequiredForAdd": true, "stages": []object{s}}}
	}
	return map[string]refusal{
		"without a package": {"admin", "POST", em + "/assignmentPolicies", object{"displayName": "x"}, 400, "invalidRequest", "accessPackage.id must name the access package of the policy."},
		"reviews":           post(object{"reviewSettings": object{"isEnabled": true, "primaryReviewers": []any{}}}, "reviewSettings: reviews need primaryReviewers, or isSelfReview."),
		"automatic":         post(object{"automaticRequestSettings": object{"gracePeriodBeforeAccessRemoval": "P1M"}}, "automaticRequestSettings.gracePeriodBeforeAccessRemoval must be an ISO 8601 duration in weeks, days, hours and minutes, such as P30D or PT8H; years and months have no fixed length."),
		"questions":         post(object{"questions": []any{object{"text": "Why?"}}}, "questions[0].@odata.type must be #microsoft.graph.accessPackageTextInputQuestion or #microsoft.graph.accessPackageMultipleChoiceQuestion."),
		"extensions":        post(object{"customExtensionStageSettings": []any{object{}}}, "customExtensionStageSettings[0].customExtension.id must name a custom extension of the catalog."),
		"no mail":           post(object{"notificationSettings": object{"isAssignmentNotificationDisabled": "never"}}, "notificationSettings.isAssignmentNotificationDisabled must be true or false."),
		"on behalf":         post(object{"requestorSettings": object{"enableOnBehalfRequestorsToAddAccess": true}}, "requestorSettings: onBehalfRequestors must name at least one user, group or targetManager where people ask, change or remove on behalf of others."),
		"on whose behalf":   post(object{"requestorSettings": object{"onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.requestorManager"}}}}, "requestorSettings: onBehalfRequestors takes singleUser, groupMembers and targetManager."),
		"sponsors":          post(stage(object{"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.internalSponsors"}}}), "stage 1: sponsors need at least one entry in fallbackPrimaryApprovers, for organizations without one. stage 1: sponsors approve for people of connected organizations: name them in a policy for these, or name a user, a group or a manager."),
		"the boss's boss":   post(stage(object{"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": "3"}}}), "requestApprovalSettings.stages[0].primaryApprovers[0].managerLevel must be 1, the manager, or 2, the manager's manager."),
		"a wrong type":      post(object{"requestApprovalSettings": object{"stages": object{}}}, "requestApprovalSettings.stages must be a list."),
		"nobody decides":    post(object{"requestApprovalSettings": object{"isApprovalRequiredForAdd": "true"}}, "requestApprovalSettings: approval is required, so stages must hold at least one stage."),
		"an unknown user":   post(object{"allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": []object{{"@odata.type": "singleUser", "userId": sampleID}}}, "The policy names "+sampleID+", and there is no such user or group."),
		"everything at once": post(object{"allowedTargetScope": "everybody", "expiration": object{"type": "never"}, "requestorSettings": object{"enableTargetsToSelfAddAccess": "yes"}},
			"allowedTargetScope must be one of notSpecified, specificDirectoryUsers, allMemberUsers, allDirectoryUsers, specificConnectedOrganizationUsers, allConfiguredConnectedOrganizationUsers, allExternalUsers. "+
				"expiration.type must be one of notSpecified, noExpiration, afterDateTime, afterDuration. requestorSettings.enableTargetsToSelfAddAccess must be true or false."),
		"an end that was": post(object{"expiration": object{"type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}}, "expiration endDateTime must lie in the future."),
		"not a boolean":   post(object{"requestorSettings": object{"enableTargetsToSelfAddAccess": "yes"}}, "requestorSettings.enableTargetsToSelfAddAccess must be true or false."),
	}
}

// stockRefusals fills a fixture with what is refused, and returns all that is.
func stockRefusals(w *fixture) map[string]refusal {
	w.Helper()
	w.offer(approved(w))
	w.ids["request"] = w.ask("member")
	stageOf := func(request, reviewer string) string {
		return approvalPath + "/" + request + "/stages/" + dig(w.call(reviewer, "GET", approvalPath+"/"+request+"/stages", nil).one(), "id")
	}
	w.ids["stage"] = stageOf(w.ids["request"], "manager")
	done := w.ask("reviewer")
	w.join("reviewers", "manager")
	w.ids["decided"] = stageOf(done, "manager")
	w.call("manager", "PATCH", w.ids["decided"], object{"reviewResult": "approve"}).want(204)

	rows := badInput(w)
	for name, r := range badPolicies(w) {
		rows["policy: "+name] = r
	}
	return rows
}

func TestRefusalsChangeNothing(t *testing.T) {
	w := newFixture(t)
	rows := stockRefusals(w)
	before := w.snapshot()
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			var got reply
			if text, ok := tt.body.(string); ok {
				got = w.send(tt.as, tt.method, tt.path, []byte(text), http.Header{"Content-Type": {"application/json"}})
			} else {
				got = w.call(tt.as, tt.method, tt.path, tt.body)
			}
			if got.status != tt.status || got.get("error.code") != tt.code || got.get("error.message") != tt.message {
				t.Errorf("got %d %s\n%s\nwant %d %s\n%s", got.status, got.get("error.code"), got.get("error.message"), tt.status, tt.code, tt.message)
			}
			checkErrorShape(t, got)
			if after := w.snapshot(); after != before {
				t.Errorf("S13: something changed\n%s\n%s", before, after)
				before = after
			}
		})
	}
}

// checkErrorShape demands Graph's error and nothing beside it.
func checkErrorShape(t *testing.T, r reply) {
	t.Helper()
	inner, _ := r.body["error"].(object)["innerError"].(object)
	if len(r.body) != 1 || len(r.body["error"].(object)) != 3 || len(inner) != 3 || inner["request-id"] != r.header.Get("Request-Id") || inner["request-id"] == "" || inner["date"] == "" {
		t.Errorf("the error's shape: %s", r.text)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Date") == "" {
		t.Errorf("headers: %v", r.header)
	}
}
