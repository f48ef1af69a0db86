package control

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// The JSON of requests and answers. In the OpenAPI document each type is a schema: its fields,
// their help tags as descriptions, and as required those without omitempty, which a request must
// have.
type (
	jsonOK struct {
		OK bool `json:"ok" help:"true"`
	}
	jsonError struct {
		Error string `json:"error" help:"what is wrong, and what would be valid"`
	}
	jsonConnections struct {
		Connections []jsonConnection `json:"connections"`
	}
	jsonConnection struct {
		ID      int    `json:"id" help:"conn in events"`
		Client  string `json:"client" help:"address"`
		Server  string `json:"server" help:"address"`
		Role    string `json:"role" help:"DS, NS, SB, or empty until known"`
		Dialect string `json:"dialect" help:"the draft's until known"`
		User    string `json:"user,omitempty" help:"handle"`
		Session string `json:"session,omitempty" help:"number of the switchboard session"`
	}
	jsonHeldList struct {
		Held []jsonHeld `json:"held"`
	}
	jsonHeld struct {
		ID    uint64          `json:"id" help:"identifies the command"`
		Since time.Time       `json:"since"`
		Until time.Time       `json:"until" help:"when it is sent on automatically"`
		Gone  bool            `json:"gone,omitempty" help:"its sender has hung up"`
		Event json.RawMessage `json:"event" help:"as in GET /v1/events"`
		In    []byte          `json:"in" help:"as received"`
		Out   []byte          `json:"out,omitempty" help:"as it would be sent on, if that differs"`
	}
	jsonEdit struct {
		Args    map[string]string `json:"args,omitempty" help:"new values by names of arguments"`
		Payload *string           `json:"payload,omitempty" help:"the new payload; the length is corrected"`
		Raw     []string          `json:"raw,omitempty" help:"whole commands; the line end, \\r\\n, may be left out"`
		Base64  [][]byte          `json:"base64,omitempty" help:"the same in base64, sent byte for byte"`
	}
	jsonExpr struct {
		Expr string `json:"expr" help:"a filter expression; an empty one holds nothing"`
	}
	jsonInjection struct {
		Conn   int    `json:"conn" help:"the connection"`
		Dir    string `json:"dir" help:"C: as if the client had sent it, S: as if the server had"`
		Text   string `json:"text" help:"with \\r\\n for line ends; {trid} {user} {session} {cookie} are filled in"`
		Anyway bool   `json:"anyway,omitempty" help:"even if the dialect's table does not allow it"`
	}
	jsonRule struct {
		Rule string `json:"rule" help:"in the form of --fault"`
	}
	jsonRules struct {
		Rules []string `json:"rules" help:"in the form of --map"`
	}
	jsonFaults struct {
		Faults []jsonFault `json:"faults"`
	}
	jsonFault struct {
		Rule string `json:"rule"`
		Hits int    `json:"hits"`
	}
	jsonStats struct {
		Events       int         `json:"events" help:"number so far"`
		Open         int         `json:"open" help:"open connections"`
		Held         int         `json:"held" help:"held commands"`
		Faults       []jsonFault `json:"faults"`
		Bypassed     int         `json:"bypassed" help:"signs that traffic goes past the proxy"`
		LatestBypass string      `json:"latest_bypass,omitempty" help:"the latest of them, in words"`
	}
)

// nameOf returns the name of the schema of a value's type.
func nameOf(v any) string { return strings.TrimPrefix(reflect.TypeOf(v).Name(), "json") }

// schemaOf returns the JSON schema of a type, and "string" for any kind that it does not know.
func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{"type": "object"}
	case t == reflect.TypeFor[[]byte]():
		return map[string]any{"type": "string", "contentEncoding": "base64"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		return schemaOfStruct(t)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Uint64:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "string"}
}

func schemaOfStruct(t reflect.Type) map[string]any {
	properties := map[string]any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		of := schemaOf(f.Type)
		if help := f.Tag.Get("help"); help != "" {
			of["description"] = help
		}
		properties[name] = of
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if names := required(t); names != nil {
		schema["required"] = names
	}
	return schema
}

// required returns the names of the fields that JSON of the type t must have.
func required(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); options != "omitempty" {
			names = append(names, name)
		}
	}
	return names
}
