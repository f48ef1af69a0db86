package ui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// key is a row of the key table: it is the binding, the help, the footer and the documentation.
type key struct {
	group string
	keys  string // the names of the keys, separated by blanks
	hint  string // two words for the footer, "" to leave it out there
	help  string
	do    func(a *App)
}

// The groups of the table.
const (
	moving  = "Moving"
	looking = "Looking closer"
	finding = "Filter and find"
	viewing = "The view"
	acting  = "Live traffic"
	leaving = "Leaving"
)

// keyTable returns all keys, in the order in which help shows them.
func keyTable() []key {
	return []key{
		{viewing, "F1 ?", "Help", "this help; ? while typing: in an empty line", (*App).help},
		{finding, "F3 /", "Filter", "filter the commands; Tab completes, Enter applies, Esc leaves it, Up and Down bring earlier ones", (*App).editFilter},
		{looking, "F4", "State", "what stands after the selected event: its user, the lists, who is in the session", (*App).state},
		{looking, "Enter", "Open", "sessions: show only those; commands: to the detail; detail: to the bytes", (*App).enter},
		{viewing, "f", "Follow", "follow the end of the list; moving by hand stops it", (*App).follow},
		{looking, "K", "Explain", "explain the command: meaning, form, section, what it answers, what answers it", (*App).explain},
		{viewing, "F6", "Bytes", "the bytes, and back", (*App).toggleBytes},
		{leaving, "q", "Quit", "back as Esc, and out; asks while something would be lost", (*App).backOrQuit},
		{viewing, "p", "Pause", "pause the view; the traffic goes on, and so does the recording", (*App).pause},
		{finding, ":", "Command", "a command; Tab completes it: " + commandNames(), (*App).editCommand},
		{viewing, "F9", "Mouse", "mouse on or off; off lets the terminal select text", (*App).toggleMouse},

		{moving, "j Down", "", "down", func(a *App) { a.move(1) }},
		{moving, "k Up", "", "up", func(a *App) { a.move(-1) }},
		{moving, "Ctrl-D", "", "half a page down", func(a *App) { a.move(a.page() / 2) }},
		{moving, "Ctrl-U", "", "half a page up", func(a *App) { a.move(-a.page() / 2) }},
		{moving, "PgDn", "", "a page down", func(a *App) { a.move(a.page()) }},
		{moving, "PgUp", "", "a page up", func(a *App) { a.move(-a.page()) }},
		{moving, "g Home", "", "to the beginning", (*App).first},
		{moving, "G End", "", "to the end; of a live session: and follow it", (*App).last},
		{moving, "h Left", "", "sessions: fold; detail and bytes: scroll left, then out to the commands", (*App).left},
		{moving, "l Right", "", "sessions: unfold; commands: into the detail; detail and bytes: scroll right", (*App).right},
		{moving, "Tab", "", "the next pane", func(a *App) { a.cycle(1) }},
		{moving, "Shift-Tab", "", "the pane before", func(a *App) { a.cycle(-1) }},
		{moving, "1", "", "the sessions", func(a *App) { a.to(treePane) }},
		{moving, "2", "", "the commands", func(a *App) { a.to(listPane) }},
		{moving, "3", "", "the detail", func(a *App) { a.to(detailPane) }},
		{moving, "4", "", "the bytes", func(a *App) { a.to(bytesPane) }},

		{finding, "n", "", "the next row that says what :find looked for; without such a text, the next row", func(a *App) { a.next(true) }},
		{finding, "N", "", "the same upwards", func(a *App) { a.next(false) }},

		{looking, "y", "", "copy the command as C: and S: lines, to the terminal's clipboard (OSC 52)", (*App).copyText},
		{looking, "Y", "", "copy the command's bytes as hexadecimal digits", (*App).copyBytes},
		{looking, "E", "", "the program's own log", (*App).eventLog},

		{acting, "i", "", "say what shall be held: a filter; nothing typed holds nothing", (*App).editIntercept},
		{acting, "I", "", "stop holding, or hold the same again", (*App).toggleIntercept},
		{acting, "a", "", "let the held command go on", (*App).release},
		{acting, "A", "", "let all held commands go on", (*App).releaseAll},
		{acting, "D", "", "duplicate: let the held command go on, and once more", (*App).duplicate},
		{acting, "e", "", "edit the held command: its fields, v its bytes", (*App).editHeld},
		{acting, "x", "", "drop the held command", (*App).drop},
		{acting, "X", "", "kill the connection of the selected command", (*App).kill},
		{acting, "c", "", "send a command of your own on that connection: > to the server, < to the client", (*App).compose},

		{leaving, "Esc", "", "back: bytes, detail, commands, all sessions", (*App).back},
		{leaving, "Ctrl-C", "", "out at once", func(a *App) { a.quit = true }},
	}
}

// bindings indexes the table by the names of the keys.
func bindings() map[string]*key {
	table := keyTable()
	m := make(map[string]*key)
	for i := range table {
		for _, name := range strings.Fields(table[i].keys) {
			m[name] = &table[i]
		}
	}
	return m
}

// keyName returns the name that the table uses for a key.
func keyName(e *tcell.EventKey) string {
	switch e.Key() {
	case tcell.KeyRune:
		return string(e.Rune())
	case tcell.KeyBacktab:
		return "Shift-Tab"
	}
	return strings.ReplaceAll(tcell.KeyNames[e.Key()], "Ctrl+", "Ctrl-")
}

// press takes a key.
func (a *App) press(e *tcell.EventKey) {
	name := keyName(e)
	switch {
	case e.Key() == tcell.KeyCtrlC:
		a.quit = true
	case a.asking:
		a.answer(name)
	case a.overlay != nil:
		a.pressOverlay(name)
	case a.editor != nil:
		a.pressEditor(e, name)
	case a.prompt != nil:
		a.pressPrompt(e, name)
	default:
		a.message = seg{}
		if k := a.keys[name]; k != nil {
			k.do(a)
		}
	}
}
