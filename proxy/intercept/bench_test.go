package intercept

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
)

// The scripts whose cost is measured, in the order of what they do.
var benchScripts = []struct{ name, src string }{
	{"none", ""},
	{"nomatch", "match = 'cmd == \"MSG\" && payload.text contains \"never\"'\n\ndef command(c):\n    c.drop()\n"},
	{"nomatch", "match = 'cmd == \"MSG\" && payload.text contains \"never\"'\n\ndef command(c):\n    c.drop()\n"},
	{"edits1%", `
match = 'cmd == "CHG"'

def command(c):
    c.args.State = "AWY" if c.args.State == "BSY" else "BSY"
`},
	{"sees-all", "def command(c):\n    pass\n"},
	{"sees-all", "def command(c):\n    pass\n"},
}

// benchPairs is how many bursts are compared in a run, each with one without scripts.
const benchPairs = 20

// BenchmarkScripts says lines of 60 bytes, of which 1 % are a CHG, in bursts of 4 MB, to a server
// that sends them back, so that each passes the proxy twice: without scripts and with each of
// benchScripts, in turns. It reports the time for a line, and the throughput as a part of that
// without scripts, the medians of 20 pairs: of a burst, whose events are made later, and of traffic
// that goes on, until the last event is made.
func BenchmarkScripts(b *testing.B) {
	server := benchListen(b)
	go benchEcho(server)
	ways := make([]*benchWay, len(benchScripts))
	for i, s := range benchScripts {
		ways[i] = newBenchWay(b, server.Addr().String(), s.src)
	}
	const lines = 4 << 20 / 60
	var burst []byte
	for i := range lines {
		verb := "ZZZ"
		if i%100 == 50 {
			verb = "CHG"
		}
		line := fmt.Sprintf("%s %d NLN", verb, i+1)
		burst = append(burst, fmt.Appendf(nil, "%-58s\r\n", line)...)
	}
	for _, way := range ways {
		way.burst(b, burst) // past the beginning of the program
	}
	b.ResetTimer()
	for range b.N {
		took, ratios := make([][]float64, len(ways)), make([][]float64, len(ways))
		lasting := make([][]float64, len(ways))
		for pair := range benchPairs {
			for i := range ways {
				first, second := ways[0], ways[i]
				if pair%2 == 1 {
					first, second = second, first
				}
				base, baseAll := first.burst(b, burst)
				with, withAll := second.burst(b, burst)
				if pair%2 == 1 {
					base, baseAll, with, withAll = with, withAll, base, baseAll
				}
				took[i] = append(took[i], with.Seconds()*1e9/lines)
				ratios[i] = append(ratios[i], base.Seconds()/with.Seconds())
				lasting[i] = append(lasting[i], baseAll.Seconds()/withAll.Seconds())
			}
		}
		for i, s := range benchScripts {
			slices.Sort(took[i])
			slices.Sort(ratios[i])
			slices.Sort(lasting[i])
			b.ReportMetric(took[i][benchPairs/2], s.name+"-ns")
			b.ReportMetric(ratios[i][benchPairs/2], s.name+"-burst-times")
			b.ReportMetric(lasting[i][benchPairs/2], s.name+"-lasting-times")
		}
	}
}

func benchListen(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// benchEcho sends back what its clients say.
func benchEcho(l net.Listener) {
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
}

// benchWay is a proxy, with the number of its events.
type benchWay struct {
	addr   string
	events atomic.Int64
	last   atomic.Int64 // when the last one was made
}

// newBenchWay starts a proxy with a script, "" for none.
func newBenchWay(b *testing.B, server, src string) *benchWay {
	w := &benchWay{}
	p := proxy.New(proxy.Options{Upstream: server, Publish: func(*session.Event) {
		if w.events.Add(1)%100 == 0 {
			w.last.Store(time.Now().UnixNano())
		}
	}})
	b.Cleanup(p.Close)
	if src != "" {
		file := filepath.Join(b.TempDir(), "bench.star")
		if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
			b.Fatal(err)
		}
		set, err := script.LoadAll([]string{file}, script.Options{
			Failed: func(f script.Failure) { b.Errorf("%v, about %s", f.Err, f.What) },
		})
		if err != nil {
			b.Fatal(err)
		}
		NewControls(p, ControlsOptions{Scripts: set})
	}
	l := benchListen(b)
	go p.Serve(l)
	w.addr = l.Addr().String()
	return w
}

// settle waits until no more events come: what is decoded late would disturb the next burst.
func (w *benchWay) settle() {
	for last := int64(-1); last != w.events.Load(); {
		last = w.events.Load()
		<-time.After(20 * time.Millisecond)
	}
}

// burst says a burst on a connection of its own, past its beginning, and returns how long it took
// to come back, and until its last events were made.
func (w *benchWay) burst(b *testing.B, burst []byte) (took, all time.Duration) {
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	say := func(all []byte) time.Duration {
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
	say(bytes.Repeat(burst[:60], 1000))
	w.settle()
	runtime.GC()
	began := time.Now()
	took = say(burst)
	w.settle()
	return took, max(took, time.Unix(0, w.last.Load()).Sub(began))
}
