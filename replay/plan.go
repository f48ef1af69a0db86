package replay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// The errors for a recording that has nothing to play.
var (
	ErrNoClient = errors.New("this recording contains no command of a client")
	ErrNothing  = errors.New("nothing of this recording can be played")
)

// Log is a loaded recording: its events by index, from 0. Events do not change and their order is
// causal.
type Log interface {
	Len() int
	At(i int) *session.Event
}

// eventReader reads events one at a time: each is valid until the next is read.
type eventReader interface {
	At(i int) *session.Event
}

// readerOf returns the fastest reader of the log.
func readerOf(log Log) eventReader {
	if l, ok := log.(*eventlog.Log); ok {
		return l.Reader()
	}
	return log
}

// Plan says which steps play a recording, and what each must wait for. It does not change once
// made. It keeps the log that it was made from and reads from it again when it is played; several
// Runs may share it.
type Plan struct {
	// Notes say, in words, what could not be planned as it was recorded.
	Notes []string

	log      Log
	circles  []*circle
	conns    map[int]*connPlan
	referred map[uint64]bool // events whose address a connection followed
	logons   map[uint64]logon
	proofs   map[uint64]string // the keys with which clients answered challenges in a payload (MSNP6), by event
	numbers  []uint64          // of the events, by index
	bytes    []byte            // of commands, one after the other
	among    *among            // the users' numbers; nil for a plan that grows
	sent     int
	grows    bool         // it is played while the log grows
	wants    map[int]want // of a scenario, by the index of the event
}

// connPlan holds what the whole recording reveals about one connection.
type connPlan struct {
	role     dialect.Role
	user     string
	server   string // its address
	referral uint64 // the number of the event whose address it followed, 0 for none
	plays    bool   // the client sent something
	spoke    bool   // the server sent something
	via      int    // the connection whose referral led to it, 0 for none
	over     bool   // it has ended
	half     bool   // one end has closed it, as far as the plan goes
	chosen   bool   // PlanOptions.Only wants it
	begins   bool   // its client said who it is
	http     bool   // it is a session at a gateway
	logon    string // the user who signs in before, since the recording begins after that
	client   string // the address of its client
	dialect  string // what it speaks, "" where nothing says it
	who      int32  // the number of its user, 0 while unknown
	node     int32  // its place among those who have to do with each other
}

// logon is how a logon in the recording ended.
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

// maxNotes is how many Plan.Notes there may be: further ones would say the same.
const maxNotes = 100

// PlanOptions say what of a recording is planned. The zero value plans everything as it is.
type PlanOptions struct {
	// Only limits the plan to connections on which it returns true for an event, and those that
	// referred clients to them.
	Only func(*session.Event) bool
	// Speaks reports whether the server that the plan is for speaks a dialect; connections in
	// others are left out. nil: it speaks all.
	Speaks func(dialect string) bool
	// Logon lets users sign in first who are in the middle of a session at a notification server
	// where the recording begins.
	Logon bool
}

// NewPlan reads a recording, once. It fails with [ErrNoClient] when no client says anything in it,
// and with [ErrNothing] when what clients say cannot be played, or is not wanted.
// Where events are missing the plan says so in its Notes and goes on.
func NewPlan(log Log) (*Plan, error) { return NewPlanOf(log, PlanOptions{}) }

// NewPlanOf is [NewPlan] with options.
func NewPlanOf(log Log, o PlanOptions) (*Plan, error) {
	p := emptyPlan(log)
	if written, ok := log.(*Scenario); ok {
		p.wants = written.wants
	}
	s, events := newSurveyor(p), readerOf(log)
	s.only = o.Only
	all := make([]step, 0, log.Len())
	for i := range cap(all) {
		e := events.At(i)
		if next, ok := s.step(i, e, s.take(i, e)); ok {
			all = append(all, next)
		}
	}
	p.among = s.among
	why := ErrNoClient
	for _, c := range p.conns {
		if c.plays {
			why = ErrNothing
		}
	}
	p.choose(o)
	s.markChanges(all)
	p.share(all, s)
	if p.sent == 0 {
		return nil, errors.Join(append([]error{why}, notes(p.Notes)...)...)
	}
	for _, c := range p.circles {
		c.settle(p)
	}
	return p, nil
}

func emptyPlan(log Log) *Plan {
	return &Plan{
		log: log, conns: map[int]*connPlan{}, referred: map[uint64]bool{}, logons: map[uint64]logon{},
		proofs: map[uint64]string{},
	}
}

// notes returns the first notes as errors.
func notes(all []string) (errs []error) {
	for _, n := range all[:min(len(all), 3)] {
		errs = append(errs, errors.New(n))
	}
	return errs
}

