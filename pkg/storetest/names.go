package storetest

import (
	"strings"

	"leasehold/pkg/entitlement"
)

func uniqueNames(w *fixture) {
	name, first, second := unique("Sales %# "), unique("a"), unique("b")
	taken := func(holder, name, in string) entitlement.Change {
		return entitlement.Change{Names: entitlement.Renamed(entitlement.OfPackage, in, holder, "", name)}
	}
	free := func(holder, name, in string) entitlement.Change {
		return entitlement.Change{Names: entitlement.Renamed(entitlement.OfPackage, in, holder, name, "")}
	}

	w.commit(taken(first, name, "x"))
	w.refuse(entitlement.PartName, taken(second, strings.ToUpper(name), "x"))
	w.refuse(entitlement.PartName, free(second, name, "x"))
	w.commit(taken(second, name, "y"))                                                                    // within another catalog
	w.commit(entitlement.Change{Names: entitlement.Renamed(entitlement.OfCatalog, "", second, "", name)}) // of another kind

	w.commit(free(first, name, "x"))
	w.commit(taken(second, name, "x"))
	w.commit(entitlement.Change{Names: entitlement.Renamed(entitlement.OfPackage, "x", second, name, name+" too")})
	w.commit(taken(first, name, "x"))
}
