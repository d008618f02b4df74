package dynamotest

import (
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
)

// Restorable is New with a table of which a backup can be made; what that returns restores it: into
// a table of its own, which is as the first one was then.
func Restorable() (store *Store, backup func() (restore func() *Store)) {
	o := engine.Options{Table: "table", Share: true}
	open := func(table *engine.Engine) *Store {
		return dynamo.New(table, o.Table, dynamo.Pausing(atOnce))
	}
	first := engine.New(Waiving(o))
	return open(first), func() func() *Store {
		kept := first.Copy()
		return func() *Store { return open(kept.Copy()) }
	}
}
