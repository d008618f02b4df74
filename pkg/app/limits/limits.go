// Package limits wires the limit of what each caller of the API writes. It is apart from
// httpapi, which the function of the pages takes too: that has none of the API in it.
package limits

import (
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/graph"
)

// Limiter returns the limit of what each caller writes. On an emulator there is none: one
// administrator fills it as fast as it takes.
func Limiter(c config.Config) *graph.Limiter {
	if c.Emulated {
		return nil
	}
	return graph.NewLimiter(clock.System{})
}
