package ui

import (
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

// TestExplainsWhatIsNoCommand: K says of each kind of row what it is.
func TestExplainsWhatIsNoCommand(t *testing.T) {
	b := open(t, 140, 42, chat())
	b.press("g", "K")
	b.shows("A client opened this TCP connection.", "3 Decode  Explain")
	b.press("G")
	b.shows("This TCP connection has ended", "the client closed")
	b.hides("Nothing is known", "no dialect")
	for kind := session.Open; kind <= session.Wait; kind++ {
		if kindMeans[kind] == "" {
			t.Errorf("K says nothing of %q", kind)
		}
	}
}
