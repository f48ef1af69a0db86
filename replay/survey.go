package replay

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/gateway"
)

// surveyor reads a recording once from beginning to end and fills in what a plan needs to know of
// its connections.
type surveyor struct {
	plan       *Plan
	referrals  map[string]referralAt // by cookie and user, or by user
	opened     map[int]int           // of each connection: the index of its first event
	challenges map[int]string        // of each connection: the last one

	causes session.Transactions
	among  *among
	only   func(*session.Event) bool // PlanOptions.Only
	// together says that the server did something to all users at once, so that all steps of the
	// plan have one order.
	together bool
}

func newSurveyor(p *Plan) *surveyor {
	return &surveyor{
		plan: p, referrals: map[string]referralAt{}, opened: map[int]int{}, challenges: map[int]string{},
		among: newAmong(),
	}
}

// take handles event i. It finds what becomes known of a connection only later in the recording:
// its role, its user, whose referral it followed, and how each logon ended. It returns the event's
// connection, nil for none.
func (s *surveyor) take(i int, e *session.Event) *connPlan {
	if e.Conn == 0 {
		return nil
	}
	c := s.plan.conns[e.Conn]
	if c == nil {
		c = &connPlan{node: s.among.add()}
		s.plan.conns[e.Conn] = c
		s.opened[e.Conn] = i
	}
	if e.Role.Known() {
		c.role = e.Role
	}
	if e.Dialect != c.dialect && e.Dialect != "" {
		c.dialect = e.Dialect
	}
	if e.User != "" && e.User != c.user {
		c.user = e.User
		c.who = s.among.person([]byte(e.User))
		s.among.join(c.node, c.who)
	}
	if e.Server != "" {
		c.server, c.client = e.Server, e.Client
	}
	c.chosen = c.chosen || s.only != nil && s.only(e)
	if e.Via != 0 && e.Via != c.via {
		c.via = e.Via
		if from := s.plan.conns[e.Via]; from != nil {
			s.among.join(c.node, from.node)
		}
	}
	c.over = c.over || e.Kind == session.Close
	switch {
	case fromClient(e):
		c.plays = true
		s.client(i, e, c)
	case fromServer(e):
		c.spoke = true
		s.server(i, e)
	}
	return c
}

// handles are the kinds of arguments that name users.
var handles = dialect.KindsOf(dialect.Handle, dialect.Self)

// step returns the step of event i, for which take has returned the connection c. It reports false
// for an event that is none.
func (s *surveyor) step(i int, e *session.Event, c *connPlan) (step, bool) {
	s.plan.numbers = append(s.plan.numbers, e.N)
	next := step{index: int32(i), conn: int32(e.Conn), cause: s.plan.index(s.causes.Add(e))}
	if !e.Time.IsZero() {
		next.at = e.Time.UnixNano()
	}
	if c == nil {
		return next, false
	}
	if e.Kind == session.Command {
		s.acquaint(e, c)
	}
	if e.Kind == session.Gap {
		s.plan.note("connection %d: something is missing before event %d (%s)", e.Conn, e.N, e.Text)
	}
	c.http = c.http || e.Kind == session.Note && gateway.Begins(e.Text)
	return next, next.set(e, c, s)
}

// set sets the step's action by the event. It reports false for an event that is no step.
func (next *step) set(e *session.Event, c *connPlan, s *surveyor) bool {
	switch {
	case e.Kind == session.Open:
		next.do = open
	case fromClient(e):
		next.do = send
		if _, proves := s.plan.proofs[e.N]; e.Row != nil && e.Row.Kinds()&fresh == 0 && !proves && !e.In.Opaque() {
			next.is |= plain
			s.plan.keep(next, sentBytes(e))
		}
		if e.Row != nil && e.Row.Effect(e.Role) == dialect.Ends {
			next.is |= leaves
		}
	case fromServer(e):
		next.do = expect
		next.expects(e, s)
	case e.Kind == session.HalfClose && e.Dir == decode.FromServer:
		c.half, next.do = true, shutServer
	case e.Kind == session.HalfClose:
		c.half, next.do = true, shutClient
	case e.Kind == session.Close && !c.half && closedByServer(e.Text):
		next.do = closeServer
	case e.Kind == session.Close: // or the end that closed first has been played
		next.do = closeClient
	default:
		return false
	}
	return true
}

// expects sets what a server's command means to others.
func (next *step) expects(e *session.Event, s *surveyor) {
	if e.In.HasTrID && e.In.TrID != 0 || e.ReplyTo != 0 {
		next.is |= answers
	}
	if e.Row == nil {
		return
	}
	if e.Row.Kinds()&renewed == 0 && !e.In.Opaque() {
		next.is |= plain
		s.plan.keep(next, e.In.Raw)
	}
	next.about = s.among.person(e.Row.Find(&e.In, dialect.Handle))
	switch e.Row.Effect(e.Role) {
	case dialect.ContactPresent:
		next.is |= news | present
	case dialect.ContactGone:
		next.is |= news | present | gone
	case dialect.IsThere:
		next.is |= news
	case dialect.Leaves:
		next.is |= news | gone
	case dialect.Enters, dialect.SetsPresence:
		next.is |= changes
	}
	if d := deedOf(e); d != dialect.NoDeed && next.cause < 0 {
		next.is |= itself
		s.together = s.together || d.ToAll()
	}
}

