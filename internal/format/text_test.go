package format_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

func TestAppendText(t *testing.T) {
	want := map[string]string{
		"command": `18:04:05.123 #2     c1  -  -          -> VER 0 MSNP2 CVR0`,
		"reply":   `18:04:05.124 #3     c1  NS alice      <- USR 5 OK alice@hotmail.com Al%20%22L%22 [#2 1.5ms]`,
		"error":   `18:04:05.124 #3     c1  NS -          <- 911 6 ERR_AUTHENTICATION_FAILED [#2 1.5ms]`,
		"message": `18:04:05.123 #2     c1  SB -          <- MSG bob@hotmail.com Bob%20B 85` +
			` (+85 bytes text/plain "hello bob, how are you")`,
		"typing": `18:04:05.123 #2     c1  SB -          -> MSG 5 U 90 (+90 bytes text/x-msmsgscontrol by ` +
			`alice@hotmail.com)`,
		"latin1": `18:04:05.123 #2     c1  SB -          <- MSG a@b.c caf%e9 13 (+13 bytes "café\x00")`,
		"rewritten": `18:04:05.124 #3     c1  NS -          <- XFR 9 SB 10.0.0.9:1863 CKI 1726.105 [#2 1.5ms]` +
			` => sent as 127.0.0.1:1863`,
		"edited": `18:04:05.123 #2     c1  SB -          -> MSG 3 N 2 (+2 bytes "hi") => sent as 3 (+3 bytes "bye") ` +
			`{edited} {held}`,
		"opaque": `18:04:05.123 #2     c1  -  -          -> ?? 15 bytes: \x16\x03\x01\xff junk\x1b[2J` +
			` (not a command: its first word is neither three letters nor three digits)`,
		"open":  `18:04:05.123 #1     c1  -  -          -- connected from 10.0.0.7:51234`,
		"close": `18:04:05.123 #3     c1  -  -          -- closed: the client \x1b[31mleft`,
		"note":  `18:04:05.123 #1     c-  -  -          -- note: recording stopped`,
		"gap":   `18:04:05.123 #4     c1  -  -          -- gap in what the server sent: 300 bytes are missing`,
		"half":  `18:04:05.123 #5     c1  -  -          -- half-closed by the server`,
	}
	all := events(t)
	for name, line := range want {
		if got := string(format.AppendText(nil, all[name])); got != line+"\n" {
			t.Errorf("%s:\n got %s\nwant %s", name, got, line)
		}
	}
}

// TestAppendTextSent checks that the line that was sent on is shown completely if single words
// would not be clear.
func TestAppendTextSent(t *testing.T) {
	for _, tc := range []struct{ name, out, want string }{
		{"a word more", "CHG 8 NLN x\r\n", " => sent as CHG 8 NLN x"},
		{"other blanks", "CHG  8 NLN\r\n", " => sent as CHG  8 NLN"},
		{"another line end", "CHG 8 NLN\n", " => sent as before, with another line end"},
		{"nothing", "", " => not sent on"},
		{"no command", "\x1b[2J\r\n", ` => sent as \x1b[2J`},
	} {
		e := newTalk(dialect.NS).say("C: CHG 8 NLN")
		e.Out = []byte(tc.out)
		if got := string(format.AppendText(nil, e)); !strings.HasSuffix(got, "-> CHG 8 NLN"+tc.want+"\n") {
			t.Errorf("%s: got %q, want %q at the end", tc.name, got, tc.want)
		}
	}
}

func TestAppendTextLongUser(t *testing.T) {
	e := &session.Event{User: "averylongname\u202e@hotmail.com", Time: start}
	if got := string(format.AppendText(nil, e)); !strings.Contains(got, " averylong… ") {
		t.Errorf("got %q, want the user cut to its column", got)
	}
}

