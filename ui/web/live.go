package web

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/ui/model"
)

const (
	// maxViews is how many pages may be open. Each has a model of its own, whose history of a
	// million commands takes some 100 MB, and a browser opens only six connections to a server, of
	// which each page keeps one.
	maxViews = 4
	// maxBody is the greatest size of a request's body in bytes: a command of 1 MB, quoted.
	maxBody = 4 << 20
)

// LiveOptions configure a Live. Only Log is required.
type LiveOptions struct {
	// Log is the capture that is shown.
	Log model.Log
	// Live says that more events are to come.
	Live bool
	// Filter is the filter expression at the start, "" for none. It must be valid.
	Filter string
	// Lint chooses the rules by which events are checked; nil checks nothing.
	Lint *lint.Options
	// Host is the host on which the page listens, "" for a loopback address. See [Live.Serve].
	Host string
	// Title returns in a few words what is shown; Status what is being recorded, "" for nothing.
	// Both may be called on any goroutine; nil means "".
	Title, Status func() string
	// Loading returns how far the reading of a file has come, and whether it is still going on; nil
	// where no file is read. It may be called on any goroutine.
	Loading func() (text string, busy bool)
	// Steering holds, changes and sends live traffic; nil where there is none.
	Steering model.Steering
	// Left, if not nil, is called when the last page has gone for good: nobody is left to release
	// what is held.
	Left func()
	// Save writes events in one of model.Forms, with comments by their numbers. It is nil where
	// nothing can be saved.
	Save func(w io.Writer, form string, events iter.Seq[*session.Event], comments map[uint64]string) (int, error)
	// Made names the program and its version.
	Made string
	// Logger receives the errors of net/http's server; nil discards them.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Live serves a page that shows a log while it grows: the other face of ui/model. Each open page
// has a model of its own, which lives here; the browser draws the rows in sight and sends keys.
// Make one with [NewLive]. It is safe for concurrent use.
type Live struct {
	o    LiveOptions
	gate *gate
	mux  *http.ServeMux

	running sync.WaitGroup // the goroutines of views
	mu      sync.Mutex     // guards the fields below; view.mu is never locked while it is
	views   map[string]*view
	over    bool // no more views are opened
}

//go:embed live
var liveFiles embed.FS

var liveTemplate = template.Must(template.ParseFS(liveFiles, "live/live.html"))

// NewLive returns a page. It fails if Options.Filter is not a valid expression.
func NewLive(o LiveOptions) (*Live, error) {
	if _, err := filter.Compile(o.Filter); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	none := func() string { return "" }
	if o.Title == nil {
		o.Title = none
	}
	if o.Status == nil {
		o.Status = none
	}
	if o.Loading == nil {
		o.Loading = func() (string, bool) { return "", false }
	}
	l := &Live{o: o, gate: newGate(o.Host), mux: http.NewServeMux(), views: map[string]*view{}}
	get := func(path string, h http.HandlerFunc) { l.mux.HandleFunc(http.MethodGet+" /"+path, h) }
	get("{$}", l.page)
	get("files/{name}", l.file)
	get("events", l.events)
	get("save", l.save)
	for path, answer := range answers {
		get(path, func(w http.ResponseWriter, r *http.Request) { l.answer(w, r, answer) })
	}
	for path, answer := range map[string]func(*view, *http.Request) (any, error){
		"do": (*view).do, "check": (*view).check,
	} {
		l.mux.HandleFunc(http.MethodPost+" /"+path, func(w http.ResponseWriter, r *http.Request) {
			l.answer(w, r, answer)
		})
	}
	return l, nil
}

// Link returns a link to the page at an address, HOST:PORT, which works once.
func (l *Live) Link(address string) string { return "http://" + address + "/?once=" + l.gate.link() }

// Serve serves the page on listener until ctx ends; then it ends all requests and returns nil. It
// closes the listener in any case. Pages of other machines are served only if LiveOptions.Host
// names an address that they reach.
func (l *Live) Serve(ctx context.Context, listener net.Listener) error {
	defer l.close()
	if err := door.Serve(ctx, listener, l, l.o.Logger); err != nil {
		return fmt.Errorf("page on %s: %w", listener.Addr(), err)
	}
	return nil
}

// close ends all views and waits for their goroutines.
func (l *Live) close() {
	l.mu.Lock()
	l.over = true
	for _, v := range l.views {
		v.stop()
	}
	l.mu.Unlock()
	l.running.Wait()
}

// livePolicy allows the page its own files, and nothing that is inline. Text can never become
// markup: browsers that know trusted types refuse to parse any.
const livePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP implements [http.Handler].
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", livePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if why := l.gate.foreign(r); why != "" {
		l.refuse(w, http.StatusForbidden, why)
		return
	}
	if !l.gate.admits(w, r) {
		l.refuse(w, http.StatusUnauthorized, "this page opens with the link that msnscope printed when it started, "+
			"which works once; after that the browser that opened it has a cookie until msnscope ends. Link in an "+
			"open page makes another.")
		return
	}
	if !door.Known(r.Context()) {
		l.refuse(w, http.StatusServiceUnavailable,
			fmt.Sprintf("%d connections are open already, and no more are allowed", door.MaxCallers))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	l.mux.ServeHTTP(w, r)
}

