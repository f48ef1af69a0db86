package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/internal/store"
)

var recordCaptures = flag.Bool("record", false, "record the shipped captures anew")

const capturesDir = "../../captures"

// shipped are the sessions that come with the program.
func shipped(t *testing.T) []string {
	names, err := fs.Glob(captures.FS, "*.pcapng")
	if err != nil || len(names) < 3 {
		t.Fatalf("%d shipped captures (%v), want at least 3", len(names), err)
	}
	return names
}

// TestShippedCaptures decodes each to what a person has read and found right, and replays it with the verdict 'same'.
func TestShippedCaptures(t *testing.T) {
	for _, name := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(capturesDir, name)
			var out, talk bytes.Buffer
			e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
			if code := run(t.Context(), []string{"dump", "-T", "jsonl", path}, e); code != exitOK {
				t.Fatalf("dump: exit code %d, %s", code, talk.Bytes())
			}
			msntest.Golden(t, strings.TrimSuffix(name, ".pcapng")+".jsonl", out.Bytes())
			out.Reset()
			if code := run(t.Context(), []string{"replay", path, "--to", "embedded"}, e); code != exitOK {
				t.Errorf("replay: exit code %d\n%s%s", code, out.Bytes(), talk.Bytes())
			}
			if !strings.Contains(out.String(), "\nsame: ") {
				t.Errorf("replay does not say 'same':\n%s", out.Bytes())
			}
			if lesson, err := captures.FS.ReadFile(strings.TrimSuffix(name, ".pcapng") + ".md"); err != nil || len(lesson) == 0 {
				t.Errorf("no lesson: %v", err)
			}
		})
	}
}

// TestReplaySeesAChangedAnswer changes one byte of one recorded answer.
func TestReplaySeesAChangedAnswer(t *testing.T) {
	raw, err := captures.FS.ReadFile("logon.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(raw, []byte("BLP 5 1 AL"), []byte("BLP 5 1 BL"), 1)
	if bytes.Equal(raw, changed) {
		t.Fatal("the recording has no BLP 5 1 AL")
	}
	path := filepath.Join(t.TempDir(), "changed.pcapng")
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"replay", path}, e); code != exitDiffers {
		t.Errorf("exit code %d, want %d\n%s%s", code, exitDiffers, out.Bytes(), talk.Bytes())
	}
	if !regexp.MustCompile(`Value: want "?BL"?, got "?AL"?`).Match(out.Bytes()) {
		t.Errorf("the difference is not named:\n%s", out.Bytes())
	}
}

// TestRealClients decodes all that real clients said and heard.
func TestRealClients(t *testing.T) {
	names, err := fs.Glob(captures.FS, "clients/*.pcap")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d recordings of clients (%v), want 5", len(names), err)
	}
	for _, name := range names {
		raw, err := captures.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		log := store.NewLog(store.LogOptions{})
		defer log.Close()
		if err := store.LoadReader(t.Context(), bytes.NewReader(raw), name, log, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if log.Len() < 60 {
			t.Errorf("%s: only %d events", name, log.Len())
		}
		for i := range log.Len() {
			e := log.At(i)
			if e.Kind == session.Gap || e.Kind == session.Command && (e.Row == nil || e.Flags&session.Opaque != 0) {
				t.Errorf("%s: event %d was not decoded: %q %s", name, e.N, e.In.Raw, e.Text)
			}
			if e.Kind == session.Command && (!e.Role.Known() || e.User == "") {
				t.Errorf("%s: event %d (%s) has the role %q and the user %q", name, e.N, e.In.Line(), e.Role, e.User)
			}
		}
	}
}

// TestRecordCaptures makes the shipped captures. Each is a real run of the program with clients written here.
func TestRecordCaptures(t *testing.T) {
	if !*recordCaptures {
		t.Skip("only with -record")
	}
	for name, play := range map[string]func(*stage){"logon": playLogon, "conversation": playConversation, "refused": playRefused} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(capturesDir, name+".pcapng")
			pr, pw := io.Pipe()
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan int, 1)
			go func() {
				done <- run(ctx, []string{"--headless", "--listen", "127.0.0.1:1863", "-w", path}, &env{
					stdin: strings.NewReader(""), stdout: io.Discard, stderr: pw, getenv: os.Getenv,
				})
			}()
			var addr string
			if _, err := fmt.Fscanf(pr, "msnscope: listening on %s", &addr); err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, pr)
			play(&stage{t: t, addr: strings.TrimSuffix(addr, ",")})
			stop()
			if code := <-done; code != exitOK {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// stage is where the scripts of the captures are played: a proxy, and clients that say lines and wait for lines.
type stage struct {
	t    *testing.T
	addr string
}

// actor is one connection of a client.
type actor struct {
	t    *testing.T
	conn net.Conn
	in   *decode.Reader
}

func (s *stage) connect() *actor {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return &actor{s.t, c, decode.NewReader(decode.FromServer, session.Table(""))}
}

// say sends a command and waits until one comes whose line begins with want; "" does not wait. It returns that line's words.
func (a *actor) say(line, want string) []string {
	a.t.Helper()
	time.Sleep(40 * time.Millisecond) // people and modems take their time
	if line != "" {
		if !strings.Contains(line, "\r\n") {
			line += "\r\n"
		}
		if _, err := io.WriteString(a.conn, line); err != nil {
			a.t.Fatal(err)
		}
	}
	if want == "" {
		return nil
	}
	a.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		var m decode.Message
		for a.in.Next(&m) {
			if strings.HasPrefix(string(m.Line()), want) {
				return strings.Fields(string(m.Line()))
			}
		}
		if _, err := a.in.Fill(a.conn); err != nil {
			a.t.Fatalf("waiting for %q after %q: %v", want, line, err)
		}
	}
}

