package proxy

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// oneRead serves a connection as a server of today does: what one read brings is one command, the
// first line of it; the rest is lost. It takes so long for each.
func oneRead(c net.Conn, takes time.Duration, answers func(line string) string) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		line, _, _ := strings.Cut(string(buf[:n]), "\r\n")
		time.Sleep(takes)
		io.WriteString(c, answers(line))
	}
}

// notification answers as a notification server does that knows everybody, in two writes: no answer
// at all to LST and PNG.
func notification(line string) string {
	words := append(strings.Fields(line), "", "", "", "", "")
	trid := words[1]
	switch words[0] {
	case "VER":
		return "VER " + trid + " MSNP2\r\n"
	case "INF":
		return "INF " + trid + " MD5\r\n"
	case "USR":
		if words[3] == "I" {
			return "USR " + trid + " MD5 S 1.2\r\n"
		}
		return "USR " + trid + " OK a@b.c A\r\n"
	case "SYN":
		return "SYN " + trid + " 1\r\nGTC " + trid + " 1 A\r\nBLP " + trid + " 1 AL\r\n"
	case "CHG":
		return "CHG " + trid + " " + words[2] + "\r\nILN " + trid + " NLN b@b.c B\r\n"
	case "BLP":
		return "BLP " + trid + " 2 " + words[2] + "\r\n"
	case "XFR":
		return "XFR " + trid + " SB 10.0.0.9:1864 CKI 17." + trid + "\r\n"
	case "ZZZ":
		return "200 " + trid + "\r\n"
	}
	return ""
}

// serveOneRead makes the server at addr one that takes one read for one command.
func (l *lab) serveOneRead(addr string, takes time.Duration) {
	go func() {
		for {
			c, err := l.servers[addr].Accept()
			if err != nil {
				return
			}
			go oneRead(c, takes, notification)
		}
	}()
}

// TestOnePerWrite: 25 clients that send without waiting sign in to a server that takes one read for
// one command.
func TestOnePerWrite(t *testing.T) {
	const says = "VER 1 MSNP2\r\nINF 2\r\nUSR 3 MD5 I a@b.c\r\nUSR 4 MD5 S 00\r\nSYN 5 0\r\n" +
		"PNG\r\nCHG 6 NLN\r\nBLP 7 AL\r\nMSG 8 U 2\r\nhiLST 9 FL\r\nZZZ 10\r\nXFR 11 SB\r\n"
	const hears = "VER 1 MSNP2\r\nINF 2 MD5\r\nUSR 3 MD5 S 1.2\r\nUSR 4 OK a@b.c A\r\nSYN 5 1\r\n" +
		"GTC 5 1 A\r\nBLP 5 1 AL\r\nCHG 6 NLN\r\nILN 6 NLN b@b.c B\r\n" +
		"BLP 7 2 AL\r\n200 10\r\nXFR 11 SB 127.0.0.1:1863 CKI 17.11\r\n"
	for _, cut := range []int{len(says), 7, 30} { // how many bytes come at a time
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{OnePerWrite: 150 * time.Millisecond})
				const takes = 200 * time.Millisecond // longer than the pause: only its answer tells
				l.serveOneRead(dsAddr, takes)
				start := time.Now()
				for range 25 {
					c := l.client(proxyAddr)
					for rest := says; rest != ""; {
						n := min(cut, len(rest))
						c.Send(rest[:n])
						rest = rest[n:]
						synctest.Wait()
					}
				}
				for _, c := range l.peers {
					c.Want(hears)
				}
				// PNG and LST are not answered (1 s each), and nobody waits for an answer to MSG U.
				// All 25 do this at once.
				const most = 2*answerTime + 2*150*time.Millisecond + 12*takes
				if took := time.Since(start); took > most {
					t.Errorf("it took %v, want %v at most", took, most)
				}
			})
		})
	}
}

// TestOnePerWriteDelaysNothingElse: what a server says comes at once, in the writes in which it was
// said.
func TestOnePerWriteDelaysNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{OnePerWrite: time.Minute})
		c := l.client(proxyAddr)
		c.Send("PNG\r\nLST 1 FL\r\nLST 2 FL\r\n")
		s := l.server(dsAddr)
		s.Want("PNG\r\n")
		start := time.Now()
		for range 10 {
			s.Send("NLN NLN a@b.c A\r\nFLN a@b.c\r\n")
			c.Want("NLN NLN a@b.c A\r\nFLN a@b.c\r\n")
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("what the server said took %v", took)
		}
	})
}

