package dynamotest

import (
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
)

// Metered is New with a meter of its calls. A test that fills the table first resets it.
func Metered() (*Store, *Meter) {
	meter := NewMeter(dynamo.ItemSize)
	o := engine.Options{Table: "table", Share: true}
	return dynamo.New(meter.Wrap(engine.New(o)), o.Table, dynamo.Pausing(atOnce)), meter
}
