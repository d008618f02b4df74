// Package graph is the wire: it speaks Microsoft Graph v1.0 for entitlement management,
// and the few resources of our own beside it.
//
// What is served is data: the tables in operations_*.go name every operation with its
// method, path and action, and the same few steps (serve.go) stand before each of them. A
// handler reads its body strictly (package strict), calls one use case, and turns the view
// that it answers with (package views) into a tree that becomes JSON; filters, expansion,
// paging and errors are the same for all of them. Nothing here reads the store, or decides
// who may do what: use cases do, by package authz. Catalogs and Requests are the two halves
// of the API, split as names.Routes splits them between the functions.
package graph
