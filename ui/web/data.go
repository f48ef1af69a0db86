package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// Limits of what a page has of one command; the page says what is left out.
const (
	maxBytes = 4 << 10 // bytes that are shown
	maxValue = 4 << 10 // bytes of a value as text
	maxLinks = 12      // answers, and consequences
)

// data is what the script shows of each command. Texts that occur often stand in Texts once, and
// other parts name them by their index; names are short because there are many.
type data struct {
	Texts  []string     `json:"texts"`
	Conns  [][]any      `json:"conns"` // what the events of a connection have in common: see collector.conn
	Events []*eventData `json:"events"`
	Start  int64        `json:"start"` // Unix time in milliseconds, 0 for none
}

// eventData is one event. Numbers in square brackets of other events are their N.
type eventData struct {
	N        uint64   `json:"n"`
	Conn     int      `json:"c"`           // index in Conns
	Dir      string   `json:"d,omitempty"` // "C" or "S"
	Name     int      `json:"h"`           // its name, of Texts
	Means    int      `json:"m"`           // of Texts
	Form     int      `json:"g,omitempty"` // grammar and section, of Texts
	Time     int64    `json:"t,omitempty"` // microseconds after Start
	Flags    string   `json:"f,omitempty"`
	Text     string   `json:"x,omitempty"` // what there is to say in words
	In       *bytesOf `json:"i,omitempty"`
	Out      *bytesOf `json:"o,omitempty"`
	ReplyTo  uint64   `json:"r,omitempty"`
	RTT      string   `json:"w,omitempty"`
	Links    [][]any  `json:"k,omitempty"` // name of the link, of Texts, and number of the event
	Findings [][]any  `json:"l,omitempty"` // rule, severity, section, message
	State    []patch  `json:"z,omitempty"`
}

// bytesOf is one message: its bytes, and the spans that cover them: length, name and meaning, of
// Texts, and the value where it is not the bytes themselves.
type bytesOf struct {
	Raw   []byte  `json:"b"`
	Size  int     `json:"n,omitempty"` // of all bytes, where Raw has not all of them
	Spans [][]any `json:"s"`
}

// patch changes the lines of a state: those between the first Head and the last Tail lines are
// replaced by Lines. Key says whose state it is.
type patch struct {
	Key   string  `json:"k"`
	Head  int     `json:"h"`
	Tail  int     `json:"t"`
	Lines [][]any `json:"l"` // kind, name, value, note
}

// collector makes the data of events in their order.
type collector struct {
	m      *model.Model
	data   data
	texts  map[string]int
	infos  map[session.ConnInfo]map[int]int
	states map[string][]model.Fact
	users  map[string]*session.User // the latest of each state
	conns  map[int]int              // events of each connection
}

func newCollector(m *model.Model) *collector {
	c := &collector{
		m: m, texts: map[string]int{}, infos: map[session.ConnInfo]map[int]int{}, states: map[string][]model.Fact{},
		users: map[string]*session.User{}, conns: map[int]int{},
	}
	c.text("")
	if start := m.Start(); !start.IsZero() {
		c.data.Start = start.UnixMilli()
	}
	return c
}

// done returns the data of the events that were added.
func (c *collector) done() *data { return &c.data }

// text returns the index of a text.
func (c *collector) text(s string) int {
	i, ok := c.texts[s]
	if !ok {
		i = len(c.data.Texts)
		c.texts[s], c.data.Texts = i, append(c.data.Texts, s)
	}
	return i
}

// conn returns the index of what an event says of its connection.
func (c *collector) conn(e *session.Event) int {
	info := session.InfoOf(e)
	byConn := c.infos[info]
	if byConn == nil {
		byConn = map[int]int{}
		c.infos[info] = byConn
	}
	i, ok := byConn[e.Conn]
	if !ok {
		i = len(c.data.Conns)
		byConn[e.Conn] = i
		name := ""
		if e.Conn != 0 {
			name = model.ConnName(e)
		}
		c.data.Conns = append(c.data.Conns, []any{
			e.Conn, name, format.Printable(e.User), format.Printable(e.Dialect), e.Inferred, format.Printable(e.Client),
			format.Printable(e.Server), format.Printable(e.Session), e.Via, userKey(e),
		})
	}
	return i
}

