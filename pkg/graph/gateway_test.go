package graph

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

// gateway returns the function that the gateway sends a call to.
func gateway(method, path string) (function string, ok bool) {
	route, ok := names.FindRoute(method, path)
	return route.Function, ok
}

// sampleID stands for every id in a path.
const sampleID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"

// samplePath fills a pattern's variables with something that fits.
func samplePath(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		switch {
		case segment == "{roleScope:text}":
			segments[i] = sampleID + "_" + sampleID
		case strings.HasPrefix(segment, "{"):
			segments[i] = sampleID
		case strings.Contains(segment, "{displayName:text}"):
			segments[i] = strings.ReplaceAll(segment, "{displayName:text}", "Sales")
		case strings.Contains(segment, "{on:text}"):
			segments[i] = strings.ReplaceAll(segment, "{on:text}", firstWord(pattern))
		case strings.Contains(segment, "{"):
			name, _, _ := strings.Cut(segment, "(")
			_, arguments, _ := function(segment)
			var pairs []string
			for key := range arguments {
				pairs = append(pairs, key+"='"+sampleID+"'")
			}
			segments[i] = name + "(" + strings.Join(pairs, ",") + ")"
		}
	}
	return strings.Join(segments, "/")
}

func firstWord(pattern string) string {
	switch {
	case strings.HasPrefix(pattern, packagePath+"/"):
		return "allowedRequestor"
	case pattern == suggestionsPath:
		return "relatedPeopleAssignments,assignmentHistory"
	case strings.HasPrefix(pattern, approvalPath):
		return "approver"
	default:
		return "target"
	}
}

// byTheOther are operations whose paths the gateway takes for the other function's, which hands
// them on: a route of their own would be one with a $ in it, or would take one for each part of the path.
var byTheOther = []string{packagePath + "/filterByCurrentUser(on='{on:text}')/$count", adoptPath}

// Every operation is in the table of the function that the gateway sends it to, and
// in no other.
func TestTablesAgreeWithTheGateway(t *testing.T) {
	for function, table := range map[string][]operation{names.Catalogs: catalogsTable(), names.Requests: requestsTable()} {
		seen := map[string]bool{}
		for _, op := range table {
			key := op.method + " " + op.path
			if seen[key] {
				t.Errorf("%s stands twice in the table of %s", key, function)
			}
			seen[key] = true
			for _, path := range []string{samplePath(op.path), strings.NewReplacer("(", "%28", ")", "%29", "'", "%27").Replace(samplePath(op.path))} {
				got, ok := gateway(op.method, path)
				if !ok || (got == function) == (op.elsewhere || slices.Contains(byTheOther, op.path)) {
					t.Errorf("%s %s is in the table of %s, and goes to %q", op.method, path, function, got)
				}
				found, _, err := newRoutes(table).find(op.method, path)
				if op.elsewhere != (err != nil) || err == nil && found.path != op.path {
					t.Errorf("%s %s leads to %v, %v", op.method, path, found, err)
				}
			}
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	w := newFixture(t)
	for _, path := range []string{"/v1.0/nothing", em + "/nothing", em + "/catalogs/" + sampleID + "/nothing", requestPath + "/" + sampleID + "/nothing", "/v1.0/users//"} {
		if got := w.call("member", "GET", path, nil).want(404); got.get("error.code") != "itemNotFound" {
			t.Errorf("%s: %s", path, got.text)
		}
		w.call("", "GET", path, nil).want(401)
	}
	got := w.call("member", "PUT", packagePath+"/"+sampleID, object{}).want(http.StatusMethodNotAllowed)
	if got.header.Get("Allow") != "DELETE, GET, PATCH" || got.get("error.code") != "notAllowed" {
		t.Errorf("Allow %q: %s", got.header.Get("Allow"), got.text)
	}
	if got := w.call("admin", "POST", em+"/catalogs/"+sampleID+"/resources/"+sampleID+"/uploadSessions/"+sampleID+"/uploadFile", nil).want(http.StatusNotImplemented); got.get("error.code") != "notSupported" {
		t.Errorf("not served: %s", got.text)
	}
	w.call("admin", "GET", em+"/catalogs/", nil).want(200) // as documented examples write it
	w.call("member", "GET", packagePath+"/microsoft.graph.filterByCurrentUser(on='allowedRequestor')", nil).want(200)
}

func TestIDsThatAreNotUUIDs(t *testing.T) {
	w := newFixture(t)
	for _, table := range [][]operation{catalogsTable(), requestsTable()} {
		for _, op := range table {
			if op.serve == nil || !slices.ContainsFunc(strings.Split(op.path, "/"), func(s string) bool { return strings.HasPrefix(s, "{") && !strings.Contains(s, ":text") }) {
				continue
			}
			for _, bad := range []string{"1", "not-a-uuid", sampleID + "0", strings.Repeat("a", 5000), "..%2f..", sampleID + "%23x", "%00"} {
				path := strings.Replace(samplePath(op.path), sampleID, bad, 1)
				got := w.call("admin", op.method, path, nil).want(400)
				if got.get("error.code") != "invalidRequest" || !strings.Contains(got.get("error.message"), "In the path, ") {
					t.Errorf("%s %.80s: %s", op.method, path, got.text)
				}
			}
		}
	}
}
