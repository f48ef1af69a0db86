package replay

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/msnscope/msnscope/internal/compare"
)

// groups returns the groups in short, one a line: the cause, how many outcomes and connections.
func groups(c *Causes) string {
	var lines []string
	for _, g := range c.Groups {
		first := &g.Cause
		lines = append(lines,
			fmt.Sprintf("%d %s %s: %d on %d", first.Conn, first.Verdict, first.Command, g.Count, g.Conns))
	}
	return strings.Join(lines, "\n")
}

// TestCauses: a group holds the consequences of its cause, on the same connection and on those that
// depend on it, and nothing else.
func TestCauses(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit []string // of the live script: old, new, ...
		want string
	}{
		{"no difference", nil, ""},
		{
			"a refused dialect",
			[]string{
				"1 S VER 0 MSNP2\n", "1 S VER 0 0\n\t1 close server\n\t1 open 10.9.0.99:1863\n",
			},
			// Bob's server waits for Alice, and is no consequence.
			"1 differs VER 0 MSNP2: 29 on 3\n3 missing USR 1 MD5 S ***: 11 on 2",
		},
		{
			"a refused session takes along the switchboards, not the list",
			[]string{
				"LST 7 FL 12 1 1 bob@hotmail.com Bob", "LST 7 FL 12 1 1 bob@hotmail.com Bobby",
				"2 S XFR 9 SB 10.9.0.9:1865 CKI c-1", "2 S 913 9",
			},
			"2 differs LST 7 FL 12 1 1 bob@hotmail.com Bob: 1 on 1\n" +
				"2 differs XFR 9 SB 10.0.0.9:1863 CKI ***: 17 on 4",
		},
		{
			"the same difference twice",
			[]string{
				"USR 6 OK alice@hotmail.com Alice%20L", "USR 6 OK alice@hotmail.com Al",
				"USR 2 OK bob@hotmail.com Bob", "USR 2 OK bob@hotmail.com B",
			},
			"2 differs USR 6 OK alice@hotmail.com Alice%20L: 2 on 2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c Causes
				live := strings.NewReplacer(append([]string{"\x00", ""}, tt.edit...)...).Replace(liveTalk)
				r := replayed(t, recordedTalk, live, Options{Report: func(o Outcome) { c.Add(&o) }})
				if got := groups(&c); got != tt.want {
					t.Errorf("groups:\n%s\nwant\n%s\ntroubles:\n%s", got, tt.want, troubles(r))
				}
			})
		})
	}
}

// TestNewsOfWhoIsInTrouble: news of a user that others miss belongs to the cause on the user's own
// connection.
func TestNewsOfWhoIsInTrouble(t *testing.T) {
	var c Causes
	refused := []compare.Diff{{Field: "Command", Got: "911"}}
	for i, o := range []Outcome{
		{User: "alice@hotmail.com", Verdict: Differs, Command: "USR 2 OK alice@hotmail.com A", Diffs: refused},
		{User: "bob@hotmail.com", Verdict: Same, Command: "CHG 3 NLN"},
		{
			User: "bob@hotmail.com", Verdict: Missing, Command: "NLN NLN Alice@hotmail.com A",
			contact: "Alice@hotmail.com",
		},
		{User: "bob@hotmail.com", Verdict: Same, Command: "PNG"},
		{
			User: "bob@hotmail.com", Verdict: Missing, Command: "NLN NLN carol@hotmail.com C",
			contact: "carol@hotmail.com",
		},
	} {
		o.N, o.Conn, o.Dir = uint64(i+1), min(i+1, 2), "S"
		c.Add(&o)
	}
	const want = "1 differs USR 2 OK alice@hotmail.com A: 2 on 2\n2 missing NLN NLN carol@hotmail.com C: 1 on 1"
	if got := groups(&c); got != want {
		t.Errorf("groups:\n%s\nwant\n%s", got, want)
	}
}

// TestCausesAreBounded: differences beyond the caps are counted, and the totals include them.
func TestCausesAreBounded(t *testing.T) {
	var c Causes
	for i := range maxGroups + 5 {
		c.Add(&Outcome{N: uint64(i + 1), Conn: i + 1, Dir: "S", Verdict: Differs, Command: fmt.Sprintf("V%d", i)})
	}
	for range maxKept {
		c.Add(&Outcome{Conn: 1, Dir: "S", Verdict: Extra, Command: "NLN"})
	}
	kept := 0
	for _, g := range c.Groups {
		kept += len(g.Outcomes)
	}
	if len(c.Groups) != maxGroups || c.Left != 5 || kept != maxKept || c.Groups[0].Count != maxKept+1 {
		t.Errorf("%d groups, %d left, %d kept, %d in the first", len(c.Groups), c.Left, kept, c.Groups[0].Count)
	}
	if got, want := c.Totals(), "17413 differences of 1024 causes, 5 of further ones"; got != want {
		t.Errorf("Totals() = %q, want %q", got, want)
	}
}

