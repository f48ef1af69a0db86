package ui

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/rivo/uniseg"
)

// maxBody is how many bytes of a payload the detail pane shows as text: a few screens full. The
// bytes pane shows all of it.
const maxBody = 16 << 10

// refresh rebuilds the detail and bytes panes if another command is selected, more is known of it,
// or the width has changed.
func (a *App) refresh() {
	_, e := a.model.Selected()
	now := shown{
		event: e, width: a.paneWidth(detailPane), bytes: a.paneWidth(bytesPane), tab: a.tab, compared: a.compared,
	}
	if e != nil {
		now.known = a.knownOf(e)
	}
	if h, ok := a.model.SelectedHeld(); ok {
		now.held = h.ID
	}
	if a.tab == lessonTab {
		now.lesson = a.course.revision
	}
	if now == a.shown {
		return
	}
	same := e != nil && a.shown.event != nil && a.shown.event.N == e.N && a.shown.held == now.held
	if a.shown.tab != now.tab {
		a.detail.show(nil)
	}
	a.shown = now
	if a.tab == lessonTab {
		a.showLesson(now.width)
	}
	if e == nil {
		if a.tab != lessonTab {
			a.detail.show(nil)
		}
		a.bytes.show(nil)
		return
	}
	a.bytes.src = a.dump(e)
	if a.tab != lessonTab {
		s := a.tabContent(e, now.width)
		a.detail.src, a.fields = s.lines, s.field
	}
	if !same {
		a.field = -1
		a.bytes.show(a.bytes.src)
		if a.tab != stateTab && a.tab != lessonTab { // which does not scroll, so that changes in it are seen
			a.detail.show(a.detail.src)
		}
	}
}

// span is a part of a command's bytes, from one position up to another.
type span struct{ from, to int }

// sheet collects the lines of the detail pane.
type sheet struct {
	lines lines
	width int
	t     *theme
	of    field         // the field to which the lines that are being added belong
	field map[int]field // the field to which a line belongs, by the line's index
}

// field is a part of a command: its bytes, and what it means.
type field struct {
	span
	means string
}

func (s *sheet) add(segs ...seg) {
	if s.of.to > s.of.from {
		if s.field == nil {
			s.field = map[int]field{}
		}
		s.field[len(s.lines)] = s.of
	}
	s.lines = append(s.lines, segs)
}

// text adds a paragraph of printable text.
func (s *sheet) text(text string, style func(*theme) seg) {
	for _, part := range wrap(text, s.width-1) {
		l := style(s.t)
		l.text = " " + part
		s.add(l)
	}
}

// pair adds a name and its value. A long value continues on the next lines, in the same column.
func (s *sheet) pair(indent int, name, value string, style seg, note string) {
	head := seg{" " + pad(name, indent, s.t.g.ellipsis) + " ", s.t.label}
	parts := wrap(value, s.width-indent-2)
	for i, part := range parts {
		style.text = part
		l := line{head, style}
		if i == len(parts)-1 && note != "" && l.width()+2+uniseg.StringWidth(note) <= s.width {
			if part != "" {
				note = "  " + note
			}
			l = append(l, seg{note, s.t.dim})
		}
		s.add(l...)
		head.text = strings.Repeat(" ", indent+2)
	}
}

func (s *sheet) blank() { s.add() }

// describe adds everything that is known of an event: first the comments that people wrote and
// the rules that it breaks, if any.
func (a *App) describe(s *sheet, e *session.Event) {
	a.heading(s, e)
	if m := a.model.MarkOf(e.N); m.Comment != "" {
		s.pair(8, s.t.g.comment+" says", printable(m.Comment), seg{style: s.t.mark}, "")
		s.blank()
	}
	a.broken(s, e)
	p := e.In.Payload()
	if p != nil && !e.In.Opaque() {
		b := body.Of(&e.In)
		s.of = field{span{len(e.In.Raw) - len(b.Data), len(e.In.Raw)}, "what people read §8.8"}
		wrote := message(s, &b)
		if s.of = (field{}); wrote {
			s.blank()
		}
	}
	if e.Kind == session.Command {
		a.arguments(s, e)
	}
	if e.N != 0 {
		a.relations(s, e, 10)
	} else {
		s.pair(10, s.t.g.held+" held", "it has not gone on: a lets it, e edits it, x drops it", seg{style: s.t.mark},
			"")
	}
	if p != nil && !e.In.Opaque() {
		s.blank()
		payload(s, body.Of(&e.In), p, len(e.In.Raw)-len(p))
		if sent := e.Sent(); e.Out != nil && !bytes.Equal(sent.Payload(), p) {
			s.blank()
			s.add(seg{" " + s.t.g.rewritten + " sent as", s.t.mark})
			b := body.Of(&sent)
			payload(s, b, sent.Payload(), -1)
			message(s, &b)
		}
		if whole, ok := a.model.Whole(e); ok {
			s.blank()
			s.add(seg{" Whole message", s.t.title},
				seg{fmt.Sprintf("  %s bytes in several chunks", thousands(len(whole.Data))), s.t.dim})
			message(s, &whole)
		}
		s.blank()
	}
	a.context(s, e)
}

