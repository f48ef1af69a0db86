package metrics

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

const handle = "alice.secret.name@hotmail.com"

// stage is all that has metrics: a proxy in front of a server with a database. One user has signed
// in through it, and another has tried.
type stage struct {
	*Metrics
	path   string
	client *client.Client
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{path: filepath.Join(t.TempDir(), "a.db")}
	db, err := accounts.Open(s.path, accounts.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Create(handle, "pw", "Alice"); err != nil {
		t.Fatal(err)
	}
	srv := server.New(server.Options{Store: db})
	log, events := eventlog.New(eventlog.Options{Dir: t.TempDir()}), bus.New((*session.Event).Size)
	keeps := events.Subscribe(bus.Options[*session.Event]{
		Name: "log", Gap: func(first, _ *session.Event, _ int) *session.Event { return first },
		Handle: func(batch []*session.Event) {
			for _, e := range batch {
				log.Append(e)
			}
		},
	})
	traffic := NewTraffic()
	p := proxy.New(proxy.Options{Upstream: "127.0.0.2:1863", Dial: srv.Dial, Publish: func(e *session.Event) {
		traffic.Count(e)
		events.Publish(e)
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go p.Serve(l)
	s.Metrics = New(Options{
		Version: "1.2.3", Traffic: traffic, Proxy: p, Controls: intercept.NewControls(p, intercept.ControlsOptions{}),
		Log: log, Subscriptions: []*bus.Subscription{keeps}, OutputFailed: func() bool { return false },
		Server: srv, Database: db,
	})
	t.Cleanup(func() {
		if s.client != nil {
			s.client.Close()
		}
		p.Close()
		events.Close()
		log.Close()
		srv.Close()
		db.Close()
	})
	o := client.Options{Server: l.Addr().String(), Handle: handle, Password: "wrong"}
	if _, err = client.Login(t.Context(), o); err == nil {
		t.Fatal("a wrong password is right")
	}
	o.Password = "pw"
	if s.client, err = client.Login(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := s.client.SetState(t.Context(), "NLN"); err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks for a path, and returns the status and the text.
func (s *stage) get(path string) (int, string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	text, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(text)
}

// TestEveryFamily: what is served is what the table of families has, promtool's linter has nothing
// to say about it, and it says nothing of the user.
func TestEveryFamily(t *testing.T) {
	s := newStage(t)
	problems, err := testutil.GatherAndLint(s.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter says %v (%v)", problems, err)
	}
	got, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range families {
		known[f.name] = true
	}
	for _, mf := range got {
		if name := mf.GetName(); strings.HasPrefix(name, "msnscope_") && !known[name] {
			t.Errorf("%s is in no row", name)
		}
		delete(known, mf.GetName())
	}
	for name := range known {
		t.Errorf("%s is not served", name)
	}
	code, text := s.get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	for _, want := range []string{
		`msnscope_proxy_commands_total{command="CHG",from="client",role="NS"} 1`,
		`msnscope_proxy_commands_total{command="error",from="server",role="NS"} 1`,
		`msnscope_proxy_round_trip_seconds_count{command="CHG",role="NS"} 1`,
		`msnscope_proxy_connections{role="NS"} 1`,
		`msnscope_server_sign_ins_total{result="ok"} 1`,
		`msnscope_server_sign_ins_total{result="wrong-password"} 1`,
		`msnscope_server_users 1`,
		`msnscope_server_errors_total{code="911"} 1`,
		`msnscope_database_commits_total 1`,
		`msnscope_subscriber_lost_events_total{subscriber="log"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, secret := range []string{"alice", "Alice", "@", s.path} {
		if strings.Contains(text, secret) {
			t.Errorf("it says %q", secret)
		}
	}
}

// TestRoundTripsAreNative: a scrape in protobuf has round trips in native buckets.
func TestRoundTripsAreNative(t *testing.T) {
	s := newStage(t)
	got, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, mf := range got {
		if mf.GetName() != proxyTrips.name {
			continue
		}
		if h := mf.Metric[0].GetHistogram(); len(h.PositiveSpan) == 0 || len(h.Bucket) > 0 {
			t.Errorf("no native buckets alone: %v", h)
		}
	}
}

// TestOtherText: whatever comes over the wire, no label says it.
func TestOtherText(t *testing.T) {
	traffic := NewTraffic()
	m := New(Options{Traffic: traffic})
	s := &stage{Metrics: m}
	_, before := s.get("/metrics")
	for _, raw := range []string{"ZZZ 1 alice@hotmail.com\r\n", "\x00\xff\r\n", "xfr\r\n", "555 1\r\n"} {
		e := &session.Event{Role: dialect.NS, In: decode.Parse([]byte(raw), decode.FromClient, dialect.MSNP2)}
		e.Dir, e.Flags = decode.FromClient, session.Opaque
		traffic.Count(e)
	}
	_, after := s.get("/metrics")
	if want := `msnscope_proxy_commands_total{command="other",from="client",role="NS"} 4`; !strings.Contains(after, want) {
		t.Errorf("it lacks %s", want)
	}
	if strings.Contains(after, "ZZZ") || strings.Contains(after, "alice") || before == after {
		t.Error("it says what came over the wire")
	}
}

// TestReady: the process is ready while its database can be written, and says why it is not; it is
// healthy all the same. The database is not asked more than once a second.
func TestReady(t *testing.T) {
	s := newStage(t)
	if code, text := s.get("/readyz"); code != http.StatusOK {
		t.Errorf("not ready: %d %s", code, text)
	}
	commits := s.o.Database.Stats().Commits
	for range 100 {
		s.get("/readyz")
	}
	if n := s.o.Database.Stats().Commits; n != commits {
		t.Errorf("100 questions made %d commits", n-commits)
	}
	if err := os.Rename(s.path, s.path+".old"); err != nil {
		t.Fatal(err)
	}
	s.checked = time.Time{}
	code, text := s.get("/readyz")
	if code != http.StatusServiceUnavailable || !strings.Contains(text, "the file is gone") {
		t.Errorf("ready without a database: %d %s", code, text)
	}
	if code, _ := s.get("/healthz"); code != http.StatusOK {
		t.Errorf("not healthy: %d", code)
	}
	if code, _ := s.get("/debug/pprof/heap"); code != http.StatusNotFound {
		t.Errorf("a heap profile, which has passwords, is served to everybody: %d", code)
	}
}

// TestServe: a scrape over TCP, and no end of it when the server ends.
func TestServe(t *testing.T) {
	m := New(Options{Version: "1"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, l) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(text), `msnscope_build_info{version="1"} 1`) {
		t.Errorf("it says %.200s", text)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestSlowScrapers: whoever asks for the metrics and reads nothing does not keep others from them.
func TestSlowScrapers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- New(Options{}).Serve(ctx, l) }()
		const scrape = "GET /metrics HTTP/1.1\r\nHost: m\r\n\r\n"
		for i := range 3 * maxScrapes {
			c, err := network.DialContext(t.Context(), "tcp", "127.0.0.1:1")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, strings.Repeat(scrape, 100)) // more than fits on the way to the reader
			synctest.Wait()
			resp, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("scraper %d gets %v, %v", i+1, resp, err)
			}
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// TestNobodyKeepsOthersOut: a connection that says nothing, or half a request, is closed in time,
// and there is a limit to those that have asked and stay.
func TestNobodyKeepsOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- New(Options{}).Serve(ctx, l) }()
		say := func(text string) net.Conn {
			c, err := network.DialContext(t.Context(), "tcp", "127.0.0.1:1")
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, text)
			return c
		}
		for _, text := range []string{"", "GET /met"} {
			c, began := say(text), time.Now()
			_, _ = io.Copy(io.Discard, c) // until it is closed
			if took := time.Since(began); took > door.CallerTime+time.Second {
				t.Errorf("%q may wait for %s", text, took)
			}
			c.Close()
		}
		for i := range door.MaxCallers + 1 {
			c := say("GET /healthz HTTP/1.1\r\nHost: m\r\n\r\n")
			defer c.Close()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if full := resp.StatusCode == http.StatusServiceUnavailable; full != (i == door.MaxCallers) {
				t.Errorf("connection %d gets %d", i+1, resp.StatusCode)
			}
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}
