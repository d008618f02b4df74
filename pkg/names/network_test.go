package names

import (
	"slices"
	"testing"
)

// found returns one of the functions in the VPC.
func found(id string) (Function, bool) {
	for _, f := range VPCFunctions() {
		if f.ID == id {
			return f, true
		}
	}
	return Function{}, false
}

func TestR273_FunctionsInTheVPCAreThoseThatCallTargetsWithQueuesOfTheirOwn(t *testing.T) {
	for _, f := range Functions {
		inside, has := found(f.ID + "-vpc")
		if calls := f.Uses.Secrets&Read != 0; calls != has {
			t.Errorf("%s calls targets: %t; has a counterpart in the VPC: %t", f.ID, calls, has)
			continue
		} else if !has {
			continue
		}

		if !inside.OfVPC() || f.OfVPC() || inside.Code() != f.ID || !slices.Equal(inside.Env(), f.Env()) {
			t.Errorf("%s is no copy of %s: %+v", inside.ID, f.ID, inside)
		}
		if inside.Uses.Assumes || inside.Uses.Invokes {
			t.Errorf("%s may call what is called by the internet alone", inside.ID)
		}
		if joins := slices.ContainsFunc(inside.Rights(), func(r Right) bool { return r.Part == PartNetwork && r.ByLambda }); !joins {
			t.Errorf("%s may not join the VPC", inside.ID)
		}
	}

	worker, _ := found(DeliverVPC)
	if got, want := worker.Trigger.Queues, []string{VPCUrgent, VPCBulk}; !slices.Equal(got, want) {
		t.Errorf("it drains %v, want %v", got, want)
	}
	if got, want := worker.Uses.Send, []string{VPCBulk}; !slices.Equal(got, want) {
		t.Errorf("it sends to %v, want %v: nobody is handed back", got, want)
	}
	// What is given again may be in both networks, and the one of the internet hands on.
	if drift, _ := found(DriftVPC); !slices.Equal(drift.Uses.Send, []string{DeliverBulk}) {
		t.Errorf("comparisons send to %v", drift.Uses.Send)
	}
	for _, q := range VPCQueues {
		if q.Visibility() != visibilityTimes*DeliverTimeout {
			t.Errorf("a message of %s is hidden for %s", q.ID, q.Visibility())
		}
	}
}

func TestR273_WithoutAVPCNothingOfItIsDeployed(t *testing.T) {
	queues, functions := Deployed(false)
	for _, q := range queues {
		if OfVPC(q.ID) || OfVPC(q.ID+DeadLetterSuffix) {
			t.Errorf("the queue %s", q.ID)
		}
	}
	for _, f := range functions {
		if f.OfVPC() {
			t.Errorf("the function %s", f.ID)
		}
	}
	if with, _ := Deployed(true); len(with) != len(queues)+len(VPCQueues) || !OfVPC(VPCUrgent+DeadLetterSuffix) {
		t.Errorf("with a VPC there are %d queues", len(with))
	}

	// Those that park are told by name, so that the pages need no more than that.
	var parks []string
	queues, functions = Deployed(true)
	for _, q := range queues {
		parks = append(parks, q.ID)
	}
	for _, f := range functions {
		if f.Trigger.Schedule != 0 {
			parks = append(parks, f.ID)
		}
	}
	told := Parkers(true)
	slices.Sort(parks)
	slices.Sort(told)
	if !slices.Equal(parks, told) {
		t.Errorf("%v park, and %v are told", parks, told)
	}
}
