package ui

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/msntest"
)

// size is how many megabytes of capture BenchmarkFrames shows; 1900 have ten million events.
var size = flag.Int64("mb", 20, "megabytes of the capture of BenchmarkFrames")

// frames are what BenchmarkFrames does, in this order, and how often.
var frames = []struct {
	name  string
	keys  []string
	times int
}{
	{"scroll", []string{"j"}, 200},
	{"page", []string{"PgDn"}, 200},
	{"end", []string{"G"}, 1},
	{"beginning", []string{"g"}, 1},
	{"anywhere", []string{":", "goto 77777", "Enter", ":", "goto 10000", "Enter"}, 20},
	{"filter-by-index", []string{"/", `cmd == "MSG" && role == "SB"`, "Enter"}, 1},
	{"filtered-end", []string{"G", "g"}, 20},
	{"filter-by-bytes", []string{"/", "Ctrl-U", `payload.text contains "zebra"`, "Enter"}, 1},
	{"no-filter", []string{"/", "Ctrl-U", "Enter"}, 1},
	{"sessions", []string{"1", "j", "G", "g", "2"}, 20},
	{"ladder", []string{"F5", "G", "g", "PgDn", "l", "h"}, 20},
	{"conversation", []string{":", "goto 77777", "Enter", "V", "j", "G", "g", "V"}, 20},
	{"folded", []string{"z", "G", "g", "z"}, 1},
	{"statistics", []string{"S", "2", "5", "6", "l", "Esc"}, 10},
}

// BenchmarkFrames opens a capture, then presses keys, and reports for each kind of key the longest
// frame: from the key until the terminal has what follows from it, and each frame after that until
// the model has come to an end. The time is the clock's, and that of the thread's processor, which
// depends less on what else the machine does. Run it once, on its own, with -benchtime 1x.
func BenchmarkFrames(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large.pcap")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := (msntest.Traffic{Size: *size << 20}).WriteTo(f); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	log := eventlog.New(eventlog.Options{Dir: b.TempDir()})
	defer log.Close()
	if err := captures.NewLoader(log).Load(b.Context(), path, nil); err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for b.Loop() {
		a := open(b, 140, 42, Options{Log: log})
		b.ReportMetric(float64(log.Len()), "events")
		for _, f := range frames {
			var took, used []time.Duration
			run := func(do func()) {
				began, before := time.Now(), threadTime(b)
				do()
				took, used = append(took, time.Since(began)), append(used, threadTime(b)-before)
			}
			for range f.times {
				for _, key := range f.keys {
					for _, e := range events(key) {
						run(func() { a.handle(e); a.tick() })
					}
					for a.model.Pending() {
						run(func() { a.dirty = true; a.tick() })
					}
				}
			}
			slices.Sort(took)
			b.ReportMetric(ms(slices.Max(used)), "ms-"+f.name)
			b.Logf("%-16s %5d frames: %5.1f ms in the middle, 99 %% in %5.1f, all in %5.1f; processor %5.1f",
				f.name, len(took), ms(took[len(took)/2]), ms(took[len(took)*99/100]), ms(took[len(took)-1]),
				ms(slices.Max(used)))
		}
		a.model.Close()
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// threadTime returns the processor time that this thread has taken.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
