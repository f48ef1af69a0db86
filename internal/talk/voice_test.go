package talk

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a stream on which writes block until it is read.
type stuck struct {
	read chan struct{}
	got  strings.Builder
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.read
	return s.got.Write(p)
}

// TestVoiceOnAStuckStream: a caller waits only once for a stream that is stuck, a bounded amount
// is kept, and once somebody reads, the lines that are missing are reported in their place.
func TestVoiceOnAStuckStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stuck{read: make(chan struct{})}
		v := NewVoice(w)
		line := strings.Repeat("x", 1023) + "\n"
		began := time.Now()
		for range 100 {
			v.Say(line)
		}
		if waited := time.Since(began); waited != patience {
			t.Errorf("100 lines waited %s, want %s", waited, patience)
		}
		if v.Finish(time.Second) {
			t.Error("nothing was written, and all is said to be")
		}
		close(w.read)
		synctest.Wait()
		v.Say("again\n")
		// one is being written, 64 are waiting
		const want = "msnscope: 35 lines are missing here: nobody was reading\nagain\n"
		if got := w.got.String(); strings.Count(got, line) != 65 || !strings.HasSuffix(got, want) {
			t.Errorf("written: %d bytes that end in %q", len(got), got[max(0, len(got)-100):])
		}
	})
}

// TestVoice: text is written when Say returns, in order, and a failure shows.
func TestVoice(t *testing.T) {
	var b strings.Builder
	v := NewVoice(&b)
	v.Say("one\n")
	v.Say("two\n")
	if b.String() != "one\ntwo\n" || !v.Finish(0) {
		t.Errorf("said %q", b.String())
	}
	r, w := io.Pipe()
	r.CloseWithError(errors.New("gone"))
	v = NewVoice(w)
	if v.Say("three\n"); v.Finish(time.Second) {
		t.Error("a write failed, and nobody knows")
	}
}
