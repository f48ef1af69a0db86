package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/ui/model"
)

// TestMain checks for leaked goroutines. One of net/http sleeps for half a second after hanging up
// and then ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// site is a live page that is being served, and a browser that has opened its link.
type site struct {
	*testing.T
	live    *Live
	address string
	browser *http.Client
}

func newSite(t *testing.T, o LiveOptions) *site {
	t.Helper()
	if o.Log == nil {
		o.Log = capturestest.Samples(t, "conversation.pcapng")
	}
	o.Lint = &lint.Options{Preset: lint.Observed}
	live, err := NewLive(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := live.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	s := &site{T: t, live: live, address: l.Addr().String()}
	s.browser = s.newBrowser()
	t.Cleanup(func() {
		stop()
		served.Wait()
		s.browser.CloseIdleConnections()
	})
	s.want(200, "<title>msnscope</title>", s.get(live.Link(s.address)))
	return s
}

func (s *site) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	b := &http.Client{Jar: jar, Transport: &http.Transport{}}
	s.Cleanup(b.CloseIdleConnections)
	return b
}

// get returns a request as the page's script sends it.
func (s *site) get(path string) *http.Request {
	s.Helper()
	if !strings.HasPrefix(path, "http") {
		path = "http://" + s.address + path
	}
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, path, nil)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *site) post(path, body string) *http.Request {
	s.Helper()
	r := s.get(path)
	r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader(body))
	r.Header.Set("Origin", "http://"+s.address)
	return r
}

// want sends a request and fails unless the answer has the status, and the text in it, which it
// returns.
func (s *site) want(status int, text string, r *http.Request) string {
	s.Helper()
	resp, err := s.browser.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	if resp.StatusCode != status || !strings.Contains(string(body), text) {
		s.Errorf("%s %s: %d %.300s, want %d %q", r.Method, r.URL, resp.StatusCode, body, status, text)
	}
	for name, value := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": livePolicy,
	} {
		if got := resp.Header.Get(name); got != value {
			s.Errorf("%s of %s is %q", name, r.URL, got)
		}
	}
	return string(body)
}

// open opens a stream, and returns what reads the next state.
func (s *site) open(view string) (next func() *state, end func()) {
	s.Helper()
	ctx, end := context.WithCancel(s.Context())
	s.Cleanup(end)
	resp, err := s.browser.Do(s.get("/events?view=" + view).WithContext(ctx))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(resp.Body)
		s.Fatalf("a stream is answered by %d %s", resp.StatusCode, body)
	}
	lines := bufio.NewReader(resp.Body)
	return func() *state {
		s.Helper()
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				s.Fatal(err)
			}
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				var st state
				if err := json.Unmarshal(data, &st); err != nil {
					s.Fatal(err)
				}
				return &st
			}
		}
	}, end
}

// do does a deed and returns the state after it.
func (s *site) do(view, deed string) *state {
	s.Helper()
	var st state
	if err := json.Unmarshal([]byte(s.want(200, "", s.post("/do?view="+view, deed))), &st); err != nil {
		s.Fatal(err)
	}
	return &st
}

const viewA = "view-aaaa"

