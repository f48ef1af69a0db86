package ui

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
)

// controls is a Steering that keeps a list of what was asked of it.
type controls struct {
	mu    sync.Mutex // for the tests that run the whole inspector
	held  []edit.Held
	expr  string
	asked []string
}

func (d *controls) Held() []edit.Held {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.held)
}

// hold makes a command wait.
func (d *controls) hold(h edit.Held) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = append(d.held, h)
}

func (d *controls) take(id uint64) bool {
	n := len(d.held)
	d.held = slices.DeleteFunc(d.held, func(h edit.Held) bool { return h.ID == id })
	return len(d.held) < n
}

func (d *controls) Release(id uint64) error {
	if !d.take(id) {
		return edit.ErrGone
	}
	d.asked = append(d.asked, "release")
	return nil
}

func (d *controls) Replace(id uint64, raw ...[]byte) error {
	if !d.take(id) {
		return edit.ErrGone
	}
	text := "drop"
	if len(raw) > 0 {
		text = "replace " + string(bytes.Join(raw, nil))
	}
	d.asked = append(d.asked, text)
	return nil
}

func (d *controls) Inject(in edit.Injection) error {
	if strings.HasPrefix(in.Text, "ZZZ") && !in.Anyway {
		return &edit.NotAllowedError{Err: errors.New("MSNP2 has no ZZZ to the SB")}
	}
	d.asked = append(d.asked, "inject "+in.Dir.String()+" "+in.Text)
	return nil
}

func (d *controls) Kill(int) error {
	d.asked = append(d.asked, "kill")
	return nil
}

func (d *controls) Intercept(expr string) error {
	if _, err := filter.Compile(expr); expr != "" && err != nil {
		return err
	}
	d.expr = expr
	return nil
}

func (d *controls) Intercepting() string { return d.expr }

func (d *controls) last() string {
	if len(d.asked) == 0 {
		return ""
	}
	return d.asked[len(d.asked)-1]
}

// steered returns an inspector with a CHG of alice's and a MSG of hers held, and what steers it.
func steered(t *testing.T) (*driven, *controls) {
	s := newScript()
	s.talk()
	ns := s.open("127.0.0.1:49790", "64.4.13.58:1863", dialect.NS)
	sb := s.open("127.0.0.1:49791", "64.4.13.41:1863", dialect.SB)
	n := len(s.log.events)
	chg := s.c(ns, "CHG 21 NLN\r\n")
	msg := s.c(sb, "MSG 4 N 62\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n")
	s.log.events = s.log.events[:n] // what is held is in no log
	chg.N, msg.N = 0, 0
	d := &controls{held: []edit.Held{{ID: 7, Event: chg, Since: s.at}, {ID: 8, Event: msg, Since: s.at}}}
	at := s.at.Add(3100 * time.Millisecond)
	return open(t, 140, 42, Options{Log: s.log, Live: true, Steering: d, Now: func() time.Time { return at }}), d
}

func TestHeldCommandIsShownWithItsClock(t *testing.T) {
	b, d := steered(t)
	b.shows("HELD 2", "⏸ CHG held 3.1s, 1 more", "a go on", "e edit", "x drop")
	b.press("a")
	if d.last() != "release" {
		t.Errorf("a asked for %q", d.last())
	}
	b.shows("HELD 1", "⏸ MSG held 3.1s: a go on")
	d.held[0].Gone = true
	b.press("F5") // draws
	b.shows("⏸ MSG held 3.1s, and the client has hung up: a go on")
	b.press("x")
	if d.last() != "drop" {
		t.Errorf("x asked for %q", d.last())
	}
	b.hides("HELD", "⏸ ")
	b.press("a")
	b.shows("nothing is held")
}

func TestDuplicate(t *testing.T) {
	b, d := steered(t)
	b.press("D")
	if want := "replace CHG 21 NLN\r\nCHG 21 NLN\r\n"; d.last() != want {
		t.Errorf("D asked for %q, want %q", d.last(), want)
	}
	b.press("e", "j", "Enter", "Ctrl-U", "A", "Enter", "D")
	if want := "replace MSG 4 A 62\r\n"; strings.Count(d.last(), "MSG 4 A 62") != 2 {
		t.Errorf("D asked for %q, want %q and so on, twice", d.last(), want)
	}
}

func TestReleaseAll(t *testing.T) {
	b, d := steered(t)
	b.press("A")
	if len(d.asked) != 2 || len(d.held) != 0 {
		t.Errorf("A asked for %q, %d still wait", d.asked, len(d.held))
	}
	b.shows("2 released")
}

