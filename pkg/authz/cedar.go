package authz

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"sync"

	"github.com/cedar-policy/cedar-go"

	"leasehold/pkg/entitlement"
)

// What delegated roles let do is said by policies in Cedar, in the folder policies, which
// people read and tools analyse. They are asked for each object anew, over entities that are
// made of what is stored: the role assignments of the object's catalog and of the whole
// organisation, and the groups that the caller is a member of.

//go:embed policies/*.cedar
var policyFiles embed.FS

// policyList is all policies in the order of the files, each under the name that it gives
// itself.
type policyList []namedPolicy

type namedPolicy struct {
	name   cedar.PolicyID
	policy *cedar.Policy
}

// All goes through the policies.
func (l policyList) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range l {
			if !yield(p.name, p.policy) {
				return
			}
		}
	}
}

// policies reads the policies once. They are part of the program: a mistake in them is a
// mistake in it.
var policies = sync.OnceValue(func() policyList {
	list, err := readPolicies(policyFiles)
	if err != nil {
		panic(err)
	}
	return list
})

func readPolicies(from fs.FS) (policyList, error) {
	files, err := fs.Glob(from, "policies/*.cedar")
	if err != nil {
		return nil, err
	}

	var all policyList
	for _, file := range files {
		text, err := fs.ReadFile(from, file)
		if err != nil {
			return nil, err
		}
		list, err := cedar.NewPolicyListFromBytes(file, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, p := range list {
			name := string(p.Annotations()["id"])
			if name == "" {
				return nil, fmt.Errorf("%s, line %d: the policy has no @id", file, p.Position().Line)
			}
			all = append(all, namedPolicy{cedar.PolicyID(name), p})
		}
	}
	return all, nil
}

// Types of the entities that policies speak of.
const (
	typeUser    cedar.EntityType = "User"
	typeRole    cedar.EntityType = "Role" // those who hold a role in the whole organisation
	typeAction  cedar.EntityType = "Action"
	typeCatalog cedar.EntityType = "Catalog"
	typeTenant  cedar.EntityType = "Organisation" // the object of what is in no catalog

	// Those who hold a role in a catalog, a type for each role.
	typeOwners             cedar.EntityType = "Owners"
	typeReaders            cedar.EntityType = "Readers"
	typePackageManagers    cedar.EntityType = "PackageManagers"
	typeAssignmentManagers cedar.EntityType = "AssignmentManagers"
)

// tenant is the object of what is in no catalog.
var tenant = cedar.NewEntityUID(typeTenant, "everything")

// actionUIDs are the actions as policies name them.
var actionUIDs = func() (all [actionCount]cedar.EntityUID) {
	for a := range Rules {
		all[a] = cedar.NewEntityUID(typeAction, cedar.String(Rules[a].Name))
	}
	return all
}()

// holders are those who hold a role: in a catalog, or in the whole organisation.
func holders(a entitlement.RoleAssignment) cedar.EntityUID {
	of := cedar.String(a.Catalog)
	switch a.Role {
	case entitlement.CatalogOwner:
		return cedar.NewEntityUID(typeOwners, of)
	case entitlement.CatalogReader:
		return cedar.NewEntityUID(typeReaders, of)
	case entitlement.AccessPackageManager:
		return cedar.NewEntityUID(typePackageManagers, of)
	case entitlement.AssignmentManager:
		return cedar.NewEntityUID(typeAssignmentManagers, of)
	default:
		return cedar.NewEntityUID(typeRole, cedar.String(a.Role.String()))
	}
}

// permitted asks the policies whether a user may do an action on what is in a catalog, or in
// none, and names the policy by which it may. held are the role assignments that were read.
func permitted(u entitlement.User, a Action, catalog entitlement.CatalogID, held []entitlement.RoleAssignment) (policy string, allowed bool) {
	known, ask := entities(u, catalog, held)
	if known == nil {
		return "", false // the user holds nothing there, and there is no policy for everybody
	}

	ask.Action = actionUIDs[a]
	return evaluate(known, ask)
}

// evaluate asks the policies, and names the first one that allows.
func evaluate(known cedar.EntityMap, ask cedar.Request) (policy string, allowed bool) {
	decision, why := cedar.Authorize(policies(), known, ask)
	if decision != cedar.Allow {
		return "", false
	}
	return string(why.Reasons[0].PolicyID), true
}

// entities are the caller as one of those who hold what it holds, by itself or through a
// group, and the object; nil where the caller holds nothing. A role assignment of another catalog than the object's
// says nothing of this one, whoever handed it in.
func entities(u entitlement.User, catalog entitlement.CatalogID, held []entitlement.RoleAssignment) (cedar.EntityMap, cedar.Request) {
	var holds []cedar.EntityUID
	for _, r := range held {
		if r.HeldBy(u) && (r.Catalog == "" || r.Catalog == catalog) {
			holds = append(holds, holders(r))
		}
	}
	if holds == nil {
		return nil, cedar.Request{}
	}

	who := cedar.NewEntityUID(typeUser, cedar.String(u.ID))
	all := cedar.EntityMap{who: {UID: who, Parents: cedar.NewEntityUIDSet(holds...)}}
	object := tenant
	if catalog != "" {
		object = cedar.NewEntityUID(typeCatalog, cedar.String(catalog))
		all[object] = cedar.Entity{UID: object, Attributes: cedar.NewRecord(cedar.RecordMap{
			"owners":             cedar.NewEntityUID(typeOwners, cedar.String(catalog)),
			"readers":            cedar.NewEntityUID(typeReaders, cedar.String(catalog)),
			"packageManagers":    cedar.NewEntityUID(typePackageManagers, cedar.String(catalog)),
			"assignmentManagers": cedar.NewEntityUID(typeAssignmentManagers, cedar.String(catalog)),
		})}
	}
	return all, cedar.Request{Principal: who, Resource: object}
}
