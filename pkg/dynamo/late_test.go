package dynamo_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What is asked of an index, which may be late, by the function that asks it, and what comes of
// an answer that is: an index may say where to look, and what it leads to is read itself. What
// it does not show is not there to decide that something is allowed, is gone, or may go.
var askedOfIndexes = map[string]string{
	// A list that people see; each item is read, and one that is new comes a moment later.
	"ListCatalogs":         "shows",
	"ListPackages":         "shows; says which packages give what is compared with a target: what differs is looked at again two minutes later, by a list of its own, and who was given something before is on that",
	"ListDriftScans":       "shows",
	"DriftFindingsOf":      "shows",
	"packagesOf":           "shows; that a catalog has packages is counted in the catalog",
	"ListPolicies":         "shows",
	"ListOrganizations":    "shows",
	"ListRoleAssignments":  "shows; the roles that decide are read from the partitions of their catalogs",
	"spread":               "shows all users and groups",
	"UsersMailed":          "shows; what must be one person's alone has a sentinel",
	"UsersEmployed":        "shows; as UsersMailed",
	"ReportsOf":            "shows; whose manager somebody is, the person says who is read",
	"OpenRequestsOf":       "shows what several people have open; each request is read",
	"BehalfPolicies":       "shows what managers may ask for; the request reads package and policy strongly, under their guards",
	"CountFailingAnywhere": "counts, for people to look at; whose it is is read",
	"FailingAnywhere":      "shows what fails; what is held and how it stands is read",
	"Notices":              "shows",
	"EventsBy":             "shows",
	"EventsDuring":         "shows",
	"EventsOf":             "shows",
	"EventsFor":            "shows",
	"packageQuery":         "shows requests and ended assignments of a package",
	"candidateLists":       "shows what somebody may ask for: the request reads package and policy strongly, under their guards",
	"inboxOwn":             "shows, and finds for an absence, which is looked at twice: who decides is read at the decision",
	"inboxEntries":         "as inboxOwn",
	"foreseenQueries":      "shows nothing: the functions above ask for it again, and are answered as they would have been",
	"GuestsAt":             "shows; to which organization somebody belongs is read of whoever is shown",
	"SponsoredBy":          "shows; whom an organization has as sponsors, it says itself, read strongly",

	// Work that is looked for again.
	"DriftScansDue": "finds what the next run would find; each is read",
	"Late":          "counts for the metrics what has been owed for ten minutes and more",
	"failingQuery":  "finds whom to enqueue; each is due by itself all the same",
	"OpenRequests":  "finds what to withdraw or to hand on. Who is disabled is given nothing by a condition on the record, who decides is read at the decision, and a request that was missed ends by its deadline",

	// What decides something, and why it may.
	"rolesQueries":          "refuses lists of everything, and leaves out what may not be seen. The roles are read strongly, so that it shows nothing by one that was taken back; by one that was just given it shows a moment later",
	"CountOpen":             "bounds the open requests of a person, by a few more for those of the same moment (S21)",
	"ListConnectors":        "bounds the connectors, likewise; shows",
	"Due":                   "finds what the next sweep would find; that no edit is on its way to a connector's holders is believed a minute after its last resource went",
	"PendingReconciliation": "finds, and holds off the deletion of a connector, likewise",
	"subjectQuery":          "shows requests and ended assignments of a person; what they answer is erased a minute after the person was deleted",
}

// Whoever asks something of an index says in the table what comes of an answer that is late.
func TestS17_WhatIsAskedOfAnIndexIsSaidToBear(t *testing.T) {
	asks := indexAskers(t)
	for name := range asks {
		if askedOfIndexes[name] == "" {
			t.Errorf("%s asks an index, which may be late, and nobody says what comes of that", name)
		}
	}
	for name := range askedOfIndexes {
		if !asks[name] {
			t.Errorf("%s asks no index", name)
		}
	}
}

// indexAskers are the functions of the package that name one of the indexes as where to ask.
func indexAskers(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}

	index := regexp.MustCompile(`^index[1-5]$`)
	asks := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is {
				continue
			}
			compared := map[ast.Expr]bool{} // where a query asks is looked at, and nothing asked
			ast.Inspect(f, func(n ast.Node) bool {
				if x, is := n.(*ast.BinaryExpr); is {
					compared[x.X], compared[x.Y] = true, true
				}
				if x, is := n.(*ast.Ident); is && index.MatchString(x.Name) && !compared[x] {
					asks[f.Name.Name] = true
				}
				return true
			})
		}
	}
	return asks
}
