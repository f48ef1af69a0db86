package proxy

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
)

// withPayload is a grammar in which every command has a payload.
type withPayload struct{ decode.Plain }

func (withPayload) Shape(decode.Dir, decode.Verb) decode.Shape {
	return decode.Shape{TrID: true, Payload: decode.LastArg}
}

// TestNothingIsSentTwice: a command was sent in part, then the dialect became known, in which it is
// another one.
func TestNothingIsSentTwice(t *testing.T) {
	p := New(Options{Publish: func(*session.Event) {}})
	defer p.Close()
	far, near := memnet.Pipe(&net.TCPAddr{}, &net.TCPAddr{})
	c := newConn(p, near, "")
	c.sess, _ = p.graph.Open(time.Time{}, "", "")
	p.journal.open(c, time.Time{})
	c.receiver(decode.FromClient).aim(near)
	f := &direction{c: c, dir: decode.FromClient, in: decode.NewReader(decode.FromClient, withPayload{})}
	f.in.Feed([]byte("ZZZ 1 5\r\nhe"))
	var m decode.Message
	f.in.Next(&m)
	if err := f.sendEarly(); err != nil {
		t.Fatal(err)
	}
	f.in.Feed([]byte("lloPNG\r\n"))
	f.begin(time.Time{})
	if err := f.relay(); err != nil {
		t.Fatal(err)
	}
	near.Close()
	out, err := io.ReadAll(far)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), "ZZZ 1 5\r\nhelloPNG\r\n"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// TestSlowUserGoesHomeWhole: what went early to a guessed server is said again, whole, to the right
// one.
func TestSlowUserGoesHomeWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		for _, refer := range [][2]string{{"alice@hotmail.com", nsAddr}, {"bob@hotmail.com", ns2Addr}} {
			c := l.client(proxyAddr)
			c.Send("USR 1 MD5 I " + refer[0] + "\r\n")
			ds := l.server(dsAddr)
			ds.Want("USR 1 MD5 I " + refer[0] + "\r\n")
			talk(c, ds, "S: XFR 1 NS "+refer[1]+" => XFR 1 NS "+proxyAddr)
		}
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		talk(c, l.server(ns2Addr), "S: VER 1 MSNP2")
		c.Send("USR 2 MD5 I ali")
		time.Sleep(2 * holdTime)
		c.Send("ce@hotmail.com\r\n")
		l.server(nsAddr).Want("VER 1 MSNP2\r\nUSR 2 MD5 I alice@hotmail.com\r\n")
	})
}

func TestFirstLineIsWaitedForALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		time.Sleep(time.Hour) // silence is no line
		for _, part := range []string{"US", "R 1 ", "MD5 I al"} {
			c.Send(part)
			time.Sleep(firstLineTime/3 - time.Millisecond)
			synctest.Wait()
			if got := l.wrote(dsAddr); got != nil {
				t.Fatalf("the server heard %q while the first line may still become whole", got)
			}
		}
		time.Sleep(holdTime + 3*time.Millisecond)
		s := l.server(dsAddr)
		s.Want("USR 1 MD5 I al")
		c.Send("ice@hotmail.com\r\n")
		s.Want("ice@hotmail.com\r\n")
	})
}
