package recording

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

func TestEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		escaped := string(appendEscaped(nil, s))
		if got := decode.Unescape(escaped); got != s {
			t.Fatalf("%q became %q", s, got)
		}
		if strings.ContainsAny(escaped, " \n\x00") {
			t.Fatalf("%q has what does not belong in a record", escaped)
		}
	})
}

// Whatever a comment holds, Parse at most reports that it is no record.
func FuzzParse(f *testing.F) {
	var w recordWriter
	for _, e := range sessiontest.SignOn() {
		w.event(e, Place{}, false)
		f.Add(string(w.buf))
	}
	f.Add("1 command n=1 len=5 dir=C time=5 data=AAAA in= out=x row=MSNP2/9 trid=1")
	f.Fuzz(func(t *testing.T, s string) {
		if r, ok := Parse([]string{recordStart + s, recordMore + s}); ok && r.Event.Kind == session.Command {
			r.Finish(decode.FromServer, []byte("VER 1 MSNP2\r\n"))
		}
	})
}

// TestNameOfARecordingIsBounded: names are kept as long as the log is, so that a file must not make
// them long.
func TestNameOfARecordingIsBounded(t *testing.T) {
	for n, want := range map[int]bool{1: true, maxOf: true, maxOf + 1: false} {
		if _, ok := Parse([]string{recordStart + recordForm + "begin of=" + strings.Repeat("x", n) +
			" n=1"}); ok != want {
			t.Errorf("a name of %d letters is taken: %t, want %t", n, ok, want)
		}
	}
}

// TestRemarks: what the Writer wrote on a frame is no remark of a person's.
func TestRemarks(t *testing.T) {
	for _, tc := range []struct{ comments, want []string }{
		{[]string{"msnscope:1 command n=3 conn=1"}, nil},
		{[]string{"msnscope:1 command n=3 conn=1", "mine"}, []string{"mine"}},
		{[]string{"mine", "msnscope:1 command n=3 conn=1", "msnscope+more", "too"}, []string{"mine", "too"}},
		{[]string{"rewritten: a was b", "msnscope:1 command n=3 flags=rewritten"}, nil},
		{[]string{"mine", "rewritten: a was b", "msnscope:1 command n=3 flags=rewritten"}, []string{"mine"}},
		{[]string{"connection 3 from a to b", "msnscope:1 flow conn=3", "mine"}, []string{"mine"}},
		{[]string{endsHere}, nil},
		{[]string{goesOn, "mine"}, []string{"mine"}},
	} {
		r, _ := Parse(tc.comments)
		if got := r.Remarks(tc.comments); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q, want %q", tc.comments, got, tc.want)
		}
	}
}
