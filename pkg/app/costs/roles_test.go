package costs

import (
	"net/http"
	"testing"

	"leasehold/pkg/entitlement"
)

// What a delegated role costs beside what an administrator pays for the same: the roles of
// the catalog and those of the whole organisation, two queries in which each row is some 200
// bytes, once a call however many steps ask; and the event is longer by the policy's name.
// A list of everything asks two index queries and one read of what they lead to.
var (
	pinCatalogByAdministrator = cost{3, 3, 0}
	pinCatalogByOwner         = cost{5, 5, 0}
	pinUpdateByAdministrator  = cost{4, 3, 12} // 4 of them free the old name and take the new one
	pinUpdateByOwner          = cost{6, 5, 12}
	pinPackageByAdministrator = cost{4, 3, 12} // 2 of them take its name
	pinPackageByOwner         = cost{6, 5, 12}
	pinAssignByAdministrator  = cost{3, 8, 18}
	pinAssignByOwner          = cost{5, 10, 18}
	pinRequestByAdministrator = cost{3, 4, 0}
	pinRequestByOwner         = cost{6, 7, 0} // one more reads the package, which says in which catalog it is now
	pinListByOwner            = cost{6, 5, 0}
	pinRefusedWithoutRole     = cost{5, 5, 0}
)

func TestADelegatedRoleCostsTwoReadsMore(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		o := open(t, p)
		o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)
		id := o.pack(false)
		catalog := o.call(o.catalogs, "admin", "GET", em+"/catalogs", nil)["value"].([]any)[0].(object)["id"].(string)
		policy := o.call(o.catalogs, "admin", "GET", em+"/accessPackages/"+id+"/assignmentPolicies", nil)["value"].([]any)[0].(object)["id"]
		owner, member, other := o.person("owner", ""), o.person("member", ""), o.person("other", "")
		o.call(o.catalogs, "admin", "POST", "/v1.0/roleManagement/entitlementManagement/roleAssignments",
			object{"principalId": owner, "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": "/AccessPackageCatalog/" + catalog})
		for _, who := range []string{"admin", "owner", "member"} { // the process knows their principals then
			o.call(o.catalogs, who, "GET", "/v1.0/me", nil)
			o.send(o.people, who, "GET", em+"/assignments/filterByCurrentUser(on='target')", "", nil)
		}

		read := func(as string) func() {
			return func() { o.call(o.catalogs, as, "GET", em+"/catalogs/"+catalog, nil) }
		}
		o.costs("admin reads a catalog", pinCatalogByAdministrator, read("admin"))
		o.costs("owner reads a catalog", pinCatalogByOwner, read("owner"))
		edit := func(as string) func() {
			return func() { o.call(o.catalogs, as, "PATCH", em+"/catalogs/"+catalog, object{"displayName": "By " + as}) }
		}
		o.costs("admin edits a catalog", pinUpdateByAdministrator, edit("admin"))
		o.costs("owner edits a catalog", pinUpdateByOwner, edit("owner"))
		add := func(as string) func() {
			return func() {
				o.call(o.catalogs, as, "POST", em+"/accessPackages", object{"displayName": "By " + as, "catalog": object{"id": catalog}})
			}
		}
		o.costs("admin adds a package", pinPackageByAdministrator, add("admin"))
		o.costs("owner adds a package", pinPackageByOwner, add("owner"))
		asked := "" // by the administrator
		assign := func(as, whom string) func() {
			return func() {
				made := o.call(o.people, as, "POST", em+"/assignmentRequests", object{"requestType": "adminAdd",
					"assignment": object{"targetId": whom, "accessPackageId": id, "assignmentPolicyId": policy}})
				if as == "admin" {
					asked = made["id"].(string)
				}
			}
		}
		assign("admin", o.person("first", ""))() // it knows where the package's policies are then
		o.costs("admin assigns", pinAssignByAdministrator, assign("admin", member))
		o.costs("owner assigns", pinAssignByOwner, assign("owner", other))
		look := func(as string) func() {
			return func() { o.call(o.people, as, "GET", em+"/assignmentRequests/"+asked, nil) }
		}
		o.costs("admin reads a request", pinRequestByAdministrator, look("admin"))
		o.costs("owner reads a request", pinRequestByOwner, look("owner"))
		o.costs("owner lists catalogs", pinListByOwner, func() { o.call(o.catalogs, "owner", "GET", em+"/catalogs", nil) })
		o.costs("refused without a role", pinRefusedWithoutRole, func() {
			if got := o.send(o.catalogs, "member", "GET", em+"/catalogs/"+catalog, "", nil); got.Code != http.StatusForbidden {
				t.Errorf("got %d", got.Code)
			}
		})
	})
}
