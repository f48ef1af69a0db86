package control

import (
	"net/http"
	"strings"
)

// faultList describes the faults and how often each hit.
var faultList = array(object(props{"rule": text(""), "hits": integer("")}))

// schemas describe the JSON of requests and answers.
var schemas = map[string]any{
	"Any":         object(nil),
	"OK":          object(props{"ok": boolean("true")}),
	"Error":       object(props{"error": text("what is wrong, and what could stand there")}),
	"Connections": object(props{"connections": array(object(props{"id": integer("as conn in events"), "client": text("address"), "server": text("address"), "role": text("DS, NS, SB, or empty while unknown"), "dialect": text("the draft's while unknown"), "user": text("handle"), "session": text("number of the switchboard session")}))}),
	"Held":        object(props{"held": array(object(props{"id": integer("names it"), "since": text("RFC 3339"), "until": text("when it goes on by itself"), "gone": boolean("its sender has hung up meanwhile; absent when not"), "event": object(nil), "in": text("base64: as it came"), "out": text("base64: as it would go on, where that differs")}))}),
	"Edit":        object(props{"args": object(nil, "new values by the names of arguments"), "payload": text("in place of the payload; the length is made to fit"), "raw": array(text(`whole commands, with \r\n for the line end, which is added where there is none`)), "base64": array(text("the same in base64, sent to the byte"))}),
	"Expr":        object(props{"expr": text("of the filter language")}),
	"Injection":   object(props{"conn": integer("the connection"), "dir": text("C: as if the client had sent it, S: the server"), "text": text(`the command; \r\n where it has lines, {trid}, {user}, {session}, {cookie} are filled in`), "anyway": boolean("although the table of the dialect does not allow it")}),
	"Rule":        object(props{"rule": text("")}),
	"Rules":       object(props{"rules": array(text(""))}),
	"Faults":      object(props{"faults": faultList}),
	"Stats":       object(props{"events": integer("so far"), "open": integer("connections"), "held": integer("commands that wait"), "faults": faultList, "bypassed": integer("how often a client was referred and did not come within half a minute: it may have gone around"), "latest_bypass": text("who that was, and where it was sent; absent when there is none")}),
}

type props map[string]any

func object(p props, help ...string) any {
	o := map[string]any{"type": "object"}
	if p != nil {
		o["properties"] = p
	}
	if len(help) > 0 {
		o["description"] = help[0]
	}
	return o
}

func typed(kind, help string) any {
	t := map[string]any{"type": kind}
	if help != "" {
		t["description"] = help
	}
	return t
}

func text(help string) any    { return typed("string", help) }
func integer(help string) any { return typed("integer", help) }
func boolean(help string) any { return typed("boolean", help) }
func array(of any) any        { return map[string]any{"type": "array", "items": of} }

func ref(name string) any { return map[string]any{"$ref": "#/components/schemas/" + name} }

// content is what a schema's name stands for in an answer.
func content(name string) any {
	switch name {
	case "Lines":
		return map[string]any{"application/x-ndjson": map[string]any{"schema": text("an event a line")}}
	case "Recording":
		return map[string]any{"application/x-pcapng": map[string]any{"schema": map[string]any{"type": "string", "format": "binary"}}}
	}
	return map[string]any{"application/json": map[string]any{"schema": ref(name)}}
}

// OpenAPI returns the API as an OpenAPI 3.1 document, to be written as JSON.
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
			"description": "What the inspector shows and does, for other programs. On a Unix socket or a loopback address; every request needs the token.",
		},
		"security": []any{map[string]any{"token": []any{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas":         schemas,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}},
		},
	}
}

func (r *route) operation() map[string]any {
	var params []any
	for _, part := range strings.Split(r.path, "/") {
		if name, isParam := strings.CutPrefix(part, "{"); isParam {
			params = append(params, map[string]any{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": integer("")})
		}
	}
	for _, p := range r.query {
		params = append(params, map[string]any{"name": p.name, "in": "query", "description": p.help, "schema": typed(p.kind, "")})
	}
	op := map[string]any{
		"summary": r.summary,
		"responses": map[string]any{
			"200":     map[string]any{"description": "done", "content": content(r.reply)},
			"default": map[string]any{"description": "400 wrong request, 401 no token, 404 no such thing, 409 the table does not allow it", "content": content("Error")},
		},
	}
	if params != nil {
		op["parameters"] = params
	}
	if r.body != "" {
		op["requestBody"] = map[string]any{"required": true, "content": content(r.body)}
	}
	return op
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, OpenAPI())
	return nil
}
