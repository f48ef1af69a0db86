package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// withXML returns a script of a logon and the given lines, in which "C ADL 3 <ml/>" becomes a
// command with its length.
func withXML(lines ...string) string {
	script := "c S: VER 1 MSNP15\\r\\n\nc S: USR 2 OK a@b.c 1 0\\r\\n\n"
	for _, line := range lines {
		words := strings.SplitN(line, " ", 4)
		if len(words) == 4 && strings.HasPrefix(words[3], "<") {
			script += fmt.Sprintf("c %s: %s %s %d\\r\\n%s\n", words[0], words[1], words[2], len(words[3]), words[3])
		} else {
			script += "c " + words[0] + ": " + strings.Join(words[1:], " ") + "\\r\\n\n"
		}
	}
	return script
}

// lists returns all lists of a user in words, except for those that the State does not know.
func lists(s *session.State, user string) []string {
	var all []string
	for _, name := range dialect.Lists {
		if entries, whole := s.User(user).List(name); whole || len(entries) > 0 {
			all = append(all, fmt.Sprint(name, " ", named(entries), " ", whole))
		}
	}
	if s.Partial {
		all = append(all, "partial")
	}
	return all
}

const (
	bobFA   = `<ml l="1"><d n="e.f"><c n="bob" l="3" t="1"/></d></ml>`
	carolB  = `<ml l="1"><d n="e.f"><c n="Carol" l="4" t="1"/></d></ml>`
	daveAll = `<ml><d n="e.f"><c n="dave" l="3" t="1"/></d></ml>`
)

