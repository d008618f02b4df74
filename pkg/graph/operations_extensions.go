package graph

import (
	"context"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

const (
	extensionsPath = em + "/catalogs/{catalogId}/customWorkflowExtensions"
	uploadsPath    = em + "/catalogs/{catalogId}/resources/{resourceId}/uploadSessions"
)

// extensionOperations are custom extensions and upload sessions: operations 53 to 63 of graph.
var extensionOperations = []operation{
	{method: "GET", path: extensionsPath, action: authz.ReadExtension, serve: listExtensions},
	{method: "POST", path: extensionsPath, action: authz.ChangeExtension, serve: createExtension},
	{method: "GET", path: extensionsPath + "/{extensionId}", action: authz.ReadExtension, serve: getExtension},
	{method: "PUT", path: extensionsPath + "/{extensionId}", action: authz.ChangeExtension, serve: replaceExtension},
	{method: "DELETE", path: extensionsPath + "/{extensionId}", action: authz.ChangeExtension, serve: deleteExtension},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/customExtensionStageSettings", action: authz.ReadPolicy, serve: listStageSettings},

	{method: "GET", path: uploadsPath, action: authz.ReadCatalog, serve: listUploadSessions},
	{method: "POST", path: uploadsPath, action: authz.ChangeUploadSession, serve: createUploadSession},
	{method: "DELETE", path: uploadsPath + "/{sessionId}", action: authz.ChangeUploadSession, serve: deleteUploadSession},
}

// resumeOperations is the answer of an extension that a request waits for: operation 33.
var resumeOperations = []operation{
	{method: "POST", path: requestPath + "/{assignmentRequestId}/resume", action: authz.ResumeRequest, serve: resumeRequest},
}

func extensionType() entityType[entitlement.CustomExtension] {
	return entityType[entitlement.CustomExtension]{set: emSet + "customWorkflowExtensions", mapper: mapExtension, navigation: noNavigation,
		example: entitlement.CustomExtension{Kind: entitlement.RequestExtension, Wait: time.Hour, Token: "x"}}
}

func mapExtension(x entitlement.CustomExtension) object {
	o := object{
		"@odata.type": typePrefix + string(x.Kind), "id": string(x.ID), "displayName": text(x.DisplayName), "description": x.Description,
		"endpointConfiguration": object{"@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration", "subscriptionId": odata.Exact(x.Endpoint.Subscription),
			"resourceGroupName": text(x.Endpoint.ResourceGroup), "logicAppWorkflowName": text(x.Endpoint.Workflow), "url": nil},
		"authenticationConfiguration": object{"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
		"clientConfiguration":         nil,
		"createdBy":                   text(x.CreatedBy), "createdDateTime": instant(x.Created), "lastModifiedBy": text(x.ModifiedBy), "lastModifiedDateTime": instant(x.Modified),
	}
	if x.Token != "" {
		o["authenticationConfiguration"] = object{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": odata.Exact(x.Token)}
	}
	if x.Timeout != 0 || x.Retries != 0 {
		o["clientConfiguration"] = object{"@odata.type": "#microsoft.graph.customExtensionClientConfiguration", "timeoutInMilliseconds": int(x.Timeout.Milliseconds()), "maximumRetries": x.Retries}
	}
	if x.Kind == entitlement.RequestExtension {
		o["callbackConfiguration"] = nil
		if x.Waits() {
			o["callbackConfiguration"] = object{"@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration", "timeoutDuration": entitlement.FormatDuration(x.Wait)}
		}
	}
	return o
}

func listExtensions(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, extensionType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.CustomExtension], error) {
		return c.deps.Catalogs.ListExtensions(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"), page)
	})
}

func getExtension(ctx context.Context, c *call) (response, error) {
	x, err := c.deps.Catalogs.Extension(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ExtensionID](c, "extensionId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, extensionType(), x)
}

func createExtension(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	o.Unwrap("value") // as documented examples have it
	made := entitlement.CustomExtension{Catalog: id[entitlement.CatalogID](c, "catalogId")}
	o.Ignore("id")
	readExtension(o, &made)
	if err := o.Done(); err != nil {
		return response{}, err
	}
	if made, err = c.deps.Catalogs.CreateExtension(ctx, c.by, made); err != nil {
		return response{}, err
	}
	return created(ctx, c, extensionType(), made)
}

// replaceExtension takes what clients send of an extension: documented examples send a part,
// so that what is left out stays; null takes away.
func replaceExtension(ctx context.Context, c *call) (response, error) {
	if err := checkOptions(c, extensionType()); err != nil {
		return response{}, err
	}
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	o.Unwrap("value") // as documented examples have it
	sameID(o, c.path["extensionId"])
	if err := readable(o, readExtension); err != nil {
		return response{}, err
	}
	x, err := c.deps.Catalogs.UpdateExtension(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ExtensionID](c, "extensionId"), func(kept *entitlement.CustomExtension) error {
		readExtension(o, kept)
		return nil
	})
	if err != nil {
		return response{}, err
	}
	return single(ctx, c, extensionType(), x)
}

func readExtension(o *strict.Object, x *entitlement.CustomExtension) {
	o.Ignore("createdBy", "createdDateTime", "lastModifiedBy", "lastModifiedDateTime")
	if kind := o.Type(); kind != "" {
		x.Kind = entitlement.ExtensionKind(kind)
	}
	o.Text("displayName", &x.DisplayName)
	o.Text("description", &x.Description)
	endpoint := o.Object("endpointConfiguration")
	endpoint.Ignore("url")
	if kind := endpoint.Type(); kind != "" && kind != "logicAppTriggerEndpointConfiguration" {
		endpoint.Fail("@odata.type", "must be #microsoft.graph.logicAppTriggerEndpointConfiguration.")
	}
	endpoint.Text("subscriptionId", &x.Endpoint.Subscription)
	endpoint.Text("resourceGroupName", &x.Endpoint.ResourceGroup)
	endpoint.Text("logicAppWorkflowName", &x.Endpoint.Workflow)
	readExtensionAuthentication(o, x)

	client := o.Object("clientConfiguration")
	timeout := int(x.Timeout.Milliseconds())
	client.Int("timeoutInMilliseconds", &timeout)
	client.Int("maximumRetries", &x.Retries)
	x.Timeout = time.Duration(timeout) * time.Millisecond
	readCallback(o, x)
}

func readExtensionAuthentication(o *strict.Object, x *entitlement.CustomExtension) {
	given := o.Has("authenticationConfiguration")
	authentication := o.Object("authenticationConfiguration")
	switch kind := authentication.Type(); {
	case !given:
	case kind == "azureAdPopTokenAuthentication":
		x.Token = ""
	case kind == "azureAdTokenAuthentication":
		if authentication.Text("resourceId", &x.Token); x.Token == "" {
			authentication.Fail("resourceId", "must be given.")
		}
	default:
		authentication.Fail("@odata.type", "must be #microsoft.graph.azureAdPopTokenAuthentication or #microsoft.graph.azureAdTokenAuthentication.")
	}
}

// readCallback reads how long a process waits, under either of its documented names.
func readCallback(o *strict.Object, x *entitlement.CustomExtension) {
	if given := o.Given("callbackConfiguration"); !given {
		return
	}
	x.Wait = 0
	present := o.Has("callbackConfiguration")
	callback := o.Object("callbackConfiguration")
	callback.Alias("timeoutDuration", "durationBeforeTimeout")
	callback.Duration("timeoutDuration", &x.Wait)
	if present && x.Wait <= 0 {
		callback.Fail("timeoutDuration", "must be given, such as PT1H.")
	}
}

func deleteExtension(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeleteExtension(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ExtensionID](c, "extensionId")))
}