// TestComparisonReports: both forms hold every difference, whatever is in it.
// TestCausesAreBoundedInBytes: a shadow may say long lines without end, each for a cause of its own
// or all for one, and what else is wrong is told all the same.
func TestCausesAreBoundedInBytes(t *testing.T) {
	long := strings.Repeat("A", 32<<10)
	for name, alike := range map[string]bool{"one cause": true, "many causes": false} {
		t.Run(name, func(t *testing.T) {
			var c Causes
			for i := range 2 * maxGroups {
				command := long
				if !alike {
					command = fmt.Sprint(i, long)
				}
				c.Add(&Outcome{Conn: i + 1, Dir: "S", Verdict: Extra, Command: command})
			}
			size, told := 0, c.Left
			for _, g := range c.Groups {
				told += g.Count
				size += g.Cause.size() + len(likeness(&g.Cause))
				for i := range g.Outcomes {
					size += g.Outcomes[i].size()
				}
			}
			if want := maxCauseBytes + maxTextBytes; size > want || size < want/4 {
				t.Errorf("%d bytes are kept, want at most %d, and as many as fit", size, want)
			}
			if told != 2*maxGroups {
				t.Errorf("%d differences are counted, want %d", told, 2*maxGroups)
			}
			if alike {
				if _, first := c.Add(&Outcome{Conn: 1 << 20, Dir: "S", Verdict: Missing, Command: "NLN"}); !first {
					t.Error("after a flood a new cause is not told")
				}
			}
		})
	}
}

func TestComparisonReports(t *testing.T) {
	const evil = `MSG "<&>' ]]> ` + "\x01\ufffe"
	c := Comparison{
		Server: "192.0.2.34:1863", Result: &Result{Unopened: 1}, Causes: &Causes{}, Unfinished: "it was <too> slow",
	}
	diffs := []compare.Diff{{Field: "payload", Want: "a", Got: "<b>"}}
	for _, o := range []Outcome{
		{N: 7, Conn: 1, Role: "NS", Dir: "S", Verdict: Differs, Command: evil, Diffs: diffs},
		{N: 8, Conn: 1, Role: "NS", Dir: "S", Verdict: Missing, Command: "CHG 3 NLN"},
	} {
		c.Result.add(o)
		c.Causes.Add(&o)
	}
	var text bytes.Buffer
	if err := c.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Server, Verdict, Unfinished string
		Groups                      []struct {
			Cause       struct{ Command string }
			Count       int
			Connections int
			Outcomes    []struct{ N int }
		}
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Server != c.Server || got.Verdict != "differs" || got.Unfinished != c.Unfinished || len(got.Groups) != 1 {
		t.Fatalf("the JSON says %+v", got)
	}
	g := got.Groups[0]
	if g.Count != 2 || g.Connections != 1 || len(g.Outcomes) != 2 || g.Cause.Command != evil {
		t.Errorf("the group in the JSON is %+v", g)
	}
	text.Reset()
	if err := c.WriteJUnit(&text); err != nil {
		t.Fatal(err)
	}
	type problem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var suites struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Class   string   `xml:"classname,attr"`
				Name    string   `xml:"name,attr"`
				Failure *problem `xml:"failure"`
				Error   *problem `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text.Bytes(), &suites); err != nil || len(suites.Suites) != 1 {
		t.Fatalf("%v in %s", err, &text)
	}
	suite := suites.Suites[0]
	if suite.Tests != 2 || suite.Failures != 1 || suite.Errors != 1 || len(suite.Cases) != 2 {
		t.Fatalf("the XML says %+v", suite)
	}
	all := suite.Cases
	if all[0].Error == nil || all[0].Error.Text != c.Unfinished {
		t.Fatalf("the tests are %+v", all)
	}
	if f := all[1].Failure; all[1].Class != "shadow.NS" || all[1].Name != "S: MSG \"<&>' ]]> \ufffd\ufffd differs" ||
		f == nil || f.Message != "2 differences on 1 connection" ||
		!strings.Contains(f.Text, "got <b>") || !strings.Contains(f.Text, "CHG 3 NLN missing") {
		t.Errorf("the failure is %+v of %s", f, all[1].Name)
	}
}
