package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"leasehold/pkg/graph/graphtest"
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

// described reads the description as the fixture serves it.
func (w *fixture) described() (paths object, k known) {
	w.Helper()
	d := w.call("admin", "GET", ours+"/openapi.json", nil).want(200).body
	return d["paths"].(object), known{d["components"].(object)["schemas"].(object)}
}

// asJSON is a body as it is read back.
func asJSON(t *testing.T, body any) (sent any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(text, &sent)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// Whatever the table of the reference sends and is answered is described: the status, and
// every member at every depth.
func TestTheDescriptionKnowsWhatIsSentAndAnswered(t *testing.T) {
	w := newFixture(t)
	paths, k := w.described()
	find, call, compared := newRoutes(served()), w.caller(), map[string]bool{}
	compare := func(as, method, path string, body any) (graphtest.Answer, error) {
		got, err := call(as, method, path, body)
		plain, _, _ := strings.Cut(path, "?")
		op, _, unknown := find.find(method, plain)
		if unknown != nil || err != nil || got.Status >= 400 {
			return got, err
		}

		compared[op.name()] = true
		described := paths[strings.ReplaceAll(op.path, ":text}", "}")].(object)[strings.ToLower(method)].(object)
		takes, _ := described["requestBody"].(object)
		sent := asJSON(t, body)
		if o, is := sent.(object); is && len(o) > 0 {
			if more := k.unknown("", sent, orEmpty(jsonSchema(takes))); takes == nil || len(more) > 0 {
				t.Errorf("%s takes %v, which is not described", op.name(), more)
			}
		}
		said, ok := described["responses"].(object)[strconv.Itoa(got.Status)].(object)
		if !ok {
			t.Errorf("%s answers %d, which is not described", op.name(), got.Status)
			return got, err
		}
		schema := jsonSchema(said)
		if (schema == nil) != (got.Body == nil) {
			t.Errorf("%s answers %.80s, described is %v", op.name(), got.Text, schema)
		}
		if more := k.unknown("", got.Body, orEmpty(schema)); len(more) > 0 {
			t.Errorf("%s answers %v, which is not described", op.name(), more)
		}
		return got, err
	}

	filled, err := graphtest.New(compare, w.ids, "1")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range graphtest.InOneFixture() {
		if wrong, err := filled.Try(op); wrong != "" || err != nil {
			t.Error(wrong, err)
		}
	}
	if len(compared) < 80 {
		t.Errorf("only %d operations were compared", len(compared))
	}
}

// Every body that the tests of ids and of rights send is described, with all ids that it can
// name things by.
func TestTheDescriptionKnowsEveryBody(t *testing.T) {
	w := newFixture(t)
	_, k := w.described()
	described := map[string]object{}
	for _, op := range served() {
		described[op.name()] = op.takes()
	}
	check := func(name string, body object) {
		t.Helper()
		if more := k.unknown("", asJSON(t, body), orEmpty(described[name])); described[name] == nil || len(more) > 0 {
			t.Errorf("%s takes %v, which is not described", name, more)
		}
	}
	for _, tk := range takings() {
		if tk.body != nil {
			check(tk.op, tk.body)
		}
	}
	for name, body := range bodies {
		check(name, body)
	}
}

// What every operation that reads answers, as it is and with everything expanded that can be at
// its first level, is described.
func TestTheDescriptionKnowsWhatIsReadAndExpanded(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	_, k := w.described()
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
	_, k := w.described()
	for _, op := range served() {
		a := op.expected()
		body := a.status != 204 && a.status != 202 && a.media == "" && !strings.HasSuffix(op.path, "/refresh")
		if op.serve != nil && body && a.schema != anything && k.schemas[a.schema] == nil {
			t.Errorf("%s answers with %q, which is no schema", op.name(), a.schema)
		}
	}
}
