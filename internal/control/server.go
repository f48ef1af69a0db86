package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// Limits of the server.
const (
	// maxBody is the greatest request: a command of 1 MB, escaped.
	maxBody = 4 << 20
	// maxStreams is how many readers of events there may be at a time; each reads the log by itself.
	maxStreams = 64
	// headerTime is how long a request may take to say what it wants; stallTime how long a reader of events may take nothing.
	headerTime = 10 * time.Second
	stallTime  = 30 * time.Second
	// look is how often a stream looks for new events.
	look = 50 * time.Millisecond
)

// Options are what a Server serves. All but Done must be there.
type Options struct {
	// Log has the events, Proxy the connections, Bench does what is asked.
	Log   *store.Log
	Proxy *proxy.Proxy
	Bench *intercept.Bench
	// Token is what each request must show.
	Token string
	// Done, when it is closed, says that no more events come: streams end behind the last one. nil never is.
	Done <-chan struct{}
}

// Server is the control API of one proxy. Make one with [NewServer]; it is safe for concurrent use.
type Server struct {
	o   Options
	mux *http.ServeMux

	reading sync.WaitGroup // streams

	mu      sync.Mutex
	streams int
	leases  int // inspectors that hold commands
}

// NewServer returns a server.
func NewServer(o Options) *Server {
	s := &Server{o: o, mux: http.NewServeMux()}
	for _, r := range routes() {
		s.mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) {
			err := r.allows(req.URL.Query())
			if err == nil {
				err = r.do(s, w, req)
			}
			if err != nil {
				refuse(w, err)
			}
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		refuse(w, &problem{http.StatusNotFound, fmt.Errorf("%s %s: there is no such thing; GET /v1/openapi.json has all there is", req.Method, req.URL.Path)})
	})
	return s
}

// Serve serves on l, which it closes, until ctx ends; then it ends all requests and returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	hs := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTime, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { hs.Close() })
	defer stop()
	if err := hs.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control on %s: %w", l.Addr(), err)
	}
	return nil
}

// Wait waits until all streams have ended, which they do after Options.Done was closed, but not longer than d.
func (s *Server) Wait(d time.Duration) {
	ended := make(chan struct{})
	go func() {
		s.reading.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(d):
	}
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(s.o.Token)) != 1 {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, &problem{http.StatusUnauthorized, errors.New("the token is missing or wrong: send Authorization: Bearer TOKEN")})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// problem is an error with its HTTP status.
type problem struct {
	status int
	err    error
}

// Error returns what is wrong.
func (p *problem) Error() string { return p.err.Error() }

// Unwrap returns what is wrong.
func (p *problem) Unwrap() error { return p.err }

// statusOf returns the HTTP status of an error.
func statusOf(err error) int {
	var p *problem
	var not *steer.NotAllowedError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p.status
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &not):
		return http.StatusConflict
	case errors.Is(err, steer.ErrGone), errors.Is(err, steer.ErrNoConn):
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

func refuse(w http.ResponseWriter, err error) {
	answer(w, statusOf(err), map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}

// read reads the JSON of a request. What it does not know is a mistake of the sender's.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	switch err := d.Decode(into); {
	case errors.Is(err, io.EOF):
		return errors.New("the request has no JSON")
	case err != nil:
		return fmt.Errorf("in the request's JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the request's JSON")
	}
	return nil
}

// ok answers a request that did what it said.
func ok(w http.ResponseWriter) error {
	answer(w, http.StatusOK, map[string]bool{"ok": true})
	return nil
}
