package decode

import (
	"bytes"
	"fmt"
)

// Waits says in words what the Reader lacks to complete the command at hand, such as "MSG 4 waits
// for 12 more bytes", and returns "" if nothing has begun. It describes what the latest call of
// Next found, and holds nothing that a user wrote.
func (r *Reader) Waits() string {
	pending := r.Pending()
	switch {
	case r.blocks && r.rest == 0 && len(pending) > 0:
		return "a block of the file waits for its end"
	case r.blocks:
		return ""
	case r.rest > 0:
		return fmt.Sprintf("a long payload waits for %d more bytes", r.rest-uint64(len(pending)))
	case r.need > len(pending):
		line, _, _ := bytes.Cut(pending, []byte{'\n'})
		m := Parse(line, r.Dir, r.Grammar)
		name := m.Verb.String()
		if m.HasTrID {
			name += " " + string(m.TrIDText())
		}
		return fmt.Sprintf("%s waits for %d more bytes", name, r.need-len(pending))
	case len(pending) > 0:
		return fmt.Sprintf("a line of %d bytes so far waits for its end", len(pending))
	}
	return ""
}
