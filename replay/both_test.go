package replay

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/memnet"
)

// shipped returns the names of the shipped recordings.
func shipped(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(samples.FS, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings %s: %v", pattern, err)
	}
	return names
}

// chopped is a connection whose reads bring pieces of any size, as TCP's do.
type chopped struct {
	net.Conn
	mu     sync.Mutex
	random *rand.Rand
}

func (c *chopped) Read(p []byte) (int, error) {
	c.mu.Lock()
	most := 1 + c.random.IntN(64)
	if c.random.IntN(4) == 0 {
		most = len(p)
	}
	c.mu.Unlock()
	return c.Conn.Read(p[:min(most, len(p))])
}

func (c *chopped) CloseWrite() error { return c.Conn.(*memnet.Conn).CloseWrite() }

// choppedListener gives each connection that it takes a chance of its own.
type choppedListener struct {
	net.Listener
	seed uint64
}

func (l *choppedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.seed++
	return &chopped{Conn: c, random: rand.New(rand.NewPCG(l.seed, 1))}, nil
}

// both plays a plan against itself. It must be called in a bubble.
func both(t *testing.T, plan *Plan, seed uint64, o Options, so ServeOptions) (client, server *Result) {
	t.Helper()
	so.Once = true
	return meet(t, plan, plan, seed, o, so)
}

// against plays the clients of a plan against the servers of another one, and returns how the
// servers did. It must be called in a bubble.
func against(t *testing.T, clients, servers *Plan, o Options, so ServeOptions) *Result {
	t.Helper()
	client, _ := meet(t, clients, servers, 1, o, so)
	return client
}

// meet plays the clients of one plan to the servers of another, with segments of any size.
func meet(t *testing.T, clients, servers *Plan, seed uint64, o Options, so ServeOptions) (client, server *Result) {
	t.Helper()
	var network memnet.Network
	l, err := network.Listen("10.9.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var serving sync.WaitGroup
	so.Brief, o.Brief = true, true
	serving.Go(func() { server, _ = Serve(ctx, servers, &choppedListener{l, seed}, so) })
	o.To, o.Password = "10.9.0.1:1863", passwords
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 2))
	o.Dial = func(ctx context.Context, kind, addr string) (net.Conn, error) {
		c, err := network.DialContext(ctx, kind, addr)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		return &chopped{Conn: c, random: rand.New(rand.NewPCG(random.Uint64(), 3))}, nil
	}
	if client, err = Run(ctx, clients, o); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !so.Once {
		cancel()
	}
	serving.Wait()
	return client, server
}

// TestBoth plays each shipped recording against itself: its clients meet its servers.
func TestBoth(t *testing.T) {
	for _, name := range append(shipped(t, "*.pcapng"), shipped(t, "clients/*.pcap")...) {
		t.Run(name, func(t *testing.T) {
			plan, err := NewPlan(capturestest.Samples(t, name))
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(3) {
				synctest.Test(t, func(t *testing.T) {
					client, server := both(t, plan, seed, Options{}, ServeOptions{})
					if client.Verdict() != Same {
						t.Errorf("seed %d: the clients:\n%s", seed, troubles(client))
					}
					if server.Verdict() != Same {
						t.Errorf("seed %d: the servers:\n%s", seed, troubles(server))
					}
				})
			}
		})
	}
}

// TestKilledClients: where a client half-closes and then closes, only the former shows, and the
// news that it is gone comes all the same.
func TestKilledClients(t *testing.T) {
	plan, err := NewPlan(record(t, `
		1 open 10.0.0.5:1863
		1 C USR 1 MD5 I bob@hotmail.com
		1 S USR 1 MD5 S 1.2
		2 open 10.0.0.5:1863
		2 C USR 1 MD5 I alice@hotmail.com
		2 S USR 1 MD5 S 1.1
		1 C CHG 2 NLN
		1 S CHG 2 NLN
		2 S NLN NLN bob@hotmail.com Bob
		1 shut client
		1 close client
		2 S FLN bob@hotmail.com
		2 C PNG
		2 S QNG
	`))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		client, server := both(t, plan, 1, Options{}, ServeOptions{})
		if client.Verdict() != Same || server.Verdict() != Same {
			t.Errorf("the clients:\n%s\nthe servers:\n%s", troubles(client), troubles(server))
		}
	})
}
