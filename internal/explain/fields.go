package explain

// field is a name of the filter language and of the JSON lines, or one of the latter only.
type field struct{ name, means, example string }

var fields = []field{
	{"n", "the number of the command in the capture, from 1", "n > 100"},
	{"time", "when it was read; compares with a date, a date and a time, or RFC 3339", `time > "2026-03-01 15:04"`},
	{"conn", "the number of its connection, from 1", "conn == 2"},
	{"role", "the kind of server at the other end: DS, NS, SB, empty while nobody knows", `role == "NS"`},
	{"dir", "C from the client, S from the server", `dir == "C"`},
	{"client", "the address of the client", `client contains "10.0.0."`},
	{"server", "the address of the server", `server contains ":1863"`},
	{"cmd", "the command, or the three digits of an error", `cmd == "XFR"`},
	{"trid", "the transaction identifier; absent where the command has none", "trid == 0"},
	{"args", "the arguments by their names, escapes undone", `args.UserHandle == "bob@hotmail.com"`},
	{"raw", "the line as it was on the wire, without its end", `raw contains "%20"`},
	{"raw_b64", "JSON lines only: the exact bytes of a line that is not UTF-8", ""},
	{"payload", "what follows the line of a command such as MSG", `payload.text contains "hello"`},
	{"payload.length", "how many bytes follow the line", "payload.length > 1000"},
	{"payload.type", "the content type, in lower case and without parameters", `payload.type == "text/plain"`},
	{"payload.headers", "the headers of the message by their names", `payload.headers.TypingUser != ""`},
	{"payload.text", "the text of the message", `payload.text contains "hello"`},
	{"payload.base64", "JSON lines only: a body that is no text", ""},
	{"user", "the handle of the user of the connection", `user contains "bob"`},
	{"session", "the number of the switchboard session", `session == "11752013"`},
	{"dialect", "the dialect of the connection", `dialect == "MSNP2"`},
	{"size", "the bytes on the wire, payload included", "size > 1500"},
	{"reply_to", "the number of the request that it answers", "reply_to == 12"},
	{"rtt_ms", "milliseconds since the request that it answers", "rtt_ms > 200"},
	{"out", "what was sent on where it differs from what came", `out.raw contains "127.0.0.1"`},
	{"out.raw", "the line that was sent on in place of the one that came", `out.raw contains "127.0.0.1"`},
	{"flags", "what happened to it: rewritten, edited, held and so on", `"rewritten" in flags`},
	{"lint", "JSON lines only: the rules of the draft that it breaks", ""},
	{"event", "what it is where it is no command: open, close, gap, note", `event == "gap"`},
	{"text", "what such an event says, or why bytes are no command", `text contains "cut short"`},
}

var flags = []Pair{
	{"rewritten", "an address in the command was replaced by the proxy's own"},
	{"edited", "a person changed the command"},
	{"held", "the command waited for a person"},
	{"dropped", "the command was not sent on"},
	{"injected", "the command did not come from the other end"},
	{"fault", "a fault was applied to the command on purpose"},
	{"opaque", "the bytes are no command; they are kept as they came"},
	{"gap", "something is missing here"},
	{"error", "the server answered with an error"},
	{"lint", "the command breaks a rule of the draft"},
}