// TestOnePerWriteTakesTurns: injected commands wait for their turn, and Inject does not wait.
func TestOnePerWriteTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{OnePerWrite: 150 * time.Millisecond})
		l.serveOneRead(dsAddr, 50*time.Millisecond)
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\nUSR 2 MD5 I a@b.c\r\n")
		synctest.Wait()
		start := time.Now()
		if err := l.proxy.Conns()[0].Inject(decode.FromClient, []byte("CHG 7 BSY\r\nCHG 8 NLN\r\n"), ""); err != nil ||
			time.Since(start) > 0 {
			t.Fatalf("Inject took %v, %v", time.Since(start), err)
		}
		c.Want("VER 1 MSNP2\r\nUSR 2 MD5 S 1.2\r\n")
		time.Sleep(time.Second)
		synctest.Wait()
		want := []string{"VER 1 MSNP2\r\n", "USR 2 MD5 I a@b.c\r\n", "CHG 7 BSY\r\n", "CHG 8 NLN\r\n"}
		if diff := cmp.Diff(want, l.wrote(dsAddr)); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		c.Want("CHG 7 BSY\r\nILN 7 NLN b@b.c B\r\nCHG 8 NLN\r\nILN 8 NLN b@b.c B\r\n")
	})
}

// TestOnePerWriteFindsTheHome: what is repeated at the server where a user belongs is repeated one
// command at a time.
func TestOnePerWriteFindsTheHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{OnePerWrite: 150 * time.Millisecond})
		refer(l, "bob", proxyAddr, nsAddr, proxyAddr) // the first guess for whoever comes next
		l.serveOneRead(nsAddr, 10*time.Millisecond)
		l.serveOneRead(dsAddr, 10*time.Millisecond)
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\nINF 2\r\n")
		c.Want("VER 1 MSNP2\r\nINF 2 MD5\r\n")
		c.Send("USR 3 MD5 I alice@hotmail.com\r\nUSR 4 MD5 S 00\r\n")
		c.Want("USR 3 MD5 S 1.2\r\nUSR 4 OK a@b.c A\r\n")
		want := []string{
			"USR 1 MD5 I bob@hotmail.com\r\n",
			"VER 1 MSNP2\r\n",
			"INF 2\r\n",
			"USR 3 MD5 I alice@hotmail.com\r\n",
			"USR 4 MD5 S 00\r\n",
		}
		if diff := cmp.Diff(want, l.wrote(dsAddr)); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}

// TestAnswerBeforeTheWriteReturns: a server may answer before the proxy is back from writing the
// request. The next command leaves at once then, as after any answer.
func TestAnswerBeforeTheWriteReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		request := decode.Parse([]byte("INF 7\r\n"), decode.FromClient, dialect.MSNP2)
		answer := decode.Parse([]byte("INF 7 MD5\r\n"), decode.FromServer, dialect.MSNP2)
		p := newPace(150 * time.Millisecond)
		p.sends(dialect.MSNP2.Match(decode.FromClient, dialect.NS, &request), &request)
		p.heard(&answer)
		p.sent()
		began := time.Now()
		p.wait(t.Context())
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the next command waited %s", waited)
		}
	})
}

// TestPauseBeginsAfterTheWrite: where the server answers nothing, the pause counts from the end of
// the write, however long that took.
func TestPauseBeginsAfterTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := decode.Parse([]byte("MSG 4 U 2\r\nhi"), decode.FromClient, dialect.MSNP2)
		p := newPace(150 * time.Millisecond)
		p.sends(dialect.MSNP2.Match(decode.FromClient, dialect.SB, &out), &out)
		time.Sleep(time.Second) // the write
		p.sent()
		began := time.Now()
		p.wait(t.Context())
		if waited := time.Since(began); waited != 150*time.Millisecond {
			t.Errorf("the next command waited %s", waited)
		}
	})
}

// TestKeptIsPaced: what an interceptor kept back is a command like any other to a server that takes
// one read for one command: it waits for the answer to the one before.
func TestKeptIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{OnePerWrite: 150 * time.Millisecond})
		c := l.client(proxyAddr)
		c.Send("VER 0 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 0 MSNP2\r\n")
		conn := l.proxy.Conns()[0]
		conn.SendKept(decode.FromClient, func() ([]byte, io.Writer) {
			return []byte("INF 1\r\n"), conn.receiver(decode.FromClient).to
		})
		began := time.Now()
		time.Sleep(500 * time.Millisecond)
		s.Send("VER 0 MSNP2\r\n")
		s.Want("INF 1\r\n")
		if took := time.Since(began); took < 500*time.Millisecond || took > 600*time.Millisecond {
			t.Errorf("it left after %s, want it to wait for the answer, half a second", took)
		}
	})
}
