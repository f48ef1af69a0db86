package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/proxy/intercept"
)

// route is one row of the table of the API.
type route struct {
	method, path, summary string
	query                 []param
	body, reply           any    // values of the types of the JSON; nil for none
	media                 string // media type of an answer that is not JSON
	do                    func(*Server, http.ResponseWriter, *http.Request) error
}

// param is a query parameter.
type param struct{ name, kind, help string }

func routes() []route {
	return []route{
		{
			method: "GET", path: "/v1/openapi.json", summary: "this API, as an OpenAPI document",
			reply: json.RawMessage{}, do: (*Server).openAPI,
		},
		{
			method: "GET", path: "/v1/stats",
			summary: "statistics: events, connections, held commands, hits of faults, signs of a bypass",
			reply:   jsonStats{}, do: (*Server).stats,
		},
		{
			method: "GET", path: "/v1/connections", summary: "the open connections",
			reply: jsonConnections{}, do: (*Server).connections,
		},
		{
			method: "POST", path: "/v1/connections/{id}/kill", summary: "end a connection on both sides",
			reply: jsonOK{}, do: (*Server).kill,
		},
		{
			method: "GET", path: "/v1/events",
			summary: "events as JSON lines, as with -T jsonl; with follow also new ones, until the caller hangs up",
			query: []param{
				{"filter", "string", "an expression of the filter language; default: all events"},
				{"from", "integer", "the number of the first event; default: 1"},
				{"limit", "integer", "the greatest number of lines; default: 1000, with follow no limit"},
				{"follow", "boolean", "go on with new events as they come"},
			},
			media: "application/x-ndjson", do: (*Server).events,
		},
		{
			method: "GET", path: "/v1/recording",
			summary: "all events as a pcapng recording, which goes on with new ones as they come",
			query: []param{
				{
					"lease", "boolean",
					"when the last caller with a lease hangs up, held commands are sent on and none is held any more",
				},
			},
			media: "application/x-pcapng", do: (*Server).recording,
		},
		{
			method: "GET", path: "/v1/held", summary: "the held commands, the oldest first",
			reply: jsonHeldList{}, do: (*Server).held,
		},
		{
			method: "POST", path: "/v1/held/release", summary: "send all held commands on",
			reply: jsonOK{}, do: (*Server).releaseAll,
		},
		{
			method: "POST", path: "/v1/held/{id}/release", summary: "send a held command on unchanged",
			reply: jsonOK{}, do: (*Server).release,
		},
		{
			method: "POST", path: "/v1/held/{id}/drop", summary: "drop a held command",
			reply: jsonOK{}, do: (*Server).drop,
		},
		{
			method: "POST", path: "/v1/held/{id}/duplicate", summary: "send a held command on unchanged, twice",
			reply: jsonOK{}, do: (*Server).duplicate,
		},
		{
			method: "POST", path: "/v1/held/{id}/edit", summary: "replace a held command",
			body: jsonEdit{}, reply: jsonOK{}, do: (*Server).edit,
		},
		{
			method: "GET", path: "/v1/intercept", summary: "the expression of what is held",
			reply: jsonExpr{}, do: (*Server).intercepting,
		},
		{
			method: "PUT", path: "/v1/intercept",
			summary: "hold commands that match the expression from now on; an empty one holds nothing",
			body:    jsonExpr{}, reply: jsonOK{}, do: (*Server).intercept,
		},
		{
			method: "POST", path: "/v1/inject", summary: "send a command",
			body: jsonInjection{}, reply: jsonOK{}, do: (*Server).inject,
		},
		{
			method: "GET", path: "/v1/faults", summary: "the faults, and how often each has hit",
			reply: jsonFaults{}, do: (*Server).faults,
		},
		{
			method: "POST", path: "/v1/faults", summary: "add a fault, in the form of --fault",
			body: jsonRule{}, reply: jsonOK{}, do: (*Server).addFault,
		},
		{
			method: "DELETE", path: "/v1/faults/{index}", summary: "remove a fault, by its index in the list",
			reply: jsonOK{}, do: (*Server).removeFault,
		},
		{method: "GET", path: "/v1/map", summary: "the mappings", reply: jsonRules{}, do: (*Server).mappings},
		{
			method: "PUT", path: "/v1/map", summary: "replace all mappings, in the form of --map",
			body: jsonRules{}, reply: jsonOK{}, do: (*Server).setMappings,
		},
	}
}

