package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// route is one thing that can be asked for.
type route struct {
	method, path, summary string
	query                 []param
	body, reply           string // names of schemas
	do                    func(*Server, http.ResponseWriter, *http.Request) error
}

// param is a parameter of the query.
type param struct{ name, kind, help string }

func routes() []route {
	return []route{
		{method: "GET", path: "/v1/openapi.json", summary: "this API, as an OpenAPI document", reply: "Any", do: (*Server).openAPI},
		{method: "GET", path: "/v1/stats", summary: "figures: events, connections, what is held, hits of faults, clients that went around", reply: "Stats", do: (*Server).stats},
		{method: "GET", path: "/v1/connections", summary: "the connections that are open", reply: "Connections", do: (*Server).connections},
		{method: "POST", path: "/v1/connections/{id}/kill", summary: "end a connection on both sides", reply: "OK", do: (*Server).kill},
		{
			method: "GET", path: "/v1/events", summary: "events as JSON lines, those of -T jsonl; with follow as they come, until the caller hangs up",
			query: []param{
				{"filter", "string", "an expression of the filter language; all without it"},
				{"from", "integer", "the number of the first event; 1 without it"},
				{"limit", "integer", "at most so many lines; 1000 without it, no limit with follow"},
				{"follow", "boolean", "go on with the events that come"},
			},
			reply: "Lines", do: (*Server).events,
		},
		{
			method: "GET", path: "/v1/recording", summary: "all events as a pcapng recording, which goes on as they come",
			query: []param{{"lease", "boolean", "when the last caller with a lease hangs up, all held commands go on and nothing more is held"}},
			reply: "Recording", do: (*Server).recording,
		},
		{method: "GET", path: "/v1/held", summary: "the commands that wait, the oldest first", reply: "Held", do: (*Server).held},
		{method: "POST", path: "/v1/held/release", summary: "let all of them go on", reply: "OK", do: (*Server).releaseAll},
		{method: "POST", path: "/v1/held/{id}/release", summary: "let one go on as it is", reply: "OK", do: (*Server).release},
		{method: "POST", path: "/v1/held/{id}/drop", summary: "do not send one on", reply: "OK", do: (*Server).drop},
		{method: "POST", path: "/v1/held/{id}/duplicate", summary: "let one go on as it is, and once more", reply: "OK", do: (*Server).duplicate},
		{method: "POST", path: "/v1/held/{id}/edit", summary: "send something else in place of one", body: "Edit", reply: "OK", do: (*Server).edit},
		{method: "GET", path: "/v1/intercept", summary: "what is held", reply: "Expr", do: (*Server).intercepting},
		{method: "PUT", path: "/v1/intercept", summary: "hold what the expression matches from now on; an empty one holds nothing", body: "Expr", reply: "OK", do: (*Server).intercept},
		{method: "POST", path: "/v1/inject", summary: "send a command", body: "Injection", reply: "OK", do: (*Server).inject},
		{method: "GET", path: "/v1/faults", summary: "the faults, and how often each hit", reply: "Faults", do: (*Server).faults},
		{method: "POST", path: "/v1/faults", summary: "add a fault, as --fault has it", body: "Rule", reply: "OK", do: (*Server).addFault},
		{method: "DELETE", path: "/v1/faults/{index}", summary: "take a fault out, by its place in the list", reply: "OK", do: (*Server).removeFault},
		{method: "GET", path: "/v1/map", summary: "the mappings", reply: "Rules", do: (*Server).mappings},
		{method: "PUT", path: "/v1/map", summary: "replace all mappings, as --map has them", body: "Rules", reply: "OK", do: (*Server).setMappings},
	}
}

// allows returns what is wrong with the parameters of a query: one that is misspelt would do something else than was meant.
func (r *route) allows(query url.Values) error {
	for name, values := range query {
		i := slices.IndexFunc(r.query, func(p param) bool { return p.name == name })
		if i < 0 {
			return fmt.Errorf("%s has no parameter %q", r.path, name)
		}
		if _, err := strconv.ParseBool(values[0]); r.query[i].kind == "boolean" && err != nil {
			return fmt.Errorf("%s=%q: it must be true or false", name, values[0])
		}
	}
	return nil
}

