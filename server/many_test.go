package server

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// dialPeer connects to a server; the connection lasts a minute at most.
func dialPeer(t testing.TB, s *Server, addr string) (*msntest.Peer, error) {
	nc, err := s.Dial(t.Context(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	return msntest.NewPeer(t, nc), nc.SetDeadline(time.Now().Add(time.Minute))
}

// logon returns a notification connection of a user that is logged on.
func logon(t testing.TB, s *Server, handle, password string) (*msntest.Peer, error) {
	p, err := dialPeer(t, s, s.o.Notification[0])
	if err != nil {
		return nil, err
	}
	words, err := p.Ask("USR 1 MD5 I "+handle, "USR 1 MD5 S")
	if err == nil {
		_, err = p.Ask("USR 2 MD5 S "+decode.MD5Response(words[4], password), "USR 2 OK")
	}
	return p, err
}

// manyUsers returns a store of n users user0 ... with the password pw.
func manyUsers(n int) *accounts.Memory {
	m := new(accounts.Memory)
	for i := range n {
		_ = m.Create(userName(i), "pw", fmt.Sprint("U", i))
	}
	return m
}

func userName(i int) string { return fmt.Sprintf("user%d@hotmail.com", i) }

// TestFiftyChat has fifty users, each watching the next one, chat in pairs while their states
// change. Every message must arrive in order, and the last state that each saw of the next one must
// be the true one.
func TestFiftyChat(t *testing.T) {
	const users = 50
	s := New(Options{Store: manyUsers(users)})
	defer s.Close()
	last := make([]string, users) // each user's last state
	peers := make([]*msntest.Peer, users)
	each(t, users, func(i int) (err error) {
		if peers[i], err = logon(t, s, userName(i), "pw"); err != nil {
			return err
		}
		if _, err = peers[i].Ask("CHG 3 NLN", "CHG 3"); err != nil {
			return err
		}
		_, err = peers[i].Ask("ADD 4 FL "+userName((i+1)%users)+" x", "ADD 4")
		return err
	})
	each(t, users, func(i int) error {
		if i%2 == 0 {
			return caller(t, s, peers[i], userName(i), userName(i+1))
		}
		return callee(t, s, peers[i], userName(i))
	})
	each(t, users, func(i int) error {
		for n := range 40 {
			last[i] = dialect.States[rand.IntN(len(dialect.States))]
			if _, err := peers[i].Ask(fmt.Sprintf("CHG %d %s", 10+n, last[i]),
				fmt.Sprintf("CHG %d", 10+n)); err != nil {
				return err
			}
			if last[i] == "FLN" {
				// no states are received in FLN: §7.7
				peers[i].Passed = append(peers[i].Passed, "forget")
			}
			if err := toggle(peers[i], n, userName((i+users-1)%users)); err != nil {
				return err
			}
		}
		return nil
	})
	each(t, users, func(i int) error { // users in FLN receive nothing: make them NLN
		_, err := peers[i].Ask("CHG 98 HDN", "CHG 98")
		return err
	})
	each(t, users, func(i int) error {
		_, err := peers[i].Ask("CHG 99 "+last[i], "CHG 99")
		return err
	})
	each(t, users, func(i int) error {
		// An answer that comes after everything that was queued: all states of the next one have
		// arrived.
		if _, err := peers[i].Ask("PNG", "QNG"); err != nil {
			return err
		}
		return sawLast(peers[i], last[i], userName((i+1)%users), last[(i+1)%users])
	})
	each(t, users, func(i int) error { return peers[i].Close() })
	s.Close()
	hub := s.hub.(*memory)
	if n := len(s.open) + len(s.users) + len(s.board.sessions) + len(hub.online); n > 0 ||
		len(hub.tickets.byCookie) > 0 {
		t.Errorf("%d connections, users and sessions are left, and %d cookies", n, len(hub.tickets.byCookie))
	}
}

// toggle blocks and unblocks the watcher.
func toggle(p *msntest.Peer, n int, watcher string) error {
	verb, name := "ADD", " x"
	if n%2 == 1 {
		verb, name = "REM", ""
	}
	_, err := p.Ask(fmt.Sprintf("%s %d BL %s%s", verb, 50+n, watcher, name), fmt.Sprintf("%s %d", verb, 50+n))
	return err
}

// sawLast compares the last notification of a contact with the truth.
func sawLast(p *msntest.Peer, own, contact, state string) error {
	if own == "FLN" {
		return nil // received nothing since forget
	}
	got := "FLN"
	for _, l := range p.Passed {
		switch f := strings.Fields(l); {
		case f[0] == "NLN" && f[2] == contact:
			got = f[1]
		case f[0] == "ILN" && f[3] == contact:
			got = f[2]
		case f[0] == "forget", f[0] == "FLN" && f[1] == contact:
			got = "FLN"
		}
	}
	if state == "HDN" {
		state = "FLN"
	}
	if got != state {
		return fmt.Errorf("saw %s last in state %s, which is %s", contact, got, state)
	}
	return nil
}

// each runs f for all users at once.
func each(t *testing.T, users int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			if err := f(i); err != nil {
				t.Errorf("user %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

const chatLength = 30

func caller(t testing.TB, s *Server, ns *msntest.Peer, own, other string) error {
	words, err := ns.Ask("XFR 5 SB", "XFR 5 SB")
	if err != nil {
		return err
	}
	sb, err := dialPeer(t, s, words[3])
	if err != nil {
		return err
	}
	defer sb.Close()
	if _, err = sb.Ask("USR 1 "+own+" "+words[5], "USR 1 OK"); err != nil {
		return err
	}
	if _, err = sb.Ask("CAL 2 "+other, "CAL 2 RINGING"); err != nil {
		return err
	}
	if _, err = sb.Ask("", "JOI "+other); err != nil {
		return err
	}
	for i := range chatLength {
		text := fmt.Sprintf("%s %d", own, i)
		if _, err = sb.Ask(fmt.Sprintf("MSG %d A %d\r\n%s", i, len(text)+2, text),
			fmt.Sprintf("ACK %d", i)); err != nil {
			return err
		}
	}
	_, err = sb.Ask("OUT", "BYE")
	if err != nil && strings.Contains(err.Error(), "EOF") {
		err = nil
	}
	return err
}

func callee(t testing.TB, s *Server, ns *msntest.Peer, own string) error {
	words, err := ns.Ask("", "RNG")
	if err != nil {
		return err
	}
	sb, err := dialPeer(t, s, words[2])
	if err != nil {
		return err
	}
	defer sb.Close()
	if _, err = sb.Ask("ANS 1 "+own+" "+words[4]+" "+words[1], "ANS 1 OK"); err != nil {
		return err
	}
	for i := range chatLength {
		if _, err = sb.Ask("", fmt.Sprintf("%s %d", words[5], i)); err != nil {
			return err
		}
		if n := slices.IndexFunc(sb.Passed, func(l string) bool { return strings.HasPrefix(l, words[5]) }); n >= 0 {
			return fmt.Errorf("out of order: %q", sb.Passed[n])
		}
	}
	_, err = sb.Ask("", "BYE "+words[5])
	return err
}
