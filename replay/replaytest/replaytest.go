// Package replaytest plays scenarios in Go tests:
//
//	func TestLogon(t *testing.T) {
//		replaytest.Play(t, "testdata/logon.msn", replay.Options{To: "127.0.0.1:1863"})
//	}
package replaytest

import (
	"os"
	"testing"

	"github.com/msnscope/msnscope/replay"
)

// Play plays the clients of the scenario in the file against the server of the options, and fails
// the test with a line for each command that is not as it is written. Passwords are those of the
// scenario unless the options have others.
func Play(t testing.TB, path string, o replay.Options) *replay.Result {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return PlayText(t, path, string(text), o)
}

// PlayText is [Play] for a scenario that is not in a file; name appears in messages.
func PlayText(t testing.TB, name, text string, o replay.Options) *replay.Result {
	t.Helper()
	s, err := replay.ParseScenario(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	plan, err := replay.NewPlan(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if o.Password == nil {
		o.Password = s.Password
	}
	r, err := replay.Run(t.Context(), plan, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i := range r.Outcomes {
		if out := &r.Outcomes[i]; !out.Good() {
			t.Errorf("%s: %s", name, replay.AppendLine(nil, out, replay.TextOptions{ASCII: true}))
		}
	}
	return r
}
