package web

// liveKey is a row of the page's table of keys, from which its help is made. The script has what
// they do. They are the inspector's, but for those that browsers have for themselves.
type liveKey struct{ Keys, Help string }

var liveKeys = []liveKey{
	{"j k ↓ ↑", "down, up"},
	{"Ctrl-D Ctrl-U PgDn PgUp", "half a page, a page"},
	{"g Home, G End", "to the beginning, to the end; of a live session: and follow it"},
	{"1 2 3", "to the sessions, the commands, the detail"},
	{"h ←, l →", "sessions: fold, unfold; commands: to the sessions, to the detail"},
	{"Enter", "sessions: show only those; commands: to the detail"},
	{"Esc q", "back: detail, commands, all sessions"},
	{"/", "filter: Tab completes, ↓ and ↑ choose, Enter keeps it, Esc clears it, then leaves"},
	{"L", "the rows as arrows between lanes, or as a list"},
	{"V", "the conversation of the command, or of the session, as people read it; and back"},
	{"F4", "the state after the command, or the command again"},
	{"S", "statistics: 1 to 6 choose the table"},
	{"f", "follow the end of the list; moving by hand stops it"},
	{"p", "pause the view; the traffic goes on"},
	{"z", "one row for a run of typing notices or of keep-alives, or all of them again"},
	{"i I", "choose what is held: a filter; stop holding, or hold the same again"},
	{"Q", "the queue: all that is held; there j and k go to another"},
	{"a e x D", "let the held command that is selected go on, edit it, drop it, let it go on twice"},
	{"A", "let all held commands go on"},
	{"c", "send a command of your own on the connection of the selected command"},
	{"X", "kill that connection"},
	{"w", "save: all, what is shown or the selected command"},
	{"?", "this help"},
}
