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
✗     - c1                          S: FLN bob  extra
✗    #7 c12                         C: OUT  failed: not connected
differs: 1 sent, 1 answers as recorded, 1 differ, 0 missing, 1 extra, 1 failed
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
	if got.Verdict != "differs" || got.Counts["extra"] != 1 || len(got.Outcomes) != 5 {
		t.Fatalf("got %+v, want verdict differs, 1 extra, 5 outcomes", got)
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

// A server must not write on the screen of who replays.
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
