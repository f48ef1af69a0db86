package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/internal/junit"
)

// TextOptions say which marks text output has. The zero value uses ✓, ✗ and →.
type TextOptions struct {
	ASCII bool // ok, XX and -> instead
}

func (o TextOptions) mark(out *Outcome) string {
	marks := [...]string{"→", "✓", "✗"}
	if o.ASCII {
		marks = [...]string{"->", "ok", "XX"}
	}
	switch {
	case out.Verdict == Sent:
		return marks[0]
	case out.Good():
		return marks[1]
	}
	return marks[2]
}

// AppendLine appends one outcome as a line with its end: mark, number, connection, role, user, who
// sent it, the command, and what is wrong with it.
func AppendLine(dst []byte, out *Outcome, o TextOptions) []byte {
	number := "    -"
	if out.N > 0 {
		number = fmt.Sprintf("%5s", "#"+strconv.FormatUint(out.N, 10))
	}
	dst = fmt.Appendf(dst, "%s %s c%-2d %-2s %-20s %s: %s", o.mark(out), number, out.Conn, out.Role, out.User,
		out.Dir, out.Command)
	switch out.Verdict {
	case Missing, Extra, Free, Late:
		dst = append(append(dst, "  "...), out.Verdict...)
		if out.Why != "" {
			dst = append(append(dst, ": "...), out.Why...)
		}
	case Failed:
		dst = fmt.Appendf(dst, "  failed: %s", out.Why)
	}
	for i, d := range out.Diffs {
		sep := "  "
		if i > 0 {
			sep = "; "
		}
		dst = fmt.Appendf(dst, "%s%s: want %s, got %s", sep, d.Field, orNothing(d.Want), orNothing(d.Got))
	}
	if out.LiveRTT > 0 {
		dst = fmt.Appendf(dst, "  (%s, recorded %s)", rtt(out.LiveRTT), rtt(out.RecordedRTT))
	}
	return append(dst, '\n')
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func rtt(d time.Duration) string {
	return strconv.FormatFloat(millis(d), 'f', 1, 64) + " ms"
}

// Summary returns the last line of a report, without its end: the verdict and the counts.
func (r *Result) Summary() string {
	c := r.Counts
	if r.Verdict() == Same {
		return fmt.Sprintf("same: %d sent, %d answers as recorded", c.Sent, c.Same)
	}
	s := fmt.Sprintf("differs: %d sent, %d answers as recorded, %d differ, %d missing, %d unexpected, %d failed",
		c.Sent, c.Same, c.Differs, c.Missing, c.Extra, c.Failed)
	if c.Late > 0 {
		s += fmt.Sprintf(", %d late", c.Late)
	}
	return s
}

// WriteText writes a whole result: the notes, a line for each outcome, and the summary.
func WriteText(w io.Writer, r *Result, o TextOptions) error {
	var line []byte
	for _, note := range r.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", printable(note)); err != nil {
			return err
		}
	}
	for i := range r.Outcomes {
		line = AppendLine(line[:0], &r.Outcomes[i], o)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	if r.Left > 0 {
		if _, err := fmt.Fprintf(w, "note: %d more are not shown\n", r.Left); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r.Summary())
	return err
}

// jsonOutcome is an outcome with its times in milliseconds, the unit of all our JSON.
type jsonOutcome struct {
	Outcome
	RTT         float64 `json:"rtt_ms,omitempty"`
	RecordedRTT float64 `json:"recorded_rtt_ms,omitempty"`
}

func newJSONOutcome(o *Outcome) jsonOutcome {
	return jsonOutcome{*o, millis(o.LiveRTT), millis(o.RecordedRTT)}
}

// WriteJSON writes a whole result as one JSON object: verdict ("same" or "differs"), counts, notes,
// left_out (how many outcomes are not in it) and outcomes.
func WriteJSON(w io.Writer, r *Result) error {
	outcomes := make([]jsonOutcome, len(r.Outcomes))
	for i := range r.Outcomes {
		outcomes[i] = newJSONOutcome(&r.Outcomes[i])
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Verdict  Verdict       `json:"verdict"`
		Counts   Counts        `json:"counts"`
		Notes    []string      `json:"notes,omitempty"`
		Left     int           `json:"left_out,omitempty"`
		Outcomes []jsonOutcome `json:"outcomes"`
	}{r.Verdict(), r.Counts, r.Notes, r.Left, outcomes})
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// WriteJUnit writes a whole result as JUnit XML: a test for each transaction, which is a client's
// command with its answers, and one for what came unasked on each connection.
func WriteJUnit(w io.Writer, r *Result) error {
	type key struct {
		conn    int
		request uint64
	}
	suite := junit.Suite{Name: "replay"}
	at := map[key]int{}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		k := key{o.Conn, o.Request}
		if _, known := at[k]; !known {
			at[k] = len(suite.Cases)
			c := junit.Case{
				Class: strings.TrimRight("replay."+o.Role, "."), Name: fmt.Sprintf("connection %d: unasked", o.Conn),
			}
			if o.Request != 0 {
				c.Name = fmt.Sprintf("connection %d: #%d %s", o.Conn, o.Request, o.Command)
			}
			suite.Cases = append(suite.Cases, c)
		}
		if o.Good() {
			continue
		}
		c := &suite.Cases[at[k]]
		if c.Failure == nil {
			c.Failure = &junit.Problem{Kind: string(o.Verdict)}
		}
		c.Failure.Text += o.line() + "\n"
	}
	if r.Left > 0 {
		suite.Cases = append(suite.Cases, junit.Case{Class: "replay", Name: "further outcomes", Failure: &junit.Problem{
			Kind: "differs", Text: fmt.Sprintf("%d more are not shown\n", r.Left),
		}})
	}
	return junit.Write(w, &suite)
}
