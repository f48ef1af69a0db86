package ui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// key is a row of the key table, from which bindings, help, footer and documentation are made.
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
	playing = "Playback of a file"
	taught  = "A lesson"
	replays = "Replay"
	leaving = "Leaving"
)

// keyTable returns all keys, in the order in which help lists them.
func keyTable() []key {
	return []key{
		{viewing, "F1 ?", "Help", "this help; ? while typing: in an empty line", (*App).help},
		{
			finding, "F3 /", "Filter",
			"filter the commands; Tab completes, Esc clears, then leaves, Ctrl-Z takes back, Up and " +
				"Down bring earlier ones",
			(*App).editFilter,
		},
		{
			looking, "F4", "State", "the state after the selected event, beside the list: its user, the lists, " +
				"who is in the session; again: Decode", (*App).state,
		},
		{
			looking, "Enter", "Open", "sessions: show only those; commands: to the detail; detail: to the bytes",
			(*App).enter,
		},
		{
			looking, "K", "Explain", "explain the command, or the error's number: meaning, form, section, what it " +
				"answers, what answers it; again: Decode",
			(*App).explain,
		},
		{viewing, "F5", "Ladder", "the rows as arrows between lanes, or as a list", (*App).toggleLadder},
		{leaving, "q", "Quit", "back as Esc, and out; asks while something would be lost", (*App).backOrQuit},
		{viewing, "F6", "Bytes", "the bytes, and back", (*App).toggleBytes},
		{finding, "F7", "", "a form that makes a filter", (*App).filterForm},
		{viewing, "f", "Follow", "follow the end of the list; moving by hand stops it", (*App).follow},
		{viewing, "p", "Pause", "pause the view; the traffic goes on, and so does the recording", (*App).pause},
		{finding, ":", "Command", "a command; Tab completes it: " + commandNames(), (*App).editCommand},
		{
			viewing, "L", "", "ladder: a lane for each user, server and session; for each role; for each side; " +
				"what fits", (*App).cycleLanes,
		},
		{
			viewing, "z", "", "one row for a run of typing notices or of keep-alives, or all of them again",
			func(a *App) { a.commandFold("") },
		},
		{viewing, "\\", "", "all the room for this pane, or no longer", (*App).zoom},
		{viewing, "|", "", "one, two or three columns at most, or as many as fit", (*App).cycleLayout},
		{viewing, "+", "", "this pane wider, or higher", func(a *App) { a.resize(widen) }},
		{viewing, "-", "", "this pane narrower, or lower", func(a *App) { a.resize(-widen) }},
		{viewing, "F9", "Mouse", "mouse on or off; off lets the terminal select text", (*App).toggleMouse},

		{moving, "j Down", "", "down", func(a *App) { a.move(1) }},
		{moving, "k Up", "", "up", func(a *App) { a.move(-1) }},
		{moving, "Ctrl-D", "", "half a page down", func(a *App) { a.move(a.page() / 2) }},
		{moving, "Ctrl-U", "", "half a page up", func(a *App) { a.move(-a.page() / 2) }},
		{moving, "PgDn", "", "a page down", func(a *App) { a.move(a.page()) }},
		{moving, "PgUp", "", "a page up", func(a *App) { a.move(-a.page()) }},
		{moving, "g Home", "", "to the beginning", (*App).first},
		{moving, "G End", "", "to the end; of a live session: and follow it", (*App).last},
		{
			moving, "h Left", "", "sessions: fold; ladder: lanes to the left; detail and bytes: scroll left, then " +
				"out to the commands", (*App).left,
		},
		{
			moving, "l Right", "", "sessions: unfold; commands: into the detail; ladder: lanes to the right first; " +
				"detail and bytes: scroll right",
			(*App).right,
		},
		{moving, "Tab", "", "the next pane", func(a *App) { a.cycle(1) }},
		{moving, "Shift-Tab", "", "the pane before", func(a *App) { a.cycle(-1) }},
		{moving, "1", "", "the sessions", func(a *App) { a.to(treePane) }},
		{moving, "2", "", "the commands", func(a *App) { a.to(listPane) }},
		{moving, "3", "", "the detail", func(a *App) { a.to(detailPane) }},
		{moving, "4", "", "the bytes", func(a *App) { a.to(bytesPane) }},

		{
			finding, "n", "", "the next row that says what :find looked for; without such a text, the next row",
			func(a *App) { a.next(true) },
		},
		{finding, "N", "", "the same upwards", func(a *App) { a.next(false) }},

		{
			looking, "y", "", "copy the command as C: and S: lines, to the terminal's clipboard (OSC 52)",
			(*App).copyText,
		},
		{looking, "Y", "", "copy the command's bytes as hexadecimal digits", (*App).copyBytes},
		{
			looking, "d", "", "the command as it came beside what was sent on; a request beside its answers",
			(*App).diff,
		},
		{looking, "Space", "", "select the command, or no longer", (*App).pick},
		{
			looking, "=", "", "compare the two commands that were selected last, or the selected one and this one",
			(*App).compare,
		},
		{
			looking, "V", "Talk", "the conversation of the command, or of the session, as people read it; " +
				"elsewhere the only one, or a menu of all", (*App).converse,
		},
		{
			looking, "S", "Stats", "statistics: rates, times by command, errors, sizes, users, connections; h and l " +
				"choose the column of the order", (*App).statistics,
		},
		{
			looking, "J", "Jump", "to the request or an answer, to what the command caused or was caused by, to the " +
				"referral that led to its connection, from a connection's beginning or end to those on it; " +
				"a menu where there are several", (*App).jump,
		},
		{looking, "E", "", "the program's own log", (*App).eventLog},

		{
			replays, "R", "", "replay what is here against a server: choose, watch, and look through what " +
				"differs. There: s sends the next command where each waits, n and N go to what is wrong, " +
				"r plays again, R chooses anew, Enter goes to the command, Esc back",
			(*App).replayPanel,
		},
		{
			replays, "r", "", "replay the connections of the selected commands, or of this one, in the same way",
			(*App).replaySelection,
		},

		{acting, "i", "Hold", "choose what is held: a filter; an empty one holds nothing", (*App).editIntercept},
		{acting, "I", "", "stop holding, or hold the same again", (*App).toggleIntercept},
		{acting, "a", "", "let the held command that is selected go on", (*App).release},
		{acting, "A", "", "let all held commands go on", (*App).releaseAll},
		{acting, "Q", "", "the queue: all that is held, with the same keys for each", (*App).showQueue},
		{acting, "D", "", "duplicate: let it go on, and once more", (*App).duplicate},
		{acting, "e", "", "edit it: its fields, v its bytes", (*App).editHeld},
		{acting, "x", "", "drop it", (*App).drop},
		{acting, "X", "", "kill the connection of the selected command", (*App).kill},
		{
			acting, "c", "",
			"send a command of your own on that connection: > to the server, < to the client, Tab has templates",
			(*App).compose,
		},

		{looking, "m", "", "mark the command with a letter", (*App).mark},
		{looking, "'", "", "the marks: a letter jumps to the command that has it", (*App).jumpToMark},
		{
			looking, ";", "", "comment on the command; a recording that is saved has it as a packet comment",
			(*App).comment,
		},
		{
			leaving, "F2 w", "Save",
			"save: all, what is filtered or the selected command, as pcapng, jsonl, text or C:/S:", (*App).save,
		},
		{leaving, "Esc", "", "back: bytes, detail, commands, all sessions", (*App).back},
		{
			viewing, "Ctrl-P", "Actions", "every action, by what it does; its key, and the line that does the same",
			(*App).palette,
		},
		{finding, ".", "", "the latest command after : once more", (*App).again},
		{viewing, "F8 O", "", "the settings, which are remembered", (*App).settings},
		{viewing, "F10 t", "", "the columns of the list: choose them, sort by one", (*App).chooseColumns},
		{taught, "]", "Next", "the next page; Enter in the lesson answers, or goes on", func(a *App) { a.turn(1) }},
		{taught, "[", "Before", "the page before", func(a *App) { a.turn(-1) }},
		{playing, ">", "", "play the file as if it were live, and faster", func(a *App) { a.faster(2) }},
		{playing, "<", "", "slower", func(a *App) { a.faster(0.5) }},
		{playing, "Ctrl-Space", "", "one command, and pause; p goes on", (*App).stepOne},
		{
			leaving, "Ctrl-Z", "", "stop and go back to the shell; fg goes on. A proxy stands still meanwhile",
			(*App).suspend,
		},
		{leaving, "Ctrl-C", "", "out at once", func(a *App) { a.quit = true }},
	}
}

