package decode_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
)

// grammar knows as much of the protocol as these tests need: the codec itself knows no commands.
type grammar struct{}

func (grammar) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	switch v := strings.ToUpper(verb.String()); {
	case dir == decode.FromServer && v == "MSG":
		return decode.Shape{Payload: decode.LastArg}
	case v == "MSG" || v == "QRY" && dir == decode.FromClient:
		return decode.Shape{TrID: true, Payload: decode.LastArg}
	case v == "ADL":
		return decode.Shape{TrID: true, Payload: decode.LastArgIfNumeric}
	case strings.Contains("NLN FLN RNG JOI BYE OUT PNG QNG", v):
		return decode.Shape{}
	}
	return decode.Shape{TrID: true}
}

// Fits checks as much as the tests need: a handle, a number or a blank in the right place.
func (grammar) Fits(_ decode.Dir, m *decode.Message) bool {
	switch m.Verb.String() {
	case "MSG":
		return m.NumArgs() == 3 && bytes.IndexByte(m.Arg(0), '@') > 0 || m.NumArgs() == 2 && m.HasTrID
	case "BYE", "FLN":
		return m.NumArgs() == 1 && bytes.IndexByte(m.Arg(0), '@') > 0
	case "OUT", "PNG":
		return m.NumArgs() == 0
	}
	return false
}

// describe returns a description of the message in one line.
func describe(m *decode.Message) string {
	if m.Opaque() {
		return fmt.Sprintf("opaque %q: %s", m.Raw, m.Why)
	}
	var b strings.Builder
	b.WriteString(m.Verb.String())
	switch {
	case m.HasTrID:
		fmt.Fprintf(&b, " #%d", m.TrID)
	case m.TrIDText() != nil:
		fmt.Fprintf(&b, " #(%s)", m.TrIDText())
	}
	for i := range m.NumArgs() {
		fmt.Fprintf(&b, " %q", m.Arg(i))
	}
	if m.Payload() != nil {
		fmt.Fprintf(&b, " + %d bytes", len(m.Payload()))
	}
	return b.String()
}

