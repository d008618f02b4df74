package dynamo

import "testing"

// Of a page that is cut short the next one begins after its last entry; of one that is not, where
// the read ended.
func TestOnce_APageThatIsCutShortGoesOnWhereItEnds(t *testing.T) {
	w := tableQuery{partition: "CAT#1"}
	q := queried{entries: []item{Key{"CAT#1", "RES#1"}.item(), Key{"CAT#1", "RES#2"}.item(), Key{"CAT#1", "RES#3"}.item()}, next: &cursor{PK: "CAT#1", SK: "RES#3"}}
	for limit, last := range map[int]string{0: "RES#3", 1: "RES#1", 2: "RES#2", 3: "RES#3", 9: "RES#3"} {
		entries, next := q.upTo(limit, w)
		if len(entries) > 3 || limit > 0 && len(entries) > limit || next == nil || next.SK != last {
			t.Errorf("up to %d: %d entries, and then after %v", limit, len(entries), next)
		}
		next.SK = "moved" // is the caller's own
	}
}