// readStages reads at which stages a policy has which extensions called.
func readStages(o *strict.Object) (all []entitlement.StageExtension) {
	for _, each := range o.Objects("customExtensionStageSettings") {
		var s entitlement.StageExtension
		each.Ignore("id")
		strict.Enum(each, "stage", &s.Stage, entitlement.ExtensionStages...)
		x := each.Object("customExtension")
		x.Ignore("displayName", "description", "endpointConfiguration", "authenticationConfiguration", "clientConfiguration", "callbackConfiguration",
			"createdBy", "createdDateTime", "lastModifiedBy", "lastModifiedDateTime")
		if strict.ID(x, "id", &s.Extension); s.Extension == "" {
			x.Fail("id", "must name a custom extension of the catalog.")
		}
		all = append(all, s)
	}
	return all
}

// stageSettings shows the stages of a policy, with the extensions that were joined to it.
func stageSettings(p *views.Policy) []any {
	return objects(p.AssignmentPolicy.Extensions, func(s entitlement.StageExtension) object {
		o := object{"id": string(s.Stage), "stage": string(s.Stage), "customExtension": reference(s.Extension)}
		if x, joined := p.Stages[s.Extension]; joined {
			o["customExtension"] = mapExtension(x)
		}
		return o
	})
}

func stageNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{"customExtension": {action: authz.ReadExtension, navigation: noNavigation}}
}

// stageSetting is one stage of a policy that is shown by itself.
type stageSetting struct {
	*views.Policy
	entitlement.StageExtension
}

