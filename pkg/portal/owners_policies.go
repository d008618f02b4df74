package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// policyView is a policy in sentences.
type policyView struct {
	entitlement.AssignmentPolicy
	Sentences []string
}

// Closed reports a policy that is for somebody, and lets nobody ask.
func (p policyView) Closed() bool { return p.Scope != entitlement.ScopeNobody && !p.Requestor.SelfAdd }

// policyPage is the form of a policy.
type policyPage struct {
	Catalog entitlement.Catalog
	Package entitlement.AccessPackage
	Policy  entitlement.AssignmentPolicy // that is edited; none where one is created
	Form    policyForm
	Kept    []string                         // what the form does not show, and keeps
	Names   map[string]directory.Candidate   // of those chosen, by id
	Found   map[string][]directory.Candidate // by list
	More    map[string]bool
	Faults  faults
}

// Path is where the form goes.
func (p policyPage) Path() string {
	if p.Policy.ID == "" {
		return packagePath(p.Package) + "/policies/new"
	}
	return policyPath(p.Policy)
}

func policyPath(p entitlement.AssignmentPolicy) string {
	return catalogPath(p.Catalog) + "/packages/" + string(p.Package) + "/policies/" + string(p.ID)
}

// freshPolicy is what the form of a new policy begins with: all members, and their manager decides.
var freshPolicy = entitlement.AssignmentPolicy{Scope: entitlement.ScopeAllMembers, Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 90 * day24},
	Requestor: entitlement.RequestorSettings{SelfAdd: true, SelfUpdate: true, SelfRemove: true},
	Approval: entitlement.ApprovalSettings{RequiredForAdd: true, RequestorJustification: true,
		Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.RequestorManager}}}}}}

func newPolicy(ctx context.Context, v *visit) (answer, error) {
	c, p, err := v.editingPackage(ctx, authz.CreatePolicy)
	if err != nil {
		return answer{}, err
	}
	shown := policyPage{Catalog: c, Package: p, Form: v.formOfPolicy(freshPolicy)}
	return v.policyAnswer(ctx, shown, http.StatusOK)
}

// policyAnswer is the form of a policy with the names of those who are chosen in it.
func (v *visit) policyAnswer(ctx context.Context, shown policyPage, status int) (answer, error) {
	users, groups := shown.Form.chosen()
	all, err := v.Directory.Candidates(ctx, v.by.Caller, shown.purpose(), users, groups)
	if err != nil {
		return answer{}, err
	}
	shown.Names = map[string]directory.Candidate{}
	for _, c := range all {
		shown.Names[c.ID()] = c
	}
	return answer{status: status, page: policyFormView(v, shown)}, nil
}

// purpose is what people are looked for by the form.
func (p policyPage) purpose() directory.Purpose {
	in := authz.Object{Catalog: p.Catalog.ID, Package: p.Package.ID}
	if p.Policy.ID == "" {
		return directory.Purpose{Action: authz.CreatePolicy, In: in}
	}
	return directory.Purpose{Action: authz.UpdatePolicy, In: in}
}

// looksFor finds people for the list of the form whose button was pressed; false: the form was
// sent to be saved. Whoever typed a name and looked nobody up has not meant to save: Enter in a
// field of the search comes here too.
func (v *visit) looksFor(ctx context.Context, shown *policyPage) (bool, error) {
	list, is := strings.CutPrefix(v.typed("do"), "find-")
	if !is {
		list = shown.Form.unsought(v)
	}
	if !slices.Contains(policyLists, list) {
		return false, nil
	}
	if !is {
		shown.Faults = faults{{"seek-" + list, v.T("Nothing is saved yet: choose whom you searched for, or empty the field.")}}
	}

	found, more, err := v.find(ctx, shown.purpose(), shown.Form.Sought[list])
	if err != nil && entitlement.KindOf(err) == entitlement.Invalid {
		shown.Faults = faults{{"seek-" + list, v.T("Type at least two characters of the name.")}}
		return true, nil
	}
	shown.Found, shown.More = map[string][]directory.Candidate{list: found}, map[string]bool{list: more}
	return true, err
}

// unsought is the first list for which a name was typed that nobody was looked up by.
func (f policyForm) unsought(v *visit) string {
	for _, list := range policyLists {
		if f.Sought[list] != "" && f.Sought[list] != v.typed("sought-"+list) {
			return list
		}
	}
	return ""
}

