package replay

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/internal/redact"
)

// shownStep is a step of a plan for people and programs.
type shownStep struct {
	N       uint64 `json:"n"`
	Conn    int    `json:"conn"`
	Role    string `json:"role"`
	User    string `json:"user,omitempty"`
	Do      string `json:"do"` // "open", "send", "expect", "close", "half-close"
	Dir     string `json:"dir"`
	Command string `json:"command,omitempty"`
	// Waits has the numbers of what must have come before it is done, since the client's command
	// before it in the plan.
	Waits []uint64 `json:"waits,omitempty"`
	Cause uint64   `json:"cause,omitempty"` // the event that led to it
	// Free says which deviations do not count: "order" for news that may come in any order with
	// that of others, "chance" for what crossed with something, "merged" for a presence that a
	// later one may replace.
	Free []string `json:"free,omitempty"`
	// Itself says that the recorded server did it by itself.
	Itself bool `json:"itself,omitempty"`
}

type shownCircle struct {
	Users []string    `json:"users"`
	Steps []shownStep `json:"steps"`
}

// actionNames are those of [shownStep].
var actionNames = [...]string{"open", "send", "expect", "close", "close", "half-close", "half-close"}

// shown returns the circle with users and actions by their names.
func (p *Plan) shown(c *circle) shownCircle {
	all := shownCircle{Users: []string{}}
	var waits []uint64
	look := &player{run: &run{plan: p}, circle: c, conns: map[int]*liveConn{}}
	for i := range c.steps {
		s := &c.steps[i]
		e, conn := p.log.At(int(s.index)), p.conns[int(s.conn)]
		out := shownStep{
			N: e.N, Conn: int(s.conn), Role: conn.role.String(), User: printable(conn.user),
			Do: actionNames[s.do], Itself: s.is&itself != 0,
		}
		if out.User != "" && !slices.Contains(all.Users, out.User) {
			all.Users = append(all.Users, out.User)
		}
		out.Dir = "C"
		if s.do == expect || s.do == closeServer || s.do == shutServer {
			out.Dir = "S"
		}
		if s.cause >= 0 {
			out.Cause = p.numbers[s.cause]
		}
		switch s.do {
		case send, expect:
			out.Command = printable(redact.Line(&e.In, e.Row))
		}
		if out.Dir == "C" {
			out.Waits, waits = waits, nil
		} else {
			waits = append(waits, e.N)
		}
		look.now = i
		if s.do == shutClient {
			look.conns[int(s.conn)] = &liveConn{half: true}
		}
		if s.do == expect {
			out.Free = look.freedoms(s)
		}
		all.Steps = append(all.Steps, out)
	}
	return all
}

// freedoms returns the values of shownStep.Free for a step's command.
func (p *player) freedoms(s *step) (all []string) {
	if s.is&answers == 0 {
		all = append(all, "order")
	}
	c := p.conns[int(s.conn)]
	if s.is&news != 0 && (c != nil && c.half || p.circle.racing(s.conn, s.about, int32(p.now), false)) {
		all = append(all, "chance")
	}
	if p.merged(s) {
		all = append(all, "merged")
	}
	return all
}

// WriteText writes the plan: for each group of users who have to do with each other the steps in
// their order, a line each, with what a client's command waits for, what led to a server's command,
// and which deviations of it do not count.
func (p *Plan) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, note := range p.Notes {
		fmt.Fprintf(out, "note: %s\n", printable(note))
	}
	for i, c := range p.circles {
		shown := p.shown(c)
		fmt.Fprintf(out, "%d. %s: %d steps\n", i+1, strings.Join(shown.Users, ", "), len(shown.Steps))
		for j := range shown.Steps {
			shown.Steps[j].write(out)
		}
	}
	return out.Flush()
}

func (s *shownStep) write(w io.Writer) {
	what := s.Command
	if what == "" {
		what = "(" + s.Do + "s)"
	}
	fmt.Fprintf(w, "%6s c%-2d %-2s %-20s %s: %s", fmt.Sprintf("#%d", s.N), s.Conn, s.Role, s.User, s.Dir, what)
	var more []string
	if len(s.Waits) > 0 {
		more = append(more, "waits for "+numbered(s.Waits))
	}
	if s.Cause != 0 {
		more = append(more, "because of "+numbered([]uint64{s.Cause}))
	}
	if s.Itself {
		more = append(more, "by itself")
	}
	if len(s.Free) > 0 {
		more = append(more, "free: "+strings.Join(s.Free, ", "))
	}
	if len(more) > 0 {
		fmt.Fprintf(w, "  [%s]", strings.Join(more, "; "))
	}
	fmt.Fprintln(w)
}

// maxWaits is the most numbers that one line lists.
const maxWaits = 8

func numbered(all []uint64) string {
	var b strings.Builder
	for i, n := range all {
		if i == maxWaits {
			fmt.Fprintf(&b, " and %d more", len(all)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "#%d", n)
	}
	return b.String()
}

// WriteJSON writes the plan as one JSON object: notes and groups, each with its users and steps (n,
// conn, role, user, do, dir, command, waits, cause, free, itself).
func (p *Plan) WriteJSON(w io.Writer) error {
	all := make([]shownCircle, len(p.circles))
	for i, c := range p.circles {
		all[i] = p.shown(c)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Notes  []string      `json:"notes,omitempty"`
		Groups []shownCircle `json:"groups"`
	}{p.Notes, all})
}
