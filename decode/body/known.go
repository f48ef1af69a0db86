package body

import "slices"

// Known reports whether a content type, in lower case and without parameters, is in the table.
func Known(contentType string) bool { return find(contentType) != nil }

// Discloses returns the names of the fields of the body that hold a secret or the address of a
// computer, each once. The caller owns the slice.
func (b *Body) Discloses() []string {
	t := find(b.Type)
	if t == nil {
		t = &table[0]
	}
	var all []string
	fields, _ := b.fields()
	for _, h := range slices.Concat(b.Headers, fields) {
		f := t.field(h.Name)
		if f == nil {
			f = table[0].field(h.Name)
		}
		if f == nil || h.Value == "" || slices.Contains(all, h.Name) {
			continue
		}
		if f.Kind == KindSecret || f.Kind == KindAddress {
			all = append(all, h.Name)
		}
	}
	return all
}
