package body

import (
	"slices"
	"strings"
	"sync"
)

// TypeInfo describes a content type.
type TypeInfo struct {
	// Type is the content type in lower case; "" for the fields that any body may have.
	Type string
	// Also lists other names of the same type.
	Also []string
	// Name is a name of one or two words, for lists; Means describes the purpose in one line.
	Name, Means string
	// From is the sender: [FromServer], [FromPeer] or [FromEither].
	From string
	// Since and Until are the first and the last dialect that has the type, such as "MSNP9"; Until
	// is "" if it was never dropped.
	Since, Until string
	// Fields lists the fields of this type, in their usual order.
	Fields []FieldInfo
}

// The senders of a body.
const (
	FromServer = "server" // the notification server, as a system user
	FromPeer   = "peer"   // the other client in a conversation
	FromEither = "either"
)

// Region is the part of a body in which a field stands.
type Region string

// The regions of a body.
const (
	InHeader Region = "header" // a header line
	InData   Region = "data"   // a line of the data in the form of a header
	InBinary Region = "binary" // data in another form
)

// FieldInfo describes a field.
type FieldInfo struct {
	Name string
	In   Region
	Kind Kind
	// Means describes the purpose of the field.
	Means string
	// Since is the first dialect that has the field, "" if that is the first one of the type.
	Since string
	// Refers reports whether the field refers the client to a server, by a session and an address
	// separated by a semicolon. Clients follow it only in a body that the server sends in its own
	// name.
	Refers bool
	// Values lists the values that have special meanings; for a field of [KindFlags], its bits.
	Values []Value
}

// Value is a value with a special meaning.
type Value struct{ Value, Means string }

// row is a content type with the functions that interpret its data.
type row struct {
	TypeInfo
	// title returns the title of a body, given the items that data returned; nil if the name of the
	// type is enough.
	title func(t *TypeInfo, b *Body, items []item) string
	// data returns the fields of the data; nil if these are lines in the form of headers.
	data func(b *Body) []item
}

// item is a field before its value is explained.
type item struct {
	name, value string
	note        string // the meaning of this value, "" for that in the table
}

// Types returns the known content types, the entry for any body first. The caller owns the slice
// and everything in it.
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

// Referrals returns the names of the header fields that refer a client to a server. The caller owns
// the slice.
func Referrals() []string {
	var names []string
	for i := range table {
		for _, f := range table[i].Fields {
			if f.Refers {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// find returns the row of a content type, nil for an unknown one.
func find(contentType string) *row {
	for i := range table {
		if t := &table[i]; t.Type == contentType || slices.Contains(t.Also, contentType) {
			return t
		}
	}
	return nil
}

// field returns the description of a field, nil for an unknown one.
func (t *TypeInfo) field(name string) *FieldInfo {
	for i := range t.Fields {
		if strings.EqualFold(t.Fields[i].Name, name) {
			return &t.Fields[i]
		}
	}
	return nil
}

// meaning returns the meaning of a value of a field, "" if the table has none.
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

// secrets returns the fields that hold a secret in a body of any type, by their names in lower
// case.
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
