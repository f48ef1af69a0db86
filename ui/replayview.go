package ui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/ui/model"
)

// drawReplay draws the panel over the panes: the outcomes, and the selected one beside what was
// recorded.
func (a *App) drawReplay(area rect) {
	p, t := a.replays, &a.theme
	for y := range area.h {
		fill(a.screen, area.x, area.y+y, area.w, t.plain)
	}
	list, detail := rect{area.x, area.y, area.w * 55 / 100, area.h}, area
	if area.w >= 100 {
		detail.x, detail.w = list.w, area.w-list.w
	} else {
		list.w, list.h = area.w, area.h*3/5
		detail.y, detail.h = area.y+list.h, area.h-list.h
	}
	box(a.screen, list, t.focus, t)
	box(a.screen, detail, t.frame, t)
	title := " Replay"
	if p.run != nil {
		title += " against " + printable(p.o.To) + ", " + p.o.Timing
		if p.o.Only != "" {
			title += ", only " + printable(p.o.Only)
		}
	}
	put(a.screen, list.x+1, list.y, list.w-2, title+" ", t.focus.Reverse(true))
	put(a.screen, list.x+1, list.y+list.h-1, list.w-2,
		" n N wrong ones, s step, r again, R choose, Enter shows it, Esc back ", t.dim)
	put(a.screen, detail.x+1, detail.y, detail.w-2, " Diff ", t.dim)
	if p.run == nil {
		return
	}
	in := list.inner()
	state := p.state(t)
	put(a.screen, in.x+1, in.y, in.w-2, state.text, state.style)
	a.drawOutcomes(rect{in.x, in.y + 1, in.w, in.h - 1})
	if p.at >= len(p.outcomes) {
		return
	}
	s := &sheet{width: detail.inner().w, t: t}
	a.verdict(s, &p.outcomes[p.at])
	text := pager{src: s.lines}
	text.draw(a.screen, detail.inner(), t)
}

func (a *App) drawOutcomes(r rect) {
	p, t := a.replays, &a.theme
	if p.left > 0 {
		r.h--
		put(a.screen, r.x+1, r.y+r.h, r.w-2, fmt.Sprintf("%s more are not kept", thousands(p.left)), t.dim)
	}
	p.height = r.h
	p.top = window(p.top, p.at, len(p.outcomes), r.h)
	for i := range min(r.h, len(p.outcomes)-p.top) {
		l := a.outcomeLine(&p.outcomes[p.top+i])
		if p.top+i == p.at {
			fill(a.screen, r.x, r.y+i, r.w, t.selected)
			l = l.in(t.selected)
		}
		l.draw(a.screen, r.x, r.y+i, r.w)
	}
}

// outcomeLine returns the line of an outcome: its number in the recording, the connection, who sent
// it, what became of it, and the command.
func (a *App) outcomeLine(o *replay.Outcome) line {
	t, number := &a.theme, ""
	if o.N != 0 {
		number = fmt.Sprint(o.N)
	}
	arrow, style := t.g.toClient, t.server
	if o.Dir == "C" {
		arrow, style = t.g.toServer, t.client
	}
	return line{
		{fmt.Sprintf("%6s ", number), t.dim},
		{fmt.Sprintf("%-10s ", o.Verdict), verdictStyle(o, t)},
		{pad(fmt.Sprintf("%s#%d %s", o.Role, o.Conn, shortName(o.User)), 14, t.g.ellipsis) + " ", t.plain},
		{arrow + " ", style},
		{o.Command, style},
	}
}

func verdictStyle(o *replay.Outcome, t *theme) tcell.Style {
	switch {
	case !o.Good():
		return t.fail
	case o.Verdict == replay.Same:
		return t.good
	}
	return t.dim
}

// verdict adds an outcome, with what was recorded beside what came.
func (a *App) verdict(s *sheet, o *replay.Outcome) {
	t := s.t
	s.add(seg{" " + string(o.Verdict), verdictStyle(o, t)}, seg{"  " + o.Command, t.bold})
	if o.Why != "" {
		s.text(o.Why, func(t *theme) seg { return seg{style: t.mark} })
	}
	if o.LiveRTT > 0 {
		s.pair(8, "answer", short(o.LiveRTT)+", recorded "+short(o.RecordedRTT), seg{style: t.plain}, "")
	}
	s.blank()
	came := "came"
	if o.Dir == "C" {
		came = "sent"
	}
	s.table(a.verdictRows(o), "recorded", came)
}

// verdictRows puts the parts of the recorded command beside those of the one that came.
func (a *App) verdictRows(o *replay.Outcome) (rows []model.Difference) {
	if o.N == 0 {
		return []model.Difference{{Name: "command", B: &o.Command}}
	}
	var parts []model.Part
	if e := a.model.Event(o.N); e != nil {
		parts = model.Parts(e, o.Dir == "C")
	}
	told := map[string]bool{}
	for i := range parts {
		row := model.Difference{Name: parts[i].Name, A: &parts[i].Value, B: &parts[i].Value}
		if o.Verdict == replay.Missing || o.Verdict == replay.Failed || o.Verdict == replay.Free {
			row.B = nil
		}
		for j := range o.Diffs {
			if d := &o.Diffs[j]; d.Field == row.Name || d.Field == "Command" && row.Name == "command" {
				told[d.Field], row.B = true, &d.Got
			}
		}
		rows = append(rows, row)
	}
	for j := range o.Diffs {
		if d := &o.Diffs[j]; !told[d.Field] {
			rows = append(rows, model.Difference{Name: d.Field, A: &d.Want, B: &d.Got})
		}
	}
	return rows
}