func listStageSettings(ctx context.Context, c *call) (response, error) {
	policy, err := policyInPath(ctx, c)
	if err != nil {
		return response{}, err
	}

	shown := viewOf(policy, views.OfPolicies)
	k := entityType[stageSetting]{set: emSet + "assignmentPolicies/customExtensionStageSettings", navigation: stageNavigation,
		example: stageSetting{&views.Policy{}, entitlement.StageExtension{}},
		mapper: func(s stageSetting) object {
			// Mapped as if the policy had this stage alone, so that both ways to read one agree.
			one := *s.Policy
			one.AssignmentPolicy.Extensions = []entitlement.StageExtension{s.StageExtension}
			return stageSettings(&one)[0].(object)
		},
		load: func(ctx context.Context, by authz.Caller, _ []stageSetting, w views.With) error {
			return c.deps.Views.Policies(ctx, by, []*views.Policy{shown}, views.With{views.JoinStages: w})
		}}

	var all []stageSetting
	for _, s := range policy.Extensions {
		all = append(all, stageSetting{shown, s})
	}
	return list(ctx, c, k, sliced(all, nil))
}

func uploadType() entityType[entitlement.UploadSession] {
	return entityType[entitlement.UploadSession]{set: emSet + "uploadSessions", mapper: mapUpload,
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{"files": {many: true, within: true, action: authz.ReadCatalog, navigation: noNavigation}}
		}}
}

func mapUpload(u entitlement.UploadSession) object {
	return object{
		"@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession", "id": u.ID, "createdDateTime": instant(u.Created),
		"referenceId": text(u.Instance), "status": "active", "isUploadDone": false, "stats": object{"filesUploaded": 0, "totalBytesUploaded": 0},
		"data":  object{"@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData", "reviewDefinitionId": text(u.Definition), "reviewInstanceId": text(u.Instance)},
		"files": unexpanded{[]any{}},
	}
}

func listUploadSessions(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, uploadType(), sliced(c.deps.Catalogs.UploadSessions(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"))))
}

func createUploadSession(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	if o.Type() != "customDataProvidedResourceAccessReviewUploadSession" {
		o.Fail("@odata.type", "must be #microsoft.graph.customDataProvidedResourceAccessReviewUploadSession.")
	}

	// Members of the entity that clients send along; files come later, each by a request of its own.
	o.Ignore("id", "createdDateTime", "status", "isUploadDone", "stats", "referenceId")
	o.Refuse("files")

	data := o.Object("data")
	var definition, instance string
	strict.ID(data, "reviewDefinitionId", &definition)
	strict.ID(data, "reviewInstanceId", &instance)
	if definition == "" || instance == "" {
		data.Fail("reviewInstanceId", "and data.reviewDefinitionId must be given.")
	}

	if err := o.Done(); err != nil {
		return response{}, err
	}

	made, err := c.deps.Catalogs.CreateUploadSession(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"), definition, instance)
	if err != nil {
		return response{}, err
	}
	return created(ctx, c, uploadType(), made)
}

func deleteUploadSession(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeleteUploadSession(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"), c.path["sessionId"]))
}

// resumeRequest takes what an extension says that a request waits for. None does, since no
// policy can have one called, so that whoever calls back comes at the wrong time (R209).
func resumeRequest(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var source, kind, detail, state, instance string
	var stage entitlement.ExtensionStage
	o.Text("source", &source)
	o.Text("type", &kind)

	data := o.Object("data")
	switch data.Type() {
	case "accessPackageAssignmentRequestCallbackData":
	case "assignmentRequestApprovalStageCallbackData":
		data.Ignore("approvalStage")
	default:
		data.Fail("@odata.type", "must be #microsoft.graph.accessPackageAssignmentRequestCallbackData or #microsoft.graph.assignmentRequestApprovalStageCallbackData.")
	}

	strict.Enum(data, "stage", &stage, entitlement.ExtensionStages...)
	strict.ID(data, "customExtensionStageInstanceId", &instance)
	data.Text("customExtensionStageInstanceDetail", &detail)
	data.Text("state", &state)

	// The type outside names the same stage as the data inside: one that contradicts itself is
	// refused before anybody looks for the request.
	named := kind[strings.LastIndexByte(kind, '.')+1:]
	switch {
	case stage == "" || instance == "":
		data.Fail("stage", "and data.customExtensionStageInstanceId must be given.")
	case !strings.EqualFold(named, string(stage)):
		o.Fail("type", "must be microsoft.graph.accessPackageCustomExtensionStage."+string(stage)+".")
	}

	if err := o.Done(); err != nil {
		return response{}, err
	}
	return done(c.deps.Requests.Resume(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId"), stage))
}
