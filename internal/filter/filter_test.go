package filter_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

var start = time.Date(2026, 3, 1, 18, 4, 5, 0, time.Local)

// play returns the last event of a conversation: each command with its sender before it, 250 ms
// between commands.
func play(role dialect.Role, commands ...string) *session.Event {
	conn, e := new(session.Graph).Open(start, "10.0.0.7:51234", "10.0.0.1:1863")
	conn.To("10.0.0.1:1863", role)
	now := start
	for _, c := range commands {
		dir, raw := decode.Dir(c[0]), c[3:]
		if !strings.Contains(raw, "\n") {
			raw += "\r\n"
		}
		m := decode.Parse([]byte(raw), dir, conn.Grammar())
		e = conn.Track(dir, &m, now)
		now = now.Add(250 * time.Millisecond)
	}
	return e
}

func events() map[string]*session.Event {
	xfr := play(dialect.NS, "C: USR 5 MD5 I Bob@hotmail.com", "C: XFR 9 SB", "S: XFR 9 SB 10.0.0.9:1863 CKI 1726.105")
	xfr.Out = []byte("XFR 9 SB 127.0.0.1:1863 CKI 1726.105\r\n")
	xfr.Flags |= session.Rewritten
	nln := play(dialect.NS, "S: NLN AWY bob@hotmail.com Bob%20B")
	nln.ClientName, nln.ServerName, nln.File = "Laptop.example", "messenger.example", "a.pcap"
	return map[string]*session.Event{
		"ver":   play(0, "C: VER 0 MSNP2 CVR0"),
		"xfr":   xfr,
		"error": play(dialect.NS, "C: CHG 8 NLN", "S: 715 8"),
		"nln":   nln,
		"msg": play(dialect.SB, "S: MSG alice@hotmail.com Alice 9\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: text/plain; charset=UTF-8\r\nX-Two: a\r\nX-Two: b\r\n\r\nHello Wörld"),
		"latin1": play(dialect.SB, "S: MSG carol@hotmail.com Carol 9\r\nContent-Type: text/plain\r\n\r\nCAF\xc9 \x80"),
		"zzz":    play(dialect.NS, "C: ZZZ one two"),
		"open":   play(0),
	}
}

