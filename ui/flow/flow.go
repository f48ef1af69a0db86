// Package flow draws the ladder of a model on something other than a screen: as text, as SVG, and
// in the notation of Mermaid. What an arrow says, between which lanes it runs and which signs it
// has come from package model.
package flow

import (
	"fmt"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// Flow is a ladder that is to be drawn. The model must have learned all of its log, and must not
// change meanwhile.
type Flow struct {
	Model *model.Model
	Title string // what is shown, such as the name of the capture
}

// maxLanes is how many lanes a picture has before they are grouped: as many as one can tell apart.
const maxLanes = 16

// Lanes returns the ladder for a picture: with a lane for each user, server and switchboard
// session, unless there are too many.
func Lanes(m *model.Model) *model.Ladder {
	return m.Drawn(func(l *model.Ladder) bool { return len(l.Lanes) <= maxLanes })
}

// Summary describes in one sentence what a ladder shows, in printable text.
func (f *Flow) Summary(l *model.Ladder) string {
	commands, first, last := 0, f.Model.Row(0), f.Model.Row(f.Model.Rows()-1)
	for i := range f.Model.Rows() {
		if f.Model.Row(i).Kind == session.Command {
			n, _ := f.Model.Run(i)
			commands += n
		}
	}
	if first == nil {
		return "There is nothing to show."
	}
	return fmt.Sprintf("%s between %s in %s.", count(commands, "command"), count(len(l.Lanes), "lane"),
		model.Short(last.Time.Sub(first.Time)))
}

// count returns a number with its noun, as in "1 command" and "2 commands".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return model.Thousands(n) + " " + noun + "s"
}
