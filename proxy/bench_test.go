package proxy

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
)

// The benchmarks compare ways over loopback TCP, in one process and in turns, so that a noisy
// machine is noisy to all of them: straight to the server, through a relay that copies bytes (what
// every TCP proxy does that looks at them), through one that lets the kernel pass them on unseen,
// and through this proxy, with nobody listening to its events, recording them, and with an
// inspector that is stuck.

// way is one of them. events is how many events its subscriber has handled, nil for a way without
// events; lost how many commands passed without events.
type way struct {
	name, addr string
	events     *atomic.Int64
}

// echo sends every line back.
func echo(b *testing.B) string {
	l := listenTCP(b)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func listenTCP(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// copySeen is io.Copy through a buffer of the program: of two TCP connections, io.Copy has Linux
// splice them.
func copySeen(to io.Writer, from io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
}

// relay passes bytes on between its clients and the server.
func relay(b *testing.B, server string, pass func(io.Writer, io.Reader) (int64, error)) string {
	l := listenTCP(b)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			go func() { pass(up, c); up.Close() }()
			go func() { pass(c, up); c.Close() }()
		}
	}()
	return l.Addr().String()
}

// through starts a proxy whose events go to publish.
func through(b *testing.B, server string, publish func(*session.Event), lagging func() bool) string {
	p := New(Options{Upstream: server, Publish: publish, Lagging: lagging})
	l := listenTCP(b)
	go p.Serve(l)
	b.Cleanup(p.Close)
	return l.Addr().String()
}

