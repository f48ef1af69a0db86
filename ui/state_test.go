package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
)

// stateAt shows the state after an event.
func (b *driven) stateAt(n string) {
	b.press(":", "goto "+n, "Enter")
	if b.tab != stateTab {
		b.press("F4")
	}
}

// told returns the whole text of the detail pane, including what is scrolled away.
func (b *driven) told() string {
	var text strings.Builder
	for i := range b.detail.len() {
		for _, s := range b.detail.src.Line(i) {
			text.WriteString(s.text)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// tells fails the test unless the detail pane has each text.
func (b *driven) tells(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.told(), text) {
			b.t.Errorf("the detail does not tell %q:\n%s", text, b.told())
		}
	}
}

func TestStateAsOfAnEvent(t *testing.T) {
	s := newScript()
	s.talk()
	ns := s.open("127.0.0.1:1", "64.4.13.58:1863", dialect.NS)
	s.c(ns, "USR 1 MD5 I dave@hotmail.com\r\n")
	s.s(ns, "USR 1 OK dave@hotmail.com Dave%20D\r\n")
	s.c(ns, "ADD 2 FL erin@hotmail.com Erin%20E\r\n")    // 41
	s.s(ns, "ADD 2 FL 77 erin@hotmail.com Erin%20E\r\n") // 42
	s.s(ns, "ILN 2 BRB erin@hotmail.com Erin%20E\r\n")   // 43
	s.s(ns, "GTC 3 78 N\r\n")                            // 44
	s.s(ns, "NLN PHN frank@hotmail.com Frank\r\n")       // 45
	s.close(ns)                                          // 46
	b := open(t, 100, 60, Options{Log: s.log})
	for _, c := range []struct {
		name, at   string
		show, hide []string
	}{
		{
			"before the lists", "17",
			[]string{"State as of #17", "friendly name  Alice L", "unknown: nobody told it", "NS#2", "MSNP2", "open"},
			[]string{"bob@"},
		},
		{
			"with the lists", "28",
			[]string{
				"Forward list FL  2", "AWY  bob@hotmail.com  Bob", "-    carol@hotmail.com  Carol é",
				"presence       NLN",
			},
			nil,
		},
		{"before ADD", "41", []string{"serial         unknown", "logged on      NS#4"}, []string{"erin@", "AWY"}},
		{
			"after ADD", "42",
			[]string{"serial         77", "-    erin@hotmail.com  Erin E", "1 seen; nobody told the whole list here"},
			nil,
		},
		{
			"with presence", "45",
			[]string{"BRB  erin@hotmail.com", "GTC            N", "Seen on no list  1", "PHN  frank@hotmail.com"},
			nil,
		},
		{
			"after the end", "46",
			[]string{"logged on      no", "presence       FLN", "state          closed", "-    erin@hotmail.com"},
			[]string{"BRB"},
		},
		{
			"before JOI", "33",
			[]string{
				"session        11752013", "Roster  1", "Invited  1", "called by #32, it rings",
				"led here by    #2",
			},
			nil,
		},
		{"after JOI", "34", []string{"Roster  2", "bob@hotmail.com  Bob", "Invited  0"}, nil},
		{"after BYE", "37", []string{"Roster  1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.stateAt(c.at)
			b.tells(c.show...)
			state := b.told()
			for _, text := range c.hide {
				if strings.Contains(state, text) {
					t.Errorf("the state shows %q:\n%s", text, state)
				}
			}
		})
	}
}

// TestStateOfListsInXML: from MSNP13 on the client tells the lists; one handle may be on two
// networks.
func TestStateOfListsInXML(t *testing.T) {
	s := newScript()
	ns := s.open("127.0.0.1:1", "64.4.13.58:1863", dialect.NS) // 1
	s.s(ns, "VER 1 MSNP15\r\n")                                // 2
	s.s(ns, "USR 2 OK dave@hotmail.com 1 0\r\n")               // 3
	xml := `<ml l="1"><d n="e.f"><c n="bob" l="3" t="1"/><c n="bob" l="1" t="32"/></d></ml>`
	s.c(ns, fmt.Sprintf("ADL 3 %d\r\n%s", len(xml), xml)) // 4
	s.s(ns, "ADL 3 OK\r\n")                               // 5
	s.s(ns, "NLN AWY bob@e.f 32 Bob%20Y 0 0\r\n")         // 6
	s.s(ns, "RML 4 OK\r\n")                               // 7
	b := open(t, 100, 60, Options{Log: s.log})
	b.stateAt("4")
	b.tells("Forward list FL  unknown")
	b.stateAt("6")
	b.tells("Forward list FL  2", "-    bob@e.f", "AWY  bob@e.f (network 32)  Bob Y", "Allow list AL  1",
		"Block list BL  0", "Reverse list RL  unknown")
	b.stateAt("7")
	b.tells("Partial:", "Forward list FL  2 seen; nobody told the whole list")
}

func TestStateSaysWhatItLacks(t *testing.T) {
	b := open(t, 100, 60, talk())
	b.stateAt("9") // an Open: nobody knows whose connection it is
	b.tells("handle         unknown", "role           unknown", "dialect        unknown")

	s := newScript()
	s.talk()
	fresh, err := New(Options{Log: s.log, Screen: newGlass(100, 60)})
	if err != nil {
		t.Fatal(err)
	}
	fresh.model.Select(30) // before the first Step
	fresh.tab, fresh.layout = stateTab, arrange(rect{0, 0, 140, 60}, listPane, wish{whole: true})
	fresh.refresh()
	(&driven{App: fresh, t: t}).tells("The log is read up to #0 only", "is not read yet")
}

// TestStateBesideTheList: the state follows the selection while one goes through the list beside
// it.
func TestStateBesideTheList(t *testing.T) {
	b := open(t, 140, 60, talk())
	b.stateAt("33")
	b.shows("State as of #33", "2 Commands", "Roster  1", "3 Decode  Explain  State")
	b.press("j")
	b.shows("State as of #34", "Roster  2", "34/37")
	b.press("F4")
	b.hides("State as of")
}

func TestStateScrollsAndCloses(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.stateAt("34")
	b.shows("State as of #34", "friendly name")
	b.press("G")
	b.shows("Invited")
	b.hides("friendly name")
	b.press("Esc")
	b.hides("State as of", "Invited")
	b.shows("34/37")
}
