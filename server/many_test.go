package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// peer is a client that waits for what it expects and keeps what else came.
type peer struct {
	net.Conn
	r     *bufio.Reader
	other []string
}

func dialPeer(ctx context.Context, s *Server, addr string) (*peer, error) {
	nc, err := s.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &peer{Conn: nc, r: bufio.NewReader(nc)}, nc.SetDeadline(time.Now().Add(time.Minute))
}

// ask sends a command, unless it is "", and returns the words of the first line that begins with want.
func (p *peer) ask(command, want string) ([]string, error) {
	if command != "" {
		if _, err := io.WriteString(p, command+"\r\n"); err != nil {
			return nil, err
		}
	}
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("waiting for %s: %w", want, err)
		}
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, want) {
			return strings.Fields(line), nil
		}
		p.other = append(p.other, line)
	}
}

// must is ask for what cannot fail.
func (p *peer) must(b testing.TB, command, want string) []string {
	b.Helper()
	words, err := p.ask(command, want)
	if err != nil {
		b.Fatal(err)
	}
	return words
}

// logon returns a notification connection of a user that is logged on.
func logon(ctx context.Context, s *Server, handle, password string) (*peer, error) {
	p, err := dialPeer(ctx, s, s.o.Notification[0])
	if err != nil {
		return nil, err
	}
	words, err := p.ask("USR 1 MD5 I "+handle, "USR 1 MD5 S")
	if err == nil {
		_, err = p.ask("USR 2 MD5 S "+decode.MD5Response(words[4], password), "USR 2 OK")
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

// TestFiftyChat has fifty users, each watching the next one, chatting in pairs while their states change; every message must
// arrive in order, and what each saw last of the next one must be the truth.
func TestFiftyChat(t *testing.T) {
	const users = 50
	s := New(Options{Store: manyUsers(users)})
	defer s.Close()
	last := make([]string, users) // the state that each took last
	peers := make([]*peer, users)
	each(t, users, func(i int) (err error) {
		if peers[i], err = logon(t.Context(), s, userName(i), "pw"); err != nil {
			return err
		}
		if _, err = peers[i].ask("CHG 3 NLN", "CHG 3"); err != nil {
			return err
		}
		_, err = peers[i].ask("ADD 4 FL "+userName((i+1)%users)+" x", "ADD 4")
		return err
	})
	each(t, users, func(i int) error {
		if i%2 == 0 {
			return caller(t.Context(), s, peers[i], userName(i), userName(i+1))
		}
		return callee(t.Context(), s, peers[i], userName(i))
	})
	each(t, users, func(i int) error {
		for n := range 40 {
			last[i] = dialect.States[rand.IntN(len(dialect.States))]
			if _, err := peers[i].ask(fmt.Sprintf("CHG %d %s", 10+n, last[i]), fmt.Sprintf("CHG %d", 10+n)); err != nil {
				return err
			}
			if last[i] == "FLN" {
				peers[i].other = append(peers[i].other, "forget") // nothing is heard there: §7.7
			}
			if err := toggle(peers[i], n, userName((i+users-1)%users)); err != nil {
				return err
			}
		}
		return nil
	})
	each(t, users, func(i int) error { // who is in FLN now hears nothing; be there
		_, err := peers[i].ask("CHG 98 HDN", "CHG 98")
		return err
	})
	each(t, users, func(i int) error {
		_, err := peers[i].ask("CHG 99 "+last[i], "CHG 99")
		return err
	})
	each(t, users, func(i int) error {
		// An answer that comes after all else was queued: then all that concerns the next one has come.
		if _, err := peers[i].ask("PNG", "QNG"); err != nil {
			return err
		}
		return sawLast(peers[i], last[i], userName((i+1)%users), last[(i+1)%users])
	})
	each(t, users, func(i int) error { return peers[i].Close() })
	s.Close()
	hub := s.hub.(*memory)
	if n := len(s.open) + len(s.users) + len(s.board.sessions) + len(hub.online); n > 0 || len(hub.tickets.byCookie) > 0 {
		t.Errorf("%d connections, users and sessions are left, and %d cookies", n, len(hub.tickets.byCookie))
	}
}

// toggle blocks and unblocks who watches.
func toggle(p *peer, n int, watcher string) error {
	verb, name := "ADD", " x"
	if n%2 == 1 {
		verb, name = "REM", ""
	}
	_, err := p.ask(fmt.Sprintf("%s %d BL %s%s", verb, 50+n, watcher, name), fmt.Sprintf("%s %d", verb, 50+n))
	return err
}

// sawLast compares the last notification of a contact with the truth.
func sawLast(p *peer, own, contact, state string) error {
	if own == "FLN" {
		return nil // heard nothing of late
	}
	got := "FLN"
	for _, l := range p.other {
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

func caller(ctx context.Context, s *Server, ns *peer, own, other string) error {
	words, err := ns.ask("XFR 5 SB", "XFR 5 SB")
	if err != nil {
		return err
	}
	sb, err := dialPeer(ctx, s, words[3])
	if err != nil {
		return err
	}
	defer sb.Close()
	if _, err = sb.ask("USR 1 "+own+" "+words[5], "USR 1 OK"); err != nil {
		return err
	}
	if _, err = sb.ask("CAL 2 "+other, "CAL 2 RINGING"); err != nil {
		return err
	}
	if _, err = sb.ask("", "JOI "+other); err != nil {
		return err
	}
	for i := range chatLength {
		text := fmt.Sprintf("%s %d", own, i)
		if _, err = sb.ask(fmt.Sprintf("MSG %d A %d\r\n%s", i, len(text)+2, text), fmt.Sprintf("ACK %d", i)); err != nil {
			return err
		}
	}
	_, err = sb.ask("OUT", "BYE")
	if err != nil && strings.Contains(err.Error(), "EOF") {
		err = nil
	}
	return err
}

func callee(ctx context.Context, s *Server, ns *peer, own string) error {
	words, err := ns.ask("", "RNG")
	if err != nil {
		return err
	}
	sb, err := dialPeer(ctx, s, words[2])
	if err != nil {
		return err
	}
	defer sb.Close()
	if _, err = sb.ask("ANS 1 "+own+" "+words[4]+" "+words[1], "ANS 1 OK"); err != nil {
		return err
	}
	for i := range chatLength {
		if _, err = sb.ask("", fmt.Sprintf("%s %d", words[5], i)); err != nil {
			return err
		}
		if n := slices.IndexFunc(sb.other, func(l string) bool { return strings.HasPrefix(l, words[5]) }); n >= 0 {
			return fmt.Errorf("out of order: %q", sb.other[n])
		}
	}
	_, err = sb.ask("", "BYE "+words[5])
	return err
}
