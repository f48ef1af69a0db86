package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/conformance"
)

// ownServer starts a server of the preset, with eight more users, and returns where it is.
func ownServer(t *testing.T, preset string) string {
	t.Helper()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	launch(t, "serve", "--listen", addr, "--preset", preset, "--user", "test{1..8}@example.com:secret").address()
	return addr
}

// conformed runs conform in this process and returns its report.
func conformed(t *testing.T, code int, args ...string) (r conformance.Report) {
	t.Helper()
	p := launch(t, append([]string{"conform", "-T", "json", "--quiet", "20ms"}, args...)...)
	p.wait(code)
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("the report is %q: %v", p.stdout, err)
	}
	return r
}

// TestConformOwnServer plays some cases against our own server over sockets, with its default users
// and with others.
func TestConformOwnServer(t *testing.T) {
	addr := ownServer(t, "observed")
	few := []string{
		addr, "--only", "usr.md5", "--only", "nln.bot?", "--only", "add.fl*", "--only", "msg.al*",
		"--only", "url.*",
	}
	for _, r := range []conformance.Report{
		conformed(t, exitOK, few...),
		conformed(t, exitOK, append(few, "--user", "TEST{1..8}@example.com:secret", "--preset", "observed")...),
	} {
		if r.Passed != 5 || r.Skipped != 2 || r.Dispatch != addr || r.Notification == "" || r.Switchboard == "" ||
			len(r.Notes) > 0 {
			t.Errorf("the report is %+v", r)
		}
		if c := r.Cases[len(r.Cases)-1]; c.Name != "usr.md5" && r.Cases[0].Name == "" {
			t.Errorf("a case is %+v", c)
		}
	}
	// Held to what it is not, it differs, and each failure stands under its cause.
	r := conformed(t, exitDiffers, addr, "--preset", "draft", "--only", "command.unknown", "--only",
		"command.lower-case")
	if r.Failed != 2 || len(r.Causes) != 1 || r.Causes[0].Count != 2 ||
		r.Causes[0].Cause != "the connection is closed where an error is wanted" {
		t.Errorf("the report is %+v", r)
	}
	// A wrong password is reported before anything is played.
	p := launch(t, "conform", addr, "--only", "add.fl", "--user", "test{1..4}@example.com:wrong")
	p.wait(exitDiffers)
	if talk := p.stderr.String(); !strings.Contains(talk, "hint: the server must have the accounts of --user") ||
		strings.Contains(talk, "wrong") {
		t.Errorf("it says %q", talk)
	}
}

// TestConformForms: the report as text and for continuous integration, and in a file.
func TestConformForms(t *testing.T) {
	addr := ownServer(t, "lenient")
	only := []string{
		"--quiet", "20ms", "--only", "command.unknown", "--only", "line.endless", "--only", "png.qng",
		"--preset", "observed",
	}
	p := launch(t, append([]string{"conform", addr}, only...)...)
	p.wait(exitDiffers)
	for _, want := range []string{
		"dispatch server      " + addr + "\n",
		"\nan error comes where the connection should be closed: 1 case\n  first command.unknown: line ",
		"\nskipped: 1 case: it is about our own server\n", "\ndiffers: 1 passed, 1 failed, 1 skipped, in ",
	} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("%q is missing in\n%s", want, p.stdout)
		}
	}
	if talk := p.stderr.String(); talk != "msnscope: the contacts of alice@hotmail.com, bob@hotmail.com, "+
		"carol@hotmail.com, dave@hotmail.com "+
		"are removed, and their settings and names changed\n" {
		t.Errorf("it says %q", talk)
	}

	file := filepath.Join(t.TempDir(), "conform.xml")
	p = launch(t, append([]string{"conform", addr, "-T", "junit", "-o", file}, only...)...)
	p.wait(exitDiffers)
	text, err := os.ReadFile(file)
	if err != nil || p.stdout.String() != "" {
		t.Fatalf("%v; on standard output is %q", err, p.stdout)
	}
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	if s := suites.Suite; s.Tests != 3 || s.Failures != 1 || s.Skipped != 1 || len(s.Cases) != 3 {
		t.Errorf("the report is %s", text)
	}
	if want := "the report is in " + file + "\n"; !strings.HasSuffix(p.stderr.String(), want) {
		t.Errorf("it says %q", p.stderr)
	}
}

// TestConformNoServer: each way in which there is no server has its exit code, and the report comes
// all the same.
func TestConformNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c) }() // and says nothing
		}
	}()
	silent := l.Addr().String()
	if r := conformed(t, exitTimeout, silent, "--only", "add.fl", "--patience", "200ms"); r.NotPlayed != 1 {
		t.Errorf("the report is %+v", r)
	}
	nobody := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	if r := conformed(t, exitIO, nobody, "--only", "add.fl"); r.NotPlayed != 1 {
		t.Errorf("the report is %+v", r)
	}
	p := launch(t, "conform", silent, "--patience", "10m")
	await(t, "the beginning", func() bool { return p.stderr.String() != "" })
	p.end(exitInterrupted)
}

// TestConformRefers: a server that refers clients to another machine is not followed there, unless
// that is allowed.
func TestConformRefers(t *testing.T) {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	launch(t, "serve", "--listen", addr, "--advertise", "192.0.2.33").address()
	p := launch(t, "conform", addr, "--only", "add.fl")
	p.wait(exitIO)
	if talk := p.stderr.String(); !strings.Contains(talk, "192.0.2.33") ||
		!strings.Contains(talk, "hint: the server refers clients there: --allow-remote") {
		t.Errorf("it says %q", talk)
	}
}
