// Package identityserver is a documented IAM Identity Center: an HTTP server in memory that
// answers as the API references and service models of AWS say that Identity Store, IAM Identity
// Center, STS and Organizations do. It proves what a client makes of the documentation, and
// nothing about AWS.
//
// From the documentation are its actions with their fields, the codes of its errors with their
// reasons, that a membership is deleted by an id of its own, that IsMemberInGroups and
// GetGroupMembershipId take one person, that a change of an account assignment is accepted as
// IN_PROGRESS and told about by its request's id, that the assignments of a principal show those
// by way of groups as well, its pages of 100, and that a role is assumed for its external id
// alone. What the documentation leaves open, and what public reports tell of, is a Character.
package identityserver