func (a *App) heading(s *sheet, e *session.Event) {
	t := s.t
	style := s.t.direction(e).Bold(true)
	switch {
	case e.Kind != session.Command:
		s.add(seg{" " + e.Kind.String(), t.bold}, seg{"  #" + strconv.FormatUint(e.N, 10), t.dim})
		s.text(format.Summary(e), func(t *theme) seg { return seg{style: t.plain} })
		s.blank()
		return
	case e.In.Opaque():
		s.add(seg{" not a command", t.fail}, seg{"  " + a.way(e), t.plain})
		s.text(e.In.Why.String(), func(t *theme) seg { return seg{style: t.plain} })
		s.blank()
		return
	}
	section := "not in the draft"
	if e.Row != nil && e.Row.Section != "" {
		section = "§" + e.Row.Section
	}
	number := "#" + strconv.FormatUint(e.N, 10)
	s.add(seg{" " + e.In.Verb.String(), style}, seg{"  " + a.way(e), t.plain},
		seg{"  " + number + "  " + section, t.dim})
	if e.Row == nil {
		s.text("no dialect has this command here", func(t *theme) seg { return seg{style: t.fail} })
		s.blank()
		return
	}
	s.text(meaning(e), func(t *theme) seg { return seg{style: t.plain} })
	s.text(e.Row.Grammar(), func(t *theme) seg { return seg{style: t.dim} })
	s.blank()
}

// meaning returns the meaning of the command in one line, for an error that of its number, with its
// symbolic name first.
func meaning(e *session.Event) string { return format.CommandMeans(e) }

// way returns in words who sent the event to whom.
func (a *App) way(e *session.Event) string {
	if e.Dir == decode.FromClient {
		return "client " + a.theme.g.toServer + " server"
	}
	return "server " + a.theme.g.toServer + " client"
}

// kindNames describe arguments whose names do not say what they are.
var kindNames = map[dialect.Kind]string{
	dialect.Self: "own handle", dialect.Handle: "handle", dialect.Name: "name", dialect.HostPort: "address",
	dialect.Number: "number",
	dialect.Serial: "version of the lists", dialect.Length: "bytes", dialect.Cookie: "cookie",
	dialect.Session: "session",
	dialect.Dialect: "dialect", dialect.Secret: "secret",
}

// arguments adds every argument with its name; below an argument that was changed stands the value
// that was sent on.
func (a *App) arguments(s *sheet, e *session.Event) {
	fields, sent := format.Fields(e), e.Sent()
	indent := len("TrID")
	for _, f := range fields {
		indent = max(indent, len(f.Name))
	}
	if e.Out != nil {
		indent = max(indent, len("✎ sent as")-2)
	}
	indent = min(indent, max(9, s.width*2/5))
	if e.In.TrIDText() != nil {
		from := len(e.In.Verb.String()) + 1
		s.of = field{
			span{from, from + len(e.In.TrIDText())}, "the number of the transaction, which answers repeat (§5.6)",
		}
		s.pair(indent, "TrID", string(e.In.TrIDText()), seg{style: s.t.plain}, "")
	}
	mark := s.t.g.rewritten
	for i, f := range fields {
		from, to := e.In.ArgSpan(i)
		s.of = field{span{from, to}, argMeaning(e, &f)}
		s.pair(indent, printable(f.Name), printable(f.Value), seg{style: s.t.bold}, kindNames[f.Kind])
		if now := string(sent.Arg(i)); e.Out != nil && now != f.Raw {
			s.pair(indent, mark+" sent as", printable(now), seg{style: s.t.mark}, "")
		}
	}
	if e.Out != nil && sent.NumArgs() != e.In.NumArgs() {
		s.pair(indent, mark+" sent as", printable(string(sent.Line())), seg{style: s.t.mark}, "")
	}
	s.of = field{}
	if len(fields) > 0 || e.In.TrIDText() != nil {
		s.blank()
	}
}

