package demo_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
)

const (
	dsAddr = "10.0.0.1:1863"
	nsAddr = "10.0.0.5:1863"
	sbAddr = "10.0.0.9:1863"
)

// backend is as much of a server as the demo needs, and a record of what was said. Everything
// happens under one lock.
type backend struct {
	net   memnet.Network
	begin time.Time
	fail  func(line string) bool // refuses a command with 600
	all   sync.WaitGroup

	mu     sync.Mutex
	users  map[string]*user
	rooms  []*room
	opened []net.Conn
	record []entry
}

type entry struct {
	at   time.Duration
	dir  decode.Dir
	line string
}

type user struct {
	handle, state    string
	conn             *link             // nil when logged off
	lists            map[string]string // list and handle -> name
	serial           int
	settings, others map[string]string // GTC and BLP; handle -> state shown
}

type room struct {
	id    string
	seats []*link
}

// link is one connection.
type link struct {
	*backend
	conn *msntest.Peer
	u    *user
	room *room
}

func newBackend(t *testing.T) *backend {
	p := &backend{begin: time.Now(), users: make(map[string]*user)}
	for _, h := range []string{"alice", "bob", "carol", "dave"} {
		h += "@hotmail.com"
		p.users[h] = &user{
			handle: h, state: "FLN", lists: make(map[string]string), others: make(map[string]string),
			settings: map[string]string{"GTC": "A", "BLP": "AL"}, serial: 1,
		}
	}
	var lns []net.Listener
	for _, addr := range []string{dsAddr, nsAddr, sbAddr} {
		ln, err := p.net.Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		lns = append(lns, ln)
		p.all.Go(func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				p.all.Go(func() { p.serve(t, conn, addr == dsAddr) })
			}
		})
	}
	t.Cleanup(func() {
		for _, ln := range lns {
			ln.Close()
		}
		p.cut()
		p.all.Wait()
	})
	return p
}

// cut drops all connections.
func (p *backend) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.opened {
		c.Close()
	}
	p.opened = nil
}

