package clients

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	governance "github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

var serial atomic.Int64

// unique makes a name that nothing else has.
func unique(what string) string {
	return fmt.Sprintf("%s Go %d-%d", what, time.Now().UnixNano(), serial.Add(1))
}

// offer is a package that members may ask for, with what it gives.
type offer struct{ catalog, group, pack, policy string }

// newOffer makes catalog, group, resource, package, role and policy, each by the SDK's call.
func newOffer(t *testing.T, admin client) offer {
	t.Helper()
	o := offer{catalog: newCatalog(t, admin), group: newGroup(t, admin)}
	resource := addResource(t, admin, o)
	o.pack = newPackage(t, admin, o.catalog, unique("Package"))
	addRole(t, admin, o, resource)
	o.policy = newPolicy(t, admin, o.pack)
	return o
}

func aCatalog(name string) models.AccessPackageCatalogable {
	catalog := models.NewAccessPackageCatalog()
	catalog.SetDisplayName(&name)
	catalog.SetDescription(ptr("Of a client"))
	catalog.SetState(ptr(models.PUBLISHED_ACCESSPACKAGECATALOGSTATE))
	catalog.SetIsExternallyVisible(ptr(false))
	return catalog
}

func newCatalog(t *testing.T, admin client) string {
	t.Helper()
	made, err := admin.management().Catalogs().Post(t.Context(), aCatalog(unique("Catalog")), nil)
	return *must(t, made, err).GetId()
}

func newGroup(t *testing.T, admin client) string {
	t.Helper()
	group := models.NewGroup()
	group.SetDisplayName(ptr(unique("Group")))
	group.SetMailEnabled(ptr(false))
	group.SetMailNickname(ptr("group"))
	group.SetSecurityEnabled(ptr(true))

	info := admin.request(abstractions.POST, "/groups")
	if err := info.SetContentFromParsable(t.Context(), admin.adapter, "application/json", group); err != nil {
		t.Fatal(err)
	}
	made, err := admin.adapter.Send(t.Context(), info, models.CreateGroupFromDiscriminatorValue, errorMapping)
	return *must(t, made, err).(models.Groupable).GetId()
}

// addResource puts the group into the catalog and returns it as the catalog lists it.
func addResource(t *testing.T, admin client, o offer) models.AccessPackageResourceable {
	t.Helper()
	resource := models.NewAccessPackageResource()
	resource.SetOriginId(&o.group)
	resource.SetOriginSystem(ptr("AadGroup"))
	request := models.NewAccessPackageResourceRequest()
	request.SetRequestType(ptr(models.ADMINADD_ACCESSPACKAGEREQUESTTYPE))
	request.SetCatalog(withID(models.NewAccessPackageCatalog(), o.catalog))
	request.SetResource(resource)
	added, err := admin.management().ResourceRequests().Post(t.Context(), request, nil)
	must(t, added, err)

	found, err := admin.management().Catalogs().ByAccessPackageCatalogId(o.catalog).Resources().Get(t.Context(), &governance.EntitlementManagementCatalogsItemResourcesRequestBuilderGetRequestConfiguration{
		QueryParameters: &governance.EntitlementManagementCatalogsItemResourcesRequestBuilderGetQueryParameters{
			Filter: ptr("originId eq '" + o.group + "'"), Expand: []string{"roles", "scopes"}},
	})
	listed := must(t, found, err).GetValue()
	if len(listed) != 1 || len(listed[0].GetRoles()) == 0 || len(listed[0].GetScopes()) == 0 {
		t.Fatalf("the catalog lists %d resources of the group", len(listed))
	}
	return listed[0]
}

func newPackage(t *testing.T, admin client, catalog, name string) string {
	t.Helper()
	pack := models.NewAccessPackage()
	pack.SetDisplayName(&name)
	pack.SetDescription(ptr("Of a client"))
	pack.SetCatalog(withID(models.NewAccessPackageCatalog(), catalog))
	made, err := admin.management().AccessPackages().Post(t.Context(), pack, nil)
	return *must(t, made, err).GetId()
}

