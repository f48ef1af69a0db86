package replay

import (
	"slices"
	"strconv"
	"strings"
)

// Caps of the differences that are kept: a server that is wrong may be wrong without end, and in
// lines of any length. Causes have room of their own, so that a flood for one cause hides no other.
const (
	maxGroups     = 1 << 10
	maxCauseBytes = 8 << 20 // of the causes of all groups
	maxKept       = 1 << 14 // outcomes, in all groups
	maxTextBytes  = 8 << 20 // of those
)

// Group holds everything that went wrong for one cause.
type Group struct {
	// Cause is what went wrong first.
	Cause Outcome
	// Count is how many outcomes there are, the cause included, Conns on how many connections.
	Count, Conns int
	// Outcomes are the outcomes that were kept, in order, the cause first.
	Outcomes []Outcome
}

// Causes groups differences by their first cause. A group holds what follows its cause on the same
// connection until that answers as recorded again, what goes wrong first on connections that
// followed a referral from there, and the notifications that are missing on connections of the same
// user. The same difference elsewhere belongs to the group of the first one.
//
// The zero Causes is ready for use. It is for one goroutine.
type Causes struct {
	// Groups are the groups in the order of their causes.
	Groups []*Group
	// Left is how many outcomes belong to no group, because there were too many.
	Left int

	kept   int // outcomes
	size   int // their bytes
	causes int // bytes of the causes
	conns  map[int]*trouble
	events map[uint64]*Group // by the number of the command whose answer went wrong
	users  map[string]*Group // by user, in lower case, for connections with trouble
	alike  map[string]*Group // by likeness
}

// trouble is the state of a connection with regard to causes.
type trouble struct {
	group *Group   // the group that its differences belong to, nil for none
	in    []*Group // groups that count it in Conns
	works bool     // its server has answered as recorded since
}

// Add adds the next outcome. It returns the group to which that belongs, nil for an outcome that
// went as recorded or for which there is no room; first reports whether it is the cause of a new
// group.
func (c *Causes) Add(o *Outcome) (g *Group, first bool) {
	if c.conns == nil {
		c.conns, c.events = map[int]*trouble{}, map[uint64]*Group{}
		c.users, c.alike = map[string]*Group{}, map[string]*Group{}
	}
	at := c.conns[o.Conn]
	if at == nil {
		limit(c.conns)
		at = &trouble{}
		c.conns[o.Conn] = at
	}
	if o.Good() {
		if o.Verdict == Same && o.Command != closes {
			at.group, at.works = nil, true
			delete(c.users, strings.ToLower(o.User))
		}
		return nil, false
	}
	if g = c.cause(at, o); g == nil {
		if g = c.begin(o); g == nil {
			c.Left++
			return nil, false
		}
		first = true
	}
	c.join(g, at, o)
	return g, first
}

// cause returns the group of an outcome that went wrong, nil if it is a cause itself.
func (c *Causes) cause(at *trouble, o *Outcome) *Group {
	if at.group != nil {
		return at.group
	}
	if !at.works {
		if g := c.events[o.referral]; o.referral != 0 && g != nil {
			return g
		}
		if via := c.conns[o.via]; via != nil && via.group != nil {
			return via.group
		}
	}
	if g := c.users[strings.ToLower(o.contact)]; o.contact != "" && g != nil && o.Verdict != Differs {
		return g
	}
	return c.alike[likeness(o)]
}

// begin makes a group for a cause; it returns nil if there are too many.
func (c *Causes) begin(o *Outcome) *Group {
	// The likeness is a copy of what distinguishes the cause.
	if c.causes += 2 * o.size(); len(c.Groups) == maxGroups || c.causes > maxCauseBytes {
		c.causes -= 2 * o.size()
		return nil
	}
	g := &Group{Cause: *o}
	c.Groups = append(c.Groups, g)
	c.alike[likeness(o)] = g
	return g
}

// join adds an outcome to a group.
func (c *Causes) join(g *Group, at *trouble, o *Outcome) {
	g.Count++
	if !slices.Contains(at.in, g) {
		at.in = append(at.in, g)
		g.Conns++
	}
	at.group = g
	if o.N != 0 {
		limit(c.events)
		c.events[o.N] = g
	}
	if o.User != "" {
		limit(c.users)
		c.users[strings.ToLower(o.User)] = g
	}
	if size := o.size(); c.kept < maxKept && c.size+size <= maxTextBytes {
		c.kept++
		c.size += size
		g.Outcomes = append(g.Outcomes, *o)
	}
}

// size returns how many bytes the texts of the outcome take.
func (o *Outcome) size() int {
	n := len(o.User) + len(o.Command) + len(o.Got) + len(o.Why) + len(o.contact)
	for _, d := range o.Diffs {
		n += len(d.Field) + len(d.Want) + len(d.Got)
	}
	return n
}

// likeness returns a key that differences of one cause share: who sends which command to which kind
// of server, and what is wrong with it.
func likeness(o *Outcome) string {
	verb, _, _ := strings.Cut(o.Command, " ")
	all := []string{o.Role, o.Dir, string(o.Verdict), verb}
	for _, d := range o.Diffs {
		all = append(all, d.Field)
		if d.Field == "Command" {
			all = append(all, d.Got)
		}
	}
	return strings.Join(append(all, o.Why), "\x00")
}

// Totals returns how many differences there are, and of how many causes, in words.
func (c *Causes) Totals() string {
	n := c.Left
	for _, g := range c.Groups {
		n += g.Count
	}
	s := plural(n, "difference") + " of " + plural(len(c.Groups), "cause")
	if c.Left > 0 {
		s += ", " + strconv.Itoa(c.Left) + " of further ones"
	}
	return s
}

// plural returns the number with its noun, "1 cause", "2 causes".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
