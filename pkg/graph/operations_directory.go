package graph

// directoryOperations are people and groups.
var directoryOperations = []operation{
	{method: "GET", path: root + "/me", need: needSubjectRead, role: self, serve: getMe},
	{method: "GET", path: root + "/users", need: needRead, serve: listUsers},
	{method: "POST", path: root + "/users", need: needWrite, serve: createUser},
	{method: "GET", path: root + "/users/{user:text}", need: needRead, serve: getUser},
	{method: "PATCH", path: root + "/users/{user:text}", need: needWrite, serve: updateUser},
	{method: "DELETE", path: root + "/users/{user:text}", need: needWrite, serve: deleteUser},
	{method: "GET", path: root + "/users/{user:text}/manager", need: needRead, serve: getManager},
	{method: "PUT", path: root + "/users/{user:text}/manager/$ref", need: needWrite, serve: setManager},
	{method: "DELETE", path: root + "/users/{user:text}/manager/$ref", need: needWrite, serve: removeManager},
	{method: "GET", path: root + "/users/{user:text}/memberOf", need: needRead, serve: listMemberOf},

	{method: "GET", path: root + "/groups", need: needRead, serve: listGroups},
	{method: "POST", path: root + "/groups", need: needWrite, serve: createGroup},
	{method: "GET", path: root + "/groups/{groupId}", need: needRead, serve: getGroup},
	{method: "GET", path: root + "/groups/{groupId}/members", need: needRead, serve: listMembers},
	{method: "POST", path: root + "/groups/{groupId}/members/$ref", need: needWrite, serve: addMember},
	{method: "DELETE", path: root + "/groups/{groupId}/members/{userId}/$ref", need: needWrite, serve: removeMember},
	{method: "DELETE", path: root + "/groups/{groupId}/members/$ref", need: needWrite, serve: removeMember},
	{method: "GET", path: root + "/groups/{groupId}/owners", need: needRead, serve: listOwners},
	{method: "POST", path: root + "/groups/{groupId}/owners/$ref", need: needWrite, serve: addOwner},
	{method: "DELETE", path: root + "/groups/{groupId}/owners/{userId}/$ref", need: needWrite, serve: removeOwner},
	{method: "DELETE", path: root + "/groups/{groupId}/owners/$ref", need: needWrite, serve: removeOwner},
}
