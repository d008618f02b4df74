package graph

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// The schemas of the description are made from the entity types: from the trees that their
// mappers make of an example that is empty and of one that has everything. So a property that
// a mapper gets is described, and one that it loses is not.

// schema is an entity type of the description.
type schema struct {
	name       string
	trees      []object
	navigation map[string]navigationProperty
}

func schemaOf[T any](name string, k entityType[T]) schema {
	return schema{name, []object{k.sample(), k.mapper(filled(k.example))}, k.navigation()}
}

// schemas are those of all entity types.
func (c *call) schemas() []schema {
	return []schema{
		schemaOf("accessPackage", c.packageKind()), schemaOf("accessPackageCatalog", c.catalogKind()), schemaOf("accessPackageAssignmentPolicy", c.policyKind()),
		schemaOf("accessPackageAssignmentRequest", c.requestKind()), schemaOf("accessPackageAssignment", c.assignments()),
		schemaOf("accessPackageResource", c.resourceKind()), schemaOf("accessPackageResourceRole", c.resourceRoles()),
		schemaOf("accessPackageResourceScope", resourceScopes()), schemaOf("accessPackageResourceRoleScope", c.roleScopes()),
		schemaOf("accessPackageResourceRequest", c.resourceRequestType()), schemaOf("accessPackageResourceEnvironment", environments()),
		schemaOf("availableAccessPackage", c.availableType()), schemaOf("accessPackageSuggestion", c.suggestionSample()),
		schemaOf("approval", approvals()), schemaOf("approvalStage", approvalStages()),
		schemaOf("accessPackageQuestion", questionType()), schemaOf("customExtensionStageSetting", stageSettingSample()),
		schemaOf("customCalloutExtension", extensionType()), schemaOf("uploadSession", uploadType()),
		schemaOf("connectedOrganization", c.organizationType()), schemaOf("accessPackageSubject", subjects()),
		schemaOf("entitlementManagementSettings", settingsType()), schemaOf("endUserSettings", endUserType()),
		schemaOf("user", users()), schemaOf("group", groups()), schemaOf("directoryObject", directoryObjects()),
		schemaOf("unifiedRoleDefinition", roleDefinitions()), schemaOf("unifiedRoleAssignment", c.roleAssignments()),
		schemaOf("connector", connectorType()), schemaOf("targetResource", offerType()), schemaOf("pickableConnector", pickableType()), schemaOf("event", eventType()), schemaOf("grant", grants()), schemaOf("targetAccount", accountType()), schemaOf("requestDetails", requestDetails()),
		schemaOf("deliveryError", deliveryErrorType()), schemaOf("failure", failureType()), schemaOf("removal", c.removalType()), schemaOf("roleHolder", roleHolderType()),
		schemaOf("inactiveSettings", inactiveType()), schemaOf("link", linkType("")), schemaOf("impactSettings", impactSettingsType()), schemaOf("impact", impactType(nil)), schemaOf("impactChange", impactChangeType()), schemaOf("roleChangeJob", impactJobType()), schemaOf("affectedPerson", affectedType()), schemaOf("export", exportType()),
		schemaOf("driftScan", driftScanType()), schemaOf("driftFinding", driftFindingType()), schemaOf("deliverySettings", deliverySettingsType()),
		schemaOf("requirements", requirementType()),
		schemaOf("approvalBackground", backgroundType()), schemaOf("trial", trialType()),
		schemaOf("home", homeType()), schemaOf("packageInsight", packageInsightType()), schemaOf("missingAccessPackage", missingType()), schemaOf("sponsoredOrganization", sponsoredType()), schemaOf("sponsoredPerson", guestType()),
		schemaOf("sponsoredAssignment", guestAssignmentType()), schemaOf("sponsoredRequest", guestRequestType()),
	}
}

// requirementType is what a request through a policy needs, which is no entity and has no path.
func requirementType() entityType[entitlement.AssignmentPolicy] {
	return entityType[entitlement.AssignmentPolicy]{mapper: func(p entitlement.AssignmentPolicy) object { return mapRequirement(p, nil) }, navigation: noNavigation}
}

// suggestionSample is the type of suggestions with an example that has all reasons.
func (c *call) suggestionSample() entityType[suggestion] {
	k := c.suggestionType()
	k.example.Related, k.example.Past = 1, 1
	return k
}

// stageSettingSample is a stage of a policy as it is shown by itself.
func stageSettingSample() entityType[entitlement.StageExtension] {
	return entityType[entitlement.StageExtension]{navigation: stageNavigation, mapper: func(s entitlement.StageExtension) object {
		return object{"id": string(s.Stage), "stage": string(s.Stage), "customExtension": reference(s.Extension)}
	}}
}

// openMembers are the members that hold whatever belongs to what happened, by schema.
var openMembers = map[string]string{"event": "data"}

// components are the schemas by name, with what entities have beside their properties.
func components(all []schema) object {
	byMembers := map[string]string{}
	for _, s := range all {
		byMembers[memberNames(s.trees[0])] = s.name
	}

	out := object{"error": errorSchema()}
	for _, s := range all {
		described := describeObject(s.trees, s.navigation, byMembers)
		properties := described["properties"].(object)
		if open, ok := openMembers[s.name]; ok {
			properties[open] = object{"type": "object", "additionalProperties": true}
		}
		for _, annotation := range []string{"@odata.context", "@odata.etag"} {
			properties[annotation] = object{"type": "string", "readOnly": true}
		}
		for _, kept := range []string{"id", "createdDateTime", "modifiedDateTime"} {
			if p, ok := properties[kept].(object); ok {
				p["readOnly"] = true
			}
		}
		out[s.name] = described
	}
	return out
}

