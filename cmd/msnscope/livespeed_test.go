//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/ui/model"
)

// liveTime is how long each run of TestLiveScreen lasts, and liveRate how many commands a second
// pass. A machine that tests other things at the same time has no time for more.
func liveTime(t *testing.T) (d time.Duration, rate int) {
	if text := os.Getenv("MSNSCOPE_LIVE"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("MSNSCOPE_LIVE: %v", err)
		}
		return d, 100_000
	}
	return 500 * time.Millisecond, 10_000
}

// liveMemory is what the process with a screen may have in memory: index, bytes and infos of the
// log, transactions, states and the connections of the model, as they promise, and 128 MB for the
// rest of the program and for garbage.
const liveMemory = (256 + 32 + 32 + 100 + 64 + 128) << 20

// TestLiveScreen sends commands through a proxy, with an inspector and without one, in the order
// ABBA, from a writer before it to a server behind it that answers each: nothing is lost or held
// up, the log and the screen have all of it, and memory stays within what is promised. With
// MSNSCOPE_LIVE=60s, each run has 100,000 commands a second for a minute, and what passes with the
// screen is compared with what passes without.
func TestLiveScreen(t *testing.T) {
	long, rate := liveTime(t)
	turns := []bool{false, true, true, false}
	if os.Getenv("MSNSCOPE_LIVE") == "" {
		turns = turns[:2]
	}
	var sums [2]liveRun
	for _, screen := range turns {
		r := runLive(t, screen, long, rate)
		t.Logf("screen %-5v: %8.0f commands a second; round trips %5.2f ms in the middle, 99 %% in %5.1f; %d MB",
			screen, r.rate, r.median.Seconds()*1000, r.tail.Seconds()*1000, r.memory>>20)
		if r.memory > liveMemory {
			t.Errorf("%d MB in memory, want at most %d", r.memory>>20, liveMemory>>20)
		}
		sum := &sums[0]
		if screen {
			sum = &sums[1]
		}
		sum.rate, sum.median = sum.rate+r.rate, sum.median+r.median
	}
	ratio := sums[1].rate / sums[0].rate
	t.Logf("with the screen: %.3f × the rate, %.2f × the time of a round trip", ratio,
		float64(sums[1].median)/float64(sums[0].median))
	if len(turns) == 4 && (ratio < 0.95 || ratio > 1.05) {
		t.Errorf("with the screen %.3f times as many commands pass, want 0.95 to 1.05", ratio)
	}
}

// liveRun is what a run has shown: commands a second, how long a request and its answer took, and
// the most memory in bytes.
type liveRun struct {
	rate         float64
	median, tail time.Duration
	memory       int64
}

// liveClients is how many connections share the traffic.
const liveClients = 4

func runLive(t *testing.T, screen bool, long time.Duration, rate int) (r liveRun) {
	socket := msntest.Socket(t)
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	args := []string{"--listen", listen, "--upstream", liveServer(t), "--control", socket}
	if !screen {
		args = append(args, "--headless", "--filter", `cmd == "LST"`) // of which there is none
	}
	c := exec.Command("msnscope", args...)
	c.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "HOME="+t.TempDir())
	var seen liveTerminal
	if screen {
		far, err := pty.StartWithSize(c, &pty.Winsize{Cols: 140, Rows: 42})
		if err != nil {
			t.Skipf("no pseudo-terminal: %v", err)
		}
		seen.watch(t, far)
	} else if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			if err != nil && screen {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(patience):
			_ = c.Process.Kill()
			t.Error("it does not end")
		}
		seen.close()
	}()
	a := openAPI(t, socket)

	var all sync.WaitGroup
	trips := make([][]time.Duration, liveClients)
	began := time.Now()
	for i := range liveClients {
		all.Go(func() { trips[i] = liveClient(t, listen, i, long, rate/2/liveClients) })
	}
	all.Wait()
	took := time.Since(began)
	sent := 2 * liveBatch(rate/2/liveClients) * len(slices.Concat(trips...))
	commands := sent + 6*liveClients // and the logons
	await(t, "all events", func() bool {
		return strings.Contains(a.want(200, "GET", "/v1/stats", ""), fmt.Sprintf(`"events":%d,`, commands+3*liveClients))
	})
	if screen {
		seen.redraw(t)
		await(t, "the screen to have all", func() bool { return seen.has(model.Thousands(commands)) })
	}
	times := slices.Concat(trips...)
	slices.Sort(times)
	r.rate, r.memory = float64(sent)/took.Seconds(), peakMemory(t, c.Process.Pid)
	r.median, r.tail = times[len(times)/2], times[len(times)*99/100]
	return r
}

