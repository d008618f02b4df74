package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// describeOperations is the description of the API by itself, which is ours.
var describeOperations = []operation{
	{method: "GET", path: ours + "/openapi.json", action: authz.ReadSelf, serve: getDescription},
}

// getDescription answers with an OpenAPI 3 description of every operation of both functions.
func getDescription(ctx context.Context, c *call) (response, error) {
	nothing := entityType[object]{mapper: func(o object) object { return o }, navigation: noNavigation}
	if err := checkOptions(c, nothing); err != nil {
		return response{}, err
	}
	if c.request.URL.RawQuery != "" {
		return response{}, entitlement.Errorf(entitlement.Invalid, "This takes no options; leave out what stands behind the question mark.")
	}
	return ok(c.describe(c.base(ctx)))
}

// describe makes the description from the tables that routing and authorization go by, and from
// the entity types that answers are made by, so that none of them can say something else.
func (c *call) describe(base string) object {
	paths := object{}
	for i := range c.tables {
		op := &c.tables[i]
		if op.elsewhere {
			continue
		}

		path, parameters := described(op.path)
		// One path has several methods, which are rows of their own in the tables.
		item, known := paths[path].(object)
		if !known {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(op.method)] = op.describe(parameters)
	}

	return object{
		"openapi": "3.0.3", "paths": paths, "servers": []any{object{"url": base}},
		"info": object{"title": "Leasehold", "version": "1.0", "description": "Entitlement management as in Microsoft Graph v1.0, and what is Leasehold's own.",
			"license": object{"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}},
		"components": object{
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
			"schemas":         components(c.schemas()), "responses": refusals(), "parameters": sharedParameters(),
		},
		"security": []any{object{"token": []any{}}},
	}
}

// described returns a path as OpenAPI writes it, with its parameters.
func described(path string) (string, []any) {
	parameters := []any{}
	for rest := path; ; {
		_, behind, found := strings.Cut(rest, "{")
		name, behind, closed := strings.Cut(behind, "}")
		if !found || !closed {
			return strings.ReplaceAll(path, ":text}", "}"), parameters
		}
		rest = behind
		schema := object{"type": "string"}
		plain, anything := strings.CutSuffix(name, ":text")
		if !anything {
			schema["format"] = "uuid"
		}
		parameters = append(parameters, object{"name": plain, "in": "path", "required": true, "schema": schema})
	}
}

func (op *operation) describe(parameters []any) object {
	actions := []any{op.action.String()}
	for _, also := range op.also {
		actions = append(actions, also.String())
	}
	_, name, _ := strings.Cut(op.path, root+"/")
	d := object{"operationId": operationID(op.method, name), "summary": op.method + " " + name, "x-leasehold-actions": actions, "responses": op.responses()}
	for _, name := range op.parameters() {
		parameters = append(parameters, object{"$ref": "#/components/parameters/" + name})
	}
	d["parameters"] = parameters
	if body := op.takes(); body != nil {
		d["requestBody"] = object{"required": !strings.HasSuffix(op.path, "/check"), "content": object{"application/json": object{"schema": body}}}
	}
	return d
}

// responses are the answers of the operation by their status.
func (op *operation) responses() object {
	refused := func(name string) object { return object{"$ref": "#/components/responses/" + name} }
	all := object{"400": refused("invalid"), "401": refused("unauthenticated"), "403": refused("forbidden"), "4XX": refused("refused"), "5XX": refused("failed")}
	if strings.Contains(op.path, "{") {
		all["404"] = refused("notFound")
	}
	if op.writes() {
		all["409"], all["429"] = refused("conflict"), refused("tooMany")
	}
	if slices.Contains(conditionals, op.action) {
		all["412"] = refused("changedMeanwhile")
	}
	if op.serve == nil {
		all["501"] = refused("notSupported")
		all["2XX"] = object{"description": "Not yet."}
		return all
	}

	a := op.expected()
	all[strconv.Itoa(a.status)] = a.describe()
	if slices.Contains(startsJobs, op.name()) {
		all[strconv.Itoa(http.StatusAccepted)] = expectation{status: http.StatusAccepted, schema: "roleChangeJob"}.describe()
	}
	return all
}

// describe describes an answer.
func (a expectation) describe() object {
	d := object{"description": http.StatusText(a.status)}
	switch {
	case a.media != "":
		d["content"] = object{a.media: object{"schema": object{"type": "string"}}}
	case a.schema == anything:
		d["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	case a.schema != "":
		of := object{"$ref": "#/components/schemas/" + a.schema}
		if a.many {
			of = objectOf(object{"@odata.context": object{"type": "string"}, "@odata.count": object{"type": "integer"}, "@odata.nextLink": object{"type": "string"},
				"value": object{"type": "array", "items": of}}, "value")
		}
		d["content"] = object{"application/json": object{"schema": of}}
	}
	return d
}

// parameters names those of the shared parameters that the operation takes.
func (op *operation) parameters() []string {
	var names []string
	switch a := op.expected(); {
	case a.media != "":
		names = append(names, "filter", "search")
	case op.method == http.MethodGet && a.many:
		names = append(names, "filter", "search", "orderby", "top", "skip", "skiptoken", "count", "select", "expand", "preferPage")
	case op.method == http.MethodGet && a.schema != "" && a.schema != anything:
		names = append(names, "select", "expand")
	}

	if op.makes() || slices.Contains(startsJobs, op.name()) {
		names = append(names, "idempotencyKey", "clientRequestId")
	}

	if slices.Contains(conditionals, op.action) {
		names = append(names, "ifMatch")
	}
	if op.writes() && op.method != http.MethodDelete {
		names = append(names, "preferReturn")
	}
	return names
}

// sharedParameters are those that many operations take.
func sharedParameters() object {
	of := func(in, name, kind, means string) object {
		return object{"name": name, "in": in, "description": means, "schema": object{"type": kind}}
	}
	key := func(name, means string) object {
		p := of("header", name, "string", means)
		p["schema"].(object)["maxLength"] = maxKey
		return p
	}
	return object{
		"filter": of("query", "$filter", "string", "Which rows: eq, ne, gt, ge, lt, le, and, or, not, in, any, startswith, endswith, contains, tolower."),
		"search": of("query", "$search", "string", "Rows that have the words."), "orderby": of("query", "$orderby", "string", "The order of the rows."),
		"top": of("query", "$top", "integer", "How many a page holds, at most 999."), "skip": of("query", "$skip", "integer", "How many rows are left out at the beginning."),
		"skiptoken": of("query", "$skiptoken", "string", "Where a nextLink goes on."), "count": of("query", "$count", "boolean", "Whether the answer says how many rows there are."),
		"select": of("query", "$select", "string", "The properties that are shown."), "expand": of("query", "$expand", "string", "The navigation properties that are shown."),
		"preferPage":      of("header", prefer, "string", "odata.maxpagesize=N: how many a page holds."),
		"preferReturn":    of("header", prefer, "string", "return=minimal answers without the entity, return=representation with it."),
		"ifMatch":         of("header", ifMatch, "string", "The @odata.etag that was read: changes nothing if it was changed since."),
		"idempotencyKey":  key(idempotencyKey, "A name for this command: sent again under it, it has one effect and one answer."),
		"clientRequestId": key(clientRequestID, "The same for ten minutes, with the same body, where there is no key."),
	}
}

// refusals are the answers of what does not go well.
func refusals() object {
	all := object{}
	for name, means := range map[string]string{
		"invalid": "The call is not understood, or asks for what cannot be; target names the member.", "unauthenticated": "There is no token that is taken.",
		"forbidden": "The caller may not.", "notFound": "There is nothing with this id, or nothing that the caller may know of.",
		"conflict": "Not in this state, or there is one of this name.", "tooMany": "Too often; Retry-After says when.",
		"changedMeanwhile": "It was changed since it was read.", "notSupported": "Not supported yet.", "refused": "A refusal, with what to do.",
		"failed": "It failed here; a repeat may help.",
	} {
		all[name] = object{"description": means, "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/error"}}}}
	}
	return all
}

// operationID names an operation by its method and path.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	})
	return strings.ToLower(method) + "_" + strings.Join(words, "_")
}
