package storetest

import (
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// diff returns how got and want differ, or "". Times are compared as instants, and a nil
// list or map equals an empty one: a store may lose the difference, and nothing depends on
// it. The text is for people alone: go-cmp words it differently from build to build.
func diff(got, want any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}
