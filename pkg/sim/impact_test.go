package sim

import (
	"math/rand/v2"
	"testing"

	"leasehold/pkg/entitlement"
)

// enoughEdits is how many changes of roles, agreed to by what was said of them, are checked against
// what they do.
const enoughEdits = 500

// edited is the run of a number in which people hold several packages that give one role, and
// whose commands have changes of roles among them that are agreed to by what was said of them.
// Each second is interrupted, so that others move before it is done.
func edited(number uint64) Plan {
	p := Draw(number)
	draw := rand.New(rand.NewPCG(number, 26))
	p.AtOnce = int(number % 2) // in each second run all edits of what more than one holds are jobs
	for i := range p.Packages {
		p.Packages[i].Roles, p.Packages[i].Excludes = []int{0, 1 + draw.IntN(2)}, nil
	}

	var with []Command
	for i, c := range p.Commands {
		if with = append(with, c); i%3 > 0 {
			continue
		}
		for range 1 + draw.IntN(3) {
			with = append(with, Command{Kind: Assign, A: draw.IntN(1000), B: draw.IntN(1000), C: 1, Seed: draw.Uint64()})
		}
		edit := Command{Kind: AddRole, A: draw.IntN(1000), B: draw.IntN(3), C: 1, Seed: draw.Uint64()}
		if draw.IntN(2) == 0 {
			edit.Kind = RemoveRole
		}
		if draw.IntN(2) == 0 {
			edit.Steps = 1 + draw.IntN(20)
		}
		with = append(with, edit)
	}
	p.Commands = with
	return p
}

// Who is told to gain, to lose and to keep a role by a change of a package's roles are exactly
// those for whom it changes, or does not, whatever goes on beside it and whatever fails; and a
// plan that is not so any more is applied by nobody. The oracle says who has what by itself.
func TestT26_WhoIsToldToGainLoseAndKeepIsExactlyWhoDoes(t *testing.T) {
	edits, jobs, moved, number, told := 0, 0, 0, uint64(0), map[entitlement.Effect]int{}
	for edits < enoughEdits || jobs < enoughEdits/10 {
		if number++; number > 400 {
			break
		}
		out := Run(t, edited(number), false)
		if out.Violation != "" {
			t.Fatalf("run %d: %s", number, out.Violation)
		}
		edits, jobs, moved = edits+out.Edits, jobs+out.ByJob, moved+out.Moved
		for effect, n := range out.Told {
			told[effect] += n
		}
	}
	t.Logf("%d edits, %d of them by jobs, in %d runs were as they were told: %d people gained, %d lost, %d kept; %d edits were refused, since who gains or loses had moved",
		edits, jobs, number, told[entitlement.Gains], told[entitlement.Loses], told[entitlement.Keeps], moved)
	if edits < enoughEdits || jobs < enoughEdits/10 || moved == 0 || told[entitlement.Gains] == 0 || told[entitlement.Loses] == 0 || told[entitlement.Keeps] == 0 {
		t.Errorf("%d edits were checked, %d of them by jobs, at least %d are wanted; %d had moved; told were %v", edits, jobs, enoughEdits, moved, told)
	}
}