// liveTerminal reads what the inspector writes to its terminal.
type liveTerminal struct {
	far  *os.File
	done chan struct{}
	mu   sync.Mutex
	text []byte // the latest
}

func (l *liveTerminal) watch(t *testing.T, far *os.File) {
	l.far, l.done = far, make(chan struct{})
	go func() {
		defer close(l.done)
		buf := make([]byte, 64<<10)
		for {
			n, err := far.Read(buf)
			if err != nil {
				return
			}
			l.mu.Lock()
			l.text = append(l.text, buf[:n]...)
			l.text = l.text[max(0, len(l.text)-1<<20):]
			l.mu.Unlock()
		}
	}()
}

func (l *liveTerminal) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(string(l.text), text)
}

// redraw has the inspector draw its whole screen.
func (l *liveTerminal) redraw(t *testing.T) {
	if err := pty.Setsize(l.far, &pty.Winsize{Cols: 141, Rows: 42}); err != nil {
		t.Fatal(err)
	}
}

func (l *liveTerminal) close() {
	if l.far != nil {
		l.far.Close()
		<-l.done
	}
}

// liveLogon is what a client says first, and what it is answered.
var liveLogon = [][2]string{
	{"VER 1 MSNP2\r\n", "VER 1 MSNP2\r\n"},
	{"USR 2 MD5 I user%d@hotmail.com\r\n", "USR 2 MD5 S 1013928519.693957190\r\n"},
	{"USR 3 MD5 S 23e54a439a6a17d15025f4c6cbd0f6b5\r\n", "USR 3 OK user%d@hotmail.com user\r\n"},
}

// liveServer logs clients on and then repeats what they say, which is how a server answers CHG. It
// returns its address.
func liveServer(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var clients atomic.Int64
	var serving sync.WaitGroup
	serving.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			serving.Go(func() {
				defer c.Close()
				in, n := bufio.NewReaderSize(c, 64<<10), clients.Add(1)
				for _, step := range liveLogon {
					if _, err := in.ReadString('\n'); err != nil {
						return
					}
					answer := step[1]
					if strings.Contains(answer, "%d") {
						answer = fmt.Sprintf(answer, n)
					}
					_, _ = io.WriteString(c, answer)
				}
				_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{in})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

// liveTick is the time between two batches of a client: some hundred commands at most.
const liveTick = 10 * time.Millisecond

// liveBatch is how many requests of that many a second a batch has.
func liveBatch(rate int) int { return max(1, int(time.Duration(rate)*liveTick/time.Second)) }

// liveClient signs in, sends requests at a rate for a time, and returns how long each batch took
// until the answer to its last request had come.
func liveClient(t *testing.T, addr string, id int, long time.Duration, rate int) (trips []time.Duration) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(long + 2*patience))
	in := bufio.NewReaderSize(c, 64<<10)
	for _, step := range liveLogon {
		_, _ = io.WriteString(c, strings.ReplaceAll(step[0], "%d", strconv.Itoa(id)))
		if _, err := in.ReadString('\n'); err != nil {
			t.Errorf("the logon: %v", err)
			return nil
		}
	}
	batches, size := int(long/liveTick), liveBatch(rate)
	sent := make(chan time.Time, batches)
	go func() {
		defer close(sent)
		var lines []byte
		began := time.Now()
		tick := time.NewTicker(liveTick)
		defer tick.Stop()
		for i := range batches {
			for time.Since(began) < time.Duration(i)*liveTick { // a late one is made up for
				<-tick.C
			}
			lines = lines[:0]
			for n := range size {
				lines = fmt.Appendf(lines, "CHG %d %s\r\n", 4+i*size+n, []string{"NLN", "BSY", "AWY"}[n%3])
			}
			sent <- time.Now()
			if _, err := c.Write(lines); err != nil {
				return // the reader reports it
			}
		}
	}()
	for at := range sent {
		for range size {
			if line, err := in.ReadSlice('\n'); err != nil || len(line) < len("CHG 4 NLN\r\n") {
				t.Errorf("after %d batches: %q, %v", len(trips), line, err)
				return trips
			}
		}
		trips = append(trips, time.Since(at))
	}
	return trips
}
