package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/ui/model"
)

// The model works as that of the inspector does: for slice in each frame beside live traffic,
// otherwise without breaks in pieces of pause, for which a request then waits at most. The browser
// hears of changes once a beat: nobody reads faster.
const (
	frame = 40 * time.Millisecond
	slice = 15 * time.Millisecond
	pause = 5 * time.Millisecond
	beat  = 100 * time.Millisecond
	// quietTime is how long a stream says nothing: then a comment shows whether there still is a
	// browser. awayTime is how long a view waits for its page to connect again.
	quietTime = 10 * time.Second
	awayTime  = time.Minute
)

// view is one open page: its model, and what its browser was told.
type view struct {
	live *Live
	id   string
	ctx  context.Context
	stop context.CancelFunc

	// Live.mu guards these.
	streams int       // that are open, 0 or 1 but for a moment
	left    time.Time // when the latest ended

	mu      sync.Mutex // guards the fields below
	model   *model.Model
	filter  string
	face    face
	before  face   // what was shown before the conversation
	hold    string // the latest expression for holding
	saving  bool
	loading bool // a file was being read at the last look
}

// face is how the rows are shown.
type face string

const (
	listFace   face = "list"
	ladderFace face = "ladder"
	talkFace   face = "talk"
)

func (l *Live) newView(id string) *view {
	ctx, stop := context.WithCancel(context.Background())
	v := &view{live: l, id: id, ctx: ctx, stop: stop, left: l.o.Now(), face: listFace}
	v.model = model.New(l.o.Log, model.Options{Live: l.o.Live, Lint: l.o.Lint, Now: l.o.Now})
	if f, err := filter.Compile(l.o.Filter); err == nil && l.o.Filter != "" {
		v.model.SetFilter(f)
		v.filter = l.o.Filter
	}
	return v
}

// run lets the model work until the view ends, or nobody has looked at it for awayTime.
func (v *view) run() {
	defer v.end()
	for wait := time.Duration(0); ; {
		select {
		case <-v.ctx.Done():
			return
		case <-time.After(wait):
		}
		if wait = frame; v.step() {
			wait = 0
		}
		if v.away() {
			return
		}
	}
}

// step lets the model work for a moment, and reports whether it has more to do and nothing else
// needs the processor.
func (v *view) step() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.loading
	if _, v.loading = v.live.o.Loading(); was && !v.loading {
		v.model.Refresh() // the whole file shows more about each connection than its beginning did
	}
	v.lookHeld()
	if v.live.o.Live || v.loading {
		v.model.Step(slice)
		return false
	}
	return v.model.Step(pause) && v.model.Busy()
}

// lookHeld tells the model what is held now. v.mu must be locked.
func (v *view) lookHeld() {
	if s := v.live.o.Steering; s != nil {
		v.model.SetHeld(s.Held())
	}
}

// away reports whether nobody looks at the view any more.
func (v *view) away() bool {
	v.live.mu.Lock()
	defer v.live.mu.Unlock()
	return v.streams == 0 && v.live.o.Now().Sub(v.left) > awayTime
}

func (v *view) end() {
	v.live.mu.Lock()
	v.live.dropLocked(v)
	last := len(v.live.views) == 0
	v.live.mu.Unlock()
	v.mu.Lock()
	v.model.Close()
	v.mu.Unlock()
	if last && v.live.o.Left != nil {
		v.live.o.Left()
	}
}

// state is what a page shows beside the rows. A page that gets a new one draws the rows in sight
// again.
type state struct {
	Title   string `json:"title"`
	Status  string `json:"status"`
	Loading string `json:"loading"`
	Live    bool   `json:"live"`
	Rows    int    `json:"rows"`
	Row     int    `json:"row"` // the selected one, -1 for none
	N       uint64 `json:"n"`   // the number of its event
	Follow  bool   `json:"follow"`
	Paused  bool   `json:"paused"`
	Unseen  int    `json:"unseen"`
	Done    int    `json:"done"` // to how many events the filter has been applied, of Total
	Total   int    `json:"total"`
	Learned int    `json:"learned"` // counts what may change rows: events, and findings
	Filter  string `json:"filter"`
	Folded  bool   `json:"folded"`
	Face    face   `json:"face"`
	Crumbs  string `json:"crumbs"`         // the part of the tree to which the rows are limited
	Talk    string `json:"talk,omitempty"` // whose conversation is shown
	Tree    int    `json:"tree"`           // how many lines the tree has
	TreeRow int    `json:"treerow"`        // the selected one
	Figures string `json:"figures"`
	Steer   bool   `json:"steer"`
	Hold    string `json:"hold"`           // what is held
	Held    []held `json:"held,omitempty"` // the oldest of what is held, of HeldAll
	HeldAll int    `json:"heldall"`
	HeldID  uint64 `json:"heldid"`           // the selected one
	Failed  string `json:"failed,omitempty"` // what the last action could not do
}

