package recording

import (
	"slices"
	"strings"
)

// The comments on the last frame of a connection that ends there without a record, since it did not
// end at that time.
const (
	endsHere = "the recording ends here"
	goesOn   = "the recording goes on in another file"
)

// Remarks returns the comments that people wrote on a packet, from whose comments the record was
// parsed: all but the record and the explanation that the Writer put before it. comments is not
// changed.
func (r *Record) Remarks(comments []string) []string {
	start := slices.IndexFunc(comments, func(c string) bool { return strings.HasPrefix(c, recordStart) })
	if start < 0 {
		return slices.DeleteFunc(slices.Clone(comments), func(c string) bool { return c == endsHere || c == goesOn })
	}
	end := start + 1
	for end < len(comments) && strings.HasPrefix(comments[end], recordMore) {
		end++
	}
	if start > 0 && r.explained(comments[start-1]) {
		start--
	}
	return slices.Concat(comments[:start], comments[end:])
}

// explained reports whether the Writer put an explanation before the record, where text stands.
func (r *Record) explained(text string) bool {
	switch r.What {
	case "frame", "more":
		return false
	case "last":
		return text == endsHere || text == goesOn
	}
	return r.What != "command" || r.Event.Flags != 0 || r.in != nil || r.out != nil
}
