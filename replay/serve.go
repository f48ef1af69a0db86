package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/redact"
)

// Unmatched is the policy for commands of clients to which a served recording has no answer.
type Unmatched string

// The policies.
const (
	Nearest   Unmatched = "nearest"  // as to the nearest recorded request: the same command about something else
	WithError Unmatched = "error"    // 500, or 200 for a command of no known form (§7.11)
	Silence   Unmatched = "silence"  // nothing
	Embedded  Unmatched = "embedded" // as another server answers to such a command of the same user
)

// Policies are all policies, the default first.
var Policies = []Unmatched{Nearest, WithError, Silence, Embedded}

// ServeOptions say how to serve a recording. All zero values work.
type ServeOptions struct {
	// Address is what referrals say in place of the recorded addresses, host:port; the address by
	// which the client came if empty.
	Address string
	// Unmatched is the policy, Nearest if empty.
	Unmatched Unmatched
	// To and Dial are the server that answers where the policy is Embedded, and Password has the
	// passwords of its accounts, as in [Options].
	To       string
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	Password func(handle string) (string, bool)
	// Speed keeps the pauses before the recorded server spoke, as in [Options]; 0 answers at once.
	Speed float64
	// Once ends Serve when each connection of the plan has been served and has ended.
	Once bool
	// Ignore, Report, Brief and Publish are as in [Options].
	Ignore  []string
	Report  func(Outcome)
	Brief   bool
	Publish func(*session.Event)
}

// maxGuests is how many connections are served at a time; more wait to be accepted.
const maxGuests = 1 << 13

// Serve plays the servers of the plan to whoever connects to the listener, until ctx ends (which is
// no error), or until the plan is over if that is asked for. Each client meets the connection of
// the recording that fits what it says first; its commands are matched by what they mean, and what
// the recorded server had said then is said again, with the client's TrIDs and our addresses.
//
// In the outcomes the clients are those who differ: a command that came as recorded is Same, one
// that was not recorded Extra, with the nearest recorded one as its reason, and one that never came
// on a connection that was there Missing.
//
// The listener is closed, and all connections and goroutines have ended, when Serve returns.
func Serve(ctx context.Context, plan *Plan, l net.Listener, o ServeOptions) (*Result, error) {
	h := newHost(plan, o)
	ctx, cancel := context.WithCancel(ctx)
	h.ctx = ctx
	defer cancel()
	var accepting sync.WaitGroup
	accepting.Go(func() { h.accept(ctx, l) })
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // accept ends of it
	err := h.loop(ctx)
	cancel()
	stop()
	_ = l.Close()
	accepting.Wait()
	h.close()
	h.result.sort()
	return &h.result, err
}

// host serves a plan. Everything but accepting and reading runs on the goroutine of Serve.
type host struct {
	plan    *Plan
	o       ServeOptions
	ctx     context.Context // of Serve
	compare compare.Options
	result  Result
	graph   session.Graph

	roles map[int32]*part     // by the recorded connection
	parts []*part             // in the order of their beginnings
	done  map[int32]time.Time // when events came, or were said, by index
	// referred has the referrals that were made live and lead to a connection, by the number of
	// the event.
	referred map[uint64]bool
	guests   []*guest
	doubles  map[string]*double // of users, by userKey
	leads    map[string]string  // where referrals of the other server lead, by userKey and cookieKey

	inbox   chan arrival
	ended   chan struct{}
	free    chan struct{}
	readers sync.WaitGroup
}

// part is a recorded connection whose server is played.
type part struct {
	conn   int
	plan   *connPlan
	steps  []step
	state  []progress // of each step
	at     int        // all steps before it are past
	guest  *guest     // who has it now
	served bool       // somebody had it
	users  []string   // who its client says it is, in lower case; nil until somebody asks

	began, last time.Time // when it began, and when the server last spoke
	lastAt      int64     // when that was in the recording
}

// progress is the state of a step.
type progress uint8

const (
	waiting progress = iota
	came             // its command came from the client, or was sent to it
	skipped          // the client said something later
)

// guest is a live client's connection.
type guest struct {
	conn   net.Conn
	sess   *session.Conn
	reader *decode.Reader
	part   *part
	trids  map[int32][]byte // the client's TrID for each request that came, by the index of its event
	first  bool             // nobody had its part before
	half   bool             // the client has half-closed, and says no more
	known  bool             // it has said who its user is
	said   []*session.Event // its commands until it is known
	closed bool
	timer  *time.Timer
	wakes  time.Time // when timer ends
	double *double   // answers for it what the recording does not, nil for none
}

// maxSaid is how many commands of a client are kept until it says who it is.
const maxSaid = 16

// arrival is a new connection, or the result of one read, or what another server said to a double
// (nil when the double has ended), or a moment that has come.
type arrival struct {
	guest  *guest
	conn   net.Conn
	data   []byte
	err    error
	double *double
	answer *session.Event
	at     time.Time
}

func newHost(plan *Plan, o ServeOptions) *host {
	h := &host{
		plan: plan, o: o, compare: compare.Options{Ignore: append([]string{compare.FieldTrID}, o.Ignore...)},
		roles: map[int32]*part{}, done: map[int32]time.Time{}, referred: map[uint64]bool{},
		doubles: map[string]*double{}, leads: map[string]string{},
		inbox: make(chan arrival), ended: make(chan struct{}), free: make(chan struct{}, maxGuests),
	}
	for _, c := range plan.circles {
		for _, s := range c.steps {
			p := h.roles[s.conn]
			if p == nil {
				p = &part{conn: int(s.conn), plan: plan.conns[int(s.conn)]}
				h.roles[s.conn] = p
				h.parts = append(h.parts, p)
			}
			if s.do != open {
				p.steps = append(p.steps, s)
			}
		}
	}
	slices.SortFunc(h.parts, func(a, b *part) int { return a.conn - b.conn })
	for _, p := range h.parts {
		p.state = make([]progress, len(p.steps))
	}
	return h
}

