package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// readyTime is how long the checks of /readyz may take, and restTime how long their result
	// stands: checking the database costs a sync of the disk, and nobody may ask for many of them.
	readyTime = 2 * time.Second
	restTime  = time.Second
	// maxScrapes is how many scrapes there may be at a time. Each takes some 100 KB.
	maxScrapes = 4
)

// Options say what there is to be measured. What is nil is not there, and has no metrics.
type Options struct {
	Version       string
	Traffic       *Traffic
	Proxy         *proxy.Proxy
	Controls      *intercept.Controls
	Log           *eventlog.Log
	Subscriptions []*bus.Subscription
	// OutputFailed reports whether any output has failed.
	OutputFailed func() bool
	Server       *server.Server
	Database     *accounts.SQLite
	// Listening returns why clients cannot connect, nil if they can.
	Listening func() error
	// Logger receives the errors of net/http's server; nil discards them.
	Logger *slog.Logger
}

// Metrics serves /metrics, /healthz and /readyz. Make one with [New]. It is safe for concurrent
// use.
type Metrics struct {
	o        Options
	registry *prometheus.Registry
	mux      *http.ServeMux

	mu      sync.Mutex // held while the checks run
	checked time.Time
	ready   error
}

// New returns the metrics of what o has.
func New(o Options) *Metrics {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Metrics{o: o, registry: prometheus.NewRegistry(), mux: http.NewServeMux()}
	m.registry.MustRegister(m, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.mux.Handle("GET /metrics", whole{promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	})})
	m.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	m.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := m.check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
	})
	return m
}

// whole lets a handler finish before anything of its answer is sent: a slow reader must not count
// as one of its requests. An answer has some ten kilobytes.
type whole struct{ http.Handler }

// ServeHTTP implements [http.Handler].
func (h whole) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := answer{ResponseWriter: w}
	h.Handler.ServeHTTP(&a, r)
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = a.body.WriteTo(w) // whoever hung up needs no error
}

// answer keeps what a handler answers.
type answer struct {
	http.ResponseWriter // whose header is set at once

	status int // 0 for 200
	body   bytes.Buffer
}

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements [io.Writer].
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// Serve serves the metrics on l until ctx ends; then it ends all requests and returns nil. It
// closes l in any case.
func (m *Metrics) Serve(ctx context.Context, l net.Listener) error {
	if err := door.Serve(ctx, l, m, m.o.Logger); err != nil {
		return fmt.Errorf("metrics on %s: %w", l.Addr(), err)
	}
	return nil
}

// ServeHTTP implements [http.Handler].
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !door.Known(r.Context()) { // everybody may see them
		w.Header().Set("Connection", "close")
		http.Error(w, fmt.Sprintf("%d connections are open already, and no more are allowed", door.MaxCallers),
			http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	m.mux.ServeHTTP(w, r)
}

// check returns why the process cannot serve clients, nil if it can.
func (m *Metrics) check(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.checked) < restTime {
		return m.ready
	}
	// The check is for all who ask: one who hangs up must not spoil it.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
	defer done()
	m.ready = nil
	if m.o.Listening != nil {
		m.ready = m.o.Listening()
	}
	if m.o.Database != nil {
		if err := m.o.Database.Writable(ctx); err != nil {
			m.ready = errors.Join(m.ready, fmt.Errorf("the database cannot be changed: %w", err))
		}
	}
	m.checked = time.Now()
	return m.ready
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range families {
		ch <- f.desc
	}
}

// Collect implements [prometheus.Collector]. It reads all numbers at this moment.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	ch <- buildInfo.metric(1, m.o.Version)
	if m.o.Traffic != nil {
		m.o.Traffic.collect(ch)
	}
	if m.o.Proxy != nil {
		m.collectProxy(ch)
	}
	if m.o.Log != nil {
		ch <- logEvents.metric(float64(m.o.Log.Len()))
		ch <- logSpilled.metric(float64(m.o.Log.Spilled()))
	}
	for _, s := range m.o.Subscriptions {
		ch <- subHeld.metric(float64(s.Held()), s.Name())
		ch <- subLost.metric(float64(s.Lost()), s.Name())
	}
	if m.o.OutputFailed != nil {
		failed := 0.0
		if m.o.OutputFailed() {
			failed = 1
		}
		ch <- outFailed.metric(failed)
	}
	if m.o.Server != nil {
		m.collectServer(ch)
	}
	if m.o.Database != nil {
		st := m.o.Database.Stats()
		ch <- dbCommits.metric(float64(st.Commits))
		ch <- dbChanges.metric(float64(st.Changes))
		ch <- dbFailures.metric(float64(st.Failures))
	}
}

func (m *Metrics) collectProxy(ch chan<- prometheus.Metric) {
	st := m.o.Proxy.Stats()
	var open [len(roleNames)]int
	for role, n := range st.Open {
		open[placeOf(role)] += n
	}
	for i, n := range open {
		ch <- proxyOpen.metric(float64(n), roleNames[i])
	}
	ch <- proxyQueue.metric(float64(st.Queued))
	ch <- proxyQueued.metric(float64(st.QueuedBytes))
	ch <- proxySpooled.metric(float64(st.SpooledBytes))
	bypassed, _ := m.o.Proxy.Bypassed()
	ch <- proxyBypass.metric(float64(bypassed))
	if m.o.Controls != nil {
		ch <- proxyHeld.metric(float64(len(m.o.Controls.Held())))
		ch <- proxyFaults.metric(float64(len(m.o.Controls.Faults())))
	}
}

func (m *Metrics) collectServer(ch chan<- prometheus.Metric) {
	st := m.o.Server.Stats()
	for role, n := range st.Open {
		ch <- serverOpen.metric(float64(n), role.String())
	}
	for role, n := range st.Accepted {
		ch <- serverAccepted.metric(float64(n), role.String())
	}
	for result, n := range st.SignIns {
		ch <- serverSignIns.metric(float64(n), result.String())
	}
	for role, byVerb := range st.Commands {
		for verb, n := range byVerb {
			if verb == "" {
				verb = "other"
			}
			ch <- serverCommands.metric(float64(n), verb, role.String())
		}
	}
	for code, n := range st.Errors {
		ch <- serverErrors.metric(float64(n), strconv.Itoa(code))
	}
	ch <- serverRefused.metric(float64(st.Refused))
	ch <- serverUsers.metric(float64(st.Users))
	ch <- serverBoards.metric(float64(st.Switchboards))
	ch <- serverReceived.metric(float64(st.Received))
	ch <- serverSent.metric(float64(st.Sent))
}
