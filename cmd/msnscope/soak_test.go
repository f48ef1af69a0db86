package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/demo"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server"
)

// replayRuns is how often TestReplayHasNoFalseAlarm plays a recording: 1,000 runs take minutes.
func replayRuns(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("MSNSCOPE_REPLAY_RUNS"))
	if err != nil {
		n = 30
	}
	if testing.Short() {
		n = min(n, 30)
	}
	return n
}

// TestReplayHasNoFalseAlarm plays all shipped sessions, and recordings of demos made here, against
// the embedded server, and as server and clients to each other: in lockstep, with the pauses of the
// recording, and a hundred times as fast, with segments of any size. Nothing differs.
func TestReplayHasNoFalseAlarm(t *testing.T) {
	runs := replayRuns(t)
	var logs []*eventlog.Log
	var names []string
	for _, name := range shipped(t) {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		if err := captures.NewLoader(log).Load(t.Context(), filepath.Join(capturesDir, name), nil); err != nil {
			t.Fatal(err)
		}
		logs, names = append(logs, log), append(names, name)
	}
	for i := range min(30, runs/10) {
		logs, names = append(logs, recordDemo(t, uint64(i))), append(names, fmt.Sprintf("demo %d", i))
	}
	for run := range runs {
		i := run % len(logs)
		plan, err := replay.NewPlan(logs[i])
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
		// Each recording gets each timing in turn.
		speed := timings[(run+run/len(logs))%len(timings)]
		inTime(t, speed, func(t *testing.T) {
			if r := againstEmbedded(t, plan, uint64(run), speed); r.Verdict() != replay.Same {
				t.Errorf("run %d, %s, x%v, against the embedded server:\n%s", run, names[i], speed, wrongs(r))
			}
			if r := againstItself(t, plan, uint64(run), speed); r.Verdict() != replay.Same {
				t.Errorf("run %d, %s, x%v, against itself:\n%s", run, names[i], speed, wrongs(r))
			}
		})
	}
}

// timings are how the recordings are played in turn: 0 is lockstep.
var timings = []float64{0, 1, 100}

// inTime calls play, in fake time except for the timing that is short enough for real time.
func inTime(t *testing.T, speed float64, play func(*testing.T)) {
	t.Helper()
	if speed <= 1 {
		synctest.Test(t, play)
		return
	}
	play(t)
}

// late is what the replay takes for late: the default in fake time, in which no machine is too
// busy.
func late(speed float64) time.Duration {
	if speed <= 1 {
		return 0
	}
	return time.Minute
}

// wrongs returns the first outcomes that are not as recorded, one a line.
func wrongs(r *replay.Result) string {
	var b strings.Builder
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; !o.Good() && strings.Count(b.String(), "\n") < 10 {
			b.Write(replay.AppendLine(nil, o, replay.TextOptions{ASCII: true}))
		}
	}
	return b.String()
}

// recordDemo plays a demo at a fiftieth of its pauses through a proxy, until it has everybody leave
// at once, and returns what the proxy saw.
func recordDemo(t *testing.T, seed uint64) *eventlog.Log {
	t.Helper()
	srv := server.New(server.Options{})
	defer srv.Close()
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	var mu sync.Mutex
	var front memnet.Network
	p := proxy.New(proxy.Options{
		Upstream: "127.0.0.2:1863", Dial: srv.Dial,
		Publish: func(e *session.Event) {
			mu.Lock()
			defer mu.Unlock()
			log.Append(e)
		},
		Listen: func(_, a string) (net.Listener, error) { return front.Listen(a) },
	})
	l, err := front.Listen("127.0.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = p.Serve(l) })
	random := rand.New(rand.NewPCG(seed, 9))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second+time.Duration(random.IntN(2000))*time.Millisecond)
	defer cancel()
	o := demo.Options{Server: "127.0.0.1:1863", Dial: front.DialContext, Pace: 0.02, Seed: seed}
	if err := demo.Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	p.Close()
	serving.Wait()
	return log
}

// sliced is a connection whose reads bring pieces of any size.
type sliced struct {
	net.Conn
	mu     sync.Mutex
	random *rand.Rand
}

func (c *sliced) Read(p []byte) (int, error) {
	c.mu.Lock()
	most := 1 + c.random.IntN(80)
	c.mu.Unlock()
	return c.Conn.Read(p[:min(most, len(p))])
}

func (c *sliced) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// slicedListener gives each connection that it takes a chance of its own.
type slicedListener struct {
	net.Listener
	seed uint64
}

func (l *slicedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.seed++
	return &sliced{Conn: c, random: rand.New(rand.NewPCG(l.seed, 6))}, nil
}

// slicing returns a dial function whose connections are sliced.
func slicing(
	dial func(context.Context, string, string) (net.Conn, error), seed uint64,
) func(context.Context, string, string) (net.Conn, error) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 7))
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		return &sliced{Conn: c, random: rand.New(rand.NewPCG(random.Uint64(), 8))}, nil
	}
}

