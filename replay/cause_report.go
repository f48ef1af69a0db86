package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/msnscope/msnscope/internal/junit"
)

// Comparison is the report on how the server of [Follow] compared with the other one.
type Comparison struct {
	Server string // where it is
	Result *Result
	Causes *Causes
	// Unfinished says why the comparison is incomplete, "" if it is complete.
	Unfinished string
}

// WriteJSON writes one JSON object: server, verdict ("same" or "differs"), counts, unopened (how
// many connections), unfinished (why not all was compared), groups (cause, count, connections,
// left_out, outcomes) and left_out (how many outcomes are in no group).
func (c *Comparison) WriteJSON(w io.Writer) error {
	type group struct {
		Cause    jsonOutcome   `json:"cause"`
		Count    int           `json:"count"`
		Conns    int           `json:"connections"`
		Left     int           `json:"left_out,omitempty"`
		Outcomes []jsonOutcome `json:"outcomes"`
	}
	groups := make([]group, len(c.Causes.Groups))
	for i, g := range c.Causes.Groups {
		groups[i] = group{newJSONOutcome(&g.Cause), g.Count, g.Conns, g.Count - len(g.Outcomes), []jsonOutcome{}}
		for j := range g.Outcomes {
			groups[i].Outcomes = append(groups[i].Outcomes, newJSONOutcome(&g.Outcomes[j]))
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Server     string  `json:"server"`
		Verdict    Verdict `json:"verdict"`
		Counts     Counts  `json:"counts"`
		Unopened   int     `json:"unopened,omitempty"`
		Unfinished string  `json:"unfinished,omitempty"`
		Groups     []group `json:"groups"`
		Left       int     `json:"left_out,omitempty"`
	}{c.Server, c.Result.Verdict(), c.Result.Counts, c.Result.Unopened, c.Unfinished, groups, c.Causes.Left})
}

// WriteJUnit writes JUnit XML: a test that passes if everything was compared, and for each cause a
// failed one that lists what followed from it.
func (c *Comparison) WriteJUnit(w io.Writer) error {
	whole := junit.Case{Class: "shadow", Name: "everything was compared"}
	if c.Unfinished != "" {
		whole.Error = &junit.Problem{Kind: "unfinished", Text: c.Unfinished}
	}
	suite := junit.Suite{Name: "shadow " + c.Server, Cases: []junit.Case{whole}}
	for _, g := range c.Causes.Groups {
		suite.Cases = append(suite.Cases, junit.Case{
			Class: "shadow" + strings.TrimRight("."+g.Cause.Role, "."), Name: g.Cause.title(),
			Failure: &junit.Problem{Kind: g.Totals(), Text: g.text()},
		})
	}
	if n := c.Causes.Left; n > 0 {
		suite.Cases = append(suite.Cases, junit.Case{
			Class: "shadow", Name: "further causes", Failure: &junit.Problem{Kind: plural(n, "difference")},
		})
	}
	return junit.Write(w, &suite)
}

// Totals returns how many outcomes the group has, and on how many connections, in words.
func (g *Group) Totals() string {
	return plural(g.Count, "difference") + " on " + plural(g.Conns, "connection")
}

// text returns the outcomes of the group, one a line.
func (g *Group) text() string {
	var b strings.Builder
	for i := range g.Outcomes {
		b.WriteString("\n" + g.Outcomes[i].line())
	}
	if left := g.Count - len(g.Outcomes); left > 0 {
		fmt.Fprintf(&b, "\nand %d more", left)
	}
	return b.String() + "\n"
}

// title returns a name of the outcome that is the same in each run: without numbers and times.
func (o *Outcome) title() string { return o.Dir + ": " + o.Command + " " + string(o.Verdict) }

// line returns the outcome as a line without mark and end.
func (o *Outcome) line() string {
	_, text, _ := strings.Cut(string(AppendLine(nil, o, TextOptions{ASCII: true})), " ")
	return strings.Join(strings.Fields(text), " ")
}
