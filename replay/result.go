package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/format"
)

// Verdict is the result of one step.
type Verdict string

// The verdicts. Sent is a client's command that went out; all others but Failed are about servers'
// commands.
const (
	Sent    Verdict = "sent"
	Same    Verdict = "same"
	Differs Verdict = "differs"
	Missing Verdict = "missing"    // it did not come in time
	Late    Verdict = "late"       // it came too late, and is the same otherwise
	Extra   Verdict = "unexpected" // it came and was not recorded
	Free    Verdict = "free"       // it did not come, and need not: see the package comment
	Failed  Verdict = "failed"     // impossible: the connection had ended, or a value that it needs never came
)

// Outcome is the result of one command. All its text is printable.
type Outcome struct {
	// N is the command's number in the recording, 0 for an extra one. Conn is its connection there;
	// Role, User and Dir are the connection's role and user and who sent the command ("C", "S").
	N       uint64  `json:"n,omitempty"`
	Conn    int     `json:"conn"`
	Role    string  `json:"role"`
	User    string  `json:"user,omitempty"`
	Dir     string  `json:"dir"`
	Verdict Verdict `json:"verdict"`
	// Request is the number of the client's command whose transaction it belongs to: its own, or
	// that of the request that it answers; 0 for what nobody asked for.
	Request uint64 `json:"request,omitempty"`
	// Command is the recorded command line, of an extra one the live one; Got is the live line
	// where it is not the same.
	Command string         `json:"command"`
	Got     string         `json:"got,omitempty"`
	Diffs   []compare.Diff `json:"diffs,omitempty"`
	// Why is the reason for which a step failed.
	Why string `json:"why,omitempty"`
	// LiveRTT and RecordedRTT are the times since the request that the command answers, 0 for no
	// answer.
	LiveRTT     time.Duration `json:"-"`
	RecordedRTT time.Duration `json:"-"`

	unreached bool   // the server at Options.To could not be reached
	via       int    // the connection whose referral led to this one, 0 for none
	referral  uint64 // the command with that referral, 0 for none
	contact   string // the user whom a notification is about, "" for none
}

// Good reports whether the step went as recorded.
func (o *Outcome) Good() bool { return o.Verdict == Sent || o.Verdict == Same || o.Verdict == Free }

// The Command of outcomes that have none: the opening of a connection, and its close by the server.
const (
	connects = "(connects)"
	closes   = "(closes)"
)

// Unreached reports whether the step is the opening of a connection that failed because the server
// at Options.To could not be reached, for this connection or for the one on which its referral
// would have come. It is false for a connection to where a server referred the client.
func (o *Outcome) Unreached() bool { return o.unreached }

// Counts are how many steps had each verdict.
type Counts struct {
	Sent    int `json:"sent"`
	Same    int `json:"same"`
	Differs int `json:"differs"`
	Missing int `json:"missing"`
	Late    int `json:"late"`
	Extra   int `json:"unexpected"`
	Failed  int `json:"failed"`
	Free    int `json:"free"`
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
	case Late:
		c.Late++
	case Free:
		c.Free++
	case Extra:
		c.Extra++
	case Failed:
		c.Failed++
	}
}

// Caps of the outcomes that a Result keeps, 100 MB at most; Options.Report gets all of them. A
// server may say without end what is not in the recording, in lines of any length.
const (
	maxOutcomes     = 1 << 17
	maxOutcomeBytes = 64 << 20 // of their texts
	// MaxExtra is how many unexpected commands are kept, and are worth a line each: of all other
	// outcomes there are no more than the plan has steps.
	MaxExtra = 10_000
)

// Result is the result of a replay.
type Result struct {
	Counts   Counts
	Outcomes []Outcome
	// Left is how many outcomes were not kept.
	Left int
	// Notes are the Plan's notes.
	Notes []string
	// Unopened is how many of the connections, of which there were Opened, [Follow] could not open:
	// each counts as one failed step, and what was sent on it is not compared.
	Unopened, Opened int

	countsOnly bool // Outcomes is not kept
	size       int  // bytes of the texts of Outcomes
}

func (r *Result) add(o Outcome) {
	r.Counts.add(o.Verdict)
	size := o.size()
	switch {
	case r.countsOnly:
	case o.Verdict == Extra && r.Counts.Extra > MaxExtra:
		r.Left++
	case len(r.Outcomes) == maxOutcomes || r.size+size > maxOutcomeBytes:
		r.Left++
	default:
		r.Outcomes = append(r.Outcomes, o)
		r.size += size
	}
}

// Join adds the outcomes of another result that are not good to this one.
func (r *Result) Join(other *Result) {
	for i := range other.Outcomes {
		if o := &other.Outcomes[i]; !o.Good() {
			r.add(*o)
		}
	}
}

// sort puts the outcomes in the order of the recording. Extra ones follow what came before them on
// their connection.
func (r *Result) sort() {
	last := map[int]uint64{} // of each connection
	at := make([]uint64, len(r.Outcomes))
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if o.N != 0 {
			last[o.Conn] = o.N
		}
		at[i] = last[o.Conn]
	}
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(at[i], at[j]) })
	sorted := make([]Outcome, len(order))
	for i, from := range order {
		sorted[i] = r.Outcomes[from]
	}
	r.Outcomes = sorted
}

// Verdict returns Same if every expected command came and was the same, nothing else came and
// nothing failed; otherwise Differs.
func (r *Result) Verdict() Verdict {
	if c := r.Counts; c.Differs+c.Missing+c.Late+c.Extra+c.Failed > 0 {
		return Differs
	}
	return Same
}

// Err returns nil for a replay that was the same; [ErrTimeout] when commands did not come in time
// and nothing else was wrong; [ErrDiffers] otherwise: something that came and is wrong says more
// than something that is late. On the command line these are the exit codes 0, 4 and 1; an error of
// [Run] is 3, and 2 for [ErrPassword].
func (r *Result) Err() error {
	switch c := r.Counts; {
	case r.Verdict() == Same:
		return nil
	case c.Differs+c.Extra+c.Failed == 0:
		return fmt.Errorf("%w: %d", ErrTimeout, c.Missing+c.Late)
	}
	return ErrDiffers
}

// Caps of what one outcome shows: a line may have 8 KB, in thousands of arguments.
const (
	maxText  = 1000 // bytes of one text from the wire, before they are made printable
	maxDiffs = 20
)

// printable makes text from the wire safe for a screen. It cuts it off if it is long, and says so.
func printable(s string) string {
	if len(s) <= maxText {
		return format.Printable(s)
	}
	return fmt.Sprintf("%s... (%d bytes)", format.Printable(s[:maxText]), len(s))
}

// printableDiffs returns copies of diffs that are safe for a screen. It cuts off a long list, and
// says so.
func printableDiffs(diffs []compare.Diff) []compare.Diff {
	var safe []compare.Diff
	for _, d := range diffs[:min(len(diffs), maxDiffs)] {
		safe = append(safe, compare.Diff{Field: printable(d.Field), Want: printable(d.Want), Got: printable(d.Got)})
	}
	if left := len(diffs) - maxDiffs; left > 0 {
		safe = append(safe, compare.Diff{Field: "further differences", Want: "0", Got: strconv.Itoa(left)})
	}
	return safe
}

// outcome returns an outcome for something on a recorded connection, to be completed.
func outcome(conn int, c *connPlan, dir decode.Dir, v Verdict) Outcome {
	return Outcome{
		Conn: conn, Role: c.role.String(), User: printable(c.user), Dir: dir.String(), Verdict: v,
		via: c.via, referral: c.referral,
	}
}