// TestGate: the page opens with its link, once; without it, or from another page, nothing does.
func TestGate(t *testing.T) {
	s := newSite(t, LiveOptions{})
	link := s.live.Link(s.address)
	opened := s.browser
	for _, path := range []string{
		"/", "/?once=", "/?once=wrong", "/files/main.js", "/events?view=" + viewA, "/rows?view=" + viewA,
	} {
		s.browser = s.newBrowser()
		s.want(401, "opens with the link that msnscope printed", s.get(path))
	}
	s.want(200, "", s.get(link))
	s.browser = s.newBrowser()
	s.want(401, "works once", s.get(link))
	s.browser = opened
	s.want(200, "", s.get("/"))
	next, _ := s.open(viewA)
	next()
	s.want(200, `"rows":`, s.get("/rows?view="+viewA+"&from=0&count=5"))
	s.want(404, "", s.get("/files/live.html"))
	s.want(404, "", s.get("/files/..%2fgate.go"))

	forged := func(name, value string, r *http.Request) *http.Request {
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
		return r
	}
	deed := func() *http.Request { return s.post("/do?view="+viewA, `{"do":"look"}`) }
	s.want(200, `"rows"`, deed())
	s.want(403, "another address", forged("Host", "evil.example:80", s.get("/")))
	s.want(403, "another address", forged("Host", "192.0.2.1", s.get("/")))
	s.want(403, "another page", forged("Origin", "http://evil.example", s.get("/rows?view="+viewA)))
	s.want(403, "another page", forged("Origin", "http://127.0.0.1:1", deed()))
	s.want(403, "another page", forged("Origin", "null", deed()))
	s.want(403, "another page", forged("Sec-Fetch-Site", "same-site", s.get("/rows?view="+viewA)))
	none := deed()
	none.Header.Del("Origin")
	s.want(403, "no Origin", none)
	cookies := s.browser.Jar.Cookies(s.get("/").URL)
	local := forged("Host", "localhost:"+strings.TrimPrefix(s.address, "127.0.0.1:"), deed())
	local.AddCookie(cookies[0])
	s.want(403, "another page", local)
	local.Header.Set("Origin", "http://"+local.Host)
	local.AddCookie(cookies[0])
	local.Body = io.NopCloser(strings.NewReader(`{"do":"look"}`))
	s.want(200, `"rows"`, local)
}

// TestAnyAddress: a page that listens on all addresses is at each of them, but at no other name.
func TestAnyAddress(t *testing.T) {
	for host, want := range map[string]bool{
		"192.0.2.1:80": true, "[2001:db8::1]:80": true, "localhost": true, "evil.example:80": false, "": false,
	} {
		if got := newGate("0.0.0.0").knows(host); got != want {
			t.Errorf("on all addresses, %q is known: %v", host, got)
		}
	}
	if g := newGate("proxy.example"); !g.knows("proxy.example:80") || g.knows("192.0.2.1:80") {
		t.Error("a page with a name is at that name")
	}
}

// TestPagesAreCapped: one page more than there may be is refused in words; one whose browser has
// left makes room.
func TestPagesAreCapped(t *testing.T) {
	s := newSite(t, LiveOptions{})
	var ends []func()
	for i := range maxViews {
		next, end := s.open(fmt.Sprint("view-number-", i))
		next()
		ends = append(ends, end)
	}
	for range 1000 {
		s.want(503, "4 pages are open already", s.get("/events?view=one-more-"))
	}
	ends[1]()
	for deadline := time.Now().Add(30 * time.Second); ; {
		s.live.mu.Lock()
		left := s.live.views["view-number-1"] == nil || s.live.views["view-number-1"].streams == 0
		s.live.mu.Unlock()
		if left {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the end of a page is not noticed")
		}
	}
	next, _ := s.open("one-more-")
	next()
	s.want(410, "it begins anew", s.get("/rows?view=view-number-1&from=0&count=1"))
	s.want(400, "8 to 64 characters", s.get("/events?view=x"))
}

// TestRowsAreTheModels: what the page shows is what a model says.
func TestRowsAreTheModels(t *testing.T) {
	log := capturestest.Samples(t, "mistakes.pcapng")
	s := newSite(t, LiveOptions{Log: log})
	next, _ := s.open(viewA)
	m := model.New(log, model.Options{Lint: &lint.Options{Preset: lint.Observed}})
	for m.Busy() {
		m.Step(time.Second)
	}
	_, findings := m.Lints()
	for st := next(); !strings.Contains(st.Figures, fmt.Sprintf("lint %d", findings)); st = next() {
	}
	var got struct{ Rows []row }
	text := s.want(200, "", s.get("/rows?view="+viewA+"&from=0&count=500"))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != m.Rows() {
		t.Fatalf("%d rows, want %d", len(got.Rows), m.Rows())
	}
	signed := 0
	for i, r := range got.Rows {
		e := m.Row(i)
		if r.N != e.N || r.Cells[len(r.Cells)-1] != model.Says(e) ||
			strings.Contains(r.Signs, "⚠") != (len(m.Findings(e.N)) > 0) {
			t.Errorf("row %d is %+v, want that of %s", i, r, model.Says(e))
		}
		for k, name := range model.UsualColumns() {
			if c, _ := model.ColumnNamed(name); r.Cells[k] != c.Text(m, i, e) {
				t.Errorf("row %d: %s is %q, want %q", i, name, r.Cells[k], c.Text(m, i, e))
			}
		}
		if r.Signs != "" {
			signed++
		}
	}
	if signed == 0 {
		t.Error("no row has a sign")
	}
}

