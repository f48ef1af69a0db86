package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
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
	var line struct {
		Cmd   string
		Flags []string
		Lint  []struct{ Rule, Severity, Section, Message string }
	}
	if err := json.Unmarshal([]byte(p.stdout.String()), &line); err != nil {
		t.Fatal(err)
	}
	if line.Cmd != "CHG" || len(line.Lint) != 1 || line.Lint[0].Rule != "S01" || line.Lint[0].Section != "7.7" {
		t.Errorf("got %+v, want CHG with a finding of S01", line)
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
