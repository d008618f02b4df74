package entitlement

import "time"

// SoonBefore is how long before its end an assignment is put forward.
const SoonBefore = 14 * 24 * time.Hour

// EndsSoon reports a live assignment that ends in the next time.
func (a Assignment) EndsSoon(now time.Time) bool {
	return a.Target == TargetPresent && !a.End.IsZero() && a.End.Sub(now) <= SoonBefore
}

// InProgress reports a request with which something is still to be done, by whoever decides or by
// whoever repairs its delivery.
func (r AssignmentRequest) InProgress() bool {
	return r.State != RequestDelivered && r.State != RequestDenied && r.State != RequestCanceled
}

// Within returns within which time it usually takes: an hour, a day, or whole days. It is as much
// as is told: the median itself would be the time of one request. False where too few are known.
func (p Pace) Within() (time.Duration, bool) {
	const day = 24 * time.Hour
	took, told := p.Usual()
	switch {
	case !told:
		return 0, false
	case took <= time.Hour:
		return time.Hour, true
	case took <= day:
		return day, true
	default:
		return (took + day - 1).Truncate(day), true
	}
}
