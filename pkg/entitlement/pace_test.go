package entitlement

import (
	"testing"
	"time"
)

func TestS21_ThePaceOfAPackageIsOfTheLastHundredAndToldFromFive(t *testing.T) {
	took := func(n int, d time.Duration) (all []AssignmentRequest) {
		for range n {
			all = append(all, AssignmentRequest{Type: UserAdd, State: RequestDelivered, Created: noon, Completed: noon.Add(d)})
		}
		return all
	}
	later := took(1, time.Hour)[0]
	later.Start = noon.Add(time.Hour)
	for name, c := range map[string]struct {
		all     []AssignmentRequest
		samples int
		usual   time.Duration
		told    bool
	}{
		"nobody asked":          {nil, 0, 0, false},
		"four":                  {took(4, time.Hour), 4, time.Hour, false},
		"five":                  {took(5, time.Hour), 5, time.Hour, true},
		"the half of them":      {append(took(3, time.Hour), took(2, 9*time.Hour)...), 5, time.Hour, true},
		"the last hundred":      {append(took(100, time.Hour), took(500, 9*time.Hour)...), 100, time.Hour, true},
		"what is not delivered": {[]AssignmentRequest{{Type: UserAdd, State: RequestDenied, Created: noon, Completed: noon}}, 0, 0, false},
		"what was assigned":     {[]AssignmentRequest{{Type: AdminAdd, State: RequestDelivered, Created: noon, Completed: noon}}, 0, 0, false},
		"what begins later":     {[]AssignmentRequest{later}, 0, 0, false},
	} {
		got, writes := Pace{Package: "pkg"}.Count(c.all, noon)
		usual, told := got.Usual()
		if got.Samples != c.samples || usual != c.usual || told != c.told || writes != (c.samples > 0) {
			t.Errorf("%s: %+v, %v, %t", name, got, usual, told)
		}

		// The same again is written anew only before it would be cleared away.
		if _, again := got.Count(c.all, noon.Add(paceRenewed-1)); again {
			t.Errorf("%s: the same is written again", name)
		}
		if _, renewed := got.Count(c.all, noon.Add(paceRenewed)); renewed != (c.samples > 0) {
			t.Errorf("%s: renewed: %t", name, renewed)
		}
	}
}