// accept takes connections until the listener is closed.
func (h *host) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				select { // too many files, say: wait a moment
				case <-time.After(50 * time.Millisecond):
					continue
				case <-ctx.Done():
				}
			}
			return
		}
		select {
		case h.inbox <- arrival{conn: conn, at: time.Now()}:
		case <-ctx.Done(): // nobody takes it any more
			_ = conn.Close()
			return
		}
	}
}

// loop handles what arrives until the end.
func (h *host) loop(ctx context.Context) error {
	for !h.over() {
		select {
		case a := <-h.inbox:
			h.take(a)
		case <-ctx.Done():
			return nil
		}
		h.advance()
	}
	return nil
}

// over reports whether the plan is to be served once, and has been.
func (h *host) over() bool {
	if !h.o.Once {
		return false
	}
	for _, p := range h.parts {
		if !p.served || p.guest != nil {
			return false
		}
	}
	return true
}

func (h *host) take(a arrival) {
	g := a.guest
	switch {
	case a.conn != nil:
		h.welcome(a.conn, a.at)
		return
	case a.double != nil:
		h.answered(a.double, a.answer)
		return
	case g.closed:
		return
	}
	frame(g.reader, g.sess, a.data, a.err != nil, func(m *decode.Message) { h.hear(g, m, a.at) })
	if a.err == nil {
		return
	}
	if !errors.Is(a.err, io.EOF) || !h.shut(g) {
		h.dismiss(g, "closed by the client")
	}
}

// shut records that the client has half-closed the connection, where the recorded one did, and
// reports whether it had. The client then still gets what the server sends.
func (h *host) shut(g *guest) bool {
	if g.part == nil {
		return false
	}
	for i := g.part.at; i < len(g.part.steps); i++ {
		if s := &g.part.steps[i]; s.do == shutClient && g.part.state[i] == waiting {
			g.part.state[i], g.half = came, true
			return true
		}
	}
	return false
}

// welcome begins to serve a connection.
func (h *host) welcome(conn net.Conn, at time.Time) {
	if len(h.guests) >= maxGuests {
		_ = conn.Close() // there is no room for it
		return
	}
	g := &guest{conn: conn, trids: map[int32][]byte{}}
	var opened *session.Event
	g.sess, opened = h.graph.Open(at, addressOf(conn.RemoteAddr()), addressOf(conn.LocalAddr()))
	h.publish(opened)
	g.reader = decode.NewReader(decode.FromClient, g.sess.Framing())
	h.guests = append(h.guests, g)
	h.result.Opened++
	h.readers.Add(1)
	go h.read(g)
}

func addressOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// read passes on what arrives until the connection or Serve ends.
func (h *host) read(g *guest) {
	defer h.readers.Done()
	buf := make([]byte, 4096)
	for {
		n, err := g.conn.Read(buf)
		select {
		case h.inbox <- arrival{guest: g, data: slices.Clone(buf[:n]), err: err, at: time.Now()}:
		case <-h.ended:
			return
		}
		if err != nil {
			return
		}
	}
}

// dismiss ends a connection.
func (h *host) dismiss(g *guest, why string) {
	if g.closed {
		return
	}
	g.closed = true
	_ = g.conn.Close() // nothing depends on how it ends
	if g.timer != nil {
		g.timer.Stop()
	}
	h.publish(g.sess.Close(time.Now(), why))
	h.guests = slices.DeleteFunc(h.guests, func(other *guest) bool { return other == g })
	h.alone(g)
	if p := g.part; p != nil {
		h.leave(p)
	}
}

// leave records that the client of a connection is gone: commands that it did not send are Missing,
// and nothing waits for it any more.
func (h *host) leave(p *part) {
	p.guest = nil
	for i := range p.steps {
		s := &p.steps[i]
		h.done[s.index] = time.Now()
		if s.do == send && p.state[i] != came {
			e := h.plan.log.At(int(s.index))
			out := outcome(p.conn, p.plan, e.Dir, Missing)
			out.N, out.Command = e.N, printable(redact.Line(&e.In, e.Row))
			h.add(out)
		}
	}
	p.at = len(p.steps)
}

// close ends all connections.
func (h *host) close() {
	for _, g := range slices.Clone(h.guests) {
		h.dismiss(g, "closed by the server")
	}
	close(h.ended)
	h.readers.Wait()
}

func (h *host) publish(e *session.Event) {
	if h.o.Publish != nil {
		h.o.Publish(e)
	}
}

func (h *host) add(o Outcome) {
	if h.o.Brief && o.Good() {
		h.result.Counts.add(o.Verdict)
		return
	}
	h.result.add(o)
	if h.o.Report != nil {
		h.o.Report(o)
	}
}

// CheckPolicy returns the policy with the name, or an error that lists them.
func CheckPolicy(name string) (Unmatched, error) {
	if u := Unmatched(name); slices.Contains(Policies, u) {
		return u, nil
	}
	return "", fmt.Errorf("%q is no policy: they are %v", name, Policies)
}
