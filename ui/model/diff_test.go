package model

import "testing"

// TestCompareAligns: parts with the same name stand beside each other, what only one has alone, and
// a line that was put in moves the others.
func TestCompareAligns(t *testing.T) {
	a := []Part{{"command", "MSG"}, {"TrID", "3"}, {"text", "one"}, {"text", "two"}, {"text", "three"}}
	b := []Part{{"command", "MSG"}, {"Name", "bob"}, {"text", "one"}, {"text", "new"}, {"text", "two"}, {"text", "3"}}
	var got string
	for _, d := range Compare(a, b) {
		got += d.Name + ":"
		for _, v := range []*string{d.A, d.B} {
			if v != nil {
				got += *v
			}
			got += "|"
		}
		if d.Same() {
			got += "="
		}
		got += " "
	}
	want := "command:MSG|MSG|= TrID:3|| Name:|bob| text:one|one|= text:|new| text:two|two|= text:three|3| "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
