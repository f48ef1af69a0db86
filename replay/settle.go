package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// race is a range of a circle's steps in which it is a matter of chance whether a connection gets
// news of a user, and which: both users did something before either could know of the other.
//
//	alice  OUT ----------.
//	bob    OUT ---.       \            FLN alice comes to bob, or not
//	server         '- - - -'-- ...
type race struct {
	conn     int32
	about    int32 // the number of the user, 0 for everybody
	from, to int32 // steps
	parting  bool  // more news than recorded may come, but not less
}

// The reach of races.
const (
	// crossing is the time within which a user's last word and another's change may cross: servers
	// batch notifications by 200 ms.
	crossing = int64(250 * time.Millisecond)
	// effectTime is how long after its cause a consequence is looked for, and effectSteps how many
	// steps after it.
	effectTime  = int64(2 * time.Second)
	effectSteps = 512
	// raceSteps is how many further steps the news of a race may take to arrive.
	raceSteps = 64
)

// settling puts the steps of a circle in an order in which as little as possible is left to chance:
// what the servers said because of one client's command comes before the next command of another
// connection, even where the two crossed in the recording.
type settling struct {
	circle  *circle
	plan    *Plan
	last    []int32 // of each step: the last step that it led to, 0 for none
	out     []step
	place   []int32 // of each step: its index in out, -1 while it has none
	pending []int32 // steps that led to others that are not placed yet
	races   []race  // in terms of steps before they were placed
}

// settle orders the steps and finds the races.
func (c *circle) settle(p *Plan) {
	s := &settling{circle: c, plan: p}
	s.consequences()
	s.out = make([]step, 0, len(c.steps))
	s.place = slices.Repeat([]int32{-1}, len(c.steps))
	for i := range c.steps {
		if s.place[i] >= 0 {
			continue
		}
		if do := c.steps[i].do; do == send || do == open || do == closeClient {
			s.before(int32(i))
		}
		s.put(int32(i))
	}
	s.partings()
	c.steps = s.out
	for _, r := range s.races {
		r.from, r.to = min(s.place[r.from], s.place[r.to]), max(s.place[r.from], s.place[r.to])+raceSteps
		c.races = append(c.races, r)
	}
	slices.SortFunc(c.races, func(a, b race) int {
		return cmp.Or(cmp.Compare(a.conn, b.conn), cmp.Compare(a.from, b.from))
	})
}

// consequences finds the last step to which each step led.
func (s *settling) consequences() {
	steps := s.circle.steps
	s.last = make([]int32, len(steps))
	for i := range steps {
		a := &steps[i]
		if a.cause < 0 || a.do == send || a.do == open {
			continue
		}
		cause := s.find(a.cause)
		if cause >= 0 && cause < int32(i) && int32(i)-cause <= effectSteps && a.at-steps[cause].at <= effectTime {
			s.last[cause] = int32(i)
		}
	}
}

// find returns the step of the event at the index, -1 for none. Steps are in the order of events,
// but for closes that were moved up.
func (s *settling) find(index int32) int32 {
	steps := s.circle.steps
	i, ok := slices.BinarySearchFunc(steps, index, func(a step, index int32) int { return cmp.Compare(a.index, index) })
	for ; ok && i < len(steps) && steps[i].index == index; i++ {
		if steps[i].do != open {
			return int32(i)
		}
	}
	return -1
}

// put appends step i to the new order.
func (s *settling) put(i int32) {
	s.place[i] = int32(len(s.out))
	s.out = append(s.out, s.circle.steps[i])
	if s.last[i] > i {
		s.pending = append(s.pending, i)
	}
}

// before places what earlier steps of other connections led to, as far as it can come before step
// i, and notes the races with what cannot.
func (s *settling) before(i int32) {
	if len(s.pending) == 0 {
		return
	}
	still := s.pending[:0]
	for _, cause := range s.pending {
		if s.last[cause] <= i {
			continue
		}
		still = append(still, cause)
		if s.circle.steps[cause].conn == s.circle.steps[i].conn {
			continue
		}
		clean := s.pull(i, s.last[cause])
		if a, b := &s.circle.steps[cause], &s.circle.steps[i]; !clean || (a.is|b.is)&(changes|leaves) != 0 {
			s.race(cause, i)
		}
	}
	s.pending = still
}

