package lint

import (
	"bytes"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// framing has the rules about lines, words and payloads (§5.2, §6, §8.7).
var framing = []Rule{
	{
		ID: "F01", Severity: Error, Section: "5.2", Means: "a line ends in a line feed alone",
		Example: `VER 1 MSNP2\n`, Habit: "clients of 2000 to 2002 end all lines so, or those of MSG",
		check: (*look).bareLineFeed,
	},
	{
		ID: "F02", Severity: Error, Section: "5.2", Means: "a carriage return stands inside a line",
		Example: `CHG 5\r NLN`, check: func(l *look) { l.forbid(cr, "a carriage return inside the line, in %s") },
	},
	{
		ID: "F03", Severity: Error, Section: "5.2", Means: "a line does not begin with three letters or three digits",
		Example: "VERS 1 MSNP2", on: on{moment: atOpaque}, check: (*look).noCommand,
	},
	{
		ID: "F04", Severity: Error, Section: "5.2", Means: "a command is not in capital letters",
		Example: "ver 1 MSNP2", check: func(l *look) {
			if !l.m.InCapitals() {
				l.say("the command is not in capital letters: %s", l.m.Line())
			}
		},
	},
	{
		ID: "F05", Severity: Info, Section: "5.2",
		Means:   "a tab, or several blanks, between two words: legal, and rare",
		Example: "CHG 5  NLN", Habit: "clients send a tab where a value would have a blank", check: (*look).oddBlanks,
	},
	{
		ID: "F06", Severity: Warn, Section: "5.2", Means: "a blank stands before the command or after the last word",
		Example: "INF 2 ", Habit: "clients leave a blank behind INF", check: (*look).outerBlanks,
	},
	{
		ID: "F07", Severity: Warn, Section: "5.2", Means: "a byte above 7E is not escaped",
		Example: `NLN NLN zoe@hotmail.com Zo\xc3\xab`, Habit: "servers and clients send names in raw UTF-8",
		check: func(l *look) { l.forbid(high, "bytes above 7E must be escaped: %s") },
	},
	{
		ID: "F08", Severity: Error, Section: "5.2", Means: "a percent sign is not followed by two hexadecimal digits",
		Example: "REA 9 alice@hotmail.com Mike%2", check: (*look).badEscape,
	},
	{
		ID: "F09", Severity: Error, Section: "5.2", Means: "a control character stands in a line",
		Example: `CHG 5 NLN\x00`, check: func(l *look) { l.forbid(control, "a control character in %s") },
	},
	{
		ID: "F10", Severity: Warn, Section: "5.2", Means: "a line has more than 8192 bytes: programs give up on it",
		Example: "ADD 3 FL alice@hotmail.com xxxx…", on: on{moment: atOpaque}, check: func(l *look) {
			if l.m.Why == decode.LineTooLong {
				l.say("a line of more than %d bytes: %s", decode.MaxLine, l.m.Raw)
			}
		},
	},
	{
		ID: "F11", Severity: Error, Section: "8.7", Means: "the length of a payload is not a number",
		Example: "MSG 4 N abc", on: on{moment: atOpaque}, check: func(l *look) {
			if l.m.Why == decode.BadLength {
				l.say("the length at the end of %s is not a number", l.m.Line())
			}
		},
	},
	{
		ID: "F12", Severity: Error, Section: "8.7", Means: "the connection ended inside a command",
		Example: `MSG 4 N 133, 20 bytes, and the end`, on: on{moment: atClose}, check: (*look).cutShort,
	},
	{
		ID: "F13", Severity: Warn, Section: "8.7",
		Means:   "what follows a payload does not begin a command: the length is wrong",
		Example: `MSG 4 N 5\r\nhello, again`,
		Habit:   "clients count characters in place of bytes, or miscount line ends",
		on:      on{moment: atOpaque}, check: func(l *look) {
			if l.c.behind[side(l.e.Dir)] && l.m.Why != decode.CutShort && l.m.Why != decode.NoBlock {
				l.say("the payload before this is longer than its command says: %s comes after it", l.m.Line())
			}
		},
	},
	{
		ID: "F14", Severity: Error, Section: "6", Means: "no dialect has this command", Example: "ZZZ 4",
		on: on{}.only(unknown), check: func(l *look) {
			if l.row == nil && !l.known(l.e.Dir.Reverse()) {
				l.say("no dialect has the command %s", l.m.Verb)
			}
		},
	},
	{
		ID: "F15", Severity: Warn, Section: "6", To: 2, Means: "the command is not in the draft",
		Example: "CVR 2 0x0409 win 4.10 i386 MSMSGS 1.0.0863",
		Habit:   "clients and servers of the draft's time used CVR, REA, URL, CHL, QRY, PNG, QNG and others",
		on:      on{}.only(func(row *dialect.Row) bool { return row.Section == "" && row.Roles != dialect.FT }),
		check: func(l *look) {
			if l.row != nil && l.e.Role != dialect.FT {
				l.say("%s is not a command of the draft", l.m.Verb)
			}
		},
	},
	{
		ID: "F16", Severity: Error, Section: "6", Means: "only the other end sends this command",
		Example: "C: NLN NLN alice@hotmail.com Alice", on: on{}.only(unknown),
		check: func(l *look) {
			if l.row == nil && l.known(l.e.Dir.Reverse()) {
				l.say("%s is a command that the %s does not send", l.m.Verb, plain(endName(l.e.Dir)))
			}
		},
	},
	{
		ID: "F17", Severity: Error, Section: "6", Means: "this kind of server does not know the command",
		Example: "to a notification server: CAL 2 bob@hotmail.com", check: func(l *look) {
			if l.elsewhere() && l.row.Payload == decode.NoPayload {
				l.say("%s has no place at a %s server", l.m.Verb, plain(l.e.Role.Title()))
			}
		},
	},
	{
		ID: "F18", Severity: Error, Section: "7", Means: "the command has too few parameters", Example: "ADD 7 FL",
		check: func(l *look) {
			if l.row != nil && l.idFits() && l.m.NumArgs() < l.row.Min() {
				l.say("%s has %d parameters and needs %d: %s", l.m.Verb, l.m.NumArgs(), l.row.Min(),
					plain(l.row.Grammar()))
			}
		},
	},
	{
		ID: "F19", Severity: Warn, Section: "7", Means: "the command has more parameters than it takes",
		Example: "REM 7 AL bob@hotmail.com bob@hotmail.com", Habit: "a client sends the handle twice in REM AL",
		check: (*look).surplus,
	},
}

// plain is text of our own that a message does not quote.
type plain string

func endName(d decode.Dir) string {
	if d == client {
		return "client"
	}
	return "server"
}

func (l *look) bareLineFeed() {
	if end := l.m.LineEnd(); len(end) == 1 {
		l.say("the line %s ends in a line feed without a carriage return", l.m.Line())
	}
}

// forbid reports the first byte of a class in the line.
func (l *look) forbid(of class, text string) {
	if l.classes&of != 0 {
		line := l.m.Line()
		l.say(text, around(line, first(line, of)))
	}
}

func (l *look) noCommand() {
	switch {
	case l.c.behind[side(l.e.Dir)] || l.c.strayed[side(l.e.Dir)]: // F13 says it
	case l.m.Why == decode.NoVerb:
		l.say("no command begins with %s", around(l.m.Line(), 0))
	case l.m.Why == decode.EmptyLine:
		l.say("an empty line is not a command")
	}
}

func (l *look) oddBlanks() {
	line := bytes.Trim(l.m.Line(), " \t")
	if l.classes&tab != 0 && bytes.IndexByte(line, '\t') >= 0 || bytes.Contains(line, []byte("  ")) {
		l.say("words are separated by more than one blank, or by a tab: %s", line)
	}
}

func (l *look) outerBlanks() {
	line := l.m.Line()
	if n := len(line); n > 0 && (classTable[line[0]]|classTable[line[n-1]])&(blank|tab) != 0 {
		l.say("a blank at an end of the line %s", line)
	}
}

func (l *look) badEscape() {
	if l.classes&percent == 0 {
		return
	}
	line := l.m.Line()
	for i, c := range line {
		if c == '%' && (i+2 >= len(line) || !hexDigit(line[i+1]) || !hexDigit(line[i+2])) {
			l.say("%% is not followed by two hexadecimal digits in %s", around(line, i))
			return
		}
	}
}

func (l *look) cutShort() {
	for _, dir := range []decode.Dir{client, server} {
		if l.c.cut[side(dir)] {
			l.say("the last command of the %s is not complete: the connection ended inside it", plain(endName(dir)))
		}
	}
}

// known reports whether a dialect has the command in a direction.
func (l *look) known(dir decode.Dir) bool {
	return session.Table(l.e.Dialect).Match(dir, dialect.Any, l.m) != nil
}

// elsewhere reports whether the command is one that the server of this connection does not know.
func (l *look) elsewhere() bool {
	return l.row != nil && l.e.Role.Known() && l.row.Roles&l.e.Role == 0
}

// idFits reports whether the command has a TrID if it needs one.
func (l *look) idFits() bool {
	return l.row.TrID == dialect.Perhaps || l.m.HasTrID == (l.row.TrID != dialect.None)
}

func (l *look) surplus() {
	if l.row == nil || l.row.Max() < 0 || l.m.NumArgs() <= l.row.Max() || l.needless() {
		return
	}
	l.say("%s takes %d parameters at most: %s is too much", l.m.Verb, l.row.Max(), l.m.Arg(l.row.Max()))
}
