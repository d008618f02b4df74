package portal

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// languages are those of the pages; the first is for everybody else.
var languages = language.NewMatcher([]language.Tag{language.English, language.German})

// german has every text of the pages in German, by the English one. Each part of the pages has
// a file of its own.
var german = merged(germanPeople, germanAssignments, germanOwners, germanOperations, germanMyPeople, germanSponsors, germanDeciding, germanOwn, germanFigures, germanForms, germanImpact, germanImpactJobs, germanPicker, germanDrift, germanAccounts)

func merged(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// textDays is how long something lasts.
const textDays = "%d days"

// texts is the catalog: English as it stands in the pages, and its translations.
var texts = func() catalog.Catalog {
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	for _, part := range []map[string]string{german, germanRefusals} {
		for english, german := range part {
			b.SetString(language.English, english, english) // these cannot fail: formats are not read here
			b.SetString(language.German, english, german)
		}
	}
	b.Set(language.English, textDays, plural.Selectf(1, "%d", "=1", "one day", "other", "%d days"))
	b.Set(language.German, textDays, plural.Selectf(1, "%d", "=1", "einen Tag", "other", "%d Tage"))
	return b
}()

// languageOf is the language that a browser asks for, as far as the pages have it.
func languageOf(r *http.Request) language.Tag {
	asked, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return language.English
	}
	_, at, _ := languages.Match(asked...)
	return []language.Tag{language.English, language.German}[at]
}

// stateWords are what requests and assignments are said to be.
var stateWords = map[string]string{
	string(entitlement.RequestSubmitted): "Submitted", string(entitlement.RequestPendingApproval): "Waits for a decision", string(entitlement.RequestScheduled): "Begins later",
	string(entitlement.RequestDelivering): "Delivering", string(entitlement.RequestDelivered): "Delivered", string(entitlement.RequestPartiallyDelivered): "Delivered in part",
	string(entitlement.RequestDeliveryFailed): "Could not be delivered", string(entitlement.RequestDenied): "Denied", string(entitlement.RequestCanceled): "Canceled",
	string(entitlement.AssignmentExpired): "Ended",
}

// stateSigns stand beside the words, so that no state is told by colour alone.
var stateSigns = map[string]string{
	string(entitlement.RequestSubmitted): "…", string(entitlement.RequestPendingApproval): "?", string(entitlement.RequestScheduled): "→", string(entitlement.RequestDelivering): "…",
	string(entitlement.RequestDelivered): "✓", string(entitlement.RequestPartiallyDelivered): "◐", string(entitlement.RequestDeliveryFailed): "!", string(entitlement.RequestDenied): "✗",
	string(entitlement.RequestCanceled): "–", string(entitlement.AssignmentExpired): "–",
}

// subjectWords are people who are named by what they are.
var subjectWords = map[entitlement.SubjectKind]string{
	entitlement.RequestorManager: "the manager", entitlement.SecondManager: "the manager's manager",
	entitlement.InternalSponsors: "sponsors inside", entitlement.ExternalSponsors: "sponsors outside",
}

// Day is a date in the visitor's language and time zone.
func (v *visit) Day(t time.Time) string {
	if v.Language == language.German {
		return v.local(t).Format("02.01.2006")
	}
	return v.local(t).Format("2 Jan 2006")
}

// Moment is a date and a time of day in the visitor's time zone, with its name or offset.
func (v *visit) Moment(t time.Time) string { return v.Day(t) + v.local(t).Format(", 15:04 MST") }

// Days is how long something lasts, in days; part of one counts as one.
func (v *visit) Days(d time.Duration) string {
	return v.words.Sprintf(textDays, int((d+24*time.Hour-1)/(24*time.Hour)))
}

// Keeps says how long somebody who gets the package by the policy keeps it.
func (v *visit) Keeps(e entitlement.Expiration) string {
	switch e.Type {
	case entitlement.ExpireAfterDuration:
		return v.T("You keep it for %s.", v.Days(e.Duration))
	case entitlement.ExpireAfterDateTime:
		return v.T("You keep it until %s.", v.Day(e.End))
	default:
		return v.T("You keep it until you give it back.")
	}
}

// Kind is what a request asks for.
func (v *visit) Kind(t entitlement.RequestType) string {
	switch {
	case t.Removes():
		return v.T("Removal")
	case t.Updates():
		return v.T("Extension")
	default:
		return v.T("Request")
	}
}

// languageName is the tag as HTML has it.
func (v *visit) languageName() string {
	base, _ := v.Language.Base()
	return strings.ToLower(base.String())
}

// Deciders says who decides about a request through a policy.
func (v *visit) Deciders(p entitlement.AssignmentPolicy) string {
	if !p.Approval.RequiredForAdd || len(p.Approval.Stages) == 0 {
		return v.T("Nobody has to approve.")
	}

	var stages []string
	for _, s := range p.Approval.Stages {
		var named []string
		for _, set := range s.Primary {
			name := set.Description
			if word := subjectWords[set.Kind]; word != "" {
				name = v.T(word)
			}
			if name == "" {
				name = v.T("an approver")
			}
			if !slices.Contains(named, name) {
				named = append(named, name)
			}
		}
		stages = append(stages, strings.Join(named, ", "))
	}
	if len(stages) == 1 {
		return v.T("Decided by %s.", stages[0])
	}
	return v.T("Decided by %s, then by %s.", stages[0], strings.Join(stages[1:], ", "))
}

// Granted says from when and how long a request would give the package.
func (v *visit) Granted(r entitlement.AssignmentRequest) string {
	text := ""
	if r.Start.After(v.now) {
		text = v.T("It begins on %s.", v.Day(r.Start)) + " "
	}
	switch r.Expiration.Type {
	case entitlement.ExpireAfterDuration:
		return text + v.T("It lasts for %s.", v.Days(r.Expiration.Duration))
	case entitlement.ExpireAfterDateTime:
		return text + v.T("It ends on %s.", v.Day(r.Expiration.End))
	default:
		return text + v.T("It does not end.")
	}
}

func mayCancel(s entitlement.RequestState) bool {
	return s == entitlement.RequestSubmitted || s == entitlement.RequestPendingApproval || s == entitlement.RequestScheduled
}

func queryOf(pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query.Encode()
}

// Roles are what a request would give, in one line.
func (v *visit) Roles(r *views.Request) string {
	var all []string
	if r.Package != nil {
		for _, s := range r.Package.RoleScopes {
			all = append(all, resourceName(s)+" ("+s.ResourceRoleScope.Role.DisplayName+")")
		}
	}
	if len(all) == 0 {
		return v.T("This package gives nothing yet.")
	}
	return strings.Join(all, ", ") + "."
}