// recorder returns what records events to a file, over a bus as the program does.
func recorder(b *testing.B, count *atomic.Int64) (publish func(*session.Event), lagging func() bool) {
	f, err := os.Create(filepath.Join(b.TempDir(), "bench.pcapng"))
	if err != nil {
		b.Fatal(err)
	}
	w, err := pcap.NewWriter(f, pcap.WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	events := bus.New((*session.Event).Size)
	rec := recording.NewWriter(w, recording.Options{OnError: func(err error) { b.Error(err) }})
	sub := events.Subscribe(bus.Options[*session.Event]{
		Gap: gap, Delay: 5 * time.Millisecond,
		Handle: func(batch []*session.Event) {
			rec.Handle(batch)
			count.Add(int64(len(batch)))
		},
	})
	b.Cleanup(func() {
		events.Close()
		f.Close()
	})
	return events.Publish, sub.Lagging
}

// stuck returns what hands events to an inspector that does nothing any more.
func stuck(b *testing.B) func(*session.Event) {
	events := bus.New((*session.Event).Size)
	done := make(chan struct{})
	events.Subscribe(bus.Options[*session.Event]{
		Handle: func([]*session.Event) { <-done }, Gap: gap,
		MaxBytes: 1 << 20,
	})
	b.Cleanup(func() {
		close(done)
		events.Close()
	})
	return events.Publish
}

func gap(first, _ *session.Event, _ int) *session.Event {
	return &session.Event{N: first.N, Time: first.Time, Kind: session.Gap, Flags: session.Missing}
}

// ways returns all of them.
func ways(b *testing.B) []way {
	server := echo(b)
	var counts [3]atomic.Int64
	counted := func(n *atomic.Int64, publish func(*session.Event)) func(*session.Event) {
		return func(e *session.Event) {
			publish(e)
			n.Add(1)
		}
	}
	recorded, lagging := recorder(b, &counts[1])
	return []way{
		{"direct", server, nil},
		{"copy", relay(b, server, copySeen), nil},
		{"splice", relay(b, server, io.Copy), nil},
		{"msnscope", through(b, server, counted(&counts[0], func(*session.Event) {}), nil), &counts[0]},
		{"stuck", through(b, server, counted(&counts[2], stuck(b)), nil), &counts[2]},
		{"recording", through(b, server, recorded, lagging), &counts[1]}, // last: what it writes late disturbs direct
	}
}

// settle waits until the events of n more commands have been handled, and reports how many never
// will be: no other came for seconds, although the subscriber now and then waits for a processor or
// the disk.
func (w way) settle(before, n int64) (missing int64) {
	if w.events == nil {
		return 0
	}
	last, since := int64(-1), time.Now()
	for now := w.events.Load(); now < before+n && time.Since(since) < 3*time.Second; now = w.events.Load() {
		if now != last {
			last, since = now, time.Now()
		}
		<-time.After(20 * time.Millisecond)
	}
	return max(0, before+n-w.events.Load())
}

func (w way) count() int64 {
	if w.events == nil {
		return 0
	}
	return w.events.Load()
}

func dial(b *testing.B, addr string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

var line60 = lines60(1)

// lines60 returns n lines of 60 bytes, numbered as a client numbers its requests.
func lines60(n int) []byte {
	var all []byte
	for i := range n {
		line := fmt.Appendf(all, "CHG %d ", i+1)
		all = append(append(line, strings.Repeat("x", len(all)+58-len(line))...), "\r\n"...)
	}
	return all
}

// BenchmarkRoundTrip says a line of 60 bytes and waits for it; one operation is one of each way. It
// reports the median and the 99th percentile of each way, in microseconds, and how many times as
// long as the copying relay's they are.
func BenchmarkRoundTrip(b *testing.B) {
	all := ways(b)
	const turn = 1000 // exchanges: some batches of the recorder
	took := make([][]time.Duration, len(all))
	var conns []net.Conn
	for _, w := range all {
		conns = append(conns, dial(b, w.addr))
	}
	buf := make([]byte, len(line60))
	exchange := func(c net.Conn) time.Duration {
		start := time.Now()
		c.Write(line60)
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for _, c := range conns {
		for range 2000 {
			exchange(c) // past the beginning of a connection
		}
	}
	b.ResetTimer()
	for done := 0; done < b.N; done += turn {
		for i, c := range conns {
			for range min(turn, b.N-done) {
				took[i] = append(took[i], exchange(c))
			}
		}
	}
	b.StopTimer()
	reportTimes(b, all, took)
}

// reportTimes reports percentiles; all[1] is what the others are compared with.
func reportTimes(b *testing.B, all []way, took [][]time.Duration) {
	for i := range took {
		slices.Sort(took[i])
	}
	for i, w := range all {
		for _, percent := range []int{50, 99} {
			at := min(len(took[i])*percent/100, len(took[i])-1)
			b.ReportMetric(float64(took[i][at])/1e3, fmt.Sprintf("%s-p%d-µs", w.name, percent))
			b.ReportMetric(float64(took[i][at])/float64(took[1][at]), fmt.Sprintf("%s-p%d-times", w.name, percent))
		}
	}
}

// BenchmarkMitmproxy counts round trips through mitmproxy's TCP mode, a process of its own, and
// through msnscope.
func BenchmarkMitmproxy(b *testing.B) {
	program, err := exec.LookPath("mitmdump")
	if err != nil {
		b.Skip("mitmdump is not installed; on Debian: apt-get install mitmproxy")
	}
	server, free := echo(b), listenTCP(b)
	at := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(at)
	// as Debian's version 8 has it
	mitm := exec.Command(program, "-q", "--mode", "reverse:http://"+server, "--set", "tcp_hosts=.*",
		"--listen-host", "127.0.0.1", "--listen-port", port)
	if err := mitm.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		mitm.Process.Kill()
		mitm.Wait()
	})
	for range 200 {
		var probe net.Conn
		if probe, err = net.Dial("tcp", at); err == nil {
			probe.Close()
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	if err != nil {
		b.Fatalf("mitmproxy does not listen: %v", err)
	}
	all := []way{
		{"mitmproxy", at, nil},
		{"msnscope", through(b, server, func(*session.Event) {}, nil), nil},
		{"copy", relay(b, server, copySeen), nil},
		{"direct", server, nil}, // how far anybody can get
	}
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("%d clients", clients), func(b *testing.B) { exchanges(b, all, clients) })
	}
}

// exchanges reports round trips a second of so many clients at once on each way, and how many times
// those of the first they are. Each way has the same time, after some that does not count: one that
// is fast shall not be measured while it is cold.
func exchanges(b *testing.B, all []way, clients int) {
	count, took := make([]int, len(all)), make([]time.Duration, len(all))
	conns := make([][]net.Conn, len(all))
	for i, w := range all {
		for range clients {
			conns[i] = append(conns[i], dial(b, w.addr))
		}
	}
	b.ResetTimer()
	for range b.N {
		for i := range all {
			exchange(b, conns[i], 100*time.Millisecond)
			start := time.Now()
			count[i] += exchange(b, conns[i], 400*time.Millisecond)
			took[i] += time.Since(start)
		}
	}
	rate := func(i int) float64 { return float64(count[i]) / took[i].Seconds() }
	for i, w := range all {
		b.ReportMetric(rate(i), w.name+"/s")
		b.ReportMetric(rate(i)/rate(0), w.name+"-times")
	}
}

// exchange says lines on all connections at once, each when the one before came back, for so long,
// and returns how many did.
func exchange(b *testing.B, conns []net.Conn, long time.Duration) int {
	var all atomic.Int64
	var done sync.WaitGroup
	end := time.Now().Add(long)
	for _, c := range conns {
		done.Go(func() {
			buf, n := make([]byte, len(line60)), 0
			for ; n%16 != 0 || time.Now().Before(end); n++ {
				c.Write(line60)
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Error(err)
					return
				}
			}
			all.Add(int64(n))
		})
	}
	done.Wait()
	return int(all.Load())
}

