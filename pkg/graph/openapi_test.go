package graph

import (
	"slices"
	"strings"
	"testing"
)

func TestTheDescriptionHasEveryOperationOfTheTables(t *testing.T) {
	w := newFixture(t)
	got := w.call("member", "GET", ours+"/openapi.json", nil).want(200)
	w.call("", "GET", ours+"/openapi.json", nil).want(401)
	paths := got.body["paths"].(object)
	described, ids := 0, map[string]bool{}
	for _, item := range paths {
		for _, op := range item.(object) {
			described++
			id := op.(object)["operationId"].(string)
			if ids[id] {
				t.Errorf("two operations are called %s", id)
			}
			ids[id] = true
		}
	}
	operations := 0
	for _, op := range slices.Concat(catalogsTable(), requestsTable()) {
		if op.elsewhere {
			continue
		}
		operations++
		path, parameters := strings.ReplaceAll(op.path, ":text}", "}"), strings.Count(op.path, "{")
		item, _ := paths[path].(object)
		d, there := item[strings.ToLower(op.method)].(object)
		if !there {
			t.Errorf("%s is not described", op.name())
			continue
		}
		actions, _ := d["x-leasehold-actions"].([]any)
		if len(actions) != 1+len(op.also) || actions[0] != op.action.String() || len(d["responses"].(object)) == 0 {
			t.Errorf("%s: %v", op.name(), d)
		}
		inPath := 0
		for _, p := range d["parameters"].([]any) {
			if p.(object)["in"] == "path" {
				inPath++
			}
		}
		if inPath != parameters {
			t.Errorf("%s has %d parameters in its path, described are %d", op.name(), parameters, inPath)
		}
	}
	if described != operations || got.get("openapi") != "3.0.3" {
		t.Errorf("%d operations, %d are described", operations, described)
	}
}
