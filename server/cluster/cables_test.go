package cluster

import (
	"net"
	"sync"
	"testing"
	"time"
)

// cables are the connections between nodes. They can be cut like a cable: what is sent is lost, and
// neither end is told.
type cables struct {
	mu     sync.Mutex
	cut    map[[2]int]bool
	conns  map[[2]int][]net.Conn
	healed sync.Cond
	done   bool
	late   func() time.Duration // how long bytes are under way; nil for no time
	run    sync.WaitGroup
}

// wire puts a cable between each two of the nodes that the options are for.
func wire(t testing.TB, all []Options) *cables {
	t.Helper()
	c := &cables{cut: map[[2]int]bool{}, conns: map[[2]int][]net.Conn{}}
	c.healed.L = &c.mu
	var listeners []net.Listener
	for i := range all {
		routes := make([]string, len(all))
		for k := range all {
			if routes[k] = all[i].Listen; i == k {
				continue
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			listeners = append(listeners, l)
			routes[k] = l.Addr().String()
			to := all[k].Listen
			c.run.Go(func() { c.accept(l, pair(i, k), to) })
		}
		all[i].Routes = routes
		all[i].advertise = "127.0.0.1:1" // nodes pass on each other's addresses, and would go past the cables
	}
	t.Cleanup(func() {
		c.mu.Lock()
		c.done = true
		c.mu.Unlock()
		c.set(nil)
		for _, l := range listeners {
			l.Close()
		}
		c.run.Wait()
	})
	return c
}

func pair(i, k int) [2]int { return [2]int{min(i, k), max(i, k)} }

func (c *cables) accept(l net.Listener, p [2]int, to string) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			near.Close()
			continue
		}
		c.mu.Lock()
		c.conns[p] = append(c.conns[p], near, far)
		ended := c.done
		c.mu.Unlock()
		if ended {
			near.Close()
			far.Close()
		}
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			c.run.Go(func() { c.carry(way[0], way[1], p) })
		}
	}
}

// carry takes bytes from one end to the other. A cable that is cut holds them, and the connection
// ends when it is mended.
func (c *cables) carry(from, to net.Conn, p [2]int) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if c.late != nil && err == nil {
			<-time.After(c.late())
		}
		if !c.whole(p) || err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// whole reports whether a cable is not cut. If it is, whole waits until it is mended.
func (c *cables) whole(p [2]int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cut[p] {
		return true
	}
	for c.cut[p] {
		c.healed.Wait()
	}
	return false
}

// set cuts these cables and mends all others. What was under way on those that were cut is lost.
func (c *cables) set(cut map[[2]int]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.cut {
		if !cut[p] {
			for _, conn := range c.conns[p] {
				conn.Close()
			}
			delete(c.conns, p)
		}
	}
	if c.done {
		for _, all := range c.conns {
			for _, conn := range all {
				conn.Close()
			}
		}
	}
	c.cut = cut
	c.healed.Broadcast()
}

// cutOff cuts a node off from all others.
func (c *cables) cutOff(i, nodes int) {
	cut := map[[2]int]bool{}
	for k := range nodes {
		if k != i {
			cut[pair(i, k)] = true
		}
	}
	c.set(cut)
}
