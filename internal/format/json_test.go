package format_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

func TestAppendJSON(t *testing.T) {
	// The keys between time and client are the same for all events of a connection.
	want := map[string]string{
		"command": `{"n":2,"conn":1,"role":"","dir":"C","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"VER","trid":0,` +
			`"args":{"DialectName":["MSNP2","CVR0"]},"raw":"VER 0 MSNP2 CVR0","size":18}`,
		"reply": `{"n":3,"conn":1,"role":"NS","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"USR","trid":5,` +
			`"args":{"Status":"OK","UserHandle":"alice@hotmail.com","FriendlyName":"Al \"L\""},` +
			`"raw":"USR 5 OK alice@hotmail.com ` +
			`Al%20%22L%22","user":"alice@hotmail.com","size":41,"reply_to":2,"rtt_ms":1.5}`,
		"error": `{"n":3,"conn":1,"role":"NS","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"911","trid":6,` +
			`"raw":"911 6","size":7,"reply_to":2,"rtt_ms":1.5,"flags":["error"]}`,
		"message": `{"n":2,"conn":1,"role":"SB","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"MSG",` +
			`"args":{"UserHandle":"bob@hotmail.com","FriendlyName":"Bob B","Length":"85"},"raw":"MSG bob@hotmail.com ` +
			`Bob%20B 85",` +
			`"payload":{"length":85,"type":"text/plain","charset":"utf-8","headers":{"MIME-Version":"1.0","Content-Type":"text/plain; ` +
			`charset=UTF-8"},` +
			`"text":"hello bob, how are\r\nyou"},"size":117}`,
		"latin1": `{"n":2,"conn":1,"role":"SB","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"MSG",` +
			`"args":{"UserHandle":"a@b.c","FriendlyName":"caf` + "é" +
			`","Length":"13"},"raw":"MSG a@b.c caf%e9 13",` +
			`"payload":{"length":13,"headers":{"A":"1"},"text":"café\u0000","base64":"Y2Fm6QA="},"size":34}`,
		"invalid": `{"n":2,"conn":1,"role":"NS","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"NLN",` +
			`"args":{"Substate":"NLN","UserHandle":"bob@hotmail.com","FriendlyName":"Bÿb"},` +
			`"raw":"NLN NLN bob@hotmail.com B` + "\ufffd" +
			`b","raw_b64":"TkxOIE5MTiBib2JAaG90bWFpbC5jb20gQv9i","size":29}`,
		"surplus": `{"n":2,"conn":1,"role":"NS","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"FLN",` +
			`"args":{"UserHandle":"bob@hotmail.com","Extra":["a b","c"]},"raw":"FLN bob@hotmail.com a%20b ` +
			`c","size":29}`,
		"unknown": `{"n":2,"conn":1,"role":"NS","dir":"C","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"ZZZ","trid":4,` +
			`"args":{"Arg1":"one","Arg2":"two"},"raw":"ZZZ 4 one two","size":15}`,
		"rewritten": `{"n":3,"conn":1,"role":"NS","dir":"S","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"XFR","trid":9,` +
			`"args":{"ReferralType":"SB","Address":"10.0.0.9:1863","SP":"CKI","AuthChallengeInfo":"1726.105"},` +
			`"raw":"XFR 9 SB 10.0.0.9:1863 CKI 1726.105","size":37,"reply_to":2,"rtt_ms":1.5,` +
			`"out":{"raw":"XFR 9 SB 127.0.0.1:1863 CKI 1726.105"},"flags":["rewritten"]}`,
		"edited": `{"n":2,"conn":1,"role":"SB","dir":"C","client":"10.0.0.7:51234","server":"10.0.0.1:1863","cmd":"MSG","trid":3,` +
			`"args":{"AckMode":"N","Length":"2"},"raw":"MSG 3 N 2","payload":{"length":2,"text":"hi"},"size":13,` +
			`"out":{"raw":"MSG 3 N 3","payload":{"length":3,"text":"bye"}},"flags":["edited","held"]}`,
		"opaque": `{"n":2,"conn":1,"role":"","dir":"C","client":"10.0.0.7:51234","raw":"\u0016\u0003\u0001` +
			"\ufffd" + ` junk\u001b[2J",` +
			`"raw_b64":"FgMB/yBqdW5rG1sySg==","size":15,"flags":["opaque"],` +
			`"text":"not a command: its first word is neither three letters nor three digits"}`,
		"open": `{"n":1,"conn":1,"role":"","client":"10.0.0.7:51234","event":"open"}`,
		"close": `{"n":3,"conn":1,"role":"","client":"10.0.0.7:51234","event":"close","text":"the client ` +
			`\u001b[31mleft"}`,
		"note": `{"n":1,"conn":0,"role":"","event":"note","text":"recording stopped"}`,
		"gap": `{"n":4,"conn":1,"role":"","dir":"S","client":"10.0.0.7:51234","flags":["gap"],"event":"gap",` +
			`"text":"300 bytes are missing"}`,
		"half": `{"n":5,"conn":1,"role":"","dir":"S","client":"10.0.0.7:51234","event":"half-close"}`,
	}
	for name, e := range events(t) {
		line, ok := want[name]
		if !ok {
			continue // typing has no form of its own
		}
		t.Run(name, func(t *testing.T) {
			got := string(format.AppendJSON(nil, e))
			before, after, _ := strings.Cut(got, `"time":"`)
			stamp, after, _ := strings.Cut(after, `",`)
			if e.Time.UTC().Format("2006-01-02T15:04:05.000000000Z") != stamp {
				t.Errorf("time is %q, want %v in UTC", stamp, e.Time.UTC())
			}
			if diff := cmp.Diff(line+"\n", before+after); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAppendJSONAppends: callers collect several lines in one buffer.
func TestAppendJSONAppends(t *testing.T) {
	got := string(format.AppendJSON([]byte("before\n"), events(t)["note"]))
	if !strings.HasPrefix(got, "before\n{") || strings.Count(got, "\n") != 2 {
		t.Errorf("got %q, want the line behind what was there", got)
	}
}

func TestAppendJSONHeaders(t *testing.T) {
	e := newTalk(dialect.SB).say("S: MSG a@b.c A 9\r\nA: 1\r\nB: 2\r\nA: 3\r\na: 4\r\nno colon\r\nA: 5\r\n\r\n")
	got := string(format.AppendJSON(nil, e))
	if want := `"headers":{"A":["1","3","5"],"B":"2","a":"4","":"no colon"}`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

// TestAppendJSONForms checks that a surplus argument is a list even if it is the only one, and that
// a payload that was sent on unchanged is written once.
func TestAppendJSONForms(t *testing.T) {
	moved := newTalk(dialect.SB).say("C: MSG 3 N 2\r\nhi")
	moved.Out = []byte("MSG 4 N 2\r\nhi")
	for _, tc := range []struct {
		name string
		e    *session.Event
		want string
	}{
		{
			"one surplus argument", newTalk(dialect.NS).say("S: FLN bob@hotmail.com x"),
			`"args":{"UserHandle":"bob@hotmail.com","Extra":["x"]}`,
		},
		{"a list of one", newTalk(0).say("S: VER 0 MSNP2"), `"args":{"DialectName":["MSNP2"]}`},
		{"another line, the same payload", moved, `"out":{"raw":"MSG 4 N 2"}}`},
		{"dropped", &session.Event{Out: []byte{}, Flags: session.Dropped}, `"out":{"raw":""},"flags":["dropped"]`},
	} {
		if got := string(format.AppendJSON(nil, tc.e)); !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %s, want %s in it", tc.name, got, tc.want)
		}
	}
}

// TestAppendJSONStrings compares the strings with encoding/json: whatever the bytes are, both must
// mean the same text.
func TestAppendJSONStrings(t *testing.T) {
	for _, s := range []string{
		"", "plain", `quote " backslash \ slash /`, "a\x00b\x1b\x7f", "\b\f\n\r\t", "<script>&", "grüße 你好 🙂",
		"\xff\xfe", "cut \xe4\xbd", "\u2028\u2029", "rtl \u202e zw \u200b tag \U000e0041 c1 \u0085", "\ufffd",
	} {
		line := format.AppendJSON(nil, &session.Event{Kind: session.Note, Text: "x" + s})
		var got struct{ Text string }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Errorf("%q: %s: %v", s, line, err)
			continue
		}
		quoted, _ := json.Marshal("x" + s)
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if got.Text != want {
			t.Errorf("%q is %q when read back, want %q", s, got.Text, want)
		}
		if strings.ContainsAny(string(line[:len(line)-1]), "\n\u0085\u200b\u202e\u2028\x7f") {
			t.Errorf("%q would disturb a terminal: %q", s, line)
		}
	}
}

func FuzzAppendJSON(f *testing.F) {
	for _, e := range events(f) {
		f.Add(e.In.Raw, e.Out, e.Text, uint16(e.Flags), e.Dir == decode.FromClient)
	}
	f.Fuzz(func(t *testing.T, raw, out []byte, text string, flags uint16, fromClient bool) {
		dir := decode.FromServer
		if fromClient {
			dir = decode.FromClient
		}
		m := decode.Parse(raw, dir, dialect.MSNP2)
		conn, _ := new(session.Graph).Open(start, text, text)
		e := conn.Track(dir, &m, start)
		e.Text, e.Flags = text, session.Flag(flags)
		if len(out) > 0 {
			e.Out = out
		}
		line := format.AppendJSON(nil, e)
		if !json.Valid(line) || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("not one line of JSON: %q", line)
		}
		for _, show := range [][]byte{
			format.AppendText(nil, e), format.AppendCS(nil, e),
			format.AppendVerbose(nil, e), []byte(format.Summary(e)),
		} {
			checkPrintable(t, strings.ReplaceAll(string(show), "\n", ""))
		}
		if len(format.Fields(e)) != e.In.NumArgs() {
			t.Fatalf("%d fields of %d arguments", len(format.Fields(e)), e.In.NumArgs())
		}
	})
}

// The budget is a million events a second on one core: 1000 ns each.
func BenchmarkAppendJSON(b *testing.B) {
	all := events(b)
	for _, name := range []string{"reply", "rewritten", "message"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = format.AppendJSON(dst[:0], all[name])
			}
		})
	}
}

// TestMillis checks that durations have the digits of the shortest exact fraction.
func TestMillis(t *testing.T) {
	for _, d := range []time.Duration{
		0, 1, 10, 87_566, 100_000, 999_999, 1e6, 1_000_001, 1_500_000, 12_345_678_901,
		-1, -1_500_000, 1 << 52,
	} {
		e := &session.Event{Time: time.Unix(1, 0), ReplyTo: 1, RTT: d}
		want := `"rtt_ms":` + strconv.FormatFloat(float64(d)/1e6, 'f', -1, 64) + ","
		if got := string(format.AppendJSON(nil, e)); !strings.Contains(strings.Replace(got, "}", ",", 1), want) {
			t.Errorf("%d ns: %s lacks %s", d, got, want)
		}
	}
}

// TestNoTime: an event of a capture without times has neither a time nor a round trip.
func TestNoTime(t *testing.T) {
	got := string(format.AppendJSON(nil, &session.Event{N: 1, ReplyTo: 1}))
	if !strings.Contains(got, `"time":null,`) || strings.Contains(got, "rtt_ms") {
		t.Errorf("got %s", got)
	}
}
