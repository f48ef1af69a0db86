package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

// endsVariable makes the test program the ends of so many connections, see playEnds.
const endsVariable = "MSNSCOPE_TEST_ENDS"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(endsVariable)); err == nil {
		if err := playEnds(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// BenchmarkConnections holds 5,000 clients that have said and heard a little, as a notification
// server's do, and reports what each costs the proxy's process, which has a pair of descriptors for
// each. Both ends are another process: it has as many, and its memory does not count. The buffers
// in the kernel are in neither.
func BenchmarkConnections(b *testing.B) {
	const n = 5000
	for b.Loop() {
		ends := exec.Command(os.Args[0])
		ends.Env = append(os.Environ(), endsVariable+"="+strconv.Itoa(n))
		ends.Stderr = os.Stderr
		in, err := ends.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := ends.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := ends.Start(); err != nil {
			b.Fatal(err)
		}
		says := bufio.NewScanner(out)
		says.Scan()
		p := New(Options{Upstream: says.Text(), Publish: func(*session.Event) {}})
		l := listenTCP(b)
		go p.Serve(l)
		before := inUse()
		fmt.Fprintln(in, l.Addr())
		if !says.Scan() || len(p.Conns()) != n {
			b.Errorf("%d connections are open, want %d", len(p.Conns()), n)
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/connection")
		in.Close()
		if err := ends.Wait(); err != nil {
			b.Errorf("the ends: %v", err)
		}
		p.Close()
	}
}

// playEnds says on standard output where it serves, reads from standard input where the clients
// shall connect to come there, opens n connections, talks on each, says so, and holds them until
// the input ends.
func playEnds(n int) error {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			// A plain io.Copy would let the kernel copy, with a pipe, which is two more
			// descriptors.
			go io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, 64))
		}
	}()
	fmt.Println(server.Addr())
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	var conns []net.Conn // what nobody holds is closed
	for range n {
		c, err := net.Dial("tcp", in.Text())
		if err != nil {
			return err
		}
		conns = append(conns, c)
		for _, line := range []string{"VER 1 MSNP2\r\n", "SYN 2 0\r\n", "CHG 3 NLN\r\n"} {
			io.WriteString(c, line)
			if _, err := io.ReadFull(c, make([]byte, len(line))); err != nil {
				return err
			}
		}
	}
	fmt.Println(len(conns), "connections")
	in.Scan()
	runtime.KeepAlive(conns)
	return nil
}

// inUse is how much memory the process has taken from the system and uses, stacks included.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
