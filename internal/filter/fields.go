package filter

import (
	"encoding/base64"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// view is an event during a match. It parses the payload at most once.
type view struct {
	e      *session.Event
	parsed bool
	body   body.Body
}

func (v *view) payload() *body.Body {
	if !v.parsed {
		v.parsed, v.body = true, body.Of(&v.e.In)
	}
	return &v.body
}

// field is one name of the filter language: its type for the checker, and how to read it from an
// event.
type field struct {
	name string
	typ  types.Type
	get  func(*view) any
}

// fields lists all names with a fixed meaning, in the order of the JSON lines.
var fields = []field{
	{"n", types.Int, func(v *view) any { return int(v.e.N) }},
	{"time", types.TypeOf(time.Time{}), func(v *view) any { return v.e.Time }},
	{"conn", types.Int, func(v *view) any { return v.e.Conn }},
	{"role", types.String, func(v *view) any { return v.e.Role.Name() }},
	{"dir", types.String, func(v *view) any { return dirName(v.e.Dir) }},
	{"client", types.String, func(v *view) any { return v.e.Client }},
	{"server", types.String, func(v *view) any { return v.e.Server }},
	{"client_name", types.String, func(v *view) any { return v.e.ClientName }},
	{"server_name", types.String, func(v *view) any { return v.e.ServerName }},
	{"cmd", types.String, func(v *view) any { return verbName(v.e.In.Verb) }},
	{"trid", types.Float64, func(v *view) any { return number(v.e.In.HasTrID, float64(v.e.In.TrID)) }},
	{"args", types.TypeOf(map[string]string{}), func(v *view) any { return allArgs(v.e) }},
	{"raw", types.String, func(v *view) any { return toUTF8(v.e.In.Line()) }},
	{"raw_b64", types.String, func(v *view) any { return base64Unless(utf8.Valid(v.e.In.Line()), v.e.In.Line()) }},
	{"payload", types.Any, payloadMap},
	{"payload.length", types.Int, func(v *view) any { return len(v.e.In.Payload()) }},
	{"payload.type", types.String, func(v *view) any { return v.payload().Type }},
	{"payload.charset", types.String, func(v *view) any { return v.payload().Charset }},
	{"payload.text", types.String, payloadText},
	{"payload.base64", types.String, payloadBase64},
	{"payload.headers", types.TypeOf(map[string]string{}), headerMap},
	{"user", types.String, func(v *view) any { return v.e.User }},
	{"session", types.String, func(v *view) any { return v.e.Session }},
	{"dialect", types.String, func(v *view) any { return v.e.Dialect }},
	{"size", types.Int, func(v *view) any { return len(v.e.In.Raw) }},
	{"reply_to", types.Float64, func(v *view) any { return number(v.e.ReplyTo != 0, float64(v.e.ReplyTo)) }},
	{
		"rtt_ms", types.Float64,
		func(v *view) any { return number(v.e.ReplyTo != 0 && !v.e.Time.IsZero(), float64(v.e.RTT)/1e6) },
	},
	{"out", types.Any, outMap},
	{"out.raw", types.String, func(v *view) any { return outRaw(v.e) }},
	{"flags", types.TypeOf([]string{}), func(v *view) any { return v.e.Flags.Names() }},
	{"lint", types.Any, lintList},
	{"event", types.String, func(v *view) any { return v.e.Kind.String() }},
	{"text", types.String, func(v *view) any { return v.e.Remark() }},
	{"file", types.String, func(v *view) any { return v.e.File }},
}

// Names returns the names that an expression may use, for completion: the fields, then args.NAME
// for each argument of each command. The slice is the caller's.
func Names() []string { return append(fieldNames(), argNames()...) }

func fieldNames() []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].name
	}
	return names
}

// lookup returns the field with the name. args.X and payload.headers.X exist for every X.
func lookup(name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	if f, ok := listField(name); ok {
		return f, true
	}
	if f, ok := endField(name); ok {
		return f, true
	}
	if arg, ok := strings.CutPrefix(name, "args."); ok {
		return field{name, types.String, func(v *view) any { return argValue(v.e, arg) }}, true
	}
	if header, ok := strings.CutPrefix(name, "payload.headers."); ok {
		return field{name, types.String, func(v *view) any { return headerValue(v.payload(), header) }}, true
	}
	return field{}, false
}

// number returns n, or NaN if it is absent: NaN is equal to nothing, and neither less nor greater.
func number(present bool, n float64) any {
	if !present {
		return math.NaN()
	}
	return n
}

func payloadText(v *view) any {
	if v.payload().Binary() {
		return ""
	}
	text, _ := v.payload().Text()
	return text
}

// payloadBase64 returns the exact bytes of data that its text does not show.
func payloadBase64(v *view) any {
	b := v.payload()
	_, converted := b.Text()
	return base64Unless(!converted && !b.Binary(), b.Data)
}

func base64Unless(shown bool, b []byte) string {
	if shown {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

func payloadMap(v *view) any {
	p := v.e.In.Payload()
	if len(p) == 0 {
		return nil
	}
	return map[string]any{
		"length": len(p), "type": v.payload().Type, "charset": v.payload().Charset, "text": payloadText(v),
		"base64": payloadBase64(v), "headers": headerMap(v),
	}
}

func headerMap(v *view) any {
	headers := make(map[string]string, len(v.payload().Headers))
	for _, h := range v.payload().Headers {
		if old, again := headers[h.Name]; again {
			h.Value = old + " " + h.Value
		}
		headers[h.Name] = body.ToText(h.Value)
	}
	return headers
}

func headerValue(b *body.Body, name string) string { return strings.Join(headerValues(b, name), " ") }

func headerValues(b *body.Body, name string) []string {
	var values []string
	for _, h := range b.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, body.ToText(h.Value))
		}
	}
	return values
}

func outMap(v *view) any {
	if v.e.Out == nil {
		return nil
	}
	return map[string]any{"raw": outRaw(v.e)}
}

// lintList returns the findings of an event that lint has checked, an empty list for none.
func lintList(v *view) any {
	all := make([]any, len(v.e.Findings))
	for i, f := range v.e.Findings {
		all[i] = map[string]any{"rule": f.Rule, "severity": f.Severity, "section": f.Section, "message": f.Message}
	}
	return all
}

func outRaw(e *session.Event) string {
	if e.Out == nil {
		return ""
	}
	m := e.Sent()
	return toUTF8(m.Line())
}

func toUTF8(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

func dirName(d decode.Dir) string {
	switch d {
	case decode.FromClient:
		return "C"
	case decode.FromServer:
		return "S"
	}
	return ""
}

// verbName returns the verb's name as an interface value, without allocating for the verbs of a
// dialect.
func verbName(v decode.Verb) any {
	if name, ok := verbs()[v]; ok {
		return name
	}
	return v.String()
}

// verbs maps the commands of all dialects to their names.
var verbs = sync.OnceValue(func() map[decode.Verb]any {
	all := map[decode.Verb]any{}
	for _, t := range dialect.All() {
		for i := range t.Rows() {
			if v := decode.V(t.Rows()[i].Verb); v != (decode.Verb{}) {
				all[v] = v.String()
			}
		}
	}
	return all
})

func knownVerb(name string) bool {
	v := decode.V(name)
	_, ok := verbs()[v]
	return ok && v.String() == name
}
