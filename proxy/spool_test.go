package proxy

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// reader is two connections whose commands are recorded, with what their events say.
type reader struct {
	*journal
	conns     [2]*Conn
	said      [2][]byte
	published [2][]byte
	gaps      [2][]string
	commands  int
}

func newReader(t *testing.T) *reader {
	r := &reader{}
	r.journal = newJournal(func(e *session.Event) {
		i := e.Conn - 1
		switch e.Kind {
		case session.Command:
			r.published[i] = append(r.published[i], e.In.Raw...)
		case session.Gap:
			r.gaps[i] = append(r.gaps[i], e.Text)
		}
	}, func() bool { return false })
	r.awake = true // nobody sweeps
	t.Cleanup(r.close)
	for i := range r.conns {
		r.conns[i] = &Conn{}
		r.open(r.conns[i], time.Time{})
	}
	return r
}

// say adds some megabytes of numbered lines of both connections, in turns.
func (r *reader) say(megabytes int) {
	for range megabytes << 20 / 2 / 50_000 {
		for i, c := range r.conns {
			var raw []byte
			var cuts []uint32
			for range 50 {
				from := len(raw)
				raw = append(fmt.Appendf(raw, "CHG %08d %d ", r.commands, r.commands%50),
					strings.Repeat("x", 970+r.commands%50)...)
				raw = append(raw, "\r\n"...)
				cuts = append(cuts, uint32(len(raw)-from))
				r.commands++
			}
			r.said[i] = append(r.said[i], raw...)
			r.add(c, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
		}
	}
}

// TestSpool: blocks that went to the file are recorded in their order, and their slots are used
// again.
func TestSpool(t *testing.T) {
	r := newReader(t)
	slots := 0
	for round := range 2 {
		r.say(40)
		if was := r.queue.held; !r.spill() || r.queue.held > maxSpare || was < 2*maxSpare {
			t.Fatalf("of %d bytes %d stay in memory, want at most %d", was, r.queue.held, maxSpare)
		}
		r.say(2) // behind what is in the file
		r.recordAll(nil)
		for i, c := range r.conns {
			if !bytes.Equal(r.published[i], r.said[i]) || len(r.gaps[i]) > 0 {
				t.Errorf("%d bytes of connection %d are not told as they were said (%d), gaps %q", len(r.published[i]),
					i+1, len(r.said[i]), r.gaps[i])
			}
			if c.held != 0 || r.queue.held != 0 || r.queue.events != 0 {
				t.Errorf("all is told, and %d bytes of %d with %d events are held", c.held, r.queue.held,
					r.queue.events)
			}
		}
		if round == 0 {
			slots = r.spool.slots
		} else if r.spool.slots != slots {
			t.Errorf("the file grows from %d slots to %d", slots, r.spool.slots)
		}
	}
}

// TestSpoolFails: a file that cannot be written leaves everything in memory; what cannot be read
// back is a gap.
func TestSpoolFails(t *testing.T) {
	r := newReader(t)
	r.say(30)
	r.spill()
	slots := r.spool.slots
	r.spool.file.Close()
	r.say(30)
	held := r.queue.held
	if r.spill(); r.queue.held != held || r.spool.slots != slots || r.spool.err == nil {
		t.Errorf("%d of %d bytes are in memory although the file is broken (%v)", r.queue.held, held, r.spool.err)
	}
	r.recordAll(nil)
	for i := range r.conns {
		missing, commands := 0, 0
		for _, text := range r.gaps[i] {
			var n, size int
			if _, err := fmt.Sscanf(text, "%d commands of %d bytes passed, but cannot be told: spill file: ", &n,
				&size); err != nil {
				t.Fatalf("gap %q: %v", text, err)
			}
			missing, commands = missing+size, commands+n
		}
		if missing == 0 || len(r.published[i])+missing != len(r.said[i]) || commands%50 != 0 {
			t.Errorf("%d bytes are told and %d missing, want %d together", len(r.published[i]), missing, len(r.said[i]))
		}
	}
}

// TestSpoolLeavesNothing: the file has no name, so that a killed process leaves none behind.
func TestSpoolLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r := newReader(t)
	r.say(30)
	r.spill()
	r.spool.close()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestSpoolThatFails: without a file, blocks stay in memory as far as there is room, and
// SpillFailed is called once.
func TestSpoolThatFails(t *testing.T) {
	r := newReader(t)
	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	var failures []error
	r.spillFailed = func(err error) { failures = append(failures, err) }
	for range 3 {
		r.say(20)
		r.spill()
	}
	if len(failures) != 1 {
		t.Errorf("the file's error is told %d times, want once: %v", len(failures), failures)
	}
	r.recordAll(nil)
	for i := range r.conns {
		if !bytes.Equal(r.published[i], r.said[i]) {
			t.Errorf("of connection %d %d bytes are told, %d were said", i+1, len(r.published[i]), len(r.said[i]))
		}
	}
}
