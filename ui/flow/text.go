package flow

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// TextOptions choose how a ladder is written as text.
type TextOptions struct {
	Width int  // of a line, in columns; 0 means 100, and less than 60 counts as 60
	ASCII bool // whether lines and signs are ASCII; text from the wire may be other
}

// The measures of a ladder of text, in columns.
const (
	usualWidth   = 100
	leastWidth   = 60
	numberColumn = 7  // "#12345"
	timeColumn   = 10 // "1.234"
	rttColumn    = 8  // "⇄18ms"
	leastGap     = 8  // between two lanes
	margin       = 4  // beside the outermost lanes, half of their names
)

// maxNotes is how many remarks are listed below the rows.
const maxNotes = 1000

// strokes are the characters of which a ladder is drawn.
type strokes struct{ upright, line, dash, left, right, reply, ellipsis string }

var (
	boxStrokes   = strokes{"│", "─", "╌", "◀", "▶", "⇄", "…"}
	asciiStrokes = strokes{"|", "-", ".", "<", ">", "~", "..."}
)

// Text writes the ladder as lines of text: a line for each row, and one more above it where what
// the row says is longer than its arrow; below, what the signs of the rows mean.
func (f *Flow) Text(w io.Writer, o TextOptions) error {
	t := textWriter{out: bufio.NewWriter(w), Flow: f, o: o, s: boxStrokes}
	if o.ASCII {
		t.s = asciiStrokes
	}
	t.o.Width = max(leastWidth, cmp.Or(o.Width, usualWidth))
	t.gutter = numberColumn + timeColumn
	if t.o.Width >= usualWidth {
		t.gutter += rttColumn
	}
	t.lanes = f.Model.Drawn(func(l *model.Ladder) bool {
		return t.gutter+2*margin+(len(l.Lanes)-1)*leastGap < t.o.Width
	})
	n := max(1, len(t.lanes.Lanes)-1)
	t.gap = max(leastGap, (t.o.Width-t.gutter-2*margin-1)/n)
	t.heading()
	for i := range f.Model.Rows() {
		t.row(i)
	}
	t.remarks()
	return t.out.Flush()
}

// textWriter writes one ladder. Errors of the writer stick to its buffer.
type textWriter struct {
	*Flow
	out         *bufio.Writer
	o           TextOptions
	s           strokes
	lanes       *model.Ladder
	gutter, gap int
	notes       []string
	more        int // notes that were left out
	shown       session.Flag
	line        []string // the cells of a line; "" continues the character before
}

// x returns the column of a lane.
func (t *textWriter) x(lane int) int { return t.gutter + margin + lane*t.gap }

// begin clears the line.
func (t *textWriter) begin() {
	t.line = t.line[:0]
	for range max(t.o.Width, t.x(len(t.lanes.Lanes)-1)+margin+1) {
		t.line = append(t.line, " ")
	}
}

// put writes text into the line at a column, in at most width columns.
func (t *textWriter) put(x, width int, text string) {
	for state := -1; text != ""; {
		var cluster string
		var w int
		cluster, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		if w == 0 { // a mark without a letter
			cluster, w = "?", 1
		}
		if w > width || x+w > len(t.line) {
			return
		}
		t.line[x] = cluster
		for i := 1; i < w; i++ {
			t.line[x+i] = ""
		}
		x, width = x+w, width-w
	}
}

// end writes the line without blanks at its end.
func (t *textWriter) end() {
	t.out.WriteString(strings.TrimRight(strings.Join(t.line, ""), " "))
	t.out.WriteByte('\n')
}

// cut shortens text to a width.
func (t *textWriter) cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	width -= uniseg.StringWidth(t.s.ellipsis)
	short, used := "", 0
	for state := -1; text != ""; {
		var cluster string
		var w int
		cluster, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		if used += w; used > width {
			break
		}
		short += cluster
	}
	return short + t.s.ellipsis
}

// heading writes the title and the names of the lanes.
func (t *textWriter) heading() {
	if t.Title != "" {
		t.out.WriteString(t.cut(format.Printable(t.Title), t.o.Width) + "\n")
	}
	t.out.WriteString(t.Summary(t.lanes) + "\n\n")
	t.begin()
	t.put(0, t.gutter, fmt.Sprintf("%*s%*s", numberColumn-1, "#", timeColumn, "+time"))
	var notes bool
	for i := range t.lanes.Lanes {
		name, note := t.lanes.Lanes[i].Title()
		t.centre(i, name)
		notes = notes || note != ""
	}
	t.end()
	if !notes {
		return
	}
	t.begin()
	for i := range t.lanes.Lanes {
		_, note := t.lanes.Lanes[i].Title()
		t.centre(i, note)
	}
	t.end()
}