func TestSummary(t *testing.T) {
	all := events(t)
	all["profile"] = newTalk(dialect.NS).say("S: MSG Hotmail Hotmail 9\r\nContent-Type: text/x-msmsgsprofile; " +
		"charset=UTF-8\r\nLoginTime: 1\r\n\r\n")
	all["invite"] = newTalk(dialect.SB).say("C: MSG 3 N 9\r\nContent-Type: " +
		"text/x-msmsgsinvite\r\n\r\nInvitation-Command: INVITE\r\n" +
		"Application-File: a\x1b.txt\r\nApplication-FileSize: 60904\r\n")
	all["long"] = newTalk(dialect.SB).say("C: MSG 3 N 9\r\n" + strings.Repeat("word ", 40))
	all["hidden"] = newTalk(dialect.NS).say("S: NLN NLN bob@hotmail.com %e2%80%aeboB%0d%0a")
	for name, want := range map[string]string{
		"rewritten": "SB 10.0.0.9:1863 CKI 1726.105",
		"reply":     `OK alice@hotmail.com Al "L"`,
		"error":     "ERR_AUTHENTICATION_FAILED",
		"message":   `Bob B "hello bob, how are you"`,
		"typing":    "U typing",
		"profile":   "Hotmail profile",
		"invite":    `N file invitation "a\x1b.txt" (60,904 bytes)`,
		"long":      `N "` + strings.Repeat("word ", 11) + `word…"`,
		"hidden":    `NLN bob@hotmail.com \u202eboB\x0d\x0a`,
		"surplus":   "bob@hotmail.com a b c",
		"open":      "connected from 10.0.0.7:51234",
	} {
		if got := format.Summary(all[name]); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestFields(t *testing.T) {
	all := events(t)
	got := format.Fields(all["reply"])
	want := format.Field{Name: "FriendlyName", Kind: dialect.Name, Raw: "Al%20%22L%22", Value: `Al "L"`}
	if len(got) != 3 || got[2] != want {
		t.Errorf("got %+v, want three with %+v at the end", got, want)
	}
	for name, want := range map[string]string{
		"command": "DialectName DialectName", "surplus": "UserHandle Extra Extra", "unknown": "Arg1 Arg2", "open": "",
		"error": "",
	} {
		var names []string
		for _, f := range format.Fields(all[name]) {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got fields %q, want %q", name, got, want)
		}
	}
	if got := format.Fields(all["invalid"])[2]; got.Value != "Bÿb" || got.Raw != "B\xffb" {
		t.Errorf("got %+v, want the exact bytes in Raw and valid text in Value", got)
	}
}

func TestAppendCS(t *testing.T) {
	all := events(t)
	for name, want := range map[string]string{
		"command": "C: VER 0 MSNP2 CVR0\n",
		"message": "S: MSG bob@hotmail.com Bob%20B 85\n| MIME-Version: 1.0\n| Content-Type: text/plain; " +
			"charset=UTF-8\n| \n" +
			"| hello bob, how are\n| you\n",
		"close": "# closed: the client \\x1b[31mleft\n",
		"half":  "# half-closed by the server\n",
		"opaque": "# C: 15 bytes: \\x16\\x03\\x01\\xff junk\\x1b[2J (not a command: its first word is neither three " +
			"letters nor three digits)\n",
	} {
		if got := string(format.AppendCS(nil, all[name])); got != want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "Alice (away) 100%", "Alice (away) 100%"},
		{"escape sequence", "\x1b[2J\x1b]0;x\a", `\x1b[2J\x1b]0;x\x07`},
		{"tab and line end", "a\tb\r\n", `a\x09b\x0d\x0a`},
		{"delete", "\x7f", `\x7f`},
		{"C1 control", "\u009b31m", `\u009b31m`},
		{"not UTF-8", "caf\xe9 \xe4\xbd", `caf\xe9 \xe4\xbd`},
		{"right-to-left override", "gpj\u202eexe", `gpj\u202eexe`},
		{"isolates and marks", "\u2066\u200f\u061c", `\u2066\u200f\u061c`},
		{"zero width", "a\u200bb\u200dc\ufeffd\u00ade", `a\u200bb\u200dc\ufeffd\u00ade`},
		{"line separators", "\u2028\u2029", `\u2028\u2029`},
		{"tags", "\U000e0041", `\U000e0041`},
		{"private use", "\ue000", `\ue000`},
		{"filler", "\u3164\u2800", `\u3164\u2800`},
		{"wide", "你好　ｗ 🙂", "你好　ｗ 🙂"},
		{"combining", "e\u0301", "e\u0301"},
		{"Arabic and Hebrew", "سلام שלום", "سلام שלום"},
		{"replacement character", "\ufffd", "\ufffd"},
	} {
		if got := format.Printable(tc.in); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31m\u202e\u200b\xff\u0085\U000e0001")
	f.Add("Alice 你好")
	f.Fuzz(func(t *testing.T, s string) {
		got := format.Printable(s)
		checkPrintable(t, got)
		if again := format.Printable(got); again != got {
			t.Errorf("%q changes when shown again: %q", got, again)
		}
	})
}

// checkPrintable has its own list of dangerous ranges, independent of the tables in the code.
func checkPrintable(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%q is not UTF-8", s)
	}
	for _, r := range s {
		switch {
		case r < ' ', 0x7f <= r && r < 0xa0, 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e,
			0x2060 <= r && r <= 0x206f,
			r == 0xad, r == 0x61c, r == 0xfeff, unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.C, r):
			t.Fatalf("%q has %U in it", s, r)
		}
	}
}

// TestCS: a heading stands before what is on another connection than the line before, and each line
// says who speaks.
func TestCS(t *testing.T) {
	e := func(n uint64, conn int, line string) *session.Event {
		m := decode.Parse([]byte(line+"\r\n"), decode.FromClient, dialect.MSNP2)
		return &session.Event{N: n, Conn: conn, Dir: decode.FromClient, In: m, User: "a@x.y", Role: dialect.NS}
	}
	begin := &session.Event{N: 3, Conn: 2, Kind: session.Open, Client: "192.0.2.1:7", User: "a@x.y", Role: dialect.NS}
	end := &session.Event{
		N: 5, Conn: 2, Kind: session.Close, Text: "closed by the server", User: "a@x.y", Role: dialect.NS,
	}
	var c format.CS
	var got []byte
	all := []*session.Event{e(1, 1, "PNG"), e(2, 1, "PNG"), begin, e(4, 2, "OUT"), end, e(500, 2, "PNG")}
	for _, e := range all {
		got = c.Append(got, e)
	}
	const want = `= 1 a@x.y NS
a NS C: PNG
a NS C: PNG
# 2 a@x.y NS: connected from 192.0.2.1:7
= 2 a@x.y NS
a NS C: OUT
# closed by the server
a NS S: (closed)
= 2 a@x.y NS
a NS C: PNG
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
