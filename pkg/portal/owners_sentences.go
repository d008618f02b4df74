package portal

import (
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// sentences say a policy in words: who may ask, who decides, for how long, and the rest.
func (v *visit) sentences(p *views.Policy) []string {
	all := []string{v.whoAsks(p)}
	all = append(all, v.whoDecides(p)...)
	all = append(all, v.howLong(p.Expiration))

	r := p.Requestor
	for _, is := range []struct {
		so   bool
		text string
	}{
		{p.Approval.RequestorJustification, v.T("Whoever asks says why.")},
		{r.CustomSchedule, v.T("Whoever asks may choose the dates within that.")},
		{r.SelfUpdate, v.T("It can be extended.")},
		{!r.SelfUpdate, v.T("It cannot be extended by those who have it.")},
		{!r.SelfRemove, v.T("It cannot be given back by those who have it.")},
	} {
		if is.so {
			all = append(all, is.text)
		}
	}
	return append(all, v.kept(p)...)
}

// whoAsks says who may ask through a policy.
func (v *visit) whoAsks(p *views.Policy) string {
	switch p.Scope {
	case entitlement.ScopeAllMembers:
		return v.T("For all members of the organization.")
	case entitlement.ScopeAllUsers:
		return v.T("For everybody in the directory, guests too.")
	case entitlement.ScopeSpecificUsers:
		return v.T("For %s.", v.list(v.namesOf(p, p.Targets)))
	case entitlement.ScopeNobody:
		return v.T("For nobody: it is assigned directly.")
	default:
		return v.T("For people of connected organizations.")
	}
}

// whoDecides says who decides, step by step.
func (v *visit) whoDecides(p *views.Policy) (all []string) {
	if len(p.Approval.Stages) == 0 || !p.Approval.RequiredForAdd && !p.Approval.RequiredForUpdate {
		return []string{v.T("Nobody has to approve.")}
	}

	for i, s := range p.Approval.Stages {
		who, days := v.list(v.namesOf(p, s.Primary)), v.Days(orDefault(s.TimeLimit))
		if i == 0 {
			all = append(all, v.T("Approval by %s, within %s.", who, days))
		} else {
			all = append(all, v.T("Then by %s, within %s.", who, days))
		}
		if len(s.Fallback) > 0 {
			all = append(all, v.T("Where there is none, %s decides.", v.list(v.namesOf(p, s.Fallback))))
		}
		if s.ApproverJustification {
			all = append(all, v.T("They say why."))
		}
	}

	switch {
	case !p.Approval.RequiredForAdd:
		all = append(all, v.T("Only extensions have to be approved."))
	case p.Approval.RequiredForUpdate:
		all = append(all, v.T("Extensions have to be approved too."))
	}
	return all
}

func orDefault(d time.Duration) time.Duration {
	if d == 0 {
		return entitlement.DefaultTimeLimit
	}
	return d
}

// howLong says for how long people keep a package.
func (v *visit) howLong(e entitlement.Expiration) string {
	switch e.Type {
	case entitlement.ExpireAfterDuration:
		return v.T("It is kept for %s.", v.Days(e.Duration))
	case entitlement.ExpireAfterDateTime:
		return v.T("It ends on %s.", v.Moment(e.End))
	default:
		return v.T("It does not end.")
	}
}

// kept says what of a policy no form shows, and every form keeps.
func (v *visit) kept(p *views.Policy) (all []string) {
	for i, s := range p.Approval.Stages {
		if i >= formStages {
			all = append(all, v.T("Step %s is edited by the API alone: it asks %s.", v.words.Sprint(i+1), v.list(v.namesOf(p, s.Primary))))
		}
		if others := slices.DeleteFunc(slices.Clone(s.Primary), func(set entitlement.SubjectSet) bool { return entry(set) != "" || asksManager(set) }); len(others) > 0 && i < formStages {
			all = append(all, v.T("Step %s asks %s too.", v.words.Sprint(i+1), v.list(v.namesOf(p, others))))
		}
		if s.Escalation {
			all = append(all, v.T("Step %s: %s are asked too after %s.", v.words.Sprint(i+1), v.list(v.namesOf(p, s.Alternates)), v.Days(s.EscalateAfter)))
		}
		if s.Visibility == entitlement.ApproversHidden {
			all = append(all, v.T("Step %s: whoever asks does not see who decides.", v.words.Sprint(i+1)))
		}
	}

	for _, is := range []struct {
		so   bool
		text string
	}{
		{len(p.Questions) > 0, v.T("It asks: %s", strings.Join(v.questions(p), " · "))},
		{p.Review.Enabled, v.T("It has settings of access reviews, which are kept.")},
		{p.Automatic.Given, v.T("It assigns by itself.")},
		{p.Quiet, v.T("It sends no mail.")},
		{len(p.Extensions) > 0, v.T("It calls custom extensions.")},
		{!p.Deleting.IsZero(), v.T("It is being deleted.")},
	} {
		if is.so {
			all = append(all, is.text)
		}
	}
	return all
}

func (v *visit) questions(p *views.Policy) (all []string) {
	for _, q := range entitlement.Ordered(p.Questions) {
		all = append(all, q.In([]string{v.languageName()}))
	}
	return all
}

// namesOf names sets of people.
func (v *visit) namesOf(p *views.Policy, sets []entitlement.SubjectSet) (all []string) {
	for _, s := range sets {
		switch name := p.Named[s.ID]; {
		case subjectWords[s.Kind] != "":
			all = append(all, v.T(subjectWords[s.Kind]))
		case name != "" && s.Kind == entitlement.GroupMembers:
			all = append(all, v.T("members of %s", name))
		case name != "":
			all = append(all, name)
		default:
			all = append(all, v.T("somebody who is not there any more"))
		}
	}
	return all
}

// maxListed bounds the names in one sentence.
const maxListed = 8

// list is a list of names in a sentence: any one of them.
func (v *visit) list(all []string) string {
	if len(all) > maxListed {
		all = append(slices.Clone(all[:maxListed]), v.T("and others"))
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return v.T("%s or %s", strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
}
