package edit

import (
	"errors"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

func TestTyped(t *testing.T) {
	for text, want := range map[string]string{
		"PNG": "PNG\r\n", `PNG\n`: "PNG\n", `MSG 1 N 2\r\nhi`: "MSG 1 N 2\r\nhi",
	} {
		if got, err := Typed(text); string(got) != want || err != nil {
			t.Errorf("Typed(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	if _, err := Typed(`\q`); err == nil {
		t.Error("no error for a wrong escape")
	}
	if _, err := Typed(""); !errors.Is(err, ErrEmpty) {
		t.Errorf("Typed of nothing: %v", err)
	}
}

// sb returns an event of a client at a switchboard.
var sb = &session.Event{Dir: decode.FromClient, Role: dialect.SB}

func TestRefit(t *testing.T) {
	const before = "MSG 4 N 5\r\nhello"
	for typed, want := range map[string]string{
		"MSG 4 N 5\r\nhi":       "MSG 4 N 2\r\nhi",
		"MSG 7 A 5\nhi":         "MSG 7 A 2\nhi",
		"MSG 4 N 9\r\nhi":       "MSG 4 N 9\r\nhi", // typed so
		"MSG 4 N 9\r\nhello":    "MSG 4 N 9\r\nhello",
		"MSG 4 N 5\r\nhellO":    "MSG 4 N 5\r\nhellO",
		"MSG 4 N 5\r\n":         "MSG 4 N 0\r\n",
		"OUT":                   "OUT",
		"CAL 4 bob@hotmail.com": "CAL 4 bob@hotmail.com",
	} {
		if got := Refit(sb, []byte(before), []byte(typed)); string(got) != want {
			t.Errorf("Refit(%q) = %q, want %q", typed, got, want)
		}
	}
	for _, before := range []string{"", "CAL 4 b@c.d\r\n", "MSG 4 N 9\r\nhello"} { // none has a right length
		if got := Refit(sb, []byte(before), []byte("MSG 4 N 9\r\nhi")); string(got) != "MSG 4 N 9\r\nhi" {
			t.Errorf("in place of %q: %q", before, got)
		}
	}
}

func TestWhole(t *testing.T) {
	for raw, ok := range map[string]bool{
		"PNG\r\n": true, "CAL 4 b@c.d\r\nPNG\r\n": true, "MSG 4 N 2\r\nhi": true, "": true,
		"PNG": false, "MSG 4 N 3\r\nhi": false, "MSG 4 N 1\r\nhi": false, "rubbish\r\n": false,
	} {
		if err := Whole(sb, []byte(raw)); (err == nil) != ok {
			t.Errorf("Whole(%q) = %v", raw, err)
		}
	}
}
