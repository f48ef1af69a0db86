package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// onTCP returns a server on sockets of the loopback network, closed at the end.
func onTCP(b testing.TB, o Options) *Server {
	b.Helper()
	var ls [3]net.Listener
	for i := range ls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		ls[i] = l
	}
	at := func(i int) string { return ls[i].Addr().String() }
	o.Dispatch, o.Notification, o.Switchboard = at(0), []string{at(1)}, at(2)
	s := New(o)
	var serving sync.WaitGroup
	for i, role := range []dialect.Role{dialect.DS, dialect.NS, dialect.SB} {
		serving.Go(func() { _ = s.Serve(role, ls[i]) })
	}
	b.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return s
}

// dialTCP returns a connection without deadlines.
func dialTCP(b testing.TB, addr string) *msntest.Peer {
	b.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	p := msntest.NewPeer(b, nc)
	p.R = bufio.NewReaderSize(nc, 16<<10)
	return p
}

// online returns a notification connection of user i, in state NLN.
func online(b testing.TB, s *Server, i int) *msntest.Peer {
	b.Helper()
	p := dialTCP(b, s.o.Notification[0])
	words := p.Must("USR 1 MD5 I "+userName(i), "USR 1 MD5 S")
	p.Must("USR 2 MD5 S "+decode.MD5Response(words[4], "pw"), "USR 2 OK")
	p.Must("CHG 3 NLN", "CHG 3")
	return p
}

// meet returns the switchboard connections of n users in one session.
func meet(b testing.TB, s *Server, n int) []*msntest.Peer {
	b.Helper()
	all := make([]*msntest.Peer, n)
	for i := range n {
		ns := online(b, s, i)
		if i == 0 {
			words := ns.Must("XFR 4 SB", "XFR 4 SB")
			all[0] = dialTCP(b, words[3])
			all[0].Must("USR 1 "+userName(0)+" "+words[5], "USR 1 OK")
			continue
		}
		if _, err := io.WriteString(all[0], "CAL 2 "+userName(i)+"\r\n"); err != nil {
			b.Fatal(err)
		}
		words := ns.Must("", "RNG")
		all[i] = dialTCP(b, words[2])
		all[i].Must("ANS 1 "+userName(i)+" "+words[4]+" "+words[1], "ANS 1 OK")
		for _, o := range all[:i] {
			o.Must("", "JOI "+userName(i))
		}
	}
	return all
}

// text is a message as clients write it.
var text = []byte("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial; EF=I; " +
	"CO=0; CS=0; PF=22\r\n\r\nHello! How are you?")

// said returns a MSG as the client sends it and as the others receive it.
func said() (sent, got []byte) {
	sent = append(fmt.Appendf(nil, "MSG 1 U %d\r\n", len(text)), text...)
	return sent, message(userName(0), "U0", text).bytes()
}

// echo starts a server that sends back what it reads.
func echo(b testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				pump(nc, nc)
			}()
		}
	}()
	return l.Addr().String()
}

// relay starts a server that sends what one connection says to another one, and returns both.
func relay(b testing.TB) (from, to *msntest.Peer) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var ends [2]net.Conn
	for i, p := range []**msntest.Peer{&from, &to} {
		*p = dialTCP(b, l.Addr().String())
		if ends[i], err = l.Accept(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { ends[i].Close() })
	}
	go pump(ends[1], ends[0])
	return from, to
}

// pump writes what it reads, as it comes, until one of the two fails.
func pump(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// pass returns a function that sends n messages on one connection, batch at a time, and reads them
// on another.
func pass(b *testing.B, from io.Writer, to io.Reader, sent, got []byte, batch int) func(n int) {
	out, in := bytes.Repeat(sent, batch), make([]byte, batch*len(got))
	return func(n int) {
		for ; n > 0; n -= batch {
			if _, err := from.Write(out); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(to, in); err != nil {
				b.Fatal(err)
			}
		}
		if !bytes.HasSuffix(in, got) {
			b.Fatalf("got %q", in[:len(got)])
		}
	}
}

// stream returns a function that sends n messages, a write for each, as long as fewer than window
// are on their way, and reads them at the same time.
func stream(b *testing.B, from io.Writer, to io.Reader, sent, got []byte, window int) func(n int) {
	return func(n int) {
		room := make(chan struct{}, window)
		go func() {
			for range n {
				room <- struct{}{}
				if _, err := from.Write(sent); err != nil {
					b.Error(err)
					return
				}
			}
		}()
		in := make([]byte, len(got))
		for range n {
			if _, err := io.ReadFull(to, in); err != nil {
				b.Fatal(err)
			}
			<-room
		}
	}
}

// compare runs base and ours in turn, n operations each, and reports the medians of both and of the
// ratio of their rates. Since they alternate, other load on the machine affects both alike.
func compare(b *testing.B, n int, base, ours func(n int)) {
	var bases, theirs, ratios []float64
	timed := func(f func(int)) float64 {
		start := time.Now()
		f(n)
		return float64(time.Since(start).Nanoseconds()) / float64(n)
	}
	base(n)
	ours(n)
	for b.Loop() {
		x, y := timed(base), timed(ours)
		bases, theirs, ratios = append(bases, x), append(theirs, y), append(ratios, x/y)
	}
	median := func(v []float64) float64 {
		slices.Sort(v)
		return v[len(v)/2]
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(bases), "base-ns")
	b.ReportMetric(median(theirs), "ours-ns")
	b.ReportMetric(median(ratios), "rate-ratio")
}

// BenchmarkMessage measures a message through a switchboard beside the same traffic through an echo
// server: one at a time, each sent after the last was read; a hundred in one write, each batch sent
// after the last was read; and one write each, without waiting.
func BenchmarkMessage(b *testing.B) {
	sent, got := said()
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			p := dialTCP(b, echo(b))
			all := meet(b, onTCP(b, Options{Store: manyUsers(2)}), 2)
			compare(b, 50*batch, pass(b, p, p.R, got, got, batch), pass(b, all[0], all[1].R, sent, got, batch))
		})
	}
	b.Run("stream", func(b *testing.B) {
		p := dialTCP(b, echo(b))
		all := meet(b, onTCP(b, Options{Store: manyUsers(2)}), 2)
		compare(b, 5000, stream(b, p, p.R, got, got, 100), stream(b, all[0], all[1].R, sent, got, 100))
	})
}

