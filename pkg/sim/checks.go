package sim

import (
	"fmt"
	"strings"
)

// checks says of each invariant where it is checked, or why it is not.
var checks = []struct{ Name, How string }{
	{"S1", "in the moment in which a call to a target starts; after every step against what the targets hold: what nothing gives is owed and on a grant set. Once delivered, an assignment whose end passed counts until the sweep ends it"},
	{"S2", "at each submission, decision and beginning, by the directory and the policies as they were between the reading and the writing (of a request that waits, each at a moment of its own, since they are read one after the other): the policy is one of that package, one that may be chosen (R35 to R37) or assigned by (R90, R91), and is for the subject at the last decision and at the beginning (F36); whoever decides was asked by the stage, or has become its approver by an event, for which the oracle looks for a reason of its own"},
	{"S3", "at each decision"},
	{"S4", "at each change of a request"},
	{"S5", "after every step, over all requests and assignments"},
	{"S6", "at each submission and at each beginning: stages and end are those of the policy that was read, and its questions are answered"},
	{"S7", "at each deletion of a package or a policy, and at each submission and beginning; resources and catalogs are not deleted by the driver"},
	{"S8", "in the moment in which a call that takes a role starts"},
	{"S9", "in the moment in which a call that takes a role starts, under hand edits at the targets; what is on record as pre-existing was given by somebody else"},
	{"S10", "at each commit; what a role allowed says by which policy"},
	{"S11", "at the end of every run, with the product's own verifier, over every chain that something was added to since the simulation was made, and in every eighth run over the others too"},
	{"S12", "for every command that makes a request under a key: one key of one caller makes one request, is answered that one however often and late, and no other command is"},
	{"S13", "for every command that met no fault and was refused for good, deletions of packages and policies aside: they close, look and open again; and edits that wait for a second person aside: they are laid down"},
	{"S14", "at each settlement, and whenever a membership changes against what is desired. A function never stands still between its fence and its write, and the clocks of two workers are at most ten seconds apart: no fence can help against that"},
	{"S15", "whenever an assignment becomes delivered: every role was read back while the target's own log had it there, or a target that no way of asking tells of took it, and its connector is set to let that count. After every step: what counts as delivered is there, or something is owed. Whenever a removal becomes complete: nothing is left by the target's log, and the target took a removal after every grant that it took. Not held against the product: what somebody else did by hand, and an id that is wrong and younger than a day at a target that takes any"},
	{"S16", "at each expiry and each extension; in every fourth run clocks are wrong by up to five minutes and jump, which counts as their bound"},
	{"S17", "in every third run, in which people hold delegated roles in one of two catalogs or everywhere: at each change that somebody makes, and at each look, by the roles as they were between the reading and the writing (who calls is read before the roles are, so each at a moment of its own); who offers a resource manages it, and it is no group that holds roles. In package graph every kind of caller tries every operation"},
	{"S18", "at each beginning, by the lists as the command read them: no package and no group that the package excludes; of those who are listed as holding two that exclude each other, each did"},
	{"S19", "likewise: what is changed or shown takes a right in the catalog that it is in at that time, and whom a role there lets is not refused"},
	{"S20", "events, messages, answers and the log are searched for every credential"},
	{"S21", "calls of one invocation; the store itself refuses more than a hundred actions"},
	{"S22", "the oracle's pending reconciliations against the store's and against the index of pending reconciliations, before the faults cease"},
	{"L1", "at rest"},
	{"L2", "at rest, at every end that there is; then all that has no end is taken back, and nobody holds anything through us. The last member that a target keeps is taken back once somebody else was put in there; a target that makes changes later has its time for two of them"},
	{"L3", "at rest, in every second run with all messages lost"},
	{"L4", "at rest, after the longest time limit; and a day after the faults cease every stage asks somebody who can decide"},
	{"L5", "at rest: the generation that each delivered assignment observed"},
	{"L6", "at rest: whatever the targets did, all is settled within 150 minutes; rates are figures of their own"},
	{"L7", "at rest: unreadable messages lie parked, everything refused is reprocessed"},
	{"L8", "at rest: every assignment is read at its targets and compared"},
	{"L9", "by crashes at any call; nothing but the store and the queues outlives them. At rest nothing is left closed for a deletion that was cut short"},
	{"L10", "at rest: three hours without a change, a call or a message"},
}

// Checks is the table of what is checked, and what is not.
func Checks() string {
	var b strings.Builder
	b.WriteString("checks:")
	for _, c := range checks {
		fmt.Fprintf(&b, "\n  %-4s %s", c.Name, c.How)
	}
	return b.String()
}
