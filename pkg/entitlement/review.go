package entitlement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/order"
)

// ReviewExpiration says what an access review does with access that nobody has decided on. The
// values are Graph's.
type ReviewExpiration string

// What becomes of access that nobody has decided on.
const (
	ReviewKeeps   ReviewExpiration = "keepAccess"
	ReviewRemoves ReviewExpiration = "removeAccess"
	ReviewAdvised ReviewExpiration = "acceptAccessRecommendation"
)

// ReviewSettings say how the assignments of a policy are reviewed. They are kept; no review
// is run yet.
type ReviewSettings struct {
	Given          bool // the policy says something of reviews
	Enabled        bool
	Expiration     ReviewExpiration
	Recommendation bool
	Justification  bool
	Self           bool
	Primary        []SubjectSet
	Fallback       []SubjectSet
	Start          time.Time
	End            Expiration
	Recurrence     Recurrence
}

// Recurrence is Graph's patternedRecurrence. Dates are those of a calendar, such as 2026-03-01.
type Recurrence struct {
	Pattern   string // empty: it does not recur
	Interval  int
	Month     int
	Day       int
	Days      []string
	FirstDay  string
	Index     string
	Range     string
	StartDate string
	EndDate   string
	TimeZone  string
	Times     int
}

// The words of a recurrence, as Graph has them.
var (
	RecurrencePatterns = []string{"daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"}
	RecurrenceRanges   = []string{"endDate", "noEnd", "numbered"}
	RecurrenceIndexes  = []string{"first", "second", "third", "fourth", "last"}
	Weekdays           = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
)

// AutomaticSettings say whether a policy assigns by itself. They are kept; nothing is assigned
// by itself yet.
type AutomaticSettings struct {
	Given  bool // the policy is one that assigns by itself
	Assign bool
	Remove bool
	Grace  time.Duration
}

// checkReview returns all that is wrong with how a policy is reviewed.
func (p *AssignmentPolicy) checkReview() (faults []error) {
	r := &p.Review
	if len(r.Primary)+len(r.Fallback) > MaxApprovers {
		faults = append(faults, Errorf(Invalid, "reviewSettings: at most %d reviewers.", MaxApprovers))
	}
	if slices.ContainsFunc(slices.Concat(r.Primary, r.Fallback), func(s SubjectSet) bool { return s.Kind == OrganizationMembers || s.isSponsor() }) {
		faults = append(faults, Errorf(Invalid, "reviewSettings: a reviewer must be a user, a group or a manager."))
	}
	if slices.ContainsFunc(r.Primary, SubjectSet.isManager) && len(r.Fallback) == 0 {
		faults = append(faults, Errorf(Invalid, "reviewSettings: a manager needs at least one entry in fallbackReviewers, for people without one."))
	}
	if r.Enabled && !r.Self && len(r.Primary) == 0 {
		faults = append(faults, Errorf(Invalid, "reviewSettings: reviews need primaryReviewers, or isSelfReview."))
	}
	return append(faults, r.Recurrence.check()...)
}

func (r *Recurrence) check() (faults []error) {
	const at = "reviewSettings.schedule.recurrence"
	for name, date := range map[string]string{"startDate": r.StartDate, "endDate": r.EndDate} {
		if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
			faults = append(faults, Errorf(Invalid, "%s.range.%s must be a date such as 2026-03-01.", at, name))
		}
	}
	for name, n := range map[string][2]int{"pattern.interval": {r.Interval, 1000}, "pattern.month": {r.Month, 12}, "pattern.dayOfMonth": {r.Day, 31}, "range.numberOfOccurrences": {r.Times, 1000}} {
		if n[0] < 0 || n[0] > n[1] {
			faults = append(faults, Errorf(Invalid, "%s.%s must lie between 0 and %d.", at, name, n[1]))
		}
	}
	order.SortFunc(faults, func(a, b error) int { return strings.Compare(MessageOf(a), MessageOf(b)) })

	if len(r.Days) > len(Weekdays) {
		faults = append(faults, Errorf(Invalid, "%s.pattern.daysOfWeek holds at most %d days.", at, len(Weekdays)))
	}
	for _, day := range r.Days {
		if !slices.Contains(Weekdays, day) {
			faults = append(faults, Errorf(Invalid, "%s.pattern.daysOfWeek takes %s.", at, strings.Join(Weekdays, ", ")))
		}
	}
	if err := checkText(at+".range.recurrenceTimeZone", r.TimeZone, MaxName, false); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (r ReviewSettings) recorded() []Recorded {
	list := []Recorded{{"reviewSettings", when(r.Given, "given")}, {"reviewSettings.isEnabled", yes(r.Enabled)}, {"reviewSettings.expirationBehavior", string(r.Expiration)},
		{"reviewSettings.isRecommendationEnabled", yes(r.Recommendation)}, {"reviewSettings.isReviewerJustificationRequired", yes(r.Justification)},
		{"reviewSettings.isSelfReview", yes(r.Self)}, {"reviewSettings.primaryReviewers", sets(r.Primary)}, {"reviewSettings.fallbackReviewers", sets(r.Fallback)},
		{"reviewSettings.startDateTime", when(!r.Start.IsZero(), instantWord(r.Start))}, {"reviewSettings.expiration", r.End.recorded()}}
	c := r.Recurrence
	words := fmt.Sprint(c.Pattern, " ", c.Interval, " ", c.Month, " ", c.Day, " ", strings.Join(c.Days, "+"), " ", c.FirstDay, " ", c.Index, "; ", c.Range, " ", c.StartDate, " ", c.EndDate, " ", c.TimeZone, " ", c.Times)
	return append(list, Recorded{"reviewSettings.recurrence", words})
}

func (a AutomaticSettings) recorded() []Recorded {
	return []Recorded{{"automaticRequestSettings", when(a.Given, "given")}, {"requestAccessForAllowedTargets", yes(a.Assign)},
		{"removeAccessWhenTargetLeavesAllowedTargets", yes(a.Remove)}, {"gracePeriodBeforeAccessRemoval", lasting(a.Grace)}}
}

// when is a word of an event that is there only where something holds.
func when(holds bool, word string) string {
	if holds {
		return word
	}
	return ""
}
