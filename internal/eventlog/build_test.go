package eventlog

import "github.com/msnscope/msnscope/decode/session"

// logOf returns a log of the events.
func logOf(t interface {
	Cleanup(func())
}, events []*session.Event,
) *Log {
	l := New(Options{})
	t.Cleanup(func() { l.Close() })
	for _, e := range events {
		l.Append(e)
	}
	return l
}