// againstEmbedded plays the clients against an embedded server.
func againstEmbedded(t *testing.T, plan *replay.Plan, seed uint64, speed float64) *replay.Result {
	t.Helper()
	f := replayFlags{known: map[string]string{}}
	f.preset, f.notifications = "lenient", 1
	srv, err := f.stage(slog.New(slog.DiscardHandler), plan, f.known)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	r, err := replay.Run(t.Context(), plan, replay.Options{
		To: srv.entry, Dial: slicing(srv.Dial, seed), Do: srv.do, Brief: true, Timeout: 20 * time.Second,
		Speed: speed, Late: late(speed),
		Password: func(h string) (string, bool) { p, ok := f.known[strings.ToLower(h)]; return p, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// againstItself plays the clients to the servers of the same recording, both in the same timing.
func againstItself(t *testing.T, plan *replay.Plan, seed uint64, speed float64) *replay.Result {
	t.Helper()
	var network memnet.Network
	l, err := network.Listen(selfAddress)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var served *replay.Result
	var serving sync.WaitGroup
	so := replay.ServeOptions{Once: true, Brief: true, Speed: speed}
	serving.Go(func() { served, _ = replay.Serve(ctx, plan, &slicedListener{l, seed}, so) })
	r, err := replay.Run(ctx, plan, replay.Options{
		To: selfAddress, Dial: slicing(network.DialContext, seed), Brief: true, Timeout: 20 * time.Second,
		Speed: speed, Late: late(speed),
		Password: func(string) (string, bool) { return "any", true },
	})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	serving.Wait()
	r.Join(served)
	return r
}

// TestClientsReplay: each recording of a real client is the same against its own server, and
// differs against the embedded server in what is listed beside it, each with its reason.
func TestClientsReplay(t *testing.T) {
	names, err := fs.Glob(samples.FS, "clients/*.pcap")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d recordings of clients (%v), want 5", len(names), err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			log := eventlog.New(eventlog.Options{})
			defer log.Close()
			path := filepath.Join(capturesDir, name)
			if err := captures.NewLoader(log).Load(t.Context(), path, nil); err != nil {
				t.Fatal(err)
			}
			plan, err := replay.NewPlan(log)
			if err != nil {
				t.Fatal(err)
			}
			if r := againstItself(t, plan, 0, 0); r.Verdict() != replay.Same {
				t.Errorf("against itself:\n%s", wrongs(r))
			}
			var got []string
			r := againstEmbedded(t, plan, 0, 0)
			for i := range r.Outcomes {
				if o := &r.Outcomes[i]; !o.Good() {
					number := "-"
					if o.N > 0 {
						number = fmt.Sprintf("#%d", o.N)
					}
					verb, _, _ := strings.Cut(o.Command, " ")
					got = append(got, fmt.Sprintf("%s %s %s", number, o.Verdict, verb))
				}
			}
			want := listedDifferences(t, strings.TrimSuffix(path, ".pcap")+".differences")
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("differences %q, want %q", got, want)
			}
		})
	}
}

// listedDifferences returns the differences in a file, sorted; none if there is no file.
func listedDifferences(t *testing.T, path string) (all []string) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 4 {
			t.Errorf("%s: %q has no reason", path, line)
			continue
		}
		all = append(all, strings.Join(words[:3], " "))
	}
	slices.Sort(all)
	return all
}

// TestOtherServers: a recording of the embedded server in one preset, played against it in another
// one, names what that does otherwise and nothing else.
func TestOtherServers(t *testing.T) {
	for _, tc := range []struct {
		preset string
		want   []string
	}{
		{"lenient", nil},
		{"draft", []string{"unexpected JOI bob@hotmail.com bob"}},
		{"observed", []string{
			"missing OUT", "missing OUT", "unexpected MSG Hotmail Hotmail 95", "unexpected MSG Hotmail Hotmail 95",
		}},
	} {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		path := filepath.Join(capturesDir, "conversation.pcapng")
		if err := captures.NewLoader(log).Load(t.Context(), path, nil); err != nil {
			t.Fatal(err)
		}
		plan, err := replay.NewPlan(log)
		if err != nil {
			t.Fatal(err)
		}
		f := replayFlags{known: map[string]string{}}
		f.preset, f.notifications = tc.preset, 1
		srv, err := f.stage(slog.New(slog.DiscardHandler), plan, f.known)
		if err != nil {
			t.Fatal(err)
		}
		r, err := replay.Run(t.Context(), plan, replay.Options{
			To: srv.entry, Dial: srv.Dial, Do: srv.do, Brief: true,
			Password: func(h string) (string, bool) { p, ok := f.known[strings.ToLower(h)]; return p, ok },
		})
		srv.Close()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range r.Outcomes {
			if o := &r.Outcomes[i]; !o.Good() {
				got = append(got, string(o.Verdict)+" "+o.Command)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.preset, got, tc.want)
		}
	}
}
