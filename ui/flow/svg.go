package flow

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// MaxPicture is how many rows a picture has at most: more than anybody scrolls through, and as many
// as browsers still draw without delay.
const MaxPicture = 10_000

// The measures of an SVG, in pixels.
const (
	svgGutter = 190 // numbers, times and round-trip times
	svgMargin = 60  // beside the outermost lanes
	svgGap    = 150 // between two lanes
	svgNarrow = 100 // between two lanes where there are many
	svgHead   = 92  // above the rows
	svgRow    = 34
	svgFoot   = 16
	svgChar   = 7.25 // the width of a character of 12 pixels in a monospaced font
)

// svgStyle is the style of an SVG: two sets of colours, each with a contrast of at least 4.5 to its
// background.
const svgStyle = `
.bg{fill:#fff}text{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1b1f24;white-space:pre}
.title{font-size:16px;font-weight:bold}.name{font-weight:bold;text-anchor:middle}.note{text-anchor:middle}
.dim,.note{fill:#57606a}.end{text-anchor:end}.lane{stroke:#c3c9d0}.wait{fill:#c3c9d0}
.c{stroke:#0b62b8;fill:#0b62b8}.s{stroke:#1a7036;fill:#1a7036}.e{stroke:#b42318;fill:#b42318}
.o{stroke:#57606a;fill:#57606a;stroke-dasharray:3 3}.x{stroke-dasharray:4 3}
text.c,text.s,text.e,text.o{stroke:#fff;stroke-width:4px;stroke-linejoin:round;paint-order:stroke;stroke-dasharray:none}
.mark{fill:#8a3ab9}
@media (prefers-color-scheme:dark){
.bg{fill:#0f1318}text{fill:#e6eaef}.dim,.note{fill:#9aa4af}.lane{stroke:#3a434d}.wait{fill:#3a434d}
.c{stroke:#6cb2f5;fill:#6cb2f5}.s{stroke:#6fcf8b;fill:#6fcf8b}.e{stroke:#ff8f85;fill:#ff8f85}
.o{stroke:#9aa4af;fill:#9aa4af}.mark{fill:#d7a6f5}
text.c,text.s,text.e,text.o{stroke:#0f1318}}
`

// SVG writes the ladder as a picture. Its texts are text, and each row has a title with all that
// the row says, so that it can be read, searched and copied. Rows beyond MaxPicture are left out.
func (f *Flow) SVG(w io.Writer) error {
	s := svgWriter{out: bufio.NewWriter(w), Flow: f, lanes: Lanes(f.Model), gap: svgGap}
	if len(s.lanes.Lanes) > 7 {
		s.gap = svgNarrow
	}
	s.rows = min(f.Model.Rows(), MaxPicture)
	s.width = svgGutter + 2*svgMargin + s.gap*max(2, len(s.lanes.Lanes)-1)
	s.height = svgHead + svgRow*s.rows + svgFoot
	s.begin()
	s.waits()
	for i := range s.rows {
		s.row(i)
	}
	s.out.WriteString("</svg>\n")
	return s.out.Flush()
}

type svgWriter struct {
	*Flow
	out                      *bufio.Writer
	lanes                    *model.Ladder
	gap, rows, width, height int
}

func (s *svgWriter) x(lane int) int { return svgGutter + svgMargin + lane*s.gap }

// y returns the height of the arrow of a row.
func (s *svgWriter) y(row int) int { return svgHead + row*svgRow + 20 }

// printf writes markup. Its texts are escaped; all else is numbers and names of this package.
func (s *svgWriter) printf(markup string, args ...any) {
	for i := range args {
		if text, ok := args[i].(string); ok {
			args[i] = escapeXML(text)
		}
	}
	fmt.Fprintf(s.out, markup, args...)
}

// escapeXML returns text as the content of an element or an attribute.
func escapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(format.Printable(text))) // a Builder never fails
	return b.String()
}

