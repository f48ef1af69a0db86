package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
)

// TestRecordedWithinASecond: whatever passed the proxy a second ago is in the file that another
// process sees, whether a command is the last one for a long time or others follow at any pace.
// What is in the file stays there when the process is killed: TestKilled.
func TestRecordedWithinASecond(t *testing.T) {
	for _, pace := range []time.Duration{0, time.Millisecond, 90 * time.Millisecond, 700 * time.Millisecond} {
		t.Run(pace.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events := bus.New((*session.Event).Size)
				path := filepath.Join(t.TempDir(), "live.pcapng")
				rec, err := record(events, recordFlags{write: path}, nil,
					&outlets{log: slog.New(slog.DiscardHandler)}, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				say, end := throughProxy(t, events.Publish)
				defer func() {
					end()
					if err := rec.close(time.Now()); err != nil {
						t.Error(err)
					}
				}()
				said := 0
				for began := time.Now(); time.Since(began) < 1500*time.Millisecond; time.Sleep(pace) {
					say(fmt.Sprintf("CHG %d NLN\r\n", said))
					if said++; pace == 0 {
						break
					}
				}
				past := 0 // said a second ago, but for rounding
				if pace > 0 {
					past = int(500*time.Millisecond/pace) - 1
				}
				if n := onDisk(t, path); n < past {
					t.Errorf("of %d commands that are a second old the file has %d", past, n)
				}
				time.Sleep(time.Second)
				if n := onDisk(t, path); n != said {
					t.Errorf("a second after the last of %d commands the file has %d", said, n)
				}
			})
		})
	}
}

// onDisk returns how many CHG a recording has that is being written.
func onDisk(t *testing.T, path string) (n int) {
	t.Helper()
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	if err := captures.NewLoader(log).Load(t.Context(), path, nil); err != nil && !errors.Is(err, captures.ErrNoMSN) {
		t.Error(err)
	}
	for i := range log.Len() {
		if e := log.At(i); e.Kind == session.Command && e.In.Verb.String() == "CHG" {
			n++
		}
	}
	return n
}

// throughProxy connects a client through a proxy to a server that only listens; say sends a line
// and returns when the server has it.
func throughProxy(t *testing.T, publish func(*session.Event)) (say func(line string), end func()) {
	var front, back memnet.Network
	p := proxy.New(proxy.Options{
		Upstream: "10.0.0.5:1863", Dial: back.DialContext, Publish: publish,
		Role: func(string) dialect.Role { return dialect.NS },
	})
	servers, err := back.Listen("10.0.0.5:1863")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := front.Listen("127.0.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	go p.Serve(clients)
	client, err := front.DialContext(t.Context(), "tcp", "127.0.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(client, "VER 0 MSNP2\r\n")
	server, err := servers.Accept()
	if err != nil {
		t.Fatal(err)
	}
	heard := bufio.NewReader(server)
	hear := func(want string) {
		if got, err := heard.ReadString('\n'); got != want {
			t.Fatalf("the server heard %q (%v), want %q", got, err, want)
		}
	}
	hear("VER 0 MSNP2\r\n")
	say = func(line string) {
		io.WriteString(client, line)
		hear(line)
	}
	return say, func() {
		client.Close()
		server.Close()
		servers.Close()
		p.Close()
	}
}
