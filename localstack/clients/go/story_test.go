package clients

import (
	"slices"
	"testing"
	"time"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	governance "github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// Limits that leave room for a busy machine: for a delivery, and for an end, which the sweep
// of every minute finds.
const (
	soon = 90 * time.Second
	late = 5 * time.Minute
)

func TestFromCatalogToRemoval(t *testing.T) {
	admin, member := as(t, "admin"), as(t, "member")
	o := newOffer(t, admin)
	request := o.ask(t, member, nil)
	delivered(t, member, request)
	if have := admin.members(o.group); !slices.Equal(have, []string{member.me()}) {
		t.Fatalf("the group has the members %v", have)
	}

	held := assignments(t, admin, "accessPackage/id eq '"+o.pack+"'")
	if len(held) != 1 || *held[0].GetState() != models.DELIVERED_ACCESSPACKAGEASSIGNMENTSTATE || *held[0].GetTarget().GetObjectId() != member.me() {
		t.Fatalf("%d assignments: %v", len(held), held)
	}
	target, err := admin.management().Assignments().ByAccessPackageAssignmentId(*held[0].GetId()).Target().Get(t.Context(), nil)
	if got := *must(t, target, err).GetObjectId(); got != member.me() {
		t.Errorf("the path to the target leads to %s", got)
	}
	mine, err := member.management().Assignments().FilterByCurrentUserWithOn(ptr("target")).GetAsFilterByCurrentUserWithOnGetResponse(t.Context(), nil)
	if !slices.ContainsFunc(must(t, mine, err).GetValue(), func(each models.AccessPackageAssignmentable) bool { return *each.GetId() == *held[0].GetId() }) {
		t.Error("the member does not see its own assignment")
	}

	assignment := models.NewAccessPackageAssignment()
	removal := models.NewAccessPackageAssignmentRequest()
	removal.SetRequestType(ptr(models.ADMINREMOVE_ACCESSPACKAGEREQUESTTYPE))
	removal.SetAssignment(withID(assignment, *held[0].GetId()))
	made, err := admin.management().AssignmentRequests().Post(t.Context(), removal, nil)
	delivered(t, admin, *must(t, made, err).GetId())
	if have := admin.members(o.group); len(have) != 0 {
		t.Errorf("the group still has the members %v", have)
	}
}

func TestAnAssignmentEndsAtItsEnd(t *testing.T) {
	t.Parallel()
	admin, member := as(t, "admin"), as(t, "other")
	o := newOffer(t, admin)
	end := time.Now().Add(45 * time.Second).UTC().Truncate(time.Second) // the SDK sends whole seconds
	request := o.ask(t, member, &end)
	delivered(t, member, request)

	held := assignments(t, admin, "accessPackage/id eq '"+o.pack+"'")[0]
	if told := *held.GetSchedule().GetExpiration().GetEndDateTime(); !told.Equal(end) {
		t.Errorf("it ends at %v, want %v", told, end)
	}
	item := admin.management().Assignments().ByAccessPackageAssignmentId(*held.GetId())
	ended := eventually(t, late, "the end", func() (models.AccessPackageAssignmentable, error) { return item.Get(t.Context(), nil) },
		func(seen models.AccessPackageAssignmentable) bool {
			return *seen.GetState() == models.EXPIRED_ACCESSPACKAGEASSIGNMENTSTATE
		})
	if at := *ended.GetExpiredDateTime(); at.Before(end) {
		t.Errorf("S16: expired at %v, before its end %v", at, end)
	}
	gone := eventually(t, soon, "the role", func() ([]string, error) { return admin.members(o.group), nil }, func(have []string) bool { return len(have) == 0 })
	t.Logf("expired and without its role %.0f s after its end; members: %v", time.Since(end).Seconds(), gone)
}

func TestPageIteratorFollowsAListEachRowOnce(t *testing.T) {
	admin := as(t, "admin")
	catalog := newCatalog(t, admin)
	var names []string
	for range 11 {
		names = append(names, unique("Package"))
		newPackage(t, admin, catalog, names[len(names)-1])
	}

	counted := newFaults(t)
	through := behind(t, "admin", counted.server)
	first, err := through.management().AccessPackages().Get(t.Context(), &governance.EntitlementManagementAccessPackagesRequestBuilderGetRequestConfiguration{
		QueryParameters: &governance.EntitlementManagementAccessPackagesRequestBuilderGetQueryParameters{Filter: ptr("catalog/id eq '" + catalog + "'"), Top: ptr(int32(3)), Count: ptr(true)},
	})
	must(t, first, err)
	if n := first.GetOdataCount(); n == nil || *n != 11 {
		t.Errorf("@odata.count is %v, want 11", n)
	}

	only := &governance.EntitlementManagementAccessPackagesCountRequestBuilderGetQueryParameters{Filter: ptr("catalog/id eq '" + catalog + "'")}
	count, err := through.management().AccessPackages().Count().Get(t.Context(), &governance.EntitlementManagementAccessPackagesCountRequestBuilderGetRequestConfiguration{QueryParameters: only})
	if n := *must(t, count, err); n != 11 {
		t.Errorf("/$count is %d, want 11", n)
	}

	pages := 1
	iterator, err := core.NewPageIterator[models.AccessPackageable](first, through.adapter, models.CreateAccessPackageCollectionResponseFromDiscriminatorValue)
	must(t, iterator, err)
	var seen []string
	next := iterator.GetOdataNextLink()
	err = iterator.Iterate(t.Context(), func(each models.AccessPackageable) bool {
		if link := iterator.GetOdataNextLink(); link != next {
			pages, next = pages+1, link
		}
		seen = append(seen, *each.GetDisplayName())
		return true
	})
	must(t, seen, err)
	slices.Sort(seen)
	slices.Sort(names)
	if !slices.Equal(seen, names) || pages != 4 {
		t.Errorf("%d pages with %d rows, want 4 with 11 of its own each once: %v", pages, len(seen), seen)
	}
	t.Logf("%d rows on %d pages", len(seen), pages)
}

func TestAChangeThatIsAnsweredWithoutABody(t *testing.T) {
	admin := as(t, "admin")
	item := admin.management().Catalogs().ByAccessPackageCatalogId(newCatalog(t, admin))
	change := models.NewAccessPackageCatalog()
	change.SetDescription(ptr("Changed by a client"))
	changed, err := item.Patch(t.Context(), change, nil)
	must(t, changed, err)
	read, err := item.Get(t.Context(), nil)
	if got := *must(t, read, err).GetDescription(); got != "Changed by a client" {
		t.Errorf("the description is %q", got)
	}

	if err := item.Delete(t.Context(), nil); err != nil {
		t.Fatal(explain(err))
	}
	_, err = item.Get(t.Context(), nil)
	if told, ok := err.(*odataerrors.ODataError); !ok || told.GetStatusCode() != 404 {
		t.Errorf("a catalog that was deleted: %v", err)
	}
}

func TestABatchOfTheBatchHelper(t *testing.T) {
	admin := as(t, "admin")
	batch := core.NewBatchRequest(admin.adapter)
	catalogs := admin.management().Catalogs()
	name := unique("Catalog")

	posting, err := catalogs.ToPostRequestInformation(t.Context(), aCatalog(name), nil)
	made, err := batch.AddBatchRequestStep(*must(t, posting, err))
	must(t, made, err)
	reading, err := catalogs.ToGetRequestInformation(t.Context(), &governance.EntitlementManagementCatalogsRequestBuilderGetRequestConfiguration{
		QueryParameters: &governance.EntitlementManagementCatalogsRequestBuilderGetQueryParameters{Filter: ptr("displayName eq '" + name + "'")}})
	read, err := batch.AddBatchRequestStep(*must(t, reading, err))
	must(t, read, err).DependsOnItem(made)
	missing, err := catalogs.ByAccessPackageCatalogId("00000000-0000-4000-8000-000000000000").ToGetRequestInformation(t.Context(), nil)
	failing, err := batch.AddBatchRequestStep(*must(t, missing, err))
	must(t, failing, err)

	answers, err := batch.Send(t.Context(), admin.adapter)
	must(t, answers, err)
	catalog, err := core.GetBatchResponseById[models.AccessPackageCatalogable](answers, *made.GetId(), models.CreateAccessPackageCatalogFromDiscriminatorValue)
	if got := *must(t, catalog, err).GetDisplayName(); got != name {
		t.Errorf("made %s, want %s", got, name)
	}
	list, err := core.GetBatchResponseById[models.AccessPackageCatalogCollectionResponseable](answers, *read.GetId(), models.CreateAccessPackageCatalogCollectionResponseFromDiscriminatorValue)
	if n := len(must(t, list, err).GetValue()); n != 1 {
		t.Errorf("%d catalogs seen by the step that depends on the first, want 1", n)
	}
	_, err = core.GetBatchResponseById[models.AccessPackageCatalogable](answers, *failing.GetId(), models.CreateAccessPackageCatalogFromDiscriminatorValue)
	if told, ok := err.(*odataerrors.ODataError); !ok || *told.GetErrorEscaped().GetCode() == "" {
		t.Errorf("the step that failed: %v", err)
	}
}

// assignments lists those of a filter with their targets.
func assignments(t *testing.T, c client, filter string) []models.AccessPackageAssignmentable {
	t.Helper()
	found, err := c.management().Assignments().Get(t.Context(), &governance.EntitlementManagementAssignmentsRequestBuilderGetRequestConfiguration{
		QueryParameters: &governance.EntitlementManagementAssignmentsRequestBuilderGetQueryParameters{Filter: &filter, Expand: []string{"target", "accessPackage"}},
	})
	return must(t, found, err).GetValue()
}