// BenchmarkRelay measures, beside the same echo server, the least that a server can do which passes
// messages on from one connection to another.
func BenchmarkRelay(b *testing.B) {
	_, got := said()
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			p := dialTCP(b, echo(b))
			from, to := relay(b)
			compare(b, 50*batch, pass(b, p, p.R, got, got, batch), pass(b, from, to.R, got, got, batch))
		})
	}
}

// BenchmarkFanOut measures a message to 19 others, in batches of a hundred, beside a write to each
// of 19 connections for each message.
func BenchmarkFanOut(b *testing.B) {
	const others, batch = 19, 100
	sent, got := said()
	read := func(all []*msntest.Peer, n int) *sync.WaitGroup {
		var reading sync.WaitGroup
		for _, p := range all {
			reading.Go(func() {
				if _, err := io.CopyN(io.Discard, p.R, int64(n*len(got))); err != nil {
					b.Error(err)
				}
			})
		}
		return &reading
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var to []net.Conn
	var bare []*msntest.Peer
	for range others {
		bare = append(bare, dialTCP(b, l.Addr().String()))
		nc, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		to = append(to, nc)
	}
	all := meet(b, onTCP(b, Options{Store: manyUsers(others + 1)}), others+1)
	out, in := bytes.Repeat(sent, batch), make([]byte, batch*len(got))
	compare(b, batch*10, func(n int) {
		reading := read(bare, n)
		for range n {
			for _, nc := range to {
				if _, err := nc.Write(got); err != nil {
					b.Fatal(err)
				}
			}
		}
		reading.Wait()
	}, func(n int) {
		reading := read(all[2:], n)
		for range n / batch { // one of the readers sets the pace
			if _, err := all[0].Write(out); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(all[1].R, in); err != nil {
				b.Fatal(err)
			}
		}
		reading.Wait()
	})
}

// cpuTime returns how long processors have worked for this process, clients included.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perCPU reports the processor time of one operation, which does not depend on what else the
// machine does.
func perCPU(b *testing.B, start time.Duration) {
	b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkSignIn measures a whole logon: VER, INF and USR at the dispatch server, then at the
// notification server, and CHG, by 32 clients at a time in the same process.
func BenchmarkSignIn(b *testing.B) {
	s := onTCP(b, Options{Store: manyUsers(2000)})
	var next atomic.Int64
	start := cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := signIn(s, int(i%2000)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signins/s")
	perCPU(b, start)
}

func signIn(s *Server, i int) error {
	begin := "VER 0 MSNP2\r\nINF 1\r\nUSR 2 MD5 I " + userName(i)
	for _, addr := range []string{s.o.Dispatch, s.o.Notification[0]} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer nc.Close()
		p := msntest.Peer{Conn: nc, R: bufio.NewReaderSize(nc, 512)} // thousands of them
		if addr == s.o.Dispatch {
			if _, err := p.Ask(begin, "XFR 2 NS"); err != nil {
				return err
			}
			continue
		}
		words, err := p.Ask(begin, "USR 2 MD5 S")
		if err == nil {
			_, err = p.Ask("USR 3 MD5 S "+decode.MD5Response(words[4], "pw"), "USR 3 OK")
		}
		if err == nil {
			_, err = p.Ask("CHG 4 NLN", "CHG 4 NLN")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkListChange measures an ADD or REM until it is acknowledged, by 64 clients at a time,
// each waiting for every answer.
func BenchmarkListChange(b *testing.B) {
	const clients = 64
	s := onTCP(b, Options{Store: manyUsers(clients + 1)})
	peers := make([]*msntest.Peer, clients)
	for i := range peers {
		peers[i] = online(b, s, i)
	}
	start := cpuTime(b)
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, p := range peers {
		wg.Go(func() {
			for on := false; next.Add(1) <= int64(b.N); on = !on {
				command, want := "ADD 9 AL "+userName(clients)+" x", "ADD 9 AL"
				if on {
					command, want = "REM 9 AL "+userName(clients), "REM 9 AL"
				}
				if _, err := p.Ask(command, want); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
	perCPU(b, start)
}

// BenchmarkWatchers measures a change of state that 600 online users are notified of, until the
// last one has read it.
func BenchmarkWatchers(b *testing.B) {
	const watchers = 600
	store := manyUsers(watchers + 1)
	for i := 1; i <= watchers; i++ {
		if _, err := store.Add(b.Context(), userName(i), accounts.Forward,
			accounts.Entry{Handle: userName(0), Name: "x"}, 9); err != nil {
			b.Fatal(err)
		}
	}
	s := onTCP(b, Options{Store: store})
	one := online(b, s, 0)
	all := make([]*msntest.Peer, watchers)
	for i := range all {
		all[i] = online(b, s, i+1)
	}
	var slowest time.Duration
	for n := 0; b.Loop(); n++ {
		state := []string{"BSY", "AWY"}[n%2]
		start := time.Now()
		one.Must("CHG 5 "+state, "CHG 5 ")
		for _, p := range all {
			p.Must("", "NLN "+state)
		}
		slowest = max(slowest, time.Since(start))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
}
