// Package odata reads the query options that Graph's clients send ($filter, $search,
// $orderby, $top, $skip, $count, $select, $expand with all of these inside, $skiptoken) and
// evaluates them in memory. An option that is not read is refused, never left out.
//
// A filter sees exactly what the client would see: the tree that becomes JSON. It can
// therefore never reach anything that is not shown, and what it asks for by equality
// tells a list which of its access paths to take. Every option is bounded in length
// and in depth before anything is done with it.
package odata
