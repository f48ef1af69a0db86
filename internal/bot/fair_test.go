package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/script"
)

// TestTurns: users take turns, and what waits of one is bounded.
func TestTurns(t *testing.T) {
	q := newQueue()
	say := func(who string, size int) {
		q.add(heard{Heard: script.Heard{From: who, Text: strings.Repeat("x", size)}})
	}
	for range 100 {
		say("alice@hotmail.com", 1)
		say("ALICE@hotmail.com", 1)
	}
	say("carol@hotmail.com", 2*maxBytes)
	say("carol@hotmail.com", 1)
	say("dave@hotmail.com", maxBytes/2+1)
	say("dave@hotmail.com", maxBytes/2+1)
	for i := range 2 * maxAskers {
		say(fmt.Sprint(i), 1)
	}
	var got []string
	users := map[string]int{}
	for h, ok := q.next(); ok; h, ok = q.next() {
		got = append(got, strings.ToLower(h.From))
		users[got[len(got)-1]]++
	}
	if want := []string{"alice@hotmail.com", "carol@hotmail.com", "dave@hotmail.com"}; !slices.Equal(got[:3], want) {
		t.Errorf("the first ones are %q, want %q", got[:3], want)
	}
	if a, c, d := users["alice@hotmail.com"], users["carol@hotmail.com"], users["dave@hotmail.com"]; a != maxWaiting ||
		c != 1 || d != 1 || len(users) != maxAskers {
		t.Errorf("%d, %d and %d messages are answered of %d users, want %d, 1 and 1 of %d",
			a, c, d, len(users), maxWaiting, maxAskers)
	}
}
