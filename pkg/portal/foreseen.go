package portal

import (
	"context"

	"leasehold/pkg/entitlement"
)

// What a page reads in its first round is read beside the session: what its address names, and
// what lies with whoever the browser says it is. Nothing of it is shown or decided on but by use
// cases, which ask for it with the visitor's right and find it read (pkg/dynamo/once.go).

// foreseen says of pages by their patterns what is read first.
var foreseen = map[string]func(v *visit, who entitlement.UserID) entitlement.Foreseen{
	"": func(_ *visit, who entitlement.UserID) entitlement.Foreseen {
		of := []entitlement.UserID{who}
		return entitlement.Foreseen{Records: of, RequestsOf: of, Inbox: of, Roles: of, Approvers: true, Limit: onPage}
	},
	"/packages": func(*visit, entitlement.UserID) entitlement.Foreseen { return entitlement.Foreseen{Targets: true} },
	"/packages/{id}": func(v *visit, who entitlement.UserID) entitlement.Foreseen {
		f := foreseenPackage(v, who)
		if again, err := entitlement.ParseID[entitlement.RequestID]("The earlier request", v.request.URL.Query().Get("again")); err == nil {
			f.Requests = append(f.Requests, again)
		}
		return f
	},
	"/access": func(_ *visit, who entitlement.UserID) entitlement.Foreseen {
		return entitlement.Foreseen{Records: []entitlement.UserID{who}, RequestsOf: []entitlement.UserID{who}, Limit: onPage}
	},
	"/requests/{id}": func(v *visit, _ entitlement.UserID) entitlement.Foreseen {
		return entitlement.Foreseen{Requests: named[entitlement.RequestID](v, "id"), Ended: named[entitlement.AssignmentID](v, "id")}
	},
	"/approvals": func(_ *visit, who entitlement.UserID) entitlement.Foreseen {
		return entitlement.Foreseen{Inbox: []entitlement.UserID{who}, Approvers: true, Limit: onPage}
	},
	"/approvals/{id}": func(v *visit, _ entitlement.UserID) entitlement.Foreseen {
		return entitlement.Foreseen{Requests: named[entitlement.RequestID](v, "id")}
	},
	"/manage/packages/{id}/requests/{request}": func(v *visit, who entitlement.UserID) entitlement.Foreseen {
		f := foreseenPackage(v, who)
		f.Requests, f.Ended, f.Roles = named[entitlement.RequestID](v, "request"), named[entitlement.AssignmentID](v, "request"), []entitlement.UserID{who}
		return f
	},
}

// foreseenPackage is a package of the address, as it faces somebody.
func foreseenPackage(v *visit, who entitlement.UserID) entitlement.Foreseen {
	f := entitlement.Foreseen{Packages: named[entitlement.PackageID](v, "id"), Records: []entitlement.UserID{who}}
	f.Scopes = f.Packages
	for _, id := range f.Packages {
		f.Slots = append(f.Slots, entitlement.PackageSubject{Package: id, Subject: who})
	}
	return f
}

// named is the id that the address has in a place; none where that is no id.
func named[T ~string](v *visit, place string) []T {
	id, err := partID[T](v, place)
	if err != nil {
		return nil
	}
	return []T{id}
}

// foresee reads what the page of a pattern reads first, for whoever the browser says it is.
func (v *visit) foresee(ctx context.Context, pattern string, who entitlement.UserID) {
	if of, known := foreseen[pattern]; known {
		v.Views.Foresee(ctx, of(v, who))
	}
}

// foreseenNames is what a request is called by in a list.
func foreseenNames(r entitlement.AssignmentRequest) entitlement.Foreseen {
	return entitlement.Foreseen{Users: []entitlement.UserID{r.Requestor, r.Subject}, Packages: []entitlement.PackageID{r.Package}}
}