// choose leaves out the connections that PlanOptions.Only does not want or that cannot be played,
// and finds those that need a logon first.
func (p *Plan) choose(o PlanOptions) {
	if o.Only != nil {
		for _, c := range p.conns {
			for next := p.conns[c.via]; c.chosen && next != nil && !next.chosen; next = p.conns[next.via] {
				next.chosen = true
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.conns)) {
		c := p.conns[id]
		if o.Only != nil && !c.chosen {
			c.plays, c.spoke = false, false
		}
		if c.role == dialect.FT && (c.plays || c.spoke) {
			c.plays, c.spoke = false, false
			p.note("connection %d is not played: it is a file transfer between two clients", id)
		}
		if c.plays && o.Speaks != nil && c.dialect != "" && !o.Speaks(c.dialect) {
			c.plays, c.spoke = false, false
			p.note("connection %d is not played: it speaks %s, which the server does not", id, c.dialect)
		}
		if !o.Logon || !c.plays || c.begins {
			continue
		}
		c.logon = p.userAt(c)
		p.among.join(c.node, p.among.person([]byte(c.logon)))
		switch {
		case c.role == dialect.SB:
			c.logon, c.plays, c.spoke = "", false, false
			p.note("connection %d is not played: it begins in the middle of a talk, for which there is no cookie", id)
		case c.logon == "":
			p.note("connection %d: it begins in the middle, and nothing says of whom it is", id)
		}
	}
}

// userAt returns the user of a connection, or of another one from the same host.
func (p *Plan) userAt(c *connPlan) string {
	if c.user != "" {
		return c.user
	}
	host, _, _ := strings.Cut(c.client, ":")
	for _, id := range slices.Sorted(maps.Keys(p.conns)) {
		other := p.conns[id]
		if h, _, _ := strings.Cut(other.client, ":"); h == host && other.user != "" {
			return other.user
		}
	}
	return ""
}

// share gives each circle its steps, and opens connections before their first.
func (p *Plan) share(all []step, s *surveyor) {
	circles := map[int32]*circle{}
	of := map[int32]*circle{} // by connection, nil for one that is not played
	for _, next := range all {
		c := p.conns[int(next.conn)]
		in, begun := of[next.conn]
		if !begun {
			in = p.begin(next, c, circles, s)
			of[next.conn] = in
		}
		if in == nil {
			continue
		}
		if next.do != open {
			in.add(next, c.who)
		}
		if next.do == send {
			p.sent++
		}
	}
}

// begin returns the circle to which a connection belongs, with the step that opens the connection
// before its first; nil for a connection that is not played.
func (p *Plan) begin(first step, c *connPlan, circles map[int32]*circle, s *surveyor) *circle {
	switch {
	case !c.plays && c.spoke:
		p.note("connection %d is not played: nothing of its client was recorded", first.conn)
	case c.plays && !c.spoke:
		p.note("connection %d: only its client was recorded, so that nothing is compared", first.conn)
	}
	if !c.plays {
		return nil
	}
	if c.http {
		p.note("connection %d came over HTTP: its commands are played over TCP, its requests and polls are not",
			first.conn)
	}
	root := s.among.find(c.node)
	if s.together {
		root = -1
	}
	of := circles[root]
	if of == nil {
		of = &circle{}
		circles[root] = of
		p.circles = append(p.circles, of)
	}
	of.steps = append(of.steps, step{do: open, conn: first.conn, index: first.index, at: first.at, cause: -1})
	return of
}

func (p *Plan) note(format string, args ...any) {
	if len(p.Notes) < maxNotes {
		p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
	}
}

// index returns the index of the event with number n among those read so far, -1 for none.
func (p *Plan) index(n uint64) int32 {
	if n == 0 || len(p.numbers) == 0 {
		return -1
	}
	if i := n - p.numbers[0]; i < uint64(len(p.numbers)) && p.numbers[i] == n { // as nearly always
		return int32(i)
	}
	i := sort.Search(len(p.numbers), func(i int) bool { return p.numbers[i] >= n })
	if i == len(p.numbers) || p.numbers[i] != n {
		return -1
	}
	return int32(i)
}

// Passwords returns the handles whose passwords are needed to play the plan, each once, in the
// order of their logons.
func (p *Plan) Passwords() []string {
	var handles []string
	seen := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(p.conns)) {
		if user := p.conns[id].logon; user != "" && !seen[user] {
			seen[user] = true
			handles = append(handles, user)
		}
	}
	order := make([]uint64, 0, len(p.logons))
	for n := range p.logons {
		order = append(order, n)
	}
	slices.Sort(order)
	for _, n := range order {
		if l := p.logons[n]; l.fate != failed && !seen[l.user] {
			seen[l.user] = true
			handles = append(handles, l.user)
		}
	}
	return handles
}
