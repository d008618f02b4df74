package portal

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

const day24 = 24 * time.Hour

// policyForm is what a form says of a policy. What it does not say stays as it is: terms puts
// it over the policy that is edited.
type policyForm struct {
	Version           string // of the policy when the form was opened
	Name, Description string

	Scope string
	Lists map[string][]string // entries of those chosen, by policyLists

	ForRequests, ForExtensions, Justify bool
	Stages                              string // how many
	Stage                               [formStages]stageForm

	Ends, Days, Date string

	Ask, Extend, GiveBack, Dates bool

	Sought map[string]string // by policyLists
}

// stageForm is what a form says of one stage, beside whom it asks.
type stageForm struct {
	Manager bool
	Days    string
	Why     bool // those who decide say why
}

// formStages is how many stages a form shows.
const formStages = 2

// policyLists are the lists of people in the form.
var policyLists = []string{"targets", "approvers1", "fallback1", "approvers2", "fallback2"}

// How a policy ends, in the form.
const (
	endsNever = "never"
	endsDays  = "days"
	endsDate  = "date"
)

// entry is one of a list of people, as the form has it; "" for what no form can express.
func entry(s entitlement.SubjectSet) string {
	switch s.Kind {
	case entitlement.SingleUser:
		return "u:" + s.ID
	case entitlement.GroupMembers:
		return "g:" + s.ID
	default:
		return ""
	}
}

// setOf is the set that an entry of the form means.
func setOf(entry string) (entitlement.SubjectSet, bool) {
	kind, id, _ := strings.Cut(entry, ":")
	as := map[string]entitlement.SubjectKind{"u": entitlement.SingleUser, "g": entitlement.GroupMembers}[kind]
	parsed, err := entitlement.ParseID[string]("id", id)
	return entitlement.SubjectSet{Kind: as, ID: parsed}, as != "" && err == nil
}

