package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// sessions are the shipped captures in the order in which a reader learns from them.
var sessions = []struct {
	name  string
	play  func(*stage)
	flags []string // of the server or the proxy, at the recording
	// apart says that the server runs beside the proxy, where it can be spoken to: with signals,
	// and by its database.
	apart bool
}{
	{name: "logon", play: playLogon},
	{name: "logon-direct", play: playLogonDirect, flags: []string{"--no-dispatch"}},
	{name: "refused", play: playRefused},
	{name: "synchronize", play: playSynchronize},
	{name: "lists", play: playLists},
	{name: "privacy", play: playPrivacy},
	{name: "presence", play: playPresence},
	{name: "conversation", play: playConversation},
	{name: "conference", play: playConference},
	{name: "undelivered", play: playUndelivered},
	{name: "elsewhere", play: playElsewhere},
	{name: "mistakes", play: playMistakes},
	{name: "full", play: playFull, flags: []string{"--set", "list-limit=1"}},
	{name: "groups", play: playGroups},
	{name: "groups-refused", play: playGroupsRefused},
	{name: "busy", play: playBusy},
	{name: "crowded", play: playCrowded, flags: []string{"--set", "user-sessions=1", "--set", "user-connections=2"}},
	{name: "moved", play: playMoved, flags: []string{"--notification", "2"}, apart: true},
	{name: "changed", play: playChanged, apart: true},
	{name: "shutdown", play: playShutdown, apart: true},
	{name: "trouble", play: playTrouble, flags: troubles},
}

// TestRecordCaptures makes the shipped captures that are not there. Each is a real run of the
// program with clients written here.
func TestRecordCaptures(t *testing.T) {
	if !*recordCaptures {
		t.Skip("only with -record")
	}
	for _, s := range sessions {
		t.Run(s.name, func(t *testing.T) {
			path := filepath.Join(capturesDir, s.name+".pcapng")
			if _, err := os.Stat(path); err == nil {
				t.Skip("it is there; delete it to record it anew")
			}
			recordSession(t, path, s.apart, s.flags, s.play)
		})
	}
}

// recordSession plays one session into a file.
func recordSession(t *testing.T, path string, apart bool, flags []string, play func(*stage)) {
	s := &stage{t: t}
	args := []string{"--headless", "--listen", "127.0.0.1:1863", "-w", path}
	if apart {
		s.db = filepath.Join(t.TempDir(), "accounts.db")
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			flags = append(flags, "--user", name+"@hotmail.com:"+name+"pw")
		}
		s.server = launch(t, append([]string{"serve", "--listen", "127.0.0.1:1873", "--db", s.db}, flags...)...)
		s.server.address()
		args = append(args, "--upstream", "127.0.0.1:1873")
	} else {
		args = append(args, flags...)
	}
	p := launch(t, args...)
	s.addr = p.address()
	play(s)
	p.end(exitOK)
}

// TestEveryCaptureIsPlayedHere: nothing is shipped that cannot be made again, and nothing without
// its lesson in the index.
func TestEveryCaptureIsPlayedHere(t *testing.T) {
	index, err := samples.FS.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range sessions {
		known[s.name+".pcapng"] = true
		if !strings.Contains(string(index), "["+s.name+".pcapng]("+s.name+".md)") {
			t.Errorf("captures/samples/README.md does not name %s.pcapng", s.name)
		}
	}
	for _, name := range shipped(t) {
		if !known[name] {
			t.Errorf("%s: no session of that name is played by TestRecordCaptures", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("%s is missing: go test ./cmd/msnscope -run TestRecordCaptures -record", name)
	}
}

// stage is where the scripts of the captures are played: a proxy, and clients that say lines and
// wait for lines.
type stage struct {
	t      *testing.T
	addr   string
	server *program // where it runs apart
	db     string   // its accounts
}

// actor is one connection of a client.
type actor struct {
	*msntest.Peer
	in *decode.Reader
}

func (s *stage) connect() *actor {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() }) // until then it is referred to, and no finalizer closes it
	return &actor{msntest.NewPeer(s.t, c), decode.NewReader(decode.FromServer, session.Table(""))}
}

