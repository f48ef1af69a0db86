package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/notation"
)

// talkScenario signs two users in and has one see the other.
const talkScenario = `
user alice alice@hotmail.com alicepw
user bob bob@hotmail.com bobpw

for who in alice bob
= who.ns {who} NS
C: USR 1 MD5 I {who}
S: USR 1 MD5 S {challenge.who}
C: USR 2 MD5 S {md5.who}
S: USR 2 OK {who} {_}
end

# Their lists are empty: nobody is told.
alice.ns> CHG 3 NLN
alice.ns< CHG 3 {state}
[optional] alice.ns< NLN NLN {bob} Bob
alice.ns> PNG
[any-order; within 5s] alice.ns< QNG
alice.ns> OUT
alice.ns< (closed)
`

// TestScenario: a scenario is played like a recording, with what it leaves open left open.
func TestScenario(t *testing.T) {
	const live = `
		1 open 10.9.0.1:1863
		1 C USR 1 MD5 I alice@hotmail.com
		1 S USR 1 MD5 S 7.7
		1 C USR 2 MD5 S DIGEST
		1 S USR 2 OK alice@hotmail.com Whatever
		2 open 10.9.0.1:1863
		2 C USR 1 MD5 I bob@hotmail.com
		2 S USR 1 MD5 S 7.7
		2 C USR 2 MD5 S BOBS
		2 S USR 2 OK bob@hotmail.com Whoever
		1 C CHG 3 NLN
		1 S CHG 3 STATE
		1 C PNG
		1 wait PAUSE
		1 S QNG
		1 C OUT
		1 close server
	`
	for _, tc := range []struct{ name, pause, state, want string }{
		{"as it is written", "10ms", "NLN", ""},
		{"a word in braces is any", "10ms", "AWY", ""},
		{"too late", "5500ms", "NLN", "1 late QNG [time: want within 5s, got 5.5s]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := ParseScenario(talkScenario)
				if err != nil {
					t.Fatal(err)
				}
				o := Options{Timeout: time.Minute, Password: s.Password}
				got := troubles(replayedLog(t, s, strings.NewReplacer(
					"DIGEST", decode.MD5Response("7.7", "alicepw"), "BOBS", decode.MD5Response("7.7", "bobpw"),
					"PAUSE", tc.pause, "STATE", tc.state).Replace(live), o))
				if got != tc.want {
					t.Errorf("troubles:\n%s\nwant\n%s", got, tc.want)
				}
			})
		})
	}
}

// TestScenarioRefuses: a wrong line is refused with its place and what would be valid.
func TestScenarioRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, text   string
		line, column int
		msg          string
	}{
		{"no line", "= 1\nVER 1 MSNP2", 2, 1, "C: and S:"},
		{"no connection", "C: VER 1 MSNP2", 1, 4, "a heading"},
		{"payload of nothing", "| text", 1, 1, "follows no command"},
		{"a mark that is none", "= 1\n[maybe] S: QNG", 2, 1, "optional, any-order, within"},
		{"a mark of a client's", "= 1\n[optional] C: PNG", 2, 1, "what the server says"},
		{"no user", "user alice", 1, 1, "user NAME HANDLE"},
		{"no end", "for a in b c\n= 1", 1, 1, "no end"},
		{"no loop", "end", 1, 1, "of no loop"},
		{"a payload too short", "= 1\nS: MSG a@x.y A 9\n| four", 2, 1, "octets"},
		{"no pause", "time: soon", 1, 7, "time: 30s"},
	} {
		_, err := ParseScenario(tc.text)
		var wrong *notation.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: error %v, want one with a place", tc.name, err)
			continue
		}
		if wrong.Line != tc.line || wrong.Column != tc.column || !strings.Contains(wrong.Msg, tc.msg) {
			t.Errorf("%s: %v, want line %d, column %d, %q", tc.name, wrong, tc.line, tc.column, tc.msg)
		}
	}
}

