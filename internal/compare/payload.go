package compare

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/body"
)

// leavesOut reports whether a header of a body of the content type is not compared.
func (l *list) leavesOut(contentType, header string) bool {
	if l.options.Ignores(header) {
		return true
	}
	return volatileHeader(contentType, header)
}

// payload compares two payloads: first their bytes, then, to name the difference, their headers and
// data.
func (l *list) payload(want, got []byte) {
	if bytes.Equal(want, got) || l.options.Ignores(FieldPayload) {
		return
	}
	w, g := body.Parse(want), body.Parse(got)
	if bytes.Equal(l.strip(want, &w), l.strip(got, &g)) {
		return
	}
	before := len(l.found)
	for _, name := range headerNames(&w, &g) {
		if !l.leavesOut(w.Type, name) {
			want, got := values(&w, name), values(&g, name)
			if secret(w.Type, name) && want != got {
				want, got = masked(want, got)
			}
			l.add(name, want, got)
		}
	}
	l.add(FieldPayload, string(w.Data), string(g.Data))
	if len(l.found) == before { // equal but for bytes such as line ends
		l.add(FieldPayload, string(want), string(got))
	}
}

// secret reports whether a header of a body of the content type is a credential.
func secret(contentType, header string) bool {
	for _, t := range body.Types() {
		if t.Type != contentType && !slices.Contains(t.Also, contentType) {
			continue
		}
		for _, f := range t.Fields {
			if f.Kind == body.KindSecret && strings.EqualFold(f.Name, header) {
				return true
			}
		}
	}
	return false
}

// strip returns the payload without the headers that the options ignore, and without the values of
// volatile headers, which both sides must still have.
func (l *list) strip(payload []byte, b *body.Body) []byte {
	head := len(payload) - len(b.Data)
	var out []byte
	for i := 0; i < head; {
		end := bytes.IndexByte(payload[i:head], '\n') + 1
		if end == 0 {
			end = head - i
		}
		line := payload[i : i+end]
		if name, _, ok := bytes.Cut(line, []byte{':'}); ok && l.leavesOut(b.Type, string(name)) {
			line = name
			if l.options.Ignores(string(name)) {
				line = nil
			}
		}
		out = append(out, line...)
		i += end
	}
	return append(out, b.Data...)
}

// headerNames returns the header names of the bodies, each once, in the order in which they first
// appear.
func headerNames(bodies ...*body.Body) []string {
	var names []string
	for _, b := range bodies {
		for _, h := range b.Headers {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, h.Name) }) {
				names = append(names, h.Name)
			}
		}
	}
	return names
}

// values returns the values of all headers with that name.
func values(b *body.Body, name string) string {
	var all []string
	for _, h := range b.Headers {
		if strings.EqualFold(h.Name, name) {
			all = append(all, h.Value)
		}
	}
	return strings.Join(all, ", ")
}
