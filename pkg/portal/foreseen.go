package portal

import (
	"context"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
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
		return
	}
	v.Views.Foresee(ctx, addressed(v, pattern))
}

// addressed is what the address of any other page names: a part of its pattern is called after
// what it names, or stands behind the word for it.
func addressed(v *visit, pattern string) (f entitlement.Foreseen) {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		switch part {
		case "{catalog}":
			f.Catalogs = named[entitlement.CatalogID](v, "catalog")
		case "{resource}":
			f.Resource = first(named[entitlement.ResourceID](v, "resource"))
		case "{role}":
			if f.Resource != "" && !v.request.URL.Query().Has("page") {
				f.InCatalog = requests.PackagesRead
			}
		case "{change}":
			f.Change = first(named[entitlement.ChangeID](v, "change"))
		case "{policy}":
			f.Policies = named[entitlement.PolicyID](v, "policy")
		case "{assignment}":
			f.Ended, f.Requests = named[entitlement.AssignmentID](v, "assignment"), named[entitlement.RequestID](v, "assignment")
		case "{request}":
			f.Requests = named[entitlement.RequestID](v, "request")
		case "{id}":
			f = f.And(addressedBy(v, parts, i))
		}
	}
	return f
}

// addressedBy is what an id names that is called after nothing: what the word before it says.
func addressedBy(v *visit, parts []string, i int) (f entitlement.Foreseen) {
	switch parts[i-1] {
	case "packages":
		f.Packages = named[entitlement.PackageID](v, "id")
		if i+1 < len(parts) && parts[i+1] == "roles" {
			f.Scopes = f.Packages
		}
	case "people":
		f.Users = named[entitlement.UserID](v, "id")
		if i == 2 { // the person's own page, with what they have
			f.Records = f.Users
		}
	case "groups":
		f.Groups = named[entitlement.GroupID](v, "id")
	case "connectors":
		f.Connectors = named[entitlement.ConnectorID](v, "id")
	}
	return f
}

// first is the only one of a list, or none.
func first[T ~string](of []T) T {
	if len(of) == 0 {
		return ""
	}
	return of[0]
}

// foreseenNames is what a request is called by in a list.
func foreseenNames(r entitlement.AssignmentRequest) entitlement.Foreseen {
	return entitlement.Foreseen{Users: []entitlement.UserID{r.Requestor, r.Subject}, Packages: []entitlement.PackageID{r.Package}}
}
