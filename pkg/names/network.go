package names

import (
	"slices"
	"strings"
)

// Network is where a function calls targets from.
type Network string

// The networks. A deployment without a VPC has one, and says nothing of it.
const (
	Internet Network = "internet"
	VPC      Network = "vpc"
)

// ofVPC ends the ids of what only a deployment with a VPC has.
const ofVPC = "-vpc"

// Ids of functions and queues that only a deployment with a VPC has.
const (
	TargetsVPC = Targets + ofVPC
	DeliverVPC = Deliver + ofVPC
	DriftVPC   = Drift + ofVPC
	VPCUrgent  = DeliverUrgent + ofVPC
	VPCBulk    = DeliverBulk + ofVPC
)

// VPCFunctions returns the functions that run inside the VPC, where the deployment has one: the same
// code as those that call targets by the internet. Roles of other accounts and functions that are
// targets are called by the internet alone.
//
// It is no variable: only who deploys needs them, and no function is larger for it.
func VPCFunctions() []Function {
	return []Function{insideVPC(Targets), insideVPC(Deliver), insideVPC(Drift)}
}

// VPCQueues lists the queues that the delivery function in the VPC drains. Their keys are those by
// which the one at the internet hands on. With the least of workers that AWS takes all of them still
// need a quota above NewAccount.
var VPCQueues = []Queue{
	{ID: VPCUrgent, Env: EnvVPCUrgentQueue, BatchSize: 10, MaxReceive: 5, MaxConcurrency: 2},
	{ID: VPCBulk, Env: EnvVPCBulkQueue, BatchSize: 5, MaxReceive: 5, MaxConcurrency: 2},
}

// insideVPC returns the copy of a function that runs in the VPC. It sends to its own queue where the
// other sends to its own.
func insideVPC(id string) Function {
	f, _ := FindFunction(id)

	var drains, sends []string
	for _, queue := range f.Trigger.Queues {
		drains = append(drains, queue+ofVPC)
	}
	for _, queue := range f.Uses.Send {
		switch {
		case OfVPC(queue): // it hands on to nobody
		case f.Drains(queue):
			sends = append(sends, queue+ofVPC)
		default:
			sends = append(sends, queue)
		}
	}

	f.ID += ofVPC
	f.Trigger.Queues, f.Uses.Send = drains, sends
	f.Uses.Assumes, f.Uses.Invokes = false, false
	// The built-in directory, with its groups, is the other's.
	f.Uses.Writes = slices.DeleteFunc(slices.Clone(f.Uses.Writes), func(w Family) bool { return w == FamilyGroup })
	return f
}

// OfVPC reports the id of what only a deployment with a VPC has.
func OfVPC(id string) bool { return strings.HasSuffix(strings.TrimSuffix(id, DeadLetterSuffix), ofVPC) }

// OfVPC reports a function that runs inside the VPC.
func (f Function) OfVPC() bool { return OfVPC(f.ID) }

// Code is the folder of the function's code.
func (f Function) Code() string { return strings.TrimSuffix(f.ID, ofVPC) }

// Deployed returns what a deployment has, with a VPC or without.
func Deployed(vpc bool) (queues []Queue, functions []Function) {
	if !vpc {
		return Queues, Functions
	}
	return slices.Concat(Queues, VPCQueues), slices.Concat(Functions, VPCFunctions())
}

// CounterpartOf returns the id of the queue in the VPC that stands for one of the internet.
func CounterpartOf(queue string) string { return queue + ofVPC }
