package proxy

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// invitationOf returns a MSG body of an invitation with these lines.
func invitationOf(lines ...string) string {
	return "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n" +
		strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func offerOf(name string, size int) string {
	return invitationOf("Application-Name: File Transfer", "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
		"Invitation-Command: INVITE", "Invitation-Cookie: 7", "Application-File: "+name,
		fmt.Sprint("Application-FileSize: ", size))
}

func acceptOf(more ...string) string {
	return invitationOf(append([]string{"Invitation-Command: ACCEPT", "Invitation-Cookie: 7"}, more...)...)
}

// said returns a MSG as a client sends it, heard as the other one gets it.
func said(trid int, body string) string {
	return fmt.Sprintf("MSG %d N %d\r\n%s", trid, len(body), body)
}

func heard(who, body string) string {
	return fmt.Sprintf("MSG %s@hotmail.com %s %d\r\n%s", who, who, len(body), body)
}

// pair is a switchboard session of alice and bob through the proxy.
type pair struct {
	*lab
	alice, bob, aliceSB, bobSB *msntest.Peer
	sender                     net.Listener
}

const senderAddr = "127.0.0.1:6891"

// newPair connects both users, and makes alice listen for those who fetch a file.
func newPair(t *testing.T, o Options) *pair {
	o.Upstream = sbAddr
	p := &pair{lab: newLab(t, o)}
	p.alice, p.aliceSB = p.enter("USR 1 alice@hotmail.com 1.2.3", "USR 1 OK alice@hotmail.com Alice")
	talk(p.alice, p.aliceSB, "C: CAL 2 bob@hotmail.com", "S: CAL 2 RINGING 11")
	p.bob, p.bobSB = p.enter("ANS 1 bob@hotmail.com 4.5.6 11", "ANS 1 OK")
	var err error
	if p.sender, err = p.back.Listen(senderAddr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.sender.Close() })
	return p
}

func (p *pair) enter(line, answer string) (client, server *msntest.Peer) {
	client = p.client(proxyAddr)
	client.Send(line + "\r\n")
	server = p.server(sbAddr)
	server.Want(line + "\r\n")
	server.Send(answer + "\r\n")
	client.Want(answer + "\r\n")
	return client, server
}

// tell takes a message from one user to the other, who gets it as got.
func (p *pair) tell(from, fromSB, toSB, to *msntest.Peer, who, body, sent, got string) {
	from.Send(said(9, body))
	fromSB.Want(said(9, sent))
	toSB.Send(heard(who, sent))
	to.Want(heard(who, got))
}

const (
	atSender = "IP-Address: 127.0.0.1\r\nPort: 6891\r\nAuthCookie: 4242"
	atProxy  = "IP-Address: 127.0.0.1\r\nPort: 1863\r\nAuthCookie: 4242"
)

// invite lets alice offer a file that bob accepts.
func (p *pair) invite() {
	p.tell(p.alice, p.aliceSB, p.bobSB, p.bob, "alice", offerOf("a.txt", 5), offerOf("a.txt", 5), offerOf("a.txt", 5))
	yes := acceptOf("Launch-Application: FALSE", "Request-Data: IP-Address:")
	p.tell(p.bob, p.bobSB, p.aliceSB, p.alice, "bob", yes, yes, yes)
	there := acceptOf(atProxy, "Launch-Application: FALSE", "Request-Data: IP-Address:")
	p.tell(p.alice, p.aliceSB, p.bobSB, p.bob, "alice",
		acceptOf(atSender, "Launch-Application: FALSE", "Request-Data: IP-Address:"), there, there)
}

// accept returns the connection that the proxy makes to the sender.
func (p *pair) accept() *msntest.Peer {
	p.t.Helper()
	c, err := p.sender.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.peer(c)
}

// notes returns the texts of notes and gaps so far.
func (p *pair) notes() string {
	var all []string
	for _, e := range p.all() {
		if e.Kind == session.Note || e.Kind == session.Gap {
			all = append(all, fmt.Sprintf("c%d %s", e.Conn, e.Text))
		}
	}
	return strings.Join(all, "\n")
}

const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256 of "hello"

func TestTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		p.invite()
		receiver := p.client(proxyAddr)
		receiver.Send("VER MSNFTP\r")
		synctest.Wait()
		receiver.Send("\n")
		sender := p.accept() // before the receiver says who it is
		sender.Want("VER MSNFTP\r\n")
		sender.Send("VER MSNFTP\r")
		time.Sleep(time.Second) // longer than an unfinished command waits elsewhere
		sender.Send("\n")
		receiver.Want("VER MSNFTP\r\n")
		talk(receiver, sender, "C: USR bob@hotmail.com 4242", "S: FIL 5", "C: TFR")
		sender.Send("\x00\x05\x00hello")
		receiver.Want("\x00\x05\x00hello")
		talk(receiver, sender, "C: BYE 16777989")
		synctest.Wait()
		want := `c3 file transfer complete: "a.txt" from alice@hotmail.com to bob@hotmail.com, 5 bytes, ` +
			"SHA-256 " + helloHash
		if got := p.notes(); got != want {
			t.Errorf("notes:\n%s\nwant:\n%s", got, want)
		}
		last := p.all()[len(p.all())-1]
		if last.Role.String() != "FT" || last.User != "bob@hotmail.com" || last.Session != "11" || last.Via != 2 {
			t.Errorf("the transfer is %v of %s in session %s, led there by c%d", last.Role, last.User, last.Session,
				last.Via)
		}
		for _, w := range p.wrote(senderAddr) {
			if !strings.HasSuffix(w, "\n") {
				t.Errorf("a line left in pieces: %q", w)
			}
		}

		again := p.client(proxyAddr)
		again.Send("VER MSNFTP\r\n")
		again.WantEnd()
	})
}