func (a *actor) msg(trid int, mode, text string) string {
	body := "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n" + text
	return fmt.Sprintf("MSG %d %s %d\r\n%s", trid, mode, len(body), body)
}

func (a *actor) typing(trid int, user string) string {
	body := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: " + user + "\r\n\r\n\r\n"
	return fmt.Sprintf("MSG %d U %d\r\n%s", trid, len(body), body)
}

// knock comes to the dispatch server and follows it to the notification server, up to the challenge, which it returns.
func (s *stage) knock(user string) (*actor, string) {
	a := s.connect()
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
	a.say("INF 1", "INF 1 MD5")
	a.say("USR 2 MD5 I "+user, "XFR 2 NS "+s.addr)
	a.conn.Close()
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

func playLogon(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 0", "LST 5 RL")
	alice.say("CHG 6 NLN", "CHG 6")
	alice.say("ADD 7 FL bob@hotmail.com Bob%20B.", "ADD 7")
	alice.say("ADD 8 AL bob@hotmail.com Bob%20B.", "ADD 8")
	alice.say("LST 9 FL", "LST 9")
	alice.say("GTC 10 N", "GTC 10")
	alice.say("BLP 11 AL", "218 11")
	alice.say("CHG 12 BSY", "CHG 12")
	alice.say("REM 13 AL bob@hotmail.com", "REM 13")
	alice.say("OUT", "OUT")
	alice.conn.Close()
}

func playConversation(s *stage) {
	alice, bob := s.signIn("alice@hotmail.com", "alicepw"), s.signIn("bob@hotmail.com", "bobpw")
	for i, user := range []*actor{alice, bob} {
		other := [...]string{"bob", "alice"}[i]
		user.say("SYN 5 0", "LST 5 RL")
		user.say("ADD 6 FL "+other+"@hotmail.com "+other, "ADD 6")
		user.say("ADD 7 AL "+other+"@hotmail.com "+other, "ADD 7")
	}
	alice.say("CHG 8 NLN", "CHG 8")
	bob.say("CHG 8 NLN", "CHG 8")
	bob.say("", "ILN 8 NLN alice")
	alice.say("", "NLN NLN bob")
	cookie := alice.say("XFR 9 SB", "XFR 9 SB "+s.addr)[5]
	caller := s.connect()
	caller.say("USR 1 alice@hotmail.com "+cookie, "USR 1 OK")
	caller.say("CAL 2 bob@hotmail.com", "CAL 2 RINGING")
	ring := bob.say("", "RNG")
	callee := s.connect()
	callee.say(strings.Join([]string{"ANS 1 bob@hotmail.com", ring[4], ring[1]}, " "), "ANS 1 OK")
	caller.say("", "JOI bob")
	caller.say(caller.typing(3, "alice@hotmail.com"), "")
	callee.say("", "MSG alice")
	caller.say(caller.msg(4, "N", "Hello Bob, have you seen the draft?"), "")
	callee.say("", "MSG alice")
	callee.say(callee.typing(2, "bob@hotmail.com"), "")
	caller.say("", "MSG bob")
	callee.say(callee.msg(3, "N", "Yes! Nineteen pages, I read them in the café :)"), "")
	caller.say("", "MSG bob")
	caller.say(caller.msg(5, "A", "Then you know what comes now."), "ACK 5")
	callee.say("", "MSG alice")
	callee.say("OUT", "")
	callee.conn.Close()
	caller.say("", "BYE bob")
	caller.say(caller.msg(6, "N", "He is gone."), "NAK 6")
	caller.say("OUT", "")
	caller.conn.Close()
	bob.say("CHG 9 AWY", "CHG 9")
	alice.say("", "NLN AWY bob")
	bob.say("OUT", "OUT")
	bob.conn.Close()
	alice.say("", "FLN bob")
	alice.say("OUT", "OUT")
	alice.conn.Close()
}

func playRefused(s *stage) {
	old := s.connect()
	old.say("VER 0 MSNP1", "VER 0 0")
	old.conn.Close()
	dave, challenge := s.knock("dave@hotmail.com")
	dave.say("USR 4 MD5 S "+decode.MD5Response(challenge, "DavePW"), "911 4")
	challenge = dave.say("USR 5 MD5 I dave@hotmail.com", "USR 5 MD5 S")[4]
	dave.say("USR 6 MD5 S "+decode.MD5Response(challenge, "davidpw"), "911 6")
	dave.conn.Close()
	nobody, challenge := s.knock("nobody@hotmail.com")
	nobody.say("USR 4 MD5 S "+decode.MD5Response(challenge, "whatever"), "911 4")
	nobody.conn.Close()
	dave = s.signIn("dave@hotmail.com", "davepw")
	dave.say("SYN 5 0", "LST 5 RL")
	dave.say("XFR 6 SB", "913 6")
	dave.say("CHG 7 NLN", "CHG 7")
	dave.say("ADD 8 FL nobody@hotmail.com nobody", "205 8")
	dave.say("CAL 9 alice@hotmail.com", "715 9")
	dave.say("ZZZ 10", "200 10")
	dave.say("USR 11 MD5 I dave@hotmail.com", "207 11")
	dave.say("OUT", "OUT")
	dave.conn.Close()
}