func TestListsInXML(t *testing.T) {
	granted := []string{"C ADL 3 " + bobFA, "S ADL 3 OK"}
	for _, tc := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"asked and not answered", []string{"C ADL 3 " + bobFA}, nil},
		{"asked and granted", granted, []string{"FL [{1:bob@e.f}] true", "AL [{1:bob@e.f}] true", "BL [] true"}},
		{"asked and refused", []string{"C ADL 3 " + bobFA, `S 241 3 <ml/>`, "S ADL 3 OK"}, []string{"partial"}},
		{
			"granted in another order, of a logon in two parts",
			[]string{"C ADL 3 " + bobFA, "C ADL 4 " + carolB, "S ADL 4 OK", "S ADL 3 OK"},
			[]string{"FL [{1:bob@e.f}] true", "AL [{1:bob@e.f}] true", "BL [{1:Carol@e.f}] true"},
		},
		{
			"added later", append(granted[:2:2], "C ADL 4 "+daveAll, "S ADL 4 OK"),
			[]string{"FL [{1:bob@e.f} {1:dave@e.f}] true", "AL [{1:bob@e.f} {1:dave@e.f}] true", "BL [] true"},
		},
		{
			"added before the lists of the logon were seen",
			[]string{"C ADL 4 " + daveAll, "S ADL 4 OK"},
			[]string{"FL [{1:dave@e.f}] false", "AL [{1:dave@e.f}] false"},
		},
		{
			"blocked: off one list and on another", append(granted[:2:2],
				`C RML 4 <ml><d n="E.F"><c n="Bob" l="2" t="1"/></d></ml>`, "S RML 4 OK",
				`C ADL 5 <ml><d n="e.f"><c n="bob" l="4" t="1"/></d></ml>`, "S ADL 5 OK"),
			[]string{"FL [{1:bob@e.f}] true", "AL [] true", "BL [{1:bob@e.f}] true"},
		},
		{
			"told twice", append(granted[:2:2], "C ADL 4 "+bobFA, "S ADL 4 OK"),
			[]string{"FL [{1:bob@e.f}] true", "AL [{1:bob@e.f}] true", "BL [] true"},
		},
		{
			"a reverse list that the server tells",
			append(granted[:2:2], `S ADL 0 <ml l="1"><d n="e.f"><c n="eve" l="8" t="1" f="Eve &amp; 50%"/></d></ml>`),
			[]string{
				"FL [{1:bob@e.f}] true", "RL [{1:eve@e.f Eve%20&%2050%25}] false", "AL [{1:bob@e.f}] true",
				"BL [] true",
			},
		},
		{
			"a name that the server escapes in the XML too",
			[]string{`S ADL 0 <ml><d n="e.f"><c n="eve" l="8" t="1" f="Nom%20p%c3%a9" /></d></ml>`},
			[]string{"RL [{1:eve@e.f Nom%20p%C3%A9}] false"},
		},
		{
			"and takes back",
			append(granted[:2:2], `S ADL 0 <ml><d n="e.f"><c n="eve" l="8" t="1"/></d></ml>`,
				`S RML 0 <ml><d n="e.f"><c n="eve" l="8" t="1"/></d></ml>`),
			[]string{"FL [{1:bob@e.f}] true", "AL [{1:bob@e.f}] true", "BL [] true"},
		},
		{
			"the pending list is none of the four",
			[]string{`C ADL 3 <ml l="1"><d n="e.f"><c n="bob" l="17" t="1"/></d></ml>`, "S ADL 3 OK"},
			[]string{"FL [{1:bob@e.f}] true", "AL [] true", "BL [] true"},
		},
		{
			"telephones, and handles without a domain",
			[]string{`C ADL 3 <ml l="1"><t><c n="tel:+15550100" l="1"/></t><d><c n="x" l="1"/></d></ml>`, "S ADL 3 OK"},
			[]string{"FL [{4:tel:+15550100} {x}] true", "AL [] true", "BL [] true"},
		},
		{
			"a list for each service",
			[]string{
				`C ADL 3 <ml l="1"><d n="e.f"><c n="bob" t="1"><s n="IM" l="3"/><s n="PE" l="4"/></c></d></ml>`,
				"S ADL 3 OK",
			},
			[]string{"FL [{1:bob@e.f}] true", "AL [{1:bob@e.f}] true", "BL [{1:bob@e.f}] true"},
		},
		{"empty", []string{`C ADL 3 <ml l="1"/>`, "S ADL 3 OK"}, []string{"FL [] true", "AL [] true", "BL [] true"}},
		{"what was asked was not seen", []string{"S ADL 3 OK"}, []string{"partial"}},
		{
			"what was lost was not seen", append(granted[:2:2], "S RML 9 OK"),
			[]string{"FL [{1:bob@e.f}] false", "AL [{1:bob@e.f}] false", "partial"},
		},
		{
			"half a document",
			[]string{`C ADL 3 <ml l="1"><d n="e.f"><c n="bob" l="3" t="1"/><c n="ca`, "S ADL 3 OK"},
			[]string{"FL [{1:bob@e.f}] false", "AL [{1:bob@e.f}] false", "partial"},
		},
		{
			"another document",
			[]string{`C ADL 3 <x l="1"><d n="e.f"><c n="bob" l="3" t="1"/></d></x>`, "S ADL 3 OK"},
			[]string{"partial"},
		},
		{
			"elements within elements",
			[]string{`C ADL 3 <ml><d n="e.f"><c n="bob" l="1">` + strings.Repeat("<s>", 100) +
				strings.Repeat("</s>", 100) + "</c></d></ml>", "S ADL 3 OK"},
			[]string{"FL [{bob@e.f}] false", "partial"},
		},
		{
			"the server before the client",
			[]string{`S ADL 0 <ml l="1"><d n="e.f"><c n="eve" l="9" t="1"/></d></ml>`},
			[]string{"FL [{1:eve@e.f}] false", "RL [{1:eve@e.f}] false"},
		},
		{
			"entities",
			[]string{
				`C ADL 3 <!DOCTYPE ml [<!ENTITY a "bob">]><ml l="1"><d n="e.f"><c n="&a;" l="3"/></d></ml>`,
				"S ADL 3 OK",
			},
			[]string{"partial"},
		},
		{
			"a handle without end",
			[]string{`C ADL 3 <ml l="1"><d n="e.f"><c n="` + strings.Repeat("x", 300) +
				`" l="3"><s l="8"/></c></d></ml>`, "S ADL 3 OK"},
			[]string{"partial"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := replayed(t, withXML(tc.lines...))
			if diff := cmp.Diff(tc.want, lists(s, "a@b.c")); diff != "" {
				t.Errorf("lists (-want +got):\n%s", diff)
			}
			if s.Entries() != s.Recount() {
				t.Errorf("%d entries are on the account, there are %d", s.Entries(), s.Recount())
			}
		})
	}
}