// say sends a command and waits until one comes whose line begins with want; "" does not wait. It
// returns that line's words.
func (a *actor) say(line, want string) []string {
	a.T.Helper()
	time.Sleep(40 * time.Millisecond) // people and modems take their time
	if line != "" {
		if !strings.Contains(line, "\r\n") {
			line += "\r\n"
		}
		a.Send(line)
	}
	if want == "" {
		return nil
	}
	a.Conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		var m decode.Message
		for a.in.Next(&m) {
			if strings.HasPrefix(string(m.Line()), want) {
				return strings.Fields(string(m.Line()))
			}
		}
		if _, err := a.in.Fill(a.Conn); err != nil {
			a.T.Fatalf("waiting for %q after %q: %v", want, line, err)
		}
	}
}

// hear waits for a command that nobody asked for.
func (a *actor) hear(want string) []string {
	a.T.Helper()
	return a.say("", want)
}

// leave signs off from a notification server.
func (a *actor) leave() {
	a.T.Helper()
	a.say("OUT", "OUT")
	a.Conn.Close()
}

// hangUp leaves a switchboard.
func (a *actor) hangUp() {
	a.say("OUT", "")
	a.Conn.Close()
}

func (a *actor) msg(trid int, mode, text string) string {
	body := "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n" + text
	return fmt.Sprintf("MSG %d %s %d\r\n%s", trid, mode, len(body), body)
}

func (a *actor) typing(trid int, user string) string {
	body := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: " + user + "\r\n\r\n\r\n"
	return fmt.Sprintf("MSG %d U %d\r\n%s", trid, len(body), body)
}

// knock comes to the dispatch server and follows it to the notification server, up to the
// challenge, which it returns.
func (s *stage) knock(user string) (*actor, string) {
	a := s.connect()
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
	a.say("INF 1", "INF 1 MD5")
	a.say("USR 2 MD5 I "+user, "XFR 2 NS "+s.addr)
	a.Conn.Close()
	a = s.connect()
	a.say("VER 1 MSNP2", "VER 1 MSNP2")
	a.say("INF 2", "INF 2 MD5")
	return a, a.say("USR 3 MD5 I "+user, "USR 3 MD5 S")[4]
}

func (s *stage) signIn(user, password string) *actor {
	a, challenge := s.knock(user)
	a.say("USR 4 MD5 S "+decode.MD5Response(challenge, password), "USR 4 OK")
	return a
}

// signInHere signs in where there is no dispatch server.
func (s *stage) signInHere(user, password string) *actor {
	a := s.connect()
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
	a.say("INF 1", "INF 1 MD5")
	challenge := a.say("USR 2 MD5 I "+user, "USR 2 MD5 S")[4]
	a.say("USR 3 MD5 S "+decode.MD5Response(challenge, password), "USR 3 OK")
	return a
}

// friends signs users in, who have all the others of the list on their forward and allow lists, and
// are online.
func (s *stage) friends(names ...string) []*actor {
	var all []*actor
	for _, name := range names {
		a := s.signIn(name+"@hotmail.com", name+"pw")
		a.say("SYN 5 0", "LST 5 RL")
		trid := 6
		for _, other := range names {
			if other == name {
				continue
			}
			for _, list := range []string{"FL", "AL"} {
				a.say(fmt.Sprintf("ADD %d %s %s@hotmail.com %s", trid, list, other, other),
					fmt.Sprintf("ADD %d %s", trid, list))
				trid++
			}
		}
		all = append(all, a)
	}
	for _, a := range all {
		a.say("CHG 20 NLN", "CHG 20 NLN")
	}
	return all
}

// call asks for a switchboard, and goes there.
func (s *stage) call(a *actor, trid int, user string) *actor {
	a.T.Helper()
	xfr := fmt.Sprintf("XFR %d SB", trid)
	cookie := a.say(xfr, xfr+" "+s.addr)[5]
	sb := s.connect()
	sb.say("USR 1 "+user+" "+cookie, "USR 1 OK")
	return sb
}

// answer follows a RNG to its switchboard.
func (s *stage) answer(ring []string, user string) *actor {
	sb := s.connect()
	sb.say(strings.Join([]string{"ANS 1", user, ring[4], ring[1]}, " "), "ANS 1 OK")
	return sb
}