func errorSchema() object {
	words := object{"type": "string"}
	return object{"type": "object", "required": []any{"error"}, "properties": object{"error": object{"type": "object", "required": []any{"code", "message"},
		"properties": object{"code": words, "message": words, "target": words, "details": object{"type": "array", "items": object{"type": "object"}}, "innerError": object{"type": "object"}}}}}
}

// memberNames is what a tree is known by: the names of its properties.
func memberNames(tree object) string {
	return strings.Join(slices.Sorted(maps.Keys(tree)), " ")
}

// describeObject describes objects that are of one kind, and may each lack some properties.
func describeObject(trees []object, navigation map[string]navigationProperty, known map[string]string) object {
	values := map[string][]any{}
	for _, tree := range trees {
		for name, v := range tree {
			values[name] = append(values[name], v)
		}
	}

	properties := object{}
	for name, all := range values {
		if leads, ok := navigation[name]; ok {
			properties[name] = describeNavigation(name, leads, all, known)
			continue
		}
		properties[name] = describeValue(all, known)
	}
	return object{"type": "object", "properties": properties}
}

// describeNavigation describes what $expand shows in the place of a navigation property: its
// type is known by its sample or, where the values are references alone, by its name.
func describeNavigation(property string, leads navigationProperty, values []any, known map[string]string) object {
	name, described := "", describeValue(values, known)
	if leads.sample != nil {
		name = known[memberNames(leads.sample())]
	} else if inner, _ := described["properties"].(object); len(inner) <= 2 {
		name = nouns[property]
	}

	switch to := (object{"$ref": "#/components/schemas/" + name}); {
	case name == "":
		return described
	case leads.many:
		return object{"type": "array", "items": to}
	default:
		return object{"type": "object", "nullable": true, "allOf": []any{to}}
	}
}

// describeValue describes the values that one property was seen to have.
func describeValue(values []any, known map[string]string) object {
	var d object
	var trees []object
	var items []any
	null := false
	for _, v := range values {
		if hidden, ok := v.(odata.Unexpanded); ok {
			v = hidden.Seen()
		}
		switch v := v.(type) {
		case nil:
			null = true
		case object:
			trees, d = append(trees, v), object{"type": "object"}
		case []any:
			items, d = append(items, v...), object{"type": "array"}
		case bool:
			d = object{"type": "boolean"}
		case int:
			d = object{"type": "integer"}
		case float64:
			d = object{"type": "number"}
		case time.Time:
			d = object{"type": "string", "format": "date-time"}
		default: // string and odata.Exact
			d = object{"type": "string"}
		}
	}

	switch {
	case d == nil:
		return object{"description": "Always null."}
	case len(trees) > 0:
		d = describeObject(trees, nil, known)
	case d["type"] == "array" && len(items) > 0:
		d["items"] = describeValue(items, known)
	case d["type"] == "array":
		d["items"] = object{"type": "object"}
	}
	if null {
		d["nullable"] = true
	}
	return d
}

// fillDepth is how far down an example is filled: a type may lead back to itself.
const fillDepth = 5

// filled returns an example with everything in it that its type can hold; numbers stay 0,
// because some are places in a list.
func filled[T any](example T) T {
	v := reflect.New(reflect.TypeFor[T]()).Elem()
	v.Set(reflect.ValueOf(&example).Elem())
	fill(v, fillDepth)
	return v.Interface().(T)
}

// whole are values that are filled in one way alone.
var whole = map[reflect.Type]any{
	reflect.TypeFor[time.Time]():              time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	reflect.TypeFor[entitlement.Expiration](): entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: time.Hour, End: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	reflect.TypeFor[[]entitlement.SubjectSet](): []entitlement.SubjectSet{{Kind: entitlement.SingleUser}, {Kind: entitlement.GroupMembers},
		{Kind: entitlement.RequestorManager}, {Kind: entitlement.OrganizationMembers}},
}

func fill(v reflect.Value, depth int) {
	if depth == 0 || !v.CanSet() {
		return
	}
	if value, ok := whole[v.Type()]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}

	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			v.SetString("x")
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth-1)
		}
	case reflect.Pointer:
		fillPointer(v, depth)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Pointer {
			return // what is joined is described by its own schema
		}
		made := reflect.MakeSlice(v.Type(), max(1, v.Len()), max(1, v.Len()))
		reflect.Copy(made, v)
		fill(made.Index(0), depth-1)
		v.Set(made)
	}
}

// fillPointer fills what a pointer leads to. Where it is nil and leads to a view, it
// is for what is joined, which is described by its own schema.
func fillPointer(v reflect.Value, depth int) {
	to := v.Type().Elem()
	made := reflect.New(to)
	switch {
	case !v.IsNil():
		made.Elem().Set(v.Elem())
	case depth == 1 || to.PkgPath() == reflect.TypeFor[views.Package]().PkgPath():
		return
	}
	fill(made.Elem(), depth-1)
	v.Set(made)
}
