package graph

import (
	"cmp"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

func users() entityType[entitlement.User] {
	return entityType[entitlement.User]{tagged: true, set: "users", mapper: mapUser, navigation: noNavigation,
		named: "userPrincipalName", lookups: "id, or userPrincipalName by eq or startswith", example: entitlement.User{Identities: []entitlement.Principal{{}}}}
}

// mapUser shows a user as Graph does. employeeId is the id by which other systems
// know the person: connectors look people up by it.
func mapUser(u entitlement.User) object {
	return object{
		"id": string(u.ID), "displayName": text(u.DisplayName), "userPrincipalName": text(u.UserPrincipalName), "mail": text(u.Mail),
		"mailNickname": text(u.MailNickname), "givenName": text(u.GivenName), "surname": text(u.Surname), "department": text(u.Department),
		"jobTitle": text(u.JobTitle), "employeeId": text(u.ExternalID), "userType": text(u.Type), "accountEnabled": u.Enabled,
		"createdDateTime": instant(u.Created), "identities": objects(u.Identities, mapIdentity),
	}
}

func mapIdentity(p entitlement.Principal) object {
	return object{"signInType": "federated", "issuer": odata.Exact(p.Issuer), "issuerAssignedId": odata.Exact(p.Value)}
}

// directoryObjects are users where Graph would show users, groups and more.
func directoryObjects() entityType[entitlement.User] {
	k := users()
	k.set = "directoryObjects"
	k.mapper = func(u entitlement.User) object {
		o := mapUser(u)
		o["@odata.type"] = "#microsoft.graph.user"
		return o
	}
	return k
}

func groups() entityType[entitlement.Group] {
	return entityType[entitlement.Group]{set: "groups", mapper: mapGroup, navigation: noNavigation,
		named: "displayName", lookups: "id, or displayName by eq or startswith"}
}

func mapGroup(g entitlement.Group) object {
	list := []any{}
	for _, t := range groupTypes(g) {
		list = append(list, t)
	}
	var synced any // null where it never was, as in Graph
	if g.Synced {
		synced = true
	}
	return object{
		"@odata.type": "#microsoft.graph.group", "id": string(g.ID), "displayName": text(g.DisplayName), "description": text(g.Description),
		"mailNickname": text(g.MailNickname), "mailEnabled": g.MailEnabled, "securityEnabled": !g.NoSecurity, "groupTypes": list, "membershipRule": text(g.Rule),
		"onPremisesSyncEnabled": synced, "createdDateTime": instant(g.Created),
	}
}

// mapSubject shows a user as one who asks for packages and holds them.
func mapSubject(u *entitlement.User) object {
	lifecycle := cmp.Or(u.Lifecycle, entitlement.LifecycleNotDefined)
	return object{
		"id": string(u.ID), "objectId": string(u.ID), "displayName": text(u.DisplayName), "email": text(u.Mail), "principalName": text(u.UserPrincipalName),
		"onPremisesSecurityIdentifier": nil, "subjectType": "user", "subjectLifecycle": string(lifecycle),
	}
}

// subjectReference hides a subject, whose id and objectId are one.
func subjectReference(id entitlement.UserID) unexpanded {
	return unexpanded{object{"id": string(id), "objectId": string(id)}}
}
