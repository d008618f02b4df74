package entitlement

import (
	"fmt"
	"testing"
)

func TestA26_WhatColleaguesHaveIsCountedAndTellsOfNobody(t *testing.T) {
	team := func(n int, has int) ([]User, map[UserID][]PackageID) {
		people := []User{{ID: "mia", Enabled: true, Manager: "max"}, {ID: "left", Manager: "max"}, {ID: "other", Enabled: true, Manager: "eve"}}
		live := map[UserID][]PackageID{"mia": {"pkg"}, "left": {"pkg"}, "other": {"pkg"}}
		for i := range n {
			id := UserID(fmt.Sprint("u", i))
			people = append(people, User{ID: id, Enabled: true, Manager: "max"})
			if i < has {
				live[id] = []PackageID{"pkg", "pkg"}
			}
		}
		return people, live
	}
	for _, c := range []struct {
		of, has, count int
		most, told     bool
	}{
		{4, 4, 0, false, false}, // too few of them
		{9, 4, 0, false, false}, // too few have it: mia, who looks, left and other do not count
		{9, 5, 5, false, true},
		{9, 7, 7, false, true},
		{9, 8, 0, true, true}, // all but one, and all, are one answer
		{9, 9, 0, true, true},
		{5, 5, 0, true, true},
		{0, 0, 0, false, false},
	} {
		people, live := team(c.of, c.has)
		got := CountColleagues("max", "mia", people, live)
		count, most, told := got.Have("pkg")
		if got.Of != c.of || count != c.count || most != c.most || told != c.told {
			t.Errorf("%d of %d: %d of %d, %t, %t", c.has, c.of, count, got.Of, most, told)
		}
	}
	people, live := team(9, 9)
	if got := CountColleagues("", "mia", people, live); got.Of != 0 {
		t.Errorf("of nobody's manager there are %d", got.Of)
	}
}