// bindings returns the rows of the key table by the names of their keys.
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

// keyName returns the name by which the key table calls a key.
func keyName(e *tcell.EventKey) string {
	switch e.Key() {
	case tcell.KeyRune:
		if e.Rune() == ' ' {
			return "Space"
		}
		return string(e.Rune())
	case tcell.KeyBacktab:
		return "Shift-Tab"
	}
	return strings.ReplaceAll(tcell.KeyNames[e.Key()], "Ctrl+", "Ctrl-")
}

// press handles a key.
func (a *App) press(e *tcell.EventKey) {
	name := keyName(e)
	switch {
	case e.Key() == tcell.KeyCtrlC:
		a.quit = true
	case a.asking:
		a.answer(name)
	case a.pending != nil:
		do := a.pending
		a.pending, a.message = nil, seg{}
		do(name)
	case a.overlay != nil:
		a.pressOverlay(name)
	case name == "F1": // also while something is typed or chosen
		a.help()
	case a.figures != nil && a.picker == nil:
		a.pressStatistics(name)
	case a.replaying && a.form == nil:
		a.pressReplay(name)
	case a.editor != nil:
		a.pressEditor(e, name)
	case a.picker != nil:
		a.pressPicker(e, name)
	case a.form != nil:
		a.pressForm(e, name)
	case a.prompt != nil:
		a.pressPrompt(e, name)
	default:
		a.message = seg{}
		if k := a.keys[name]; k != nil {
			k.do(a)
		}
	}
}
