package replay

import (
	"maps"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxUsers bounds Users: more accounts than one staged server needs to answer as in any recording of a person.
const maxUsers = 10_000

// nobody are the errors that a server may answer because there is no such user (§7.11).
var nobody = []int{201, 205, 206, 208, 217}

// Users returns the handles that the recorded server knew, each once, in lower case and sorted: those that it named, and those
// in requests that it answered otherwise than for naming nobody. A server on which the plan is to go as recorded needs accounts for them. It reads
// the whole log.
func (p *Plan) Users() []string {
	known := map[string]bool{}
	asked := map[uint64][]string{}
	for i := range p.log.Len() {
		e := p.log.At(i)
		switch {
		case fromClient(e):
			if handles := handlesIn(e); handles != nil && len(asked) < maxUsers {
				asked[e.N] = handles
			}
		case fromServer(e):
			handles := handlesIn(e)
			if !slices.Contains(nobody, e.In.Verb.Code()) {
				handles = append(handles, asked[e.ReplyTo]...)
			}
			delete(asked, e.ReplyTo)
			for _, h := range handles {
				if len(known) < maxUsers {
					known[strings.ToLower(h)] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(known))
}

// handlesIn returns the handles in the arguments of a command, as it was received.
func handlesIn(e *session.Event) []string {
	if e.Row == nil {
		return nil
	}
	var handles []string
	for i := range e.In.NumArgs() {
		a, ok := e.Row.Arg(i)
		if !ok || a.Kind != dialect.Handle {
			continue
		}
		if h := string(a.Value(e.In.Arg(i))); strings.Contains(h, "@") {
			handles = append(handles, h)
		}
	}
	return handles
}
