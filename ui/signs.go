package ui

// signTable returns every sign that a row can have, with its meaning.
func signTable(g *glyphs) [][2]string {
	return [][2]string{
		{g.toServer + " " + g.toClient, "to the server, to the client"},
		{g.reply, "the time since the request that it answers"},
		{g.rewritten, "an address in it was replaced, or a person changed it"},
		{g.held, "it waits, or waited, for a person"},
		{g.dropped, "it was not sent on; in a conversation: it was not delivered"},
		{g.injected, "it did not come from the other end, somebody sent it"},
		{g.fault, "it was disturbed on purpose"},
		{g.comment, "it has a comment"},
		{g.lint, "a rule of the protocol is broken: the detail says which; sessions: 3" + g.lint + " are three"},
		{g.linked, "ladder: it belongs to the selected command: request, answer, cause or consequence"},
		{g.cut, "bytes: here ends a TCP segment of the capture"},
		{g.open, "sessions: open; in the first line: being recorded"},
		{g.closed, "sessions: ended"},
		{g.folded + " " + g.unfolded, "sessions: folded, unfolded"},
		{"2!", "sessions: two errors"},
	}
}
