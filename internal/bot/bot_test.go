package bot_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/bot"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/server"
)

// dispatch is where the server's clients begin.
const dispatch = "127.0.0.2:1863"

// house is an embedded server, with bots that run until the test ends.
type house struct {
	*server.Server
	t      *testing.T
	ctx    context.Context
	mu     sync.Mutex
	logged strings.Builder
}

// Write implements [io.Writer] for the log.
func (h *house) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.logged.Write(b)
}

// log returns what the bots have logged.
func (h *house) log() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.logged.String()
}

// open starts a server and a bot for each script; alice, bob, carol and dave have accounts there.
func open(t *testing.T, scripts ...string) *house {
	s := server.New(server.Options{})
	t.Cleanup(func() { s.Close() })
	h := &house{Server: s, t: t}
	ctx, cancel := context.WithCancel(t.Context())
	h.ctx = ctx
	var files []string
	for i, src := range scripts {
		files = append(files, filepath.Join(t.TempDir(), "bot"+string(rune('0'+i))+".star"))
		if err := os.WriteFile(files[i], []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := script.LoadAll(files, script.Options{
		Failed: func(f script.Failure) { t.Errorf("%v, about %s", f.Err, f.What) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var handles []string
	for _, b := range set.Bots() {
		handles = append(handles, b.Handle)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	for _, b := range set.Bots() {
		name, _, _ := strings.Cut(b.Handle, "@")
		running.Go(func() {
			bot.Run(ctx, bot.Options{
				Server: dispatch, Dial: s.Dial, Bot: b, Password: name + "pw", Others: handles,
				Log: slog.New(slog.NewTextHandler(io.Writer(h), nil)),
			})
		})
	}
	synctest.Wait() // they are signed in
	return h
}

// person is a user who writes down what others say.
type person struct {
	*client.Client
	mu    sync.Mutex
	heard []string
}

// signIn signs a user in.
func (h *house) signIn(name string) *person {
	p := &person{}
	c, err := client.Login(h.ctx, client.Options{
		Server: dispatch, Dial: h.Dial, Handle: name + "@hotmail.com", Password: name + "pw",
		OnEvent: func(e client.Event) {
			if m, ok := e.(client.Message); ok && m.Session != nil {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.heard = append(p.heard, strings.TrimSuffix(m.From, "@hotmail.com")+": "+m.Text)
			}
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.Close)
	if err := c.SetState(h.ctx, "NLN"); err != nil {
		h.t.Fatal(err)
	}
	p.Client = c
	return p
}

// call opens a session with the bots, and waits until they are there.
func (p *person) call(t *testing.T, bots ...string) *client.Switchboard {
	var handles []string
	for _, name := range bots {
		handles = append(handles, name+"@hotmail.com")
	}
	s, err := p.Call(t.Context(), handles...)
	if err == nil {
		err = s.Await(t.Context(), handles...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// all returns what p has heard so far, sorted.
func (p *person) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.heard))
}

// Its answers grow with what it answers, so that bots that answer each other come to an end.
const echo = `
bot = "NAME@hotmail.com"

def message(m):
    if len(m.text) < 50:
        m.reply("%s said %s to %d" % (m.user, m.text, len(m.users)))
        m.reply(m.text + ", that is all")
`

// echoBot is a script that answers each message with two.
func echoBot(name string) string { return strings.Replace(echo, "NAME", name, 1) }

// TestAnswers: whoever calls a bot gets what the script replies, in the session in which it was
// asked.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, echoBot("bob"))
		alice, carol := h.signIn("alice"), h.signIn("carol")
		for _, p := range []*person{alice, carol} {
			s := p.call(t, "bob")
			if err := s.Deliver(t.Context(), "hello"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			want := []string{"bob: " + p.Handle() + " said hello to 1", "bob: hello, that is all"}
			slices.Sort(want)
			if got := p.all(); !slices.Equal(got, want) {
				t.Errorf("%s heard %q, want %q", p.Handle(), got, want)
			}
		}
	})
}

// TestBotsDoNotAnswerEachOther: of two bots in one session each answers the person, and neither the
// other, however long they stay.
func TestBotsDoNotAnswerEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, echoBot("bob"), echoBot("carol"))
		alice := h.signIn("alice")
		s := alice.call(t, "bob", "carol")
		if err := s.Deliver(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		want := []string{
			"bob: alice@hotmail.com said hello to 2", "bob: hello, that is all",
			"carol: alice@hotmail.com said hello to 2", "carol: hello, that is all",
		}
		if got := alice.all(); !slices.Equal(got, want) {
			t.Errorf("alice heard %q, want %q", got, want)
		}
	})
}

// TestComesBack: a bot whose user logs on elsewhere says so, and signs in again after a pause.
func TestComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, echoBot("bob"))
		alice := h.signIn("alice")
		h.signIn("bob") // in place of the bot
		synctest.Wait()
		if got := h.log(); strings.Count(got, "is not signed in") != 1 || !strings.Contains(got, "bob@hotmail.com") {
			t.Errorf("logged %q, want a warning about bob", got)
		}
		time.Sleep(6 * time.Second)
		s := alice.call(t, "bob")
		if err := s.Deliver(t.Context(), "again"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := alice.all(); len(got) != 2 {
			t.Errorf("alice heard %q from the bot that came back, want two answers", got)
		}
	})
}

// TestSenderLeaves: a bot whose asker has left goes on answering others.
func TestSenderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, echoBot("bob"))
		alice, carol := h.signIn("alice"), h.signIn("carol")
		gone := alice.call(t, "bob")
		if err := gone.Send(t.Context(), "bye"); err != nil {
			t.Fatal(err)
		}
		gone.Close()
		s := carol.call(t, "bob")
		if err := s.Deliver(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := carol.all(); len(got) != 2 {
			t.Errorf("carol heard %q, want two answers", got)
		}
	})
}

// TestNobodyKeepsTheBot: users who open session after session, and leave none, do not keep the bot
// from others; those who leave take no place.
func TestNobodyKeepsTheBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const maxTalks = 32 // as docs/LIMITS.md has it
		h := open(t, echoBot("bob"))
		alice, carol, dave := h.signIn("alice"), h.signIn("carol"), h.signIn("dave")
		first := carol.call(t, "bob")
		for range 3 * maxTalks {
			alice.call(t, "bob").Close()
		}
		synctest.Wait()
		if !first.Has("bob@hotmail.com") {
			t.Error("the bot left carol although alice's sessions have ended")
		}
		for range maxTalks {
			for _, p := range []*person{alice, dave} { // the server itself bounds what one can do
				if _, err := p.Call(t.Context(), "bob@hotmail.com"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Second) // as many as one may invite
		}
		second := carol.call(t, "bob")
		for _, s := range []*client.Switchboard{first, second} {
			if err := s.Deliver(t.Context(), "hello"); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Second)
		if got := carol.all(); len(got) != 4 {
			t.Errorf("carol heard %q, want two answers in each session", got)
		}
	})
}
