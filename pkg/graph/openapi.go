package graph

import (
	"context"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// describeOperations is the description of the API by itself, which is ours.
var describeOperations = []operation{
	{method: "GET", path: ours + "/openapi.json", action: authz.ReadSelf, serve: getDescription},
}

// getDescription answers with an OpenAPI 3 description of every operation of both functions.
func getDescription(_ context.Context, c *call) (response, error) {
	nothing := entityType[object]{mapper: func(o object) object { return o }, navigation: noNavigation}
	if err := checkOptions(c, nothing); err != nil {
		return response{}, err
	}
	if c.request.URL.RawQuery != "" {
		return response{}, entitlement.Errorf(entitlement.Invalid, "This takes no options; leave out what stands behind the question mark.")
	}
	return ok(describe(c.tables))
}

// describe makes the description from the tables that routing and authorization go by, so
// that none of the three can say something else.
func describe(tables []operation) object {
	paths := object{}
	for i := range tables {
		op := &tables[i]
		if op.elsewhere {
			continue
		}
		path, parameters := described(op.path)
		item, known := paths[path].(object)
		if !known {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(op.method)] = op.describe(parameters)
	}
	return object{
		"openapi": "3.0.3", "paths": paths,
		"info": object{"title": "Leasehold", "version": "1.0", "description": "Entitlement management as in Microsoft Graph v1.0, and what is Leasehold's own."},
		"components": object{
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
			"schemas": object{"error": object{"type": "object", "required": []any{"error"}, "properties": object{"error": object{"type": "object", "required": []any{"code", "message"},
				"properties": object{"code": object{"type": "string"}, "message": object{"type": "string"}, "innerError": object{"type": "object"}}}}}},
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
	failure := object{"description": "A refusal, with what to do.", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/error"}}}}
	success := object{"description": "It is so."}
	if op.serve == nil {
		success = object{"description": "Not supported yet: 501."}
	}
	actions := []any{op.action.String()}
	for _, also := range op.also {
		actions = append(actions, also.String())
	}
	_, name, _ := strings.Cut(op.path, root+"/")
	d := object{"operationId": operationID(op.method, name), "parameters": parameters, "x-leasehold-actions": actions,
		"responses": object{"2XX": success, "4XX": failure, "5XX": failure}}
	if op.method != "GET" && op.method != "DELETE" {
		d["requestBody"] = object{"content": object{"application/json": object{"schema": object{"type": "object"}}}}
	}
	if op.makes() {
		header := func(name string) object {
			return object{"name": name, "in": "header", "schema": object{"type": "string", "maxLength": maxKey}}
		}
		d["parameters"] = append(parameters, header(idempotencyKey), header(clientRequestID))
	}
	return d
}

// operationID names an operation by its method and path.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	})
	return strings.ToLower(method) + "_" + strings.Join(words, "_")
}
