package graphtest

import "fmt"

// New fills what serves the API with something for every operation. people are the ids of who
// calls, by their names here, and of one "manager" more. mark makes names and addresses that
// must be unique so; where it is filled twice, it is another one each time.
func New(call Call, people map[string]string, mark string) (*Fixture, error) {
	f := &Fixture{call: call, ids: map[string]string{"mark": mark}}
	for name, id := range people {
		f.ids[name] = id
	}
	for _, step := range []func() error{f.offer, f.packages, f.requests, f.organizations, f.extensions} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// want calls, and demands a status.
func (f *Fixture) want(status int, as, method, path string, body object) (Answer, error) {
	got, err := f.do(as, method, path, body)
	if err == nil && got.Status != status {
		err = fmt.Errorf("%s %s by %s: %d, want %d: %s", method, path, as, got.Status, status, got.Text)
	}
	return got, err
}

// make keeps the id of what a POST makes.
func (f *Fixture) make(name, as, path string, body object) error {
	got, err := f.want(201, as, "POST", path, body)
	if err == nil {
		f.ids[name], _ = got.Body["id"].(string)
	}
	return err
}

// find keeps the id of the first on a list.
func (f *Fixture) find(name, as, path string) error {
	got, err := f.want(200, as, "GET", path, nil)
	if err != nil {
		return err
	}
	list, _ := got.Body["value"].([]any)
	if len(list) == 0 {
		return fmt.Errorf("%s is empty: %s", path, got.Text)
	}
	one, _ := list[0].(object)
	f.ids[name], _ = one["id"].(string)
	return nil
}

// first runs steps until one fails.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fixture) making(name, path string, body object) func() error {
	return func() error { return f.make(name, Administrator, path, body) }
}

func (f *Fixture) done(as, method, path string, body object) func() error {
	return func() error {
		_, err := f.want(204, as, method, path, body)
		return err
	}
}

func (f *Fixture) finding(name, path string) func() error {
	return func() error { return f.find(name, Administrator, path) }
}

// open is a policy under which every member may ask, without approval.
func open(name, pkg string) object {
	return object{"displayName": name, "description": "", "accessPackage": object{"id": pkg}, "allowedTargetScope": "allMemberUsers",
		"expiration":        object{"type": "afterDuration", "duration": "P30D"},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true, "allowCustomAssignmentSchedule": true}}
}

// decided is one under which the reviewers decide.
func decided(name, pkg string) object {
	p := open(name, pkg)
	p["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P14D",
		"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": "{reviewers}"}}}}}
	return p
}

// offer makes a catalog with a group, a package that gives a role of it, and its policy.
func (f *Fixture) offer() error {
	sales := object{"originId": "{sales}", "originSystem": "AadGroup"}
	return first(
		f.making("sales", "/v1.0/groups", object{"displayName": "Sales {mark}", "mailNickname": "sales"}),
		f.making("reviewers", "/v1.0/groups", object{"displayName": "Reviewers {mark}", "mailNickname": "reviewers"}),
		f.done(Administrator, "POST", "/v1.0/groups/{reviewers}/members/$ref", object{"@odata.id": "/v1.0/users/{reviewer}"}),
		f.making("catalog", em+"/catalogs", object{"displayName": "Catalog {mark}", "description": "", "state": "published"}),
		f.making("", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": "{catalog}"}, "resource": sales}),
		f.making("package", packages, object{"displayName": "Package", "catalog": object{"id": "{catalog}"}}),
		f.making("roleScope", packages+"/{package}/resourceRoleScopes", object{
			"role":  object{"originId": "Member_{sales}", "originSystem": "AadGroup", "resource": sales},
			"scope": object{"originId": "{sales}", "originSystem": "AadGroup", "isRootScope": true}}),
		f.making("policy", em+"/assignmentPolicies", open("Policy {mark}", "{package}")),
		f.finding("resource", em+"/catalogs/{catalog}/resources"),
	)
}

// packages makes further packages, of which two have policies that ask the reviewers.
func (f *Fixture) packages() error {
	var steps []func() error
	for _, name := range []string{"empty", "other", "third", "fourth"} {
		steps = append(steps, f.making(name, packages, object{"displayName": name, "catalog": object{"id": "{catalog}"}}))
	}
	return first(append(steps,
		f.done(Administrator, "POST", packages+"/{package}/incompatibleAccessPackages/$ref", object{"@odata.id": "/x/accessPackages/{other}"}),
		f.done(Administrator, "POST", packages+"/{package}/incompatibleGroups/$ref", object{"@odata.id": "/v1.0/groups/{reviewers}"}),
		f.making("bare", em+"/catalogs", object{"displayName": "Bare {mark}"}),
		f.making("decided", em+"/assignmentPolicies", decided("Decided", "{third}")),
		f.making("decided too", em+"/assignmentPolicies", decided("Decided too", "{fourth}")),
		f.making("unused", em+"/assignmentPolicies", open("Unused", "{other}")),
	)...)
}

// requests asks: for what is given at once, and for what is pending, canceled later, and denied.
func (f *Fixture) requests() error {
	asking := func(name, as, pkg string) func() error {
		return func() error {
			return f.make(name, as, requests, object{"requestType": "userAdd", "assignment": object{"accessPackageId": pkg}})
		}
	}
	return first(
		asking("held", Member, "{package}"),
		asking("pending", Administrator, "{third}"),
		asking("canceled", Administrator, "{fourth}"),
		asking("denied", Member, "{third}"),
		func() error { return f.find("stage", Reviewer, approvals+"/{pending}/stages") },
		func() error { return f.find("other stage", Reviewer, approvals+"/{denied}/stages") },
		f.done(Reviewer, "PATCH", approvals+"/{denied}/stages/{other stage}", object{"reviewResult": "Deny"}),
	)
}

// organizations makes two connected organizations, one of them with sponsors.
func (f *Fixture) organizations() error {
	return first(
		f.making("organization", organizations, tenant("Contoso {mark}", "a-{mark}")),
		f.making("second organization", organizations, tenant("Second {mark}", "b-{mark}")),
		f.making("guest", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest-{mark}@example.com", "userType": "Guest"}),
		f.done(Administrator, "POST", organizations+"/{organization}/internalSponsors/$ref", object{"@odata.id": "/v1.0/users/{member}"}),
		f.done(Administrator, "POST", organizations+"/{organization}/externalSponsors/$ref", object{"@odata.id": "/v1.0/users/{guest}"}),
	)
}

// extensions makes an extension of each kind, an upload session, and gives a role.
func (f *Fixture) extensions() error {
	before := extensionNamed("Before")
	before["@odata.type"] = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
	at := em + "/catalogs/{catalog}"
	return first(
		f.making("extension", at+"/customWorkflowExtensions", extensionNamed("X")),
		f.making("before", at+"/customWorkflowExtensions", before),
		f.making("session", at+"/resources/{resource}/uploadSessions", uploadFor(nobody)),
		f.making("given", roles+"/roleAssignments", object{"principalId": "{member}", "roleDefinitionId": "44272f93-9762-48e8-af59-1b5351b1d6b3", "appScopeId": "/AccessPackageCatalog/{catalog}"}),
	)
}