// all frames the stream, including the bytes that are pending at its end.
func all(dir decode.Dir, stream string) (described []string, raw []byte) {
	r := decode.NewReader(dir, grammar{})
	r.Feed([]byte(stream))
	var m decode.Message
	for r.Next(&m) || r.Flush(&m) {
		described = append(described, describe(&m))
		raw = append(raw, m.Raw...)
	}
	return described, raw
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", decode.MaxLine)
	for _, tc := range []struct {
		name, stream string
		dir          decode.Dir
		want         []string
	}{
		{"CRLF and LF", "VER 0 MSNP2 CVR0\r\nINF 1\n", 'C', []string{`VER #0 "MSNP2" "CVR0"`, `INF #1`}},
		{"blanks and tabs", "  CHG \t 007  NLN \r\n", 'C', []string{`CHG #7 "NLN"`}},
		{"no TrID where there is none", "RNG 11752013 10.0.0.9:1863 CKI 1.2 a@b.c A\r\nPNG\r\n", 'S', []string{
			`RNG "11752013" "10.0.0.9:1863" "CKI" "1.2" "a@b.c" "A"`, `PNG`,
		}},
		{"the answer without its TrID", "ANS OK\r\n", 'S', []string{`ANS "OK"`}},
		{"an error with and without a TrID", "911 6\r\n600\r\n", 'S', []string{`911 #6`, `600`}},
		{
			"the largest TrID and one more", "INF 4294967295\r\nINF 4294967296\r\n", 'C',
			[]string{`INF #4294967295`, `INF #(4294967296)`},
		},
		{
			"MSG in its two shapes", "MSG bob@h.com Bob 5\r\nhelloBYE bob@h.com\r\n", 'S',
			[]string{`MSG "bob@h.com" "Bob" "5" + 5 bytes`, `BYE "bob@h.com"`},
		},
		{
			"a payload without a line end", "MSG 4 U 5\r\nhelloMSG 5 N 0\r\nOUT\r\n", 'C',
			[]string{`MSG #4 "U" "5" + 5 bytes`, `MSG #5 "N" "0"`, `OUT`},
		},
		{
			"a bare LF before a payload that begins with LF", "MSG 4 U 3\n\na\n", 'C',
			[]string{`MSG #4 "U" "3" + 3 bytes`},
		},
		{
			"a number that is no length", "QNG 60\r\nSYN 8 1\r\nCAL 2 RINGING 11752013\r\nACK 4\r\nCHL 0 1557\r\n", 'S',
			[]string{
				`QNG "60"`, `SYN #8 "1"`, `CAL #2 "RINGING" "11752013"`, `ACK #4`, `CHL #0 "1557"`,
			},
		},
		{
			"QRY carries a payload in every dialect",
			"QRY 10 msmsgs@msnmsgr.com 32\r\n8f2f5a91b72102cd28355e9fc9000d6eOUT\n", 'C',
			[]string{
				`QRY #10 "msmsgs@msnmsgr.com" "32" + 32 bytes`, `OUT`,
			},
		},
		{
			"raw UTF-8, Latin-1 and NUL stay", "REA 9 a@b Zo\xc3\xab%20\xe9\x00\r\n", 'C',
			[]string{`REA #9 "a@b" "Zoë%20\xe9\x00"`},
		},
		{"CR alone ends nothing", "CHG 5\r NLN\r\n", 'C', []string{`CHG "5\r" "NLN"`}},
		{"lower case is a command", "ver 0 msnp2\r\n", 'C', []string{`VER #0 "msnp2"`}},
		{
			"numbers that are no TrIDs", "CHG -1 NLN\r\nCHG +1 NLN\r\nCHG - NLN\r\nCHG 1x NLN\r\n", 'C',
			[]string{`CHG #(-1) "NLN"`, `CHG #(+1) "NLN"`, `CHG "-" "NLN"`, `CHG "1x" "NLN"`},
		},
		{"an unknown command", "ZZZ 4 x\r\n", 'C', []string{`ZZZ #4 "x"`}},
		{"no command", "\r\nVERS 1\r\nNACK 3\n12 a\r\nOUT\r\n", 'S', []string{
			`opaque "\r\n": empty line`,
			`opaque "VERS 1\r\n": not a command: its first word is neither three letters nor three digits`,
			`opaque "NACK 3\n": not a command: its first word is neither three letters nor three digits`,
			`opaque "12 a\r\n": not a command: its first word is neither three letters nor three digits`, `OUT`,
		}},
		{
			"a length or a word", "ADL 5 OK\r\nADL 0 4\r\n<a/>OUT\r\n", 'S',
			[]string{`ADL #5 "OK"`, `ADL #0 "4" + 4 bytes`, `OUT`},
		},
		{"lengths that are none", "MSG 4 N abc\r\nMSG 4 N -1\r\nMSG 4 N\r\nMSG\r\nOUT\r\n", 'C', []string{
			`opaque "MSG 4 N abc\r\n": the payload length is not a number`,
			`opaque "MSG 4 N -1\r\n": the payload length is not a number`,
			`opaque "MSG 4 N\r\n": the payload length is not a number`,
			`opaque "MSG\r\n": the payload length is not a number`, `OUT`,
		}},
		{"a payload that is longer than 1 MB and does not come", "MSG 4 N 1048577\r\nOUT\r\n", 'C', []string{
			`opaque "MSG 4 N 1048577\r\n": payload longer than 1 MB`,
			`opaque "OUT\r\n": cut short: the stream ended inside a command`,
		}},
		{"a payload of a length that no stream has", "MSG 4 N 99999999999999999999\r\nOUT\r\n", 'C', []string{
			`opaque "MSG 4 N 99999999999999999999\r\n": payload longer than 1 MB`,
			`opaque "OUT\r\n": cut short: the stream ended inside a command`,
		}},
		{
			"while out of step, a length above 1 MB counts if all else fits",
			"what now\r\nMSG me later 2000000\r\nMSG bob@h.com Bob 2000000\r\nOUT\r\n", 'S',
			[]string{
				`opaque "what now\r\n": not a command: its first word is neither three letters nor three digits`,
				`opaque "MSG me later 2000000\r\n": out of step: this may be part of a message`,
				`opaque "MSG bob@h.com Bob 2000000\r\n": payload longer than 1 MB`,
				`opaque "OUT\r\n": cut short: the stream ended inside a command`,
			},
		},
		{
			"a body without its beginning, and the next command glued to it",
			"ON: 1\r\n\r\nbye MSG nobodyMSG bob@h.com Bob 5\r\nhelloBYE bob@h.com\r\n", 'S',
			[]string{
				`opaque "ON: 1\r\n": not a command: its first word is neither three letters nor three digits`,
				`opaque "\r\n": empty line`, `opaque "bye MSG nobody": out of step: this may be part of a message`,
				`MSG "bob@h.com" "Bob" "5" + 5 bytes`, `BYE "bob@h.com"`,
			},
		},
		{
			"text that looks like commands is none while out of step",
			"what now\r\nyou are OUT\r\nMSG me later 5\r\nBYE bob@h.com\r\nyou x\r\n", 'S',
			[]string{
				`opaque "what now\r\n": not a command: its first word is neither three letters nor three digits`,
				`opaque "you are OUT\r\n": out of step: this may be part of a message`,
				`opaque "MSG me later 5\r\n": out of step: this may be part of a message`,
				`BYE "bob@h.com"`, `YOU "x"`,
			},
		},
		{
			"a length that is too short",
			"MSG bob@h.com Bob 5\r\nhello worldMSG bob@h.com Bob 2\r\nhiFLN bob@h.com\r\n",
			'S',
			[]string{
				`MSG "bob@h.com" "Bob" "5" + 5 bytes`,
				`opaque " world": not a command: its first word is neither three letters nor three digits`,
				`MSG "bob@h.com" "Bob" "2" + 2 bytes`, `FLN "bob@h.com"`,
			},
		},
		{
			"a length that is too long",
			"MSG bob@h.com Bob 90000\r\nhelloMSG bob@h.com Bob 2\r\nhiFLN bob@h.com\r\nrest", 'S',
			[]string{
				`opaque "MSG bob@h.com Bob 90000\r\nhello": cut short: the stream ended inside a command`,
				`MSG "bob@h.com" "Bob" "2" + 2 bytes`, `FLN "bob@h.com"`,
				`opaque "rest": cut short: the stream ended inside a command`,
			},
		},
		{
			"lower case has its payload too", "msg 4 N 5\r\nhelloOUT\r\n", 'C',
			[]string{`MSG #4 "N" "5" + 5 bytes`, `OUT`},
		},
		{
			"an end inside", "MSG 4 N 10\r\nhello", 'C',
			[]string{`opaque "MSG 4 N 10\r\nhello": cut short: the stream ended inside a command`},
		},
		{
			"a line of the longest kind", "CHG 1 " + long[:decode.MaxLine-8] + "\r\nOUT\n", 'C',
			[]string{`CHG #1 "` + long[:decode.MaxLine-8] + `"`, `OUT`},
		},
		{"a line that is too long", "CHG 1 " + long + "\r\nOUT\n", 'C', []string{
			`opaque "` + ("CHG 1 " + long)[:decode.MaxLine] + `": line longer than 8192 bytes`,
			`opaque "xxxxxx\r\n": line longer than 8192 bytes`, `OUT`,
		}},
		{
			"many short arguments", "VER 0" + strings.Repeat(" A", 28) + "\n", 'C',
			[]string{`VER #0` + strings.Repeat(` "A"`, 28)},
		},
		{
			"many arguments", "VER 0" + strings.Repeat(" A", 30) + "\n", 'C',
			[]string{`VER #0` + strings.Repeat(` "A"`, 30)},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, raw := all(tc.dir, tc.stream)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if string(raw) != tc.stream {
				t.Errorf("the messages' bytes are %q, want the stream %q", raw, tc.stream)
			}
		})
	}
}

