// Package sharepointserver is a documented SharePoint server: an HTTP server in memory that
// answers as the documentation of SharePoint's REST says that SharePoint Online does. It proves
// what a client makes of the documentation, and nothing about Microsoft.
//
// From the documentation are its addresses (Users, groups, and roles REST API reference; SharePoint
// Search REST API overview), the forms of its answers by what is accepted, that an application
// signs in by a certificate alone, that a group is one of the whole site collection, that
// ensureUser and adding to a group put somebody into the list of the site's users, that removing
// from that list takes them out of everything, pages by $top and $skip, and its limits: 1,200
// resource units a minute for the smallest tenant, 429 or 503 with Retry-After beyond them. What
// calls of REST cost is not documented: it counts one for a question of one thing, two for one of
// several, and five for a change of a group, as Graph's permissions are. Nor is it documented how it
// answers to a member who is added again, or to one who is removed and is none: 404 to the
// latter, and a success to the former, are what it does unless its Character says otherwise.
package sharepointserver
