package model

import (
	"math/bits"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxUsers is how many users have figures of their own; the rest share a row. At some 150 bytes
// each that is 2 MB.
const maxUsers = 1 << 14

// Figure holds the counts of a command, an error, a user or a connection.
type Figure struct {
	Name             string // from the wire
	Commands, Errors int
	Bytes            int64
	// Answers counts the answers whose time is known, Waited is the sum of their times and Slowest
	// the longest.
	Answers         int
	Waited, Slowest time.Duration

	times *spread // nil where only sums are kept
}

// Mean returns the mean time until an answer came, 0 where none came.
func (f *Figure) Mean() time.Duration {
	if f.Answers == 0 {
		return 0
	}
	return f.Waited / time.Duration(f.Answers)
}

// Percentile returns the time within which p of 100 answers came, an eighth too long at most.
func (f *Figure) Percentile(p int) time.Duration {
	if f.times == nil || f.Answers == 0 {
		return 0
	}
	return min(f.times.percentile(p), f.Slowest)
}

func (f *Figure) answer(rtt time.Duration) {
	f.Answers++
	f.Waited += rtt
	f.Slowest = max(f.Slowest, rtt)
	if f.times != nil {
		f.times.add(rtt)
	}
}

func (f *Figure) count(e *session.Event) {
	f.Commands++
	f.Bytes += int64(len(e.In.Raw))
	if e.Flags&session.Error != 0 {
		f.Errors++
	}
}

// spread counts times by their size: eight counters for each doubling, from a microsecond up.
type spread struct {
	n      int
	counts [8 * 48]uint32
}

func (s *spread) add(d time.Duration) {
	s.n++
	s.counts[spreadIndex(uint64(max(0, d.Microseconds())))]++
}

// spreadIndex returns the counter of a number of microseconds.
func spreadIndex(us uint64) int {
	if us < 8 {
		return int(us)
	}
	n := bits.Len64(us) - 4 // us >> n is 8 to 15
	return min(8*n+int(us>>n), 8*48-1)
}

// spreadEnd returns the longest time that a counter counts.
func spreadEnd(i int) time.Duration {
	if i < 8 {
		return time.Duration(i) * time.Microsecond
	}
	n := i/8 - 1
	return time.Duration(uint64(i%8+9)<<n-1) * time.Microsecond
}

func (s *spread) percentile(p int) time.Duration {
	rest := (s.n*p + 99) / 100
	for i, n := range s.counts {
		if rest -= int(n); rest <= 0 {
			return spreadEnd(i)
		}
	}
	return spreadEnd(len(s.counts) - 1)
}

// numMoments is how many parts the log's time is divided into for rates. Their length doubles when
// they do not reach: a chart has one or two parts for each column.
const numMoments = 256

// Rates are the commands over the time of a log, in parts of equal length.
type Rates struct {
	Start            time.Time
	Each             time.Duration // the length of a part
	Commands, Errors []int
}

func (r *Rates) add(e *session.Event) {
	if r.Each == 0 {
		r.Start, r.Each = e.Time, 100*time.Millisecond
	}
	at := e.Time.Sub(r.Start)
	for at >= r.Each*numMoments {
		r.halve()
	}
	i := int(max(0, at) / r.Each)
	for len(r.Commands) <= i {
		r.Commands, r.Errors = append(r.Commands, 0), append(r.Errors, 0)
	}
	r.Commands[i]++
	if e.Flags&session.Error != 0 {
		r.Errors[i]++
	}
}

// halve joins each two neighbouring parts into one.
func (r *Rates) halve() {
	r.Each *= 2
	for _, counts := range []*[]int{&r.Commands, &r.Errors} {
		for i, n := range *counts {
			(*counts)[i] = 0
			(*counts)[i/2] += n
		}
		*counts = (*counts)[:(len(*counts)+1)/2]
	}
}

// Figures are counted while the model learns, of the whole log whatever part of it is shown.
type Figures struct {
	Rates Rates
	// Sizes counts commands by the number of bits of their length in bytes.
	Sizes [32]int

	rows  map[*dialect.Row]*Figure
	codes map[int]*Figure
	users map[string]*Figure
	user  *Figure // of the latest event
}

func newFigures() Figures {
	return Figures{rows: map[*dialect.Row]*Figure{}, codes: map[int]*Figure{}, users: map[string]*Figure{}}
}

// add counts an event. asked is the row of the request if the event is the first answer to one,
// else nil.
func (f *Figures) add(e *session.Event, c *Conn, asked *dialect.Row) {
	if e.Kind != session.Command {
		return
	}
	f.Rates.add(e)
	f.Sizes[min(bits.Len(uint(len(e.In.Raw))), len(f.Sizes)-1)]++
	f.of(e.Row, e).count(e)
	if code := e.In.Verb.Code(); code != 0 {
		f.code(code).count(e)
	}
	f.userOf(e).count(e)
	if c != nil {
		c.Figure.count(e)
	}
	if asked == nil {
		return
	}
	f.of(asked, e).answer(e.RTT)
	f.user.answer(e.RTT)
	if c != nil {
		c.Figure.answer(e.RTT)
	}
	if e.Flags&session.Error != 0 { // the error counts for the request, too
		f.rows[asked].Errors++
	}
}

func (f *Figures) of(row *dialect.Row, e *session.Event) *Figure {
	x := f.rows[row]
	if x == nil {
		name := "unknown"
		if row != nil {
			name = row.Verb
		}
		if e.In.Verb.Code() != 0 && row == e.Row {
			name = "error"
		}
		x = &Figure{Name: name, times: &spread{}}
		f.rows[row] = x
	}
	return x
}

func (f *Figures) code(code int) *Figure {
	x := f.codes[code]
	if x == nil {
		x = &Figure{Name: decode.ErrorName(code)}
		f.codes[code] = x
	}
	return x
}

func (f *Figures) userOf(e *session.Event) *Figure {
	if f.user != nil && f.user.Name == e.User {
		return f.user
	}
	name := e.User
	if f.user = f.users[name]; f.user == nil {
		if len(f.users) >= maxUsers {
			name = "others"
		}
		if f.user = f.users[name]; f.user == nil {
			f.user = &Figure{Name: name}
			f.users[name] = f.user
		}
	}
	return f.user
}

// Commands returns the figures of the commands, by their verbs. The times are those that the
// answers to the command took; its errors are its answers that are errors.
func (f *Figures) Commands() []Figure {
	byName := map[string]*Figure{}
	for _, x := range f.rows {
		sum := byName[x.Name]
		if sum == nil {
			sum = &Figure{Name: x.Name, times: &spread{}}
			byName[x.Name] = sum
		}
		sum.join(x)
	}
	return listOf(byName)
}

// join adds the figures of another one.
func (f *Figure) join(o *Figure) {
	f.Commands += o.Commands
	f.Errors += o.Errors
	f.Bytes += o.Bytes
	f.Answers += o.Answers
	f.Waited += o.Waited
	f.Slowest = max(f.Slowest, o.Slowest)
	f.times.n += o.times.n
	for i, n := range o.times.counts {
		f.times.counts[i] += n
	}
}

// Codes returns how often each error came, by its number.
func (f *Figures) Codes() map[int]Figure {
	all := map[int]Figure{}
	for code, x := range f.codes {
		all[code] = *x
	}
	return all
}

// Users returns the figures of the users; the one without a name is for connections whose user is
// unknown.
func (f *Figures) Users() []Figure { return listOf(f.users) }

// Figures returns the figures as far as Step has come. They are the model's, to be read until the
// next Step.
func (m *Model) Figures() *Figures { return &m.figures }

// Conns returns what the tree knows of its connections, in the order of their numbers.
func (m *Model) Conns() []*Conn { return slices.Clone(m.tree.ages) }

func listOf[K comparable](all map[K]*Figure) []Figure {
	list := make([]Figure, 0, len(all))
	for _, x := range all {
		list = append(list, *x)
	}
	return list
}
