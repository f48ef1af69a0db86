package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/ui/model"
)

// A text is shown in at most maxSaid lines and maxSaidText bytes; opening it shows more.
const (
	maxSaid     = 12
	maxSaidText = 4 << 10
)

// conversation shows the rows as the lines of a conversation. It makes only those that fit.
type conversation struct {
	model *model.Model
	theme *theme
	now   func() time.Time
	top   int   // the first row that is shown
	at    []int // the row of each line, at the last drawing
}

// draw draws the names of the participants, which do not scroll, and the lines of the rows.
func (c *conversation) draw(screen tcell.Screen, r rect, focused bool) {
	c.head(screen, r)
	row, _ := c.model.Selected()
	height := r.h - 1
	c.scroll(max(0, row), r.w, height)
	c.at = c.at[:0]
	for i := c.top; i < c.model.Lines() && len(c.at) < height; i++ {
		first := len(c.at)
		for _, l := range c.lines(i, r.w) {
			if len(c.at) == height {
				break
			}
			l.draw(screen, r.x, r.y+1+len(c.at), r.w)
			c.at = append(c.at, i)
		}
		if i == row {
			highlight(screen, rect{r.x, r.y + 1 + first, r.w, len(c.at) - first}, c.theme.selection(focused))
		}
	}
}

// rowAt returns the row that is shown in a line of the pane, -1 for none.
func (c *conversation) rowAt(y int) int {
	if y < 1 || y > len(c.at) {
		return -1
	}
	return c.at[y-1]
}

// scroll moves the first row as little as possible to show the selected row. Rows differ in height.
func (c *conversation) scroll(row, width, height int) {
	if c.top = min(c.top, row); c.top == row {
		return
	}
	first, used := row, len(c.lines(row, width))
	for first > c.top {
		if used += len(c.lines(first-1, width)); used > height {
			break
		}
		first--
	}
	c.top = first
}

// head draws whose conversation it is, and with whom.
func (c *conversation) head(screen tcell.Screen, r rect) {
	conn := c.model.Conn(c.model.Talk())
	if conn == nil {
		return
	}
	t := c.theme
	l := line{{" " + shortName(printable(conn.User)), t.bold}, {" with ", t.dim}, {conn.Others(), t.bold}}
	if conn.Session != "" {
		l = append(l, seg{"  session " + printable(conn.Session), t.dim})
	}
	l = append(l, seg{"  SB#" + strconv.Itoa(conn.ID), t.dim})
	l.draw(screen, r.x, r.y, r.w)
}

// waiting returns the line of a held command, with its clock.
func (c *conversation) waiting(h edit.Held, width int) lines {
	t, e := c.theme, h.Event
	l := line{{fmt.Sprintf(" %s %s ", t.g.held, heldFor(c.now().Sub(h.Since))), t.mark}, {called(e) + " ", t.bold}}
	return lines{append(l, seg{cut(says(e), width-l.width(), t.g.ellipsis), t.plain})}
}

// lines returns a row as lines for a width.
func (c *conversation) lines(row, width int) lines {
	if h, waits := c.model.HeldLine(row); waits {
		return c.waiting(h, width)
	}
	t, e, said := c.theme, c.model.Row(row), c.model.Said(row)
	clock := e.Time.Local().Format("15:04:05")
	if said.Wrote() {
		return c.text(e, &said, clock, model.KnownAs(said.Who, e.User), width)
	}
	text, look := said.Happened(e.User), t.dim
	switch {
	case said.Bad():
		text, look = t.g.dropped+" "+text, t.fail
	case said.Moved() && said.Own:
		look = t.client
	case said.Moved():
		look = t.server
	}
	return lines{{{" " + clock + "  ", t.dim}, {cut(text, width-12, t.g.ellipsis), look}}}
}