// BenchmarkPipelined says lines, and messages of 1 KB, as fast as they go, in bursts of 4 MB, and
// reads them all back; one operation is 25 bursts of each way. It reports how long one line takes
// on each way, in nanoseconds, and the throughput as a part of the copying relay's: medians of the
// bursts.
func BenchmarkPipelined(b *testing.B) {
	message := []byte("MSG 7 N 1024\r\n" + strings.Repeat("x", 1024))
	for _, tc := range []struct {
		name  string
		burst []byte
		lines int
	}{{"short", lines60(4 << 20 / 60), 4 << 20 / 60}, {"1KB", bytes.Repeat(message, 4<<10), 4 << 10}} {
		b.Run(tc.name, func(b *testing.B) { bursts{ways(b), 1, tc.burst, tc.lines, 25}.run(b) })
	}
}

// BenchmarkSustained is BenchmarkPipelined with bursts of 128 MB: commands that can be neither
// decoded nor kept in time are missing among the events, which have a gap for them.
func BenchmarkSustained(b *testing.B) {
	bursts{ways(b), 1, lines60(128 << 20 / 60), 128 << 20 / 60, 1}.run(b)
}

// BenchmarkStuck compares bursts through a proxy whose inspector is stuck with those through one
// that has none, in turns: 300 of each are an operation.
func BenchmarkStuck(b *testing.B) {
	all := ways(b)
	bursts{[]way{all[3], all[4]}, 0, lines60(4 << 20 / 60), 4 << 20 / 60, 300}.run(b)
}

// bursts is what is said on several ways in turns, one of which the others are compared with.
type bursts struct {
	ways   []way
	base   int
	burst  []byte
	lines  int // in a burst
	rounds int // of an operation
}

func (s bursts) run(b *testing.B) {
	n := len(s.ways)
	for _, w := range s.ways {
		s.one(b, w) // past the beginning of the program
	}
	took, ratios, missing := make([][]time.Duration, n), make([][]float64, n), make([]int64, n)
	b.ResetTimer()
	for round := range s.rounds * b.N {
		now := make([]time.Duration, n)
		for i := range n {
			if round%2 != 0 { // each way comes after another one
				i = n - 1 - i
			}
			var lost int64
			now[i], lost = s.one(b, s.ways[i])
			missing[i] += lost
		}
		for i := range now {
			took[i] = append(took[i], now[i])
			ratios[i] = append(ratios[i], float64(now[s.base])/float64(now[i]))
		}
	}
	for i, w := range s.ways {
		b.ReportMetric(float64(median(took[i]))/float64(s.lines), w.name+"-ns")
		b.ReportMetric(median(ratios[i]), w.name+"-times")
		if w.events != nil {
			b.ReportMetric(float64(missing[i])/float64(2*s.lines*s.rounds*b.N), w.name+"-missing")
		}
	}
}

// one says a burst on a connection of its own, past its beginning, and waits until nothing of it is
// left to do. The garbage of those before it is gone.
func (s bursts) one(b *testing.B, w way) (took time.Duration, missing int64) {
	c := dial(b, w.addr)
	defer c.Close()
	before := w.count()
	begin := s.burst[:len(s.burst)/s.lines*2*maxUnsettled]
	run(b, c, begin)
	w.settle(before, 4*maxUnsettled)
	runtime.GC()
	before = w.count()
	took = run(b, c, s.burst)
	return took, w.settle(before, int64(2*s.lines))
}

func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// run writes all and reads it back.
func run(b *testing.B, c net.Conn, all []byte) time.Duration {
	start := time.Now()
	go func() {
		w := bufio.NewWriterSize(c, 16<<10)
		w.Write(all)
		w.Flush()
	}()
	if _, err := io.CopyN(io.Discard, c, int64(len(all))); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
