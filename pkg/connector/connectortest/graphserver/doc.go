// Package graphserver is a documented Graph server: an HTTP server in memory that answers
// as Microsoft Graph's documentation says that Graph does. It proves what a client makes of
// the documentation, and nothing about Microsoft.
//
// From the documentation are its addresses, its error bodies, that a PATCH of up to 20
// members is made as a whole or not at all, that a member who is one already is a 400 and
// that removing somebody who is none is a 404, that the last owner stays, that leaving out
// /$ref deletes the object itself, its pages, its JSON batches, and its limits of writes and
// resource units with what each call costs (throttling-limits: token bucket per application
// and tenant). What the documentation leaves open, and what public reports tell of, is a
// Character.
package graphserver
