package captures

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// TestOldForm: a recording of raw IP packets, whose records do not say which recording they are of,
// is read as one of today's.
func TestOldForm(t *testing.T) {
	want := eventlog.New(eventlog.Options{})
	defer want.Close()
	file, err := samples.FS.Open("conversation.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := NewLoader(want).LoadReader(t.Context(), file, "new", nil); err != nil {
		t.Fatal(err)
	}
	old := eventlog.New(eventlog.Options{})
	defer old.Close()
	if err := NewLoader(old).Load(t.Context(), "testdata/form1.pcapng", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(script(want), script(old)); diff != "" {
		t.Errorf("the old form reads otherwise (-new +old):\n%s", diff)
	}
	for i := range old.Len() {
		a, b := *old.At(i), *want.At(i)
		a.Packets, b.Packets = session.Packets{}, session.Packets{}
		if a.User != b.User || a.ReplyTo != b.ReplyTo || a.RTT != b.RTT || a.Role != b.Role || a.Via != b.Via ||
			!a.Time.Equal(b.Time) || string(a.Out) != string(b.Out) || a.Flags != b.Flags {
			t.Errorf("event %d is %+v, want %+v", a.N, a, b)
		}
	}
}