// text returns a text, or what was sent in its place, with its time and its writer.
func (c *conversation) text(e *session.Event, said *model.Said, clock, name string, width int) lines {
	t := c.theme
	style, body := t.server, t.plain
	if said.Own {
		style = t.client
	}
	if said.Kind == model.SaidOther {
		body = t.dim
	}
	for word, effect := range map[string]func(tcell.Style) tcell.Style{
		"bold":       func(s tcell.Style) tcell.Style { return s.Bold(true) },
		"italic":     func(s tcell.Style) tcell.Style { return s.Italic(true) },
		"underlined": func(s tcell.Style) tcell.Style { return s.Underline(true) },
		"struck out": func(s tcell.Style) tcell.Style { return s.StrikeThrough(true) },
	} {
		if strings.Contains(said.Effects, word) {
			body = effect(body)
		}
	}
	indent := 12 + nameWidth(width)
	head := line{{" " + clock + "  ", t.dim}, {pad(name, nameWidth(width)-2, t.g.ellipsis) + "  ", style.Bold(true)}}
	var out lines
	for _, part := range c.paragraph(said.Text, width-indent) {
		out = append(out, append(head, seg{part, body}))
		head = line{{strings.Repeat(" ", indent-1), t.dim}}
	}
	last := len(out) - 1
	for _, note := range []seg{
		{said.Look(), t.dim},
		{strings.TrimSpace(t.g.marks(e.Flags)), t.mark},
		{c.lost(said), t.fail},
	} {
		if note.text == "" {
			continue
		}
		note.text = "  " + note.text
		if out[last].width()+uniseg.StringWidth(note.text) > width {
			out, last = append(out, line{{strings.Repeat(" ", indent-3), t.dim}}), last+1
		}
		out[last] = append(out[last], note)
	}
	return out
}

func (c *conversation) lost(said *model.Said) string {
	if !said.Failed {
		return ""
	}
	return c.theme.g.dropped + " not delivered"
}

// nameWidth returns how many columns the names take, two blanks included.
func nameWidth(width int) int { return 12 + min(8, max(0, (width-70)/4)) }

// paragraph returns the printable lines of a text, cut where it is long.
func (c *conversation) paragraph(text string, width int) []string {
	rest := len(text) - maxSaidText
	if rest > 0 {
		text = strings.ToValidUTF8(text[:maxSaidText], "")
	}
	var out []string
	for l := range strings.Lines(strings.TrimRight(text, " \r\n")) {
		out = append(out, wrap(printable(strings.TrimRight(l, "\r\n")), width)...)
	}
	if len(out) > maxSaid || rest > 0 {
		out = append(out[:min(len(out), maxSaid-1)], c.theme.g.ellipsis+" Enter shows all of it")
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// converse shows the conversation of what is selected, or goes back from it. Where that led to
// none, it shows the only one there is, or a menu of all.
func (a *App) converse() {
	if a.face == talkFace {
		a.endTalk()
		return
	}
	if a.focus == treePane {
		if row := a.model.Tree()[a.model.TreeCursor()]; row.Conn != nil && row.Conn.Talks() {
			a.talk(row.Conn.ID)
			return
		}
	} else if e := a.selectedEvent(); e != nil {
		if conn := a.model.TalkOf(e); conn != 0 {
			a.talk(conn)
			return
		}
	}
	a.chooseTalk()
}

// onlyTalk returns, if the connections are all of one session, that of the user of the selected
// row, or else the first; otherwise nil.
func (a *App) onlyTalk(all []*model.Conn) *model.Conn {
	one, user := all[0], ""
	if e := a.selectedEvent(); e != nil {
		if c := a.model.Conn(e.Conn); c != nil {
			user = c.User
		}
	}
	for _, c := range all[1:] {
		if c.Session == "" || c.Session != one.Session || c.Server != one.Server {
			return nil
		}
		if strings.EqualFold(c.User, user) {
			one = c
		}
	}
	return one
}

// chooseTalk shows the only conversation, or offers all.
func (a *App) chooseTalk() {
	all := slices.DeleteFunc(a.model.Conns(), func(c *model.Conn) bool { return !c.Talks() })
	if len(all) == 0 {
		a.say("nobody has talked yet")
		return
	}
	if one := a.onlyTalk(all); one != nil {
		a.talk(one.ID)
		return
	}
	var items []item
	for _, c := range all {
		items = append(items, item{
			fmt.Sprintf("%s with %s", shortName(printable(c.User)), c.Others()),
			fmt.Sprintf("SB#%d, %s commands", c.ID, thousands(c.Commands)), func() { a.talk(c.ID) },
		})
	}
	a.choose("Conversations", items)
}

// talk shows the conversation on a connection.
func (a *App) talk(conn int) {
	a.model.SetTalk(conn)
	if a.face != talkFace {
		a.before, a.face = a.face, talkFace
	}
	a.to(listPane)
}

// endTalk goes back to what was shown before the conversation.
func (a *App) endTalk() {
	a.model.EndTalk()
	a.face = a.before
}
