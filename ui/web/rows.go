package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// maxAsked is how many rows a page may ask for at a time: some screens full.
const maxAsked = 500

// answers has what a page may ask, by path.
var answers = map[string]func(*view, *http.Request) (any, error){
	"rows": (*view).rows, "detail": (*view).detail, "complete": (*view).complete,
}

// row is a row of the list.
type row struct {
	N     uint64   `json:"n"`
	Class string   `json:"k"` // as in the ladder: "c" from a client, "s" from a server, "e" an error, "o" no command
	Cells []string `json:"c"` // of the columns, and the summary
	RTT   string   `json:"w,omitempty"`
	Signs string   `json:"s,omitempty"`
	Why   string   `json:"y,omitempty"` // what the signs mean
}

// rows returns the rows from one on.
func (v *view) rows(r *http.Request) (any, error) {
	from, err := number(r, "from", 0, 1<<31)
	if err != nil {
		return nil, err
	}
	n, err := number(r, "count", 1, maxAsked)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	all := []*row{}
	for i := from; i < min(from+n, v.model.Lines()); i++ {
		all = append(all, v.rowLocked(i))
	}
	return map[string]any{"from": from, "rows": all}, nil
}

func (v *view) rowLocked(i int) *row {
	m := v.model
	e := m.Line(i)
	r := &row{N: e.N, Class: classOf(e)}
	for _, name := range model.UsualColumns() {
		c, _ := model.ColumnNamed(name)
		r.Cells = append(r.Cells, c.Text(m, i, e))
	}
	r.Cells = append(r.Cells, model.Says(e))
	if e.ReplyTo != 0 {
		r.RTT = model.Short(e.RTT)
	}
	r.Signs, r.Why = signsOf(m, e)
	return r
}

// classOf returns the style of a row: what it is, as the page of flow has it.
func classOf(e *session.Event) string {
	switch {
	case e.Flags&(session.Error|session.Missing) != 0:
		return "e"
	case e.Kind != session.Command:
		return "o"
	case e.Dir == decode.FromClient:
		return "c"
	}
	return "s"
}

// signsOf returns the signs of a row, and what they mean.
func signsOf(m *model.Model, e *session.Event) (signs, why string) {
	flags := e.Flags &^ session.Error // which the row's colour and its text say
	if len(m.Findings(e.N)) > 0 {
		flags |= session.Lint
	}
	var words []string
	for _, s := range model.Signs(flags) {
		signs += s.Glyph
		words = append(words, s.Means)
	}
	return signs, strings.Join(words, "; ")
}

// detail is everything that is known of an event.
type detail struct {
	N        uint64       `json:"n"`
	Name     string       `json:"name"`
	Means    string       `json:"means"`
	Form     string       `json:"form,omitempty"`
	Class    string       `json:"k"`
	Facts    [][2]string  `json:"facts"` // names and values
	Links    []link       `json:"links,omitempty"`
	Findings []finding    `json:"findings,omitempty"`
	Text     []string     `json:"text,omitempty"` // the lines that people read
	In       *bytesDetail `json:"in,omitempty"`
	Out      *bytesDetail `json:"out,omitempty"`
}

type link struct {
	Name  string `json:"name"`
	N     uint64 `json:"n"`
	Label string `json:"label"`
}

type finding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Text     string `json:"text"`
}

// bytesDetail is one message, in the form that the script's fields takes.
type bytesDetail struct {
	Raw   []byte  `json:"b"`
	Size  int     `json:"n,omitempty"`
	Spans [][]any `json:"s"`
}

// detail returns what is known of the event with a number, of the selected one without.
func (v *view) detail(r *http.Request) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, e := v.model.Selected()
	if r.FormValue("n") != "" {
		n, err := number(r, "n", 1, 1<<53)
		if err != nil {
			return nil, err
		}
		e = v.model.Event(uint64(n))
	}
	if e == nil {
		return &detail{}, nil
	}
	return detailOf(v.model, e), nil
}

