package web

// liveKey is a row of the page's table of keys, from which its help is made. The script has what
// they do. They are the inspector's, but for those that browsers have for themselves.
type liveKey struct{ Keys, Help string }

var liveKeys = []liveKey{
	{"j k ↓ ↑", "down, up"},
	{"Ctrl-D Ctrl-U PgDn PgUp", "half a page, a page"},
	{"g Home, G End", "to the beginning, to the end; of a live session: and follow it"},
	{"Enter", "commands: into the detail"},
	{"Esc", "back to the commands"},
	{"/", "filter: Tab completes, ↓ and ↑ choose, Enter keeps it, Esc clears it, then leaves"},
	{"f", "follow the end of the list; moving by hand stops it"},
	{"p", "pause the view; the traffic goes on"},
	{"z", "one row for a run of typing notices or of keep-alives, or all of them again"},
	{"2 3", "to the commands, to the detail"},
	{"?", "this help"},
}
