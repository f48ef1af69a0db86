package conformance

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestSuite checks that the suite is as its documentation says.
func TestSuite(t *testing.T) {
	cases := Cases()
	if len(cases) < 300 {
		t.Errorf("there are %d cases", len(cases))
	}
	seen := map[string]string{}
	for _, c := range cases {
		if seen[c.Name] != "" {
			t.Errorf("two cases have the name %s", c.Name)
		}
		seen[c.Name] = c.Name
		var script strings.Builder
		script.WriteString(strings.Join(c.Options, " ") + "\n")
		for _, s := range c.steps {
			script.WriteString(s.source + "\n")
		}
		if old := seen[script.String()]; old != "" {
			t.Errorf("%s and %s have one script", old, c.Name)
		}
		seen[script.String()] = c.Name
	}
	for _, line := range knownFailing(t) {
		preset, name, _ := strings.Cut(line, " ")
		if !slices.Contains(Presets(), preset) || seen[name] == "" {
			t.Errorf("testdata/failing.txt: there is no case %q", line)
		}
	}
}

// TestParseRefuses parses texts that are not cases.
func TestParseRefuses(t *testing.T) {
	const head = "--- a.b\n§ 7.1\nMeans it.\n"
	for _, tc := range []struct{ name, text, want string }{
		{"no case", "alice> OUT", "line 1: "},
		{"no section", "--- a.b\nMeans it.\n\nalice> OUT", "no section"},
		{"odd section", "--- a.b\n§ 9.1\nMeans it.\n\nalice> OUT", `"9.1"`},
		{"or its script", head, "or its script"},
		{"no line", head + "\nalice OUT", "line 5: "},
		{"payload of nothing", head + "\n| x", "follows no line"},
		{"unknown preset", head + "why: x\n\n[strict] alice> OUT", `"strict"`},
		{"no reason", head + "\n[draft] alice> OUT", "presets differ: true"},
		{"no reason for fewer", head + "presets: draft\n\nalice> OUT", "presets differ: true"},
		{"reason for nothing", head + "why: x\n\nalice> OUT", "presets differ: false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Parse(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %s", err, tc.want)
			}
		})
	}
}

// TestPlayFinds plays scripts that the embedded server does not pass, and checks the errors.
func TestPlayFinds(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"another line", "alice: online\nalice> CHG 5 BSY\nalice< CHG 5 AWY", `want "CHG 5 AWY", got "CHG 5 BSY"`},
		{"no line", "alice: online\nalice< NLN NLN {bob} Bob", "nothing"},
		{"a line too many", "alice: online\nalice> CHG 5 BSY", `unread "CHG 5 BSY\r\n"`},
		{"a longer line", "alice: online\nalice> LST 5 FL\nalice< LST 5 FL", `got "LST 5 FL 1 0 0"`},
		{"a shorter line", "alice: online\nalice> LST 5 FL\nalice< LST 5 FL 1 0 0 0", `got "LST 5 FL 1 0 0"`},
		{"another word", "alice: online\nalice> LST 5 FL\nalice< LST 5 FL {n} {n} {n}", "fits nothing"},
		{
			"a wrong sum", "alice: online\nalice: serial\nalice> GTC 5 N\nalice< GTC 5 {alice.serial+2} N",
			`want "GTC 5 3 N", got "GTC 5 2 N"`,
		},
		{
			"another payload",
			"alice: online\nbob: online\nalice.sb: chat bob\nalice.sb> MSG 3 U 2\n| hi\nbob.sb< MSG {alice} {_} " +
				"2\n| ho", `want "ho", got "hi"`,
		},
		{"not closed", "alice: online\nalice< (closed)", "it is not closed"},
		{"closed at last", "alice: online\nalice> OUT\nalice< OUT", "alice.ns is closed"},
		{"closed too early", "alice: online\nalice> OUT\nalice< OUT\nalice< (nothing)", "it is closed"},
		{"something", "alice: online\nalice> CHG 5 BSY\nalice< (nothing)", "unread"},
		{"other bytes", "alice: online\nalice> CHG 5 BSY\nalice<< \"CHG 5 BSY\\n\"", `got "CHG 5 BSY\r\n"`},
		{"a failed logon", "erin: online", "refused"},
		{"unknown action", "alice: dance", "unknown action"},
		{"no string", "alice>> OUT", "OUT: "},
		{"no duration", "time: soon", "duration"},
		{"no switch", "server: explode", "cannot explode"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cases, err := Parse("--- a.b\n§ 7.1\nMeans it.\n\n" + tc.script)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = playDirect(t, &cases[0], Lenient); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %s", err, tc.want)
			}
		})
	}
}

// TestTwoRunsAreEqual: two runs give the same transcript, on which the comparison with the proxy
// rests.
func TestTwoRunsAreEqual(t *testing.T) {
	for _, c := range Cases() {
		if c.Name != "cal.ringing" {
			continue
		}
		one, err1 := playDirect(t, &c, Observed)
		two, err2 := playDirect(t, &c, Observed)
		if err1 != nil || err2 != nil || one["bob.ns"] != two["bob.ns"] || !strings.Contains(one["bob.ns"], "RNG") {
			t.Errorf("got %q, %v and %q, %v", one["bob.ns"], err1, two["bob.ns"], err2)
		}
	}
}

// TestProxiedCasesPassTheProxy checks that the cases through the proxy go through it.
func TestProxiedCasesPassTheProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, Lenient, nil)
		defer s.Close()
		target, stop := proxied(t, s, nil)
		defer stop()
		for _, c := range Cases() {
			if c.Name == "dispatch.refers" {
				got, err := c.Play(t.Context(), target, Lenient)
				if err != nil || !strings.Contains(got["alice.ds"], dsProxyAddr) ||
					strings.Contains(got["alice.ds"], nsAddr) {
					t.Errorf("got %q, %v, want the proxy's address", got["alice.ds"], err)
				}
			}
		}
	})
}
