package entitlement

import "slices"

// Colleagues counts who has what of those who have the same manager as somebody: numbers, and no
// names (A26).
type Colleagues struct {
	Of      int // how many there are
	holding map[PackageID]int
}

// Bounds of what is counted. Of fewer than MinColleagues, and where fewer have a package, a count
// would tell of single people; of more than MaxColleagues nothing is counted (S21).
const (
	MinColleagues = 5
	MaxColleagues = 30
)

// CountColleagues counts what those have who report to the manager, without the one who looks:
// the enabled ones among people. live are the packages that each holds.
func CountColleagues(manager, of UserID, people []User, live map[UserID][]PackageID) Colleagues {
	c := Colleagues{holding: map[PackageID]int{}}
	for _, u := range people {
		if u.ID == of || !u.Enabled || u.Gone() || manager == "" || u.Manager != manager {
			continue
		}
		c.Of++
		held := slices.Clone(live[u.ID])
		slices.Sort(held)
		for _, p := range slices.Compact(held) {
			c.holding[p]++
		}
	}
	return c
}

// Have returns how many have a package; false where that is not told. Most says that all but one
// have it, or all: which of the two is not told, since of all it would be known of each.
func (c Colleagues) Have(p PackageID) (count int, most, told bool) {
	n := c.holding[p]
	if c.Of < MinColleagues || n < MinColleagues {
		return 0, false, false
	}
	if n >= c.Of-1 {
		return 0, true, true
	}
	return n, false, true
}
