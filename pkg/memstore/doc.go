// Package memstore keeps everything in memory: the twin of the table for unit tests,
// simulations and a developer's own machine, never for production.
//
// It promises what the table promises and no more, so that what passes on it passes
// there: a Change is one transaction of at most a hundred items and touches no item
// twice, what is found by index may lag, pages may be short, and everything that goes
// in or comes out is a copy.
package memstore