func TestEditFields(t *testing.T) {
	b, d := steered(t)
	b.press("e")
	b.shows("CHG held", "TrID", "State", "NLN")
	b.press("j", "Enter", "Ctrl-U", "BSY", "Enter", "a")
	if want := "replace CHG 21 BSY\r\n"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
	b.press("e") // the MSG
	b.shows("AckMode", "payload", `MIME-Version: 1.0\r\n`)
	b.press("k", "Enter", "Ctrl-U", `hello\r\n`, "Enter", "a")
	if want := "replace MSG 4 N 7\r\nhello\r\n"; d.last() != want {
		t.Errorf("asked for %q, want %q with its length made to fit", d.last(), want)
	}
}

func TestEditBytes(t *testing.T) {
	b, d := steered(t)
	b.press("e", "v")
	b.shows(`CHG 21 NLN\r\n`)
	b.press("Enter", "Ctrl-U", `CHG 21\q`, "Enter")
	b.shows("not an escape")
	b.press("a")
	if len(d.held) != 2 {
		t.Errorf("what cannot be was sent: %q", d.asked)
	}
	b.press("Enter", "Ctrl-U", `CHG 21 XXX\x00\n`, "Enter", "a")
	if want := "replace CHG 21 XXX\x00\n"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
}

// TestEditBytesByHalves: what one forgets to type is added, or asked for.
func TestEditBytesByHalves(t *testing.T) {
	b, d := steered(t)
	b.press("e", "v", "Enter", "Ctrl-U", "CHG 21 BSY", "Enter", "a")
	if want := "replace CHG 21 BSY\r\n"; d.last() != want {
		t.Errorf("asked for %q, want %q with its line end", d.last(), want)
	}
	b.press("e", "v", "Enter", "Ctrl-U", `MSG 4 N 62\r\nhello`, "Enter")
	b.shows(`MSG 4 N 5\r\nhello`)
	b.press("Enter", "Ctrl-U", `MSG 4 N 62\r\nhello`, "Enter", "a") // a length that is typed stays
	b.shows("the same key again")
	if len(d.held) != 1 {
		t.Fatalf("sent without asking: %q", d.asked)
	}
	b.press("a")
	if want := "replace MSG 4 N 62\r\nhello"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
}

// TestEditorOfWhatIsGone: the editor says so once its held command is gone, because the connection
// ended or somebody else decided.
func TestEditorOfWhatIsGone(t *testing.T) {
	b, d := steered(t)
	b.press("e")
	b.hides("is no longer waiting")
	d.take(7)
	b.press("j")
	b.shows("CHG is no longer waiting")
	b.press("a")
	b.shows("that command is no longer waiting")
}

func TestEscLeavesItHeld(t *testing.T) {
	b, d := steered(t)
	b.press("e", "j", "Enter", "BSY", "Esc", "Esc")
	if len(d.asked) != 0 || len(d.held) != 2 {
		t.Errorf("asked for %q", d.asked)
	}
	b.shows("HELD 2")
}

func TestIntercept(t *testing.T) {
	b, d := steered(t)
	b.press("i", `cmd == `, "Enter") // a wrong one stays to be mended
	b.shows("Hold: cmd ==")
	b.press(`"CAL"`, "Enter")
	if want := `cmd == "CAL"`; d.expr != want {
		t.Errorf("held is %q, want %q", d.expr, want)
	}
	b.press("I")
	if d.expr != "" {
		t.Errorf("I left %q held", d.expr)
	}
	b.press("I")
	if want := `cmd == "CAL"`; d.expr != want {
		t.Errorf("I again holds %q, want %q", d.expr, want)
	}
}

func TestCompose(t *testing.T) {
	b, d := steered(t)
	b.press("c", "CHG {trid} BSY", "Enter")
	if want := "inject C CHG {trid} BSY"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
	b.press("c", "ZZZ 1", "Enter")
	b.shows("MSNP2 has no ZZZ to the SB; >! sends it all the same")
	b.press("Ctrl-U", "<! ZZZ 1", "Enter")
	if want := "inject S ZZZ 1"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
	b.press("X")
	if d.last() != "kill" {
		t.Errorf("X asked for %q", d.last())
	}
}

func TestNothingToSteerInACapture(t *testing.T) {
	b := open(t, 100, 30, talk())
	for _, key := range []string{"i", "I", "a", "A", "e", "x", "X", "c"} {
		b.press(key)
		b.shows("only live traffic can be held or changed")
	}
}

// TestHeaderCountsFaults: the header counts the commands that faults have hit.
func TestHeaderCountsFaults(t *testing.T) {
	s := newScript()
	s.talk()
	b := open(t, 140, 42, Options{Log: s.log})
	b.hides("faults")
	s.log.events[len(s.log.events)-1].Flags |= session.Fault
	open(t, 140, 42, Options{Log: s.log}).shows("faults 1")
}
