package lifecycle

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// latePages bounds the pages that one sweep counts in each shard of what is owed for long.
const latePages = 10

// measure finds out what has been owed for long, and for how long. It reads that alone: what
// is owed and not late costs it nothing (Y6).
func (t *sweep) measure(ctx context.Context) error {
	for shard := range names.LateShards {
		for page, n := (entitlement.Page{}), 0; n < latePages; n++ {
			late, err := t.Store.Late(ctx, shard, t.now.Add(-entitlement.OverdueAfter), page)
			if err != nil {
				return err
			}

			for _, l := range late.Items {
				t.report.OldestPending = max(t.report.OldestPending, t.now.Sub(l.Since))
				if l.Assignment != "" {
					t.report.OverdueRemovals++
				}
			}

			if page.Token = late.Next; late.Next == "" {
				break
			}
		}
	}

	// Only what was counted in every shard is told: a part would look like health.
	t.report.Measured = true
	return nil
}
