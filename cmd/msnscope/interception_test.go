package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestFaultsAndMappings disturbs the session of a client that speaks to the embedded server, by
// rules of the command line and of a file; each hit is a line that names its rule.
func TestFaultsAndMappings(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(rules,
		[]byte("# the first change of state fails\nerror:code=520,n=1 @ cmd == \"CHG\"\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--no-dispatch",
		"--fault", "@"+rules, "--fault", `drop:nth=2 @ cmd == "LST"`,
		"--map", `cmd == "CHG" && dir == "C" -> State=BSY`)
	s := &stage{t: t, addr: p.address()}
	a := s.signInHere("alice@hotmail.com", "alicepw")
	a.say("CHG 4 NLN", "520 4")
	a.say("CHG 5 NLN", "CHG 5 BSY")
	a.say("SYN 6 0", "LST 6 RL")
	a.Conn.Close()
	p.end(exitOK)
	out := p.stdout.String()
	for _, want := range []string{
		`error:code=520,n=1 @ cmd == \"CHG\""`, `"text":"drop:nth=2 @ cmd == \"LST\""`,
		`-> State=BSY`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no line has %s", want)
		}
	}
	if n := strings.Count(out, `"dropped"`); n != 2 { // the CHG that was answered here, and the LST
		t.Errorf("%d commands are flagged as dropped, want 2", n)
	}
}

// TestRulesAreReadFirst: a wrong rule is refused before anything listens, with its place.
func TestRulesAreReadFirst(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(rules, []byte("drop\n# fine so far\nlag:ms=5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--fault", "@" + rules}, exitUsage, "rules: line 3: fault \"lag\""},
		{[]string{"--fault", "@/nowhere/rules"}, exitIO, "--fault @/nowhere/rules: no such file"},
		{[]string{"--fault", "@/dev/zero"}, exitUsage, "the file has more than 1048576 bytes"},
		{[]string{"--map", "CHG"}, exitUsage, "--map: \"CHG\": it must be FILTER -> Field=value"},
		{[]string{"--intercept", "CHG"}, exitUsage, "--intercept needs the inspector, --web or --control"},
		{[]string{"--hold-time", "0s"}, exitUsage, "--hold-time 0s"},
	} {
		p := launch(t, append([]string{"--headless", "--listen", "127.0.0.1:0"}, tc.args...)...)
		p.wait(tc.code)
		if !strings.Contains(p.stderr.String(), tc.want) {
			t.Errorf("%q says %q, want %q", tc.args, p.stderr, tc.want)
		}
	}
}

// TestHoldInTheInspector holds, edits and sends commands by keys, in a terminal, while a client
// speaks through the proxy.
func TestHoldInTheInspector(t *testing.T) {
	port := freePorts(t, 1)
	term := openTerminal(t, 120, 30)
	term.start("--listen 127.0.0.1:" + strconv.Itoa(port) +
		" --no-dispatch --intercept 'cmd == \"CHG\" && dir == \"C\"'")
	term.shows("nothing yet", footer)
	s := &stage{t: t, addr: "127.0.0.1:" + strconv.Itoa(port)}
	a := s.signInHere("alice@hotmail.com", "alicepw")
	a.say("CHG 4 NLN", "")
	term.shows("HELD 1", "CHG held .* a go on")
	term.keys("e")
	term.shows("State +NLN")
	term.keys("j", "Enter", "C-u")
	term.text("BSY")
	term.keys("Enter", "a")
	term.shows("CHG 4 BSY") // the answer of the server
	a.hear("CHG 4 BSY")
	term.keys("i", "C-u", "Enter")
	term.shows("nothing more is held")
	a.say("CHG 5 AWY", "CHG 5 AWY")
	term.keys("G", "c")
	term.text("CHG {trid} NLN")
	term.keys("Enter")
	term.shows("CHG 4026531841 NLN")
	term.keys("c", "C-u")
	term.text("< NLN BSY bob@hotmail.com Bob")
	term.keys("Enter")
	a.hear("NLN BSY bob@hotmail.com Bob") // and nothing of the CHG that was none of hers
	a.Conn.Close()
	term.quit()
}
