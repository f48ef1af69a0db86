package proxy

import (
	"bytes"
	"io"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// sessions returns what clients and what servers said in the shipped captures, the longest of each
// first as in the files.
func sessions(t testing.TB) (clients, servers [][]byte) {
	for _, s := range msntest.Streams(t) {
		if s.FromClient {
			clients = append(clients, s.Data)
		} else {
			servers = append(servers, s.Data)
		}
	}
	return clients, servers
}

// FuzzSplit plays what a client and what a server said in captures through the proxy, cut and
// delayed as the fuzzer likes: what leaves is what came in, addresses aside, and the events have
// every byte once.
func FuzzSplit(f *testing.F) {
	clients, servers := sessions(f)
	for i := range max(len(clients), len(servers)) {
		f.Add(uint8(i), uint8(i), []byte{255})
		f.Add(uint8(i), uint8(i+1), []byte{0, 1, 2, 40, 255, 7, 130})
	}
	f.Fuzz(func(t *testing.T, client, server uint8, cuts []byte) {
		i := 0
		carry(t, clients[int(client)%len(clients)], servers[int(server)%len(servers)], func() int {
			if len(cuts) == 0 {
				return 1000
			}
			i++
			return int(cuts[i%len(cuts)])
		})
	})
}

// TestSplitCoalesceReorder is the same with cuts from a generator of properties.
func TestSplitCoalesceReorder(t *testing.T) {
	clients, servers := sessions(t)
	rapid.Check(t, func(rt *rapid.T) {
		client := rapid.SampledFrom(clients).Draw(rt, "client")
		server := rapid.SampledFrom(servers).Draw(rt, "server")
		cuts := rapid.SliceOfN(rapid.IntRange(0, 260), 1, 50).Draw(rt, "cuts")
		i := 0
		carry(t, client, server, func() int {
			i++
			return cuts[i%len(cuts)]
		})
	})
}

var (
	address  = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+(:\d+)?`)
	referred = regexp.MustCompile(`(?m)^(XFR|RNG) .*$`)
)

// rewritten is what a client should get: the proxy's address in each referral. No message in the
// captures has a line that looks like one.
func rewritten(said []byte) []byte {
	return referred.ReplaceAllFunc(said, func(line []byte) []byte {
		done := false
		return address.ReplaceAllFunc(line, func(a []byte) []byte {
			if done { // the cookie
				return a
			}
			done = true
			return []byte(proxyAddr)
		})
	})
}

// carry plays both sides at once. cut says how many bytes the next segment has; 0 is one, after
// enough time for an unfinished command to go on, and one of 250 or more is not waited for.
func carry(t *testing.T, said, answered []byte, cut func() int) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: sbAddr})
		client := l.client(proxyAddr)
		var server *msntest.Peer
		heard, got := make(chan []byte, 1), make(chan []byte, 1)
		read := func(c io.Reader, all chan<- []byte) {
			b, _ := io.ReadAll(c) // a reset shows in what is missing
			all <- b
		}
		go read(client.Conn, got)
		for in, back := said, answered; len(in) > 0 || server != nil && len(back) > 0; {
			n := cut()
			if n == 0 {
				time.Sleep(2 * holdTime)
				n = 1
			}
			switch {
			case len(in) > 0 && (n%2 == 0 || server == nil || len(back) == 0):
				n = min(n, len(in))
				client.Send(string(in[:n]))
				in = in[n:]
			default:
				n = min(n, len(back))
				server.Send(string(back[:n]))
				back = back[n:]
			}
			if n < 250 {
				synctest.Wait()
			}
			if server == nil && (len(in) == 0 || bytes.IndexByte(said[:len(said)-len(in)], '\n') >= 0) {
				if len(in) == 0 {
					half(client)
				}
				server = l.server(sbAddr)
				go read(server.Conn, heard)
			}
		}
		half(client)
		half(server)
		if b := <-heard; !bytes.Equal(b, said) {
			t.Errorf("the server heard %d bytes, the client said %d; they differ at %d", len(b), len(said),
				differAt(b, said))
		}
		if b, want := <-got, rewritten(answered); !bytes.Equal(b, want) {
			i := differAt(b, want)
			t.Errorf("the client got %d bytes, want %d; at %d: %.60q, want %.60q", len(b), len(want), i, b[i:],
				want[i:])
		}
		time.Sleep(time.Minute)
		checkEvents(t, l.all(), said, answered)
	})
}

func half(p *msntest.Peer) { p.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func differAt(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// checkEvents wants every byte once, in order, and commands cut where they are cut when everything
// comes at once.
func checkEvents(t *testing.T, events []*session.Event, said, answered []byte) {
	t.Helper()
	for dir, all := range map[decode.Dir][]byte{decode.FromClient: said, decode.FromServer: answered} {
		var joined []byte
		n := 0
		for _, e := range events {
			if e.Kind == session.Command && e.Dir == dir {
				joined = append(joined, e.In.Raw...)
				n++
			}
		}
		if !bytes.Equal(joined, all) {
			t.Errorf("the events of %s have %d bytes, want %d; they differ at %d", dir, len(joined), len(all),
				differAt(joined, all))
		}
		r := decode.NewReader(dir, dialect.MSNP2)
		r.Feed(all)
		var m decode.Message
		whole := 0
		for r.Next(&m) || r.Flush(&m) {
			whole++
		}
		if n < whole*9/10 { // another dialect may frame a little differently
			t.Errorf("%d events of %s, %d commands", n, dir, whole)
		}
	}
	for i, e := range events {
		if e.N != uint64(i+1) || e.ReplyTo >= e.N {
			t.Errorf("event %d has the number %d and answers %d", i+1, e.N, e.ReplyTo)
		}
	}
}
