package engine

import "slices"

// Copy returns a table of its own with all items that there are now, as the service restores one from
// a backup: with its indexes built anew, and without what was remembered of calls.
func (e *Engine) Copy() *Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	copied := New(e.options)
	for partition, entries := range e.table.partitions {
		copied.table.partitions[partition] = slices.Clone(entries)
		for _, r := range entries {
			for _, x := range copied.indexes {
				x.write(nil, r, e.now(), false)
			}
		}
	}
	return copied
}
