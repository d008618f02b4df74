package graph

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

func listRequests(ctx context.Context, c *call) (response, error) {
	named, ok, err := odata.EqualID[entitlement.RequestID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if ok {
		r, err := c.deps.Requests.Request(ctx, c.by.Caller, named)
		return list(ctx, c, c.requestKind(), viewed(only(r, err), views.OfRequests))
	}

	// Whoever Graph calls the requestor is mostly the one whom a request is for, and is another
	// one where somebody asked on behalf of that one.
	for _, path := range []string{"requestor/objectId", "requestor/id", "assignment/target/objectId"} {
		read := c.deps.Requests.RequestsShownBy
		if path == "assignment/target/objectId" {
			read = c.deps.Requests.RequestsOf
		}
		person, ok, err := odata.EqualID[entitlement.UserID](c.options.Filter, path)
		if err != nil {
			return response{}, err
		}
		if ok {
			return list(ctx, c, c.requestKind(), viewed(func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
				return read(ctx, c.by.Caller, person, page)
			}, views.OfRequests))
		}
	}

	pkg, ok, err := odata.EqualID[entitlement.PackageID](c.options.Filter, "accessPackage/id")
	if err != nil {
		return response{}, err
	}
	if ok {
		return list(ctx, c, c.requestKind(), viewed(func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
			return c.deps.Requests.RequestsFor(ctx, c.by.Caller, pkg, page)
		}, views.OfRequests))
	}

	return list(ctx, c, c.requestKind(), viewed(asCaller(c, c.deps.Requests.Requests), views.OfRequests))
}

func getRequest(ctx context.Context, c *call) (response, error) {
	r, err := c.deps.Requests.Request(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.requestKind(), viewOf(r, views.OfRequests))
}