// add adds the next event.
func (c *collector) add(e *session.Event) {
	c.conns[e.Conn]++
	d := &eventData{
		N: e.N, Conn: c.conn(e), Name: c.text(model.Called(e)), Text: format.Printable(e.Text), ReplyTo: e.ReplyTo,
	}
	for i, name := range e.Flags.Names() {
		if i > 0 {
			d.Flags += ", "
		}
		d.Flags += name
	}
	if !e.Time.IsZero() {
		d.Time = e.Time.Sub(c.m.Start()).Microseconds()
	}
	if e.ReplyTo != 0 {
		d.RTT = model.Short(e.RTT)
	}
	if e.Kind == session.Command {
		c.command(d, e)
	} else {
		d.Means = c.text(format.Summary(e))
	}
	for _, f := range e.Findings {
		d.Findings = append(d.Findings, []any{f.Rule, f.Severity, f.Section, f.Message})
	}
	c.links(d, e)
	c.state(d, e)
	c.data.Events = append(c.data.Events, d)
}

// command adds what only commands have.
func (c *collector) command(d *eventData, e *session.Event) {
	d.Dir = e.Dir.String()
	d.Means = c.text(format.CommandMeans(e))
	if e.In.Opaque() {
		d.Name, d.Means = c.text("bytes"), c.text(e.In.Why.String())
	}
	if e.Row != nil {
		form := e.Row.Grammar()
		if e.Row.Section != "" {
			form += "  §" + e.Row.Section
		}
		d.Form = c.text(form)
	}
	d.In = c.bytes(e)
	if e.Out != nil {
		sent := *e
		sent.In, sent.Out = e.Sent(), nil
		d.Out = c.bytes(&sent)
	}
}

// bytes returns the bytes of a received command, with what they mean.
func (c *collector) bytes(e *session.Event) *bytesOf {
	raw := e.In.Raw
	b := &bytesOf{Raw: raw, Spans: [][]any{}}
	if len(raw) > maxBytes {
		b.Raw, b.Size = raw[:maxBytes], len(raw)
	}
	for _, s := range partsOf(e) {
		span := []any{s.Size, c.text(s.Name), c.text(s.Means)}
		if s.Value != "" {
			span = append(span, s.Value)
		}
		b.Spans = append(b.Spans, span)
	}
	return b
}

// span is a part of a command: how many bytes it has, its name and meaning, and its value where it
// is not the bytes themselves.
type span struct {
	Size               int
	Name, Means, Value string
}

// partsOf returns the parts that cover a received command. Their texts are printable.
func partsOf(e *session.Event) []span {
	var all []span
	for _, s := range format.Spans(e) {
		value := format.Printable(s.Value[:min(len(s.Value), maxValue)])
		if len(s.Value) > maxValue {
			value += "…"
		}
		if value == string(e.In.Raw[s.From:s.To]) {
			value = ""
		}
		all = append(all, span{s.To - s.From, format.Printable(s.Name), format.Printable(s.Means), value})
	}
	return all
}

// links adds the numbers of the events that belong to an event.
func (c *collector) links(d *eventData, e *session.Event) {
	count := map[string]int{}
	for _, l := range c.m.Links(e) {
		if count[l.Name]++; count[l.Name] <= maxLinks {
			o := c.m.Event(l.To)
			if o == nil {
				continue
			}
			d.Links = append(d.Links, []any{c.text(l.Name), l.To, c.text(model.Called(o) + " at " + model.ConnName(o))})
		}
	}
}

// state adds how the state of the event's user and connection differs from the one that the page
// knows.
func (c *collector) state(d *eventData, e *session.Event) {
	if e.Conn == 0 {
		return
	}
	state := c.m.State(e.N)
	if u := state.User(e.User); e.User != "" && u != nil {
		key := userKey(e)
		if c.users[key] != u {
			c.users[key] = u
			c.patch(d, key, model.UserFacts(state, e.User))
		}
	}
	c.patch(d, strconv.Itoa(e.Conn), model.ConnFacts(state, e))
}

// userKey returns the key of the state of the event's user.
func userKey(e *session.Event) string { return "u" + strings.ToLower(format.Printable(e.User)) }

// patch adds the difference between the known lines of a state and its lines now.
func (c *collector) patch(d *eventData, key string, now []model.Fact) {
	was := c.states[key]
	if slices.Equal(was, now) {
		return
	}
	c.states[key] = now
	p := patch{Key: key, Lines: [][]any{}}
	for p.Head < min(len(was), len(now)) && was[p.Head] == now[p.Head] {
		p.Head++
	}
	for p.Tail < min(len(was), len(now))-p.Head && was[len(was)-1-p.Tail] == now[len(now)-1-p.Tail] {
		p.Tail++
	}
	for _, f := range now[p.Head : len(now)-p.Tail] {
		p.Lines = append(p.Lines, []any{f.Kind, c.text(f.Name), f.Value, c.text(f.Note)})
	}
	d.State = append(d.State, p)
}
