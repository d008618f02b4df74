package graph

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
)

// meet makes every transaction of ten callers wait until all ten have read what they decide
// on: so nine of them are decided on what is no longer so.
func (w *fixture) meet(n int, call func(i int) reply) []reply {
	var mu sync.Mutex
	waiting, open := 0, make(chan bool)
	w.fault = func(op faults.Op) dynamotest.Fault {
		if op == faults.TransactWriteItems {
			mu.Lock()
			if waiting++; waiting == n {
				close(open)
			}
			mu.Unlock()
			<-open
		}
		return dynamotest.None
	}
	all := make([]reply, n)
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() { all[i] = call(i) })
	}
	done.Wait()
	w.fault = nil
	return all
}

// So Terraform sends them: ten at once, under one catalog or package.
func TestOfTenChangesAtOnceNoneIsRefused(t *testing.T) {
	for what, c := range map[string]struct {
		method string
		path   func(w *fixture) string
		body   func(w *fixture, i int) object
		status int
	}{
		"packages of one catalog": {"POST", plain(packagePath), func(w *fixture, i int) object {
			return object{"displayName": fmt.Sprint("Package ", i), "catalog": object{"id": w.ids["catalog"]}}
		}, 201},
		"policies of one package": {"POST", plain(em + "/assignmentPolicies"), func(w *fixture, i int) object {
			p := open()
			p["displayName"], p["accessPackage"] = fmt.Sprint("Policy ", i), object{"id": w.ids["package"]}
			return p
		}, 201},
		"edits of one catalog": {"PATCH", func(w *fixture) string { return em + "/catalogs/" + w.ids["catalog"] }, func(_ *fixture, i int) object {
			return object{"description": fmt.Sprint("As of edit ", i)}
		}, 204},
		"edits of one package": {"PATCH", func(w *fixture) string { return packagePath + "/" + w.ids["package"] }, func(_ *fixture, i int) object {
			return object{"description": fmt.Sprint("As of edit ", i)}
		}, 204},
	} {
		t.Run(strings.ReplaceAll(what, " ", "_"), func(t *testing.T) {
			w := newFixture(t)
			w.offer(open())
			refused := 0
			for _, got := range w.meet(10, func(i int) reply { return w.call("admin", c.method, c.path(w), c.body(w, i)) }) {
				if got.status != c.status {
					refused++
					t.Log(got.text)
				}
			}
			if refused > 0 {
				t.Errorf("%d of 10 were refused", refused)
			}
		})
	}
}