// markChanges marks the requests that were answered, and those whose answers say that others may be
// told of it: a state was set, a session entered. All steps are in the order of the log.
func (s *surveyor) markChanges(all []step) {
	for i := range all {
		a := &all[i]
		if a.do != expect || a.is&(answers|changes) == 0 || a.cause < 0 {
			continue
		}
		at, ok := slices.BinarySearchFunc(all, a.cause,
			func(b step, index int32) int { return cmp.Compare(b.index, index) })
		if ok && all[at].do == send {
			all[at].is |= answered | a.is&changes
		}
		a.is &^= changes
	}
}

// acquaint joins the connection with everybody whom a command names.
func (s *surveyor) acquaint(e *session.Event, c *connPlan) {
	if e.Row == nil || e.Row.Kinds()&handles == 0 {
		return
	}
	for i := range e.In.NumArgs() {
		a, ok := e.Row.Arg(i)
		if !ok || a.Kind != dialect.Handle && a.Kind != dialect.Self {
			continue
		}
		if h := a.Value(e.In.Arg(i)); bytes.IndexByte(h, '@') >= 0 {
			s.among.join(c.node, s.among.person(h))
		}
	}
}

type referralAt struct {
	index   int
	n       uint64
	address string
}

func cookieKey(cookie, user string) string { return "c " + cookie + " " + strings.ToLower(user) }

func userKey(user string) string { return "u " + strings.ToLower(user) }

// authFailed is the error for a wrong proof (§7.11).
const authFailed = 911

// server records referrals, challenges and the ends of logons.
func (s *surveyor) server(i int, e *session.Event) {
	if l, ok := s.plan.logons[e.ReplyTo]; ok && e.ReplyTo != 0 {
		// Only 911 says that the proof is wrong; a server that refuses the logon for another
		// reason, as with 600, has not complained of it.
		l.fate = succeeded
		if e.In.Verb.Code() == authFailed {
			l.fate = failed
		}
		s.plan.logons[e.ReplyTo] = l
	}
	if e.Row == nil {
		return
	}
	if challenge := e.Row.Find(&e.In, dialect.Secret); challenge != nil {
		s.challenges[e.Conn] = string(challenge)
	}
	to := e.Row.Find(&e.In, dialect.HostPort)
	if to == nil {
		return // no referral, or to where the client is already (§7.4)
	}
	address, ok := referral.Normalize(string(to))
	if !ok {
		return
	}
	key := userKey(e.User)
	if cookie := e.Row.Find(&e.In, dialect.Cookie); cookie != nil {
		key = cookieKey(string(cookie), e.User)
	}
	s.referrals[key] = referralAt{i, e.N, address}
}

// client finds the referral that the connection followed, by what its user sends first, and records
// answers to challenges.
func (s *surveyor) client(i int, e *session.Event, c *connPlan) {
	if e.Row == nil {
		return
	}
	m := e.Sent()
	self := string(e.Row.Find(&m, dialect.Self))
	c.begins = c.begins || self != "" || e.Row.Find(&m, dialect.Dialect) != nil
	if self != "" && c.referral == 0 {
		s.follow(e, c, self, string(e.Row.Find(&m, dialect.Cookie)))
	}
	if key, ok := decode.ClientKey(string(m.Arg(0))); ok && s.challenges[e.Conn] != "" &&
		strings.EqualFold(string(m.Payload()), decode.MD5Response(s.challenges[e.Conn], key)) {
		s.plan.proofs[e.N] = key
	}
	if e.Row.Find(&m, dialect.Secret) != nil {
		s.plan.logons[e.N] = logon{user: e.User, challenge: s.challenges[e.Conn]}
	}
}

// follow links a connection to the referral that the user got before it began. A referral to a
// notification server is not followed if the connection went to a dispatch server instead: users
// return there to sign in again.
func (s *surveyor) follow(e *session.Event, c *connPlan, user, cookie string) {
	key := userKey(user)
	if cookie != "" {
		key = cookieKey(cookie, user)
	}
	r, ok := s.referrals[key]
	if !ok || r.index > s.opened[e.Conn] {
		return
	}
	if went, ok := referral.Normalize(e.Server); ok && cookie == "" && went != r.address && s.begins(e.Server) {
		return
	}
	c.referral = r.n
	s.plan.referred[r.n] = true
}

// begins reports whether server is known by now to be a dispatch server.
func (s *surveyor) begins(server string) bool {
	for _, c := range s.plan.conns {
		if c.server == server && c.role == dialect.DS {
			return true
		}
	}
	return false
}

// closedByServer reports whether the server ended a connection, by the text of its close event.
func closedByServer(text string) bool { return strings.Contains(text, "server") }
