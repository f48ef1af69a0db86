package ui

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// placeholders are the words that the composer offers for arguments whose values depend on the
// connection.
var placeholders = map[dialect.Kind]string{
	dialect.Self: "{user}", dialect.Cookie: "{cookie}", dialect.Session: "{session}",
}

// templates returns the commands that may be sent in a direction on the connection of e, each
// filled in as the command table's example is.
func templates(e *session.Event, dir decode.Dir) []string {
	table := session.Table(e.Dialect)
	var all []string
	rows := table.Rows()
	for i := range rows {
		r := &rows[i]
		if r.Dir != dir || e.Role != 0 && r.Roles&e.Role == 0 || r.Example == "" || strings.HasPrefix(r.Verb, "#") {
			continue
		}
		all = append(all, template(r, table.At(e.Role)))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// template returns a row's example, with placeholders for what depends on the connection.
func template(r *dialect.Row, grammar decode.Grammar) string {
	m := decode.Parse([]byte(r.Example), r.Dir, grammar)
	if m.Opaque() {
		return decode.Quote([]byte(r.Example))
	}
	words := []string{r.Verb}
	if m.HasTrID {
		words = append(words, "{trid}")
	}
	for i := range m.NumArgs() {
		word := string(m.Arg(i))
		if a, ok := r.Arg(i); ok && placeholders[a.Kind] != "" && a.Prefix == "" {
			word = placeholders[a.Kind]
		}
		words = append(words, word)
	}
	text := strings.Join(words, " ")
	if payload := m.Payload(); payload != nil {
		text += decode.Quote(append([]byte("\r\n"), payload...))
	}
	return text
}

// completeInjection cycles through the templates that begin with what has been typed.
func (a *App) completeInjection() {
	p := a.prompt
	if p.choices == nil {
		sign, typed, ok := strings.Cut(strings.TrimLeft(p.field.GetText(), " "), " ")
		e := a.model.Event(a.composingFor)
		if !ok || e == nil {
			return
		}
		dir := decode.FromClient
		if strings.HasPrefix(sign, "<") {
			dir = decode.FromServer
		}
		for _, t := range templates(e, dir) {
			if strings.HasPrefix(t, strings.ToUpper(typed)) || strings.HasPrefix(t, typed) {
				p.choices = append(p.choices, t)
			}
		}
		p.before, p.choice = sign+" ", 0
	}
	if len(p.choices) > 0 {
		a.cycleChoice()
	}
}
