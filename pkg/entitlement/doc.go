// Package entitlement is the domain: what catalogs, packages, policies, requests and
// assignments are, and every decision about them. It is pure: it knows no store, no
// wire and no clock, imports only the standard library, and takes now as a parameter.
//
// A command reads what it needs, asks this package what follows, and gets a Change:
// everything that must become true together, each part with the version it was
// decided on. A store commits a Change whole or not at all.
//
// A number such as R37 is a rule of behaviour: RULES.md in this folder says what it is.
package entitlement