func cancelRequest(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Requests.Cancel(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId")))
}

// requestBody is an assignment request as a client words it.
type requestBody struct {
	kind          entitlement.RequestType
	assignment    entitlement.AssignmentID
	subject       entitlement.UserID
	principal     string // the userPrincipalName of the subject, where the id is left out
	pkg           entitlement.PackageID
	policy        entitlement.PolicyID
	justification string
	answers       []entitlement.GivenAnswer
	schedule      entitlement.Schedule
}

// requestTypes are all that Graph knows; those that are not served are told so.
var requestTypes = []entitlement.RequestType{entitlement.UserAdd, entitlement.UserRemove, entitlement.AdminAdd, entitlement.AdminRemove,
	entitlement.UserUpdate, entitlement.AdminUpdate, entitlement.SystemRemove, "systemAdd", "systemUpdate", entitlement.OnBehalfAdd, "approverRemove", "notSpecified", "userExtend"}

// requestActions are the types that are served, with what each of them is.
var requestActions = map[entitlement.RequestType]authz.Action{
	entitlement.UserAdd: authz.RequestForSelf, entitlement.UserUpdate: authz.ExtendOwn, entitlement.UserRemove: authz.RemoveOwn,
	entitlement.OnBehalfAdd: authz.RequestOnBehalf,
	entitlement.AdminAdd:    authz.AssignDirectly, entitlement.AdminUpdate: authz.ExtendDirectly, entitlement.AdminRemove: authz.RemoveDirectly,
}

func createRequest(ctx context.Context, c *call) (response, error) {

	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	ask := readRequest(o)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	var made entitlement.AssignmentRequest
	action, served := requestActions[ask.kind]
	if !served {
		return response{}, notServed()
	}

	// Admitted before anything is read for it; the use case asks again, with the object.
	if err := authz.Admit(c.by.Caller, action); err != nil {
		return response{}, err
	}

	made, err = submit(ctx, c, ask)
	if err != nil {
		return response{}, err
	}
	return createdRequest(ctx, c, made)
}

// createdRequest answers with a request that was made. Whatever was decided already, the answer is
// that it was taken; its later states are reached by themselves (R107). So a command that is sent
// again hears the same (S12).
func createdRequest(ctx context.Context, c *call, made entitlement.AssignmentRequest) (response, error) {
	made.State, made.Outcome, made.Completed = entitlement.RequestSubmitted, "", time.Time{}
	return created(ctx, c, c.requestKind(), viewOf(made, views.OfRequests))
}

func submit(ctx context.Context, c *call, ask requestBody) (entitlement.AssignmentRequest, error) {
	var none entitlement.AssignmentRequest
	if ask.principal != "" && ask.subject == "" && ask.kind != entitlement.AdminAdd && ask.kind != entitlement.OnBehalfAdd {
		return none, entitlement.Errorf(entitlement.Invalid, "assignment.target.principalName alone names somebody in requests of the types adminAdd and onBehalfAdd; name the user by assignment.targetId.")
	}
	if ask.kind.Removes() {
		if ask.assignment == "" {
			return none, entitlement.Errorf(entitlement.Invalid, "assignment.id must name the assignment to end.")
		}
		if len(ask.answers) > 0 {
			return none, entitlement.Errorf(entitlement.Invalid, "answers are for requests that ask for access; leave them out.")
		}
		return c.deps.Requests.RemoveHeld(ctx, c.by, ask.submission())
	}

	if ask.kind.Updates() {
		return extend(ctx, c, ask)
	}

	switch {
	case ask.pkg == "":
		return none, entitlement.Errorf(entitlement.Invalid, "assignment.accessPackageId must name the access package to have.")
	case ask.assignment != "":
		return none, entitlement.Errorf(entitlement.Invalid, "assignment.id is for requests that end an assignment; leave it out.")
	case ask.kind == entitlement.OnBehalfAdd && ask.subject == "" && ask.principal == "":
		return none, entitlement.Errorf(entitlement.Invalid, "assignment.targetId, or assignment.target.principalName, must name the user to ask for.")
	case ask.kind == entitlement.AdminAdd && ask.subject == "" && ask.principal == "":
		return none, entitlement.Errorf(entitlement.Invalid, "assignment.targetId, or assignment.target.principalName, must name the user to assign the access package to.")
	}

	in := ask.submission()
	if ask.subject == "" {
		in.SubjectName = ask.principal
	}
	return c.deps.Requests.Submit(ctx, c.by, in)
}

func (ask requestBody) submission() requests.Submission {
	return requests.Submission{Type: ask.kind, Assignment: ask.assignment, Subject: ask.subject, Package: ask.pkg, Policy: ask.policy, Justification: ask.justification, Answers: ask.answers, RequestedSchedule: ask.schedule}
}

// extend moves the end of an assignment, which is named by its id or, for one's own, by
// its package.
func extend(ctx context.Context, c *call, ask requestBody) (entitlement.AssignmentRequest, error) {
	if ask.assignment == "" && ask.pkg == "" {
		return entitlement.AssignmentRequest{}, entitlement.Errorf(entitlement.Invalid, "assignment.id must name the assignment to change.")
	}
	return c.deps.Requests.ExtendHeld(ctx, c.by, ask.submission())
}

// readRequest reads a request. Who asks is never read: it is whoever the token says.
func readRequest(o *strict.Object) requestBody {
	var ask requestBody
	o.Ignore("id", "state", "status", "createdDateTime", "completedDateTime", "customExtensionCalloutInstances")
	ask.answers = readAnswers(o)

	strict.Enum(o, "requestType", &ask.kind, requestTypes...)
	if ask.kind == "userExtend" { // an older name
		ask.kind = entitlement.UserUpdate
	}
	if ask.kind == "" {
		o.Fail("requestType", "must be given: userAdd, userUpdate, userRemove, onBehalfAdd, adminAdd, adminUpdate or adminRemove.")
	}

	o.Text("justification", &ask.justification)
	ask.schedule = readSchedule(o.Object("schedule"))

	o.Alias("assignment", "accessPackageAssignment")
	a := o.Object("assignment")
	a.Ignore("state", "status", "schedule", "expiredDateTime", "customExtensionCalloutInstances")
	strict.ID(a, "id", &ask.assignment)
	flatOrNested(a, "accessPackageId", "accessPackage", &ask.pkg, "id")
	flatOrNested(a, "assignmentPolicyId", "assignmentPolicy", &ask.policy, "id")
	target := flatOrNested(a, "targetId", "target", &ask.subject, "objectId", "id")
	target.Text("principalName", &ask.principal) // beside an id it is what was read with it

	return ask
}

// flatOrNested reads an id that clients write in either way: targetId, which the schema
// does not know, or target.objectId. It returns what is nested.
func flatOrNested[T ~string](o *strict.Object, flat, nested string, to *T, keys ...string) *strict.Object {
	strict.ID(o, flat, to)

	inner := o.Object(nested)
	inner.Refuse("email")
	inner.Ignore("displayName", "description", "principalName", "subjectType", "isHidden", "createdDateTime", "modifiedDateTime")

	// One who is named in both ways must be the same.
	for _, key := range keys {
		var named T
		strict.ID(inner, key, &named)
		if named != "" && *to != "" && named != *to {
			inner.Fail(key, "names another one than "+flat+".")
		}
		if named != "" {
			*to = named
		}
	}

	return inner
}

func readSchedule(o *strict.Object) (s entitlement.Schedule) {
	o.Refuse("recurrence")
	o.Time("startDateTime", &s.Start)
	s.Expiration = readExpiration(o.Object("expiration"))
	return s
}

func requestDetails() entityType[*views.Request] {
	return entityType[*views.Request]{set: "leasehold/assignmentRequests", mapper: mapRequestedBy, navigation: noNavigation, example: &views.Request{}}
}

// mapRequestedBy tells those who decide all that they decide on: for whom and by whom the
// request was made, why, for which period, since when, and until when they can.
func mapRequestedBy(r *views.Request) object {
	person := func(id entitlement.UserID, u *entitlement.User) object {
		if u == nil {
			u = &entitlement.User{}
		}
		return object{"id": string(id), "displayName": text(u.DisplayName), "mail": text(u.Mail)}
	}

	pkg := object{"id": string(r.AssignmentRequest.Package), "displayName": nil}
	if r.Package != nil {
		pkg["displayName"] = text(r.Package.DisplayName)
	}

	var by any
	if r.Current() != nil {
		by = instant(r.Current().Deadline)
	}

	return object{
		"id": string(r.ID), "requestType": string(r.Type), "state": string(r.State), "status": r.Status(),
		"createdBy": person(r.AssignmentRequest.Requestor, r.CreatedBy), "subject": person(r.AssignmentRequest.Subject, r.Subject), "accessPackage": pkg,
		"assignmentPolicy": string(r.Policy), "justification": text(r.Justification), "answers": mapAnswers(r.Answers), "schedule": mapSchedule(r.RequestedSchedule.Start, r.Expiration),
		"createdDateTime": instant(r.Created), "decideByDateTime": by, "completedDateTime": instant(r.Completed),
	}
}

// getRequestDetails shows a request to those who have to do with it.
func getRequestDetails(ctx context.Context, c *call) (response, error) {
	r, err := c.deps.Requests.Request(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
	if err != nil {
		return response{}, err
	}
	shown := views.OfRequests([]entitlement.AssignmentRequest{r})
	if err := c.deps.Views.Requests(ctx, c.by.Caller, shown, views.With{views.JoinPeople: nil, views.JoinPackage: nil}); err != nil {
		return response{}, err
	}
	return entity(ctx, c, requestDetails(), shown[0])
}