func TestMatch(t *testing.T) {
	all := events()
	for _, tc := range []struct{ src, want string }{
		{"", "error latin1 msg nln open ver xfr zzz"},
		{" \t ", "error latin1 msg nln open ver xfr zzz"},
		{"true", "error latin1 msg nln open ver xfr zzz"},
		{"false", ""},

		// Every field.
		{`n == 4`, "xfr"},
		{`conn == 1 && n > 3`, "xfr"},
		{`time > "2026-03-01 18:04:05"`, "error xfr"},
		{`"2026-03-01" < time and time < "2026-03-02"`, "error latin1 msg nln open ver xfr zzz"},
		{`time.Minute() != 4`, ""},
		{`role == ""`, "open ver"},
		{`cmd == "XFR" && role == "NS"`, "xfr"},
		{`dir == "S" and role == "SB"`, "latin1 msg"},
		{`dir == ""`, "open"},
		{`client startsWith "10.0.0.7:" and server endsWith ":1863" and cmd == "ZZZ"`, "zzz"},
		{`client == "10.0.0.7" and cmd == "ZZZ"`, "zzz"},
		{`"10.0.0.7" != client or cmd == "ZZZ"`, "zzz"},
		{`client == "10.0.0.70" or client == "10.0.0.7:1863"`, ""},
		{`server == "10.0.0.1:1863" and cmd == "ZZZ"`, "zzz"},
		{`client in ["::1", "::ffff:10.0.0.7"] and cmd == "ZZZ"`, "zzz"},
		{`client in ["10.0.0.7:51234", "::1"] and cmd == "ZZZ"`, "zzz"},
		{`client not in ["10.0.0.7:1", "::1"] and cmd == "ZZZ"`, "zzz"},
		{`client in cidr("10.0.0.4/30") and cmd == "ZZZ"`, "zzz"},
		{`client not in cidr("10.0.0.8/30") and server in cidr("10.0.0.1") and cmd == "ZZZ"`, "zzz"},
		{`client in cidr("::/0")`, ""},
		{`client_name icontains "laptop" and cmd == "NLN" or server_name == "messenger.example"`, "nln"},
		{`file == "a.pcap"`, "nln"},
		{`cmd in ["VER", "NLN"]`, "nln ver"},
		{`cmd matches "^[0-9]"`, "error"},
		{`raw contains "%20"`, "nln"},
		{`user contains "Bob" && rtt_ms > 200`, "xfr"},
		{`rtt_ms == 250 and reply_to in 1..2`, "error"},
		{`reply_to == n - 1`, "error xfr"},
		{`dialect == "" and size == 18`, "ver"},
		{`"rewritten" in flags`, "xfr"},
		{`any(flags, # == "error")`, "error"},
		{`out != nil`, "xfr"},
		{`out.raw contains "127.0.0.1"`, "xfr"},
		{`event == "open" or len(text) > 0`, "open"},

		// An absent value is not a number, and not an error either.
		{`trid == 0`, "ver"},
		{`trid < 5`, "ver"},
		{`trid != 9 and dir == "S"`, "error latin1 msg nln"},
		{`not (trid >= 0)`, "latin1 msg nln open zzz"},
		{`rtt_ms < 1e9`, "error xfr"},
		{`args.Nothing == "x" or cmd == "NLN"`, "nln"},
		{`not (args.UserHandle contains "@") and dir == "S"`, "error xfr"},

		// Arguments and payload.
		{`args.UserHandle == "bob@hotmail.com"`, "nln"},
		{`args.FriendlyName == "Bob B"`, "nln"},
		{`args.userhandle == "bob@hotmail.com"`, "nln"},
		{`args["DialectName"] == "MSNP2 CVR0"`, "ver"},
		{`all(split(args.DialectName, " "), # startsWith "MS" or # startsWith "CV") and cmd == "VER"`, "ver"},
		{`"CVR0" in split(args.DialectName, " ")`, "ver"},
		{`args?.Arg2 == "two"`, "zzz"},
		{`"Substate" in args`, "nln"},
		{`len(args) == 4`, "xfr"},
		{`int(args.Length) == 9 and payload.length > 80`, "msg"},
		{`payload.text contains "Wörld"`, "msg"},
		{`lower(payload.text) contains "café €"`, "latin1"},
		{`payload.text icontains "CafÉ"`, "latin1"},
		{`payload.text not icontains "WÖRLD" and payload.length > 0`, "latin1"},
		{`"ü icontains" != payload.text and payload.text icontains lower("HELLO")`, "msg"},
		{`raw icontains "r 0 m" /* icontains */`, "ver"},
		{`payload.type == "text/plain"`, "latin1 msg"},
		{`payload != nil && payload.headers["mime-version"] == "1.0"`, "msg"},
		{`payload.headers["X-Two"] == "a b"`, "msg"},
		{`"X-Two" in payload.headers`, "msg"},
		{`payload["type"] == "text/plain" and payload.length < 80`, "latin1"},

		// Bare words.
		{"msg", "latin1 msg"},
		{"MSG", "latin1 msg"},
		{" 715 ", "error"},
		{"999", ""},
		{"BOB", "nln"},
		{"hello", "msg"},
		{"wörld", "msg"},
		{"café", "latin1"},
		{"1863", "xfr"},
		{"bob@hotmail.com", "nln"},
		{"mime-version", "msg"},
		{"two", "msg zzz"}, // three letters that are not a command

		// Short forms.
		{"error", "error"},
		{"Rewritten", "xfr"},
		{"err_not_expected", "error"},
		{"ERR_NOT_EXPECTED or rewritten", "error xfr"},
		{"!MSG and dir == \"S\"", "error nln xfr"},
		{"XFR || ver", "ver xfr"},
		{"not (error or 911 or msg) and role == \"NS\"", "nln xfr zzz"},
		{"715 or NLN", "error nln"},
		{"out != nil and XFR", "xfr"}, // a field stays one

		// Arguments and headers that repeat.
		{`"MSNP2" in args.DialectName`, "ver"},
		{`"MSNP" in args.DialectName`, ""},
		{`"CVR0" not in args.dialectname and cmd == "VER"`, ""},
		{`"bob@hotmail.com" in args.UserHandle`, "nln"},
		{`"b" in payload.headers["X-Two"]`, "msg"},

		// What fails on an event does not match it.
		{`int(args.Length) == 9`, "latin1 msg"},
		{`args[raw] == "" and client[99:100] == ""`, "error latin1 msg nln open ver xfr zzz"},
		{`flags[9] == "error" or size >= 0`, ""},
	} {
		f, err := filter.Compile(tc.src)
		if err != nil {
			t.Errorf("%s: %v", tc.src, err)
			continue
		}
		var matched []string
		for name, e := range all {
			if f.Match(e) {
				matched = append(matched, name)
			}
		}
		slices.Sort(matched)
		if got := strings.Join(matched, " "); got != tc.want {
			t.Errorf("%s: matches %q, want %q", tc.src, got, tc.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tc := range []struct {
		name, src string
		offset    int
		text      []string // what the error must contain
	}{
		{
			"misspelt field", `size > 1 and usr == "bob"`, 13,
			[]string{`unknown field "usr"`, "did you mean user?", "fields: n, time, conn"},
		},
		{"field of another language", `ip.src == "x"`, 0, []string{`unknown field "ip"`, "fields: n,"}},
		{"command as a number of something", `xfr > 3`, 0, []string{`cmd == "XFR"`}},
		{"one equals sign", `cmd = "XFR"`, 4, []string{`cmd == "XFR"`}},
		{"flags as a text", `flags == "error"`, 6, []string{`"error" in flags`}},
		{"no such flag", `"erorr" in flags`, 0, []string{`did you mean "error"?`, "rewritten, edited"}},
		{
			"direction in words", `cmd == "XFR" && dir == "client"`, 23,
			[]string{`no event has the dir "client"`, `"C" for what`},
		},
		{"no such role", `role in ["NS", "nb"]`, 15, []string{`no event has the role "nb"`, `"DS", "NS", "SB" or "FT"`}},
		{
			"unknown part", `payload.txt contains "a"`, 8,
			[]string{`unknown field "payload.txt"`, "did you mean payload.text?"},
		},
		{"the environment", `$env["cmd"] == "XFR"`, 0, []string{`unknown field "$env"`}},
		{"wrong type", `cmd == 5`, 4, []string{"mismatched types string and int", "quotation marks"}},
		{"no condition", `size + 1`, 0, []string{"true or false"}},
		{"variable", `let x = raw + raw; let y = x + x; y == ""`, 23, []string{"no variables"}},
		{"loop in a loop", `any(1..9999, any(1..9999, # > 10000))`, 13, []string{"cannot hold another"}},
		{"large range", `n in 1..100000000`, 6, []string{"at most 10000 apart", "n > 5"}},
		{"large pattern", `raw matches "(a?){1000}b"`, 12, []string{"256 steps", "contains"}},
		{"pattern of repetitions of repetitions", `raw matches "((a?){30}){30}"`, 12, []string{"256 steps"}},
		{"patterns large together", `raw matches "a{200}" or raw matches "b{200}"`, 36, []string{"256 steps"}},
		{"range from the wire", `n in 1..size`, 6, []string{"at most 10000 apart"}},
		{
			"function that builds", `len(replace(raw, "", raw)) > 1`, 4,
			[]string{`unknown function "replace"`, "functions: abs, all"},
		},
		{"pattern from the wire", `raw matches payload.text`, 4, []string{"quotation marks"}},
		{"wrong pattern", `raw matches "["`, 4, []string{"missing closing ]"}},
		{"no such function", `foo(raw) == ""`, 0, []string{`"foo"`, "functions:"}},
		{"no subnet", `server in cidr("10.0.0/8")`, 15, []string{`"10.0.0/8" is no subnet`, `"10.0.0.0/8"`}},
		{"subnet of no address", `user in cidr("10.0.0.0/8")`, 8, []string{"after client or server"}},
		{"subnet alone", `client == "a" and cidr("10.0.0.0/8")`, 18, []string{"to the right of in", "client in cidr("}},
		{"case of a number", `size icontains "ü"`, 0, []string{"icontains compares texts"}},
		{"unknown after icontains", `raw icontains usr`, 14, []string{`unknown field "usr"`}},
		{"no time", `time > "noon"`, 7, []string{`"noon" is no time`, `"2026-03-01 15:04:05"`}},
		{"cut short", `cmd == `, 6, []string{"ends too early"}},
		{"open string", `cmd == "XFR`, 11, []string{"literal not terminated"}},
		{
			"after text that is not ASCII", `user == "ü" && usr == ""`, 16,
			[]string{"  user == \"ü\" && usr == \"\"\n  " + strings.Repeat(" ", 15) + "^"},
		},
		{"second line", "size > 1\n\tand usr == \"\"", 14, []string{"\n   and usr == \"\"\n       ^"}},
		{"not UTF-8", "cmd == \"\xff\"", 8, []string{"not valid UTF-8"}},
		{"too long", strings.Repeat(" ", 5000), 4096, []string{"longer than 4096 bytes"}},
		{"far out", strings.Repeat("size > 0 and ", 50) + `usr == ""`, 650, []string{"...", "^"}},
		{"two bare words", "hello world", 6, []string{"unexpected", "joined by and"}},
	} {
		_, err := filter.Compile(tc.src)
		var at *filter.Error
		if !errors.As(err, &at) {
			t.Errorf("%s: got %v, want an *Error", tc.name, err)
			continue
		}
		if at.Offset != tc.offset || at.Src != tc.src {
			t.Errorf("%s: offset %d, want %d\n%v", tc.name, at.Offset, tc.offset, err)
		}
		for _, text := range tc.text {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got\n%v\nwant %q in it", tc.name, err, text)
			}
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if len(line) > 400 || strings.TrimSpace(line) == "" {
				t.Errorf("%s: the line %q is nothing to read", tc.name, line)
			}
		}
	}
}

// TestNames checks that every name offered by completion compiles.
func TestNames(t *testing.T) {
	names := filter.Names()
	for _, name := range names {
		if _, err := filter.Compile(name + " == nil or true"); err != nil &&
			!strings.Contains(err.Error(), "mismatched types") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, want := range []string{"cmd", "payload.text", "args.UserHandle", "rtt_ms"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not offered", want)
		}
	}
}

// TestMatchConcurrently is for the race detector: the proxy's pumps and the screen use the same
// filter concurrently.
func TestMatchConcurrently(t *testing.T) {
	f, err := filter.Compile(`cmd == "MSG" and payload.text contains "Hello" and args.UserHandle == ` +
		`"alice@hotmail.com"`)
	if err != nil {
		t.Fatal(err)
	}
	all := events()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				for name, e := range all {
					if got := f.Match(e); got != (name == "msg") {
						t.Errorf("%s: %v", name, got)
					}
				}
			}
		})
	}
	wg.Wait()
}

