package ui

import (
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// TestSegmentMarks: the bytes of a command that came in several TCP segments have a mark wherever
// one ended, also at the beginning of a line; in ASCII too.
func TestSegmentMarks(t *testing.T) {
	s := newScript()
	c := s.open("127.0.0.1:1", "64.4.13.58:1863", dialect.NS)
	e := s.c(c, "CHG 12 NLN with more words\r\n")
	e.Packets, e.Cuts = session.Packets{First: 3, Last: 6}, []int{2, 8, 16, 27}
	for ascii, want := range map[string][]string{
		"":  {"packets 3 to 6, ┊ between them", "0000  43 48┊47 20 31 32 20 4e ┊4c 4e", "0010 ┊6d 6f", "0d┊0a"},
		"1": {"packets 3 to 6, | between them", "0000  43 48|47 20 31 32 20 4e |4c 4e", "0010 |6d 6f", "0d|0a"},
	} {
		b := open(t, 250, 70, Options{Log: s.log, Getenv: func(name string) string {
			if name == "MSNSCOPE_ASCII" {
				return ascii
			}
			return ""
		}})
		b.press("G")
		b.shows(want...)
	}
}