// TestListsInXMLBeginAnew checks that a logon replaces the lists: contacts that were removed from
// another place in the meantime are gone.
func TestListsInXMLBeginAnew(t *testing.T) {
	first := withXML("C ADL 3 "+bobFA, "S ADL 3 OK", `S ADL 0 <ml><d n="e.f"><c n="eve" l="8"/></d></ml>`) + "c close\n"
	second := strings.ReplaceAll("\n"+withXML("C ADL 3 "+carolB), "\nc ", "\nc2 ")
	want := []string{"FL [{1:bob@e.f}] true", "RL [{eve@e.f}] false", "AL [{1:bob@e.f}] true", "BL [] true"}
	if diff := cmp.Diff(want, lists(replayed(t, first+second), "a@b.c")); diff != "" {
		t.Errorf("before the server granted the new ones (-want +got):\n%s", diff)
	}
	want = []string{"FL [] true", "RL [{eve@e.f}] false", "AL [] true", "BL [{1:Carol@e.f}] true"}
	if diff := cmp.Diff(want, lists(replayed(t, first+second+"c2 S: ADL 3 OK\\r\\n\n"), "a@b.c")); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

// TestListsInXMLTravelInTime checks that an earlier State does not change with a later one.
func TestListsInXMLTravelInTime(t *testing.T) {
	p := newPlayer()
	p.play(t, withXML("C ADL 3 "+bobFA, "C ADL 4 "+daveAll, "S ADL 3 OK", "S ADL 4 OK",
		`C RML 5 <ml><d n="e.f"><c n="bob" l="1"/></d></ml>`, "S RML 5 OK"))
	line := p.timeline()
	for i := len(p.log) - 1; i >= 0; i-- {
		s := session.NewState()
		for _, e := range p.log[:i+1] {
			s.Apply(e)
		}
		if diff := cmp.Diff(describe(s), describe(line.At(p.log[i].N))); diff != "" {
			t.Errorf("after event %d (-applied +asked):\n%s", p.log[i].N, diff)
		}
	}
	if got := line.At(p.log[5].N); fmt.Sprint(lists(got, "a@b.c")[0]) != "FL [{1:bob@e.f}] true" {
		t.Errorf("after ADL 3 OK: %v", lists(got, "a@b.c"))
	}
}

// TestTheOtherNetwork checks that the same handle on two networks is two contacts, each with its
// own presence.
func TestTheOtherNetwork(t *testing.T) {
	both := []string{
		`C ADL 3 <ml l="1"><d n="e.f"><c n="bob" l="1" t="1"/><c n="bob" l="1" t="32"/></d></ml>`,
		"S ADL 3 OK",
	}
	for _, tc := range []struct {
		name  string
		lines []string
		fl    string
		sees  string
	}{
		{
			"one is online", append(both[:2:2], "S NLN AWY bob@e.f 32 Yahoo%20Bob 0 0"),
			"[{1:bob@e.f} {32:bob@e.f Yahoo%20Bob AWY}]", "[{32:bob@e.f Yahoo%20Bob AWY}]",
		},
		{
			"both are", append(both[:2:2], "S NLN AWY bob@e.f 32 Y 0 0", "S ILN 9 BSY bob@e.f 1 M 0 0"),
			"[{1:bob@e.f M BSY} {32:bob@e.f Y AWY}]", "[{1:bob@e.f M BSY} {32:bob@e.f Y AWY}]",
		},
		{
			"one left", append(both[:2:2], "S NLN AWY bob@e.f 32 Y 0 0", "S NLN NLN bob@e.f 1 M 0 0",
				"S FLN bob@e.f 32"),
			"[{1:bob@e.f M NLN} {32:bob@e.f Y FLN}]", "[{1:bob@e.f M NLN} {32:bob@e.f Y FLN}]",
		},
		{
			"the list does not tell the network",
			[]string{
				`C ADL 3 <ml l="1"><d n="e.f"><c n="bob" l="1"/></d></ml>`, "S ADL 3 OK",
				"S NLN NLN bob@e.f 1 M 0 0",
			},
			"[{bob@e.f M NLN}]", "[{1:bob@e.f M NLN}]",
		},
		{
			"one is removed",
			append(both[:2:2], `C RML 4 <ml><d n="e.f"><c n="bob" l="1" t="32"/></d></ml>`, "S RML 4 OK"),
			"[{1:bob@e.f}]", "[]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u := replayed(t, withXML(tc.lines...)).User("a@b.c")
			fl, _ := u.List("FL")
			if got := sprint(named(fl)); got != tc.fl {
				t.Errorf("the forward list is %s, want %s", got, tc.fl)
			}
			if got := sprint(named(u.Contacts())); got != tc.sees {
				t.Errorf("the user sees %s, want %s", got, tc.sees)
			}
			if got := u.Unlisted(); tc.name != "one is removed" && len(got) != 0 {
				t.Errorf("on no list are %s", named(got))
			}
		})
	}
	later := strings.ReplaceAll(withXML(append(both[:2:2], "S NLN AWY 32:bob@e.f Y 0:0 0",
		"S NLN NLN 1:bob@e.f;via=9:x@live.com M 0:0 0", "S NLN NLN 4:tel:+1 T 0:0 0")...), "MSNP15", "MSNP18")
	u := replayed(t, later).User("a@b.c")
	if got := sprint(named(u.Contacts()),
		named(u.Unlisted())); got != "[{1:bob@e.f M NLN} {32:bob@e.f Y AWY} {4:tel:+1 T NLN}] [{4:tel:+1 T NLN}]" {
		t.Errorf("with the network before the handle: %s", got)
	}
}