// The JSON of requests and answers.
type (
	jsonConnection struct {
		ID      int    `json:"id"`
		Client  string `json:"client"`
		Server  string `json:"server"`
		Role    string `json:"role"`
		Dialect string `json:"dialect"`
		User    string `json:"user,omitempty"`
		Session string `json:"session,omitempty"`
	}
	jsonHeld struct {
		ID    uint64          `json:"id"`
		Since time.Time       `json:"since"`
		Until time.Time       `json:"until"`
		Gone  bool            `json:"gone,omitempty"`
		Event json.RawMessage `json:"event"`
		In    []byte          `json:"in"`            // base64
		Out   []byte          `json:"out,omitempty"` // base64
	}
	jsonEdit struct {
		Args    map[string]string `json:"args,omitempty"`
		Payload *string           `json:"payload,omitempty"`
		Raw     []string          `json:"raw,omitempty"`
		Base64  [][]byte          `json:"base64,omitempty"`
	}
	jsonExpr struct {
		Expr string `json:"expr"`
	}
	jsonInjection struct {
		Conn   int    `json:"conn"`
		Dir    string `json:"dir"`
		Text   string `json:"text"`
		Anyway bool   `json:"anyway,omitempty"`
	}
	jsonRule struct {
		Rule string `json:"rule"`
	}
	jsonRules struct {
		Rules []string `json:"rules"`
	}
	jsonFault struct {
		Rule string `json:"rule"`
		Hits int    `json:"hits"`
	}
	jsonStats struct {
		Events       int         `json:"events"`
		Open         int         `json:"open"`
		Held         int         `json:"held"`
		Faults       []jsonFault `json:"faults"`
		Bypassed     int         `json:"bypassed"`
		LatestBypass string      `json:"latest_bypass,omitempty"`
	}
)

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) error {
	bypassed, latest := s.o.Proxy.Bypassed()
	answer(w, http.StatusOK, jsonStats{
		Events: s.o.Log.Len(), Open: len(s.o.Proxy.Conns()), Held: len(s.o.Bench.Held()), Faults: faultsOf(s.o.Bench),
		Bypassed: bypassed, LatestBypass: latest,
	})
	return nil
}

func (s *Server) connections(w http.ResponseWriter, _ *http.Request) error {
	all := []jsonConnection{}
	for _, c := range s.o.Proxy.Conns() {
		about := c.About()
		all = append(all, jsonConnection{
			ID: c.ID(), Client: c.Client(), Server: c.Server(), Role: about.Role.String(), Dialect: about.Table.Name(), User: about.User,
			Session: about.Session,
		})
	}
	slices.SortFunc(all, func(a, b jsonConnection) int { return a.ID - b.ID })
	answer(w, http.StatusOK, map[string]any{"connections": all})
	return nil
}

// number reads a number of the path.
func number(r *http.Request, name string) (int, error) {
	n, err := strconv.Atoi(r.PathValue(name))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is no number: %q", name, r.PathValue(name))
	}
	return n, nil
}

func (s *Server) kill(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Bench.Kill(id)
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) held(w http.ResponseWriter, _ *http.Request) error {
	all := []jsonHeld{}
	for _, h := range s.o.Bench.Held() {
		all = append(all, jsonHeld{
			ID: h.ID, Since: h.Since, Until: h.Until, Gone: h.Gone, Event: format.AppendJSON(nil, h.Event), In: h.Event.In.Raw, Out: h.Event.Out,
		})
	}
	answer(w, http.StatusOK, map[string]any{"held": all})
	return nil
}

func (s *Server) releaseAll(w http.ResponseWriter, _ *http.Request) error {
	for _, h := range s.o.Bench.Held() {
		if err := s.o.Bench.Release(h.ID); err != nil && !errors.Is(err, steer.ErrGone) {
			return err
		}
	}
	return ok(w)
}

func (s *Server) release(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Bench.Release(uint64(id))
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) drop(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Bench.Replace(uint64(id))
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) duplicate(w http.ResponseWriter, r *http.Request) error {
	h, err := s.waiting(r)
	if err != nil {
		return err
	}
	raw := h.Event.Sent().Raw
	if err := s.o.Bench.Replace(h.ID, raw, raw); err != nil {
		return err
	}
	return ok(w)
}