// addRole puts the first role of the resource that is one of members into the package.
func addRole(t *testing.T, admin client, o offer, resource models.AccessPackageResourceable) {
	t.Helper()
	named := withID(models.NewAccessPackageResource(), *resource.GetId())
	named.SetOriginId(&o.group)
	named.SetOriginSystem(ptr("AadGroup"))

	role := models.NewAccessPackageResourceRole()
	for _, each := range resource.GetRoles() {
		if *each.GetDisplayName() == "Member" {
			role.SetOriginId(each.GetOriginId())
			role.SetDisplayName(each.GetDisplayName())
		}
	}
	role.SetOriginSystem(ptr("AadGroup"))
	role.SetResource(named)
	scope := models.NewAccessPackageResourceScope()
	scope.SetOriginId(&o.group)
	scope.SetOriginSystem(ptr("AadGroup"))

	pair := models.NewAccessPackageResourceRoleScope()
	pair.SetRole(role)
	pair.SetScope(scope)
	made, err := admin.management().AccessPackages().ByAccessPackageId(o.pack).ResourceRoleScopes().Post(t.Context(), pair, nil)
	must(t, made, err)
}

// newPolicy lets every member ask, choose the end, and give the package back.
func newPolicy(t *testing.T, admin client, pack string) string {
	t.Helper()
	asking := models.NewAccessPackageAssignmentRequestorSettings()
	asking.SetEnableTargetsToSelfAddAccess(ptr(true))
	asking.SetEnableTargetsToSelfRemoveAccess(ptr(true))
	asking.SetAllowCustomAssignmentSchedule(ptr(true))
	month, err := serialization.ParseISODuration("P30D")
	if err != nil {
		t.Fatal(err)
	}
	expiration := models.NewExpirationPattern()
	expiration.SetTypeEscaped(ptr(models.AFTERDURATION_EXPIRATIONPATTERNTYPE))
	expiration.SetDuration(month)

	policy := models.NewAccessPackageAssignmentPolicy()
	policy.SetDisplayName(ptr(unique("Policy")))
	policy.SetDescription(ptr("Everybody"))
	policy.SetAccessPackage(withID(models.NewAccessPackage(), pack))
	policy.SetAllowedTargetScope(ptr(models.ALLMEMBERUSERS_ALLOWEDTARGETSCOPE))
	policy.SetRequestorSettings(asking)
	policy.SetExpiration(expiration)
	made, err := admin.management().AssignmentPolicies().Post(t.Context(), policy, nil)
	return *must(t, made, err).GetId()
}

// withID names an entity that is there already.
func withID[T interface{ SetId(*string) }](entity T, id string) T {
	entity.SetId(&id)
	return entity
}

// ask asks for the package as the client's account, until end where it is given, and
// returns the id of the request.
func (o offer) ask(t *testing.T, member client, end *time.Time) string {
	t.Helper()
	assignment := models.NewAccessPackageAssignment()
	assignment.SetAccessPackage(withID(models.NewAccessPackage(), o.pack))
	assignment.SetAssignmentPolicy(withID(models.NewAccessPackageAssignmentPolicy(), o.policy))
	request := models.NewAccessPackageAssignmentRequest()
	request.SetRequestType(ptr(models.USERADD_ACCESSPACKAGEREQUESTTYPE))
	request.SetAssignment(assignment)
	if end != nil {
		expiration := models.NewExpirationPattern()
		expiration.SetTypeEscaped(ptr(models.AFTERDATETIME_EXPIRATIONPATTERNTYPE))
		expiration.SetEndDateTime(end)
		schedule := models.NewEntitlementManagementSchedule()
		schedule.SetExpiration(expiration)
		request.SetSchedule(schedule)
	}
	made, err := member.management().AssignmentRequests().Post(t.Context(), request, nil)
	return *must(t, made, err).GetId()
}

// delivered waits until a request is.
func delivered(t *testing.T, c client, request string) {
	t.Helper()
	item := c.management().AssignmentRequests().ByAccessPackageAssignmentRequestId(request)
	eventually(t, soon, "the request", func() (models.AccessPackageAssignmentRequestable, error) { return item.Get(t.Context(), nil) },
		func(seen models.AccessPackageAssignmentRequestable) bool {
			return *seen.GetState() == models.DELIVERED_ACCESSPACKAGEREQUESTSTATE
		})
}
