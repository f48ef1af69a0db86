package explain

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// TextOptions control the layout of text. The zero value suits a file.
type TextOptions struct {
	// Width is the number of columns of a line: 80 if 0, at least 40.
	Width int
	// Bold makes titles bold by escape sequences for a terminal.
	Bold bool
}

// Text returns the entries as text for people. No line exceeds the width, unless a single word
// does.
func Text(entries []Entry, o TextOptions) string {
	if o.Width == 0 {
		o.Width = 80
	}
	w := &writer{width: max(40, o.Width), bold: o.Bold}
	for i, e := range entries {
		if i > 0 {
			w.line("")
		}
		w.entry(e)
	}
	return w.b.String()
}

type writer struct {
	b     strings.Builder
	width int
	bold  bool
}

func (w *writer) line(s string) { w.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (w *writer) title(s string) {
	if w.bold {
		s = "\x1b[1m" + s + "\x1b[0m"
	}
	w.line(s)
}

func (w *writer) entry(e Entry) {
	w.title(e.Word + ": " + e.Kind)
	if e.Forms == nil {
		w.wrapped("  ", "  ", e.Means)
	}
	w.pairs("  ", e.Facts)
	var dir decode.Dir
	for _, f := range e.Forms {
		if d := f.First().Dir; d != dir {
			dir = d
			w.line("")
			w.title(dirTitles[dir])
		} else {
			w.line("")
		}
		w.form(f)
	}
}

var dirTitles = map[decode.Dir]string{decode.FromClient: "From the client", decode.FromServer: "From the server"}

func (w *writer) form(f Form) {
	row := f.First()
	w.wrapped("  ", "      ", row.Grammar())
	w.wrapped("    ", "    ", row.Means)
	w.pairs("    ", slices.Concat(formFacts(f), Args(row), exampleFacts(row)))
	for i, v := range f[1:] {
		w.wrapped("    ", "      ", v.Since+": "+v.Change)
		w.wrapped("      ", "          ", v.Row.Grammar())
		w.pairs("      ", gained(f[i], v))
	}
}

// formFacts returns the facts about a form, except for its grammar, which is its title.
func formFacts(f Form) []Pair {
	var pairs []Pair
	if life := f.Life(); life != "" {
		pairs = append(pairs, Pair{"dialects", life})
	}
	return append(pairs, Facts(f.First())[1:]...)
}

func exampleFacts(row *dialect.Row) []Pair {
	var pairs []Pair
	name := "example"
	for _, l := range Example(row) {
		pairs = append(pairs, Pair{name, l})
		name = ""
	}
	return pairs
}

// pairs writes the names in one column and the texts in a second one. The text of a name that is
// too long for its column begins in the next line.
func (w *writer) pairs(indent string, pairs []Pair) {
	const widest = 18
	column := 0
	for _, p := range pairs {
		if n := utf8.RuneCountInString(p.Name); n <= widest {
			column = max(column, n)
		}
	}
	hang := indent + strings.Repeat(" ", column+2)
	for _, p := range pairs {
		n := utf8.RuneCountInString(p.Name)
		if n > column {
			w.line(indent + p.Name)
			w.wrapped(hang, hang, p.Text)
			continue
		}
		w.wrapped(indent+p.Name+strings.Repeat(" ", column-n+2), hang, p.Text)
	}
}

// wrapped writes a wrapped text: first begins the first line, hang every further one.
func (w *writer) wrapped(first, hang, text string) {
	for _, l := range Wrap(w.width, first, hang, text) {
		w.line(l)
	}
}

// Wrap returns a text in lines of at most width characters, a longer word alone on its line: first
// begins the first line, hang every further one. Runs of white space become one blank.
func Wrap(width int, first, hang, text string) (lines []string) {
	line, begun := first, false
	for word := range strings.FieldsSeq(text) {
		switch {
		case !begun:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = hang + word
		default:
			line += " " + word
		}
		begun = true
	}
	return append(lines, line)
}

// Contents returns a list of all words that can be explained, by kind, in columns.
func Contents(o TextOptions) string {
	if o.Width == 0 {
		o.Width = 80
	}
	w := &writer{width: max(40, o.Width), bold: o.Bold}
	for i, g := range Groups() {
		if i > 0 {
			w.line("")
		}
		w.title(sentence(g.Kind))
		w.columns(g.Words)
	}
	return w.b.String()
}

// columns writes words in columns, row by row.
func (w *writer) columns(words []string) {
	column := 0
	for _, word := range words {
		column = max(column, len(word)+2)
	}
	per := max(1, (w.width-2)/column)
	for len(words) > 0 {
		n := min(per, len(words))
		line := "  "
		for _, word := range words[:n] {
			line += word + strings.Repeat(" ", column-len(word))
		}
		w.line(line)
		words = words[n:]
	}
}
