package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy"
)

// savedIn returns what --save-files keeps in a new folder, as of one fixed second, and the folder.
func savedIn(t *testing.T) (*savedFiles, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	var o proxy.Options
	if err := (&transferFlags{saveFiles: dir}).read(&o); err != nil || o.KeepFile == nil {
		t.Fatalf("--save-files: %v", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the new folder is %v (%v), want one for its owner alone", info, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s := &savedFiles{dir: dir, root: root, now: func() time.Time { return time.Unix(1e9, 0) }}
	s.left.Store(maxSaved)
	return s, dir
}

// folder returns the names in dir, with the content of each.
func folder(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s=%s", e.Name(), b))
	}
	return all
}

// TestSavedFilesStayApart: files of one connection in one second get names of their own, nothing
// that is in the folder is replaced, and a name tells whether the file is whole.
func TestSavedFilesStayApart(t *testing.T) {
	s, dir := savedIn(t)
	const name = "20010909-014640-c3"
	if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	var open []proxy.Keeper
	for i := range 3 {
		k, err := s.create(3)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(k, "new%d", i)
		open = append(open, k)
	}
	for i, k := range open {
		got, err := k.Close(i != 1)
		if want := filepath.Join(dir, name+[]string{"-2", "-3.part", "-4"}[i]); got != want || err != nil {
			t.Errorf("file %d is kept as %s (%v), want %s", i, got, err, want)
		}
	}
	want := []string{name + "=old", name + "-2=new0", name + "-3.part=new1", name + "-4=new2"}
	if got := folder(t, dir); !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
	if info, err := os.Stat(filepath.Join(dir, name+"-2")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a kept file is %v (%v), want one for its owner alone", info, err)
	}
}

// TestSavedFilesAreBounded: all files of a run share one limit, and a write that would exceed it is
// refused, whichever file it is for.
func TestSavedFilesAreBounded(t *testing.T) {
	s, dir := savedIn(t)
	s.left.Store(8)
	for i, w := range []struct {
		text string
		fits bool
	}{{"12345", true}, {"6789", false}, {"0", false}} {
		k, err := s.create(i + 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Write([]byte(w.text)); (err == nil) != w.fits {
			t.Errorf("writing %q: %v", w.text, err)
		}
		if _, err := k.Close(w.fits); err != nil {
			t.Error(err)
		}
	}
	want := []string{"20010909-014640-c1=12345", "20010909-014640-c2.part=", "20010909-014640-c3.part="}
	if got := folder(t, dir); !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

// TestSavedFilesHaveOurNames: whatever name the sender of a file gives it, a path, control bytes or
// one that is longer than a file's name may be, the kept file has a name of ours, in the folder.
func TestSavedFilesHaveOurNames(t *testing.T) {
	for _, name := range []string{
		"../../above.txt", "/etc/msnscope-test", `..\above.txt`, "a\x00b", "\x1b]0;title\x07", "CON", "-rf",
		strings.Repeat("long", 500),
	} {
		synctest.Test(t, func(t *testing.T) {
			s, dir := savedIn(t)
			note := transfer(t, s, name)
			const ours = "20010909-014640-c3"
			if got := folder(t, dir); len(got) != 1 || got[0] != ours+"=hello" {
				t.Errorf("%q: the folder has %q, want %s", name, got, ours)
			}
			if !strings.HasSuffix(note, ", kept as "+filepath.Join(dir, ours)) {
				t.Errorf("%q: the note is %q", name, note)
			}
			if beside, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(beside) != 1 {
				t.Errorf("%q: beside the folder there is %v (%v)", name, beside, err)
			}
			if strings.ContainsFunc(note, func(r rune) bool { return r < ' ' }) {
				t.Errorf("the note has control bytes: %q", note)
			}
		})
	}
}

// transfer takes a file of that name through a proxy that keeps files in s, as connection 3, and
// returns the note about it.
func transfer(t *testing.T, s *savedFiles, name string) (note string) {
	const switchboard, sender = "10.0.0.9:1863", "127.0.0.1:6891"
	var front, back memnet.Network
	notes := make(chan string, 10)
	p := proxy.New(proxy.Options{
		Upstream: switchboard, Dial: back.DialContext, KeepFile: s.create,
		Publish: func(e *session.Event) {
			if e.Kind == session.Note {
				notes <- e.Text
			}
		},
	})
	defer p.Close()
	listen := func(n *memnet.Network, addr string) func() *msntest.Peer {
		l, err := n.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if n == &front {
			go p.Serve(l)
		}
		return func() *msntest.Peer {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return msntest.NewPeer(t, c)
		}
	}
	listen(&front, "127.0.0.1:1863")
	accept, fetched := listen(&back, switchboard), listen(&back, sender)
	client := func() *msntest.Peer {
		c, err := front.DialContext(t.Context(), "tcp", "127.0.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return msntest.NewPeer(t, c)
	}
	// pass takes what one end sends to the other.
	pass := func(from, to *msntest.Peer, text string) { from.Send(text); to.Want(text) }
	enter := func(line, answer string) (c, server *msntest.Peer) {
		c = client()
		c.Send(line)
		server = accept()
		server.Want(line)
		pass(server, c, answer)
		return c, server
	}
	message := func(lines ...string) string {
		b := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n" +
			strings.Join(lines, "\r\n") + "\r\n\r\n"
		return fmt.Sprintf("%d\r\n%s", len(b), b)
	}
	alice, aliceSB := enter("USR 1 alice@hotmail.com 1.2.3\r\n", "USR 1 OK alice@hotmail.com Alice\r\n")
	pass(alice, aliceSB, "CAL 2 bob@hotmail.com\r\n")
	pass(aliceSB, alice, "CAL 2 RINGING 11\r\n")
	bob, bobSB := enter("ANS 1 bob@hotmail.com 4.5.6 11\r\n", "ANS 1 OK\r\n")
	offer := message("Application-Name: File Transfer", "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
		"Invitation-Command: INVITE", "Invitation-Cookie: 7", "Application-File: "+name, "Application-FileSize: 5")
	yes := message("Invitation-Command: ACCEPT", "Invitation-Cookie: 7")
	where := func(port string) string {
		return message("Invitation-Command: ACCEPT", "Invitation-Cookie: 7", "IP-Address: 127.0.0.1", "Port: "+port,
			"AuthCookie: 42")
	}
	pass(alice, aliceSB, "MSG 3 N "+offer)
	pass(bobSB, bob, "MSG alice@hotmail.com alice "+offer)
	pass(bob, bobSB, "MSG 2 N "+yes)
	pass(aliceSB, alice, "MSG bob@hotmail.com bob "+yes)
	alice.Send("MSG 4 N " + where("6891"))
	aliceSB.Want("MSG 4 N " + where("1863"))
	pass(bobSB, bob, "MSG alice@hotmail.com alice "+where("1863"))

	receiver := client()
	receiver.Send("VER MSNFTP\r\n")
	from := fetched()
	from.Want("VER MSNFTP\r\n")
	pass(from, receiver, "VER MSNFTP\r\n")
	pass(receiver, from, "USR bob@hotmail.com 42\r\n")
	pass(from, receiver, "FIL 5\r\n")
	pass(receiver, from, "TFR\r\n")
	pass(from, receiver, "\x00\x05\x00hello")
	return <-notes
}
