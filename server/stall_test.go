package server

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestUnfinishedCommandsAreLogged: a command of which the rest does not come is logged once, with
// what it waits for and without what it says, before the logon too; one that comes in pieces in
// good time is not; the rest makes it the command that it was.
func TestUnfinishedCommandsAreLogged(t *testing.T) {
	var log msntest.Transcript
	synctestScript(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *script) {
		p.run("carol.ns -- raw \"VER 1 MS\"\n-- wait 1999ms\ncarol.ns -- raw \"NP\"\n-- wait 1999ms")
		if got := log.String(); got != "" {
			t.Errorf("the log is %q before two seconds have passed", got)
		}
		p.run("-- wait 10s\ncarol.ns -- raw \"2\\r\\n\"\ncarol.ns S: VER 1 MSNP2\n-- wait 20s")
		p.run("alice.ns -- online\nbob.ns -- online\nalice.sb -- chat bob")
		p.run("alice.sb -- raw \"MSG 2 N 24\\r\\nsecret\"\n-- wait 10s\nalice.sb -- raw \" words\"\n-- wait 10s")
		p.run("alice.sb -- raw \" and no more\"\nbob.sb S: MSG alice@hotmail.com alice 24\n| secret words and no more")
		p.drop()
	})
	var what []string
	for line := range strings.Lines(log.String()) {
		if _, text, found := strings.Cut(strings.TrimSpace(line), "what="); found {
			what = append(what, text)
		}
	}
	want := []string{`"a line of 10 bytes so far waits for its end"`, `"MSG 2 waits for 18 more bytes"`}
	if strings.Join(what, "|") != strings.Join(want, "|") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log is\n%s\nwant of it %q", log.String(), want)
	}
}

// TestWhatWasLoggedIsNoExtraTime: an unfinished command has no more time for having been logged.
func TestWhatWasLoggedIsNoExtraTime(t *testing.T) {
	synctestScript(t, Options{LogonTimeout: 10 * time.Second}, func(p *script) {
		p.run("alice.ns -- online\nalice.ns -- raw \"CHG 2\"\n-- wait 9900ms\nalice.ns S: (nothing)")
		p.run("-- wait 200ms\nalice.ns S: (closed)")
		p.drop()
	})
}
