package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// receive lets bob's client come for the file and say who it is.
func (p *pair) receive(user, cookie string) (receiver, sender interface {
	Send(string)
	Want(string)
	Rest() string
},
) {
	r := p.client(proxyAddr)
	r.Send("VER MSNFTP\r\n")
	s := p.accept()
	s.Want("VER MSNFTP\r\n")
	s.Send("VER MSNFTP\r\n")
	r.Want("VER MSNFTP\r\n")
	r.Send("USR " + user + " " + cookie + "\r\n")
	return r, s
}

// TestOnlyTheInvited: a wrong AuthCookie, a user who was not invited and a client that says nothing
// of itself get no byte to the sender after VER, and are closed at once.
func TestOnlyTheInvited(t *testing.T) {
	for name, says := range map[string]string{
		"another cookie": "USR bob@hotmail.com 4243\r\n",
		"another user":   "USR mallory@hotmail.com 4242\r\n",
		"no USR":         "TFR\r\n",
		"rubbish":        "\x00\x00\x00\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, Options{})
				p.invite()
				r := p.client(proxyAddr)
				r.Send("VER MSNFTP\r\n")
				s := p.accept()
				s.Want("VER MSNFTP\r\n")
				s.Send("VER MSNFTP\r\n")
				r.Want("VER MSNFTP\r\n")
				r.Send(says)
				if got := s.Rest(); got != "" {
					t.Errorf("the sender got %q", got)
				}
				r.Rest()
				synctest.Wait()
				if got := p.notes(); !strings.Contains(got, "a file transfer was refused") {
					t.Errorf("notes: %s", got)
				}
			})
		})
	}
}

// TestInvitationEnds: after its time, nobody gets in, and a note says who never came.
func TestInvitationEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{Now: time.Now})
		p.invite()
		time.Sleep(inviteTime + time.Second)
		synctest.Wait()
		want := "c0 bob@hotmail.com accepted a file of alice@hotmail.com and never came for it through this proxy"
		if got := p.notes(); got != want {
			t.Errorf("notes: %q, want %q", got, want)
		}
		r := p.client(proxyAddr)
		r.Send("VER MSNFTP\r\n")
		r.WantEnd()
	})
}

// TestSenderIsGone: the receiver is closed at once if nobody listens.
func TestSenderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		p.invite()
		p.sender.Close()
		began := time.Now()
		r := p.client(proxyAddr)
		r.Send("VER MSNFTP\r\n")
		r.Rest()
		if took := time.Since(began); took > time.Second {
			t.Errorf("that took %v", took)
		}
	})
}

// TestTwoFilesAtOnce: where two invitations are open for one address, the proxy hears who comes
// before it connects to either sender.
func TestTwoFilesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		p.invite()
		other, err := p.back.Listen("127.0.0.1:6892")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		yes := strings.ReplaceAll(acceptOf("Launch-Application: FALSE"), "Cookie: 7", "Cookie: 8")
		p.tell(p.bob, p.bobSB, p.aliceSB, p.alice, "bob", yes, yes, yes)
		there := func(port, cookie string) string {
			return strings.ReplaceAll(acceptOf("IP-Address: 127.0.0.1", "Port: "+port, "AuthCookie: "+cookie),
				"Cookie: 7", "Cookie: 8")
		}
		p.tell(p.alice, p.aliceSB, p.bobSB, p.bob, "alice", there("6892", "55"), there("1863", "55"),
			there("1863", "55"))
		r := p.client(proxyAddr)
		r.Send("VER MSNFTP\r\n")
		r.Want("VER MSNFTP\r\n")
		r.Send("USR bob@hotmail.com 55\r\n")
		c, err := other.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s := p.peer(c)
		s.Want("VER MSNFTP\r\n")
		s.Send("VER MSNFTP\r\n")
		s.Want("USR bob@hotmail.com 55\r\n")
		talk(r, s, "S: FIL 0", "C: TFR")
	})
}

