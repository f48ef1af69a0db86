package cluster

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// benchHubs calls f with a hub in memory, and with three nodes.
func benchHubs(b *testing.B, f func(b *testing.B, hubs []server.Hub)) {
	b.Run("memory", func(b *testing.B) {
		h := server.NewHub()
		f(b, []server.Hub{h, h, h})
	})
	b.Run("nodes=3", func(b *testing.B) {
		var all []server.Hub
		for _, h := range openHubs(b, 3, accounts.Defaults()) {
			all = append(all, h)
		}
		f(b, all)
	})
}

// counter is a connection that counts its notices.
type counter struct{ wait *sync.WaitGroup }

func (c counter) Notify(server.Notice) bool {
	c.wait.Done()
	return true
}

// silent is a connection that forgets its notices. It has a field, so that no two are the same.
type silent struct{ _ byte }

func (*silent) Notify(server.Notice) bool { return true }

// BenchmarkLogons: 64 users log on and off at a time, each on one of three nodes.
func BenchmarkLogons(b *testing.B) {
	benchHubs(b, func(b *testing.B, hubs []server.Hub) {
		var turn sync.Mutex
		next := 0
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			turn.Lock()
			me := next
			next++
			turn.Unlock()
			h, r := hubs[me%3], &silent{}
			p := server.Presence{Handle: fmt.Sprintf("user%d@hotmail.com", me), Name: "x", State: "FLN"}
			for pb.Next() {
				if _, err := h.Enter(b.Context(), p, r, false); err != nil {
					b.Error(err)
				}
				if _, err := h.Update(b.Context(), server.Presence{Handle: p.Handle}, r); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkWatchers: a change of state is announced to 600 watchers on three nodes, until the last
// has heard of it.
func BenchmarkWatchers(b *testing.B) {
	benchHubs(b, func(b *testing.B, hubs []server.Hub) {
		var wait sync.WaitGroup
		var to []string
		for i := range 600 {
			p := server.Presence{Handle: fmt.Sprintf("watcher%d@hotmail.com", i), Name: "x", State: "NLN"}
			if _, err := hubs[i%3].Enter(b.Context(), p, counter{&wait}, false); err != nil {
				b.Fatal(err)
			}
			to = append(to, p.Handle)
		}
		p, r := server.Presence{Handle: "alice@hotmail.com", Name: "x", State: "NLN"}, &silent{}
		if _, err := hubs[0].Enter(b.Context(), p, r, false); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			wait.Add(len(to))
			if _, err := hubs[0].Update(b.Context(), p, r); err != nil {
				b.Fatal(err)
			}
			if err := hubs[0].Announce(b.Context(), p.Handle, to); err != nil {
				b.Fatal(err)
			}
			wait.Wait()
		}
	})
}

// BenchmarkUsers measures the memory of a user who is logged on: for three nodes, what all three
// hold, NATS included.
func BenchmarkUsers(b *testing.B) {
	benchHubs(b, func(b *testing.B, hubs []server.Hub) {
		const users = 3000
		heap := func() uint64 {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := heap()
		var wait sync.WaitGroup
		for k := range 30 {
			wait.Go(func() {
				for i := k; i < users; i += 30 {
					p := server.Presence{Handle: fmt.Sprintf("user%d@hotmail.com", i), Name: "name", State: "NLN"}
					if _, err := hubs[i%3].Enter(b.Context(), p, &silent{}, false); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wait.Wait()
		held := float64(heap()-before) / users
		for b.Loop() {
			runtime.KeepAlive(hubs)
		}
		b.ReportMetric(held, "B/user")
	})
}
