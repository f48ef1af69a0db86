package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/redact"
)

// Diff compares what was sent in two recordings. Connections are aligned by user, kind of server
// and turn; on each, commands are aligned by transaction, as a replay does. The outcomes have the
// numbers and connections of recording a; a command that only b has is Extra. ignore has the names
// of fields whose differences do not count.
func Diff(a, b Log, ignore []string) *Result {
	d := &differ{compare: compare.Options{Ignore: ignore}, result: &Result{}}
	as, bs := sides(a), sides(b)
	for _, pair := range pairs(as, bs) {
		d.conn(a, b, pair[0], pair[1])
	}
	d.result.sort()
	return d.result
}

// side is a connection of a recording that is compared.
type side struct {
	id     int
	role   dialect.Role
	user   string // in lower case
	events [2][]int
}

// key returns what two connections must have in common to be compared: kind of server and user.
func (s *side) key() string { return s.role.String() + " " + s.user }

// The indexes of side.events.
const (
	byClient = iota
	byServer
)

// sides returns the connections of a recording, in the order of their beginnings.
func sides(log Log) []*side {
	var all []*side
	of := map[int]*side{}
	events := readerOf(log)
	for i := range log.Len() {
		e := events.At(i)
		if e.Conn == 0 {
			continue
		}
		s := of[e.Conn]
		if s == nil {
			s = &side{id: e.Conn}
			of[e.Conn] = s
			all = append(all, s)
		}
		if e.Role.Known() {
			s.role = e.Role
		}
		if e.User != "" {
			s.user = strings.ToLower(e.User)
		}
		if e.Kind == session.Command {
			from := byServer
			if e.Dir == decode.FromClient {
				from = byClient
			}
			s.events[from] = append(s.events[from], i)
		}
	}
	return slices.DeleteFunc(all, func(s *side) bool { return len(s.events[0])+len(s.events[1]) == 0 })
}

// pairs aligns connections: the first one of a user at a kind of server with the first one, and so
// on. One that has no counterpart is paired with nil.
func pairs(as, bs []*side) (all [][2]*side) {
	rest := map[string][]*side{}
	for _, s := range bs {
		rest[s.key()] = append(rest[s.key()], s)
	}
	for _, s := range as {
		k := s.key()
		if len(rest[k]) == 0 {
			all = append(all, [2]*side{s, nil})
			continue
		}
		all = append(all, [2]*side{s, rest[k][0]})
		rest[k] = rest[k][1:]
	}
	for _, s := range bs {
		if k := s.key(); slices.Contains(rest[k], s) {
			all = append(all, [2]*side{nil, s})
		}
	}
	return all
}

// differ collects what differs.
type differ struct {
	compare compare.Options
	result  *Result
}

// conn compares two connections, of which one may be nil.
func (d *differ) conn(a, b Log, in, other *side) {
	for dir := range 2 {
		var want, got []*session.Event
		if in != nil {
			want = pick(a, in.events[dir])
		}
		if other != nil {
			got = pick(b, other.events[dir])
		}
		for _, p := range compare.Align(want, got, d.compare) {
			d.result.add(d.outcome(&p, in, other))
		}
	}
}

func pick(log Log, indexes []int) []*session.Event {
	all := make([]*session.Event, len(indexes))
	for i, at := range indexes {
		all[i] = log.At(at)
	}
	return all
}

// outcome returns the outcome for an aligned pair.
func (d *differ) outcome(p *compare.Pair, in, other *side) Outcome {
	e, s := p.Want, in
	verdict := map[compare.Verdict]Verdict{
		compare.Same: Same, compare.Differs: Differs, compare.Missing: Missing, compare.Extra: Extra,
	}[p.Verdict]
	if e == nil {
		e = p.Got
	}
	s = cmp.Or(s, other)
	out := outcome(s.id, &connPlan{role: s.role, user: s.user}, e.Dir, verdict)
	out.Command, out.Diffs = printable(redact.Line(&e.In, e.Row)), printableDiffs(p.Diffs)
	if p.Want != nil {
		out.N, out.Request = p.Want.N, p.Want.ReplyTo
	} else if in == nil {
		out.Why = fmt.Sprintf("connection %d is in the second recording only", other.id)
	}
	if p.Want != nil && other == nil {
		out.Why = "the connection is in the first recording only"
	}
	if p.Verdict == compare.Differs {
		out.Got = printable(redact.Line(&p.Got.In, p.Got.Row))
	}
	return out
}
