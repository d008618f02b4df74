package graph

import "leasehold/pkg/authz"

// directoryOperations are people and groups.
var directoryOperations = []operation{
	{method: "GET", path: root + "/me", action: authz.ReadSelf, serve: getMe},
	{method: "GET", path: root + "/users", action: authz.ReadUser, serve: listUsers},
	{method: "POST", path: root + "/users", action: authz.CreateUser, serve: createUser},
	{method: "GET", path: root + "/users/{user:text}", action: authz.ReadUser, serve: getUser},
	{method: "PATCH", path: root + "/users/{user:text}", action: authz.UpdateUser, serve: updateUser},
	{method: "DELETE", path: root + "/users/{user:text}", action: authz.DeleteUser, serve: deleteUser},
	{method: "GET", path: root + "/users/{user:text}/manager", action: authz.ReadUser, serve: getManager},
	{method: "PUT", path: root + "/users/{user:text}/manager/$ref", action: authz.UpdateUser, serve: setManager},
	{method: "DELETE", path: root + "/users/{user:text}/manager/$ref", action: authz.UpdateUser, serve: removeManager},
	{method: "GET", path: root + "/users/{user:text}/memberOf", action: authz.ReadUser, serve: listMemberOf},

	{method: "GET", path: root + "/groups", action: authz.ReadGroup, serve: listGroups},
	{method: "POST", path: root + "/groups", action: authz.CreateGroup, serve: createGroup},
	{method: "GET", path: root + "/groups/{groupId}", action: authz.ReadGroup, serve: getGroup},
	{method: "GET", path: root + "/groups/{groupId}/members", action: authz.ReadGroup, serve: listMembers},
	{method: "POST", path: root + "/groups/{groupId}/members/$ref", action: authz.ChangeMembers, serve: addMember},
	{method: "DELETE", path: root + "/groups/{groupId}/members/{userId}/$ref", action: authz.ChangeMembers, serve: removeMember},
	{method: "DELETE", path: root + "/groups/{groupId}/members/$ref", action: authz.ChangeMembers, serve: removeMember},
	{method: "GET", path: root + "/groups/{groupId}/owners", action: authz.ReadGroup, serve: listOwners},
	{method: "POST", path: root + "/groups/{groupId}/owners/$ref", action: authz.ChangeMembers, serve: addOwner},
	{method: "DELETE", path: root + "/groups/{groupId}/owners/{userId}/$ref", action: authz.ChangeMembers, serve: removeOwner},
	{method: "DELETE", path: root + "/groups/{groupId}/owners/$ref", action: authz.ChangeMembers, serve: removeOwner},
}
