package control

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

// TestRoutes calls every route, correctly and in each way that can be wrong.
func TestRoutes(t *testing.T) {
	s := newStage(t)
	asked := map[string]int{}
	want := func(status int, text, method, path, body string) {
		t.Helper()
		s.want(status, text, method, path, body)
		req, _ := http.NewRequest(method, path, nil)
		_, pattern := s.server.mux.Handler(req)
		if status == http.StatusOK {
			asked[pattern]++
		}
	}
	s.say("VER 0 MSNP2\r\n")
	await(t, "the connection", func() bool { return s.log.Len() >= 2 })

	want(200, `"openapi":"3.1.0"`, "GET", "/v1/openapi.json", "")
	want(200, `"open":1`, "GET", "/v1/stats", "")
	want(200, `"id":1`, "GET", "/v1/connections", "")
	want(200, `{"held":[]}`, "GET", "/v1/held", "")

	want(400, "", "PUT", "/v1/intercept", `{"expr":"cmd =="}`)
	want(200, `{"ok":true}`, "PUT", "/v1/intercept", `{"expr":"PNG"}`)
	want(200, `{"expr":"PNG"}`, "GET", "/v1/intercept", "")
	for _, tc := range []struct{ action, body string }{
		{"release", ""}, {"drop", ""}, {"duplicate", ""}, {"edit", `{"raw":["PNG"]}`},
	} {
		path := fmt.Sprintf("/v1/held/%d/%s", s.holds(), tc.action)
		if tc.action == "edit" {
			want(400, "either args and payload, or raw", "POST", path, `{}`)
			want(400, "either args and payload, or raw", "POST", path, `{"raw":["PNG"],"payload":"x"}`)
			want(400, "Nothing", "POST", path, `{"args":{"Nothing":"x"}}`)
			want(400, "base64", "POST", path, `{"base64":["%"]}`)
		}
		want(200, `{"ok":true}`, "POST", path, tc.body)
		want(404, "is no longer waiting", "POST", path, tc.body)
		want(400, "id must be a number", "POST", "/v1/held/x/"+tc.action, tc.body)
	}
	s.holds()
	want(200, `"cmd":"PNG"`, "GET", "/v1/held", "")
	want(200, `{"ok":true}`, "POST", "/v1/held/release", "")
	want(200, `{"held":[]}`, "GET", "/v1/held", "")
	want(200, `{"ok":true}`, "PUT", "/v1/intercept", `{"expr":""}`)

	want(200, `{"ok":true}`, "POST", "/v1/inject", `{"conn":1,"dir":"C","text":"PNG"}`)
	want(409, "", "POST", "/v1/inject", `{"conn":1,"dir":"C","text":"NLN NLN bob@hotmail.com Bob"}`)
	want(200, `{"ok":true}`, "POST", "/v1/inject",
		`{"conn":1,"dir":"C","text":"NLN NLN bob@hotmail.com Bob","anyway":true}`)
	want(404, "no such open connection", "POST", "/v1/inject", `{"conn":99,"dir":"C","text":"PNG"}`)
	many := `{"rules":["cmd == \"CHG\" -> StatusCode=BSY"` + strings.Repeat(`,"cmd == \"CHG\" -> StatusCode=BSY"`, 1000) + `]}`
	want(400, "1001 mappings are too many", "PUT", "/v1/map", many)
	want(400, "the text is empty", "POST", "/v1/inject", `{"conn":1,"dir":"C","text":""}`)
	want(400, `dir is \"x\"`, "POST", "/v1/inject", `{"conn":1,"dir":"x","text":"PNG"}`)

	want(400, "lag", "POST", "/v1/faults", `{"rule":"lag"}`)
	want(200, `{"ok":true}`, "POST", "/v1/faults", `{"rule":"latency:ms=1"}`)
	want(200, `"hits":0`, "GET", "/v1/faults", "")
	want(400, "index must be a number", "DELETE", "/v1/faults/x", "")
	want(200, `{"ok":true}`, "DELETE", "/v1/faults/0", "")
	want(404, "no fault 0", "DELETE", "/v1/faults/0", "")
	want(400, "", "PUT", "/v1/map", `{"rules":["nonsense"]}`)
	want(200, `{"ok":true}`, "PUT", "/v1/map", `{"rules":["cmd == \"CHG\" -> State=AWY"]}`)
	want(200, "State=AWY", "GET", "/v1/map", "")

	want(200, `"cmd":"VER"`, "GET", "/v1/events?filter=VER&limit=1", "")
	want(400, "", "GET", "/v1/events?filter=cmd+%3D%3D", "")
	want(400, "has no parameter", "GET", "/v1/events?filtr=VER", "")
	for _, wrong := range []string{"from=0", "from=x", "limit=-1", "limit=x", "follow=si"} {
		want(400, "", "GET", "/v1/events?"+wrong, "")
	}
	want(400, "it must be true or false", "GET", "/v1/recording?lease=si", "")

	want(200, `{"ok":true}`, "POST", "/v1/connections/1/kill", "")
	await(t, "the end of the connection", func() bool {
		_, answer := s.ask("GET", "/v1/connections", "")
		return !strings.Contains(answer, `"id"`)
	})
	want(404, "no such open connection", "POST", "/v1/connections/1/kill", "")
	want(400, "id must be a number", "POST", "/v1/connections/x/kill", "")
	want(404, "not found; GET /v1/openapi.json", "GET", "/v2/stats", "")
	want(200, "goroutine profile", "GET", "/debug/pprof/goroutine?debug=1", "")
	want(400, "a number up to 300", "GET", "/debug/pprof/profile?seconds=1000000", "")
	want(404, "not found; GET /v1/openapi.json", "POST", "/v1/stats", "")
	for _, r := range routes() {
		if r.media != "application/x-pcapng" && asked[r.method+" "+r.path] == 0 {
			t.Errorf("nobody asked for %s %s", r.method, r.path)
		}
	}
}

