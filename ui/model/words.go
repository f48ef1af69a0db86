package model

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

// Says returns what an event says beside its name, in one printable line: the TrID and the summary.
func Says(e *session.Event) string {
	text := format.Summary(e)
	if e.Kind == session.Command && e.In.TrIDText() != nil {
		return string(e.In.TrIDText()) + " " + text
	}
	return text
}

// Called returns an event's name in one word.
func Called(e *session.Event) string {
	if e.Kind != session.Command {
		return e.Kind.String()
	}
	return e.In.Verb.String()
}

// ConnName returns the name of the event's connection by its role and number, as in "NS#2".
func ConnName(e *session.Event) string { return e.Role.String() + "#" + strconv.Itoa(e.Conn) }

// Class returns the style of an event on pages and in drawings: "e" for an error and for what is
// missing, "o" for what is no command, else the sender, "c" for the client and "s" for the server.
func Class(e *session.Event) string {
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

// ShortName returns a handle without its host, which most handles share.
func ShortName(handle string) string {
	name, _, _ := strings.Cut(handle, "@")
	return name
}

// Since formats a time since the beginning in at most eight columns.
func Since(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 1000:
		return fmt.Sprintf("%.3f", s)
	case s < 100_000:
		return fmt.Sprintf("%.1f", s)
	}
	return d.Truncate(time.Hour).String()
}

// Short formats a duration with about three digits.
func Short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%dus", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Truncate(time.Second).String()
}

// Label returns what is written on the arrow of row i in a ladder: the command, or for a run of
// typing notices or keep-alives how many there are. Where several connections share a lane, it
// begins with the name of the connection. It is printable.
func (m *Model) Label(l *Ladder, i int) string {
	e := m.Line(i)
	n, fold := m.Run(i)
	return l.label(e, n, fold)
}

func (l *Ladder) label(e *session.Event, times int, fold session.Fold) string {
	var text string
	switch {
	case times > 1:
		text = fmt.Sprintf("%s, %d times", fold, times)
	case e.Kind != session.Command, e.In.Opaque():
		text = Says(e)
	default:
		text = e.In.Verb.String() + " " + Says(e)
	}
	if e.Conn != 0 {
		switch l.By {
		case RoleLanes:
			if e.Role == dialect.SB {
				text = "#" + strconv.Itoa(e.Conn) + " " + text
			}
		case SideLanes:
			text = ShortName(format.Printable(e.User)) + " " + ConnName(e) + " " + text
		}
	}
	return strings.TrimSpace(text)
}

// Sign is a mark for what happened to a command.
type Sign struct {
	Flags session.Flag // any of which has this sign
	// Glyph is one character, ASCII is another where the first cannot be shown.
	Glyph, ASCII string
	Means        string
}

var signs = []Sign{
	{session.Rewritten | session.Edited, "✎", "*", "an address in it was replaced, or a person changed it"},
	{session.Held, "⏸", "H", "it waited for a person"},
	{session.Dropped, "✗", "x", "it was not sent on"},
	{session.Injected, "＋", "+", "it did not come from the other end, somebody sent it"},
	{session.Fault, "↯", "F", "it was disturbed on purpose"},
	{session.Error, "!", "!", "it is an error"},
	{session.Lint, "⚠", "?", "it breaks the protocol"},
}

// Signs returns the signs that belong to the flags, in a fixed order.
func Signs(flags session.Flag) []Sign {
	var all []Sign
	for _, s := range signs {
		if flags&s.Flags != 0 {
			all = append(all, s)
		}
	}
	return all
}

// Remark is one thing that is not usual about an event: a sign and what it means here, printable.
type Remark struct {
	Sign Sign
	Text string
}

// Remarks returns what is not usual about an event: what was sent on in its place, what was done to
// it, the meaning of an error, and what breaks the protocol.
func Remarks(e *session.Event) []Remark {
	var all []Remark
	for _, s := range Signs(e.Flags) {
		switch {
		case s.Flags&session.Rewritten != 0 && e.Out != nil:
			all = append(all, Remark{s, format.SentOn(e)})
		case s.Flags == session.Error:
			all = append(all, Remark{s, format.CommandMeans(e)})
		case s.Flags == session.Lint:
			for _, f := range e.Findings {
				all = append(all, Remark{s, findingText(f)})
			}
		case e.Text != "":
			all = append(all, Remark{s, s.Means + ": " + format.Printable(e.Text)})
		default:
			all = append(all, Remark{s, s.Means})
		}
	}
	return all
}

func findingText(f session.Finding) string {
	section := ""
	if f.Section != "" {
		section = " §" + f.Section
	}
	return f.Rule + " (" + f.Severity + section + "): " + f.Message
}

// Way names the two ends between which an event runs in a ladder, the sender first; "" for an event
// that belongs to no connection.
func (l *Ladder) Way(e *session.Event) string {
	r := l.Rung(e)
	if r.From < 0 {
		return ""
	}
	return l.Lanes[r.From].title() + " to " + l.Lanes[r.To].title()
}

// title returns the name of a lane in one word, printable.
func (l *Lane) title() string {
	name := format.Printable(l.Name)
	return cmp.Or(ShortName(name), name)
}

// Title returns the name of a lane without the host of a handle, and its note; both are printable.
func (l *Lane) Title() (name, note string) { return l.title(), format.Printable(l.Note) }

// Thousands writes 1204 as "1,204".
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
