package script

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// BenchmarkCommand measures a call of the hook command: one that does nothing, and one that edits.
func BenchmarkCommand(b *testing.B) {
	for name, src := range map[string]string{
		"pass": "def command(c):\n    pass",
		"edit": "def command(c):\n    c.args.State = \"AWY\" if c.args.State == \"BSY\" else \"BSY\"",
	} {
		b.Run(name, func(b *testing.B) {
			r := load(b, src)
			e := event(decode.FromClient, dialect.NS, "CHG 5 NLN\r\n")
			b.ReportAllocs()
			for b.Loop() {
				r.Command(e, e.In.Raw, testConn{})
			}
		})
	}
}
