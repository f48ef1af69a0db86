package control

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
)

// statusHelp describes the statuses of errors.
const statusHelp = "400 bad request, 401 no valid token, 404 not found, 409 not allowed by the dialect's table, " +
	"413 more than 4 MB, 503 too many at a time"

// content returns the content of a request or an answer: JSON of the type of v, or the media type
// where that is not "".
func content(v any, media string) any {
	switch {
	case media != "":
		return map[string]any{media: map[string]any{"schema": map[string]any{"type": "string"}}}
	case nameOf(v) == nameOf(json.RawMessage{}):
		return map[string]any{"application/json": map[string]any{"schema": map[string]any{"type": "object"}}}
	}
	ref := map[string]any{"$ref": "#/components/schemas/" + nameOf(v)}
	return map[string]any{"application/json": map[string]any{"schema": ref}}
}

// schemas returns the schemas of all types that routes accept and return.
func schemas() map[string]any {
	all := map[string]any{nameOf(jsonError{}): schemaOf(reflect.TypeFor[jsonError]())}
	for _, r := range routes() {
		for _, v := range []any{r.body, r.reply} {
			if v != nil && reflect.TypeOf(v).Kind() == reflect.Struct {
				all[nameOf(v)] = schemaOf(reflect.TypeOf(v))
			}
		}
	}
	return all
}

// OpenAPI returns the description of the API as an OpenAPI 3.1 document, to be encoded as JSON.
func OpenAPI() map[string]any {
	paths := map[string]any{}
	for _, r := range routes() {
		if paths[r.path] == nil {
			paths[r.path] = map[string]any{}
		}
		paths[r.path].(map[string]any)[strings.ToLower(r.method)] = r.operation()
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "msnscope control", "version": "1",
			"description": "What the inspector shows and does, for other programs. " +
				"On a Unix socket or a loopback address; every request needs the token.",
		},
		"security": []any{map[string]any{"token": []any{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas":         schemas(),
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}},
		},
	}
}

// operation returns the OpenAPI operation of a route.
func (r *route) operation() map[string]any {
	var params []any
	for _, part := range strings.Split(r.path, "/") {
		if name, isParam := strings.CutPrefix(part, "{"); isParam {
			params = append(params, map[string]any{
				"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true,
				"schema": map[string]any{"type": "integer"},
			})
		}
	}
	for _, p := range r.query {
		params = append(params, map[string]any{
			"name": p.name, "in": "query", "description": p.help, "schema": map[string]any{"type": p.kind},
		})
	}
	op := map[string]any{
		"summary": r.summary,
		"responses": map[string]any{
			"200":     map[string]any{"description": "done", "content": content(r.reply, r.media)},
			"default": map[string]any{"description": statusHelp, "content": content(jsonError{}, "")},
		},
	}
	if params != nil {
		op["parameters"] = params
	}
	if r.body != nil {
		op["requestBody"] = map[string]any{"required": true, "content": content(r.body, "")}
	}
	return op
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, OpenAPI())
	return nil
}
