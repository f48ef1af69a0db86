package body

import "github.com/msnscope/msnscope/decode"

// Of returns the body of a command. The content of a file that is transferred has no headers,
// whatever it looks like: all of it is data.
func Of(m *decode.Message) Body {
	if m.Block() {
		return Body{Data: m.Payload()}
	}
	return Parse(m.Payload())
}
