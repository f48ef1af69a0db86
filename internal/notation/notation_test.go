package notation

import (
	"errors"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		source string
		want   Line
	}{
		{"C: VER 1 MSNP2", Line{Op: ">", Text: "VER 1 MSNP2"}},
		{"  S: VER 1 MSNP2", Line{Op: "<", Text: "VER 1 MSNP2"}},
		{"alice NS C: PNG", Line{Who: Speaker{"alice", "NS"}, Op: ">", Text: "PNG"}},
		{"a.b-c S: QNG", Line{Who: Speaker{"a.b-c", ""}, Op: "<", Text: "QNG"}},
		{"SB S: BYE C: x", Line{Who: Speaker{"", "SB"}, Op: "<", Text: "BYE C: x"}},
		{"alice> OUT", Line{Conn: "alice", Op: ">", Text: "OUT"}},
		{"alice.sb2< (closed)", Line{Conn: "alice.sb2", Op: "<", Text: "(closed)"}},
		{`alice>> "VER" " 1\n"`, Line{Conn: "alice", Op: ">>", Text: `"VER" " 1\n"`}},
		{"= 2 alice@hotmail.com NS", Line{Op: "=", Text: "2 alice@hotmail.com NS"}},
		{"|  two blanks", Line{Op: "|", Text: " two blanks"}},
		{"[optional; within 200ms] S: QNG", Line{Marks: []string{"optional", "within 200ms"}, Op: "<", Text: "QNG"}},
		{"[lenient draft] bob< 200 5", Line{Marks: []string{"lenient draft"}, Conn: "bob", Op: "<", Text: "200 5"}},
	} {
		got, err := Parse(7, tc.source)
		tc.want.Number = 7
		if err != nil || got.Conn != tc.want.Conn || got.Who != tc.want.Who ||
			got.Op != tc.want.Op || got.Text != tc.want.Text ||
			got.Number != 7 || !slices.Equal(got.Marks, tc.want.Marks) {
			t.Errorf("%q: %+v, %v, want %+v", tc.source, got, err, tc.want)
		}
	}
	for _, source := range []string{"", "   ", "# C: no"} {
		if l, err := Parse(1, source); l != nil || err != nil {
			t.Errorf("%q: %+v, %v, want nothing", source, l, err)
		}
	}
	var wrong *Error
	if _, err := Parse(3, "  [optional] X: VER"); !errors.As(err, &wrong) || wrong.Line != 3 || wrong.Column != 14 {
		t.Errorf("error %v, want line 3, column 14", err)
	}
}

// TestSpeakerIsReadAgain: what SpeakerOf writes before a line is read as that speaker, whatever the
// handle, and never as a line of another kind.
func TestSpeakerIsReadAgain(t *testing.T) {
	for _, handle := range []string{
		"alice@hotmail.com", "user@x.y", "for@x.y", "C:", "[optional]@x.y", "|", "=x", "#", "NS@x.y", "a%20b@x.y",
		"ünal@x.y",
		"", "@@hotmail.com", "C@x.y",
	} {
		for _, role := range []string{"", "NS"} {
			who := SpeakerOf(handle, role)
			l, err := Parse(1, who.String()+"C: PNG")
			if err != nil || l.Who != who || l.Op != ">" || l.Text != "PNG" {
				t.Errorf("%q %s: %+v, %v, want %+v", handle, role, l, err, who)
			}
		}
	}
}
