package ui

import "testing"

// TestFewKeys: what people look for first takes few keys from the start of a session, all of which
// the footer names.
func TestFewKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		most int
		want []string
	}{
		{"bob's conversation", []string{"V", "j", "Enter"}, 5, []string{"bob with alice", "Where is the draft?"}},
		{
			"the referral that led to it",
			[]string{"V", "Enter", "J", "j", "Enter"},
			5,
			[]string{"XFR  server", "127.0.0.1:1863"},
		},
		{"what is slow", []string{"S"}, 3, []string{"p95", "MSG "}},
		{"errors", []string{"S", "2", "Enter"}, 5, []string{"[ok 1/56]", "PRINCIPAL_NOT_ONLINE"}},
		{"two messages side by side", []string{"Space", "Space", "="}, 3, []string{"#1 ", "#2 "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, 140, 42, chat())
			b.press("g")
			b.press(c.keys...)
			b.shows(c.want...)
			if len(c.keys) > c.most {
				t.Errorf("%d keys, want %d at most", len(c.keys), c.most)
			}
		})
	}
}
