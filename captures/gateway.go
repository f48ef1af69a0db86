package captures

import (
	"errors"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/gateway"
)

// The log shows a session at an HTTP gateway as one connection, whatever TCP connections its
// requests came over; package gateway has the form of the requests.
//
//	TCP connection -> httpConn (requests and answers, in pairs)
//	               -> the session's connection, as if the bodies were its packets
const (
	// maxPending is how many requests of a connection may wait for their answers: clients send one
	// at a time.
	maxPending = 64
	// maxPolls is how many bytes of a direction are kept until a message is whole.
	maxPolls = gateway.MaxHead + gateway.MaxBody
	// maxGone is how many sessions that have ended are still known by their ids: clients poll them
	// for some time.
	maxGone = 4096
	// sweepTime is how often, in the time of the capture, sessions without requests are looked for.
	sweepTime = time.Second
)

// httpConn is a TCP connection to a gateway.
type httpConn struct {
	conn    *connection
	buf     [2][]byte
	pending []*connection // the sessions of the requests that wait for their answers, the oldest first
	last    *connection   // the session of the last message, nil before one
	leaving *connection   // the session of the last request, if that said farewell
	begun   [2]time.Time  // when the message at hand began
	closed  [2]bool
	astray  [2]bool // bytes are missing: everything up to a packet that begins with a message is skipped
}

// item handles an item of the TCP connection.
func (h *httpConn) item(item *pcap.Item) {
	from := side(item.FromClient != h.conn.swap)
	h.conn.seen = item.Time
	switch item.Kind {
	case pcap.KindData:
		h.data(from, item)
	case pcap.KindLost:
		h.lose(from, item, item.Lost)
	case pcap.KindClose:
		h.messages(from, item, true)
		h.closed[from] = true
		if item.Reset || h.closed[1-from] {
			if h.leaving != nil {
				h.leaving.endSession(item.Time, closedBy[client])
			}
			h.conn.im.drop(h.conn)
		}
	}
}

func (h *httpConn) data(from int, item *pcap.Item) {
	if h.astray[from] {
		if judgeHTTP(item.Data) == notMSN {
			return // the rest of a message that is lost
		}
		h.astray[from] = false
	}
	if len(h.buf[from]) == 0 {
		h.begun[from] = item.Time
	}
	h.buf[from] = append(h.buf[from], item.Data...)
	h.messages(from, item, false)
	if n := len(h.buf[from]); n > maxPolls {
		h.lose(from, item, n)
	}
}

// messages takes all messages of a direction that are whole.
func (h *httpConn) messages(from int, item *pcap.Item, ended bool) {
	for len(h.buf[from]) > 0 {
		m, err := gateway.Read(dirOf[from], h.buf[from], ended)
		if errors.Is(err, gateway.ErrMore) {
			return
		}
		if err != nil {
			h.lose(from, item, len(h.buf[from]))
			return
		}
		h.buf[from] = h.buf[from][m.Size:]
		h.conn.im.endSilent(h.begun[from])
		h.begun[from] = item.Time
		if from == client {
			h.request(&m, item)
		} else if !m.Interim() {
			h.answer(&m, item)
		}
	}
	h.buf[from] = nil
}

// lose handles the loss of n bytes, which may have held commands of the session at hand.
func (h *httpConn) lose(from int, item *pcap.Item, n int) {
	h.buf[from], h.astray[from] = nil, true
	if h.last == nil || h.last.sess == nil {
		return
	}
	lost := *item
	lost.Kind, lost.Lost, lost.Data = pcap.KindLost, n, nil
	h.pass(h.last, from, &lost)
}

// request handles a client's request. It belongs to the session that it names, or begins a new one.
// One that asks a session which has ended for news belongs to none.
func (h *httpConn) request(m *gateway.Message, item *pcap.Item) {
	id := m.Query.Get("SessionID")
	s := h.conn.im.sessions[id]
	switch {
	case s == nil && (m.Query.Get("Action") != "poll" || len(m.Body) > 0), s.isOver() && len(m.Body) > 0:
		o := gateway.OpenOf(m.Query)
		s = h.open(item.Time, id != "", o.Role)
		if o.Role != 0 {
			s.im.emit(s.sess.Note(item.Time, o.String()), eventlog.Place{}, nil)
		}
		s.name(id)
	case s == nil: // its session is known once the answer has something
		h.expect(nil)
		return
	}
	h.expect(s)
	h.leaving = nil
	if gateway.Farewell(m.Body) {
		h.leaving = s
	}
	h.commands(s, client, m, item)
}

// expect records that a request of a session, nil for an unknown one, waits for its answer.
func (h *httpConn) expect(s *connection) {
	if h.pending = append(h.pending, s); len(h.pending) > maxPending {
		h.pending = h.pending[1:]
	}
	if s != nil {
		s.gateway.asking++
	}
}

