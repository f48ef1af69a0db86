// Package doctor checks whether a client would stay inside the proxy. It starts a proxy, connects
// through it as a client does, and reports what it finds on the way.
package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/redact"
)

// Finding is the result of one check.
type Finding struct {
	// Check names what was checked: listen, upstream, protocol, orders, referral, server, address,
	// port, sign-in.
	Check string `json:"check"`
	// Status is ok, warn (it may be right) or fail (a client would not stay inside, or could not
	// sign in).
	Status string `json:"status"`
	// Text says what was found, Hint what to do about it. Both may quote what servers sent: code
	// that prints them must keep control characters from the terminal, as WriteText does.
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// Diagnosis is everything that the doctor found.
type Diagnosis struct {
	Inside   bool      `json:"inside"` // whether a client would stay inside the proxy
	Findings []Finding `json:"findings"`
}

// add appends a finding. form and args make its text.
func (d *Diagnosis) add(check, status, hint, form string, args ...any) {
	d.Findings = append(d.Findings, Finding{check, status, fmt.Sprintf(form, args...), hint})
}

// failed reports whether any check failed.
func (d *Diagnosis) failed() bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Status == "fail" })
}

// WriteText writes the report for people: each finding on a line with its hint below it, then the
// verdict.
func (d *Diagnosis) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range d.Findings {
		mark := map[string]string{"ok": "✓", "warn": "!", "fail": "✗"}[f.Status]
		fmt.Fprintf(&b, "%s  %-9s %s\n", mark, f.Check, printable(f.Text))
		if f.Hint != "" {
			fmt.Fprintf(&b, "             hint: %s\n", printable(f.Hint))
		}
	}
	verdict := "inside: a client stays inside the proxy"
	if !d.Inside {
		verdict = "outside: a client does not stay inside the proxy, or does not get in"
	}
	_, err := fmt.Fprintln(w, b.String()+verdict)
	return err
}

// maxQuoted is how many bytes of a server's line a finding quotes.
const maxQuoted = 60

// quoted returns the beginning of a line that a server sent, without credentials: cookies and
// tickets are masked even where the line has no known form.
func quoted(line string) string {
	m := decode.Parse([]byte(line), decode.FromServer, dialect.MSNP2)
	text := redact.Line(&m, dialect.MSNP2.Match(decode.FromServer, dialect.Any, &m))
	return decode.Quote([]byte(text[:min(len(text), maxQuoted)]))
}

// printable makes text safe for a terminal, line by line.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = format.Printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
