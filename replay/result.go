package replay

import (
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/format"
)

// Verdict says what became of one step.
type Verdict string

// The verdicts. Sent is a client's command that went out; all others but Failed are about servers' commands.
const (
	Sent    Verdict = "sent"
	Same    Verdict = "same"
	Differs Verdict = "differs"
	Missing Verdict = "missing" // it did not come in time
	Extra   Verdict = "extra"   // it came and was not recorded
	Failed  Verdict = "failed"  // it could not be: the connection had ended, or what it needs never came
)

// Outcome is what became of one command. All its text is printable.
type Outcome struct {
	// N is the command's number in the recording, 0 for an extra one. Conn is its connection there; Role, User and Dir are
	// the connection's role and user and who sent the command ("C", "S").
	N       uint64  `json:"n,omitempty"`
	Conn    int     `json:"conn"`
	Role    string  `json:"role"`
	User    string  `json:"user,omitempty"`
	Dir     string  `json:"dir"`
	Verdict Verdict `json:"verdict"`
	// Command is the recorded command line, of an extra one the live one; Got is the live line where it is not the same.
	Command string         `json:"command"`
	Got     string         `json:"got,omitempty"`
	Diffs   []compare.Diff `json:"diffs,omitempty"`
	// Why says why a step failed.
	Why string `json:"why,omitempty"`
	// LiveRTT and RecordedRTT are the times since the request that the command answers, 0 for no answer.
	LiveRTT     time.Duration `json:"-"`
	RecordedRTT time.Duration `json:"-"`
}

// Good reports whether the step went as recorded.
func (o *Outcome) Good() bool { return o.Verdict == Sent || o.Verdict == Same }

// connects stands for the command where a connection could not be opened.
const connects = "(connects)"

// Unopened reports whether the step is a connection that could not be opened.
func (o *Outcome) Unopened() bool { return o.Verdict == Failed && o.Command == connects }

// Counts are how many steps had each verdict.
type Counts struct {
	Sent    int `json:"sent"`
	Same    int `json:"same"`
	Differs int `json:"differs"`
	Missing int `json:"missing"`
	Extra   int `json:"extra"`
	Failed  int `json:"failed"`
}

func (c *Counts) add(v Verdict) {
	switch v {
	case Sent:
		c.Sent++
	case Same:
		c.Same++
	case Differs:
		c.Differs++
	case Missing:
		c.Missing++
	case Extra:
		c.Extra++
	case Failed:
		c.Failed++
	}
}

// maxOutcomes is how many outcomes a Result keeps, about 60 MB; Options.Report sees them all.
const maxOutcomes = 1 << 17

// Result is how a replay went.
type Result struct {
	Counts   Counts
	Outcomes []Outcome
	// Left is how many outcomes there were beyond those kept.
	Left int
	// Notes are those of the plan.
	Notes []string
	// Unopened is how many connections [Follow] could not open: each counts as one that failed, and what was said on it is
	// not compared.
	Unopened int
}

// Compared reports whether anything was sent, or came.
func (r *Result) Compared() bool {
	c := r.Counts
	return c.Sent+c.Same+c.Differs+c.Missing+c.Extra > 0
}

func (r *Result) add(o Outcome) {
	r.Counts.add(o.Verdict)
	if len(r.Outcomes) == maxOutcomes {
		r.Left++
		return
	}
	r.Outcomes = append(r.Outcomes, o)
}

// Verdict returns Same when every expected command came and was the same, nothing else came and nothing failed; else
// Differs.
func (r *Result) Verdict() Verdict {
	if c := r.Counts; c.Differs+c.Missing+c.Extra+c.Failed > 0 {
		return Differs
	}
	return Same
}

// Err returns nil for a replay that was the same; [ErrTimeout] when commands did not come in time and nothing else was wrong;
// [ErrDiffers] otherwise: something that came and is wrong says more than something that is late. On the command line these
// are the exit codes 0, 4 and 1; an error of [Run] is 3, and 2 for [ErrPassword].
func (r *Result) Err() error {
	switch c := r.Counts; {
	case r.Verdict() == Same:
		return nil
	case c.Differs+c.Extra+c.Failed == 0:
		return fmt.Errorf("%w: %d", ErrTimeout, c.Missing)
	}
	return ErrDiffers
}

// printable makes text from the wire safe for a screen.
func printable(s string) string { return format.Printable(s) }

// printableDiffs returns copies of diffs that are safe for a screen.
func printableDiffs(diffs []compare.Diff) []compare.Diff {
	var safe []compare.Diff
	for _, d := range diffs {
		safe = append(safe, compare.Diff{Field: printable(d.Field), Want: printable(d.Want), Got: printable(d.Got)})
	}
	return safe
}

// outcome begins the outcome of something on a recorded connection.
func outcome(conn int, c *connPlan, dir decode.Dir, v Verdict) Outcome {
	return Outcome{Conn: conn, Role: c.role.String(), User: printable(c.user), Dir: dir.String(), Verdict: v}
}