func (p *backend) serve(t *testing.T, conn net.Conn, dispatch bool) {
	l := &link{backend: p, conn: msntest.NewPeer(t, conn)}
	p.mu.Lock()
	p.opened = append(p.opened, conn)
	p.mu.Unlock()
	for {
		line, err := l.conn.Line()
		if err != nil {
			break
		}
		w := strings.Fields(line)
		var body []byte
		if w[0] == "MSG" {
			n, _ := strconv.Atoi(w[len(w)-1])
			body = make([]byte, n)
			if _, err := io.ReadFull(l.conn, body); err != nil {
				break
			}
		}
		p.mu.Lock()
		p.note(decode.FromClient, line)
		if p.fail != nil && p.fail(line) {
			l.say("600 " + w[1])
		} else {
			l.handle(w, string(body), dispatch)
		}
		p.spread(l, w)
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l.gone()
	p.spread(l, []string{"", ""})
}

func (p *backend) note(dir decode.Dir, line string) {
	p.record = append(p.record, entry{time.Since(p.begin), dir, strings.TrimSpace(line)})
}

func (l *link) say(line string) { l.sayWith(line, "") }

func (l *link) sayWith(line, body string) {
	l.note(decode.FromServer, line)
	_, _ = io.WriteString(l.conn, line+"\r\n"+body) // a client that is gone gets nothing
}

func (l *link) gone() {
	l.conn.Close()
	if l.room != nil {
		l.room.seats = slices.DeleteFunc(l.room.seats, func(o *link) bool { return o == l })
		for _, o := range l.room.seats {
			o.say("BYE " + l.u.handle)
		}
		l.room = nil
	} else if l.u != nil && l.u.conn == l {
		l.u.conn, l.u.state, l.u.others = nil, "FLN", make(map[string]string)
	}
}

// spread notifies everybody who sees something differently after a command.
func (p *backend) spread(by *link, w []string) {
	for _, viewer := range p.users {
		for _, o := range p.users {
			if _, ok := viewer.lists["FL "+o.handle]; !ok || viewer.conn == nil || viewer.state == "FLN" {
				continue
			}
			state := o.state
			if _, blocked := o.lists["BL "+viewer.handle]; blocked || state == "HDN" {
				state = "FLN"
			}
			before, known := viewer.others[o.handle]
			viewer.others[o.handle] = state
			switch {
			case before == state || !known && state == "FLN":
			case state == "FLN":
				viewer.conn.say("FLN " + o.handle)
			case by == viewer.conn && (w[0] == "CHG" || w[0] == "ADD"):
				viewer.conn.say("ILN " + w[1] + " " + state + " " + o.handle + " Name")
			default:
				viewer.conn.say("NLN " + state + " " + o.handle + " Name")
			}
		}
	}
}

func (l *link) handle(w []string, body string, dispatch bool) {
	p := l.backend
	switch w[0] {
	case "VER":
		l.say("VER " + w[1] + " MSNP2")
	case "INF":
		l.say("INF " + w[1] + " MD5")
	case "USR":
		l.usr(w, dispatch)
	case "OUT":
		if l.room == nil {
			l.say("OUT")
		}
		l.conn.Close()
	case "CHG":
		l.u.state = w[2]
		l.say("CHG " + w[1] + " " + w[2])
	case "SYN", "LST":
		l.lists(w)
	case "GTC", "BLP":
		if l.u.settings[w[0]] == w[2] {
			l.say("218 " + w[1])
			return
		}
		l.u.settings[w[0]] = w[2]
		l.u.serial++
		l.say(fmt.Sprint(w[0], " ", w[1], " ", l.u.serial, " ", w[2]))
	case "ADD", "REM":
		l.change(w)
	case "XFR":
		l.say("XFR " + w[1] + " SB " + sbAddr + " CKI 1.2")
	case "CAL":
		callee := p.users[w[2]]
		_, blocked := callee.lists["BL "+l.u.handle]
		if callee.conn == nil || callee.state == "HDN" || blocked {
			l.say("217 " + w[1])
			return
		}
		l.say("CAL " + w[1] + " RINGING " + l.room.id)
		callee.conn.say("RNG " + l.room.id + " " + sbAddr + " CKI 1.3 " + l.u.handle + " Name")
	case "ANS":
		l.ans(w)
	case "MSG":
		for _, o := range l.room.seats {
			if o != l {
				o.sayWith("MSG "+l.u.handle+" Name "+w[3], body)
			}
		}
		if alone := len(l.room.seats) == 1; w[2] == "A" && !alone {
			l.say("ACK " + w[1])
		} else if w[2] != "U" && alone {
			l.say("NAK " + w[1])
		}
	default:
		l.say("200 " + w[1])
	}
}

const challenge = "1234567890.123456789"

func (l *link) usr(w []string, dispatch bool) {
	switch {
	case w[2] != "MD5": // at the switchboard
		l.u = l.users[w[2]]
		l.room = &room{id: strconv.Itoa(1000000 + len(l.rooms)), seats: []*link{l}}
		l.rooms = append(l.rooms, l.room)
		l.say("USR " + w[1] + " OK " + w[2] + " Name")
	case dispatch:
		l.say("XFR " + w[1] + " NS " + nsAddr)
		l.conn.Close()
	case w[3] == "I":
		l.u = l.users[w[4]]
		l.say("USR " + w[1] + " MD5 S " + challenge)
	case w[4] != decode.MD5Response(challenge, strings.TrimSuffix(l.u.handle, "@hotmail.com")+"pw"):
		l.say("911 " + w[1])
	default:
		l.u.conn = l
		l.say("USR " + w[1] + " OK " + l.u.handle + " Name")
	}
}

func (l *link) ans(w []string) {
	l.u = l.users[w[2]]
	for _, r := range l.rooms {
		if r.id == w[4] {
			l.room = r
		}
	}
	for i, o := range l.room.seats {
		l.say(fmt.Sprint("IRO ", w[1], " ", i+1, " ", len(l.room.seats), " ", o.u.handle, " Name"))
		o.say("JOI " + l.u.handle + " Name")
	}
	l.room.seats = append(l.room.seats, l)
	l.say("ANS " + w[1] + " OK")
}

func (l *link) lists(w []string) {
	which := w[2:3]
	if w[0] == "SYN" {
		l.say(fmt.Sprint("SYN ", w[1], " ", l.u.serial))
		if w[2] == strconv.Itoa(l.u.serial) {
			return
		}
		l.say(fmt.Sprint("GTC ", w[1], " ", l.u.serial, " ", l.u.settings["GTC"]))
		l.say(fmt.Sprint("BLP ", w[1], " ", l.u.serial, " ", l.u.settings["BLP"]))
		which = []string{"FL", "AL", "BL", "RL"}
	}
	for _, list := range which {
		var on []string
		for key, name := range l.u.lists {
			if rest, ok := strings.CutPrefix(key, list+" "); ok {
				on = append(on, rest+" "+name)
			}
		}
		if len(on) == 0 {
			l.say(fmt.Sprint("LST ", w[1], " ", list, " ", l.u.serial, " 0 0"))
		}
		for i, item := range on {
			l.say(fmt.Sprint("LST ", w[1], " ", list, " ", l.u.serial, " ", i+1, " ", len(on), " ", item))
		}
	}
}

func (l *link) change(w []string) {
	key, o := w[2]+" "+w[3], l.users[w[3]]
	_, on := l.u.lists[key]
	switch {
	case o == nil:
		l.say("205 " + w[1])
		return
	case w[0] == "ADD" && on:
		l.say("215 " + w[1])
		return
	case w[0] == "ADD":
		l.u.lists[key] = w[4]
	default:
		delete(l.u.lists, key)
	}
	l.u.serial++
	l.say(fmt.Sprint(w[0], " ", w[1], " ", w[2], " ", l.u.serial, " ", strings.Join(w[3:], " ")))
	if w[2] == "FL" {
		o.serial++
		if o.conn != nil {
			o.conn.say(fmt.Sprint(w[0], " 0 RL ", o.serial, " ", l.u.handle, " Name"))
		}
	}
}
