package graph

import (
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

// readReview reads how the assignments of a policy are reviewed, which is kept and not done yet.
func readReview(o *strict.Object) (s entitlement.ReviewSettings) {
	given := o.Has("reviewSettings")
	r := o.Object("reviewSettings")
	if !given {
		return s
	}

	// Where they are left out, two of them are on, as the schema has it.
	s = entitlement.ReviewSettings{Given: true, Recommendation: true, Justification: true, Expiration: entitlement.ReviewKeeps}
	r.Bool("isEnabled", &s.Enabled)
	r.Bool("isRecommendationEnabled", &s.Recommendation)
	r.Bool("isReviewerJustificationRequired", &s.Justification)
	r.Bool("isSelfReview", &s.Self)
	strict.Enum(r, "expirationBehavior", &s.Expiration, entitlement.ReviewKeeps, entitlement.ReviewRemoves, entitlement.ReviewAdvised)
	s.Primary, s.Fallback = readSets(r, "primaryReviewers"), readSets(r, "fallbackReviewers")

	schedule := r.Object("schedule")
	schedule.Time("startDateTime", &s.Start)
	s.End = readExpiration(schedule.Object("expiration"))
	s.Recurrence = readRecurrence(schedule.Object("recurrence"))
	return s
}

func readRecurrence(o *strict.Object) (r entitlement.Recurrence) {
	p := o.Object("pattern")
	strict.Enum(p, "type", &r.Pattern, entitlement.RecurrencePatterns...)
	p.Int("interval", &r.Interval)
	p.Int("month", &r.Month)
	p.Int("dayOfMonth", &r.Day)
	p.Texts("daysOfWeek", &r.Days)
	for i, day := range r.Days {
		r.Days[i] = strings.ToLower(day)
	}
	strict.Enum(p, "firstDayOfWeek", &r.FirstDay, entitlement.Weekdays...)
	strict.Enum(p, "index", &r.Index, entitlement.RecurrenceIndexes...)

	within := o.Object("range")
	strict.Enum(within, "type", &r.Range, entitlement.RecurrenceRanges...)
	within.Text("startDate", &r.StartDate)
	within.Text("endDate", &r.EndDate)
	within.Text("recurrenceTimeZone", &r.TimeZone)
	within.Int("numberOfOccurrences", &r.Times)
	return r
}

// readAutomatic reads whether a policy assigns by itself, which is kept and not done yet.
func readAutomatic(o *strict.Object) (s entitlement.AutomaticSettings) {
	s.Given = o.Has("automaticRequestSettings")
	a := o.Object("automaticRequestSettings")
	a.Bool("requestAccessForAllowedTargets", &s.Assign)
	a.Bool("removeAccessWhenTargetLeavesAllowedTargets", &s.Remove)
	a.Duration("gracePeriodBeforeAccessRemoval", &s.Grace)
	return s
}

func mapReview(s entitlement.ReviewSettings) any {
	if !s.Given {
		return nil
	}
	schedule := mapSchedule(s.Start, s.End)
	schedule["recurrence"] = mapRecurrence(s.Recurrence)
	return object{"isEnabled": s.Enabled, "expirationBehavior": string(s.Expiration), "isRecommendationEnabled": s.Recommendation,
		"isReviewerJustificationRequired": s.Justification, "isSelfReview": s.Self, "primaryReviewers": objects(s.Primary, mapSet),
		"fallbackReviewers": objects(s.Fallback, mapSet), "schedule": schedule}
}

func mapRecurrence(r entitlement.Recurrence) any {
	if r.Pattern == "" && r.Range == "" {
		return nil
	}
	return object{
		"pattern": object{"type": text(r.Pattern), "interval": r.Interval, "month": r.Month, "dayOfMonth": r.Day, "daysOfWeek": texts(r.Days),
			"firstDayOfWeek": text(r.FirstDay), "index": text(r.Index)},
		"range": object{"type": text(r.Range), "startDate": text(r.StartDate), "endDate": text(r.EndDate), "recurrenceTimeZone": text(r.TimeZone), "numberOfOccurrences": r.Times},
	}
}

func mapAutomatic(s entitlement.AutomaticSettings) any {
	if !s.Given {
		return nil
	}
	return object{"requestAccessForAllowedTargets": s.Assign, "removeAccessWhenTargetLeavesAllowedTargets": s.Remove, "gracePeriodBeforeAccessRemoval": entitlement.FormatDuration(s.Grace)}
}
