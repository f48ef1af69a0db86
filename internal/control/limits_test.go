package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
)

func typeOf(v any) reflect.Type { return reflect.TypeOf(v) }

// megabyte returns event n, a MSG of 1 MB.
func megabyte(n int) *session.Event {
	raw := append(fmt.Appendf(nil, "MSG %d N 1000000\r\n", n), strings.Repeat("x", 1_000_000)...)
	table := session.Table("MSNP2")
	return &session.Event{
		N: uint64(n), Time: time.Unix(int64(n), 0), Conn: 1, Dir: decode.FromClient,
		In: decode.Parse(raw, decode.FromClient, table.At(0)),
	}
}

// heap returns how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestStalledFollowers: 63 callers follow and read nothing while 60 messages of 1 MB pass. What is
// held for them is bounded; they delay neither the events nor another follower, and one that reads
// in the end learns what it missed.
func TestStalledFollowers(t *testing.T) {
	const messages = 60
	s := newStage(t)
	before := heap()
	var stalled []net.Conn
	for range maxStreams - 1 {
		stalled = append(stalled, s.open(secret, "/v1/events?follow=true"))
	}
	reading := s.open(secret, "/v1/events?follow=true")
	streams := func() int {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		return s.server.streams
	}
	await(t, "all to follow", func() bool { return streams() == maxStreams })
	s.want(503, "callers read events already", "GET", "/v1/events", "")
	var seen atomic.Int64 // the number of the latest event
	go func() {
		resp, err := http.ReadResponse(bufio.NewReader(reading), nil)
		for lines := bufio.NewReaderSize(resp.Body, 2<<20); err == nil; {
			var line []byte
			if line, err = lines.ReadSlice('\n'); err == nil {
				n, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte(`{"n":`)), []byte(","))
				number, _ := strconv.Atoi(string(n))
				seen.Store(int64(number))
			}
		}
	}()
	slowest := time.Duration(0)
	for i := range messages {
		began := time.Now()
		s.log.Append(megabyte(i + 1))
		slowest = max(slowest, time.Since(began))
		if i%10 < 9 {
			continue
		}
		await(t, "the event at the follower that reads", func() bool { return int(seen.Load()) == i+1 })
	}
	if slowest > 2*time.Second {
		t.Errorf("an event was delayed by %s", slowest)
	}
	held := heap() - before
	t.Logf("63 stalled followers hold %d MB, the slowest of %d events took %s", held>>20, messages, slowest)
	if limit := int64(maxStreams*ownRoom + maxRoom); held > limit {
		t.Errorf("they hold %d MB, want at most %d", held>>20, limit>>20)
	}
	resp, err := http.ReadResponse(bufio.NewReader(stalled[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReaderSize(resp.Body, 4<<20)
	var last struct {
		N           int
		Event, Text string
	}
	for last.Event != "gap" {
		line, err := lines.ReadBytes('\n')
		if err != nil || json.Unmarshal(line, &last) != nil {
			t.Fatalf("no gap came after event %d: %v", last.N, err)
		}
	}
	if !strings.Contains(last.Text, "the reader was too slow") {
		t.Errorf("the gap says %q", last.Text)
	}
	s.log.Append(note(messages+1, 1))
	if line, err := lines.ReadBytes('\n'); err != nil || json.Unmarshal(line, &last) != nil || last.N != messages+1 {
		t.Errorf("after the gap comes event %d (%v), want %d", last.N, err, messages+1)
	}
}

// TestHeldAnswersAreBounded: memory is bounded when callers ask for 1 MB of held commands and read
// nothing of the answer, and other callers still get theirs.
func TestHeldAnswersAreBounded(t *testing.T) {
	const callers = 10
	s := newStage(t)
	s.want(200, "", "PUT", "/v1/intercept", `{"expr":"MSG"}`)
	raw := append([]byte("MSG 1 N 1000000\r\n"), strings.Repeat("x", 1_000_000)...)
	s.say(string(raw))
	await(t, "the message to be held", func() bool { return len(s.controls.Held()) == 1 })
	before := heap()
	for range callers {
		s.open(secret, "/v1/held")
	}
	var held int64
	await(t, "the answers to be made", func() bool { held = max(held, heap()-before); return held > callers<<20 })
	t.Logf("%d callers hold %d MB", callers, held>>20)
	if held > callers*ownRoom+maxRoom {
		t.Errorf("%d callers hold %d MB, want at most %d", callers, held>>20, (callers*ownRoom+maxRoom)>>20)
	}
	if c, err := Dial(t.Context(), s.socket, secret); err != nil {
		t.Errorf("another caller: %v", err)
	} else {
		if held := c.Held(); len(held) != 1 || len(held[0].Event.In.Raw) != len(raw) {
			t.Errorf("another caller sees %d held commands", len(held))
		}
		c.Close()
	}
	s.controls.ReleaseAll()
}

// TestStrangers: 400 connections without the token, which send nothing, keep out nobody who has it,
// and only 32 of them stay open.
func TestStrangers(t *testing.T) {
	s := newStage(t)
	var all []net.Conn
	for range 400 {
		all = append(all, s.open("", ""))
	}
	s.want(200, "", "GET", "/v1/stats", "")
	closed := 0
	for _, c := range all {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			closed++
		}
	}
	if closed < 400-door.MaxStrangers {
		t.Errorf("%d of 400 were closed, want all but %d", closed, door.MaxStrangers)
	}
}

// TestCrowd: a caller with the token is answered at once, although 400 others, who reconnect
// whenever they are closed, have sent half a request header before it.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		bubble(t, l)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for range 400 {
			go func() {
				for ctx.Err() == nil {
					c, err := network.DialContext(ctx, "tcp", "127.0.0.1:1")
					if err != nil {
						return
					}
					io.WriteString(c, "GET /v1/stats HTTP/1.1\r\nHost: m")
					_, _ = io.Copy(io.Discard, c) // until it is hung up
					c.Close()
				}
			}()
		}
		time.Sleep(10 * time.Second)
		began := time.Now()
		c, err := network.DialContext(ctx, "tcp", "127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET /v1/stats HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer "+secret+"\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if took := time.Since(began); err != nil || resp.StatusCode != http.StatusOK || took > time.Second {
			t.Errorf("the answer is %v (%v), after %s", resp, err, took)
		}
	})
}

