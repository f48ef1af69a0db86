package body

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what Describe returns: above all real bodies, and low enough that a payload of 1 MB
// does not slow down a screen. Headers and Data hold all that the body really contains.
const (
	maxFields = 256  // two header blocks at their limit, and the parts of their values
	maxName   = 128  // bytes of a name
	maxValue  = 4096 // bytes of a value before it is converted
)

// Field is one field of a body, for people and for programs. Name and Value are valid UTF-8, but
// may contain control characters and must be sanitized for a terminal.
type Field struct {
	// Name is the name on the wire. A value derived from a field is a field of its own after it,
	// whose name has a dot and a suffix: ClientPort, then ClientPort.port. Names may repeat.
	Name string
	// Value is the value as it was on the wire, converted to valid UTF-8; it ends in "…" if it was
	// cut at 4 KB.
	Value string
	// Meaning is the purpose of the field and, after a colon, the meaning of this value; "" if
	// unknown.
	Meaning string
	// Secret reports whether the value must be hidden unless somebody asks for it: see
	// [Field.Shown].
	Secret bool
}

// Shown returns the value for display; in place of a secret it returns a note that it is hidden.
func (f *Field) Shown() string {
	if !f.Secret || f.Value == "" {
		return f.Value
	}
	return "••• (hidden: " + f.Meaning + ")"
}

// Describe returns the fields of the body in the order of the wire: the headers, then the fields in
// the data, or one field Data with the number of bytes. Human-readable text is not among them: it
// is [Body.Text], if [Body.Readable] is true. Describe returns at most 256 fields.
func (b *Body) Describe() []Field {
	t := find(b.Type)
	d := describer{types: []*row{&table[0]}, charset: b.Charset, fields: make([]Field, 0, len(b.Headers)+8)}
	if t != nil && t != &table[0] {
		d.types = []*row{t, &table[0]}
	}
	for _, h := range b.Headers {
		d.add(item{name: h.Name, value: h.Value})
	}
	for _, it := range b.items(t) {
		d.add(it)
	}
	return d.fields
}

// Readable reports whether the data is human-readable text, as opposed to data that Describe takes
// apart or must hide.
func (b *Body) Readable() bool {
	t := find(b.Type)
	return (t == nil || t.data == nil) && b.isText() && !b.holdsSecret() && b.Fields() == nil
}

// isText reports whether the type is a text type or missing. Data with a NUL before its end counts
// as text only if the type is text/plain.
func (b *Body) isText() bool {
	return b.Type == "text/plain" || (b.Type == "" || strings.HasPrefix(b.Type, "text/")) &&
		bytes.IndexByte(bytes.TrimRight(b.Data, "\x00"), 0) < 0
}

// holdsSecret reports whether a line of the data is a field with a secret, as in a profile that is
// too damaged to have headers. It ignores text that a person wrote.
func (b *Body) holdsSecret() bool {
	if b.Type == "text/plain" {
		return false
	}
	for rest := b.Data; len(rest) > 0; rest = rest[lineEnd(rest):] {
		line := bytes.TrimLeft(rest[:min(lineEnd(rest), maxName)], " \t")
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && secrets()[strings.ToLower(string(name))] != nil {
			return true
		}
	}
	return false
}

// items returns the fields of the data, read as the row of its type says.
func (b *Body) items(t *row) []item {
	if t != nil && t.data != nil {
		return t.data(b)
	}
	fields, rest := b.fields()
	items := make([]item, 0, len(fields)+1)
	for _, f := range fields {
		items = append(items, item{name: f.Name, value: f.Value})
	}
	rest = bytes.Trim(rest, "\r\n")
	switch {
	case len(rest) == 0:
	case len(fields) > 0:
		items = append(items, item{name: "Data", value: size(len(rest)), note: "behind the fields"})
	case b.holdsSecret():
		items = append(items, item{name: "Data", value: size(len(rest)), note: "not shown: it holds a secret"})
	case !b.isText():
		items = append(items, item{name: "Data", value: size(len(rest))})
	}
	return items
}

// describer collects the fields for Describe.
type describer struct {
	types   []*row // the types whose fields may occur, the most specific first
	charset string
	fields  []Field
}

// add adds an item with its meaning, and the fields derived from its value.
func (d *describer) add(it item) {
	info := d.info(it.name)
	if info == nil {
		d.append(it.name, it.value, it.note, nil)
		return
	}
	note := it.note
	if note == "" {
		note = info.note(it.value)
	}
	d.append(it.name, it.value, note, info)
	for _, p := range info.Kind.parts(it.value) {
		d.append(it.name+"."+p.name, p.value, p.note, nil)
	}
}

func (d *describer) info(name string) *FieldInfo {
	for _, t := range d.types {
		if f := t.field(name); f != nil {
			return f
		}
	}
	return secrets()[strings.ToLower(name)]
}

func (d *describer) append(name, value, note string, info *FieldInfo) {
	if len(d.fields) == maxFields {
		return
	}
	f := Field{Name: d.clip(name, maxName), Value: d.clip(value, maxValue), Meaning: note}
	if info != nil {
		f.Secret = info.Kind == KindSecret
		f.Meaning = info.Means
		if note != "" {
			f.Meaning += ": " + note
		}
	}
	d.fields = append(d.fields, f)
}

// clip cuts s to limit bytes and converts it to UTF-8.
func (d *describer) clip(s string, limit int) string {
	cut := s[:cutAt(s, limit)]
	text := toText(cut, d.charset)
	if len(cut) < len(s) {
		text += "…"
	}
	return text
}

// cutAt returns the offset at which to cut s so that at most limit bytes remain and no rune is
// split.
func cutAt[T string | []byte](s T, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	for n := limit; n > max(0, limit-utf8.UTFMax); n-- {
		if utf8.RuneStart(s[n]) {
			return n
		}
	}
	return limit
}

// size returns a number of bytes in words.
func size(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%s bytes", grouped(strconv.Itoa(n)))
}

// grouped inserts commas into a decimal number of five digits or more.
func grouped(digits string) string {
	if len(digits) < 5 {
		return digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
