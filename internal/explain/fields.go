package explain

// field is a name in the filter language and in JSON lines. A name without an example exists in
// JSON lines only.
type field struct{ name, means, example string }

var fields = []field{
	{"n", "the number of the command in the capture, from 1", "n > 100"},
	{
		"time", "the time when it was read; compares with a date, a date and a time, or RFC 3339",
		`time > "2026-03-01 15:04"`,
	},
	{"conn", "the number of its connection, from 1", "conn == 2"},
	{"role", "the kind of server at the other end: DS, NS, SB, empty while unknown", `role == "NS"`},
	{"dir", "C from the client, S from the server", `dir == "C"`},
	{
		"client", "the address of the client with its port; compares with an address without one, and with subnets",
		`client == "10.0.0.7" || client in cidr("192.168.0.0/16")`,
	},
	{"server", "the address of the server, likewise", `server == "10.0.0.1:1863"`},
	{"client_name", "the name that the capture gives to the client's address", `client_name icontains "laptop"`},
	{"server_name", "the name that the capture gives to the server's address", `server_name endsWith ".example"`},
	{"cmd", "the command, or the three digits of an error", `cmd == "XFR"`},
	{"trid", "the transaction identifier; absent if the command has none", "trid == 0"},
	{"args", "the arguments by their names, unescaped", `args.UserHandle == "bob@hotmail.com"`},
	{"raw", "the line as it was on the wire, without its end", `raw contains "%20"`},
	{"raw_b64", "the exact bytes of a line that is not UTF-8, in base64", `raw_b64 != ""`},
	{"payload", "the bytes that follow the line of a command such as MSG", `payload.text contains "hello"`},
	{"payload.length", "the number of bytes that follow the line", "payload.length > 1000"},
	{"payload.type", "the content type, in lower case and without parameters", `payload.type == "text/plain"`},
	{"payload.charset", "the charset that the message names, in lower case", `payload.charset == "shift_jis"`},
	{"payload.headers", "the headers of the message by their names", `payload.headers.TypingUser != ""`},
	{"payload.text", "the text of the message, decoded by its charset", `payload.text contains "hello"`},
	{"payload.base64", "the exact bytes of a body that is not text, or not UTF-8, in base64", `payload.base64 != ""`},
	{"user", "the handle of the user of the connection", `user contains "bob"`},
	{"session", "the number of the switchboard session", `session == "11752013"`},
	{"dialect", "the dialect of the connection", `dialect == "MSNP2"`},
	{"size", "the number of bytes on the wire, payload included", "size > 1500"},
	{"reply_to", "the number of the request that it answers", "reply_to == 12"},
	{"rtt_ms", "milliseconds since the request that it answers", "rtt_ms > 200"},
	{"out", "the command that was sent on, if it differs from the one that came", `out.raw contains "127.0.0.1"`},
	{"out.raw", "the line that was sent on in place of the one that came", `out.raw contains "127.0.0.1"`},
	{"flags", "what happened to it: rewritten, edited, held and so on", `"rewritten" in flags`},
	{
		"lint", "what --lint found in it: rule, severity, section and message of each finding",
		`any(lint, .rule == "L02")`,
	},
	{"event", "the kind of an event that is not a command: open, close, half-close, gap, note, wait", `event == "gap"`},
	{"text", "the text of such an event, or why bytes are not a command", `text contains "cut short"`},
	{"file", "where several captures were read, the one that it is from", `file endsWith "_00002.pcapng"`},
}

var flags = []Pair{
	{"rewritten", "an address in the command was replaced by the proxy's own"},
	{"edited", "a person changed the command"},
	{"held", "the command waited for a person"},
	{"dropped", "the command was not sent on"},
	{"injected", "the command did not come from the other end"},
	{"fault", "a fault was applied to the command on purpose"},
	{"opaque", "the bytes are not a command; they are kept as they came"},
	{"malformed", "its verb is not in capitals, or its TrID is out of range"},
	{"gap", "something is missing here"},
	{"error", "the server answered with an error"},
	{"lint", "a lint rule found something in the command: see the field of this name"},
}
