//go:build unix

package captures

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/msntest"
)

var largeSize = flag.Int64("mb", 40, "megabytes of the capture of BenchmarkLarge: 1900 hold ten million commands")

// BenchmarkLarge opens one large capture and reports what a person waits for: the first screen, the
// whole, filters over all of it, single commands; and what it costs in memory. Run it once, on its
// own, with -benchtime 1x.
func BenchmarkLarge(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large.pcap")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := (msntest.Traffic{Size: *largeSize << 20}).WriteTo(f); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l := eventlog.New(eventlog.Options{Dir: b.TempDir()})
		began, used, first := time.Now(), processor(), time.Duration(0)
		if err := NewLoader(l).Load(b.Context(), path, func(int64, int64) {
			if first == 0 && l.Len() >= 60 {
				first = time.Since(began)
			}
		}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(l.Len()), "events")
		b.ReportMetric(first.Seconds(), "s-to-first-screen")
		b.ReportMetric(time.Since(began).Seconds(), "s-to-open")
		b.ReportMetric(peak(), "MB-peak-after-opening")
		b.Logf("opened in %v, %v of processor time", time.Since(began), processor()-used)
		for i, src := range largeFilters {
			began, used := time.Now(), processor()
			n := selectAll(b, l, src)
			b.ReportMetric(time.Since(began).Seconds(), "s-filter-"+strconv.Itoa(i+1))
			b.Logf("filter %d: %s: %d of %d, %v, %v of processor time", i+1, src, n, l.Len(), time.Since(began),
				processor()-used)
		}
		var worst time.Duration
		const reads = 10_000
		began = time.Now()
		for range reads {
			at := time.Now()
			if l.At(rand.IntN(l.Len())) == nil {
				b.Fatal("no event")
			}
			worst = max(worst, time.Since(at))
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/reads, "µs-any-command")
		b.ReportMetric(float64(worst.Microseconds()), "µs-any-command-at-worst")
		b.ReportMetric(peak(), "MB-peak")
		l.Close()
	}
}

// largeFilters are answered by the index, by index and bytes, and by all bytes.
var largeFilters = []string{
	`XFR`, `cmd == "MSG" && role == "SB"`, `user contains "7" && rtt_ms > 200`,
	`cmd == "XFR" && args.Address contains "10.2"`,
	`cmd == "MSG" && payload.text contains "zebra"`, `zebra`,
}

func selectAll(b *testing.B, l *eventlog.Log, src string) (n int) {
	f, err := filter.Compile(src)
	if err != nil {
		b.Fatal(err)
	}
	l.Select(b.Context(), f, 0, l.Len(), func(matches []uint32, _ int) bool { n += len(matches); return true })
	return n
}

// processor returns how much processor time the process has used: on a busy machine it says more
// than the clock does.
func processor() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// peak returns the most memory that the process had so far, in MB, as Linux counts it; 0 elsewhere.
func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0
	}
	kb, _ := strconv.ParseFloat(string(found[1]), 64)
	return kb / 1024
}
