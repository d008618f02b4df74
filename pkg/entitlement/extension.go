package entitlement

import (
	"slices"
	"strconv"
	"time"
)

// ExtensionID is the id of a custom extension.
type ExtensionID string

// ExtensionKind is the kind of a custom extension, as Graph names it.
type ExtensionKind string

// The kinds: one for requests and assignments (R203), one for the time before an end (R204).
const (
	RequestExtension    ExtensionKind = "accessPackageAssignmentRequestWorkflowExtension"
	AssignmentExtension ExtensionKind = "accessPackageAssignmentWorkflowExtension"
)

// ExtensionStage is when a policy has an extension called. The values are Graph's.
type ExtensionStage string

// The stages, and the kind of extension that each takes.
var stageKinds = map[ExtensionStage]ExtensionKind{
	"assignmentRequestCreated": RequestExtension, "assignmentRequestApproved": RequestExtension, "assignmentRequestGranted": RequestExtension,
	"assignmentRequestRemoved": RequestExtension, "assignmentFourteenDaysBeforeExpiration": AssignmentExtension, "assignmentOneDayBeforeExpiration": AssignmentExtension,
}

// ExtensionStages lists the stages in their order.
var ExtensionStages = []ExtensionStage{"assignmentRequestCreated", "assignmentRequestApproved", "assignmentRequestGranted", "assignmentRequestRemoved",
	"assignmentFourteenDaysBeforeExpiration", "assignmentOneDayBeforeExpiration"}

// Kind returns the kind of extension that the stage takes.
func (s ExtensionStage) Kind() ExtensionKind { return stageKinds[s] }

// StageExtension is a stage at which a policy has an extension called.
type StageExtension struct {
	Stage     ExtensionStage
	Extension ExtensionID
}

// Bounds of extensions (R206).
const (
	MaxExtensions       = 5 // of one policy
	MaxExtensionWait    = 14 * 24 * time.Hour
	MaxExtensionTimeout = 10 * time.Minute
	MaxExtensionRetries = 10
)

// CustomExtension is what a policy of its catalog may have called (R202). Nothing calls it
// yet.
type CustomExtension struct {
	ID          ExtensionID
	Catalog     CatalogID
	Kind        ExtensionKind
	DisplayName string
	Description string
	Endpoint    ExtensionEndpoint
	Token       string // the resource that a token is asked for; "" means a token that proves possession
	Timeout     time.Duration
	Retries     int
	Wait        time.Duration // how long a process waits for it to call back; zero means not at all
	Uses        int           // stages of policies; in use, it is not deleted (R261)
	CreatedBy   UserID
	Created     time.Time
	ModifiedBy  UserID
	Modified    time.Time
	Meta
}

// ExtensionEndpoint is the workflow that an extension stands for.
type ExtensionEndpoint struct {
	Subscription  string
	ResourceGroup string
	Workflow      string
}

// Waits reports an extension that a process would wait for (R205).
func (x CustomExtension) Waits() bool { return x.Wait != 0 }

// Check refuses an extension that contradicts itself, and cleans its texts.
func (x *CustomExtension) Check() (err error) {
	if x.Kind != RequestExtension && x.Kind != AssignmentExtension {
		return Errorf(Invalid, "@odata.type must be #microsoft.graph.%s or #microsoft.graph.%s.", RequestExtension, AssignmentExtension)
	}
	if x.DisplayName, err = Name("displayName", x.DisplayName); err != nil {
		return err
	}
	if x.Description, err = Description("description", x.Description); err != nil {
		return err
	}
	for member, text := range map[string]*string{"subscriptionId": &x.Endpoint.Subscription, "resourceGroupName": &x.Endpoint.ResourceGroup, "logicAppWorkflowName": &x.Endpoint.Workflow} {
		if *text, err = Name("endpointConfiguration."+member, *text); err != nil {
			return err
		}
	}
	if len(x.Token) > MaxName {
		return Errorf(Invalid, "authenticationConfiguration.resourceId must be at most %d characters long.", MaxName)
	}
	if err := Exact("authenticationConfiguration.resourceId", x.Token); err != nil {
		return err
	}
	if x.Timeout < 0 || x.Timeout > MaxExtensionTimeout {
		return Errorf(Invalid, "clientConfiguration.timeoutInMilliseconds must lie between 0 and %d.", MaxExtensionTimeout.Milliseconds())
	}
	if x.Retries < 0 || x.Retries > MaxExtensionRetries {
		return Errorf(Invalid, "clientConfiguration.maximumRetries must lie between 0 and %d.", MaxExtensionRetries)
	}
	if x.Waits() && x.Kind == AssignmentExtension {
		return Errorf(Invalid, "callbackConfiguration goes with #microsoft.graph.%s only: before an end nothing waits.", RequestExtension) // R204
	}
	if x.Wait < 0 || x.Wait > MaxExtensionWait {
		return Errorf(Invalid, "callbackConfiguration.timeoutDuration must be at most %s.", FormatDuration(MaxExtensionWait)) // R206
	}
	return nil
}

// CheckStages refuses stages of a policy that are too many, or say the same twice.
func CheckStages(all []StageExtension) error {
	if len(all) > MaxExtensions {
		return Errorf(Invalid, "customExtensionStageSettings holds at most %d stages.", MaxExtensions)
	}
	for i, s := range all {
		if s.Stage.Kind() == "" {
			return Errorf(Invalid, "customExtensionStageSettings[%d].stage must be one of %s.", i, inWords(ExtensionStages))
		}
		if slices.ContainsFunc(all[:i], func(other StageExtension) bool { return other.Stage == s.Stage }) {
			return Errorf(Invalid, "customExtensionStageSettings names the stage %s twice.", s.Stage)
		}
	}
	return nil
}

// Takes refuses an extension that a policy cannot have at a stage. One that the process would
// wait for is refused as not supported: nothing would ever call back, and whoever relies on
// being asked would not be.
func (s StageExtension) Takes(x CustomExtension) error {
	if x.Kind != s.Stage.Kind() {
		return Errorf(Invalid, "The stage %s takes an extension of the type #microsoft.graph.%s.", s.Stage, s.Stage.Kind())
	}
	if x.Waits() {
		return Errorf(Unsupported, "The extension %s would have requests wait for its answer, and extensions are not called yet: take its callbackConfiguration away, or leave it out of the policy.", x.DisplayName)
	}
	return nil
}

// Recorded lists what events say of an extension.
func (x CustomExtension) Recorded() []Recorded {
	if x.ID == "" {
		return nil
	}
	return []Recorded{
		{"kind", string(x.Kind)}, {"displayName", x.DisplayName}, {"description", x.Description},
		{"endpoint", x.Endpoint.Subscription + " " + x.Endpoint.ResourceGroup + " " + x.Endpoint.Workflow}, {"resourceId", x.Token},
		{"timeoutInMilliseconds", strconv.FormatInt(x.Timeout.Milliseconds(), 10)}, {"maximumRetries", strconv.Itoa(x.Retries)}, {"callbackTimeout", lasting(x.Wait)},
	}
}

// stagesRecorded writes the stages of a policy as events hold them.
func stagesRecorded(all []StageExtension) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s.Stage) + " " + string(s.Extension)
	}
	return inWords(words)
}
