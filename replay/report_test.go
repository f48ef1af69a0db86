package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/internal/compare"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sample() *Result {
	r := &Result{Notes: []string{"connection 9 is not played"}}
	r.add(Outcome{N: 4, Conn: 1, Role: "NS", User: "alice@hotmail.com", Dir: "C", Verdict: Sent, Command: "CHG 8 NLN"})
	r.add(Outcome{
		N: 5, Conn: 1, Role: "NS", User: "alice@hotmail.com", Dir: "S", Verdict: Same, Command: "CHG 8 NLN",
		LiveRTT: 1500 * time.Microsecond, RecordedRTT: 20 * time.Millisecond,
	})
	r.add(Outcome{N: 6, Conn: 1, Dir: "S", Verdict: Differs, Command: "LST 7", Got: "LST 8", Diffs: []compare.Diff{
		{Field: "CustomUserName", Want: "Bob", Got: "Bobby"}, {Field: "Ser", Want: "1"},
	}})
	r.add(Outcome{Conn: 1, Dir: "S", Verdict: Extra, Command: "FLN bob"})
	r.add(Outcome{N: 7, Conn: 12, Dir: "C", Verdict: Failed, Command: "OUT", Why: "not connected"})
	return r
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, sample(), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	const want = `note: connection 9 is not played
→    #4 c1  NS alice@hotmail.com    C: CHG 8 NLN
✓    #5 c1  NS alice@hotmail.com    S: CHG 8 NLN  (1.5 ms, recorded 20.0 ms)
✗    #6 c1                          S: LST 7  CustomUserName: want Bob, got Bobby; Ser: want 1, got nothing
✗     - c1                          S: FLN bob  unexpected
✗    #7 c12                         C: OUT  failed: not connected
differs: 1 sent, 1 answers as recorded, 1 differ, 0 missing, 1 unexpected, 1 failed
`
	if b.String() != want {
		t.Errorf("text:\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := WriteText(&b, sample(), TextOptions{ASCII: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.String() {
		if c > '~' {
			t.Fatalf("%q in ASCII text:\n%s", c, b.String())
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Verdict  string
		Counts   map[string]int
		Outcomes []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Verdict != "differs" || got.Counts["unexpected"] != 1 || len(got.Outcomes) != 5 {
		t.Fatalf("got %+v, want verdict differs, 1 unexpected, 5 outcomes", got)
	}
	if o := got.Outcomes[1]; o["rtt_ms"] != 1.5 || o["recorded_rtt_ms"] != 20.0 || o["command"] != "CHG 8 NLN" {
		t.Errorf("outcome %v, want rtt_ms 1.5, recorded_rtt_ms 20, command CHG 8 NLN", o)
	}
}

func TestErr(t *testing.T) {
	tests := []struct {
		name   string
		counts Counts
		want   error
	}{
		{"all the same", Counts{Sent: 3, Same: 4}, nil},
		{"nothing but missing", Counts{Sent: 3, Missing: 1}, ErrTimeout},
		{"missing and another", Counts{Missing: 1, Differs: 1}, ErrDiffers},
		{"missing and extra", Counts{Missing: 1, Extra: 1}, ErrDiffers},
		{"failed", Counts{Missing: 1, Failed: 1}, ErrDiffers},
	}
	for _, tt := range tests {
		r := Result{Counts: tt.counts}
		if err := r.Err(); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: Err() = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestOutcomesAreBoundedInBytes: what is kept of a server that says long lines without end is
// bounded, and the rest is counted; [Follow], whose outcomes nobody asks for, keeps nothing.
func TestOutcomesAreBoundedInBytes(t *testing.T) {
	long := strings.Repeat("A", 1<<20)
	for _, tt := range []struct {
		name string
		r    Result
		want int // outcomes kept
	}{
		{"replay", Result{}, maxOutcomeBytes >> 20},
		{"follow", newFollower(&growing{}, Options{}).result, 0},
	} {
		r := tt.r
		const n = 2 * maxOutcomeBytes >> 20
		for range n {
			r.add(Outcome{Dir: "S", Verdict: Extra, Command: long})
		}
		if len(r.Outcomes) != tt.want || r.Counts.Extra != n {
			t.Errorf("%s: %d outcomes kept, want %d; %d counted, want %d", tt.name, len(r.Outcomes), tt.want,
				r.Counts.Extra, n)
		}
	}
}

// TestUnexpectedCommandsAreBounded: a server that says short lines without end makes no endless
// reports, and each report says that something is left out.
func TestUnexpectedCommandsAreBounded(t *testing.T) {
	var r Result
	for range 2 * MaxExtra {
		r.add(Outcome{Dir: "S", Verdict: Extra, Command: "PNG"})
	}
	r.add(Outcome{Dir: "S", Verdict: Differs, Command: "QNG"})
	if n := len(r.Outcomes); n != MaxExtra+1 || r.Left != MaxExtra {
		t.Errorf("%d outcomes are kept, %d left out", n, r.Left)
	}
	var b bytes.Buffer
	if err := WriteJUnit(&b, &r); err != nil || !strings.Contains(b.String(), "10000 more are not shown") {
		t.Errorf("%v: the JUnit report does not say that something is left out: %.2000s", err, b.String())
	}
}

// TestLongLinesAreCut: a server that says lines of the greatest length, in thousands of arguments,
// makes no long lines of output, and each says what was cut off.
func TestLongLinesAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = "1 open 10.0.0.1:1863\n1 C PNG\n1 S NLN NLN bob@hotmail.com Bob\n1 S QNG\n"
		for _, evil := range []string{
			"NLN NLN bob@hotmail.com Bob" + strings.Repeat(" x", 4000),
			"NLN NLN bob@hotmail.com " + strings.Repeat("\x1b", 8000),
		} {
			live := strings.ReplaceAll(recorded, "10.0.", "10.9.")
			live = strings.Replace(live, "NLN NLN bob@hotmail.com Bob", evil, 1)
			r := replayed(t, recorded, live, Options{})
			var text, report bytes.Buffer
			if err := WriteText(&text, r, TextOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := WriteJSON(&report, r); err != nil {
				t.Fatal(err)
			}
			if n := text.Len(); n > 15_000 {
				t.Errorf("the text has %d bytes", n)
			}
			if n := report.Len(); n > 30_000 {
				t.Errorf("the JSON report has %d bytes", n)
			}
			if !strings.Contains(text.String(), "further differences") && !strings.Contains(text.String(), "...") {
				t.Errorf("nothing says what was cut off: %s", &text)
			}
		}
	})
}

// TestOutcomesArePrintable: text of a server cannot control the terminal of the person who replays.
func TestOutcomesArePrintable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = "1 open 10.0.0.1:1863\n1 C PNG\n1 S NLN NLN bob@hotmail.com Bob\n1 S QNG\n"
		evil := "NLN NLN bob@hotmail.com \x1b[2J\xff"
		live := strings.Replace(strings.ReplaceAll(recorded, "10.0.", "10.9."), "NLN NLN bob@hotmail.com Bob", evil, 1)
		r := replayed(t, recorded, live, Options{})
		var b bytes.Buffer
		if err := WriteText(&b, r, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(b.Bytes(), "\x1b") || !utf8.Valid(b.Bytes()) || r.Counts.Differs != 1 {
			t.Errorf("text %q, want one difference and no control characters", b.String())
		}
	})
}
