package server

import (
	"sync"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode/dialect"
)

// SignIn is the outcome of an attempt to sign in with a password, at a notification server.
type SignIn uint8

// The outcomes.
const (
	SignedIn      SignIn = iota
	WrongPassword        // or there is no such user
	SentElsewhere        // this notification server has been drained
	SignInRefused        // by a limit or a setting, or the client did not wait for the answer
	SignInFailed         // the store or the hub failed
)

// signIns lists the names of the outcomes, by outcome.
var signIns = [...]string{"ok", "wrong-password", "referred", "refused", "failed"}

// String returns the outcome in a word.
func (s SignIn) String() string { return signIns[s] }

// Stats are figures of a server. What is counted is counted from its beginning.
type Stats struct {
	// Open is the number of connections at this moment, Accepted that of all that were accepted, by
	// role; at a server that is dispatch and notification server in one they stay with the role in
	// which they came. Refused counts those for which there was no room.
	Open     map[dialect.Role]int
	Accepted map[dialect.Role]uint64
	Refused  uint64
	// Users is the number of users logged on here, Switchboards that of the sessions that have
	// members, at this moment.
	Users, Switchboards int
	// SignIns is the number of attempts to sign in by their outcome.
	SignIns map[SignIn]uint64
	// Commands is the number of commands that clients sent, by role and by the name in the row;
	// under "" are those that no row of the dialect fits. Errors counts the answers that are
	// errors, by code.
	Commands map[dialect.Role]map[string]uint64
	Errors   map[int]uint64
	// Received and Sent are the numbers of bytes.
	Received, Sent uint64
}

// roles are those of a server, in the order of the indexes in counts.
var roles = [...]dialect.Role{dialect.DS, dialect.NS, dialect.SB}

// counts are the counters of a server. They are added to at each read and each run of equal
// commands, rather than for each command.
type counts struct {
	accepted, left [len(roles)]atomic.Uint64
	refused        atomic.Uint64
	signIns        [len(signIns)]atomic.Uint64
	commands       [len(roles)][]atomic.Uint64 // by the ID of the row
	errors         [1000]atomic.Uint64         // by code
	received, sent atomic.Uint64
}

// rows returns the rows of all tables by their IDs; at 0 there is none.
var rows = sync.OnceValue(func() []*dialect.Row {
	all := []*dialect.Row{nil}
	for _, t := range dialect.All() {
		for i := range t.Rows() {
			all = append(all, &t.Rows()[i])
		}
	}
	return all
})

func (n *counts) init() {
	for i := range n.commands {
		n.commands[i] = make([]atomic.Uint64, len(rows()))
	}
}

// place returns the index of a role that a server has.
func place(role dialect.Role) int {
	switch role {
	case dialect.DS:
		return 0
	case dialect.NS:
		return 1
	}
	return 2
}

// count counts the commands of a run, of which there may be none, and ends the run.
func (w *work) count(n *counts) {
	if w.run > 0 {
		n.commands[place(w.role)][w.row.ID()].Add(w.run)
		w.run = 0
	}
}

// unknown counts a command that no row fits.
func (c *conn) unknown() { c.s.counts.commands[place(c.role)][0].Add(1) }

// error counts an answer that is an error.
func (n *counts) error(code int) {
	if code < len(n.errors) {
		n.errors[code].Add(1)
	}
}

// Stats returns the figures. It takes locks for moments only.
func (s *Server) Stats() Stats {
	n := &s.counts
	st := Stats{
		Open: map[dialect.Role]int{}, Accepted: map[dialect.Role]uint64{}, Refused: n.refused.Load(),
		SignIns: map[SignIn]uint64{}, Commands: map[dialect.Role]map[string]uint64{}, Errors: map[int]uint64{},
		Received: n.received.Load(), Sent: n.sent.Load(),
	}
	for i, role := range roles {
		left := n.left[i].Load() // before accepted: there are never more that left
		st.Accepted[role] = n.accepted[i].Load()
		st.Open[role] = int(st.Accepted[role] - left)
		st.Commands[role] = map[string]uint64{}
		for id := range n.commands[i] {
			if k := n.commands[i][id].Load(); k > 0 {
				st.Commands[role][verbOf(rows()[id])] += k
			}
		}
	}
	for i := range n.signIns {
		st.SignIns[SignIn(i)] = n.signIns[i].Load()
	}
	for code := range n.errors {
		if k := n.errors[code].Load(); k > 0 {
			st.Errors[code] = k
		}
	}
	s.mu.Lock()
	st.Users = len(s.users)
	s.mu.Unlock()
	s.board.mu.Lock()
	st.Switchboards = len(s.board.sessions)
	s.board.mu.Unlock()
	return st
}

func verbOf(row *dialect.Row) string {
	if row == nil {
		return ""
	}
	return row.Verb
}