// stateLocked returns the state now. v.mu must be locked.
func (v *view) stateLocked() *state {
	m, o := v.model, &v.live.o
	s := &state{Title: o.Title(), Status: o.Status(), Live: o.Live, Filter: v.filter, Folded: m.Folded()}
	s.Loading, _ = o.Loading()
	s.Rows, s.Follow = m.Lines(), m.Follow()
	row, e := m.Selected()
	if s.Row = row; e != nil {
		s.N = e.N
	}
	s.Paused, s.Unseen = m.Paused()
	s.Done, s.Total = m.Progress()
	s.Face, s.Crumbs, s.Tree, s.TreeRow = v.face, m.Crumbs(), len(m.Tree()), m.TreeCursor()
	if c := m.Conn(m.Talk()); c != nil {
		s.Talk = fmt.Sprintf("%s with %s  SB#%d", model.KnownAs(c.User, c.User), c.Others(), c.ID)
	}
	_, findings := m.Lints()
	stats := m.Stats()
	s.Learned = stats.Commands + findings
	if o.Steering != nil {
		s.Steer, s.Hold, s.HeldAll = true, o.Steering.Intercepting(), len(m.Held())
		for _, h := range m.Held()[:min(maxHeld, s.HeldAll)] {
			s.Held = append(s.Held, heldOf(h, o.Now()))
		}
		if h, ok := m.SelectedHeld(); ok {
			s.HeldID = h.ID
		}
	}
	s.Figures = fmt.Sprintf("cmd %s", model.Thousands(stats.Commands))
	for _, f := range []struct {
		name string
		n    int
	}{
		{"errors", stats.Errors},
		{"rewritten", stats.Rewritten},
		{"faults", stats.Faults},
		{"gaps", stats.Gaps},
		{"lint", findings},
	} {
		if f.n > 0 {
			s.Figures += fmt.Sprintf("  %s %s", f.name, model.Thousands(f.n))
		}
	}
	if o.Live {
		s.Figures += fmt.Sprintf("  %.0f/s", stats.Rate(o.Now()))
	}
	return s
}

// events streams the states of a view, the latest only: a browser that reads slowly misses those in
// between, and nothing waits for it here. One that reads nothing for [door.StallTime] is hung up
// on.
func (l *Live) events(w http.ResponseWriter, r *http.Request) {
	v, err := l.viewOf(r, true)
	if err != nil {
		reply(w, nil, err)
		return
	}
	l.watch(v, 1)
	defer l.watch(v, -1)
	w.Header().Set("Content-Type", "text/event-stream")
	c := http.NewResponseController(w)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	var last string
	for said := l.o.Now(); ; {
		text := v.news()
		switch now := l.o.Now(); {
		case text != last:
			last, said = text, now
		case now.Sub(said) >= quietTime:
			text, said = ": still here\n\n", now
		default:
			text = ""
		}
		if text != "" {
			_ = c.SetWriteDeadline(time.Now().Add(door.StallTime)) // without one, it is a test in memory
			if _, err := io.WriteString(w, text); err != nil || c.Flush() != nil {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-v.ctx.Done():
			return
		}
	}
}

// news returns the state as a message of a stream.
func (v *view) news() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	data, _ := json.Marshal(v.stateLocked()) // it has nothing that cannot be marshalled
	return "data: " + string(data) + "\n\n"
}

// watch counts the streams of a view.
func (l *Live) watch(v *view, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.streams += n
	v.left = l.o.Now()
}
