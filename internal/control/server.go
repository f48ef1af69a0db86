package control

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// These are the limits of the server.
const (
	// maxBody is the greatest size of a request's body in bytes: a command of 1 MB, escaped.
	maxBody = 4 << 20
	// maxStreams bounds the streams of events at a time, each of which reads the log by itself.
	maxStreams = 64
	// ownRoom is how many bytes each connection may always hold of what its caller sends or has not
	// read yet: an event of 1 MB as JSON or in a recording. maxRoom is how many bytes all
	// connections may hold beyond that, for the few events that take more when escaped.
	ownRoom = 2 << 20
	maxRoom = 32 << 20
	// look is the interval at which a stream looks for new events.
	look = 50 * time.Millisecond
)

// Options configure a Server. Log, Proxy, Controls and Token are required.
type Options struct {
	// Log holds the events, Proxy has the connections, and Controls carry out requests.
	Log      *eventlog.Log
	Proxy    *proxy.Proxy
	Controls *intercept.Controls
	// Token is the bearer token that each request must have.
	Token string
	// Logger receives the errors of net/http's server; nil discards them.
	Logger *slog.Logger
	// Stalled, if not nil, is called for each stream that was ended because its reader read
	// nothing.
	Stalled func(error)
	// Done is closed when no more events will come: streams then end after the last one. A nil
	// channel means never.
	Done <-chan struct{}
}

// Server is the control API of one proxy. Make one with [NewServer]. It is safe for concurrent use.
type Server struct {
	o   Options
	mux *http.ServeMux

	reading sync.WaitGroup // streams
	room    room
	turn    chan struct{}    // holds a token while a piece of an answer is made
	reader  *eventlog.Reader // used by the goroutine that has the turn

	mu      sync.Mutex
	streams int
	leases  int // attached inspectors with a lease
}

// NewServer returns a server of the API.
func NewServer(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Stalled == nil {
		o.Stalled = func(error) {}
	}
	s := &Server{o: o, mux: http.NewServeMux(), turn: make(chan struct{}, 1), reader: o.Log.Reader()}
	for _, r := range routes() {
		s.mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) {
			err := r.allows(req)
			if err == nil {
				err = r.do(s, w, req)
			}
			if err != nil {
				refuse(w, err)
			}
		})
	}
	addProfiles(s.mux)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		err := fmt.Errorf("%s %s: not found; GET /v1/openapi.json lists all routes", req.Method,
			req.URL.Path)
		refuse(w, &problem{http.StatusNotFound, err})
	})
	return s
}

// Serve serves the API on l until ctx ends; then it ends all requests and returns nil. It closes l
// in any case.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if err := door.Serve(ctx, l, s, s.o.Logger); err != nil {
		return fmt.Errorf("control on %s: %w", l.Addr(), err)
	}
	return nil
}

// Wait waits, for d at most, until all streams have ended, as they do after Options.Done was
// closed.
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
		w.Header().Set("Connection", "close")
		err := errors.New("the token is missing or wrong: send Authorization: Bearer TOKEN")
		refuse(w, &problem{http.StatusUnauthorized, err})
		return
	}
	if !door.Known(r.Context()) {
		w.Header().Set("Connection", "close")
		err := fmt.Errorf("%d connections are open already, and no more are allowed", door.MaxCallers)
		refuse(w, &problem{http.StatusServiceUnavailable, err})
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

// Error implements the error interface.
func (p *problem) Error() string { return p.err.Error() }

// Unwrap returns the error without its status.
func (p *problem) Unwrap() error { return p.err }

// statusOf returns the HTTP status of an error.
func statusOf(err error) int {
	var p *problem
	var not *edit.NotAllowedError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p.status
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &not):
		return http.StatusConflict
	case errors.Is(err, edit.ErrGone), errors.Is(err, edit.ErrNoConn):
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

func refuse(w http.ResponseWriter, err error) {
	answer(w, statusOf(err), jsonError{err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}

// read decodes the JSON of a request. It refuses an unknown field, and a null or a missing one too,
// which must not stand for a value such as the empty expression that holds nothing.
func read[T any](s *Server, r *http.Request) (into T, err error) {
	size := maxBody
	if r.ContentLength >= 0 {
		size = int(min(r.ContentLength, maxBody))
	}
	if !s.room.take(size) {
		return into, errNoRoom
	}
	defer s.room.give(size)
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return into, fmt.Errorf("read the request's JSON: %w", err)
	}
	if err := complete(data, required(reflect.TypeFor[T]())); err != nil {
		return into, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&into); err != nil {
		return into, fmt.Errorf("in the request's JSON: %w", err)
	}
	return into, nil
}

// complete returns an error for data that is not exactly one JSON object with all the fields and
// without null.
func complete(data []byte, fields []string) error {
	switch d := json.NewDecoder(bytes.NewReader(data)); {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("the request has no JSON")
	case !json.Valid(data):
		if err := d.Decode(new(json.RawMessage)); err != nil {
			return fmt.Errorf("in the request's JSON: %w", err)
		}
		return errors.New("something follows the request's JSON")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	for t, err := d.Token(); err == nil; t, err = d.Token() {
		if t == nil {
			return errors.New("in the request's JSON: null is not a value: leave the field out, or give one")
		}
	}
	var there map[string]json.RawMessage
	if err := json.Unmarshal(data, &there); err != nil {
		return fmt.Errorf("the request's JSON must be an object: %w", err)
	}
	for _, name := range fields {
		if _, ok := there[name]; !ok {
			return fmt.Errorf("in the request's JSON: %q is missing", name)
		}
	}
	return nil
}

// ok answers a request that was carried out.
func ok(w http.ResponseWriter) error {
	answer(w, http.StatusOK, jsonOK{true})
	return nil
}