// TestRemoteSender: an invitation that comes from outside is rewritten for the client behind the
// proxy, in every field, in its order, and nobody else gets its address.
func TestRemoteSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		remote, err := p.back.Listen("10.0.0.77:6891")
		if err != nil {
			t.Fatal(err)
		}
		defer remote.Close()
		p.bobSB.Send(heard("carol", offerOf("x.txt", 3)))
		p.bob.Want(heard("carol", offerOf("x.txt", 3)))
		yes := acceptOf("Launch-Application: FALSE")
		p.bob.Send(said(5, yes))
		p.bobSB.Want(said(5, yes))
		masked, own := 6891^0x3141, 1863^0x3141
		p.bobSB.Send(heard("carol", acceptOf("PortX: "+fmt.Sprint(masked), "AuthCookie: 9", "IP-Address-Internal: ",
			"Port: 6891", "IP-Address: 10.0.0.77", "PortX-Internal: 7000")))
		p.bob.Want(heard("carol", acceptOf("PortX: "+fmt.Sprint(own), "AuthCookie: 9", "IP-Address-Internal: ",
			"Port: 1863", "IP-Address: 127.0.0.1", "PortX-Internal: 1863")))
		r := p.client(proxyAddr)
		r.Send("VER MSNFTP\r\n")
		c, err := remote.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s := p.peer(c)
		s.Want("VER MSNFTP\r\n")
		s.Send("VER MSNFTP\r\n")
		r.Want("VER MSNFTP\r\n")
		talk(r, s, "C: USR bob@hotmail.com 9", "S: FIL 3", "C: TFR")
		s.Send("\x00\x01\x00a")
		r.Want("\x00\x01\x00a")
		r.Send("CCL\r\n")
		s.Want("CCL\r\n")
		s.Conn.Close()
		r.WantEnd()
		r.Conn.Close()
		synctest.Wait()
		if got := p.notes(); !strings.Contains(got, `incomplete, cancelled by the receiver: "x.txt" from carol@hotmail.com`) {
			t.Errorf("notes: %s", got)
		}
	})
}

// TestDirectOffers: what goes past the proxy is told, and counted.
func TestDirectOffers(t *testing.T) {
	for name, body := range map[string]string{
		"voice": invitationOf("Application-Name: a Voice Conversation",
			"Application-GUID: {02D3C01F-BF30-4825-A83A-DE7AF41648AA}", "Invitation-Command: INVITE",
			"Invitation-Cookie: 7"),
		"nobody accepted": acceptOf(atSender),
		"MSNSLP": "MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\n\r\n" + strings.Repeat("\x00", 48) +
			"Bridge: TCPv1\r\nListening: true\r\nIPv4Internal-Addrs: 10.0.0.7\r\nIPv4Internal-Port: 6891\r\n\r\n\x00",
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Options{})
			p.alice.Send(said(4, body))
			p.aliceSB.Want(said(4, body))
			synctest.Wait()
			if n, text := p.proxy.Bypassed(); n != 1 || !strings.HasPrefix(text, "alice@hotmail.com ") {
				t.Errorf("%s: %d signs of a bypass, the latest %q", name, n, text)
			}
		})
	}
}

// TestSenderConnects: where the receiver of a file listens and its sender is to connect, the proxy
// leaves the addresses as they are, says so, and lets nobody in.
func TestSenderConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		offer := offerOf("a.txt", 5)
		p.tell(p.alice, p.aliceSB, p.bobSB, p.bob, "alice", offer, offer, offer)
		yes := acceptOf(atSender, "Sender-Connect: TRUE", "Launch-Application: FALSE", "Request-Data: IP-Address:")
		p.tell(p.bob, p.bobSB, p.aliceSB, p.alice, "bob", yes, yes, yes)
		synctest.Wait()
		want := "bob@hotmail.com accepts a file and wants its sender to connect (Sender-Connect): that connection " +
			"does not pass this proxy"
		if n, text := p.proxy.Bypassed(); n == 0 || text != want {
			t.Errorf("%d signs of a bypass, the latest %q", n, text)
		}
		c := p.client(proxyAddr)
		c.Send("VER MSNFTP\r\n")
		c.WantEnd()
	})
}

// TestReceiverStopsReading: a receiver that stops in the middle of a file stops its sender, not the
// proxy, which holds little of the file meanwhile; once it has gone, the sender learns of it.
func TestReceiverStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Options{})
		p.invite()
		r := p.client(proxyAddr)
		r.Send("VER MSNFTP\r\n")
		s := p.accept()
		talk(r, s, "S: VER MSNFTP")
		s.Want("VER MSNFTP\r\n")
		talk(r, s, "C: USR bob@hotmail.com 4242", "S: FIL 20450000", "C: TFR")
		block, sent := []byte("\x00\xfd\x07"+strings.Repeat("x", 2045)), 0
		ended := make(chan error, 1)
		go func() {
			for range 10000 {
				if _, err := s.Write(block); err != nil {
					ended <- err
					return
				}
				sent += len(block)
			}
			ended <- nil
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if most := 1 << 20; sent > most {
			t.Errorf("%d bytes left the sender, want %d at most", sent, most)
		}
		r.Conn.Close()
		if err := <-ended; err == nil {
			t.Error("the sender could send the whole file")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.notes(); !strings.Contains(got, "c3 file transfer incomplete, before the end") {
			t.Errorf("notes: %s", got)
		}
	})
}

// kept collects what a transfer keeps.
type kept struct {
	mu    sync.Mutex
	data  []byte
	whole bool
	fails error
}

func (k *kept) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.data = append(k.data, b...)
	return len(b), k.fails
}

func (k *kept) Close(whole bool) (string, error) {
	k.whole = whole
	return "name", nil
}

