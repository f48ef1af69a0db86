package main

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/loadgen"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// crowd is a recording of pairs of users who sign in at a notification server without a dispatch
// server and ask for lists: each of so many requests has an answer. It is made without a server.
func crowd(t testing.TB, users, requests int) (*eventlog.Log, server.Options) {
	t.Helper()
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	store := &accounts.Memory{}
	var g session.Graph
	at := time.Date(2001, 5, 4, 12, 0, 0, 0, time.UTC)
	conns := make([]*session.Conn, users)
	say := func(c *session.Conn, dir decode.Dir, line string) {
		at = at.Add(10 * time.Microsecond)
		m := decode.Parse([]byte(line+"\r\n"), dir, c.Framing())
		log.Append(c.Track(dir, &m, at))
	}
	for i := range users {
		handle := fmt.Sprintf("user%d@hotmail.com", i)
		if err := store.Create(handle, "secret", "user"); err != nil {
			t.Fatal(err)
		}
		c, e := g.Open(at, fmt.Sprintf("192.0.2.7:%d", 1024+i), "127.0.0.3:1863")
		c.To("127.0.0.3:1863", dialect.NS)
		log.Append(e)
		conns[i] = c
		say(c, decode.FromClient, "USR 1 MD5 I "+handle)
		say(c, decode.FromServer, "USR 1 MD5 S 1.2")
		say(c, decode.FromClient, "USR 2 MD5 S "+decode.MD5Response("1.2", "secret"))
		say(c, decode.FromServer, "USR 2 OK "+handle+" user")
		say(c, decode.FromClient, "CHG 3 NLN")
		say(c, decode.FromServer, "CHG 3 NLN")
	}
	states := []string{"BSY", "AWY", "NLN", "BRB"}
	for n := range requests {
		for _, c := range conns {
			line := fmt.Sprintf("CHG %d %s", 4+n, states[n%len(states)])
			say(c, decode.FromClient, line)
			say(c, decode.FromServer, line)
		}
	}
	return log, server.Options{Store: store, NoDispatch: true}
}

// BenchmarkPlan plans a million commands.
func BenchmarkPlan(b *testing.B) {
	log, _ := crowd(b, 2000, 247)
	before := processorTime(b)
	for b.Loop() {
		if _, err := replay.NewPlan(log); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(log.Len())/b.Elapsed().Seconds(), "events/s")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MB")
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

// processorTime returns the processor time that this process has taken: on a machine with other
// work it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReplay plays 2,000 users at once in lockstep against a server in this process, over TCP.
// BenchmarkLoad is the load generator with as many users on the same server: each waits for the
// answer to one command before the next, too.
func BenchmarkReplay(b *testing.B) {
	log, o := crowd(b, 2000, 247)
	plan, err := replay.NewPlan(log)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkCrowd(b, o, func(addr string) (commands int, busy time.Duration) {
		begun := time.Now()
		r, err := replay.Run(b.Context(), plan, replay.Options{
			To: addr, Brief: true, AtOnce: 2000,
			Password: func(string) (string, bool) { return "secret", true },
		})
		if err != nil || r.Verdict() != replay.Same {
			b.Fatalf("%v\n%s", err, wrongs(r))
		}
		return r.Counts.Sent + r.Counts.Same, time.Since(begun)
	})
}

func BenchmarkLoad(b *testing.B) {
	const users, changes = 2000, 247
	_, o := crowd(b, users, 0)
	load := loadgen.Options{Mode: loadgen.Lists, Messages: changes, Duration: 5 * time.Minute}
	for i := range users {
		load.Users = append(load.Users, loadgen.User{Handle: fmt.Sprintf("user%d@hotmail.com", i), Password: "secret"})
	}
	benchmarkCrowd(b, o, func(addr string) (commands int, busy time.Duration) {
		load.Server = addr
		begun := time.Now()
		r, err := loadgen.Run(b.Context(), load)
		if err != nil || len(r.Errors) > 0 {
			b.Fatal(err, r.Errors)
		}
		return 2*users*changes + 8*users, time.Since(begun) // VER, USR and CHG, each with an answer
	})
}

// benchmarkCrowd measures what run does with a fresh server in each round.
func benchmarkCrowd(b *testing.B, o server.Options, run func(addr string) (commands int, busy time.Duration)) {
	commands, before := 0, processorTime(b)
	var busy time.Duration
	for b.Loop() {
		set := server.Lenient.Settings()
		set.Limits.AddressConns, set.Limits.AddressLogons = 100, 100_000
		o.Settings = &set
		srv := server.New(o)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() { _ = srv.Serve(dialect.NS, l) })
		n, took := run(l.Addr().String())
		commands, busy = commands+n, busy+took
		srv.Close()
		l.Close()
		serving.Wait()
	}
	b.ReportMetric(float64(commands)/busy.Seconds(), "commands/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(commands), "cpu-µs/command")
}
