// Package graph is the wire: it speaks Microsoft Graph v1.0 for entitlement management,
// and the few resources of our own beside it.
//
// What is served is data: the tables in operations_*.go name every operation with its
// method, path, scope and role, and the same few steps (serve.go) stand before each of
// them. A handler reads its body strictly (package strict), calls one use case, and
// returns trees that become JSON; filters, expansion, paging and errors are the same
// for all of them. Catalogs and Requests are the two halves of the API, split as
// names.Routes splits them between the functions.
package graph
