package costs

import (
	"testing"

	"leasehold/pkg/entitlement"
)

// What it costs that nothing about the roles of a group is asked of an index. A role of a user
// has one entry beside it, by its id; one of a group a second, with the group, whose version
// moves. An owner who offers or withdraws a group has the group and its roles read, and the
// group's version checked.
var (
	pinRoleToUser      = cost{7, 6, 14}
	pinRoleFromUser    = cost{6, 5, 12}
	pinRoleToGroup     = cost{8, 7, 15}
	pinRoleFromGroup   = cost{6, 5, 13}
	pinOfferByAdmin    = cost{6, 5, 10}
	pinOfferByOwner    = cost{11, 10, 12}
	pinWithdrawByAdmin = cost{8, 7, 10}
	pinWithdrawByOwner = cost{13, 12, 12}
)

func TestS17_WhatTheRolesOfAGroupCost(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		o := open(t, p)
		o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)
		o.pack(false)
		catalog := o.call(o.catalogs, "admin", "GET", em+"/catalogs", nil)["value"].([]any)[0].(object)["id"].(string)
		owner, member := o.person("owner", ""), o.person("member", "")
		group := func(name string) string {
			return o.call(o.catalogs, "admin", "POST", "/v1.0/groups", object{"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
				"owners@odata.bind": []any{"https://graph.microsoft.com/v1.0/users/" + owner}})["id"].(string)
		}
		holds, offered, byAdmin := group("holds"), group("offered"), group("byAdmin")

		roles := "/v1.0/roleManagement/entitlementManagement/roleAssignments"
		give := func(who string, role entitlement.RoleID) string {
			return o.call(o.catalogs, "admin", "POST", roles, object{"principalId": who, "roleDefinitionId": string(role), "appScopeId": "/AccessPackageCatalog/" + catalog})["id"].(string)
		}
		give(owner, entitlement.CatalogOwner)
		for _, who := range []string{"admin", "owner"} { // the process knows their principals then
			o.call(o.catalogs, who, "GET", "/v1.0/me", nil)
		}

		var toUser, toGroup string
		o.costs("a role is given to a user", pinRoleToUser, func() { toUser = give(member, entitlement.CatalogReader) })
		o.costs("and taken back", pinRoleFromUser, func() { o.call(o.catalogs, "admin", "DELETE", roles+"/"+toUser, nil) })
		o.costs("a role is given to a group", pinRoleToGroup, func() { toGroup = give(holds, entitlement.CatalogReader) })
		o.costs("and taken back", pinRoleFromGroup, func() { o.call(o.catalogs, "admin", "DELETE", roles+"/"+toGroup, nil) })

		move := func(as, kind, id string) func() {
			return func() {
				o.call(o.catalogs, as, "POST", em+"/resourceRequests", object{"requestType": kind, "catalog": object{"id": catalog}, "resource": object{"originId": id, "originSystem": "AadGroup"}})
			}
		}
		o.costs("admin offers a group", pinOfferByAdmin, move("admin", "adminAdd", byAdmin))
		o.costs("owner offers a group", pinOfferByOwner, move("owner", "adminAdd", offered))
		o.costs("admin withdraws a group", pinWithdrawByAdmin, move("admin", "adminRemove", byAdmin))
		o.costs("owner withdraws a group", pinWithdrawByOwner, move("owner", "adminRemove", offered))
	})
}
