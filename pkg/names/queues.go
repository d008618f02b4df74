package names

import (
	"slices"
	"time"
)

// visibilityTimes is how many time-outs of its function a received message stays hidden:
// AWS advises six, so that a throttled function finds it still hidden.
const visibilityTimes = 6

// Visibility returns how long a received message of the queue stays hidden from others.
func (q Queue) Visibility() time.Duration {
	var longest time.Duration
	for _, f := range slices.Concat(Functions, VPCFunctions()) {
		if slices.Contains(f.Trigger.Queues, q.ID) {
			longest = max(longest, f.Timeout)
		}
	}
	return visibilityTimes * longest
}

// Parkers are the ids of all queues and functions that have a dead-letter queue, with those that
// only a deployment with a VPC has.
func Parkers(vpc bool) (ids []string) {
	for _, queue := range Queues {
		ids = append(ids, queue.ID)
	}
	for _, function := range Functions {
		if function.Trigger.Schedule != 0 {
			ids = append(ids, function.ID)
		}
	}
	if vpc {
		ids = append(ids, VPCUrgent, VPCBulk, DriftVPC)
	}
	return ids
}