func (s *svgWriter) begin() {
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `+
		`role="graphics-document" aria-labelledby="title desc">`+"\n", s.width, s.height)
	title := s.Title
	if title == "" {
		title = "Ladder"
	}
	s.printf("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", title, s.Summary(s.lanes))
	s.out.WriteString("<style>" + svgStyle + "</style>\n")
	s.printf(`<rect class="bg" width="%d" height="%d"/>`+"\n", s.width, s.height)
	s.printf(`<text class="title" x="16" y="26">%s</text>`+"\n", clip(title, int(float64(s.width-32)/svgChar*.75)))
	for i := range s.lanes.Lanes {
		name, note := s.lanes.Lanes[i].Title()
		room := int(float64(s.gap-8) / svgChar)
		s.printf(`<line class="lane" x1="%d" y1="%d" x2="%[1]d" y2="%[3]d"/>`, s.x(i), svgHead-8, s.height-svgFoot/2)
		s.printf(`<text class="name" x="%d" y="%d">%s</text>`, s.x(i), svgHead-32, clip(name, room))
		s.printf(`<text class="note" x="%d" y="%d">%s</text>`+"\n", s.x(i), svgHead-16, clip(note, room))
	}
}

// waits draws on the lane of the client how long each request waited for its answer.
func (s *svgWriter) waits() {
	row := map[uint64]int{} // of each request
	for i := range s.rows {
		e := s.Model.CheckedRow(i)
		if e.Dir == decode.FromClient {
			row[e.N] = i
			continue
		}
		if from, ok := row[e.ReplyTo]; ok {
			at := s.lanes.Rung(e).To
			if at >= 0 {
				s.printf(`<rect class="wait" x="%d" y="%d" width="6" height="%d"/>`, s.x(at)-3, s.y(from), s.y(i)-s.y(from))
			}
			delete(row, e.ReplyTo)
		}
	}
	s.out.WriteString("\n")
}

func (s *svgWriter) row(i int) {
	e, y := s.Model.CheckedRow(i), s.y(i)
	label, style := s.Model.Label(s.lanes, i), model.Class(e)
	s.printf(`<g id="n%d"><title>%s</title>`, e.N, Title(s.lanes, e, label))
	s.printf(`<text class="dim end" x="48" y="%d">#%d</text>`, y+4, e.N)
	if !e.Time.IsZero() {
		s.printf(`<text class="dim end" x="116" y="%d">%s</text>`, y+4, model.Since(e.Time.Sub(s.Model.Start())))
	}
	if e.ReplyTo != 0 {
		s.printf(`<a href="#n%d"><text class="dim" x="124" y="%d">⇄%s</text></a>`, e.ReplyTo, y+4, model.Short(e.RTT))
	}
	at := s.x(0)
	if rung := s.lanes.Rung(e); rung.From >= 0 {
		at = min(s.x(rung.From), s.x(rung.To)) + 8
		s.arrow(e, s.x(rung.From), s.x(rung.To), y, style)
	}
	signs := ""
	for _, sign := range model.Signs(e.Flags) {
		signs += " " + sign.Glyph
	}
	room := int(float64(s.width-8-at)/svgChar) - uniseg.StringWidth(signs)
	label = clip(label, room)
	s.printf(`<text class="%s" x="%d" y="%d">%s`, style, at, y-5, label)
	if signs != "" {
		s.printf(`<tspan class="mark">%s</tspan>`, signs)
	}
	s.out.WriteString("</text></g>\n")
}

// arrow draws the line of an event, with a head where it points.
func (s *svgWriter) arrow(e *session.Event, from, to, y int, style string) {
	if e.Flags&session.Dropped != 0 {
		style += " x"
	}
	s.printf(`<line class="%s" x1="%d" y1="%d" x2="%d" y2="%[3]d"/>`, style, from, y, to)
	back := 8
	if to > from {
		back = -8
	}
	if e.Kind == session.Command {
		s.printf(`<path class="%s" d="M%d %dl%d -4v8z"/>`, style, to, y, back)
	}
}

// Title returns all that a row says in one printable line.
func Title(l *model.Ladder, e *session.Event, label string) string {
	text := fmt.Sprintf("#%d", e.N)
	if way := l.Way(e); way != "" {
		text += " " + way
	}
	text += ": " + label
	if e.ReplyTo != 0 {
		text += fmt.Sprintf("; answers #%d after %s", e.ReplyTo, model.Short(e.RTT))
	}
	for _, r := range model.Remarks(e) {
		text += "; " + r.Text
	}
	return text
}

// clip shortens text to a number of columns.
func clip(text string, columns int) string {
	t := textWriter{s: boxStrokes}
	return t.cut(text, max(1, columns))
}
