package lint

import (
	"bytes"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Limits of what a Checker remembers. With all of them reached it takes some 100 MB, most of it for
// requests.
const (
	maxConns    = 1 << 13 // open connections; when there are more, the oldest are forgotten
	maxRequests = 64      // requests of one connection, the latest
	maxKept     = 512     // bytes of a request's line, or of headers
	maxCookies  = 1 << 14 // cookies of switchboards, the latest
	maxSeen     = 1 << 12 // challenges, and handles of foreign domains, the latest
	maxSent     = 64      // messages of one switchboard session, the latest
	maxTalks    = 1 << 10 // switchboard sessions with messages, the latest
	maxOffers   = 1 << 10 // invitations, the latest
	maxSpare    = 1 << 10 // requests whose memory is kept, and those of one connection more
)

// memory holds what rules need to know of more than one connection.
type memory struct {
	cookies    recent[cookie]
	challenges recent[bool]
	domains    recent[bool]
	talks      recent[*talk]
	proxies    recent[bool] // addresses that the proxy put in place of others
	notified   recent[bool] // users whose connection to a notification server was seen
	talkers    recent[bool] // users whose connection to a switchboard was seen

	offers recent[[]*offer] // invitations, by session and cookie
	ways   recent[*offer]   // by the AuthCookie

	spare  []*request // for the next requests
	header header
}

func newMemory() memory {
	return memory{
		cookies: newRecent[cookie](maxCookies), challenges: newRecent[bool](maxSeen), domains: newRecent[bool](maxSeen),
		talks: newRecent[*talk](maxTalks), proxies: newRecent[bool](maxSeen), notified: newRecent[bool](maxSeen),
		talkers: newRecent[bool](maxSeen), offers: newRecent[[]*offer](maxOffers), ways: newRecent[*offer](maxOffers),
	}
}

// recent is a map that holds the latest entries, up to a number of them.
type recent[V any] struct {
	byKey map[string]V
	order []string
	max   int
}

func newRecent[V any](limit int) recent[V] { return recent[V]{byKey: map[string]V{}, max: limit} }

func (r *recent[V]) get(key []byte) (V, bool) { v, ok := r.byKey[string(key)]; return v, ok }

func (r *recent[V]) put(key []byte, v V) {
	if _, known := r.byKey[string(key)]; !known {
		if len(r.order) == r.max {
			delete(r.byKey, r.order[0])
			r.order = r.order[1:]
		}
		r.order = append(r.order, string(key))
	}
	r.byKey[string(key)] = v
}

// header holds the headers of the last message: the next one often has the same.
type header struct {
	raw    []byte // with the empty line that ends them
	parsed body.Body
}

// body returns the body of a message.
func (h *header) body(m *decode.Message) body.Body {
	p := m.Payload()
	if len(h.raw) > 0 && bytes.HasPrefix(p, h.raw) && !m.Block() {
		b := h.parsed
		b.Data = p[len(h.raw):]
		return b
	}
	b := body.Of(m)
	if raw := p[:len(p)-len(b.Data)]; len(raw) <= maxKept && headed(raw) {
		h.raw, h.parsed = append(h.raw[:0], raw...), body.Body{Headers: b.Headers, Type: b.Type, Charset: b.Charset}
	}
	return b
}

// cookie is a credential that a notification server issued.
type cookie struct {
	user, session string // for whom, "" if unknown; for which switchboard session, "" if it does not say
	conn          int    // that used it, 0 for none yet
}

// talk holds digests of the latest messages of a switchboard session.
type talk struct {
	sent []sent
	next int
}

// sent identifies a payload that a user sent, as a hash of sender and bytes.
type sent struct {
	sender, payload uint64
	length          int
}

// conn holds what rules need to know of one connection.
type conn struct {
	id    int
	whole bool // whether its beginning was seen, and no bytes are missing since

	requests []*request // in their order
	open     int        // how many of them must be answered and are not
	lost     bool       // whether requests were forgotten, or too long to be kept
	said     [2]int     // commands of the client, of the server
	last     decode.Dir // who spoke last
	behind   [2]bool    // by direction: whether the last command had a payload
	strayed  [2]bool    // by direction: whether bytes that are no command came after a payload
	cut      [2]bool    // by direction: whether its last command is not complete
	left     [2]bool    // by direction: whether OUT was sent
	closer   decode.Dir // who closed first, 0 while open or unknown

	login  login
	sync   syncing
	list   count // the entries of the LST that is being sent
	roster count // the users of the IRO that is being sent
	serial uint64
	known  bool // whether serial was told

	file *carried // of a file transfer, nil for other connections
}

// login is how far a logon got.
type login struct {
	vers, infs, usrs int // requests
	refused          bool
	packages         []string // from INF, nil while it was not answered
	offered          []string // from VER
	challenged       bool
	handle           string
	done             bool // USR OK
	referred         bool // XFR NS
	hops             int  // referrals in a row that led here
	entered          bool // at a switchboard: USR OK or ANS OK
	answering        bool // at a switchboard: ANS was sent and is not answered
}

// syncing is how far the answer to a SYN got.
type syncing struct {
	request uint64 // the number of the SYN
	trid    uint32
	running bool // a version was told, and the last list has not come yet
	updates int
	phase   int
}

// count follows items that are numbered from 1 to a total.
type count struct {
	list        string
	trid        uint32
	item, total uint64
}

// request is a client's command that may be answered. Its line is kept, and never its payload.
type request struct {
	n        uint64
	answered bool
	waits    bool // whether it must be answered
	m        decode.Message
	row      *dialect.Row // nil for an unknown command
	raw      []byte
}

// conn returns the connection of an event.
func (k *Checker) conn(e *session.Event) *conn {
	c := k.conns[e.Conn]
	if c == nil {
		if len(k.conns) >= maxConns {
			k.forget()
		}
		c = &conn{id: e.Conn, whole: e.Kind == session.Open && e.Text != session.BegunBefore}
		k.conns[e.Conn] = c
	}
	return c
}

// forget drops the older half of the connections.
func (k *Checker) forget() {
	newest := 0
	for id := range k.conns {
		newest = max(newest, id)
	}
	for id := range k.conns {
		if id <= newest-maxConns/2 {
			delete(k.conns, id)
		}
	}
}

// request returns a request by the number of its event, nil if it is not kept.
func (c *conn) request(n uint64) *request {
	for i := len(c.requests) - 1; i >= 0; i-- {
		if c.requests[i].n == n {
			return c.requests[i]
		}
	}
	return nil
}

// remember keeps the request of an event.
func (k *Checker) remember(c *conn, e *session.Event) {
	line := e.In.Raw[:len(e.In.Raw)-len(e.In.Payload())]
	if len(line) > maxKept {
		c.lost = true
		return
	}
	var r *request
	switch spare := len(k.spare) - 1; {
	case len(c.requests) == maxRequests:
		c.lost = true
		r = c.requests[0]
		copy(c.requests, c.requests[1:])
		c.requests = c.requests[:maxRequests-1]
		c.settle(r)
	case spare >= 0:
		r, k.spare = k.spare[spare], k.spare[:spare]
	default:
		r = new(request)
	}
	r.raw = append(r.raw[:0], line...)
	r.n, r.answered, r.waits = e.N, false, session.WantsAnswer(e.Row, &e.In)
	r.m, r.row = e.In, e.Row
	if r.m.Raw = r.raw; e.In.NumArgs() > 16 { // its words are in memory that the caller uses again
		r.m = e.In.Clone()
	}
	if r.waits {
		c.open++
	}
	c.requests = append(c.requests, r)
}

// settle marks a request as answered.
func (c *conn) settle(r *request) {
	if r.waits && !r.answered {
		c.open--
	}
	r.answered = true
}

// drop forgets the requests of a connection that has ended, and keeps their memory for others.
func (k *Checker) drop(c *conn) {
	if len(k.spare) < maxSpare {
		k.spare = append(k.spare, c.requests...)
	}
	c.requests, c.open = nil, 0
}

// used reports whether the client may have used a TrID.
func (c *conn) used(trid uint32) bool {
	if c.lost || !c.whole {
		return true
	}
	for _, r := range c.requests {
		if r.m.HasTrID && r.m.TrID == trid {
			return true
		}
	}
	return false
}

// side returns the index of a direction.
func side(d decode.Dir) int {
	if d == decode.FromServer {
		return 1
	}
	return 0
}
