// Package order sorts lists by one implementation for all types. Those of package slices are
// compiled for each type that is sorted, which makes a function some 9 KB larger every time (Y10).
package order

import "sort"

// SortFunc sorts as slices.SortFunc does: in an order that compare says, ties in any.
func SortFunc[S ~[]E, E any](all S, compare func(a, b E) int) { sort.Sort(by(all, compare)) }

// SortStableFunc sorts as slices.SortStableFunc does: ties stay in their order.
func SortStableFunc[S ~[]E, E any](all S, compare func(a, b E) int) { sort.Stable(by(all, compare)) }

func by[S ~[]E, E any](all S, compare func(a, b E) int) sorter {
	return sorter{len(all), func(i, j int) bool { return compare(all[i], all[j]) < 0 }, func(i, j int) { all[i], all[j] = all[j], all[i] }}
}

// sorter is a list of any type.
type sorter struct {
	len  int
	less func(i, j int) bool
	swap func(i, j int)
}

// Len is the list's.
func (s sorter) Len() int { return s.len }

// Less compares two.
func (s sorter) Less(i, j int) bool { return s.less(i, j) }

// Swap swaps two.
func (s sorter) Swap(i, j int) { s.swap(i, j) }