// TestCallers: connections with the token have a limit too, and one beyond it is told so.
func TestCallers(t *testing.T) {
	s := newStage(t)
	for range door.MaxCallers {
		c := s.open(secret, "/v1/stats")
		if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
	}
	s.want(503, "96 connections are open", "GET", "/v1/stats", "")
}

// bubble serves the API in memory, where time passes when all goroutines wait, and returns how to
// connect, what the server logs, and the stalled streams.
func bubble(t *testing.T, l net.Listener) (log *eventlog.Log, said *msntest.Transcript, stalled *atomic.Int64) {
	log, said, stalled = eventlog.New(eventlog.Options{Dir: t.TempDir()}), new(msntest.Transcript), &atomic.Int64{}
	p := proxy.New(proxy.Options{Upstream: "10.0.0.5:1863", Publish: log.Append})
	server := NewServer(Options{
		Log: log, Proxy: p, Controls: intercept.NewControls(p, intercept.ControlsOptions{}), Token: secret,
		Logger:  said.Logger(),
		Stalled: func(error) { stalled.Add(1) },
	})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		<-served
		server.reading.Wait()
		p.Close()
		log.Close()
	})
	return log, said, stalled
}

// TestDeadlines: a connection that sends nothing, half a request or half a body, or has nothing
// more to send, is closed in time; a stream stays open.
func TestDeadlines(t *testing.T) {
	const length = "Content-Length: 100\r\n\r\n"
	put, get := "PUT /v1/intercept HTTP/1.1\r\nHost: msnscope\r\n", "GET /v1/stats HTTP/1.1\r\nHost: msnscope\r\n"
	token := "Authorization: Bearer " + secret + "\r\n"
	for _, tc := range []struct {
		name, says string
		answer     string // prefix of the answer
		after      time.Duration
	}{
		{"nothing", "", "", door.CallerTime},
		{"half of a head", "GET /v1/st", "", door.CallerTime},
		{"no body", put + token + length, "HTTP/1.1 400", door.CallerTime},
		{"half of a body", put + token + length + "{", "HTTP/1.1 400", door.CallerTime},
		{"no body, without the token", put + length, "HTTP/1.1 401", door.CallerTime},
		{"nothing more", get + token + "\r\n", "HTTP/1.1 200", door.IdleTime},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var network memnet.Network
				l, err := network.Listen("127.0.0.1:1")
				if err != nil {
					t.Fatal(err)
				}
				bubble(t, l)
				c, err := network.DialContext(t.Context(), "tcp", "127.0.0.1:1")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				began := time.Now()
				io.WriteString(c, tc.says)
				answer, _ := io.ReadAll(c) // reads until the server hangs up
				took := time.Since(began)
				if took > tc.after+time.Second || !strings.HasPrefix(string(answer), tc.answer) {
					t.Errorf("after %s it hangs up and says %.60q, want %s and %q", took, answer, tc.after, tc.answer)
				}
			})
		})
	}
}

// TestStalledStream: a stream whose reader reads nothing for half a minute is ended, and that is
// reported; one with nothing to send goes on for ever.
func TestStalledStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		log, _, stalled := bubble(t, l)
		c, err := network.DialContext(t.Context(), "tcp", "127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c,
			"GET /v1/events?follow=true HTTP/1.1\r\nHost: msnscope\r\nAuthorization: Bearer "+secret+"\r\n\r\n")
		time.Sleep(time.Hour)
		log.Append(note(1, 10))
		lines := bufio.NewReader(c)
		for line := ""; !strings.Contains(line, `"event":"note"`); {
			if line, err = lines.ReadString('\n'); err != nil {
				t.Fatalf("the stream ended in an hour without events: %v", err)
			}
		}
		for i := range 100 {
			log.Append(note(i+2, 100_000))
		}
		time.Sleep(door.StallTime - time.Second)
		if n := stalled.Load(); n != 0 {
			t.Errorf("%d streams ended before their time", n)
		}
		time.Sleep(2 * time.Second)
		if n := stalled.Load(); n != 1 {
			t.Errorf("%d streams ended, want the one whose reader takes nothing", n)
		}
	})
}

// failing is a listener that is out of descriptors for a moment.
type failing struct {
	net.Listener
	times int
}

type full struct{ error }

func (full) Temporary() bool { return true }
func (full) Timeout() bool   { return false }

func (f *failing) Accept() (net.Conn, error) {
	if f.times > 0 {
		f.times--
		return nil, full{errors.New("too many open files")}
	}
	return f.Listener.Accept()
}

// TestHTTPErrorsGoToTheLogger: errors of net/http's server go to the logger.
func TestHTTPErrorsGoToTheLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		_, said, _ := bubble(t, &failing{l, 1})
		time.Sleep(time.Second)
		if got := said.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "too many open files") {
			t.Errorf("it says %q", got)
		}
	})
}
