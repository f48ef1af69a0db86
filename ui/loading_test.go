package ui

import (
	"testing"
)

// TestLoadingIsSaid shows how far the reading of a file is, then what went wrong with it.
func TestLoadingIsSaid(t *testing.T) {
	text, busy := "reading 40 %", true
	o := talk()
	o.Loading = func() (string, bool) { return text, busy }
	b := open(t, 120, 30, o)
	b.shows("reading 40 %")
	text, busy = "a.pcap: the file ends in mid-packet", false
	b.press("Down")
	b.shows("the file ends in mid-packet")
	b.hides("reading")
	text = ""
	b.press("Down")
	b.hides("mid-packet")
}
