package ui

import "strings"

// footers names, for each pane, the keys that its footer shows first. After them come the others
// that have a hint, as far as there is room.
var footers = [panes][]string{
	treePane:   {"F1", "Enter", "V", "l", "F3", "q", "S", "F2"},
	listPane:   {"F1", "Enter", "F3", "V", "J", "F2", "i", "q", "F5", "d", "K", "Ctrl-P"},
	detailPane: {"F1", "Enter", "J", "K", "d", "F2", "q", "Esc"},
	bytesPane:  {"F1", "Esc", "F6", "y", "F2", "q"},
}

// lessonKeys are the keys that the footer shows first while a lesson's page has the focus, with
// what they do there, "" for what the key table says.
var lessonKeys = [][2]string{{"F1", ""}, {"Enter", "Go on"}, {"]", ""}, {"[", ""}, {"q", ""}, {"2", "Commands"}}

// hints returns the rows of the key table that the footer shows, in the order of the footer.
func (a *App) hints() []*key {
	var shown []*key
	seen := map[*key]bool{}
	add := func(k *key) {
		if k != nil && k.hint != "" && !seen[k] && (k.group != acting || a.o.Steering != nil) &&
			(k.group != taught || a.course != nil) {
			seen[k] = true
			shown = append(shown, k)
		}
	}
	if a.focus == detailPane && a.tab == lessonTab {
		for _, k := range lessonKeys {
			row := *a.keys[k[0]]
			seen[a.keys[k[0]]] = true
			if k[1] != "" {
				row.keys, row.hint = k[0], k[1]
			}
			shown = append(shown, &row)
		}
	}
	for _, name := range footers[a.focus] {
		add(a.keys[name])
	}
	for _, k := range keyTable() {
		name, _, _ := strings.Cut(k.keys, " ")
		add(a.keys[name])
	}
	return shown
}

// drawHints draws the keys that matter in the focused pane.
func (a *App) drawHints(w, y int) {
	x := 0
	for _, k := range a.hints() {
		name, _, _ := strings.Cut(k.keys, " ")
		if x+len(name)+len(k.hint)+3 > w {
			return
		}
		x += put(a.screen, x, y, w-x, " "+name, a.theme.key)
		x += put(a.screen, x, y, w-x, " "+k.hint+" ", a.theme.plain)
	}
}
