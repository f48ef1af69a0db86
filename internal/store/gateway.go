package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/replay/pcap"
)

// Where port 1863 is closed, clients send their commands in HTTP requests to a gateway, and poll it for those of the server. A
// session there is what a TCP connection is elsewhere: it goes over any number of them, one after the other, and is known by
// the SessionID that each answer gives for the next request. Here it becomes a connection of the log.
//
//	TCP connection -> httpConn (requests and answers, in pairs) -> the session's flow, as if the bodies were its packets
const (
	// maxPending is how many requests of a connection wait for their answers: clients send one at a time.
	maxPending = 64
	// maxPolls is how much of a direction is kept until a message is whole.
	maxPolls = maxHead + maxBody
)

// httpConn is a TCP connection to a gateway.
type httpConn struct {
	flow    *flow
	buf     [2][]byte
	pending []*flow // the sessions of the requests that are not answered yet
	last    *flow   // the session of the last message
	closed  [2]bool
	astray  [2]bool // bytes are missing: the next message begins a packet
}

// item takes an item of the TCP connection.
func (h *httpConn) item(item *pcap.Item) {
	from := side(item.FromClient != h.flow.swap)
	h.flow.seen = item.Time
	switch item.Kind {
	case pcap.KindData:
		h.data(from, item)
	case pcap.KindLost:
		h.lose(from, item, item.Lost)
	case pcap.KindClose:
		h.messages(from, item, true)
		h.closed[from] = true
		if item.Reset || h.closed[1-from] {
			h.flow.im.drop(h.flow)
		}
	}
}

func (h *httpConn) data(from int, item *pcap.Item) {
	if h.astray[from] {
		if said := judgeHTTP(item.Data); said == notMSN {
			return // the rest of a message that is lost
		}
		h.astray[from] = false
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
		m, err := readMessage(from, h.buf[from], ended)
		if errors.Is(err, errMore) {
			return
		}
		if err != nil {
			h.lose(from, item, len(h.buf[from]))
			return
		}
		h.buf[from] = h.buf[from][m.size:]
		if from == client {
			h.request(&m, item)
		} else if !m.more {
			h.answer(&m, item)
		}
	}
	h.buf[from] = nil
}

// lose takes the loss of n bytes, which may hold commands of the session at hand.
func (h *httpConn) lose(from int, item *pcap.Item, n int) {
	h.buf[from], h.astray[from] = nil, true
	if h.last == nil || h.last.sess == nil {
		return
	}
	lost := *item
	lost.Kind, lost.Lost, lost.Data = pcap.KindLost, n, nil
	h.pass(h.last, from, &lost)
}

// request takes what a client sent: the session is the one that it names, or a new one.
func (h *httpConn) request(m *httpMessage, item *pcap.Item) {
	id := first(m.query["SessionID"])
	s := h.flow.im.sessions[id]
	if s == nil {
		s = h.open(item.Time, id != "")
		if to := first(m.query["Server"]); to != "" {
			text := fmt.Sprintf("over HTTP, by a gateway: to %s at %s", to, first(m.query["IP"]))
			s.im.emit(s.sess.Note(item.Time, text), place{})
		}
		s.name(id)
	}
	if h.pending = append(h.pending, s); len(h.pending) > maxPending {
		h.pending = h.pending[1:]
	}
	h.commands(s, client, m, item)
}

// answer takes what a gateway sent: it belongs to the oldest request, and says how the session is called from now on.
func (h *httpConn) answer(m *httpMessage, item *pcap.Item) {
	id, closed := gatewaySession(m.header)
	s := h.flow.im.sessions[id]
	if len(h.pending) > 0 {
		s = h.pending[0]
		h.pending = h.pending[1:]
	}
	if s == nil { // its request is not in the capture
		if id == "" {
			return
		}
		s = h.open(item.Time, true)
	}
	if m.header.Get(gatewayHeader) == "" && s.im.flows[s.info] != nil { // a proxy's page of words for people
		s.im.emit(s.sess.Note(item.Time, "over HTTP, no answer of the gateway: "+m.status), place{})
		return
	}
	s.name(id)
	h.commands(s, server, m, item)
	if closed && s.im.flows[s.info] != nil {
		s.flush(s.in[client])
		s.flush(s.in[server])
		s.cause, s.closedAt = "closed by the gateway", item.Time
		s.ended()
	}
}

// commands takes a body as bytes of the session. They do not stand in the file as such.
func (h *httpConn) commands(s *flow, from int, m *httpMessage, item *pcap.Item) {
	if h.last = s; len(m.body) == 0 {
		return
	}
	data := *item
	data.Kind, data.Data, data.Offset, data.Comments = pcap.KindData, m.body, -1, nil
	h.pass(s, from, &data)
}

// pass gives an item to a session.
func (h *httpConn) pass(s *flow, from int, item *pcap.Item) {
	if s.im.flows[s.info] == nil {
		return // it has ended
	}
	item.FromClient = from == client
	s.seen = item.Time
	s.track(item)
}

// open begins a session: between the ends of the TCP connection that its first message came over.
func (h *httpConn) open(at time.Time, middle bool) *flow {
	im := h.flow.im
	info := *h.flow.info
	info.Tag = nil
	if info.Guessed = middle; h.flow.swap {
		info.Client, info.Server = info.Server, info.Client
	}
	s := &flow{im: im, info: &info, opened: at, seen: at}
	im.flows[s.info] = s
	s.begin()
	im.limit()
	return s
}

// name makes a session known by an identification, and by the one that it had before: a request may be sent again.
func (f *flow) name(id string) {
	if id == "" || id == f.names[0] {
		return
	}
	f.unname(f.names[1])
	f.names = [2]string{id, f.names[0]}
	if f.im.sessions == nil {
		f.im.sessions = make(map[string]*flow)
	}
	f.im.sessions[id] = f
}

func (f *flow) unname(id string) {
	if f.im.sessions[id] == f {
		delete(f.im.sessions, id)
	}
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
