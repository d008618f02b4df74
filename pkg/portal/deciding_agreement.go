package portal

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

// agreement is what an approval agrees to: these roles, from when until when, beside what is
// incompatible, in this stage. A form carries it, so that of what has changed meanwhile both can
// be shown; its digest is what decides.
type agreement struct {
	Stage        string
	Roles        map[string]string // what they are called, by the ids of the role scopes
	Start        time.Time
	Expiration   entitlement.Expiration
	Incompatible map[string]string // what it is called, by id
}

// agreedTo is what an approval of a request agrees to.
func agreedTo(r *views.Request, conflicts []requests.NamedAccess) agreement {
	a := agreement{Roles: map[string]string{}, Start: r.Start.UTC(), Expiration: r.Expiration, Incompatible: map[string]string{}}
	if r.Package != nil {
		for _, s := range r.Package.RoleScopes {
			a.Roles[s.ID] = resourceName(s) + " (" + s.ResourceRoleScope.Role.DisplayName + ")"
		}
	}
	for _, c := range conflicts {
		a.Incompatible[cmp.Or(string(c.Package), string(c.Group))] = c.Name
	}
	a.Expiration.End = a.Expiration.End.UTC()
	if current := r.Current(); current != nil {
		a.Stage = current.ID
	}
	return a
}

// Digest stands for what it agrees to, whatever that is called.
func (a agreement) Digest() string {
	return seen(a.Stage, slices.Sorted(maps.Keys(a.Roles)), a.Start, a.Expiration, slices.Sorted(maps.Keys(a.Incompatible)))
}

// Conflicts are what is incompatible, by name.
func (a agreement) Conflicts() []string { return slices.Sorted(maps.Values(a.Incompatible)) }

// maxAgreement bounds what a form carries of one agreement; what is larger is told as changed
// without saying how.
const maxAgreement = 2 << 10

// Sealed is the agreement as a form carries it, to be shown again to whom it came from. Nothing is decided
// by it.
func (a agreement) Sealed() string {
	text, _ := json.Marshal(a) // plain values: cannot fail
	if len(text) > maxAgreement {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readAgreement reads what a form carries, where it is what the digest stands for; nil else.
func readAgreement(sealed, digest string) *agreement {
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	var a agreement
	if err != nil || len(text) > maxAgreement || json.Unmarshal(text, &a) != nil || a.Digest() != digest {
		return nil
	}
	return &a
}

// difference is one thing that was shown, beside what it is now.
type difference struct{ What, Then, Now string }

// changed says what of an agreement is another one now; nothing where it is not known what was
// shown.
func (v *visit) changed(then *agreement, now agreement) (all []difference) {
	if then == nil {
		return nil
	}
	all = append(all, v.changedNames(v.T("Role"), then.Roles, now.Roles)...)
	if was, is := v.granted(*then), v.granted(now); then.Start != now.Start || then.Expiration != now.Expiration {
		all = append(all, difference{v.T("How long"), was, is})
	}
	all = append(all, v.changedNames(v.T("Incompatible"), then.Incompatible, now.Incompatible)...)
	if then.Stage != now.Stage {
		all = append(all, difference{v.T("Step of the approval"), v.T("the one that you saw"), v.T("a later one")})
	}
	return all
}

func (v *visit) granted(a agreement) string {
	return v.Granted(entitlement.AssignmentRequest{Start: a.Start, Expiration: a.Expiration})
}

// changedNames says what came and what went, in the order of the ids.
func (v *visit) changedNames(what string, then, now map[string]string) (all []difference) {
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if _, was := then[id]; !was {
			all = append(all, difference{what, v.T("not there"), now[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(then)) {
		if _, is := now[id]; !is {
			all = append(all, difference{what, then[id], v.T("not there any more")})
		}
	}
	return all
}
