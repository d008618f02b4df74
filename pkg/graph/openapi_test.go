package graph

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
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

// known collects the members that a schema of the description knows, and follows references.
type known struct{ schemas object }

func (k known) resolve(schema object) object {
	properties := object{}
	for _, part := range append([]any{schema}, anyList(schema["allOf"])...) {
		part := part.(object)
		if ref, ok := part["$ref"].(string); ok {
			part = k.schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(object)
			part = object{"properties": k.resolve(part)["properties"], "items": part["items"]}
		}
		more, _ := part["properties"].(object)
		maps.Copy(properties, more)
	}
	return object{"properties": properties, "items": schema["items"]}
}

func anyList(v any) []any { all, _ := v.([]any); return all }

// unknown lists the members of a value that its schema does not know, down to its leaves. What
// only a schema says nothing of, such as the data of events, is open.
func (k known) unknown(at string, value any, schema object) (all []string) {
	described := k.resolve(schema)
	switch v := value.(type) {
	case object:
		properties := described["properties"].(object)
		if len(properties) == 0 {
			return nil
		}
		for name, inner := range v {
			_, annotation, _ := strings.Cut(name, "@")
			if of, ok := properties[name].(object); ok {
				all = append(all, k.unknown(at+"."+name, inner, of)...)
			} else if !strings.HasPrefix(annotation, "odata.") || annotation == "odata.bind" {
				all = append(all, at+"."+name)
			}
		}
	case []any:
		items, ok := described["items"].(object)
		for i := 0; ok && i < len(v); i++ {
			all = append(all, k.unknown(at+"[]", v[i], items)...)
		}
	}
	return all
}

// jsonSchema is the schema of what an answer or a body may hold; nil for none.
func jsonSchema(of object) object {
	content, _ := of["content"].(object)
	media, _ := content["application/json"].(object)
	schema, _ := media["schema"].(object)
	return schema
}

// Whatever the conformance test sends and is answered is described: the status, and every
// member at every depth.
func TestTheDescriptionKnowsWhatIsSentAndAnswered(t *testing.T) {
	w := stockConformance(t)
	d := w.call("admin", "GET", ours+"/openapi.json", nil).want(200).body
	k := known{d["components"].(object)["schemas"].(object)}
	checked := 0
	for _, row := range conformance() {
		as := "admin"
		if row.number == 44 {
			as = "reviewer"
		}
		path := w.named(row.path)
		plain, _, _ := strings.Cut(path, "?")
		op, _, err := newRoutes(served()).find(row.method, plain)
		if err != nil {
			t.Fatal(row.path, err)
		}
		described := d["paths"].(object)[strings.ReplaceAll(op.path, ":text}", "}")].(object)[strings.ToLower(row.method)].(object)
		var body any
		if row.body != nil {
			body = w.filled(row.body)
			sent, _ := described["requestBody"].(object)
			if more := k.unknown("", body, orEmpty(jsonSchema(sent))); sent == nil || len(more) > 0 {
				t.Errorf("%s takes %v, which is not described", op.name(), more)
			}
		}
		got := w.call(as, row.method, path, body)
		if got.status >= 400 {
			continue // of what an earlier row has changed
		}
		checked++
		said, ok := described["responses"].(object)[strconv.Itoa(got.status)].(object)
		if !ok {
			t.Errorf("%s answers %d, which is not described", op.name(), got.status)
			continue
		}
		schema := jsonSchema(said)
		if schema == nil && got.body != nil || schema != nil && got.body == nil {
			t.Errorf("%s answers %.80s, described is %v", op.name(), got.text, schema)
			continue
		}
		if more := k.unknown("", got.body, orEmpty(schema)); len(more) > 0 {
			t.Errorf("%s answers %v, which is not described", op.name(), more)
		}
	}
	if checked < len(conformance())*3/4 {
		t.Errorf("only %d answers were compared", checked)
	}
}

// What every operation that reads answers, as it is and with everything expanded that can be at
// its first level, is described.
func TestTheDescriptionKnowsWhatIsReadAndExpanded(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	d := w.call("admin", "GET", ours+"/openapi.json", nil).want(200).body
	k := known{d["components"].(object)["schemas"].(object)}
	n := 0
	for _, op := range served() {
		a := op.expected()
		if op.method != http.MethodGet || op.serve == nil || a.schema == "" || a.schema == anything {
			continue
		}
		schema := jsonSchema(a.describe())
		path := w.readable(op.path)
		for _, expanded := range w.expansions(path) {
			if len(expanded) > 1 {
				continue
			}
			n++
			got := w.call("admin", "GET", expanding(path, expanded...), nil).want(200)
			if more := k.unknown("", got.body, schema); len(more) > 0 {
				t.Errorf("%s, %v: %v is not described", op.name(), expanded, more)
			}
			if _, list := got.body["value"].([]any); list != a.many {
				t.Errorf("%s is a list: %t, described as one: %t", op.name(), list, a.many)
			}
		}
	}
	t.Logf("%d reads", n)
}

func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

// No operation that is served answers with something that is not described: a word at the end
// of its path that is new goes into nouns, answers or steps.
func TestEveryOperationHasASchemaOfItsAnswer(t *testing.T) {
	w := newFixture(t)
	schemas := w.call("admin", "GET", ours+"/openapi.json", nil).want(200).body["components"].(object)["schemas"].(object)
	for _, op := range served() {
		a := op.expected()
		body := a.status != 204 && a.status != 202 && a.media == "" && !strings.HasSuffix(op.path, "/refresh")
		if op.serve != nil && body && a.schema != anything && schemas[a.schema] == nil {
			t.Errorf("%s answers with %q, which is no schema", op.name(), a.schema)
		}
	}
}
