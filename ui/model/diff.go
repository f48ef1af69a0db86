package model

import (
	"strings"

	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

// maxParts is how many parts of a command are compared: the comparison takes time with its square.
const maxParts = 256

// Part is a part of a command for a comparison: an argument, a field or a line of its payload. Its
// texts are from the wire.
type Part struct{ Name, Value string }

// Parts returns the parts of an event as it came or, where sent is set, as it was sent on. A secret
// in a payload is not among them.
func Parts(e *session.Event, sent bool) []Part {
	if e.Kind != session.Command {
		return []Part{{e.Kind.String(), e.Text}}
	}
	if sent && e.Out != nil {
		as := *e
		as.In, as.Out = e.Sent(), nil
		e = &as
	}
	if e.In.Opaque() {
		return []Part{{"bytes", string(e.In.Raw)}}
	}
	parts := []Part{{"command", e.In.Verb.String()}}
	if e.In.TrIDText() != nil {
		parts = append(parts, Part{"TrID", string(e.In.TrIDText())})
	}
	for _, f := range format.Fields(e) {
		parts = append(parts, Part{f.Name, f.Value})
	}
	if p := e.In.Payload(); p != nil {
		parts = append(parts, payloadParts(p)...)
	}
	return parts[:min(len(parts), maxParts)]
}

func payloadParts(payload []byte) []Part {
	b := body.Parse(payload)
	var parts []Part
	for _, f := range b.Describe() {
		parts = append(parts, Part{f.Name, f.Shown()})
	}
	if !b.Readable() {
		return parts
	}
	text, _ := b.Text()
	for l := range strings.Lines(text) {
		if len(parts) == maxParts {
			break
		}
		parts = append(parts, Part{"text", strings.TrimRight(l, "\r\n")})
	}
	return parts
}

// Difference is a part of two commands side by side. A or B is nil where only the other has it.
type Difference struct {
	Name string
	A, B *string
}

// Same reports whether both commands have the part, with the same value.
func (d *Difference) Same() bool { return d.A != nil && d.B != nil && *d.A == *d.B }

// Compare puts the parts of two commands side by side, in their order: those with the same name
// and, if possible, the same value beside each other.
func Compare(a, b []Part) []Difference {
	score := scores(a, b)
	var rows []Difference
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i].Name == b[j].Name && score[i][j] == score[i+1][j+1]+likeness(a[i], b[j]):
			rows = append(rows, Difference{a[i].Name, &a[i].Value, &b[j].Value})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && score[i][j] == score[i+1][j]:
			rows = append(rows, Difference{a[i].Name, &a[i].Value, nil})
			i++
		default:
			rows = append(rows, Difference{b[j].Name, nil, &b[j].Value})
			j++
		}
	}
	return rows
}

// likeness returns a score for two parts side by side, the higher the more alike they are.
func likeness(a, b Part) int {
	switch {
	case a.Name != b.Name:
		return 0
	case a.Value != b.Value:
		return 1
	}
	return 2
}

// scores returns, for each pair of positions, the best score of the parts from there on.
func scores(a, b []Part) [][]int {
	score := make([][]int, len(a)+1)
	for i := range score {
		score[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			score[i][j] = max(score[i+1][j], score[i][j+1])
			if n := likeness(a[i], b[j]); n > 0 {
				score[i][j] = max(score[i][j], score[i+1][j+1]+n)
			}
		}
	}
	return score
}
