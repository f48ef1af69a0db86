package flow

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// MermaidLimit is how many characters of a diagram Mermaid draws with its usual settings.
const MermaidLimit = 50_000

// Mermaid writes the ladder as a sequence diagram of Mermaid, which documents and websites draw.
func (f *Flow) Mermaid(w io.Writer) error {
	out := bufio.NewWriter(w)
	l := Lanes(f.Model)
	out.WriteString("sequenceDiagram\n")
	if title := mermaidText(format.Printable(f.Title)); title != "" {
		fmt.Fprintf(out, "    title %s\n    accTitle: %s\n", title, title)
	}
	fmt.Fprintf(out, "    accDescr: %s\n", mermaidText(f.Summary(l)))
	for i := range l.Lanes {
		name, note := l.Lanes[i].Title()
		if note != "" {
			name += " " + note
		}
		fmt.Fprintf(out, "    participant L%d as %s\n", i, mermaidText(name))
	}
	for i := range f.Model.Rows() {
		f.mermaidRow(out, l, i)
	}
	return out.Flush()
}

func (f *Flow) mermaidRow(out *bufio.Writer, l *model.Ladder, i int) {
	e := f.Model.CheckedRow(i)
	label := mermaidText(f.Model.Label(l, i))
	rung := l.Rung(e)
	switch {
	case len(l.Lanes) == 0:
		return
	case rung.From < 0:
		fmt.Fprintf(out, "    Note over L0,L%d: %s\n", len(l.Lanes)-1, label)
		return
	case e.Kind != session.Command:
		fmt.Fprintf(out, "    Note over L%d,L%d: %s\n", rung.From, rung.To, label)
		return
	}
	arrow := "->>"
	switch {
	case e.Flags&session.Dropped != 0:
		arrow = "-x"
	case e.ReplyTo != 0:
		arrow = "-->>"
		label += mermaidText(" (" + model.Short(e.RTT) + ")")
	}
	fmt.Fprintf(out, "    L%d%sL%d: %s\n", rung.From, arrow, rung.To, label)
	for _, r := range model.Remarks(e) {
		fmt.Fprintf(out, "    Note over L%d,L%d: %s\n", rung.From, rung.To, mermaidText(r.Sign.Glyph+" "+r.Text))
	}
}

// mermaidText writes printable text so that Mermaid shows it as it is: every character that could
// be a part of its notation, or of HTML, as the number of the character.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(" .,@()/=+-_", r),
			r > 0x7f:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
