package redact

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
)

// kept lists the headers that tell how to read a body and reveal nothing about its author.
var kept = []string{"mime-version", "chunk", "chunks"}

// maxKept is the greatest length in bytes of a value that stays: no program or content type has a
// longer name.
const maxKept = 200

// learnBody collects the handles in a body.
func (r *Redactor) learnBody(p []byte) {
	b := body.Parse(p)
	if isXML(&b) {
		r.values.learnMarkup(string(b.Data))
	}
	for _, h := range slices.Concat(b.Headers, b.Fields()) {
		if f, ok := r.field(b.Type, h.Name); ok && f.Kind == body.KindHandle {
			handle, _, _ := strings.Cut(h.Value, ";")
			r.values.learn(handle)
		} else if ok && f.Kind == body.KindMailData {
			r.values.learnMarkup(h.Value)
		}
	}
}

// isXML reports whether the data may be XML that a program wrote. What a person wrote never is.
func isXML(b *body.Body) bool {
	return (b.Headers == nil || strings.Contains(b.Type, "xml")) && isMarkup(string(b.Data))
}

// field returns the description of a field of a content type, false for an unknown field.
func (r *Redactor) field(contentType, name string) (body.FieldInfo, bool) {
	name = strings.ToLower(name)
	if f, ok := r.types[contentType][name]; ok {
		return f, true
	}
	f, ok := r.types[""][name]
	return f, ok
}

// body returns a payload with stand-ins. Header lines keep their order, their names and their line
// ends.
func (r *Redactor) body(p []byte) []byte {
	b := body.Parse(p)
	head := p[:len(p)-len(b.Data)]
	out := r.lines(nil, head, b.Type, false)
	switch {
	case len(bytes.TrimSpace(b.Data)) == 0:
		return append(out, b.Data...)
	case b.Headers == nil && hexWord().Match(b.Data):
		return append(out, r.values.shape(string(b.Data))...) // a digest
	case isXML(&b):
		if stand, ok := r.values.markup(string(b.Data)); ok {
			return append(out, stand...)
		}
	case b.Fields() != nil:
		return r.lines(out, b.Data, b.Type, true)
	case b.Type == "application/x-msnmsgrp2p":
		return append(out, blank(&b)...)
	}
	return append(out, r.values.text(string(b.Data))...)
}

// lines appends lines of the form `Name: value` with stand-ins for the values. If data is true,
// what follows the fields is text and gets a stand-in too.
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
	switch strings.ToLower(name) {
	case "content-type":
		return v.contentType(value)
	case "x-mms-im-format":
		return v.style(value)
	case "message-id":
		return v.shape(value)
	}
	switch {
	case slices.Contains(kept, strings.ToLower(name)) && len(value) <= maxKept &&
		!strings.Contains(value, "@"), known && slices.ContainsFunc(f.Values, constant):
		return value
	case !known:
		return v.text(value)
	}
	switch f.Kind {
	case body.KindHandle:
		handle, endpoint, _ := strings.Cut(value, ";")
		return v.handle(handle) + strings.TrimSuffix(";"+v.shape(endpoint), ";")
	case body.KindAddress:
		return v.endpoint(value)
	case body.KindReversed:
		return reversed(v.endpoint(reversed(value)))
	case body.KindEncoded:
		if text, err := base64.StdEncoding.DecodeString(value); err == nil {
			return base64.StdEncoding.EncodeToString([]byte(v.endpoint(string(text))))
		}
	case body.KindMailData:
		if stand, ok := v.markup(value); ok {
			return stand
		}
	case body.KindURL:
		return v.link(value)
	case body.KindSecret, body.KindGUID, body.KindObject:
		return v.shape(value)
	case body.KindEscaped:
		return v.friendly(value)
	case body.KindNumber:
		if contentType == "text/x-msmsgsprofile" || !number(value) {
			return v.shape(value) // the numbers of accounts are personal
		}
		return value
	case body.KindBool, body.KindSize, body.KindTime, body.KindPort, body.KindSwappedPort, body.KindLocale,
		body.KindStyle, body.KindFlags:
		if len(value) <= 32 {
			return value
		}
	}
	return v.text(value)
}

// contentType returns a content type with stand-ins for its parameters, such as the name of a file.
// The charset stays.
func (v *values) contentType(value string) string {
	typ, params, _ := strings.Cut(value, ";")
	if len(typ) > maxKept || strings.Contains(typ, "@") {
		return v.text(value)
	}
	for _, p := range strings.Split(params, ";") {
		switch name, word, found := strings.Cut(p, "="); {
		case strings.EqualFold(strings.TrimSpace(name), "charset") && len(word) <= maxKept:
			typ += ";" + p
		case found:
			typ += ";" + name + "=" + v.text(word)
		case p != "":
			typ += ";" + v.text(p)
		}
	}
	return typ
}

// style returns the style of a text with a stand-in for its font.
func (v *values) style(value string) string {
	parts := strings.Split(value, ";")
	for i, p := range parts {
		name, word, _ := strings.Cut(p, "=")
		switch strings.ToUpper(strings.TrimSpace(name)) {
		case "EF", "CO", "CS", "PF", "RL":
			if len(word) <= len("ffffffff") {
				continue
			}
		case "FN":
			parts[i] = name + "=" + decode.Escape(v.text(word))
			continue
		}
		parts[i] = v.text(p)
	}
	return strings.Join(parts, ";")
}

// blank returns the data that two clients exchange with all bytes zero between its headers and its
// footer.
func blank(b *body.Body) []byte {
	out := make([]byte, len(b.Data))
	before, behind := b.Frame()
	copy(out, b.Data[:before])
	copy(out[len(out)-behind:], b.Data[len(out)-behind:])
	return out
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