// TestRecordingRoute: the recording that a caller receives contains the events, and goes on as they
// come; with a lease, its end releases what is held.
func TestRecordingRoute(t *testing.T) {
	s := newStage(t)
	s.say("VER 0 MSNP2\r\n")
	c, err := Dial(t.Context(), s.socket, secret)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Recording(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string)
	go func() {
		defer close(seen)
		b := bufio.NewReader(r)
		for line, err := b.ReadString('\n'); err == nil; line, err = b.ReadString('\n') {
			seen <- line
		}
	}()
	until := func(text string) {
		for line := range seen {
			if strings.Contains(line, text) {
				return
			}
		}
		t.Errorf("%q does not come", text)
	}
	until("VER 0 MSNP2\r\n")
	if err := c.Intercept("PNG"); err != nil {
		t.Fatal(err)
	}
	s.holds()
	s.say("OUT\r\n")
	r.Close()
	for range seen { // what was on its way
	}
	await(t, "what was held to go on", func() bool {
		return len(s.controls.Held()) == 0 && s.controls.Intercepting() == ""
	})
}

// TestWrongBodies: whatever is not the JSON that a route accepts is refused with an error that says
// what is wrong, and has no effect. A route that accepts no JSON accepts no body.
func TestWrongBodies(t *testing.T) {
	s := newStage(t)
	s.say("VER 0 MSNP2\r\n")
	await(t, "the connection", func() bool { return s.log.Len() >= 2 })
	s.want(200, "", "PUT", "/v1/intercept", `{"expr":"PNG"}`)
	s.want(200, "", "PUT", "/v1/map", `{"rules":["cmd == \"CHG\" -> State=AWY"]}`)
	id := s.holds()
	walked := 0
	for _, r := range routes() {
		path := strings.NewReplacer("{id}", fmt.Sprint(id), "{index}", "0").Replace(r.path)
		if r.body == nil {
			if strings.HasPrefix(path, "/v1/connections/") {
				path = "/v1/connections/1/kill"
			}
			s.want(400, "takes no body", r.method, path, "null")
			s.want(400, "takes no body", r.method, path, "{}")
			continue
		}
		walked++
		some, err := json.Marshal(r.body)
		if err != nil {
			t.Fatal(err)
		}
		right := string(some)
		for body, text := range map[string]string{
			"": "no JSON", " \n": "no JSON", "null": "null",
			"[]": "must be an object", `"x"`: "must be an object", "1": "must be an object",
			"{": "JSON", right + " {}": "something follows", right + "x": "something follows", `{"colour":"red",` + right[1:]: "",
		} {
			s.want(400, text, r.method, path, body)
		}
		for _, name := range fieldNames(right) {
			s.want(400, "null", r.method, path, fmt.Sprintf(`{%q:null}`, name))
			s.want(400, "JSON", r.method, path, fmt.Sprintf(`{%q:{"wrong":["type"]}}`, name))
		}
		if required := required(typeOf(r.body)); len(required) > 0 {
			s.want(400, fmt.Sprintf(`\"%s\" is missing`, required[0]), r.method, path, "{}")
		}
		s.want(413, "", r.method, path, `{"a":"`+strings.Repeat("x", maxBody)+`"}`)
		long := io.MultiReader(strings.NewReader("{"), strings.NewReader(strings.Repeat(" ", maxBody)))
		if status, text := s.askAs(secret, r.method, path, long); status != 413 {
			t.Errorf("%s %s: a body of unknown length that is too long: %d %s, want 413", r.method, path, status, text)
		}
	}
	if walked < 5 {
		t.Errorf("only %d routes take JSON", walked)
	}
	s.want(400, "null", "PUT", "/v1/map", `{"rules":[null]}`)
	s.want(400, "null", "POST", fmt.Sprintf("/v1/held/%d/edit", id), `{"args":{"State":null}}`)
	s.want(400, "null", "POST", fmt.Sprintf("/v1/held/%d/edit", id), `{"raw":[null]}`)
	s.want(200, `{"expr":"PNG"}`, "GET", "/v1/intercept", "")
	s.want(200, "State=AWY", "GET", "/v1/map", "")
	s.want(200, `"faults":[]`, "GET", "/v1/faults", "")
	if held := s.controls.Held(); len(held) != 1 || held[0].ID != id {
		t.Errorf("%d commands are held, want the one that nobody asked about rightly", len(held))
	}
	s.controls.ReleaseAll()
}

