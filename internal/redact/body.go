package redact

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/body"
)

// kept are headers that say how to read a body, and nothing of who wrote it.
var kept = []string{"mime-version", "content-type", "chunk", "chunks", "user-agent", "x-mms-im-format", "message-id"}

// maxKept is how long a value is at most that stays: no program or content type has a longer name.
const maxKept = 200

// learnBody notes the handles in a body.
func (r *Redactor) learnBody(p []byte) {
	b := body.Parse(p)
	for _, h := range slices.Concat(b.Headers, b.Fields()) {
		if f, ok := r.field(b.Type, h.Name); ok && f.Kind == body.KindHandle {
			handle, _, _ := strings.Cut(h.Value, ";")
			r.values.learn(handle)
		}
	}
}

// field returns what is known of a field of a content type.
func (r *Redactor) field(contentType, name string) (body.FieldInfo, bool) {
	name = strings.ToLower(name)
	if f, ok := r.types[contentType][name]; ok {
		return f, true
	}
	f, ok := r.types[""][name]
	return f, ok
}

// body returns a payload with stand-ins. Header lines keep their order, their names and their ends.
func (r *Redactor) body(p []byte) []byte {
	b := body.Parse(p)
	head := p[:len(p)-len(b.Data)]
	out := r.lines(nil, head, b.Type, false)
	switch {
	case len(bytes.TrimSpace(b.Data)) == 0:
		return append(out, b.Data...)
	case b.Headers == nil && hexNumber.Match(b.Data):
		return append(out, r.values.shape(string(b.Data))...) // a digest
	case b.Fields() != nil:
		return r.lines(out, b.Data, b.Type, true)
	case b.Type == "application/x-msnmsgrp2p":
		return append(out, blank(b.Data)...)
	}
	return append(out, r.values.text(string(b.Data))...)
}

// lines appends lines of the form `Name: value` with stand-ins for the values. In data, what follows them is text.
func (r *Redactor) lines(out, lines []byte, contentType string, data bool) []byte {
	for len(lines) > 0 {
		line, end := lines, []byte(nil)
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, end = lines[:i], lines[i:i+1]
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line, end = lines[:n-1], lines[n-1:i+1]
			}
		}
		if len(line) == 0 && data {
			return append(out, r.rest(lines)...)
		}
		lines = lines[len(line)+len(end):]
		out = append(append(out, r.line(string(line), contentType)...), end...)
	}
	return out
}

// rest returns the stand-in of what follows the fields in the data.
func (r *Redactor) rest(p []byte) []byte {
	text := bytes.TrimLeft(p, "\r\n")
	return append(bytes.Clone(p[:len(p)-len(text)]), r.values.text(string(text))...)
}

func (r *Redactor) line(line, contentType string) string {
	name, rest, found := strings.Cut(line, ":")
	switch {
	case line == "":
		return ""
	case !found || name == "" || line[0] == ' ' || line[0] == '\t':
		return line[:len(line)-len(strings.TrimLeft(line, " \t"))] + r.values.text(strings.TrimLeft(line, " \t"))
	}
	value := strings.TrimLeft(rest, " \t")
	blanks := rest[:len(rest)-len(value)]
	return name + ":" + blanks + r.value(contentType, name, value)
}

// value returns the stand-in of a field's value.
func (r *Redactor) value(contentType, name, value string) string {
	v := &r.values
	f, known := r.field(contentType, name)
	constant := func(c body.Value) bool { return strings.EqualFold(c.Value, strings.TrimSpace(value)) }
	switch {
	case slices.Contains(kept, strings.ToLower(name)) && len(value) <= maxKept && !strings.Contains(value, "@"), known && slices.ContainsFunc(f.Values, constant):
		return value
	case !known:
		return v.text(value)
	}
	switch f.Kind {
	case body.KindHandle:
		handle, place, _ := strings.Cut(value, ";")
		return v.handle(handle) + strings.TrimSuffix(";"+v.shape(place), ";")
	case body.KindAddress:
		return v.endpoint(value)
	case body.KindReversed:
		return reversed(v.endpoint(reversed(value)))
	case body.KindEncoded:
		if text, err := base64.StdEncoding.DecodeString(value); err == nil {
			return base64.StdEncoding.EncodeToString([]byte(v.endpoint(string(text))))
		}
	case body.KindURL:
		return v.link(value)
	case body.KindSecret, body.KindGUID, body.KindObject:
		return v.shape(value)
	case body.KindEscaped:
		return v.friendly(value)
	case body.KindNumber:
		if contentType == "text/x-msmsgsprofile" || !number(value) {
			return v.shape(value) // of an account, every number is its own
		}
		return value
	case body.KindBool, body.KindSize, body.KindTime, body.KindPort, body.KindSwappedPort, body.KindLocale, body.KindStyle, body.KindFlags:
		if len(value) <= 32 {
			return value
		}
	}
	return v.text(value)
}

// p2pHeader is the size of the binary header before what two clients exchange, p2pFooter that of what follows it.
const p2pHeader, p2pFooter = 48, 4

// blank returns data of two clients with nothing in it but its header and footer. Headers of the later form are short and are
// not kept.
func blank(data []byte) []byte {
	out := make([]byte, len(data))
	if len(data) >= p2pHeader+p2pFooter && data[0] != 8 && data[0] != 20 && data[0] != 24 {
		copy(out, data[:p2pHeader])
		copy(out[len(out)-p2pFooter:], data[len(data)-p2pFooter:])
	}
	return out
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
