// Package engine is DynamoDB in memory, as far as the table needs it: the seven calls of
// dynamo.Client, with the SDK's own inputs, outputs and errors. It reads the expressions
// that the service would be sent, keeps the indexes of names, and knows the limits
// of pages, items and transactions.
//
// What it does not implement it refuses, and it accepts nothing that the service would
// not. Amazon's DynamoDB Local and MiniStack referee it call by call (package referees
// names every class of difference). What none of them produces is drawn by whoever
// opens the engine: reads that are behind (Options), and around it every way in which a
// call fails (package faults).
//
// Stored items are never changed in place: a write replaces a whole item. That is what
// makes Options.Share safe, and fast.
package engine
