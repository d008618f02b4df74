package graph

import (
	"net/http"
	"strings"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/names"
)

// Every path of the tables, in capitals and in the other way to write a key, leads to the
// same operation with the same values.
func TestAPathIsFoundInAnyLetterCaseAndWithKeysInBrackets(t *testing.T) {
	for _, table := range [][]operation{catalogsTable(), requestsTable()} {
		routes := newRoutes(table)
		for i := range table {
			op := &table[i]
			if op.elsewhere {
				continue
			}
			plain := samplePath(op.path)
			_, want, err := routes.find(op.method, plain)
			if err != nil {
				t.Fatalf("%s: %v", op.name(), err)
			}
			upper := strings.ReplaceAll(strings.ToUpper(plain), strings.ToUpper(sampleID), sampleID)
			paths := []string{upper}
			if !strings.Contains(op.path, ":text}") && !strings.Contains(op.path, "}/{") { // such a value may hold anything, or stand behind another
				paths = append(paths, strings.ReplaceAll(plain, "/"+sampleID, "('"+sampleID+"')"), strings.ReplaceAll(plain, "/"+sampleID, "(%27"+sampleID+"%27)"))
			}
			for _, path := range paths {
				found, values, err := routes.find(op.method, path)
				if err != nil || found != op {
					t.Errorf("%s as %s leads to %v, %v", op.name(), path, found, err)
					continue
				}
				for name, value := range want {
					if !strings.EqualFold(values[name], value) {
						t.Errorf("%s as %s: %s is %q, want %q", op.name(), path, name, values[name], value)
					}
				}
			}
		}
	}
}

// Each function hands on what is the other's, and never back; under its own rights.
func TestAnOperationOfTheOtherFunctionIsHandedOn(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for _, function := range []string{names.Catalogs, names.Requests} {
		other := map[string]string{names.Catalogs: names.Requests, names.Requests: names.Catalogs}[function]
		served := w.api[other]
		w.api[function].(*api).deps.Peer = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			served.ServeHTTP(rw, r.WithContext(dynamotest.As(r.Context(), other)))
		})
	}
	w.call("member", "POST", strings.ToLower(requestPath), object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}).want(201)
	w.call("admin", "GET", em+"/accesspackages('"+w.ids["package"]+"')", nil).want(200)
	w.call("admin", "GET", em+"/CATALOGS('"+w.ids["catalog"]+"')/RESOURCES", nil).want(200)
	w.call("member", "GET", em+"/nothing", nil).want(404)
	w.call("", "POST", strings.ToLower(requestPath), object{}).want(401)
}
