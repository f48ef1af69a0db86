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

// reader is two connections whose commands are told, and what their events say.
type reader struct {
	*story
	conns    [2]*Conn
	said     [2][]byte
	told     [2][]byte
	gaps     [2][]string
	commands int
}

func newReader(t *testing.T) *reader {
	r := &reader{}
	r.story = newStory(func(e *session.Event) {
		i := e.Conn - 1
		switch e.Kind {
		case session.Command:
			r.told[i] = append(r.told[i], e.In.Raw...)
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
				raw = append(fmt.Appendf(raw, "CHG %08d %d ", r.commands, r.commands%50), strings.Repeat("x", 970+r.commands%50)...)
				raw = append(raw, "\r\n"...)
				cuts = append(cuts, uint32(len(raw)-from))
				r.commands++
			}
			r.said[i] = append(r.said[i], raw...)
			r.add(c, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
		}
	}
}

// TestSpool: what went to the file is told in its place, and the file's room is used again.
func TestSpool(t *testing.T) {
	r := newReader(t)
	slots := 0
	for round := range 2 {
		r.say(40)
		if was := r.queue.held; !r.spill() || r.queue.held > maxSpare || was < 2*maxSpare {
			t.Fatalf("of %d bytes %d stay in memory, want at most %d", was, r.queue.held, maxSpare)
		}
		r.say(2) // behind what is in the file
		r.tellAll(nil)
		for i, c := range r.conns {
			if !bytes.Equal(r.told[i], r.said[i]) || len(r.gaps[i]) > 0 {
				t.Errorf("%d bytes of connection %d are not told as they were said (%d), gaps %q", len(r.told[i]), i+1, len(r.said[i]), r.gaps[i])
			}
			if c.held != 0 || r.queue.held != 0 || r.queue.events != 0 {
				t.Errorf("all is told, and %d bytes of %d with %d events are held", c.held, r.queue.held, r.queue.events)
			}
		}
		if round == 0 {
			slots = r.spool.slots
		} else if r.spool.slots != slots {
			t.Errorf("the file grows from %d slots to %d", slots, r.spool.slots)
		}
	}
}

// TestSpoolFails: a file that cannot be written leaves everything in memory; what cannot be read back is a gap.
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
	r.tellAll(nil)
	for i := range r.conns {
		missing, commands := 0, 0
		for _, text := range r.gaps[i] {
			var n, size int
			if _, err := fmt.Sscanf(text, "%d commands of %d bytes passed, but cannot be told: spill file: ", &n, &size); err != nil {
				t.Fatalf("gap %q: %v", text, err)
			}
			missing, commands = missing+size, commands+n
		}
		if missing == 0 || len(r.told[i])+missing != len(r.said[i]) || commands%50 != 0 {
			t.Errorf("%d bytes are told and %d missing, want %d together", len(r.told[i]), missing, len(r.said[i]))
		}
	}
}

// TestSpoolLeavesNothing: nobody finds the file, nor who comes after a process that was killed.
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
