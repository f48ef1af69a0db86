package format

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxSnippet is the number of runes of a text that a line shows: enough to recognise it.
const maxSnippet = 60

// Summary returns the arguments in one short line for people, unescaped and printable, for display
// beside the command's name. A payload is represented by its first words or its kind, an error
// begins with its name, and an event that is not a command is described in words. The caller cuts
// the line to its width.
func Summary(e *session.Event) string {
	if e.Kind != session.Command {
		return string(appendWords(nil, e))
	}
	m := &e.In
	if m.Opaque() {
		return fmt.Sprintf("%d bytes: %s (%s)", len(m.Raw),
			snippet(string(m.Line()[:min(len(m.Line()), 4*maxSnippet)])), m.Why)
	}
	var words []string
	if name := decode.ErrorName(m.Verb.Code()); name != "" {
		words = append(words, name)
	}
	payload := m.Payload()
	for i := range m.NumArgs() {
		// The length adds nothing to a payload, nor the handle to a name: the first words need the
		// space.
		if kind := argKind(e.Row, i); len(payload) > 0 &&
			(kind == dialect.Length || kind == dialect.Handle && argKind(e.Row, i+1) == dialect.Name) {
			continue
		}
		words = append(words, Printable(body.ToText(decode.Unescape(string(m.Arg(i))))))
	}
	if len(payload) > 0 {
		words = append(words, bodySummary(m))
	}
	return strings.Join(words, " ")
}

// bodySummary returns a description of a payload in a few words.
func bodySummary(m *decode.Message) string {
	b := body.Of(m)
	if m.Block() {
		return fmt.Sprintf("%d bytes of the file", len(b.Data))
	}
	return Printable(b.Title())
}

// quoted returns the first words of a text in quotation marks, or the kind of the payload if it is
// not a text.
func quoted(b *body.Body) string {
	if !b.Readable() {
		return Printable(b.Title())
	}
	b.Data = b.Data[:min(len(b.Data), 8*maxSnippet)]
	text, _ := b.Text()
	return `"` + snippet(text) + `"`
}

// snippet returns the first words of a text on one line, printable.
func snippet(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= maxSnippet {
		return Printable(s)
	}
	return Printable(string([]rune(s)[:maxSnippet-1])) + "…"
}