// TestWriteScenario: each shipped recording, written as a scenario and read again, is the same
// conversation, and plays against itself.
func TestWriteScenario(t *testing.T) {
	for _, name := range shipped(t, "*.pcapng") {
		t.Run(name, func(t *testing.T) {
			log := capturestest.Samples(t, name)
			var text strings.Builder
			if err := WriteScenario(&text, log); err != nil {
				t.Fatal(err)
			}
			s, err := ParseScenario(text.String())
			if err != nil {
				t.Fatalf("%v\n%s", err, text.String())
			}
			left := strings.Count(text.String(), "# left out")
			commands := 0
			for i := range log.Len() {
				if e := log.At(i); fromClient(e) || fromServer(e) {
					commands++
				}
			}
			written := 0
			for _, e := range s.events {
				if e.Kind == session.Command {
					written++
				}
			}
			if written != commands-left || left > 3 {
				t.Errorf("%d commands and %d left out, want %d", written, left, commands)
			}
			if left > 0 {
				return
			}
			plan, err := NewPlan(s)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				client, server := both(t, plan, 1, Options{}, ServeOptions{})
				if client.Verdict() != Same || server.Verdict() != Same {
					t.Errorf("the clients:\n%s\nthe servers:\n%s\n%s", troubles(client), troubles(server),
						text.String())
				}
			})
		})
	}
}

// TestNotationOfEverySample: what dump -T cs prints is read as the same commands on the same
// connections, whoever speaks.
func TestNotationOfEverySample(t *testing.T) {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d samples, %v", len(names), err)
	}
	for _, name := range names {
		log := capturestest.Samples(t, name)
		var cs format.CS
		var text []byte
		var want, got []string
		for i := range log.Len() {
			e := log.At(i)
			if text = cs.Append(text, e); e.Kind == session.Command && !e.In.Opaque() {
				line := strings.TrimRight(string(e.In.Line()), " ") // a line of text shows no blank at its end
				want = append(want, fmt.Sprintf("%d %s %s", e.Conn, e.Dir, format.Printable(line)))
			}
		}
		s, err := ParseScenario(string(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conns := map[int]string{} // the connections of the recording, by those of the scenario
		for _, e := range s.events {
			if e.Kind != session.Command {
				continue
			}
			line := fmt.Sprintf("%s %s", e.Dir, format.Printable(string(e.In.Line())))
			if len(got) < len(want) && conns[e.Conn] == "" {
				conns[e.Conn], _, _ = strings.Cut(want[len(got)], " ")
			}
			got = append(got, conns[e.Conn]+" "+line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d commands were read, of %d; the first that differs is %s", name, len(got), len(want),
				firstDifference(got, want))
		}
	}
}

// TestNotation: what dump -T cs prints is a scenario too.
func TestNotation(t *testing.T) {
	for _, name := range []string{"conversation.pcapng", "presence.pcapng", "elsewhere.pcapng", "shutdown.pcapng"} {
		log := capturestest.Samples(t, name)
		var cs format.CS
		var text []byte
		commands := 0
		for i := range log.Len() {
			e := log.At(i)
			text = cs.Append(text, e)
			if e.Kind == session.Command {
				commands++
			}
		}
		s, err := ParseScenario(string(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		written := 0
		for _, e := range s.events {
			if e.Kind == session.Command {
				written++
			}
		}
		if written != commands {
			t.Errorf("%s: %d commands were read, want %d", name, written, commands)
		}
		plan, err := NewPlan(s)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			if client, _ := both(t, plan, 1, Options{}, ServeOptions{}); client.Verdict() != Same {
				t.Errorf("%s:\n%s", name, troubles(client))
			}
		})
	}
}

// firstDifference returns the first line of got that is not that of want.
func firstDifference(got, want []string) string {
	for i, line := range got {
		if i >= len(want) || line != want[i] {
			return fmt.Sprintf("%q among %q", line, want[min(i, len(want)):min(i+1, len(want))])
		}
	}
	return "at the end"
}

// TestSpeakersChooseTheirConnection: a line that says who speaks needs no heading of its own.
func TestSpeakersChooseTheirConnection(t *testing.T) {
	s, err := ParseScenario("= 1 alice@x.y NS\n= 2 bob NS\nalice NS C: PNG\nbob S: QNG\nalice S: QNG\nC: OUT\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.events {
		if e.Kind == session.Command {
			got = append(got, fmt.Sprintf("%d %s %s", e.Conn, e.Dir, e.In.Line()))
		}
	}
	if want := []string{"1 C PNG", "2 S QNG", "1 S QNG", "2 C OUT"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = ParseScenario("= 1 alice NS\n\ncarol NS C: PNG\n")
	var wrong *notation.Error
	if !errors.As(err, &wrong) || wrong.Line != 3 || !strings.Contains(wrong.Msg, "no connection is of this speaker") {
		t.Errorf("an unknown speaker gives %v", err)
	}
}
