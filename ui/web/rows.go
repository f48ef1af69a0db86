package web

import (
	"bytes"
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
	"rows": (*view).rows, "detail": (*view).detail, "complete": (*view).complete, "tree": (*view).tree,
	"figures": (*view).figures, "edit": (*view).editing,
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

// window returns which of n rows a page asks for.
func window(r *http.Request, n int) (from, to int, err error) {
	if from, err = number(r, "from", 0, 1<<31); err != nil {
		return 0, 0, err
	}
	count, err := number(r, "count", 1, maxAsked)
	return from, min(from+count, n), err
}

// rows returns the rows from one on, as the view shows them. A ladder has as many lanes as the page
// has room for.
func (v *view) rows(r *http.Request) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m := v.model
	from, to, err := window(r, m.Lines())
	if err != nil {
		return nil, err
	}
	all := []any{}
	reply := map[string]any{"from": from, "face": v.face}
	var l *model.Ladder
	if v.face == ladderFace {
		room, err := number(r, "lanes", 1, 1000)
		if err != nil {
			return nil, err
		}
		l = m.Fitting(func(l *model.Ladder) bool { return len(l.Lanes) <= room })
		reply["lanes"] = lanesOf(l)
	}
	for i := from; i < to; i++ {
		h, held := m.HeldLine(i)
		switch {
		case v.face == ladderFace && held:
			rung := rungOf(m, l, h.Event, i)
			rung.Time, rung.Signs = model.HeldFor(v.live.o.Now().Sub(h.Since)), "⏸"+rung.Signs
			all = append(all, rung)
		case v.face == ladderFace:
			all = append(all, rungOf(m, l, m.CheckedRow(i), i))
		case v.face == talkFace && !held:
			all = append(all, saidOf(m, i))
		default:
			all = append(all, v.rowLocked(i))
		}
	}
	reply["rows"] = all
	return reply, nil
}

// lanesOf returns the names and notes of the lanes.
func lanesOf(l *model.Ladder) [][2]string {
	all := [][2]string{}
	for i := range l.Lanes {
		name, note := l.Lanes[i].Title()
		all = append(all, [2]string{name, note})
	}
	return all
}

// said is a line of a conversation.
type said struct {
	N     uint64   `json:"n"`
	Clock string   `json:"clock"`
	Class string   `json:"k"` // "c" by the user of the connection, "s" by others, "e" for what failed, "o" else
	Who   string   `json:"who,omitempty"`
	Lines []string `json:"lines"`
	Note  string   `json:"note,omitempty"`
}

// maxSaid is how many lines of a text a conversation has; the detail has more.
const maxSaid = 50

func saidOf(m *model.Model, i int) *said {
	e, words := m.Row(i), m.Said(i)
	s := &said{N: e.N, Clock: e.Time.Local().Format("15:04:05"), Class: "o"}
	switch {
	case words.Bad():
		s.Class = "e"
	case words.Own && (words.Wrote() || words.Moved()):
		s.Class = "c"
	case words.Wrote() || words.Moved():
		s.Class = "s"
	}
	if !words.Wrote() {
		s.Lines = []string{words.Happened(e.User)}
		return s
	}
	s.Who, s.Note = model.KnownAs(words.Who, e.User), words.Look()
	if words.Failed {
		s.Note = "not delivered"
	}
	s.Lines = linesOf(words.Text)
	return s
}

// linesOf returns the printable lines of a text, the first maxSaid of them.
func linesOf(text string) []string {
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue], "") + "…"
	}
	all := []string{}
	for l := range strings.Lines(strings.TrimRight(text, "\r\n")) {
		if len(all) == maxSaid {
			return append(all, "…")
		}
		all = append(all, format.Printable(strings.TrimRight(l, "\r\n")))
	}
	return all
}

// branch is a line of the tree of sessions.
type branch struct {
	Text   string `json:"text"`
	Depth  int    `json:"depth"`
	Open   bool   `json:"open"`
	Group  bool   `json:"group"`  // it stands for several connections
	Folded bool   `json:"folded"` // and they are not shown
	Counts string `json:"counts"`
	Class  string `json:"k"`
}

// tree returns lines of the tree.
func (v *view) tree(r *http.Request) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	rows := v.model.Tree()
	from, to, err := window(r, len(rows))
	if err != nil {
		return nil, err
	}
	all := []branch{}
	for i := from; i < to; i++ {
		all = append(all, branchOf(&rows[i]))
	}
	return map[string]any{"from": from, "rows": all}, nil
}

func branchOf(r *model.TreeRow) branch {
	b := branch{
		Depth: r.Depth, Open: r.Open > 0, Group: r.Conn == nil, Folded: r.Folded, Counts: model.Thousands(r.Commands),
		Class: "o",
	}
	if r.Findings > 0 {
		b.Counts, b.Class = fmt.Sprintf("%d⚠ %s", r.Findings, b.Counts), "w"
	}
	if r.Errors > 0 {
		b.Counts, b.Class = fmt.Sprintf("%d! %s", r.Errors, b.Counts), "e"
	}
	switch {
	case r.Conn != nil:
		b.Open, b.Text = !r.Conn.Closed, r.Conn.Title()
		if r.Conn.Waits != "" {
			b.Text += " … " + format.Printable(r.Conn.Waits)
		}
	case r.Logon:
		b.Text = "logon at " + r.Begun.Local().Format("15:04:05")
	case r.Scope == model.Scope{}:
		b.Text = "all"
	default:
		b.Text = format.Printable(r.Name)
	}
	return b
}