// waiting returns the held command that a request is about.
func (s *Server) waiting(r *http.Request) (steer.Held, error) {
	id, err := number(r, "id")
	if err != nil {
		return steer.Held{}, err
	}
	for _, h := range s.o.Bench.Held() {
		if h.ID == uint64(id) {
			return h, nil
		}
	}
	return steer.Held{}, steer.ErrGone
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request) error {
	h, err := s.waiting(r)
	if err != nil {
		return err
	}
	var e jsonEdit
	if err := read(r, &e); err != nil {
		return err
	}
	raw, err := e.apply(h.Event)
	if err != nil {
		return err
	}
	if err := s.o.Bench.Replace(h.ID, raw...); err != nil {
		return err
	}
	return ok(w)
}

// apply returns what shall be sent in place of a held command.
func (e *jsonEdit) apply(held *session.Event) ([][]byte, error) {
	raw := e.Base64
	for _, text := range e.Raw {
		b, err := steer.Typed(text)
		if err != nil {
			return nil, err
		}
		raw = append(raw, b)
	}
	fields := len(e.Args) > 0 || e.Payload != nil
	switch {
	case len(raw) > 0 && !fields:
		return raw, nil
	case len(raw) > 0 || !fields:
		return nil, errors.New("an edit has either args and payload, or raw")
	case held.Row == nil:
		return nil, errors.New("nobody knows the form of this command: edit it as raw")
	}
	edit := dialect.Edit{Args: e.Args}
	if e.Payload != nil {
		edit.Payload = append([]byte{}, *e.Payload...)
	}
	m := held.Sent()
	one, err := held.Row.Apply(&m, edit)
	return [][]byte{one}, err
}

func (s *Server) intercepting(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, jsonExpr{s.o.Bench.Intercepting()})
	return nil
}

func (s *Server) intercept(w http.ResponseWriter, r *http.Request) error {
	var e jsonExpr
	err := read(r, &e)
	if err == nil {
		err = s.o.Bench.Intercept(e.Expr)
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) inject(w http.ResponseWriter, r *http.Request) error {
	var j jsonInjection
	if err := read(r, &j); err != nil {
		return err
	}
	in := steer.Injection{Conn: j.Conn, Text: j.Text, Anyway: j.Anyway}
	switch j.Dir {
	case "C":
		in.Dir = decode.FromClient
	case "S":
		in.Dir = decode.FromServer
	default:
		return fmt.Errorf(`dir is %q: it must be "C", as if the client had sent it, or "S"`, j.Dir)
	}
	if err := s.o.Bench.Inject(in); err != nil {
		return err
	}
	return ok(w)
}

func faultsOf(b *intercept.Bench) []jsonFault {
	all := []jsonFault{}
	for _, f := range b.Faults() {
		all = append(all, jsonFault{f.String(), f.Hits()})
	}
	return all
}

func (s *Server) faults(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{"faults": faultsOf(s.o.Bench)})
	return nil
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) error {
	var j jsonRule
	err := read(r, &j)
	if err == nil {
		err = s.o.Bench.AddFault(j.Rule)
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) removeFault(w http.ResponseWriter, r *http.Request) error {
	i, err := number(r, "index")
	if err != nil {
		return err
	}
	if !s.o.Bench.RemoveFault(i) {
		return &problem{http.StatusNotFound, fmt.Errorf("there is no fault %d", i)}
	}
	return ok(w)
}

func (s *Server) mappings(w http.ResponseWriter, _ *http.Request) error {
	rules := []string{}
	for _, m := range s.o.Bench.Mappings() {
		rules = append(rules, m.String())
	}
	answer(w, http.StatusOK, jsonRules{rules})
	return nil
}

func (s *Server) setMappings(w http.ResponseWriter, r *http.Request) error {
	var j jsonRules
	if err := read(r, &j); err != nil {
		return err
	}
	var all []*intercept.Mapping
	for _, text := range j.Rules {
		m, err := intercept.ParseMapping(text)
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	s.o.Bench.Map(all)
	return ok(w)
}
