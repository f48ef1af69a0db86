package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// ErrNoClient says that a recording has nothing that could be played.
var ErrNoClient = errors.New("no command of a client in this recording")

// Log is a loaded recording: its events by index, from 0. Events do not change and their order is causal.
type Log interface {
	Len() int
	At(i int) *session.Event
}

// Plan is what is to be done to play a recording. It does not change after it was made, keeps the log that it was made of and
// reads from it again when it is played; several Runs may share it.
type Plan struct {
	// Notes are what could not be planned as it was recorded, in words.
	Notes []string

	log      Log
	steps    []step
	conns    map[int]*connPlan
	referred map[uint64]bool // events whose address a connection followed
	logons   map[uint64]logon
	proofs   map[uint64]string // the keys with which clients answered challenges in a payload (MSNP6), by event
	sent     int

	// Of a plan that grows while it is played: that it does, and how many of its steps have been played.
	grows  bool
	played int
}

// action is what one step does.
type action uint8

const (
	open        action = iota // connect
	send                      // a client's command
	expect                    // a server's command
	closeClient               // the client closes
	closeServer               // the server closes
)

// step is one thing to do. It holds no event, so that a plan of a long recording stays small.
type step struct {
	do    action
	conn  int
	index int // of the event in the log
}

// connPlan is what the whole recording tells of one connection.
type connPlan struct {
	role     dialect.Role
	user     string
	server   string // where it went
	referral uint64 // the number of the event whose address it followed, 0 for none
	plays    bool   // the client said something
	spoke    bool   // the server did
	over     bool   // it has ended
}

// logon is how a recorded answer to a challenge fared.
type logon struct {
	user, challenge string
	fate            fate
}

type fate uint8

const (
	unknown fate = iota // the recording has no answer
	succeeded
	failed
)

// maxNotes bounds Plan.Notes: what more there is says the same.
const maxNotes = 100

// NewPlan reads a recording. It fails with [ErrNoClient] when no client says anything in it. Where events are missing the
// plan says so in its Notes and goes on.
func NewPlan(log Log) (*Plan, error) {
	p := emptyPlan(log)
	s := newSurveyor(p)
	for i := range log.Len() {
		s.take(i, log.At(i))
	}
	opened := map[int]bool{}
	for i := range log.Len() {
		p.add(i, log.At(i), opened)
	}
	if p.sent == 0 {
		return nil, ErrNoClient
	}
	return p, nil
}

func emptyPlan(log Log) *Plan {
	return &Plan{log: log, conns: map[int]*connPlan{}, referred: map[uint64]bool{}, logons: map[uint64]logon{}, proofs: map[uint64]string{}}
}

// fromClient reports whether the server got the command from the client's side: not one that was dropped on its way.
func fromClient(e *session.Event) bool {
	return e.Kind == session.Command && e.Dir == decode.FromClient && e.Flags&session.Dropped == 0 && len(sentBytes(e)) > 0
}

// fromServer reports whether the server said it: not one that was injected on its way.
func fromServer(e *session.Event) bool {
	return e.Kind == session.Command && e.Dir == decode.FromServer && e.Flags&session.Injected == 0 && len(e.In.Raw) > 0
}

// sentBytes returns what arrived at the server.
func sentBytes(e *session.Event) []byte {
	if e.Out != nil {
		return e.Out
	}
	return e.In.Raw
}

// add appends the steps of one event.
func (p *Plan) add(i int, e *session.Event, opened map[int]bool) {
	c := p.conns[e.Conn]
	if c == nil {
		return
	}
	if p.grows && !opened[e.Conn] && !fromClient(e) {
		return // the client may speak yet
	}
	if !opened[e.Conn] {
		opened[e.Conn] = true
		if !c.plays && c.spoke {
			p.note("connection %d is not played: nothing of its client was recorded", e.Conn)
		}
		if c.plays {
			p.steps = append(p.steps, step{open, e.Conn, i})
		}
	}
	if e.Kind == session.Gap {
		p.note("connection %d: something is missing before event %d (%s)", e.Conn, e.N, e.Text)
	}
	if !c.plays {
		return
	}
	switch {
	case fromClient(e):
		p.steps = append(p.steps, step{send, e.Conn, i})
		p.sent++
	case fromServer(e):
		p.steps = append(p.steps, step{expect, e.Conn, i})
	case e.Kind == session.Close && closedByServer(e.Text):
		p.steps = append(p.steps, step{closeServer, e.Conn, i})
	case e.Kind == session.Close:
		p.steps = slices.Insert(p.steps, p.beforeEffects(e, c), step{closeClient, e.Conn, i})
	}
}

// A recording has the close of a connection where both ends had closed it. What the server said because the client did, to
// others, may stand before it: at most so many steps and so long.
const (
	closeSteps = 64
	closeTime  = time.Second
)

// beforeEffects returns the place in steps for a client's close: before the notifications about its user on other connections
// that come just before the close event, with no client's command between; else the end.
func (p *Plan) beforeEffects(e *session.Event, c *connPlan) int {
	place := len(p.steps)
	for i := len(p.steps) - 1; i >= max(p.played, len(p.steps)-closeSteps); i-- {
		s := p.steps[i]
		before := p.log.At(s.index)
		if s.conn == e.Conn || s.do == send || s.do == open || e.Time.Sub(before.Time) > closeTime {
			break
		}
		if s.do == expect && before.ReplyTo == 0 && isAbout(before, c.user) {
			place = i
		}
	}
	return place
}

// isAbout reports whether a command tells of the user.
func isAbout(e *session.Event, user string) bool {
	if e.Row == nil || user == "" {
		return false
	}
	return strings.EqualFold(string(e.Row.Find(&e.In, dialect.Handle)), user)
}

func (p *Plan) note(format string, args ...any) {
	if len(p.Notes) < maxNotes {
		p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
	}
}

// Passwords returns the handles whose passwords are needed to play the plan, each once, in the order of their logons.
func (p *Plan) Passwords() []string {
	var handles []string
	for _, s := range p.steps {
		if s.do != send {
			continue
		}
		if l, ok := p.logons[p.log.At(s.index).N]; ok && l.fate != failed && !slices.Contains(handles, l.user) {
			handles = append(handles, l.user)
		}
	}
	return handles
}