func entriesOf(all []entitlement.SubjectSet) (out []string) {
	for _, s := range all {
		if t := entry(s); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// daysOf is a time in days, as the form has it: one begun counts, and none is "".
func daysOf(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int((d + day24 - 1) / day24))
}

// lastDayOf is the last day before an end, in the visitor's time zone.
func (v *visit) lastDayOf(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return v.local(end).Add(-1).Format(time.DateOnly)
}

// formOfPolicy is the form of a policy as it is. A template is named formOf already.
func (v *visit) formOfPolicy(p entitlement.AssignmentPolicy) policyForm {
	f := policyForm{Version: versionOf(p), Name: p.DisplayName, Description: p.Description, Scope: string(p.Scope), Lists: map[string][]string{"targets": entriesOf(p.Targets)},
		ForRequests: p.Approval.RequiredForAdd, ForExtensions: p.Approval.RequiredForUpdate, Justify: p.Approval.RequestorJustification, Stages: strconv.Itoa(len(p.Approval.Stages)),
		Ends: endsNever, Days: daysOf(p.Expiration.Duration), Date: v.lastDayOf(p.Expiration.End),
		Ask: p.Requestor.SelfAdd, Extend: p.Requestor.SelfUpdate, GiveBack: p.Requestor.SelfRemove, Dates: p.Requestor.CustomSchedule}

	switch p.Expiration.Type {
	case entitlement.ExpireAfterDuration:
		f.Ends = endsDays
	case entitlement.ExpireAfterDateTime:
		f.Ends = endsDate
	}

	for i := range f.Stage {
		if i >= len(p.Approval.Stages) {
			break
		}
		s, number := p.Approval.Stages[i], strconv.Itoa(i+1)
		f.Stage[i] = stageForm{Manager: slices.ContainsFunc(s.Primary, asksManager), Days: daysOf(s.TimeLimit), Why: s.ApproverJustification}
		f.Lists["approvers"+number], f.Lists["fallback"+number] = entriesOf(s.Primary), entriesOf(s.Fallback)
	}
	return f
}

func asksManager(s entitlement.SubjectSet) bool { return s.Kind == entitlement.RequestorManager }

func versionOf(p entitlement.AssignmentPolicy) string { return strconv.FormatInt(p.Version, 10) }

// readPolicyForm reads the form that was sent. Whoever was found and ticked is chosen.
func (v *visit) readPolicyForm() policyForm {
	f := policyForm{Version: v.typed("version"), Name: v.typed("name"), Description: v.typed("description"), Scope: v.typed("scope"), Lists: map[string][]string{}, Sought: map[string]string{},
		ForRequests: v.ticked("forRequests"), ForExtensions: v.ticked("forExtensions"), Justify: v.ticked("justify"), Stages: v.typed("stages"),
		Ends: v.typed("ends"), Days: v.typed("days"), Date: v.typed("date"),
		Ask: v.ticked("ask"), Extend: v.ticked("extend"), GiveBack: v.ticked("giveBack"), Dates: v.ticked("dates")}

	for i := range f.Stage {
		number := strconv.Itoa(i + 1)
		f.Stage[i] = stageForm{Manager: v.ticked("manager" + number), Days: v.typed("days" + number), Why: v.ticked("why" + number)}
	}
	for _, list := range policyLists {
		f.Sought[list] = v.typed("seek-" + list)
		for _, t := range slices.Concat(v.request.PostForm[list], v.request.PostForm["found-"+list]) {
			if _, is := setOf(t); is && !slices.Contains(f.Lists[list], t) {
				f.Lists[list] = append(f.Lists[list], t)
			}
		}
	}
	return f
}

// chosen are all users and groups that the form names, each once.
func (f policyForm) chosen() (users []entitlement.UserID, groups []entitlement.GroupID) {
	for _, list := range policyLists {
		for _, t := range f.Lists[list] {
			s, is := setOf(t)
			switch {
			case !is:
			case s.Kind == entitlement.SingleUser && !slices.Contains(users, entitlement.UserID(s.ID)):
				users = append(users, entitlement.UserID(s.ID))
			case s.Kind == entitlement.GroupMembers && !slices.Contains(groups, entitlement.GroupID(s.ID)):
				groups = append(groups, entitlement.GroupID(s.ID))
			}
		}
	}
	return users, groups
}

// terms puts the form over a policy: what the form does not show stays, and what was not
// touched in it stays to the second.
func (f policyForm) terms(v *visit, old entitlement.AssignmentPolicy) (entitlement.AssignmentPolicy, faults) {
	p := old
	p.DisplayName, p.Description = f.Name, cmp.Or(f.Description, f.Name)
	if f.Description == "" && old.Description == "" && old.ID != "" {
		p.Description = ""
	}
	p.Requestor = entitlement.RequestorSettings{SelfAdd: f.Ask, SelfUpdate: f.Extend, SelfRemove: f.GiveBack, CustomSchedule: f.Dates}

	var wrong faults
	note := func(all faults) { wrong = append(wrong, all...) }
	note(v.unnamed(f.Name))
	note(f.scope(v, &p, old))
	note(f.approval(v, &p, old))
	note(f.ending(v, &p, old))
	return p, wrong
}

// scope puts who may ask into a policy.
func (f policyForm) scope(v *visit, p *entitlement.AssignmentPolicy, old entitlement.AssignmentPolicy) faults {
	switch p.Scope = entitlement.TargetScope(f.Scope); p.Scope {
	case entitlement.ScopeAllMembers, entitlement.ScopeAllUsers, entitlement.ScopeNobody:
		p.Targets = nil
		if f.adds("targets", old.Targets) {
			return faults{{"scope", v.T("You chose people who may ask: choose that it is for these, or take them off.")}}
		}
		return nil
	case entitlement.ScopeSpecificUsers:
		// Of a policy for other organizations nothing is left to be kept.
		if old.Scope != p.Scope {
			old.Targets = nil
		}
		if p.Targets = rechosen(old.Targets, f.Lists["targets"]); len(p.Targets) == 0 {
			return faults{{"seek-targets", v.T("Search for who may ask, and choose them.")}}
		}
		return nil
	}
	if p.Scope == old.Scope && old.ID != "" {
		p.Targets = old.Targets // one for other organizations stays as it is
		return nil
	}
	return faults{{"scope", v.T("Choose who may ask.")}}
}

// adds reports that a list has somebody new, whom it would be odd to pass over.
func (f policyForm) adds(list string, old []entitlement.SubjectSet) bool {
	known := entriesOf(old)
	return slices.ContainsFunc(f.Lists[list], func(e string) bool { return !slices.Contains(known, e) })
}

// rechosen keeps of a list what is still chosen and what no form can express, as it was, and adds
// what was chosen newly.
func rechosen(old []entitlement.SubjectSet, chosen []string) (out []entitlement.SubjectSet) {
	for _, s := range old {
		if t := entry(s); t == "" || slices.Contains(chosen, t) {
			out = append(out, s)
		}
	}
	known := entriesOf(old)
	for _, t := range chosen {
		if s, is := setOf(t); is && !slices.Contains(known, t) {
			out = append(out, s)
		}
	}
	return out
}

// approval puts who decides into a policy.
func (f policyForm) approval(v *visit, p *entitlement.AssignmentPolicy, old entitlement.AssignmentPolicy) (wrong faults) {
	n, err := strconv.Atoi(f.Stages)
	if err != nil || n < 0 || n > max(formStages, len(old.Approval.Stages)) {
		return faults{{"stages", v.T("Choose how many decide.")}}
	}

	p.Approval = entitlement.ApprovalSettings{RequiredForAdd: f.ForRequests && n > 0, RequiredForUpdate: f.ForExtensions && n > 0, RequestorJustification: f.Justify}
	if n > 0 && !f.ForRequests && !f.ForExtensions && (old.ID == "" || old.Approval.RequiredForAdd || old.Approval.RequiredForUpdate) {
		wrong = append(wrong, fault{"forRequests", v.T("Choose what has to be approved.")})
	}

	for i := n; i < formStages; i++ {
		was, number := stageOf(old, i), strconv.Itoa(i+1)
		if f.adds("approvers"+number, was.Primary) || f.adds("fallback"+number, was.Fallback) {
			wrong = append(wrong, fault{"stages", v.T("Step %s: you chose who decides, and there is no such step. Choose more steps, or take them off.", number)})
		}
	}

	for i := range n {
		was := stageOf(old, i)
		if i < formStages {
			stage, all := f.stage(v, i, was)
			was, wrong = stage, append(wrong, all...)
		}
		p.Approval.Stages = append(p.Approval.Stages, was)
	}
	return wrong
}

// stageOf is a stage of a policy; an empty one where it has none.
func stageOf(p entitlement.AssignmentPolicy, i int) entitlement.ApprovalStage {
	if i < len(p.Approval.Stages) {
		return p.Approval.Stages[i]
	}
	return entitlement.ApprovalStage{}
}

// stage puts one stage of the form over the stage that was there.
func (f policyForm) stage(v *visit, i int, old entitlement.ApprovalStage) (entitlement.ApprovalStage, faults) {
	var wrong faults
	s, said, number := old, f.Stage[i], strconv.Itoa(i+1)
	s.ApproverJustification = said.Why

	primary := slices.Clone(old.Primary)
	switch asked := slices.ContainsFunc(primary, asksManager); {
	case asked && !said.Manager:
		primary = slices.DeleteFunc(primary, asksManager)
	case !asked && said.Manager:
		primary = append([]entitlement.SubjectSet{{Kind: entitlement.RequestorManager}}, primary...)
	}
	s.Primary = rechosen(primary, f.Lists["approvers"+number])
	s.Fallback = rechosen(old.Fallback, f.Lists["fallback"+number])

	if len(s.Primary) == 0 {
		wrong = append(wrong, fault{"manager" + number, v.T("Step %s: choose who decides.", number)})
	}
	if said.Manager && len(s.Fallback) == 0 {
		wrong = append(wrong, fault{"seek-fallback" + number, v.T("Step %s: choose who decides about people without a manager.", number)})
	}

	if said.Days == daysOf(old.TimeLimit) {
		return s, wrong
	}
	days, ok := wholeDays(said.Days)
	if !ok && said.Days != "" {
		wrong = append(wrong, fault{"days" + number, v.T("Step %s: type how many days there are to decide, from 1 to 3660.", number)})
	}
	s.TimeLimit = days
	return s, wrong
}

// wholeDays reads a number of days.
func wholeDays(text string) (time.Duration, bool) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || time.Duration(n) > entitlement.MaxDuration/day24 {
		return 0, false
	}
	return time.Duration(n) * day24, true
}

// ending puts for how long people keep the package into a policy.
func (f policyForm) ending(v *visit, p *entitlement.AssignmentPolicy, old entitlement.AssignmentPolicy) faults {
	was := v.formOfPolicy(old)
	if old.ID != "" && f.Ends == was.Ends && (f.Ends == endsNever || f.Ends == endsDays && f.Days == was.Days || f.Ends == endsDate && f.Date == was.Date) {
		p.Expiration = old.Expiration
		return nil
	}

	switch f.Ends {
	case endsNever:
		p.Expiration = entitlement.Expiration{Type: entitlement.ExpireNever}
	case endsDays:
		days, ok := wholeDays(f.Days)
		if !ok {
			return faults{{"days", v.T("Type for how many days people keep it, from 1 to 3660.")}}
		}
		p.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: days}
	case endsDate:
		s, err := v.untilDate(f.Date)
		if err != nil || f.Date == "" || !s.Expiration.End.After(v.now) {
			return faults{{"date", v.T("Type the last day, such as 2030-12-31; it must lie ahead.")}}
		}
		p.Expiration = s.Expiration
	default:
		return faults{{"ends", v.T("Choose for how long people keep it.")}}
	}
	return nil
}