// TestManyListsAreBounded checks that a client that sends lists without end takes no more memory
// than others.
func TestManyListsAreBounded(t *testing.T) {
	var lines []string
	for i := range 100 {
		var all strings.Builder
		for k := range 2000 {
			fmt.Fprintf(&all, `<c n="u%d.%d" l="7"/>`, i, k)
		}
		lines = append(lines, fmt.Sprintf(`C ADL %d <ml l="1"><d n="e.f">%s</d></ml>`, i+3, all.String()))
	}
	s := replayed(t, withXML(lines...))
	if s.Entries() > 1<<17 || s.Entries() != s.Recount() || !s.Partial {
		t.Errorf("%d entries are on the account, there are %d, partial %v", s.Entries(), s.Recount(), s.Partial)
	}
	for i := 50; i < 100; i++ {
		lines = append(lines, fmt.Sprintf("S ADL %d OK", i+3))
	}
	s = replayed(t, withXML(lines...))
	if fl, whole := s.User("a@b.c").List("FL"); whole || len(fl) != 1<<12 {
		t.Errorf("%d contacts are on the forward list, whole %v", len(fl), whole)
	}
}

// TestLongWordsAreLeftOut checks that handles and names as long as a line may be are left out,
// because a State keeps many of them.
func TestLongWordsAreLeftOut(t *testing.T) {
	long := strings.Repeat("x", 3000)
	s := replayed(t, withXML("S NLN NLN "+long+"@e.f 1 D 0 0", "S NLN NLN d@e.f 1 "+long+" 0 0"))
	if got := sprint(named(s.User("a@b.c").Contacts())); got != "[{1:d@e.f  NLN}]" || !s.Partial {
		t.Errorf("the user sees %.100s, partial %v", got, s.Partial)
	}
}