func FuzzCompile(f *testing.F) {
	for _, src := range []string{
		`cmd == "XFR" && role == "NS"`, `"rewritten" in flags`, `args.UserHandle contains "@"`, `args[1]`,
		`let x = args; x.y == ""`,
		`payload.headers["A"] == "b"`, `time > "2026-01-01"`, `any(flags, {# == "x"})`, `hello`, `911`, "\xff",
		`out?.raw matches "["`,
		`map(1..9, # * size) == [1]`, `n ?? 1`, `user ? 1 : 2`, `$env`, `{"a": 1}.a == n`, `"a" in out`,
		`payload.text[1:2] == "b"`,
	} {
		f.Add(src)
	}
	all := events()
	f.Fuzz(func(t *testing.T, src string) {
		compiled, err := filter.Compile(src)
		if err != nil {
			var at *filter.Error
			if !errors.As(err, &at) || at.Offset < 0 || at.Offset > len(src) || at.Error() == "" {
				t.Fatalf("%q: %#v", src, err)
			}
			return
		}
		began := time.Now()
		for _, e := range all {
			compiled.Match(e)
		}
		if d := time.Since(began); d > 5*time.Second { // far above what a busy machine needs for any allowed expression
			t.Fatalf("%q took %v", src, d)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	all := events()
	for _, src := range []string{
		`cmd == "XFR" && role == "NS"`, `XFR`, `args.Address contains "10.0"`,
		`"rewritten" in flags`, `hello`,
	} {
		b.Run(src, func(b *testing.B) {
			f, err := filter.Compile(src)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f.Match(all["xfr"])
			}
		})
	}
}

// TestAdvice: who compares with what hardly any event has is told what is probably meant; what may
// be right stays without a word.
func TestAdvice(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{`user == "alice"`, `user == "alice@hotmail.com"`},
		{`user in ["alice", "bob@hotmail.com"]`, `user startsWith "alice@"`},
		{`cmd == "xfr"`, `write cmd == "XFR"`},
		{`cmd == "ERR_NOT_EXPECTED"`, `write cmd == "715"`},
		{`cmd in ["XFRR"]`, `did you mean "XFR"`},
		{`cmd != "QQQ"`, `no dialect has a command "QQQ"`},
		{`dialect == "msnp2"`, `did you mean dialect == "MSNP2"?`},
		{`event == "closed"`, `did you mean event == "close"?`},
		{`args.UserHandel == "bob@hotmail.com"`, `did you mean args.UserHandle?`},
		{`"MSNP2" in args.Dialects`, `no command has an argument Dialects`},

		{`user == "alice@hotmail.com" and cmd == "XFR" and role == "" and "error" in flags`, ""},
		{`args.userhandle == "bob" or args.Arg3 == "" or args.Extra != ""`, ""},
		{"hello", ""},
	} {
		f, err := filter.Compile(tc.src)
		if err != nil {
			t.Errorf("%s: %v", tc.src, err)
			continue
		}
		if got := f.Advice(); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("%s: the advice is %q, want %q", tc.src, got, tc.want)
		}
	}
}