func createPolicy(ctx context.Context, v *visit) (answer, error) {
	c, p, err := v.editingPackage(ctx, authz.CreatePolicy)
	if err != nil {
		return answer{}, err
	}
	shown := policyPage{Catalog: c, Package: p, Form: v.readPolicyForm()}
	if looks, err := v.looksFor(ctx, &shown); looks || err != nil {
		return v.policyAnswerOr(ctx, shown, err)
	}

	terms, wrong := shown.Form.terms(v, entitlement.AssignmentPolicy{})
	if wrong != nil {
		shown.Faults = wrong
		return v.policyAnswer(ctx, shown, http.StatusBadRequest)
	}
	terms.Package = p.ID
	_, err = v.Catalogs.CreatePolicy(ctx, v.by, terms)
	if err == nil {
		return then(packagePath(p) + "#policies")
	}
	status := 0
	if shown.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return v.policyAnswer(ctx, shown, status)
}

// policyAnswerOr is the form again, or what failed.
func (v *visit) policyAnswerOr(ctx context.Context, shown policyPage, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if shown.Faults != nil {
		status = http.StatusBadRequest
	}
	return v.policyAnswer(ctx, shown, status)
}

// ownPolicy is the policy in the page's path, which must be of the package there, for one who
// may do the action.
func (v *visit) ownPolicy(ctx context.Context, a authz.Action) (policyPage, error) {
	c, p, err := v.editingPackage(ctx, a)
	if err != nil {
		return policyPage{}, err
	}
	id, err := pathPart[entitlement.PolicyID](v, "policy")
	if err != nil {
		return policyPage{}, err
	}
	policy, err := v.Catalogs.Policy(ctx, v.by.Caller, id)
	return policyPage{Catalog: c, Package: p, Policy: policy}, within(err, policy.Package == p.ID)
}

// editingPolicy is ownPolicy with what the form does not show of it.
func (v *visit) editingPolicy(ctx context.Context) (policyPage, error) {
	shown, err := v.ownPolicy(ctx, authz.UpdatePolicy)
	if err != nil {
		return shown, err
	}
	one := views.OfPolicies([]entitlement.AssignmentPolicy{shown.Policy})
	if err := v.Views.Policies(ctx, v.by.Caller, one, views.With{views.JoinNamed: nil}); err != nil {
		return shown, err
	}
	shown.Kept = v.kept(one[0])
	return shown, nil
}

func editPolicy(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.editingPolicy(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Form = v.formOfPolicy(shown.Policy)
	return v.policyAnswer(ctx, shown, http.StatusOK)
}

func updatePolicy(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.editingPolicy(ctx)
	if err != nil {
		return answer{}, err
	}
	shown.Form = v.readPolicyForm()
	if looks, err := v.looksFor(ctx, &shown); looks || err != nil {
		return v.policyAnswerOr(ctx, shown, err)
	}

	terms, wrong := shown.Form.terms(v, shown.Policy)
	if wrong != nil {
		shown.Faults = wrong
		return v.policyAnswer(ctx, shown, http.StatusBadRequest)
	}
	if err = v.replace(ctx, terms, shown.Form.Version); err == nil {
		return then(packagePath(shown.Package) + "#policies")
	}
	status := 0
	if shown.Faults, status, err = v.refused(err); err != nil {
		return answer{}, err
	}
	return v.policyAnswer(ctx, shown, status)
}

// replace puts terms in the place of a policy that is as it was when its form was opened.
func (v *visit) replace(ctx context.Context, terms entitlement.AssignmentPolicy, opened string) error {
	by := v.by
	by.If = &authz.Condition{Refuse: func(kept any) error {
		if p, is := kept.(entitlement.AssignmentPolicy); is && versionOf(p) == opened {
			return nil
		}
		return entitlement.Errorf(entitlement.Conflict, "%s", v.T("Somebody changed the policy since you opened this page. Nothing was saved: open it again, and see what it is like now."))
	}}
	_, err := v.Catalogs.ReplacePolicy(ctx, by, terms)
	return err
}

// turnPolicy lets people ask through a policy, or no more.
func turnPolicy(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.ownPolicy(ctx, authz.UpdatePolicy)
	if err != nil {
		return answer{}, err
	}
	terms := shown.Policy
	terms.Requestor.SelfAdd = v.typed("turn") == "on"
	if err := v.replace(ctx, terms, v.typed("version")); err != nil {
		return v.besidePackage(ctx, err)
	}
	return then(packagePath(shown.Package) + "#policies")
}

func deletePolicy(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.ownPolicy(ctx, authz.DeletePolicy)
	if err != nil {
		return answer{}, err
	}
	if err = v.confirmed(); err == nil {
		err = v.Catalogs.DeletePolicy(ctx, v.by, shown.Policy.ID)
	}
	if err != nil {
		return v.besidePackage(ctx, err)
	}
	return then(packagePath(shown.Package) + "#policies")
}
