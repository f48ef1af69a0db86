package replay

import (
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// surveyor reads a recording once from its beginning to its end and fills in what a plan knows of its connections.
type surveyor struct {
	plan       *Plan
	referrals  map[string]referralAt // by cookie and user, or by user
	opened     map[int]int           // of each connection: the index of its first event
	challenges map[int]string        // of each connection: the last one
}

func newSurveyor(p *Plan) *surveyor {
	return &surveyor{plan: p, referrals: map[string]referralAt{}, opened: map[int]int{}, challenges: map[int]string{}}
}

// take takes event i: what is known of each connection only later in the recording is its role, its user, whose referral it
// followed, and how each logon ended.
func (s *surveyor) take(i int, e *session.Event) {
	if e.Conn == 0 {
		return
	}
	c := s.plan.conns[e.Conn]
	if c == nil {
		c = &connPlan{}
		s.plan.conns[e.Conn] = c
		s.opened[e.Conn] = i
	}
	if e.Role.Known() {
		c.role = e.Role
	}
	if e.User != "" {
		c.user = e.User
	}
	if e.Server != "" {
		c.server = e.Server
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
}

type referralAt struct {
	index   int
	n       uint64
	address string
}

func cookieKey(cookie, user string) string { return "c " + cookie + " " + strings.ToLower(user) }

func userKey(user string) string { return "u " + strings.ToLower(user) }

// server notes referrals, challenges and the ends of logons.
func (s *surveyor) server(i int, e *session.Event) {
	if l, ok := s.plan.logons[e.ReplyTo]; ok && e.ReplyTo != 0 {
		l.fate = succeeded
		if e.In.Verb.Code() != 0 {
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
	address, ok := referral.Normalize(string(e.Row.Find(&e.In, dialect.HostPort)))
	if !ok {
		return // no referral, or to where the client is already (§7.4)
	}
	key := userKey(e.User)
	if cookie := e.Row.Find(&e.In, dialect.Cookie); cookie != nil {
		key = cookieKey(string(cookie), e.User)
	}
	s.referrals[key] = referralAt{i, e.N, address}
}

// client finds the referral that the connection followed, by what its user says first, and notes answers to challenges.
func (s *surveyor) client(i int, e *session.Event, c *connPlan) {
	if e.Row == nil {
		return
	}
	m := e.Sent()
	if self := string(e.Row.Find(&m, dialect.Self)); self != "" && c.referral == 0 {
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

// follow takes the referral that the user got before the connection began. One to a notification server is not followed where
// the connection went to a dispatch server instead: users come back there to sign in again.
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

// begins reports whether that server is known to be a dispatch server by now.
func (s *surveyor) begins(server string) bool {
	for _, c := range s.plan.conns {
		if c.server == server && c.role == dialect.DS {
			return true
		}
	}
	return false
}

// closedByServer reports whether a connection's end was the server's doing, by the words of its close event.
func closedByServer(text string) bool { return strings.Contains(text, "server") }