// argMeaning returns the meaning of an argument, "" for none.
func argMeaning(e *session.Event, f *format.Field) string {
	if e.Row != nil {
		for _, arg := range explain.Args(e.Row) {
			if arg.Name == f.Name {
				return arg.Text
			}
		}
	}
	return kindNames[f.Kind]
}

// context adds which connection, session and user the event belongs to.
func (a *App) context(s *sheet, e *session.Event) {
	plain := seg{style: s.t.plain}
	s.pair(10, "time", e.Time.Local().Format("2006-01-02 15:04:05.000"), plain, "+"+since(e.Time.Sub(a.model.Start())))
	if e.Conn != 0 {
		where := connName(e)
		if e.Dialect != "" {
			where += " " + printable(e.Dialect)
			if e.Inferred {
				where += " (inferred)"
			}
		}
		if e.Via != 0 {
			where += ", led here by connection " + strconv.Itoa(e.Via)
		}
		s.pair(10, "connection", where, plain, "")
		client, server := format.Address(e.Client, e.ClientName), format.Address(e.Server, e.ServerName)
		s.pair(10, "", printable(client)+" "+s.t.g.toServer+" "+printable(server), plain, "")
	}
	if e.User != "" {
		s.pair(10, "user", printable(e.User), plain, "")
	}
	if e.Session != "" {
		s.pair(10, "session", printable(e.Session), plain, "")
	}
	if text := e.Packets.String(); text != "" {
		s.pair(10, "packets", text, plain, "")
	}
	if e.File != "" {
		s.pair(10, "file", printable(e.File), plain, "")
	}
	if names := e.Flags.Names(); len(names) > 0 {
		s.pair(10, "flags", strings.Join(names, ", "), seg{style: s.t.mark}, "")
	}
	if e.Kind == session.Command && e.Text != "" {
		s.pair(10, "by", printable(e.Text), seg{style: s.t.mark}, "")
	}
}

// payload adds the fields of a message with the body b, whose payload raw begins at an offset of
// its bytes; -1 for one that is not among the bytes that are shown. Secrets are never shown.
func payload(s *sheet, b body.Body, raw []byte, offset int) {
	s.add(seg{" Payload", s.t.title}, seg{fmt.Sprintf("  %s bytes", thousands(len(raw))), s.t.dim})
	fields, indent := b.Describe(), 8
	for _, f := range fields {
		indent = min(max(indent, uniseg.StringWidth(printable(f.Name))), max(8, s.width*2/5))
	}
	at := 0
	for _, f := range fields {
		if i := headerAt(raw[at:], f.Name); i >= 0 && offset >= 0 {
			end := at + i + lineLen(raw[at+i:])
			s.of.span = span{offset + at + i, offset + end}
			at = end
		} else if !strings.Contains(f.Name, ".") {
			s.of = field{}
		}
		s.of.means = printable(f.Meaning)
		s.pair(indent, printable(f.Name), printable(f.Shown()), seg{style: s.t.plain}, printable(f.Meaning))
	}
	s.of = field{}
}

// headerAt returns where the line of a field begins, -1 where there is none.
func headerAt(raw []byte, name string) int {
	for at := 0; at < len(raw); {
		if bytes.HasPrefix(raw[at:], append([]byte(name), ':')) {
			return at
		}
		next := bytes.IndexByte(raw[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return -1
}

// lineLen returns how long the line at the beginning of raw is, without its end.
func lineLen(raw []byte) int {
	if i := bytes.IndexByte(raw, '\n'); i >= 0 {
		raw = raw[:i]
	}
	return len(bytes.TrimRight(raw, "\r"))
}

// message adds the text of a body, and reports whether it has one for people to read.
func message(s *sheet, b *body.Body) bool {
	if !b.Readable() {
		return false
	}
	text, _ := b.Text()
	cutOff := len(text) > maxBody
	if cutOff {
		text = strings.ToValidUTF8(text[:maxBody], "")
	}
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return false
	}
	for _, l := range strings.Split(text, "\n") {
		s.text(printable(strings.TrimSuffix(l, "\r")), func(t *theme) seg { return seg{style: t.bold} })
	}
	if cutOff {
		s.add(seg{" the rest is in the bytes (4)", s.t.dim})
	}
	return true
}
