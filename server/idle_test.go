package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/msntest"
)

const (
	// idleClients is the environment variable that makes the test binary act as the clients of the
	// server at the address in it.
	idleClients = "MSNSCOPE_TEST_IDLE_CLIENTS"
	// idleUsers is as many users as a process has descriptors for.
	idleUsers = 15_000
)

// BenchmarkIdle has 15,000 users sign in over sockets, from another process, and do nothing, and
// measures what each costs this process. After they have left, nothing of them may remain; the
// first time, the runtime keeps 0.5 KB a goroutine for later ones.
func BenchmarkIdle(b *testing.B) {
	store := manyUsers(idleUsers)
	for b.Loop() {
		s := onTCP(b, Options{Store: store})
		goroutines, heap, rss, alive := runtime.NumGoroutine(), heapNow(), residentNow(b), aliveNow()
		clients := exec.Command(os.Args[0])
		clients.Env = append(os.Environ(), idleClients+"="+s.o.Notification[0])
		clients.Stderr = os.Stderr
		in, err := clients.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := clients.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := clients.Start(); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
			b.Fatal("the clients have failed: ", err)
		}
		b.ReportMetric(float64(heapNow()-heap)/idleUsers, "B/user")
		b.ReportMetric(float64(residentNow(b)-rss)/idleUsers, "resident-B/user")
		_ = in.Close()
		if err := clients.Wait(); err != nil {
			b.Fatal(err)
		}
		for s.connections() > 0 {
			runtime.Gosched()
		}
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines-left")
		b.ReportMetric(float64(aliveNow()-alive)/1024, "KB-left")
	}
}

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// heapNow returns how many bytes of heap and stacks are in use.
func heapNow() int64 {
	for range 3 { // stacks shrink, pools are emptied
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// aliveNow returns how many bytes live objects take.
func aliveNow() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// residentNow returns how many bytes of memory the process has.
func residentNow(b *testing.B) int64 {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); string(f[0]) == "VmRSS:" {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n << 10
		}
	}
	return 0
}

// stayIdle signs all users in at the notification server, reports that with one byte, and stays
// until its input ends.
func stayIdle(addr string) {
	conns := make([]net.Conn, idleUsers)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < idleUsers; i += 16 {
				nc, err := net.Dial("tcp", addr)
				if err == nil {
					conns[i] = nc
					_ = nc.SetDeadline(time.Now().Add(time.Minute))
					err = signInAt(nc, i)
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		})
	}
	wg.Wait()
	_, _ = os.Stdout.Write([]byte("!"))
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, nc := range conns {
		nc.Close()
	}
}

func signInAt(nc net.Conn, i int) error {
	p := msntest.Peer{Conn: nc, R: bufio.NewReaderSize(nc, 512)}
	words, err := p.Ask("USR 1 MD5 I "+userName(i), "USR 1 MD5 S")
	if err == nil {
		_, err = p.Ask("USR 2 MD5 S "+decode.MD5Response(words[4], "pw"), "USR 2 OK")
	}
	if err == nil {
		_, err = p.Ask("SYN 3 0", "LST 3 RL")
	}
	if err == nil {
		_, err = p.Ask("CHG 4 NLN", "CHG 4 NLN")
	}
	return err
}
