package replay

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
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

// The elements of JUnit's XML that test reports of all kinds are read from.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Failure *junitDetail `xml:"failure,omitempty"`
		Error   *junitDetail `xml:"error,omitempty"`
	}
	junitDetail struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes JUnit XML: a test that passes if everything was compared, and for each cause a
// failed one that lists what followed from it.
func (c *Comparison) WriteJUnit(w io.Writer) error {
	whole := junitCase{Class: "shadow", Name: "everything was compared"}
	broken := 0
	if c.Unfinished != "" {
		broken, whole.Error = 1, &junitDetail{Type: "unfinished", Message: c.Unfinished}
	}
	cases := []junitCase{whole}
	for _, g := range c.Causes.Groups {
		cases = append(cases, junitCase{
			Class: "shadow" + strings.TrimRight("."+g.Cause.Role, "."), Name: g.Cause.title(),
			Failure: &junitDetail{string(g.Cause.Verdict), g.Totals(), g.text()},
		})
	}
	n := len(c.Causes.Groups)
	if c.Causes.Left > 0 {
		n++
		cases = append(cases, junitCase{Class: "shadow", Name: "further causes", Failure: &junitDetail{
			Type: "differs", Message: plural(c.Causes.Left, "difference"),
		}})
	}
	suite := junitSuite{"shadow " + c.Server, len(cases), n, broken, cases}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	all := junitSuites{Tests: suite.Tests, Failures: n, Errors: broken, Suites: []junitSuite{suite}}
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
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
