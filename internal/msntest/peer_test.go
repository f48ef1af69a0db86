package msntest

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/memnet"
)

// TestPeer plays both ends of a connection: what comes as expected passes, anything else ends the
// test with what came and what was wanted.
func TestPeer(t *testing.T) {
	for _, tc := range []struct {
		name, sent string
		play       func(p *Peer)
		wrong      string // how the test ends, "" for a pass
	}{
		{"want", "VER 0 MSNP2\r\n", func(p *Peer) { p.Want("VER 0 MSNP2\r\n") }, ""},
		{"want another", "VER 0 CVR0\r\n", func(p *Peer) { p.Want("VER 0 MSNP2\r\n") }, "after 6 bytes as expected"},
		{"want more", "VER", func(p *Peer) { p.Want("VER 0\r\n") }, "EOF"},
		{"want nothing like it", "x", func(p *Peer) { p.Want("VER") }, `got "x"`},
		{"hear", "XFR 2 NS 10.0.0.5\r\n", func(p *Peer) {
			if m := p.Hear(`XFR 2 NS (\S+)`); !slices.Equal(m, []string{"10.0.0.5"}) {
				p.T.Errorf("heard %q", m)
			}
		}, ""},
		{"hear a part", "XFR 2 NS 10.0.0.5 0\r\n", func(p *Peer) { p.Hear(`XFR 2 NS (\S+)`) }, "heard"},
		{"hear half a line", "XFR", func(p *Peer) { p.Hear("XFR") }, "waiting for XFR"},
		{"ask", "NLN NLN a\r\nCHG 3 NLN\r\n", func(p *Peer) {
			if w := p.Must("", "CHG 3"); len(w) != 3 || !slices.Equal(p.Passed, []string{"NLN NLN a"}) {
				p.T.Errorf("%q after %q", w, p.Passed)
			}
		}, ""},
		{"ask in vain", "CHG 4 NLN\r\n", func(p *Peer) { p.Must("", "CHG 3") }, "waiting for CHG 3"},
		{"silence", "", func(p *Peer) { p.WantSilence(time.Second) }, ""},
		{"no silence", "OUT\r\n", func(p *Peer) { p.WantSilence(time.Second) }, `got "OUT`},
		{"end", "", func(p *Peer) { p.WantEnd() }, ""},
		{"no end", "OUT\r\n", func(p *Peer) { p.WantEnd() }, "want the end"},
		{"rest", "OUT\r\n", func(p *Peer) {
			if rest := p.Rest(); rest != "OUT\r\n" {
				p.T.Errorf("rest %q", rest)
			}
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := memnet.Pipe(nil, nil)
				defer here.Close()
				defer there.Close()
				verdict, text := judge(func(tb testing.TB) {
					p := NewPeer(tb, here)
					p.Patience = time.Minute
					other := NewPeer(tb, there)
					if tc.sent != "" {
						other.Send(tc.sent)
					}
					if !strings.HasSuffix(tc.name, "silence") {
						other.HangUp()
					}
					tc.play(p)
				})
				if (verdict != "") != (tc.wrong != "") || !strings.Contains(text, tc.wrong) {
					t.Errorf("%s %q, want %q", verdict, text, tc.wrong)
				}
			})
		})
	}
}

// TestPeerHasPatience: a call that waits for what does not come ends after Patience, and the next
// one has as much again; without Patience silence costs nothing afterwards.
func TestPeerHasPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := memnet.Pipe(nil, nil)
		defer here.Close()
		defer there.Close()
		p := NewPeer(t, here)
		p.WantSilence(time.Second)
		time.AfterFunc(time.Hour, func() { _, _ = io.WriteString(there, "OUT\r\n") })
		p.Want("OUT\r\n")
		p.Patience = time.Minute
		for range 2 {
			begin := time.Now()
			if line, err := p.Line(); err == nil || time.Since(begin) != time.Minute {
				t.Errorf("%q after %v (%v), want nothing for a minute", line, time.Since(begin), err)
			}
		}
	})
}