// fieldNames returns the names of the fields that are in an object, or "args" where there is none.
func fieldNames(object string) []string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal([]byte(object), &fields)
	names := []string{}
	for name := range fields {
		names = append(names, name)
	}
	if len(names) == 0 {
		names = append(names, "args", "raw")
	}
	return names
}

// TestNothingWithoutTheToken: without the token every path, known or not, answers 401 and hangs up.
func TestNothingWithoutTheToken(t *testing.T) {
	s := newStage(t)
	for _, token := range []string{"", "x", secret + "x", strings.ToUpper(secret)} {
		for _, r := range append(routes(), route{method: "GET", path: "/"}) {
			path := strings.NewReplacer("{id}", "1", "{index}", "0").Replace(r.path)
			status, text := s.askAs(token, r.method, path, nil)
			if status != 401 || strings.Contains(text, secret) {
				t.Errorf("%s %s with the token %q: %d %s, want 401", r.method, r.path, token, status, text)
			}
		}
	}
}

// TestSchemas: the document has a schema for everything it refers to, and says which fields are
// required and which are base64.
func TestSchemas(t *testing.T) {
	text, err := json.Marshal(OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]struct{ Type, Format, Description, ContentEncoding string }
			}
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, ref := range strings.Split(string(text), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if _, ok := doc.Components.Schemas[name]; !ok {
			t.Errorf("there is no schema %s", name)
		}
	}
	edit, inject := doc.Components.Schemas["Edit"], doc.Components.Schemas["Injection"]
	args, payload := edit.Properties["args"], edit.Properties["payload"]
	if len(edit.Required) > 0 || args.Type != "object" || payload.Type != "string" {
		t.Errorf("an edit is %+v", edit)
	}
	anyway, conn := inject.Properties["anyway"], inject.Properties["conn"]
	if fmt.Sprint(inject.Required) != "[conn dir text]" || anyway.Type != "boolean" || conn.Description == "" {
		t.Errorf("an injection is %+v", inject)
	}
}

// TestEventsAreThoseOfTheLog: a follower gets each event once, in order, across many pieces.
func TestEventsAreThoseOfTheLog(t *testing.T) {
	s := newStage(t)
	const n = 5000
	for i := 1; i < n; i++ { // after the event of the stage's own connection
		s.log.Append(note(i+1, 100))
	}
	c := s.open(secret, "/v1/events?follow=true")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 2 * n {
		if i == n {
			go func() {
				for i := range n {
					s.log.Append(note(n+i+1, 100))
				}
			}()
		}
		var e struct{ N int }
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &e) != nil || e.N != i+1 {
			t.Fatalf("line %d is %q (%v)", i+1, lines.Text(), lines.Err())
		}
	}
}

// note returns event n with a text of size bytes.
func note(n, size int) *session.Event {
	return &session.Event{N: uint64(n), Kind: session.Note, Text: strings.Repeat("x", size)}
}