// TestDeeds: keys move the selection by identity; a filter keeps it; a wrong one says why.
func TestDeeds(t *testing.T) {
	s := newSite(t, LiveOptions{})
	next, _ := s.open(viewA)
	for st := next(); st.Done < st.Total || st.Total == 0; st = next() {
	}
	if st := s.do(viewA, `{"do":"move","n":6}`); st.N != 7 || st.Row != 6 {
		t.Errorf("six down from the first is #%d on row %d", st.N, st.Row)
	}
	st := s.do(viewA, `{"do":"filter","text":"cmd == \"XFR\""}`)
	if st.N != 7 || st.Row != 0 || st.Filter == "" {
		t.Errorf("with a filter #%d is selected on row %d", st.N, st.Row)
	}
	if st = s.do(viewA, `{"do":"show","n":1}`); !strings.Contains(st.Failed, "the filter hides #1") {
		t.Errorf("to show what is hidden says %q", st.Failed)
	}
	if st = s.do(viewA, `{"do":"filter","text":"cmd =="}`); st.Failed == "" || st.Filter != `cmd == "XFR"` {
		t.Errorf("a wrong filter says %q and leaves %q", st.Failed, st.Filter)
	}
	s.want(400, "there is no", s.post("/do?view="+viewA, `{"do":"explode"}`))
	s.want(400, "JSON", s.post("/do?view="+viewA, `{`))
	s.want(400, "must be a number", s.get("/rows?view="+viewA+"&from=-1&count=5"))
	s.want(400, "must be a number", s.get("/rows?view="+viewA+"&from=0&count=100000"))
}

// TestSlowBrowser: a browser that reads nothing is told only the latest when it reads again. What
// it missed is nowhere kept, and the log does not wait.
func TestSlowBrowser(t *testing.T) {
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	s := newSite(t, LiveOptions{Log: log, Live: true})
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(1)
	r := s.get("/events?view=" + viewA)
	for _, cookie := range s.browser.Jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	if err := r.Write(c); err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	began := time.Now()
	for i := range n {
		log.Append(&session.Event{N: uint64(i + 1), Kind: session.Note, Text: "x", Time: time.Unix(int64(i), 0)})
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d events took %s", n, took)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatal(err)
	}
	states := 0
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "data: ") {
			continue
		}
		if states++; strings.Contains(lines.Text(), fmt.Sprintf(`"rows":%d,`, n)) {
			break
		}
	}
	if states > 1000 {
		t.Errorf("%d states came for %d events", states, n)
	}
}

// TestBlockedBrowser: a browser that takes not a single byte more is hung up on, and its view ends
// a minute later; then the last page has gone, and what is held may be released.
func TestBlockedBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		left := 0
		live, err := NewLive(LiveOptions{Log: log, Live: true, Left: func() { left++ }})
		if err != nil {
			t.Fatal(err)
		}
		var network memnet.Network
		l, err := network.Listen("127.0.0.1:8080")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var served sync.WaitGroup
		served.Go(func() { _ = live.Serve(ctx, l) })
		c, err := network.DialContext(ctx, "tcp", "127.0.0.1:8080")
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:8080/events?view="+viewA, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "msnscope-8080", Value: live.gate.cookie})
		if err := r.Write(c); err != nil {
			t.Fatal(err)
		}
		open := func() int {
			live.mu.Lock()
			defer live.mu.Unlock()
			return len(live.views)
		}
		for i := range 60 * 60 * 10 { // an hour, with something new for each beat
			time.Sleep(beat)
			log.Append(&session.Event{N: uint64(i + 1), Kind: session.Note, Text: "x", Time: time.Now()})
			if i == 10 && open() != 1 {
				t.Fatal("the page does not open")
			}
		}
		if n := open(); n != 0 || left != 1 {
			t.Errorf("%d views are left, and Left was called %d times", n, left)
		}
		c.Close()
		stop()
		served.Wait()
	})
}
