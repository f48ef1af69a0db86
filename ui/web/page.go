package web

import (
	"crypto/sha256"
	_ "embed" // for the template, the style and the script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui/model"
)

// MaxRows is how many rows a page has at most: more than anybody reads, and few enough that a
// browser shows the page without delay.
const MaxRows = 10_000

// maxLanes is how many lanes a page has before they are grouped: so many fit beside each other.
const maxLanes = 14

// Page is a page that is to be written. The model must have learned all of its log, and must not
// change meanwhile.
type Page struct {
	Model *model.Model
	Title string // what is shown, such as the name of the capture
	// Made names the program and its version.
	Made string
	// Lesson is a lesson to be shown with its recording: its texts stand between the rows. It is
	// bound to the log of the model, which has neither a filter nor folded rows. nil for none.
	Lesson *lesson.Lesson
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed colours.css
	coloursCSS string
	//go:embed ladder.css
	ladderCSS string
	//go:embed parts.js
	partsJS string
	//go:embed page.js
	pageJS string

	pageTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("page").Funcs(template.FuncMap{"begins": begins}).Parse(pageHTML))
	})
)

// pageView is what the template shows.
type pageView struct {
	Title, Made string
	Style       template.CSS
	Script      template.JS
	Policy      string
	Lanes       []laneView
	Sessions    []sessionView
	Findings    []findingView
	Lesson      *lessonView // nil for none
	Rows        []rowView
	After       []noteView // behind the last row
	Commands    string
	Data        *data
}

type laneView struct {
	At         int
	Name, Note string
}

// sessionView is a user, or one of that user's connections: User is "" then.
type sessionView struct {
	User, Text string
	Conns      string // the numbers of its connections, with blanks between
}

type findingView struct {
	N                       uint64
	Severity, Message, Rule string
}

// rowView is a row of the ladder. A lane is -1 for a row that belongs to no connection.
type rowView struct {
	N      uint64     `json:"n"`
	From   int        `json:"f"`
	To     int        `json:"t"`
	Class  string     `json:"k"`
	Time   string     `json:"time"`
	RTT    string     `json:"w"`
	Way    string     `json:"way"`
	Label  string     `json:"label"`
	Signs  string     `json:"s"`
	Why    string     `json:"y"`
	Before []noteView `json:"-"`
}

// Write writes the page. Rows beyond MaxRows are left out.
func (p *Page) Write(w io.Writer) error {
	lanes := p.Model.Drawn(func(l *model.Ladder) bool { return len(l.Lanes) <= maxLanes })
	v := pageView{
		Title: format.Printable(p.Title), Made: p.Made,
		Style:  template.CSS(coloursCSS + ladderCSS + pageCSS + laneRules(len(lanes.Lanes))),
		Script: template.JS("\"use strict\";\n(() => {\n" + partsJS + pageJS + "})();\n"),
	}
	v.Policy = policy(string(v.Style), string(v.Script))
	for i := range lanes.Lanes {
		name, note := lanes.Lanes[i].Title()
		v.Lanes = append(v.Lanes, laneView{i, name, note})
	}
	rows := min(p.Model.Rows(), MaxRows)
	var notes map[int][]noteView
	if p.Lesson != nil {
		notes = notesOf(p.Lesson, rows)
		v.Lesson, v.After = &lessonView{Intro: paragraphsOf(p.Lesson.Intro)}, notes[rows]
		for i := range p.Lesson.Steps {
			v.Lesson.Steps = append(v.Lesson.Steps, noteView{Step: i + 1, Title: p.Lesson.Steps[i].Title})
		}
	}
	c := newCollector(p.Model)
	commands := 0
	for i := range rows {
		e := p.Model.CheckedRow(i)
		n, _ := p.Model.Run(i)
		if e.Kind == session.Command {
			commands += n
		}
		row := rungOf(p.Model, lanes, e, i)
		row.Before = notes[i]
		v.Rows = append(v.Rows, row)
		for _, f := range e.Findings {
			v.Findings = append(v.Findings, findingView{e.N, f.Severity, f.Message, f.Rule})
		}
		c.add(e)
	}
	v.Sessions, v.Commands, v.Data = p.sessions(c), model.Thousands(commands), c.done()
	return pageTemplate().Execute(w, &v)
}

// policy returns the content security policy of a page with one style and one script.
func policy(style, script string) string {
	return "default-src 'none'; style-src " + hashOf(style) + "; script-src " + hashOf(script) +
		"; base-uri 'none'; form-action 'none'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// laneRules returns the rules that say where the lanes are: the policy allows no style attributes.
func laneRules(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, ":root{--n:%d}\n", max(1, n-1))
	for i := range n {
		fmt.Fprintf(&b, ".f%d{--f:%[1]d}.t%[1]d{--t:%[1]d}\n", i)
	}
	return b.String()
}

// rungOf returns line i of a model, on which e is, as a row of a ladder.
func rungOf(m *model.Model, l *model.Ladder, e *session.Event, i int) rowView {
	rung := l.Rung(e)
	r := rowView{N: e.N, From: rung.From, To: rung.To, Way: l.Way(e), Label: m.Label(l, i)}
	if !e.Time.IsZero() {
		r.Time = model.Since(e.Time.Sub(m.Start()))
	}
	if e.ReplyTo != 0 {
		r.RTT = model.Short(e.RTT)
	}
	r.Class = "o"
	switch {
	case e.Kind != session.Command:
	case rung.To > rung.From:
		r.Class = "r"
	default:
		r.Class = "q"
	}
	switch {
	case e.Flags&(session.Error|session.Missing) != 0:
		r.Class += " e"
	case e.Kind == session.Command && e.Dir == decode.FromClient:
		r.Class += " c"
	case e.Kind == session.Command:
		r.Class += " s"
	}
	if e.Flags&session.Dropped != 0 {
		r.Class += " x"
	}
	var why []string
	for _, s := range model.Signs(e.Flags) {
		r.Signs += s.Glyph
		why = append(why, s.Means)
	}
	r.Why = strings.Join(why, "; ")
	return r
}

// sessions returns the users and their connections among the rows.
func (p *Page) sessions(c *collector) []sessionView {
	var all []sessionView
	user := -1
	for _, row := range p.Model.Tree() {
		switch {
		case row.Conn != nil && c.conns[row.Conn.ID] > 0 && user >= 0:
			conn := row.Conn
			text := fmt.Sprintf("%s#%d", conn.Role, conn.ID)
			if conn.Session != "" {
				text += " session " + format.Printable(conn.Session)
			}
			text += fmt.Sprintf(" (%s)", model.Thousands(c.conns[conn.ID]))
			id := fmt.Sprint(conn.ID)
			all = append(all, sessionView{"", text, id})
			all[user].Conns = strings.TrimSpace(all[user].Conns + " " + id)
		case row.Conn == nil && row.Scope.Group != "" && row.Scope.Logon == 0:
			user = len(all)
			all = append(all, sessionView{User: format.Printable(row.Name)})
		}
	}
	var kept []sessionView
	for _, s := range all {
		if s.Conns != "" {
			kept = append(kept, s)
		}
	}
	return kept
}
