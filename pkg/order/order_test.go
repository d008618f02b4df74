package order

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

type pair struct{ key, place int }

func compare(a, b pair) int { return cmp.Compare(a.key, b.key) }

func TestListsAreSortedAsPackageSlicesDoes(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		all := make([]pair, n)
		for i := range all {
			all[i] = pair{draw.IntN(n/3 + 1), i}
		}

		stable := slices.Clone(all)
		SortStableFunc(stable, compare)
		want := slices.SortedStableFunc(slices.Values(all), compare)
		if !slices.Equal(stable, want) {
			t.Fatalf("%d: %v, want %v", n, stable, want)
		}

		any := slices.Clone(all)
		SortFunc(any, compare)
		if !slices.IsSortedFunc(any, compare) {
			t.Fatalf("%d: %v", n, any)
		}
	}
}
