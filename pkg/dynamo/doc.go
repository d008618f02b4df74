// Package dynamo keeps everything in one DynamoDB table and answers every store port
// of the use cases. It is the only package that speaks DynamoDB.
//
// A Change becomes one transaction, in which every item carries the condition that it was
// decided on; reads that decide anything are strongly consistent, and the indexes
// only say where to look. keys.go lists where everything lies and which question reads
// it, the mappers_*.go files how each item is written, commit*.go what a Change becomes,
// tx.go what each failure means, patient.go which calls are made again.
package dynamo