// refuse answers a stranger, and hangs up.
func (l *Live) refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, "msnscope: "+why, status)
}

// page serves the page itself.
func (l *Live) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var columns []model.Column
	for _, name := range model.UsualColumns() {
		c, _ := model.ColumnNamed(name)
		columns = append(columns, c)
	}
	_ = liveTemplate.Execute(w, map[string]any{ // a browser that is gone needs no page
		"Made": l.o.Made, "Columns": columns, "Keys": liveKeys, "Steers": l.o.Steering != nil,
		"Saves": l.o.Save != nil, "Forms": model.Forms(),
	})
}

// file serves a style or a module of the page.
func (l *Live) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	media := map[string]string{".js": "text/javascript", ".css": "text/css"}[path.Ext(name)]
	text, err := liveFile(name)
	if err != nil || media == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

// liveFile returns a file of the page. What it shares with the page of flow is not in its folder.
func liveFile(name string) (string, error) {
	switch name {
	case "colours.css":
		return coloursCSS, nil
	case "ladder.css":
		return ladderCSS, nil
	case "parts.js":
		return partsJS + "export {el, bytes, pairs, fields, facts};\n", nil
	}
	text, err := fs.ReadFile(liveFiles, "live/"+name)
	return string(text), err
}

// errGone is the error for a request of a page whose view has ended.
var errGone = errors.New("this page was away for too long: it begins anew")

// problem is an error with its HTTP status.
type problem struct {
	status int
	error
}

// viewOf returns the view of a request, and opens one if the request may.
func (l *Live) viewOf(r *http.Request, open bool) (*view, error) {
	id := r.FormValue("view")
	if len(id) < 8 || len(id) > 64 {
		return nil, errors.New("view: it must be the page's own name of 8 to 64 characters")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.views[id]; v != nil {
		return v, nil
	}
	if !open || l.over {
		return nil, &problem{http.StatusGone, errGone}
	}
	if len(l.views) >= maxViews && !l.evictLocked() {
		return nil, &problem{
			http.StatusServiceUnavailable,
			fmt.Errorf("%d pages are open already, and no more are allowed: close one", maxViews),
		}
	}
	v := l.newView(id)
	l.views[id] = v
	l.running.Go(v.run)
	return v, nil
}

// evictLocked ends the view that nobody has looked at for the longest time, and reports whether
// there was one. l.mu must be locked.
func (l *Live) evictLocked() bool {
	var oldest *view
	for _, v := range l.views {
		if v.streams == 0 && (oldest == nil || v.left.Before(oldest.left)) {
			oldest = v
		}
	}
	if oldest == nil {
		return false
	}
	l.dropLocked(oldest)
	return true
}

// dropLocked ends a view. l.mu must be locked.
func (l *Live) dropLocked(v *view) {
	if l.views[v.id] == v {
		delete(l.views, v.id)
	}
	v.stop()
}

// answer answers a request of a page with JSON.
func (l *Live) answer(w http.ResponseWriter, r *http.Request, do func(*view, *http.Request) (any, error)) {
	v, err := l.viewOf(r, false)
	var value any
	if err == nil {
		value, err = do(v, r)
	}
	reply(w, value, err)
}

// reply answers with a value, or with an error.
func reply(w http.ResponseWriter, value any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		if p := (*problem)(nil); errors.As(err, &p) {
			status = p.status
		}
		value = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a browser that is gone needs no answer
}

// number returns a number of a request's query.
func number(r *http.Request, name string, least, most int) (int, error) {
	n, err := strconv.Atoi(r.FormValue(name))
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s=%q: it must be a number from %d to %d", name, r.FormValue(name), least, most)
	}
	return n, nil
}
