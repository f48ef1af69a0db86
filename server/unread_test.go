package server

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// longLists returns a store in which user0 has lists that make the answer to SYN longer than 192
// KB.
func longLists(t *testing.T) *accounts.Memory {
	t.Helper()
	m := manyUsers(1)
	for i := range 150 {
		e := accounts.Entry{Handle: fmt.Sprintf("%0100d@hotmail.com", i), Name: strings.Repeat("n", 387)}
		err := m.Create(e.Handle, "pw", e.Name)
		for _, l := range []accounts.List{accounts.Forward, accounts.Allow} {
			if err == nil {
				_, err = m.Add(t.Context(), userName(0), l, e, 150)
			}
		}
		if err == nil {
			_, err = m.Add(t.Context(), e.Handle, accounts.Forward, accounts.Entry{Handle: userName(0), Name: "x"}, 150)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}

const manyAnswers = 20

// askForMuch sends many requests in one write.
func askForMuch(t *testing.T, p *msntest.Peer) {
	t.Helper()
	var all strings.Builder
	for i := range manyAnswers {
		fmt.Fprintf(&all, "SYN %d 0\r\n", 100+i)
	}
	if _, err := io.WriteString(p, all.String()+"PNG\r\n"); err != nil {
		t.Fatal(err)
	}
}

// wantMuch reads and checks their answers.
func wantMuch(t *testing.T, p *msntest.Peer) {
	t.Helper()
	for i := range manyAnswers {
		p.Passed = nil
		p.Must("", fmt.Sprintf("SYN %d ", 100+i))
		p.Must("", fmt.Sprintf("LST %d RL 451 150 150 ", 100+i))
		entries := 0
		for _, l := range p.Passed {
			if strings.HasPrefix(l, fmt.Sprintf("LST %d ", 100+i)) {
				entries++
			} else if !strings.Contains(l, fmt.Sprintf(" %d ", 100+i)) {
				t.Errorf("%q comes in the middle of answer %d", l, i)
			}
		}
		// three lists, one of them empty, and the fourth except for its last entry
		if entries != 150+150+1+149 {
			t.Fatalf("answer %d has %d entries before the last", i, entries)
		}
	}
	p.Must("", "QNG")
}

// TestMuchIsAnsweredAsItIsRead: a client that asks for 20 long answers in one write gets them,
// however slowly it reads. The server makes them meanwhile, and sends news for the user between
// them.
func TestMuchIsAnsweredAsItIsRead(t *testing.T) {
	for name, pause := range map[string]time.Duration{"at once": 0, "16 KB a second": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &changingStore{longLists(t), make(chan accounts.News), make(chan bool)}
				s := New(Options{Store: store})
				defer s.Close()
				p := slowPeer(t, s, pause)
				askForMuch(t, p)
				synctest.Wait()
				waiting := s.userConn(userName(0)).out.size()
				if t.Logf("%d bytes wait for the client", waiting); waiting > 128<<10 {
					t.Error("that is more than one write, and a part")
				}
				start := time.Now()
				store.news <- accounts.News{What: accounts.Text, Handle: userName(0), Value: "hello\r\n"}
				if !<-store.reached || time.Since(start) > 0 {
					t.Errorf("news waits %v for a slow client", time.Since(start))
				}
				wantMuch(t, p)
			})
		})
	}
}

// slowPeer returns a connection of user0 that reads answers 16 KB at a time, with a pause in
// between.
func slowPeer(t *testing.T, s *Server, pause time.Duration) *msntest.Peer {
	t.Helper()
	p, err := logon(t, s, userName(0), "pw")
	if err == nil {
		err = p.SetDeadline(time.Time{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.R = bufio.NewReader(&slowReader{p.Conn, pause})
	return p
}

// TestALongAnswer: an answer longer than the user's buffers is made in parts.
func TestALongAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: longLists(t), Settings: with(Lenient, "user-buffers=150000")})
		defer s.Close()
		p := slowPeer(t, s, time.Second)
		askForMuch(t, p)
		wantMuch(t, p)
	})
}

// TestMuchIsAnsweredOnASocket does the same on sockets, where as much as fits is written without
// blocking.
func TestMuchIsAnsweredOnASocket(t *testing.T) {
	s := onTCP(t, Options{Store: longLists(t)})
	p := online(t, s, 0)
	askForMuch(t, p)
	wantMuch(t, p)
}

// TestMuchIsNotRead: a client that asks for much and reads nothing is disconnected
// when a write has taken too long.
func TestMuchIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: longLists(t), WriteTimeout: 10 * time.Second})
		defer s.Close()
		p := slowPeer(t, s, 0)
		askForMuch(t, p)
		time.Sleep(9 * time.Second)
		if s.userConn(userName(0)) == nil {
			t.Error("closed before its time")
		}
		time.Sleep(2 * time.Second)
		if s.userConn(userName(0)) != nil {
			t.Error("a client that reads nothing is logged on still")
		}
	})
}

// slowReader is a connection that pauses after each 16 KB read.
type slowReader struct {
	io.Reader
	pause time.Duration
}

func (r *slowReader) Read(b []byte) (int, error) {
	time.Sleep(r.pause)
	return r.Reader.Read(b[:min(len(b), 16<<10)])
}
