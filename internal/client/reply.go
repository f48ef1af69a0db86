package client

import (
	"bytes"

	"github.com/msnscope/msnscope/decode"
)

// info returns the arguments of an error, unescaped.
func info(m *decode.Message) string {
	var words [][]byte
	for i := range m.NumArgs() {
		words = append(words, m.Arg(i))
	}
	return decode.Unescape(string(bytes.Join(words, []byte(" "))))
}

func arg(m *decode.Message, i int) string  { return string(m.Arg(i)) }
func text(m *decode.Message, i int) string { return decode.Unescape(string(m.Arg(i))) }
