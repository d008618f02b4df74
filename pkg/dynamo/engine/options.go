package engine

import (
	"context"
	"time"
)

// Options say how an engine behaves. Whatever is not set does not happen: nothing fails,
// and every read sees what was written last.
type Options struct {
	// Table is the name of the one table.
	Table string
	// Share hands items in and out as they are, where otherwise each is copied. Whoever
	// calls then changes neither what was sent nor what was received.
	Share bool
	// Now is the time by which tokens are forgotten and index rows age; nil: the system's.
	Now func() time.Time
	// Seed chooses the order of index rows that sort alike: the service promises none.
	Seed uint64

	// Lag says how many of the changes to a partition of an index that no read has seen
	// yet this one sees. They are given by when they were made, oldest first.
	Lag func(ctx context.Context, index, partition string, unseen []time.Time) int
	// Stale reports that an eventually consistent read of an item sees it as it was
	// before its last write. Queries of the table are then read consistently, or refused.
	Stale func(ctx context.Context, key Key, written time.Time) bool

	// Committed hears of each write and each transaction when it takes effect, in their
	// order, with the context of its caller, and whatever the caller is told afterwards.
	// It may not call the engine.
	Committed func(ctx context.Context, writes []Write)
	// Waive reports a condition that is not looked at.
	Waive func(c Condition) bool
}

// Key is the primary key of an item.
type Key struct{ PK, SK string }

// Write is what became of one item: nil before it came to be, and after it is gone.
type Write struct {
	Key           Key
	Before, After map[string]value
}

// Condition is one of the terms that an action's condition joins by AND.
type Condition struct {
	Action Action
	Key    Key
	Text   string // with the attributes' names, and a question mark for each value
}

// Action is what a write does to its item.
type Action string

// The actions.
const (
	Put            Action = "Put"
	Update         Action = "Update"
	Delete         Action = "Delete"
	ConditionCheck Action = "ConditionCheck"
)