// maxFigures is how many rows of a table a page gets, more than anybody reads.
const maxFigures = 500

// figureRow is a row of a table of statistics.
type figureRow struct {
	Name   string   `json:"name"`
	Filter string   `json:"filter,omitempty"`
	Shown  []string `json:"shown"`
	Share  float64  `json:"share"` // of the largest value by which the table is sorted, from 0 to 1
}

// figures returns a table of statistics, and the commands over the time.
func (v *view) figures(r *http.Request) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, err := number(r, "table", 0, len(model.Tables)-1)
	if err != nil {
		return nil, err
	}
	t := &model.Tables[at]
	column := t.Sorted
	if r.FormValue("sort") != "" {
		if column, err = number(r, "sort", 0, len(t.Columns)-1); err != nil {
			return nil, err
		}
	}
	var names []string
	for i := range model.Tables {
		names = append(names, model.Tables[i].Name)
	}
	rows, most, by := t.Sort(v.model, column, r.FormValue("up") == "true"), 0.0, max(0, column-1)
	for i := range rows {
		most = max(most, rows[i].Values[by])
	}
	shown := []figureRow{}
	for i := range rows[:min(len(rows), maxFigures)] {
		f := figureRow{Name: rows[i].Name, Filter: rows[i].Filter, Shown: rows[i].Shown}
		if most > 0 {
			f.Share = rows[i].Values[by] / most
		}
		shown = append(shown, f)
	}
	rates := &v.model.Figures().Rates
	return map[string]any{
		"tables": names, "columns": t.Columns, "sorted": column, "rows": shown, "more": len(rows) - len(shown),
		"rates": map[string]any{"each": rates.Each.Seconds(), "commands": rates.Commands, "errors": rates.Errors},
	}, nil
}

func (v *view) rowLocked(i int) *row {
	m := v.model
	e := m.Line(i)
	r := &row{N: e.N, Class: model.Class(e)}
	for _, name := range model.UsualColumns() {
		c, _ := model.ColumnNamed(name)
		r.Cells = append(r.Cells, c.Text(m, i, e))
	}
	if h, held := m.HeldLine(i); held {
		r.Cells[0], r.Cells[1] = "⏸", model.HeldFor(v.live.o.Now().Sub(h.Since))
	}
	r.Cells = append(r.Cells, model.Says(e))
	if e.ReplyTo != 0 {
		r.RTT = model.Short(e.RTT)
	}
	r.Signs, r.Why = signsOf(m, e)
	return r
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
	Sent     []string     `json:"sent,omitempty"` // those that were sent on in their place
	In       *bytesDetail `json:"in,omitempty"`
	Out      *bytesDetail `json:"out,omitempty"`
	Warnings []string     `json:"warnings,omitempty"`
	State    [][]any      `json:"state,omitempty"` // in the form that the script's facts takes
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

// detail returns what is known of the selected event, or the state after it.
func (v *view) detail(r *http.Request) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, e := v.model.Selected()
	switch {
	case e == nil:
		return &detail{}, nil
	case r.FormValue("tab") == "state":
		return stateAfter(v.model, e), nil
	}
	return detailOf(v.model, e), nil
}

// stateAfter returns the state after an event.
func stateAfter(m *model.Model, e *session.Event) *detail {
	d := &detail{N: e.N, Name: model.Called(e), Class: model.Class(e)}
	if e.N == 0 {
		d.Warnings = []string{"It is held: it has changed nothing yet."}
		return d
	}
	all, warnings := m.StateFacts(e)
	d.Warnings = warnings
	for _, f := range all {
		d.State = append(d.State, []any{f.Kind, f.Name, f.Value, f.Note})
	}
	return d
}

func detailOf(m *model.Model, e *session.Event) *detail {
	d := &detail{N: e.N, Name: model.Called(e), Means: format.Summary(e), Class: model.Class(e)}
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
	if e.N == 0 {
		d.Facts = append(d.Facts, [2]string{"⏸ held", "it has not gone on: a lets it, e edits it, x drops it"})
	}
	for _, l := range linksOf(m, e) {
		if o := m.Event(l.To); o != nil {
			d.Links = append(d.Links, link{l.Name, l.To, model.Called(o) + " at " + model.ConnName(o)})
		}
	}
	d.Facts = append(d.Facts, factsOf(m, e)...)
	return d
}

// linksOf returns where an event leads; a held command leads nowhere yet.
func linksOf(m *model.Model, e *session.Event) []model.Link {
	if e.N == 0 {
		return nil
	}
	return m.Links(e)
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
	sent := e.Sent()
	if d.Text = textOf(&e.In); e.Out != nil && !bytes.Equal(sent.Payload(), e.In.Payload()) {
		d.Sent = textOf(&sent)
	}
}

// textOf returns the lines of a message that people read, nil for none.
func textOf(m *decode.Message) []string {
	if m.Payload() == nil || m.Opaque() {
		return nil
	}
	b := body.Of(m)
	if !b.Readable() {
		return nil
	}
	text, _ := b.Text()
	return linesOf(text)
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
