package graph

import (
	"context"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

func listPolicies(ctx context.Context, c *call) (response, error) {
	id, named, err := odata.EqualID[entitlement.PolicyID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if named {
		return list(ctx, c, c.policyKind(), viewed(only(c.deps.Catalogs.Policy(ctx, c.by.Caller, id)), views.OfPolicies))
	}

	of, named, err := odata.EqualID[entitlement.PackageID](c.options.Filter, "accessPackage/id")
	if err != nil {
		return response{}, err
	}
	if named {
		found, err := policiesOf(ctx, c, of)

		// A filter that fits nothing is an empty list, not an error.
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return list(ctx, c, c.policyKind(), sliced[*views.Policy](nil, nil))
		}
		return found, err
	}

	return list(ctx, c, c.policyKind(), viewed(asCaller(c, c.deps.Catalogs.ListPolicies), views.OfPolicies))
}

func getPolicy(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Catalogs.Policy(ctx, c.by.Caller, id[entitlement.PolicyID](c, "policyId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.policyKind(), viewOf(p, views.OfPolicies))
}

func createPolicy(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	o.Ignore("id")
	p := readPolicy(o)
	if p.Package == "" {
		o.Object("accessPackage").Fail("id", "must name the access package of the policy.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}

	if p, err = c.deps.Catalogs.CreatePolicy(ctx, c.by, p); err != nil {
		return response{}, err
	}

	return created(ctx, c, c.policyKind(), viewOf(p, views.OfPolicies))
}

// replacePolicy takes a whole policy: what is left out goes back to what a new one has.
func replacePolicy(ctx context.Context, c *call) (response, error) {
	if err := checkOptions(c, c.policyKind()); err != nil {
		return response{}, err
	}

	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	sameID(o, c.path["policyId"])
	p := readPolicy(o)
	p.ID = id[entitlement.PolicyID](c, "policyId")
	if err := o.Done(); err != nil {
		return response{}, err
	}

	// A policy stays with its package, so a client need not say which that is.
	if p.Package == "" {
		kept, err := c.deps.Catalogs.Policy(ctx, c.by.Caller, p.ID)
		if err != nil {
			return response{}, err
		}
		p.Package = kept.Package
	}

	if p, err = c.deps.Catalogs.ReplacePolicy(ctx, c.by, p); err != nil {
		return response{}, err
	}

	return single(ctx, c, c.policyKind(), viewOf(p, views.OfPolicies))
}

func deletePolicy(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeletePolicy(ctx, c.by, id[entitlement.PolicyID](c, "policyId")))
}

// readPolicy reads a policy. Documented examples write booleans and numbers as text.
func readPolicy(o *strict.Object) entitlement.AssignmentPolicy {
	o.Coerce()
	o.Every()

	// What Graph takes and this does not do is refused where it would change who gets what, and
	// ignored where it says nothing.
	p := entitlement.AssignmentPolicy{Scope: entitlement.ScopeNobody}
	o.Ignore("createdDateTime", "modifiedDateTime", "catalog")
	p.Questions = readQuestions(o)
	p.Extensions = readStages(o)
	p.Review, p.Automatic = readReview(o), readAutomatic(o)
	o.Object("notificationSettings").Bool("isAssignmentNotificationDisabled", &p.Quiet)

	o.Text("displayName", &p.DisplayName)
	o.Text("description", &p.Description)

	pkg := o.Object("accessPackage")
	pkg.Ignore("displayName", "description", "isHidden", "createdDateTime", "modifiedDateTime", "catalog")
	strict.ID(pkg, "id", &p.Package)

	strict.Enum(o, "allowedTargetScope", &p.Scope, targetScopes...)
	if p.Scope == "" {
		p.Scope = entitlement.ScopeNobody
	}

	p.Targets = readTargets(o)
	p.Expiration = readExpiration(o.Object("expiration"))
	p.Requestor = readRequestorSettings(o.Object("requestorSettings"))
	p.Approval = readApprovalSettings(o.Object("requestApprovalSettings"))
	return p
}

// targetScopes are the scopes that are served.
var targetScopes = []entitlement.TargetScope{entitlement.ScopeNobody, entitlement.ScopeSpecificUsers, entitlement.ScopeAllMembers, entitlement.ScopeAllUsers,
	entitlement.ScopeSpecificOrganizations, entitlement.ScopeAllOrganizations, entitlement.ScopeAllExternal}

func readRequestorSettings(o *strict.Object) (s entitlement.RequestorSettings) {
	o.Bool("enableOnBehalfRequestorsToAddAccess", &s.OnBehalfAdd)
	o.Bool("enableOnBehalfRequestorsToUpdateAccess", &s.OnBehalfUpdate)
	o.Bool("enableOnBehalfRequestorsToRemoveAccess", &s.OnBehalfRemove)
	s.OnBehalf = readSets(o, "onBehalfRequestors")
	o.Bool("enableTargetsToSelfAddAccess", &s.SelfAdd)
	o.Bool("enableTargetsToSelfUpdateAccess", &s.SelfUpdate)
	o.Bool("enableTargetsToSelfRemoveAccess", &s.SelfRemove)
	o.Bool("allowCustomAssignmentSchedule", &s.CustomSchedule)
	return s
}

func readApprovalSettings(o *strict.Object) (a entitlement.ApprovalSettings) {
	o.Bool("isApprovalRequiredForAdd", &a.RequiredForAdd)
	o.Bool("isApprovalRequiredForUpdate", &a.RequiredForUpdate)
	o.Bool("isRequestorJustificationRequired", &a.RequestorJustification)
	for _, stage := range o.Objects("stages") {
		a.Stages = append(a.Stages, readStage(stage))
	}
	return a
}

func readStage(o *strict.Object) (s entitlement.ApprovalStage) {
	if kind := o.Type(); kind != "" && kind != "accessPackageApprovalStage" {
		o.Fail("@odata.type", "asks for something that is not supported yet.")
	}

	const byDefault = "default"
	strict.Enum(o, "approverInformationVisibility", &s.Visibility, byDefault, entitlement.ApproversVisible, entitlement.ApproversHidden)
	if s.Visibility == byDefault {
		s.Visibility = ""
	}

	o.Duration("durationBeforeAutomaticDenial", &s.TimeLimit)
	o.Duration("durationBeforeEscalation", &s.EscalateAfter)
	o.Bool("isApproverJustificationRequired", &s.ApproverJustification)
	o.Bool("isEscalationEnabled", &s.Escalation)

	s.Primary = readSets(o, "primaryApprovers")
	s.Fallback = readSets(o, "fallbackPrimaryApprovers")
	s.Alternates = readSets(o, "escalationApprovers")
	s.FallbackAlternates = readSets(o, "fallbackEscalationApprovers")

	return s
}

func readSets(o *strict.Object, name string) (sets []entitlement.SubjectSet) {
	for _, each := range o.Objects(name) {
		sets = append(sets, readSet(each))
	}
	return sets
}

func readSet(o *strict.Object) entitlement.SubjectSet {
	s := entitlement.SubjectSet{Kind: entitlement.SubjectKind(o.Type())}

	var named string // as older clients call it
	strict.ID(o, "id", &named)
	o.Refuse("isBackup") // who stands in for others has lists of their own

	o.Text("description", &s.Description)
	clean, err := entitlement.Description("", s.Description)
	if err != nil {
		o.Fail("description", strings.TrimSpace(entitlement.MessageOf(err)))
	}
	s.Description = clean

	switch s.Kind {
	case entitlement.SingleUser:
		strict.ID(o, "userId", &s.ID)
	case entitlement.GroupMembers:
		strict.ID(o, "groupId", &s.ID)
	case entitlement.RequestorManager, entitlement.TargetManager:
		level := 1
		if o.Int("managerLevel", &level); o.Has("managerLevel") && level != 1 && level != 2 {
			o.Fail("managerLevel", "must be 1, the manager, or 2, the manager's manager.")
		}
		if level == 2 {
			s.Kind = map[entitlement.SubjectKind]entitlement.SubjectKind{entitlement.RequestorManager: entitlement.SecondManager, entitlement.TargetManager: entitlement.SecondTargetManager}[s.Kind]
		}
		return s
	case entitlement.InternalSponsors, entitlement.ExternalSponsors, entitlement.TargetUserSponsors:
		return s
	default:
		o.Fail("@odata.type", "must be "+typePrefix+"singleUser, groupMembers, requestorManager, targetManager, internalSponsors, externalSponsors or targetUserSponsors; others are not supported yet.")
		return s
	}

	if s.ID == "" {
		o.Fail("@odata.type", "needs the id of its user or group.")
	}
	if named != "" && named != s.ID {
		o.Fail("id", "must be that of its user or group.")
	}

	return s
}

func readExpiration(o *strict.Object) (e entitlement.Expiration) {
	strict.Enum(o, "type", &e.Type, entitlement.ExpireNotSpecified, entitlement.ExpireNever, entitlement.ExpireAfterDateTime, entitlement.ExpireAfterDuration)
	o.Duration("duration", &e.Duration)
	o.Time("endDateTime", &e.End)
	return e
}