// pull places the steps of servers up to last before step i, except for those to which step i led
// and those that follow such a step on their connection. It reports whether there was no such step.
func (s *settling) pull(i, last int32) (clean bool) {
	steps := s.circle.steps
	clean = true
	var stays []int32 // connections
	for j := i + 1; j <= last; j++ {
		a := &steps[j]
		if s.place[j] >= 0 || a.do == send || a.do == open {
			continue
		}
		if a.cause >= steps[i].index || a.do == closeClient || slices.Contains(stays, a.conn) {
			if !slices.Contains(stays, a.conn) {
				stays = append(stays, a.conn)
			}
			clean = clean && a.do != expect
			continue
		}
		if a.cause >= 0 || a.do == closeServer {
			s.put(j)
		} else {
			stays = append(stays, a.conn)
		}
	}
	return clean
}

// race records that steps i and j of two users crossed.
func (s *settling) race(i, j int32) {
	a, b := &s.circle.steps[i], &s.circle.steps[j]
	to := max(j, s.last[i], s.last[j])
	s.races = append(s.races,
		race{conn: a.conn, about: s.user(b), from: i, to: to},
		race{conn: b.conn, about: s.user(a), from: i, to: to})
}

func (s *settling) user(a *step) int32 { return s.plan.conns[int(a.conn)].who }

// partings finds the races of each client's last word with what others did just before, and of each
// connection that the server closed by itself with what others did just before or after: those who
// had not heard of it by then may hear of it, or not.
func (s *settling) partings() {
	steps := s.circle.steps
	for i := range steps {
		end := &steps[i]
		closed := end.do == closeServer && end.cause < 0
		if end.is&leaves == 0 && end.do != closeClient && end.do != shutClient && !closed {
			continue
		}
		for j := i - 1; j >= 0 && j > i-effectSteps && end.at-steps[j].at <= crossing; j-- {
			s.parting(j, i)
		}
		for j := i + 1; closed && j < len(steps) && j < i+effectSteps && steps[j].at-end.at <= crossing; j++ {
			s.parting(j, i)
		}
	}
}

// parting records the race of step j with the end of another connection in step i, if it is one.
func (s *settling) parting(j, i int) {
	a, end := &s.circle.steps[j], &s.circle.steps[i]
	if !s.mayTell(a, end) || s.ledTo(j, i) {
		return
	}
	from := min(i, j)
	if end.do == closeServer { // what led to it, such as a shutdown, stands before
		from = max(from-raceSteps, 0)
	}
	s.races = append(s.races, race{
		conn: end.conn, about: s.user(a), from: int32(from), to: int32(max(i, j)), parting: true,
	})
}

// mayTell reports whether step a of one user is of a kind of which the user of the connection that
// ends with step end would hear there.
func (s *settling) mayTell(a, end *step) bool {
	from, to := s.plan.conns[int(a.conn)], s.plan.conns[int(end.conn)]
	if from == to || from.role != to.role || from.who == to.who {
		return false
	}
	switch a.do {
	case send:
		return a.is&(changes|leaves) != 0 || from.role == dialect.SB
	case closeClient, shutClient, closeServer:
		return a.cause < 0 // else the step that led to it counts
	}
	return false
}

// ledTo reports whether step j led to something on the connection of step i before that step.
func (s *settling) ledTo(j, i int) bool {
	steps := s.circle.steps
	for k := j + 1; k < i && k <= int(s.last[j]); k++ {
		if steps[k].conn == steps[i].conn && steps[k].cause == steps[j].index {
			return true
		}
	}
	return false
}

// racing reports whether news of the user (0 for anybody) that came to the connection at the step,
// or should have come, is a matter of chance.
func (c *circle) racing(conn, about, at int32, came bool) bool {
	i, _ := slices.BinarySearchFunc(c.races, conn, func(r race, conn int32) int { return cmp.Compare(r.conn, conn) })
	for ; i < len(c.races) && c.races[i].conn == conn && c.races[i].from <= at; i++ {
		if r := &c.races[i]; at <= r.to && (r.about == about || about == 0) && (came || !r.parting) {
			return true
		}
	}
	return false
}
