package graph

import (
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// The trees that options inside of an $expand are checked against. They are made when they
// are asked for: a navigation property may lead back to what it hangs on.

func samplePackage() object { return mapPackage(&views.Package{}) }

func sampleCatalog() object { return mapCatalog(&views.Catalog{}) }

func sampleResource() object { return mapResource(&views.Resource{}) }

func samplePolicy() object { return mapPolicy(&views.Policy{}) }

func sampleScope() object { return mapScope(entitlement.ResourceScope{}, "") }

func sampleSubject() object { return mapSubject(&entitlement.User{}) }

func sampleAssignment() object { return mapAssignment(&views.Assignment{}, time.Time{}) }

func sampleRoleScope() object {
	return mapRoleScope(views.OfRoleScopes([]entitlement.ResourceRoleScope{{}}, "")[0])
}
