// Package referees holds the engine to other readings of the same service: MiniStack, and
// Amazon's DynamoDB Local. Each plays every call beside the engine and must come to the
// same, what it consumed included where a referee's figures are the service's: the calls
// of every scenario of storetest (scenarios_test.go), and thousands that are drawn, many of
// them wrong (drawn_test.go). Where a referee is known to differ it stands in
// differences_test.go, and nowhere else.
//
// This package needs the emulators. Where none is installed it says so, and that it ran
// no tests; everything else is tested on the engine alone. What no referee produces,
// conflicts, unread keys, throttling and indexes that are behind, is tested against what
// AWS documents: in packages engine, faults and dynamo.
package referees
