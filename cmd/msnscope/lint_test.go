package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const sampleDir = "../../captures/samples/"

// TestLint: errors make the exit code 1, warnings do not, and a report says which command breaks
// what.
func TestLint(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"errors", []string{"mistakes.pcapng"}, exitDiffers, "L06 error §7.2  \"INF 0\" comes before VER"},
		{"warnings", []string{"logon.pcapng"}, exitOK, "T04 warn"},
		{"observed", []string{"logon.pcapng", "--preset", "observed"}, exitOK, ""},
		{"skip", []string{"presence.pcapng", "--skip", "s01,T04,E08"}, exitOK, "F15"},
		{"filter", []string{"presence.pcapng", "-Y", "cmd == \"VER\""}, exitOK, "T04"},
		{"unknown rule", []string{"logon.pcapng", "--skip", "Q99"}, exitUsage, ""},
		{"unknown preset", []string{"logon.pcapng", "--preset", "strict"}, exitUsage, ""},
		{"unknown form", []string{"logon.pcapng", "-T", "xml"}, exitUsage, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := launch(t, append([]string{"lint", sampleDir + tc.args[0]}, tc.args[1:]...)...)
			p.wait(tc.code)
			if got := p.stdout.String(); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
				t.Errorf("printed %q, want %q", got, tc.want)
			}
		})
	}
}

// TestLintForms: other programs can read the reports, also that of a capture without findings.
func TestLintForms(t *testing.T) {
	for sample, errors := range map[string]int{"presence.pcapng": 1, "logon.pcapng": 0} {
		p := launch(t, "lint", sampleDir+sample, "-T", "json", "--preset", "observed")
		p.wait(errors)
		var report struct {
			Findings []struct {
				N, Conn                          int
				Rule, Severity, Section, Message string
			}
			Errors int
		}
		if err := json.Unmarshal([]byte(p.stdout.String()), &report); err != nil {
			t.Fatal(err)
		}
		if report.Errors != errors || len(report.Findings) != errors {
			t.Errorf("%s: %+v, want %d errors", sample, report, errors)
		}
		p = launch(t, "lint", sampleDir+sample, "-T", "junit")
		p.wait(errors)
		var suites struct {
			Suite []struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(p.stdout.String()), &suites); err != nil {
			t.Fatal(err)
		}
		if s := suites.Suite[0]; s.Failures != errors || s.Tests < 100 {
			t.Errorf("%s: %+v, want %d failures", sample, s, errors)
		}
	}
}

// TestDumpLint: JSON lines have the findings, and filters the flag.
func TestDumpLint(t *testing.T) {
	p := launch(t, "dump", sampleDir+"presence.pcapng", "-T", "jsonl", "--lint", "observed", "-Y",
		`"lint" in flags && any(lint, .rule == "S01")`)
	p.wait(exitOK)
	all := lintedLines(t, p.stdout.String())
	if len(all) != 1 || all[0].Cmd != "CHG" || len(all[0].Lint) != 1 || all[0].Lint[0].Rule != "S01" ||
		all[0].Lint[0].Section != "7.7" {
		t.Errorf("got %+v, want CHG with its finding", all)
	}
}

// linted is a line of -T jsonl as far as lint is concerned.
type linted struct {
	N     uint64
	Cmd   string
	Flags []string
	Lint  []struct{ Rule, Severity, Section, Message string }
}

func lintedLines(t *testing.T, text string) (all []linted) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l linted
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, l)
	}
	return all
}

// TestLintLive: the lines of live traffic have the findings that its recording has, filters read
// them, and what is recorded has none.
func TestLintLive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "live.pcapng")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--no-dispatch",
		"--lint", "draft", "-w", file)
	a := (&stage{t: t, addr: p.address()}).signInHere("alice@hotmail.com", "alicepw")
	a.say("CHG 4 XXX", "201 4")
	a.say("CHG 5 NLN", "CHG 5 NLN")
	a.Conn.Close()
	await(t, "the end", func() bool { return strings.Contains(p.stdout.String(), `"event":"close"`) })
	p.end(exitOK)
	live := lintedLines(t, p.stdout.String())
	i := slices.IndexFunc(live, func(l linted) bool { return l.Cmd == "CHG" && len(l.Lint) > 0 })
	if i < 0 || live[i].Lint[0].Rule != "S01" || !slices.Contains(live[i].Flags, "lint") {
		t.Errorf("the state XXX is not a finding of S01 in\n%s", p.stdout)
	}
	p = launch(t, "dump", file, "-T", "jsonl", "--lint", "draft")
	p.wait(exitOK)
	if later := lintedLines(t, p.stdout.String()); !reflect.DeepEqual(live, later) {
		t.Errorf("live %+v\nfrom the recording %+v", live, later)
	}
	p = launch(t, "dump", file, "-T", "jsonl")
	p.wait(exitOK)
	if strings.Contains(p.stdout.String(), `"lint"`) {
		t.Errorf("without --lint there are findings in\n%s", p.stdout)
	}
	p = launch(t, "dump", file, "-Y", "lint")
	p.wait(exitOK)
	if !strings.Contains(p.stderr.String(), "hint: --lint observed") {
		t.Errorf("nothing says that nothing was checked: %s", p.stderr)
	}
}

// TestLintSniffed: a filter on findings shows what a passive listener finds wrong.
func TestLintSniffed(t *testing.T) {
	sniffs(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := launch(t, "sniff", "-i", "lo", "--headless", "-T", "jsonl", "--lint", "observed",
		"-Y", fmt.Sprintf(`server == %q && any(lint, .rule == "L21")`, l.Addr()))
	p.address()
	speak(t, l, "C VER 1 MSNP2\r\n", "S VER 1 MSNP2\r\n", "C CHG 2 XXX\r\n", "S CHG 2 NLN\r\n")
	await(t, "the finding", func() bool { return p.stdout.String() != "" })
	p.end(exitOK)
	if all := lintedLines(t, p.stdout.String()); len(all) != 1 || all[0].Cmd != "CHG" || all[0].Lint[0].Rule != "L21" {
		t.Errorf("got %+v, want CHG with its finding", all)
	}
}

// TestExportLint: whoever opens the export in Wireshark reads the findings beside the frames.
func TestExportLint(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.pcapng")
	launch(t, "export", sampleDir+"mistakes.pcapng", "--lint", "draft", "-o", out).wait(exitOK)
	b, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(b), `lint L06 (error): "INF 0" comes before VER`) {
		t.Errorf("no comment tells of the finding (%v)", err)
	}
	launch(t, "export", out, "--lint", "draft", "--redact", "-o", out+"2").wait(exitUsage)
}
