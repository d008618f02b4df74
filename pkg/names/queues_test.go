package names

import "testing"

// However much there is to deliver, in a new account too, people can ask for things.
func TestTheWorkersLeaveRoomForPeopleInANewAccount(t *testing.T) {
	const people = 2
	atOnce := 0
	for _, q := range Queues {
		if q.MaxConcurrency < 2 {
			t.Errorf("%s: AWS refuses a maximum of %d", q.ID, q.MaxConcurrency)
		}
		atOnce += q.MaxConcurrency
	}
	for _, f := range Functions {
		// Comparisons with targets are left at once where there is much to deliver.
		if f.Trigger.Schedule != 0 && f.ID != Drift {
			atOnce++
		}
	}
	if atOnce+people > NewAccount {
		t.Errorf("%d workers at once leave %d of %d to people, want %d", atOnce, NewAccount-atOnce, NewAccount, people)
	}
}
