package body

import (
	"slices"
	"strings"
	"sync"
)

// TypeInfo is what is known of a content type.
type TypeInfo struct {
	// Type is the content type in lower case; "" for what any body may carry, whatever its type.
	Type string
	// Also are other spellings of the same.
	Also []string
	// Name is a word or two for lists; Means is a line on what it is for.
	Name, Means string
	// From says who sends it: [FromServer], [FromPeer] or [FromEither].
	From string
	// Since and Until are the first and the last dialect that have it, such as "MSNP9"; Until is "" where it never went.
	Since, Until string
	// Fields are the fields of its own, in the order in which they usually come.
	Fields []FieldInfo
}

// Who sends a body.
const (
	FromServer = "server" // the notification server, as system user
	FromPeer   = "peer"   // the client at the other end of a conversation
	FromEither = "either"
)

// Place says where in a body a field stands.
type Place string

// The places.
const (
	InHeader Place = "header" // a header line
	InData   Place = "data"   // a line of the data in the form of a header
	InBinary Place = "binary" // data in a form of its own
)

// FieldInfo is what is known of a field.
type FieldInfo struct {
	Name string
	In   Place
	Kind Kind
	// Means says what the field is for.
	Means string
	// Since is the first dialect that has it, "" where that is the type's own.
	Since string
	// Values are values with a meaning of their own; of a field of [KindFlags], its bits.
	Values []Value
}

// Value is a value that has a meaning of its own.
type Value struct{ Value, Means string }

// row is a type with what it takes to read it.
type row struct {
	TypeInfo
	// title says what a body is; nil where the name says all. It gets what data returned.
	title func(t *TypeInfo, b *Body, items []item) string
	// data reads data that is not lines in the form of headers; nil where it is.
	data func(b *Body) []item
}

// item is a field before its value is explained.
type item struct {
	name, value string
	note        string // what is to be said of this value
}

// Types returns the content types that are known, the one for any body first. The slice and all in it are the caller's.
func Types() []TypeInfo {
	types := make([]TypeInfo, len(table))
	for i := range table {
		t := table[i].TypeInfo
		t.Also = slices.Clone(t.Also)
		t.Fields = slices.Clone(t.Fields)
		for j := range t.Fields {
			t.Fields[j].Values = slices.Clone(t.Fields[j].Values)
		}
		types[i] = t
	}
	return types
}

// find returns the row of a content type, nil where nobody knows it.
func find(contentType string) *row {
	for i := range table {
		if t := &table[i]; t.Type == contentType || slices.Contains(t.Also, contentType) {
			return t
		}
	}
	return nil
}

// field returns what is known of a field, nil where nothing is.
func (t *TypeInfo) field(name string) *FieldInfo {
	for i := range t.Fields {
		if strings.EqualFold(t.Fields[i].Name, name) {
			return &t.Fields[i]
		}
	}
	return nil
}

// meaning returns what a value of a field means, "" where the table does not say.
func (t *TypeInfo) meaning(name, value string) string {
	if f := t.field(name); f != nil {
		return f.meaning(value)
	}
	return ""
}

func (f *FieldInfo) meaning(value string) string {
	for _, v := range f.Values {
		if strings.EqualFold(v.Value, value) {
			return v.Means
		}
	}
	return ""
}

// secrets are the fields that hold a secret in a body of any type, by their names in lower case.
var secrets = sync.OnceValue(func() map[string]*FieldInfo {
	found := map[string]*FieldInfo{}
	for i := range table {
		for j := range table[i].Fields {
			if f := &table[i].Fields[j]; f.Kind == KindSecret {
				found[strings.ToLower(strings.TrimPrefix(f.Name, "SLP."))] = f
			}
		}
	}
	return found
})
