package body

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Caps of what Describe returns: above all real bodies, and such that a payload of 1 MB makes no screen slow. What a body
// really holds is in its Headers and its Data.
const (
	maxFields = 256  // two header blocks at their cap, and what can be said of their values
	maxName   = 128  // bytes of a name
	maxValue  = 4096 // bytes of a value before it is converted
)

// Field is one field of a body, for people and for programs. Name and Value are valid UTF-8, but not fit for a terminal: they
// may hold control characters.
type Field struct {
	// Name is the name on the wire. What was worked out from a field comes behind it, under its name, a dot and the part:
	// ClientPort, then ClientPort.port. Names may repeat.
	Name string
	// Value is the value as it was on the wire, made valid UTF-8; "…" at its end where it was cut at 4 KB.
	Value string
	// Meaning is what the field is for and, after a colon, what this value means; "" where nobody knows.
	Meaning string
	// Secret says that the value must not be shown unless somebody asks for it: see [Field.Shown].
	Secret bool
}

// Shown returns the value as a screen may show it: of a secret, that it is hidden.
func (f *Field) Shown() string {
	if !f.Secret || f.Value == "" {
		return f.Value
	}
	return "••• (hidden: " + f.Meaning + ")"
}

// Describe returns the fields of the body in the order of the wire: the headers, then the fields in the data, or one field
// Data with the number of bytes. Text for people is not among them: it is [Body.Text], where [Body.Readable] says so. At most
// 256 fields are described.
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

// Readable reports whether the data is text for people, and nothing that Describe has taken apart or must hide.
func (b *Body) Readable() bool {
	t := find(b.Type)
	return (t == nil || t.data == nil) && b.isText() && !b.holdsSecret() && b.Fields() == nil
}

// isText reports whether the type is one of text, or none, and no NUL inside the data says otherwise.
func (b *Body) isText() bool {
	return b.Type == "text/plain" || (b.Type == "" || strings.HasPrefix(b.Type, "text/")) && bytes.IndexByte(bytes.TrimRight(b.Data, "\x00"), 0) < 0
}

// holdsSecret reports whether a line of the data is a field with a secret, as in a profile that is too broken to have headers.
// What a person wrote is not looked at.
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

// items takes the data apart as the row of its type says.
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

// describer collects fields.
type describer struct {
	types   []*row // whose fields are known here, the nearest first
	charset string
	fields  []Field
}

// add explains an item and what can be worked out from it.
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

// clip cuts s to its cap and makes it UTF-8.
func (d *describer) clip(s string, limit int) string {
	cut := s[:cutAt(s, limit)]
	text := toText(cut, d.charset)
	if len(cut) < len(s) {
		text += "…"
	}
	return text
}

// cutAt returns where to cut s so that at most limit bytes stay and no rune is cut in two.
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

// grouped puts commas into a decimal number from five digits on.
func grouped(digits string) string {
	if len(digits) < 5 {
		return digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