func detailOf(m *model.Model, e *session.Event) *detail {
	d := &detail{N: e.N, Name: model.Called(e), Means: format.Summary(e), Class: classOf(e)}
	if e.Kind == session.Command {
		d.command(e)
	}
	for _, f := range m.Findings(e.N) {
		severity := f.Severity
		if f.Section != "" {
			severity += " §" + f.Section
		}
		text := f.Rule + " (" + severity + "): " + format.Printable(f.Message)
		d.Findings = append(d.Findings, finding{f.Rule, f.Severity, text})
	}
	for _, l := range m.Links(e) {
		if o := m.Event(l.To); o != nil {
			d.Links = append(d.Links, link{l.Name, l.To, model.Called(o) + " at " + model.ConnName(o)})
		}
	}
	d.Facts = factsOf(m, e)
	return d
}

// command adds what only commands have.
func (d *detail) command(e *session.Event) {
	d.Means = format.CommandMeans(e)
	if e.In.Opaque() {
		d.Name, d.Means = "bytes", e.In.Why.String()
	}
	if e.Row != nil {
		if d.Form = e.Row.Grammar(); e.Row.Section != "" {
			d.Form += "  §" + e.Row.Section
		}
	}
	d.In = bytesDetailOf(e)
	if e.Out != nil {
		sent := *e
		sent.In, sent.Out = e.Sent(), nil
		d.Out = bytesDetailOf(&sent)
	}
	if b := body.Of(&e.In); e.In.Payload() != nil && !e.In.Opaque() && b.Readable() {
		text, _ := b.Text()
		text = strings.ToValidUTF8(text[:min(len(text), maxValue)], "")
		for l := range strings.Lines(strings.TrimRight(text, "\r\n")) {
			d.Text = append(d.Text, format.Printable(strings.TrimRight(l, "\r\n")))
		}
	}
}

func bytesDetailOf(e *session.Event) *bytesDetail {
	raw := e.In.Raw
	d := &bytesDetail{Raw: raw[:min(len(raw), maxBytes)], Spans: [][]any{}}
	if len(raw) > maxBytes {
		d.Size = len(raw)
	}
	for _, s := range partsOf(e) {
		d.Spans = append(d.Spans, []any{s.Size, s.Name, s.Means, s.Value})
	}
	return d
}

// factsOf returns when and where an event was, and what was done to it.
func factsOf(m *model.Model, e *session.Event) [][2]string {
	var all [][2]string
	add := func(name, value string) {
		if value != "" {
			all = append(all, [2]string{name, value})
		}
	}
	if e.Kind == session.Command {
		way := "server to client"
		if e.Dir == decode.FromClient {
			way = "client to server"
		}
		add("way", way)
		add("by", format.Printable(e.Text))
	}
	if !e.Time.IsZero() {
		add("time", e.Time.Local().Format("2006-01-02 15:04:05.000")+"  +"+model.Since(e.Time.Sub(m.Start())))
	}
	if e.ReplyTo != 0 {
		add("answered after", model.Short(e.RTT))
	}
	add("flags", strings.Join(e.Flags.Names(), ", "))
	if e.Conn != 0 {
		add("connection", model.ConnName(e))
		dialect := format.Printable(e.Dialect)
		if e.Inferred && dialect != "" {
			dialect += " (inferred)"
		}
		add("dialect", dialect)
		add("client", format.Printable(format.Address(e.Client, e.ClientName)))
		add("server", format.Printable(format.Address(e.Server, e.ServerName)))
		if e.Via != 0 {
			add("led here by", fmt.Sprintf("connection %d", e.Via))
		}
	}
	add("user", format.Printable(e.User))
	add("session", format.Printable(e.Session))
	add("packets", e.Packets.String())
	add("file", format.Printable(e.File))
	return all
}

// completion says how a filter may go on.
type completion struct {
	Before  string   `json:"before"` // what stands before the word that a choice replaces
	Common  string   `json:"common"` // what all choices begin with
	Choices []string `json:"choices"`
	Error   string   `json:"error,omitempty"`  // what is wrong with it as it stands
	Advice  string   `json:"advice,omitempty"` // what was probably meant
}

// complete returns how a filter may go on where the cursor is, which is at the end of text.
func (v *view) complete(r *http.Request) (any, error) {
	text := r.FormValue("text")
	c := filter.Complete(text, len(text))
	reply := &completion{Before: text[:c.Start], Common: c.Common(), Choices: c.Choices}
	if f, err := filter.Compile(strings.TrimSpace(r.FormValue("whole"))); err != nil {
		reply.Error = format.Printable(err.Error())
	} else {
		reply.Advice = f.Advice()
	}
	return reply, nil
}