// TestFileIsKept: the whole content is kept, whatever is recorded of it; what is not recorded is a
// gap; a disk that fails costs only the copy.
func TestFileIsKept(t *testing.T) {
	for _, fails := range []error{nil, errors.New("disk full")} {
		synctest.Test(t, func(t *testing.T) {
			k := &kept{fails: fails}
			p := newPair(t, Options{FileBytes: 5000, KeepFile: func(int) (Keeper, error) { return k, nil }})
			p.invite()
			r, s := p.receive("bob@hotmail.com", "4242")
			s.Want("USR bob@hotmail.com 4242\r\n")
			block := "\x00\xfd\x07" + strings.Repeat("x", 2045)
			s.Send("FIL 8180\r\n")
			r.Want("FIL 8180\r\n")
			for range 4 {
				s.Send(block)
				r.Want(block)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			notes := p.notes()
			if want := "2 blocks with 4090 bytes of the file are not recorded"; !strings.Contains(notes, want) {
				t.Errorf("notes: %s\nwant %s", notes, want)
			}
			if fails != nil {
				if !strings.Contains(notes, "not kept: disk full") {
					t.Errorf("notes: %s", notes)
				}
				return
			}
			if len(k.data) != 8180 || !k.whole || !strings.Contains(notes, "8180 bytes, SHA-256 ") ||
				!strings.HasSuffix(notes, "kept as name") {
				t.Errorf("%d bytes kept, whole: %v, notes: %s", len(k.data), k.whole, notes)
			}
			blocks := 0
			for _, e := range p.all() {
				if e.In.Block() {
					blocks++
				}
			}
			if blocks != 2 {
				t.Errorf("%d blocks are events, want 2", blocks)
			}
		})
	}
}

// stuckDisk is a file that does not end until its channel is closed.
type stuckDisk struct {
	kept
	free chan struct{}
}

func (s *stuckDisk) Close(whole bool) (string, error) {
	<-s.free
	return s.kept.Close(whole)
}

// stoppedDisk takes nothing until its channel is closed.
type stoppedDisk struct {
	kept
	free chan struct{}
}

func (s *stoppedDisk) Write(b []byte) (int, error) {
	<-s.free
	return s.kept.Write(b)
}

// TestStoppedDiskHoldsLittle: while the disk stands still, the content of one transfer that waits
// for it is bounded, and so is that of all together. What is kept is the beginning, and later
// transfers are kept whole again.
func TestStoppedDiskHoldsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		var disks []*stoppedDisk
		p := newPair(t, Options{KeepFile: func(int) (Keeper, error) {
			disks = append(disks, &stoppedDisk{free: free})
			return disks[len(disks)-1], nil
		}}).proxy
		block := bytes.Repeat([]byte("x"), 2045)
		var keeps []*keep
		for range 12 {
			k := newKeep(p, 1)
			synctest.Wait()    // its file is there
			for range 10_000 { // 20 MB
				k.write(block)
			}
			keeps = append(keeps, k)
		}
		if got := p.kept.Load(); got > maxKeptOfAll || got < maxKeptOfAll-maxKept {
			t.Errorf("%d bytes wait, want nearly %d", got, maxKeptOfAll)
		}
		close(free)
		for i, k := range keeps {
			if said := k.close(true); !strings.HasPrefix(said, "only a part of it kept as name") {
				t.Errorf("it says %s", said)
			}
			if n := len(disks[i].data); n > maxKept || disks[i].whole {
				t.Errorf("%d bytes kept, whole: %v", n, disks[i].whole)
			}
		}
		if got := p.kept.Load(); got != 0 {
			t.Errorf("%d bytes wait at the end", got)
		}
		k := newKeep(p, 1)
		k.write(block)
		if said := k.close(true); said != "kept as name" || string(disks[12].data) != string(block) {
			t.Errorf("%d bytes kept, it says %s", len(disks[12].data), said)
		}
	})
}

// TestSlowDiskDelaysNobody: what the users say after the file passes while the disk still writes
// the copy, and the note comes when that is done.
func TestSlowDiskDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &stuckDisk{free: make(chan struct{})}
		p := newPair(t, Options{KeepFile: func(int) (Keeper, error) { return k, nil }})
		p.invite()
		r, s := p.receive("bob@hotmail.com", "4242")
		s.Want("USR bob@hotmail.com 4242\r\n")
		s.Send("FIL 3\r\n")
		r.Want("FIL 3\r\n")
		s.Send("\x00\x03\x00abc")
		r.Want("\x00\x03\x00abc")
		begun := time.Now()
		r.Send("BYE 16777989\r\n")
		s.Want("BYE 16777989\r\n")
		if took := time.Since(begun); took > 0 {
			t.Errorf("BYE took %v", took)
		}
		close(k.free)
		synctest.Wait()
		time.Sleep(time.Second) // the journal has told what waits
		synctest.Wait()
		if notes := p.notes(); !strings.Contains(notes, "kept as name") {
			t.Errorf("notes: %s", notes)
		}
	})
}
