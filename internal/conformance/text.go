package conformance

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/junit"
)

// WriteText writes the report for people: the addresses of the servers, each cause with its cases,
// what was skipped, and the counts. It quotes what came over the wire, so that it is safe for a
// terminal.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	line := func(form string, args ...any) { fmt.Fprintln(out, format.Printable(fmt.Sprintf(form, args...))) }
	for _, at := range []struct{ kind, address string }{
		{"dispatch server", r.Dispatch}, {"notification server", r.Notification}, {"switchboard", r.Switchboard},
	} {
		if at.address != "" {
			line("%-20s %s", at.kind, at.address)
		}
	}
	for _, c := range r.Causes {
		fmt.Fprintln(out)
		line("%s: %s", c.Cause, cases(c.Count))
		line("  first %s", c.First)
		for _, names := range folded(c.Cases, 96) {
			line("    %s", names)
		}
	}
	fmt.Fprintln(out)
	for _, note := range r.Notes {
		line("note: %s", note)
	}
	for _, why := range r.reasons() {
		line("skipped: %s", why)
	}
	line("%s", r.Summary())
	return out.Flush()
}

// Summary returns the last line of a report, without its end: the verdict and the counts that are
// not 0.
func (r *Report) Summary() string {
	var b strings.Builder
	if fmt.Fprintf(&b, "as wanted: %d passed", r.Passed); !r.AsWanted() {
		b.Reset()
		fmt.Fprintf(&b, "differs: %d passed, %d failed", r.Passed, r.Failed)
	}
	for _, more := range []struct {
		n    int
		what string
	}{{r.Blocked, "could not be played"}, {r.Skipped, "skipped"}, {r.NotPlayed, "not reached"}} {
		if more.n > 0 {
			fmt.Fprintf(&b, ", %d %s", more.n, more.what)
		}
	}
	fmt.Fprintf(&b, ", in %.1f s", r.Seconds)
	return b.String()
}

// reasons returns why cases were skipped, one line a reason with the number of cases.
func (r *Report) reasons() []string {
	var order []string
	count := map[string]int{}
	for i := range r.Cases {
		if r.Cases[i].Status != Skipped {
			continue
		}
		why, _, _ := strings.Cut(r.Cases[i].Why, ": ")
		if count[why]++; count[why] == 1 {
			order = append(order, why)
		}
	}
	for i, why := range order {
		order[i] = cases(count[why]) + ": " + why
	}
	return order
}

func cases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// folded joins words into lines of at most width columns, if each word fits.
func folded(words []string, width int) (lines []string) {
	for _, word := range words {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// WriteJUnit writes the report as JUnit XML for continuous integration. The class of a case is the
// part of its name before the dot; a case that could not be played is an error there.
func (r *Report) WriteJUnit(w io.Writer) error {
	s := &junit.Suite{Name: "msnscope conform " + r.Server, Seconds: r.Seconds}
	for i := range r.Cases {
		c := &r.Cases[i]
		class, _, _ := strings.Cut(c.Name, ".")
		out := junit.Case{Class: class, Name: c.Name, Seconds: c.Seconds, Skipped: c.Why}
		switch c.Status {
		case Failed:
			out.Failure = &junit.Problem{Kind: c.Cause, Text: c.Detail}
		case Blocked:
			out.Error = &junit.Problem{Kind: c.Cause, Text: c.Detail}
		case NotPlayed:
			out.Error = &junit.Problem{Kind: "the run ended before", Text: "not played"}
		}
		s.Cases = append(s.Cases, out)
	}
	return junit.Write(w, s)
}