// allows returns an error for a request with a query parameter that the route does not know, or
// with a body that it does not read: it would do something other than the caller meant.
func (r *route) allows(req *http.Request) error {
	for name, values := range req.URL.Query() {
		i := slices.IndexFunc(r.query, func(p param) bool { return p.name == name })
		if i < 0 {
			return fmt.Errorf("%s has no parameter %q", r.path, name)
		}
		if _, err := strconv.ParseBool(values[0]); r.query[i].kind == "boolean" && err != nil {
			return fmt.Errorf("%s=%q: it must be true or false", name, values[0])
		}
	}
	if r.body == nil && req.ContentLength != 0 {
		return fmt.Errorf("%s %s takes no body", r.method, r.path)
	}
	return nil
}

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) error {
	bypassed, latest := s.o.Proxy.Bypassed()
	answer(w, http.StatusOK, jsonStats{
		Events: s.o.Log.Len(), Open: len(s.o.Proxy.Conns()),
		Held: len(s.o.Controls.Held()), Faults: faultsOf(s.o.Controls),
		Bypassed: bypassed, LatestBypass: latest,
	})
	return nil
}

func (s *Server) connections(w http.ResponseWriter, _ *http.Request) error {
	all := []jsonConnection{}
	for _, c := range s.o.Proxy.Conns() {
		info := c.Info()
		all = append(all, jsonConnection{
			ID: c.ID(), Client: c.Client(), Server: c.Server(), Role: info.Role.String(), Dialect: info.Table.Name(),
			User: info.User, Session: info.Session,
		})
	}
	slices.SortFunc(all, func(a, b jsonConnection) int { return a.ID - b.ID })
	answer(w, http.StatusOK, jsonConnections{all})
	return nil
}

// number parses a number in the path.
func number(r *http.Request, name string) (int, error) {
	n, err := strconv.Atoi(r.PathValue(name))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s must be a number, not %q", name, r.PathValue(name))
	}
	return n, nil
}

func (s *Server) kill(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Controls.Kill(id)
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func faultsOf(b *intercept.Controls) []jsonFault {
	all := []jsonFault{}
	for _, f := range b.Faults() {
		all = append(all, jsonFault{f.String(), f.Hits()})
	}
	return all
}

func (s *Server) faults(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, jsonFaults{faultsOf(s.o.Controls)})
	return nil
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) error {
	j, err := read[jsonRule](s, r)
	if err == nil {
		err = s.o.Controls.AddFault(j.Rule)
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
	if !s.o.Controls.RemoveFault(i) {
		return &problem{http.StatusNotFound, fmt.Errorf("there is no fault %d", i)}
	}
	return ok(w)
}

func (s *Server) mappings(w http.ResponseWriter, _ *http.Request) error {
	rules := []string{}
	for _, m := range s.o.Controls.Mappings() {
		rules = append(rules, m.String())
	}
	answer(w, http.StatusOK, jsonRules{rules})
	return nil
}

func (s *Server) setMappings(w http.ResponseWriter, r *http.Request) error {
	j, err := read[jsonRules](s, r)
	if err != nil {
		return err
	}
	if n := len(j.Rules); n > intercept.MaxMappings {
		return fmt.Errorf("%d mappings are too many: at most %d are possible", n, intercept.MaxMappings)
	}
	var all []*intercept.Mapping
	for _, text := range j.Rules {
		m, err := intercept.ParseMapping(text)
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	s.o.Controls.Map(all)
	return ok(w)
}