// centre writes text around a lane.
func (t *textWriter) centre(lane int, text string) {
	text = t.cut(text, t.gap-1)
	t.put(max(t.gutter, t.x(lane)-uniseg.StringWidth(text)/2), t.gap-1, text)
}

// uprights draws the lanes.
func (t *textWriter) uprights() {
	for i := range t.lanes.Lanes {
		t.put(t.x(i), 1, t.s.upright)
	}
}

// row writes a row, and keeps its remarks.
func (t *textWriter) row(i int) {
	e := t.Model.CheckedRow(i)
	label := t.Model.Label(t.lanes, i)
	t.keep(e)
	for _, s := range model.Signs(e.Flags) {
		label += " " + t.sign(s)
	}
	if e.ReplyTo != 0 && t.gutter < numberColumn+timeColumn+rttColumn {
		label += " " + t.s.reply + model.Short(e.RTT)
	}
	rung := t.lanes.Rung(e)
	if rung.From < 0 {
		t.begin()
		t.gutterOf(e)
		t.uprights()
		t.put(t.x(0)+2, t.o.Width, t.cut(label, t.o.Width-t.x(0)-2))
		t.end()
		return
	}
	first, last := t.x(min(rung.From, rung.To))+1, t.x(max(rung.From, rung.To))-1
	from, room := first+1, last-first-2
	if rung.To < rung.From { // behind the head
		from, room = from+1, room-1
	}
	if uniseg.StringWidth(label) > room { // above the arrow, as far as it fits
		t.begin()
		t.uprights()
		width := t.o.Width - t.gutter - margin - 1
		label = t.cut(label, width)
		t.put(min(first+1, t.o.Width-uniseg.StringWidth(label)), width, label)
		t.end()
		label = ""
	}
	t.begin()
	t.gutterOf(e)
	t.uprights()
	t.arrow(e, rung, first, last)
	t.put(from, room, label)
	t.end()
}

// gutterOf writes the number, the time and the round-trip time of an event.
func (t *textWriter) gutterOf(e *session.Event) {
	t.put(0, numberColumn, fmt.Sprintf("%*s", numberColumn-1, fmt.Sprintf("#%d", e.N)))
	if !e.Time.IsZero() {
		t.put(numberColumn-1, timeColumn, fmt.Sprintf("%*s", timeColumn, model.Since(e.Time.Sub(t.Model.Start()))))
	}
	if e.ReplyTo != 0 && t.gutter >= numberColumn+timeColumn+rttColumn {
		t.put(numberColumn+timeColumn, rttColumn, t.s.reply+model.Short(e.RTT))
	}
}

// arrow draws the arrow of an event between two columns.
func (t *textWriter) arrow(e *session.Event, rung model.Rung, first, last int) {
	stroke := t.s.line
	if e.Kind != session.Command || e.Flags&session.Dropped != 0 {
		stroke = t.s.dash
	}
	for x := first; x <= last; x++ {
		t.put(x, 1, stroke)
	}
	switch {
	case e.Kind != session.Command: // it points nowhere
	case rung.To > rung.From:
		t.put(last, 1, t.s.right)
	default:
		t.put(first, 1, t.s.left)
	}
}

// sign returns the character of a sign.
func (t *textWriter) sign(s model.Sign) string {
	if t.o.ASCII {
		return s.ASCII
	}
	return s.Glyph
}

// keep remembers the remarks on an event for the end.
func (t *textWriter) keep(e *session.Event) {
	t.shown |= e.Flags
	for _, r := range model.Remarks(e) {
		if len(t.notes) == maxNotes {
			t.more++
			continue
		}
		number := fmt.Sprintf("#%d", e.N)
		t.notes = append(t.notes, fmt.Sprintf("%*s %s %s", numberColumn-1, number, t.sign(r.Sign), r.Text))
	}
}

// remarks writes what the signs say about the rows that have them.
func (t *textWriter) remarks() {
	if len(t.notes) == 0 {
		return
	}
	t.out.WriteString("\n")
	for _, note := range t.notes {
		t.out.WriteString(note + "\n")
	}
	if t.more > 0 {
		fmt.Fprintf(t.out, "%*s\n", numberColumn+len("and  more"), fmt.Sprintf("and %s more", model.Thousands(t.more)))
	}
}
