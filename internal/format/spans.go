package format

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
)

// Span is a range of a command's bytes that belong together: the verb, the TrID, an argument, what
// stands between words, the line end, a field of the payload, its text. Its texts are from the
// wire, and not safe for a terminal.
type Span struct {
	From, To int
	// Name says what it is: the name of an argument or of a field, or one of the names below.
	Name string
	// Value is what the bytes say, as people read it.
	Value string
	// Means explains it, "" if there is nothing to explain.
	Means string
}

// The names of spans that are neither an argument nor a field.
const (
	SpanVerb  = "command"
	SpanTrID  = "TrID"
	SpanBlank = "blank"
	SpanEnd   = "line end"
	SpanEmpty = "empty line"
	SpanText  = "text"
	SpanData  = "data"
	SpanBytes = "bytes" // of what is no command
)

// Spans returns all bytes of a command that was received, as spans that follow each other without a
// gap; nil for an event that is not a command.
func Spans(e *session.Event) []Span {
	m := &e.In
	switch {
	case e.Kind != session.Command || len(m.Raw) == 0:
		return nil
	case m.Opaque():
		return []Span{{To: len(m.Raw), Name: SpanBytes, Value: string(m.Line()), Means: m.Why.String()}}
	}
	s := spanner{raw: m.Raw}
	s.line(e)
	s.payload(m.Payload())
	return s.spans
}

// spanner collects spans from the first byte to the last.
type spanner struct {
	raw   []byte
	spans []Span
}

// at returns where the next span begins.
func (s *spanner) at() int {
	if len(s.spans) == 0 {
		return 0
	}
	return s.spans[len(s.spans)-1].To
}

// to adds the span that ends at an offset, if it is not empty.
func (s *spanner) to(end int, name, value, means string) {
	if from := s.at(); end > from {
		s.spans = append(s.spans, Span{from, end, name, value, means})
	}
}

// word adds the span of a word, and one for what stands before it.
func (s *spanner) word(start, end int, name, value, means string) {
	s.to(start, SpanBlank, "", "")
	s.to(end, name, value, means)
}

// line adds the spans of the command line.
func (s *spanner) line(e *session.Event) {
	m := &e.In
	verb := m.Verb.String()
	start := bytes.IndexFunc(m.Raw, func(r rune) bool { return r != ' ' && r != '\t' })
	s.word(start, start+len(verb), SpanVerb, verb, CommandMeans(e))
	if id := m.TrIDText(); id != nil {
		from := s.at() + bytes.Index(m.Raw[s.at():], id)
		s.word(from, from+len(id), SpanTrID, string(id), "the number of the transaction, which answers repeat (§5.6)")
	}
	var means []explain.Pair
	if e.Row != nil {
		means = explain.Args(e.Row)
	}
	for i, f := range Fields(e) {
		start, end := m.ArgSpan(i)
		text := ""
		if len(means) > 0 && f.Name == means[min(i, len(means)-1)].Name {
			text = means[min(i, len(means)-1)].Text
		}
		s.word(start, end, f.Name, f.Value, text)
	}
	s.to(len(m.Line()), SpanBlank, "", "")
	s.to(len(m.Line())+len(m.LineEnd()), SpanEnd, "", "")
}

// CommandMeans returns the meaning of a command in one line: of an error, that of its number.
func CommandMeans(e *session.Event) string {
	if code := e.In.Verb.Code(); code != 0 {
		if means := decode.ErrorMeaning(code); means != "" {
			return decode.ErrorName(code) + ": " + means
		}
	}
	if e.Row == nil {
		return "no dialect has this command here"
	}
	return e.Row.Means
}

// payload adds the spans of a payload: its fields, each with its line end, and the rest.
func (s *spanner) payload(p []byte) {
	if len(p) == 0 {
		return
	}
	offset := len(s.raw) - len(p)
	b := body.Parse(p)
	var rest []body.Field // those that are on no line of their own
	for _, f := range b.Describe() {
		at := s.at() - offset
		i := lineNamed(p[at:], f.Name)
		switch {
		case i >= 0:
			s.gap(offset+at+i, offset+len(p)-len(b.Data))
			s.to(offset+at+i+lineSize(p[at+i:]), f.Name, f.Shown(), f.Meaning)
		case strings.Contains(f.Name, ".") && len(s.spans) > 0 && len(rest) == 0:
			s.derived(&f)
		default:
			rest = append(rest, f)
		}
	}
	s.gap(offset+len(p)-len(b.Data), offset+len(p)-len(b.Data))
	s.data(&b, rest)
}

// gap adds what stands before an offset and is no field: the empty line that ends the header, which
// ends at headerEnd, or other bytes.
func (s *spanner) gap(before, headerEnd int) {
	between := s.raw[s.at():max(before, s.at())]
	if len(bytes.TrimSpace(between)) == 0 && before <= headerEnd {
		s.to(before, SpanEmpty, "", "the end of the header")
		return
	}
	s.to(before, SpanData, "", "")
}

// derived adds a value that was taken from the last field to what that means.
func (s *spanner) derived(f *body.Field) {
	last := &s.spans[len(s.spans)-1]
	_, name, _ := strings.Cut(f.Name, ".")
	last.Means = strings.TrimPrefix(last.Means+"; "+describe(name, f), "; ")
}

func describe(name string, f *body.Field) string {
	text := name + " " + f.Shown()
	if f.Meaning != "" {
		text += " (" + f.Meaning + ")"
	}
	return text
}

// data adds the bytes behind the fields.
func (s *spanner) data(b *body.Body, fields []body.Field) {
	if b.Readable() {
		text, _ := b.Text()
		s.to(len(s.raw), SpanText, text, "what people read (§8.8)")
		return
	}
	var all []string
	for i := range fields {
		all = append(all, describe(fields[i].Name, &fields[i]))
	}
	n := len(s.raw) - s.at()
	s.to(len(s.raw), SpanData, strconv.Itoa(n)+" bytes", strings.Join(all, "; "))
}

// lineNamed returns where the line of a field begins, -1 where there is none.
func lineNamed(p []byte, name string) int {
	for at := 0; at < len(p); {
		if bytes.HasPrefix(p[at:], append([]byte(name), ':')) {
			return at
		}
		next := bytes.IndexByte(p[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return -1
}

// lineSize returns how long the line at the beginning of p is, with its end.
func lineSize(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i + 1
	}
	return len(p)
}
