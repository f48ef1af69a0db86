package compare

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/body"
)

// volatileHeaders are the headers, by content type, that say when or where something was sent and so are never the same twice.
var volatileHeaders = []struct{ contentType, header string }{
	{"text/x-msmsgsprofile", "LoginTime"}, // the server's clock
}

// leavesOut reports whether a header of a body of that type makes no difference.
func (l *list) leavesOut(contentType, header string) bool {
	if l.options.ignores(header) {
		return true
	}
	for _, v := range volatileHeaders {
		if v.contentType == contentType && strings.EqualFold(v.header, header) {
			return true
		}
	}
	return false
}

// payload compares two payloads: their bytes, then, to say where they differ, their headers and data.
func (l *list) payload(want, got []byte) {
	if bytes.Equal(want, got) || l.options.ignores(FieldPayload) {
		return
	}
	w, g := body.Parse(want), body.Parse(got)
	if bytes.Equal(l.strip(want, &w), l.strip(got, &g)) {
		return
	}
	before := len(l.found)
	for _, name := range headerNames(&w, &g) {
		if !l.leavesOut(w.Type, name) {
			l.add(name, values(&w, name), values(&g, name))
		}
	}
	l.add(FieldPayload, string(w.Data), string(g.Data))
	if len(l.found) == before { // the same in other bytes, such as another line end
		l.add(FieldPayload, string(want), string(got))
	}
}

// strip returns the payload without the headers that the options leave out, and without the values of those that make no
// difference: these must be there on both sides still.
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
			if l.options.ignores(string(name)) {
				line = nil
			}
		}
		out = append(out, line...)
		i += end
	}
	return append(out, b.Data...)
}

// headerNames returns the names of the headers of both, each once, in the order in which they stand.
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