// answer handles a gateway's answer. It belongs to the oldest request that waits, and gives the
// session the SessionID of its next request.
func (h *httpConn) answer(m *gateway.Message, item *pcap.Item) {
	of := gateway.SessionOf(m.Header)
	s := h.conn.im.sessions[of.ID]
	if len(h.pending) > 0 {
		if first := h.pending[0]; first != nil {
			s = first
			s.gateway.asking = max(0, s.gateway.asking-1)
		}
		h.pending = h.pending[1:]
	}
	if s == nil || s.isOver() && len(m.Body) > 0 && of.ID != "" { // its request is not in the capture
		if of.ID == "" || len(m.Body) == 0 {
			return
		}
		s = h.open(item.Time, true, 0)
	}
	if of.ID == "" {
		if s.isOver() {
			return
		}
		if m.Code >= 400 && m.Code < 500 && s.gateway.asking == 0 {
			s.endSession(item.Time, "refused by the gateway: "+m.Status)
		} else { // a page that some proxy wrote
			s.im.emit(s.sess.Note(item.Time, "over HTTP, no answer of the gateway: "+m.Status), eventlog.Place{}, nil)
		}
		return
	}
	s.name(of.ID)
	h.commands(s, server, m, item)
	if of.Close {
		s.endSession(item.Time, "closed by the gateway")
	}
}

// isOver reports whether a session has ended; s may be nil.
func (c *connection) isOver() bool { return c != nil && c.im.live[c.info] == nil }

// endSession ends a session, unless it has ended.
func (c *connection) endSession(at time.Time, why string) {
	if c.isOver() {
		return
	}
	c.flush(c.in[client])
	c.flush(c.in[server])
	c.cause = why
	c.ended(at)
}

// endSilent ends the sessions that had no request for too long.
func (im *importer) endSilent(now time.Time) {
	if now.Sub(im.swept) < sweepTime {
		return
	}
	im.swept = now
	for _, s := range im.left() {
		if s.gateway != nil && s.gateway.names[0] != "" && now.Sub(s.seen) > gateway.Silence {
			s.endSession(now, "no request for "+gateway.Silence.String())
		}
	}
}

// commands passes a body on as bytes of the session. They have no offset in the file, since HTTP
// may have them in chunks.
func (h *httpConn) commands(s *connection, from int, m *gateway.Message, item *pcap.Item) {
	if h.last = s; !s.isOver() {
		s.seen = item.Time
	}
	if len(m.Body) == 0 {
		return
	}
	data := *item
	data.Kind, data.Data, data.Offset, data.Comments = pcap.KindData, m.Body, -1, nil
	h.pass(s, from, &data)
}

// pass has a session track an item, unless the session has ended.
func (h *httpConn) pass(s *connection, from int, item *pcap.Item) {
	if s.isOver() {
		return
	}
	item.FromClient = from == client
	s.seen = item.Time
	s.track(item)
}

// open begins a session between the ends of the TCP connection that its first message came over.
// middle says that the capture does not have its beginning. role is that of the server, 0 if it is
// not said.
func (h *httpConn) open(at time.Time, middle bool, role dialect.Role) *connection {
	im := h.conn.im
	info := *h.conn.info
	info.Tag = nil
	if info.Guessed = middle; h.conn.swap {
		info.Client, info.Server = info.Server, info.Client
	}
	s := &connection{im: im, info: &info, opened: at, seen: at, gateway: new(atGateway)}
	im.live[s.info] = s
	s.begin()
	if role != 0 {
		s.sess.To(info.Server.String(), role)
	}
	im.limit()
	return s
}

// name registers a session under a SessionID. The one before stays registered too, because a
// request may be sent again.
func (c *connection) name(id string) {
	names := &c.gateway.names
	if id == "" || id == names[0] {
		return
	}
	c.unname(names[1])
	*names = [2]string{id, names[0]}
	if c.im.sessions == nil {
		c.im.sessions = make(map[string]*connection)
	}
	c.im.sessions[id] = c
}

func (c *connection) unname(id string) {
	if c.im.sessions[id] == c {
		delete(c.im.sessions, id)
	}
}

// late keeps the ids of a session that has ended, since its client may poll it for some time.
func (im *importer) late(s *connection) {
	if im.gone = append(im.gone, s); len(im.gone) > maxGone {
		for _, id := range im.gone[0].gateway.names {
			im.gone[0].unname(id)
		}
		im.gone = im.gone[1:]
	}
}

// judgeHTTP returns an opinion on the first bytes of a direction as HTTP: fromClient for a request
// to a gateway, fromServer for an answer of one, otherwise notMSN, or noOpinion while there are too
// few bytes.
func judgeHTTP(b []byte) opinion {
	return map[gateway.Kind]opinion{
		gateway.Unclear: noOpinion, gateway.Other: notMSN, gateway.Question: fromClient, gateway.Reply: fromServer,
	}[gateway.Judge(b)]
}

var dirOf = [2]decode.Dir{client: decode.FromClient, server: decode.FromServer}