func TestMessageParts(t *testing.T) {
	m := decode.Parse([]byte("LST 0007 FL 12 1 2 bob@hotmail.com Bob%20B \r\n"), decode.FromServer, grammar{})
	for name, got := range map[string]string{
		"LST 0007 FL 12 1 2 bob@hotmail.com Bob%20B ": string(m.Line()), "\r\n": string(m.LineEnd()),
		"0007":    string(m.TrIDText()),
		"Bob%20B": string(m.Arg(5)), "": string(m.Arg(6)) + string(m.Arg(-1)) + string(m.Payload()),
	} {
		if got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	if start, end := m.ArgSpan(4); string(m.Raw[start:end]) != "bob@hotmail.com" {
		t.Errorf("ArgSpan(4) = %d, %d", start, end)
	}
	clone := m.Clone()
	m.Raw[0] = 'X'
	if string(clone.Raw[:3]) != "LST" {
		t.Error("a clone shares its bytes")
	}
}

// TestFillTakesWhatComes reads a stream byte by byte, with errors, and all at once.
func TestFillTakesWhatComes(t *testing.T) {
	stream := "VER 0 MSNP2\r\nMSG 4 U 5\r\nhelloOUT\r\n"
	for name, src := range map[string]io.Reader{
		"bytes":          iotest.OneByteReader(strings.NewReader(stream)),
		"data and error": iotest.DataErrReader(strings.NewReader(stream)),
		"halves":         iotest.HalfReader(strings.NewReader(stream)),
	} {
		r := decode.NewReader(decode.FromClient, grammar{})
		var got []string
		var err error
		for err == nil {
			_, err = r.Fill(src)
			var m decode.Message
			for r.Next(&m) {
				got = append(got, describe(&m))
			}
		}
		want := []string{`VER #0 "MSNP2"`, `MSG #4 "U" "5" + 5 bytes`, `OUT`}
		if diff := cmp.Diff(want, got); diff != "" || err != io.EOF {
			t.Errorf("%s: %v, messages (-want +got):\n%s", name, err, diff)
		}
	}
}

// TestBufferIsBounded feeds far more than the limits allow without a line end, and then invalid
// payload lengths.
func TestBufferIsBounded(t *testing.T) {
	r := decode.NewReader(decode.FromClient, grammar{})
	chunk := bytes.Repeat([]byte{'x'}, 64<<10)
	var m decode.Message
	for range 100 {
		r.Feed(chunk)
		for r.Next(&m) {
			if len(m.Raw) > decode.MaxLine {
				t.Fatalf("a message of %d bytes", len(m.Raw))
			}
		}
		if n := len(r.Pending()); n > decode.MaxLine {
			t.Fatalf("%d bytes pending, cap %d", n, decode.MaxLine)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	stream := []byte("VER 0 MSNP2\r\nUSR 3 MD5 I alice@hotmail.com\r\nLST 7 FL 12 1 2 bob@hotmail.com Bob\r\nMSG 4 U " +
		"5\r\nhello")
	r := decode.NewReader(decode.FromClient, grammar{})
	var m decode.Message
	n := testing.AllocsPerRun(100, func() {
		r.Feed(stream)
		for r.Next(&m) {
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for four commands, want 0", n)
	}
	n = testing.AllocsPerRun(100, func() {
		r.Borrow(stream)
		for r.Next(&m) {
		}
		r.Return()
	})
	if n != 0 {
		t.Errorf("%v allocations for four commands that were borrowed, want 0", n)
	}
}

// TestSkim checks that Skim consumes what Next would have returned, and no command that Next must
// see.
func TestSkim(t *testing.T) {
	var except decode.Verbs
	except.Add(decode.V("MSG"))
	for _, tc := range []struct {
		stream string
		sizes  []uint32
		next   string // the message that Next returns after it
	}{
		{"CHG 7 NLN\r\nPNG\r\nOUT\nqng 1\n", []uint32{11, 5, 4, 6}, ""},
		{"CHG 7 NLN\r\nMSG 1 N 3\r\nabcOUT\r\n", []uint32{11}, "MSG 1 N 3\r\nabc"},
		{"msg 1 N 3\r\nabc", nil, "msg 1 N 3\r\nabc"},
		{"OUT\r\nOU", []uint32{5}, ""},
		{"OUT\rx\n", nil, "OUT\rx\n"},
		{"OUTER 1\r\n", nil, "OUTER 1\r\n"},
		{" OUT\r\n", nil, " OUT\r\n"},
		{"911 7\r\n", nil, "911 7\r\n"},
		{"\r\n", nil, "\r\n"},
		{"OUT " + strings.Repeat("x", decode.MaxLine), nil, "OUT " + strings.Repeat("x", decode.MaxLine-4)},
	} {
		r := decode.NewReader(decode.FromClient, grammar{})
		r.Feed([]byte(tc.stream))
		var m decode.Message
		got := r.Skim(&except, nil)
		if !slices.Equal(got, tc.sizes) {
			t.Errorf("Skim of %q takes %d, want %d", tc.stream, got, tc.sizes)
		}
		if ok := r.Next(&m); ok != (tc.next != "") || string(m.Raw) != tc.next {
			t.Errorf("after Skim of %q, Next takes %q, want %q", tc.stream, m.Raw, tc.next)
		}
	}
}

// TestSkimLeavesWhatIsOpen checks that Skim consumes nothing inside a line or while framing is
// lost.
func TestSkimLeavesWhatIsOpen(t *testing.T) {
	r := decode.NewReader(decode.FromClient, grammar{})
	var m decode.Message
	for _, begin := range []string{"OU", "MSG 1 N 7\r\nOUT\r", strings.Repeat("x", decode.MaxLine)} {
		r.Feed([]byte(begin))
		r.Next(&m)
		r.Feed([]byte("\nOUT\r\n"))
		if got := r.Skim(new(decode.Verbs), nil); got != nil {
			t.Errorf("after %.20q, Skim takes %d", begin, got)
		}
		for r.Next(&m) || r.Flush(&m) {
		}
	}
	r.Lose()
	r.Feed([]byte("OUT\r\n"))
	if got := r.Skim(new(decode.Verbs), nil); got != nil {
		t.Errorf("out of step, Skim takes %d", got)
	}
}

// TestRelease: a buffer that was given back serves another Reader; one with a part of a command
// stays, and what comes next belongs to it.
func TestRelease(t *testing.T) {
	var one, other decode.Reader
	one.Grammar, other.Grammar = decode.Plain{}, decode.Plain{}
	var m decode.Message
	say := func(r *decode.Reader, text string, want ...string) {
		t.Helper()
		if _, err := r.Fill(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !r.Next(&m) || string(m.Raw) != line {
				t.Errorf("got %q, want %q", m.Raw, line)
			}
		}
		r.Release()
	}
	say(&one, "CHG 1 NLN\r\n", "CHG 1 NLN\r\n")
	say(&other, "CHG 2 AWY\r\nCHG 3 B", "CHG 2 AWY\r\n")
	say(&one, "CHG 4 IDL\r\n", "CHG 4 IDL\r\n")
	say(&other, "SY\r\n", "CHG 3 BSY\r\n")
	if got := one.Pending(); len(got) > 0 {
		t.Errorf("%q is pending, want nothing", got)
	}
}
