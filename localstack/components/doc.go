// Package components starts everything that a local Leasehold consists of and
// stops it again: an AWS emulator with the stack deployed to it, an OpenID
// provider, a SCIM server and the proxy. The command beside it uses it for `make
// run`, the end-to-end tests for a stack of their own.
//
// Every part is the real thing with an address of its own. What differs from one
// stack to the next (ports, keys, secrets) is chosen at its start and handed on
// as Endpoints, so any number of stacks run side by side.
package components
