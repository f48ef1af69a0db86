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
	"github.com/msnscope/msnscope/internal/format"
	"github.com/rivo/uniseg"
)

// maxBody is how much of a payload the detail shows as text: some screens full; the bytes pane has all of it.
const maxBody = 16 << 10

// refresh makes detail and bytes anew where another command is selected, more is known of it, or the width changed.
func (a *App) refresh() {
	_, e := a.model.Selected()
	now := shown{event: e, width: a.paneWidth(detailPane), bytes: a.paneWidth(bytesPane)}
	if e != nil {
		now.known = a.knownOf(e)
	}
	if now == a.shown {
		return
	}
	same := e != nil && a.shown.event != nil && a.shown.event.N == e.N
	a.shown = now
	switch {
	case e == nil:
		a.detail.show(nil)
		a.bytes.show(nil)
	case same: // keep the place
		a.detail.src, a.bytes.src = a.describe(e, now.width), a.dump(e)
	default:
		a.detail.show(a.describe(e, now.width))
		a.bytes.show(a.dump(e))
	}
}

// sheet collects the lines of a description.
type sheet struct {
	lines lines
	width int
	t     *theme
}

func (s *sheet) add(segs ...seg) { s.lines = append(s.lines, segs) }

// text adds a paragraph of printable text.
func (s *sheet) text(text string, style func(*theme) seg) {
	for _, part := range wrap(text, s.width-1) {
		l := style(s.t)
		l.text = " " + part
		s.add(l)
	}
}

// pair adds a name and a value, which goes on below itself.
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

// describe writes everything about an event for a pane of the given width.
func (a *App) describe(e *session.Event, width int) lines {
	s := &sheet{width: max(20, width), t: &a.theme}
	a.heading(s, e)
	if e.Kind == session.Command {
		a.arguments(s, e)
	}
	a.relations(s, e, 10)
	a.context(s, e)
	if p := e.In.Payload(); p != nil && !e.In.Opaque() {
		payload(s, p)
		if sent := e.Sent(); e.Out != nil && !bytes.Equal(sent.Payload(), p) {
			s.blank()
			s.add(seg{" " + s.t.g.rewritten + " sent as", s.t.mark})
			payload(s, sent.Payload())
		}
		if whole, ok := a.model.Whole(e); ok {
			s.blank()
			s.add(seg{" Whole message", s.t.title}, seg{fmt.Sprintf("  %s bytes in several chunks", thousands(len(whole.Data))), s.t.dim})
			message(s, &whole)
		}
	}
	return s.lines
}

func (a *App) heading(s *sheet, e *session.Event) {
	t := s.t
	style := a.list.direction(e).Bold(true)
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
	s.add(seg{" " + e.In.Verb.String(), style}, seg{"  " + a.way(e), t.plain}, seg{"  " + number + "  " + section, t.dim})
	if e.Row == nil {
		s.text("no dialect has this command here", func(t *theme) seg { return seg{style: t.fail} })
		s.blank()
		return
	}
	s.text(meaning(e), func(t *theme) seg { return seg{style: t.plain} })
	s.text(e.Row.Grammar(), func(t *theme) seg { return seg{style: t.dim} })
	s.blank()
}

// meaning is the row's one line, and an error's own name before it.
func meaning(e *session.Event) string {
	text := e.Row.Means
	if e.In.Verb.Code() != 0 {
		text = format.Summary(e) + ": " + text
	}
	return text
}

// way says who sent it to whom.
func (a *App) way(e *session.Event) string {
	if e.Dir == decode.FromClient {
		return "client " + a.theme.g.toServer + " server"
	}
	return "server " + a.theme.g.toServer + " client"
}

// kindNames say what an argument is where its name does not.
var kindNames = map[dialect.Kind]string{
	dialect.Self: "own handle", dialect.Handle: "handle", dialect.Name: "name", dialect.HostPort: "address", dialect.Number: "number",
	dialect.Serial: "version of the lists", dialect.Length: "bytes", dialect.Cookie: "cookie", dialect.Session: "session",
	dialect.Dialect: "dialect", dialect.Secret: "secret",
}

// arguments writes every argument by its name; below one that was changed, what was sent in its place.
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
	if e.In.HasTrID {
		s.pair(indent, "TrID", string(e.In.TrIDText()), seg{style: s.t.plain}, "")
	}
	mark := s.t.g.rewritten
	for i, f := range fields {
		s.pair(indent, printable(f.Name), printable(f.Value), seg{style: s.t.bold}, kindNames[f.Kind])
		if now := string(sent.Arg(i)); e.Out != nil && now != f.Raw {
			s.pair(indent, mark+" sent as", printable(now), seg{style: s.t.mark}, "")
		}
	}
	if e.Out != nil && sent.NumArgs() != e.In.NumArgs() {
		s.pair(indent, mark+" sent as", printable(string(sent.Line())), seg{style: s.t.mark}, "")
	}
	if len(fields) > 0 || e.In.HasTrID {
		s.blank()
	}
}

// context writes where the event belongs.
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
		s.pair(10, "", printable(e.Client)+" "+s.t.g.toServer+" "+printable(e.Server), plain, "")
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
	if names := e.Flags.Names(); len(names) > 0 {
		s.pair(10, "flags", strings.Join(names, ", "), seg{style: s.t.mark}, "")
	}
	if e.Kind == session.Command && e.Text != "" {
		s.pair(10, "by", printable(e.Text), seg{style: s.t.mark}, "")
	}
}

// payload writes the fields and the text of a message, never a secret.
func payload(s *sheet, raw []byte) {
	s.blank()
	b := body.Parse(raw)
	s.add(seg{" Payload", s.t.title}, seg{fmt.Sprintf("  %s bytes", thousands(len(raw))), s.t.dim})
	fields, indent := b.Describe(), 8
	for _, f := range fields {
		indent = min(max(indent, uniseg.StringWidth(printable(f.Name))), max(8, s.width*2/5))
	}
	for _, f := range fields {
		s.pair(indent, printable(f.Name), printable(f.Shown()), seg{style: s.t.plain}, printable(f.Meaning))
	}
	if len(fields) > 0 && b.Readable() {
		s.blank()
	}
	message(s, &b)
}

// message writes the text of a body that has one for people.
func message(s *sheet, b *body.Body) {
	if !b.Readable() {
		return
	}
	text, _ := b.Text()
	cutOff := len(text) > maxBody
	if cutOff {
		text = strings.ToValidUTF8(text[:maxBody], "")
	}
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return
	}
	for _, l := range strings.Split(text, "\n") {
		s.text(printable(strings.TrimSuffix(l, "\r")), func(t *theme) seg { return seg{style: t.bold} })
	}
	if cutOff {
		s.add(seg{" the rest is in the bytes (4)", s.t.dim})
	}
}
