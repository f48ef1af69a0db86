//go:build unix

package main

import (
	"cmp"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

var speedSize = flag.Int64("mb", 20, "megabytes of the captures of BenchmarkTshark")

// BenchmarkTshark compares the program with tshark on the same captures, in the same run: reading
// and indexing with looking for MSN, dump -T jsonl with its fields and with all that it says.
// Ratios are of the time that a person waits, and of processor time; memory is what each took at
// most. Run it once with -benchtime 1x; -mb 200 takes tshark some minutes.
func BenchmarkTshark(b *testing.B) {
	tshark := msntest.Tool(b, "tshark")
	program := filepath.Join(b.TempDir(), "msnscope")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	for name, traffic := range map[string]msntest.Traffic{
		"many":     {Size: *speedSize << 20},
		"one pair": {Size: *speedSize << 20, Reuse: true},
	} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "traffic.pcap")
			f, err := os.Create(path)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := traffic.WriteTo(f); err != nil {
				b.Fatal(err)
			}
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var opens, founds []cost
				for range 3 { // in turns, since half a second is soon disturbed
					opens = append(opens, measure(b, program, "dump", "-Y", "false", path))
					founds = append(founds, measure(b, tshark, "-r", path, "-Y", "msnms"))
				}
				open, found := median(opens), median(founds)
				dump := measure(b, program, "dump", "-T", "jsonl", path)
				fields := measure(b, tshark, "-r", path, "-Y", "msnms", "-T", "fields", "-e", "frame.number", "-e",
					"frame.time_epoch", "-e", "msnms")
				all := measure(b, tshark, "-r", path, "-V", "-Y", "msnms")
				for _, r := range []struct {
					name       string
					ours, them cost
				}{{"open", open, found}, {"dump-fields", dump, fields}, {"dump-V", dump, all}} {
					b.ReportMetric(float64(r.them.wall)/float64(r.ours.wall), r.name+"-×")
					b.ReportMetric(float64(r.them.cpu)/float64(r.ours.cpu), r.name+"-cpu-×")
				}
				b.ReportMetric(float64(found.memory)/float64(open.memory), "memory-×")
				b.Logf("%d MB on %d cores: open %v, dump %v; tshark %v, fields %v, -V %v", *speedSize,
					runtime.NumCPU(), open, dump, found, fields, all)
			}
		})
	}
}

// cost is what a run of a program took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // in MB
}

// median returns the cost in the middle, by the clock.
func median(costs []cost) cost {
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(a.wall, b.wall) })
	return costs[len(costs)/2]
}

func measure(b *testing.B, name string, args ...string) cost {
	c := exec.CommandContext(b.Context(), name, args...)
	began := time.Now()
	err := c.Run()
	wall := time.Since(began)
	if err != nil {
		b.Fatalf("%s %q: %v", name, args, err)
	}
	memory := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS != "darwin" { // which counts bytes
		memory <<= 10
	}
	return cost{wall, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), memory >> 20}
}
