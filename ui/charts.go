package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/ui/model"
)

// bar returns a bar that takes the given share, 0 to 1, of a width in columns.
func bar(share float64, width int, t *theme) string {
	eighths := int(share*float64(width*8) + 0.5)
	if share > 0 {
		eighths = max(1, eighths)
	}
	full := strings.Repeat(t.g.bars[8], eighths/8)
	if eighths/8 == width {
		return full
	}
	return full + t.g.bars[eighths%8]
}

// drawRates draws the commands per second over the time of the log, those with an error in red. It
// returns how many lines it took.
func drawRates(screen tcell.Screen, r rect, rates *model.Rates, t *theme) int {
	n := len(rates.Commands)
	if n == 0 {
		return 0
	}
	width := min(r.w, max(n, 1))
	if n <= r.w/2 { // a part is as many columns as fit
		width = n * (r.w / n)
	}
	commands, errors := make([]float64, width), make([]float64, width)
	most := 0.0
	for x := range width {
		from, to := x*n/width, max(x*n/width+1, (x+1)*n/width)
		for i := from; i < to; i++ {
			commands[x] += float64(rates.Commands[i])
			errors[x] += float64(rates.Errors[i])
		}
		commands[x] /= float64(to-from) * rates.Each.Seconds()
		most = max(most, commands[x])
	}
	length := time.Duration(n) * rates.Each
	put(screen, r.x, r.y, r.w,
		fmt.Sprintf("commands a second: %.1f at most, over %s", most, length.Round(time.Millisecond)),
		t.title)
	height := r.h - 2
	for x := range width {
		style := t.client
		if errors[x] > 0 {
			style = t.fail
		}
		eighths := int(commands[x]/most*float64(height*8) + 0.5)
		if commands[x] > 0 {
			eighths = max(1, eighths)
		}
		for y := range height {
			part := max(0, min(8, eighths-8*y))
			put(screen, r.x+x, r.y+height-y, 1, t.g.columns[part], style)
		}
	}
	return r.h
}
