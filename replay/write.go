package replay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/notation"
)

// WriteScenario writes a recording as a scenario, to be edited and played. Users get names, and
// values that are new in every session become words in braces. An event that is no command, or a
// command that lines of text cannot hold, is left out with a comment that says so.
func WriteScenario(w io.Writer, log Log) error {
	out := &scenarioWriter{
		out: bufio.NewWriter(w), words: map[string]string{}, counts: map[string]int{}, users: map[string]string{},
	}
	events := readerOf(log)
	out.header(log, events)
	for i := range log.Len() {
		out.event(events.At(i))
	}
	return out.out.Flush()
}

// scenarioWriter writes lines.
type scenarioWriter struct {
	out    *bufio.Writer
	words  map[string]string // what stands for a value
	counts map[string]int
	users  map[string]string // names by handle in lower case
	conn   int               // of the last heading
	last   time.Time
}

// header writes the users, without their passwords, which a recording does not have.
func (w *scenarioWriter) header(log Log, events eventReader) {
	fmt.Fprintln(w.out, "# A scenario: docs/REPLAY.md has the notation.")
	for i := range log.Len() {
		e := events.At(i)
		key := strings.ToLower(e.User)
		if key == "" || w.users[key] != "" {
			continue
		}
		name := strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, key[:max(strings.IndexByte(key, '@'), 0)])
		if name == "" || '0' <= name[0] && name[0] <= '9' || reserved(name) {
			name = "u" + name
		}
		for base, n := name, 2; w.named(name); n++ {
			name = fmt.Sprintf("%s%d", base, n)
		}
		w.users[key] = name
		fmt.Fprintf(w.out, "user %s %s %spw\n", name, e.User, name)
	}
}

func (w *scenarioWriter) named(name string) bool {
	for _, other := range w.users {
		if other == name {
			return true
		}
	}
	return false
}

// reserved reports whether a name means something else in a scenario.
func reserved(name string) bool { return slices.Contains([]string{"time", "user", "for", "end"}, name) }

// leastPause is the shortest pause that is written.
const leastPause = 100 * time.Millisecond

// event writes one event.
func (w *scenarioWriter) event(e *session.Event) {
	side := "C"
	switch {
	case fromClient(e):
	case fromServer(e):
		side = "S"
	case e.Kind == session.Close:
		if w.heading(e); closedByServer(e.Text) {
			side = "S"
		}
		fmt.Fprintf(w.out, "%s: (closed)\n", side)
		return
	case e.Kind == session.Gap:
		fmt.Fprintf(w.out, "# something is missing here: %s\n", printable(e.Text))
		return
	default:
		return
	}
	m := e.In
	if side == "C" {
		m = e.Sent()
	}
	if m.Opaque() || !writable(&m) {
		fmt.Fprintf(w.out, "# left out, since it is no line of text: %s: %s\n", side, printable(string(m.Line())))
		return
	}
	w.heading(e)
	fmt.Fprintf(w.out, "%s: %s\n", side, w.line(e, &m))
	if payload := m.Payload(); len(payload) > 0 {
		for _, line := range strings.Split(string(payload), "\r\n") {
			fmt.Fprintf(w.out, "| %s\n", line)
		}
	}
}

// writable reports whether lines of text can stand for a command: parsing them must give the same
// bytes.
func writable(m *decode.Message) bool {
	line := string(m.Line())
	return string(m.LineEnd()) == "\r\n" && line == strings.TrimSpace(line) && !strings.ContainsAny(line, "{}") &&
		!bytes.ContainsAny(bytes.ReplaceAll(m.Payload(), []byte("\r\n"), nil), "\r\n{}") && trimmed(m.Payload())
}

// trimmed reports whether no line of a payload ends in blanks, which parsing removes.
func trimmed(payload []byte) bool {
	for _, line := range strings.Split(string(payload), "\r\n") {
		if l, err := notation.Parse(1, "| "+line); err != nil || l.Text != line {
			return false
		}
	}
	return true
}

// heading writes the connection if it is another one than before, and a pause if there was one.
func (w *scenarioWriter) heading(e *session.Event) {
	if pause := e.Time.Sub(w.last); !w.last.IsZero() && pause >= leastPause {
		fmt.Fprintf(w.out, "time: %s\n", pause.Round(10*time.Millisecond))
	}
	w.last = e.Time
	if e.Conn == w.conn {
		return
	}
	w.conn = e.Conn
	fmt.Fprintf(w.out, "\n= %d", e.Conn)
	if name := w.users[strings.ToLower(e.User)]; name != "" {
		fmt.Fprintf(w.out, " %s", name)
	}
	if e.Role.Known() {
		fmt.Fprintf(w.out, " %s", e.Role)
	}
	if e.Server != "" {
		fmt.Fprintf(w.out, " %s", e.Server)
	}
	fmt.Fprintln(w.out)
}

// line returns the command line with words for users and for what is new in every session.
func (w *scenarioWriter) line(e *session.Event, m *decode.Message) string {
	line := string(m.Line())
	if e.Row == nil {
		return line
	}
	for i := m.NumArgs() - 1; i >= 0; i-- { // from the end, so that what stands before keeps its place
		a, ok := e.Row.Arg(i)
		if !ok || a.Prefix != "" || a.Pattern != dialect.AsIs {
			continue
		}
		word := string(m.Arg(i))
		with := ""
		switch a.Kind {
		case dialect.Self, dialect.Handle:
			if name := w.users[word]; name != "" { // only if it is written with the same case
				with = name
			}
		case dialect.Cookie:
			with = w.word("cookie", word)
		case dialect.Session:
			with = w.word("session", word)
		case dialect.Secret:
			with = w.word("secret", word)
		}
		if with != "" {
			start, end := m.ArgSpan(i)
			line = line[:start] + "{" + with + "}" + line[end:]
		}
	}
	return line
}

// word returns the word that stands for a value.
func (w *scenarioWriter) word(kind, value string) string {
	key := kind + " " + value
	if w.words[key] == "" {
		w.counts[kind]++
		w.words[key] = fmt.Sprintf("%s%d", kind, w.counts[kind])
	}
	return w.words[key]
}
