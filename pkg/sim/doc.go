// Package sim runs the whole product in one process under virtual time and looks for what
// must never happen. The use cases, the worker, the fan-out and the sweep are the real
// ones, and so is the store, over the engine of the table; the engine, the queues and the
// targets are in memory. Between them and the product stands a scheduler that decides, call
// by call of DynamoDB, of a queue or of a target, who goes on next and what goes wrong.
//
// A run is drawn from its number alone: people, packages, policies, and a list of
// commands. Every DynamoDB, queue and target call parks until the scheduler lets it go on,
// so one goroutine runs at a time and the same number gives the same run, to the byte.
// Time is that of a testing/synctest bubble: nobody waits for it.
//
// What a target is like is drawn too: what it shows (Nature), and how it takes changes
// (Semantics), by what is documented or measured of those that there are connectors for. What of
// that no run met is told by make sim, and fails three thousand runs that violate nothing.
//
// An oracle of its own sees every change that was committed and everything that a target
// did, and never asks the code under test what ought to be. The checks are named after
// the invariants that they hold: S1, S2 and so on after each step, L1 and so on at rest.
// RULES.md in this folder defines them, the faults (F) and what happened to others (T).
package sim
