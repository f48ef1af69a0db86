package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

// runLine runs a command line of the program in the folder of the repository.
func runLine(t *testing.T, line string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
	code = run(t.Context(), shellWords(line)[1:], e)
	return code, out.String(), errs.String()
}

// TestScriptExamples runs the documented examples on a shipped capture, and says what each must do.
func TestScriptExamples(t *testing.T) {
	t.Chdir("../..")
	examples := map[string][]string{
		"translate.star": {"sent as 99 (+99 bytes text/plain \"bonjour Bob,", "95 commands: 1 edited, 0 dropped"},
		"echo.star":      {"95 commands: 0 edited"}, // TestEchoBot talks to it
		"delay.star":     {"-> CHG 8 NLN (script delay.star (delayed 2s))", "0 edited, 0 dropped, 0 held, 20 delayed"},
		"count.star":     {"connection 6 of bob@hotmail.com: ANS 2, IRO 1, MSG 5, OUT 1"},
		"redact.star":    {"(+97 bytes text/plain \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\")", "27 edited"},
		"refuse.star":    {"CHG 8 NLN {dropped}", "<- 715 8 ERR_NOT_EXPECTED {injected}", "3 dropped", "3 sent"},
	}
	doc, err := os.ReadFile("docs/SCRIPTS.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("docs/scripts/*.star")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(doc), "```python\n"+string(src)+"```\n") {
			t.Errorf("docs/SCRIPTS.md does not show %s as it is", file)
		}
		want := examples[filepath.Base(file)]
		if want == nil {
			t.Errorf("nothing says what %s must do", file)
		}
		code, out, errs := runLine(t, "msnscope script test "+file+" --on captures/samples/conversation.pcapng")
		for _, w := range want {
			if !strings.Contains(out+errs, w) {
				t.Errorf("%s: %q is missing", file, w)
			}
		}
		if code != exitOK {
			t.Errorf("%s: exit code %d\n%s", file, code, errs)
		}
	}
	if len(files) != len(examples) {
		t.Errorf("there are %d examples, want %d", len(files), len(examples))
	}
}

// TestFirstScript: the script with which the guide begins does what the guide says.
func TestFirstScript(t *testing.T) {
	doc, err := os.ReadFile("../../docs/SCRIPTS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```python\n")
	src, _, _ := strings.Cut(rest, "```\n")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--script", starFile(t, src))
	s := &stage{t: t, addr: p.address()}
	a := s.signInHere("alice@hotmail.com", "alicepw")
	a.say("CHG 4 NLN", "715 4")
	a.Conn.Close()
	p.end(exitOK)
	if !strings.Contains(p.stdout.String(), "CHG 4 NLN {dropped} (script test.star)") {
		t.Errorf("no line says what the script did:\n%s", p.stdout.String())
	}
}

// starFile writes a script, and returns its path.
func starFile(t *testing.T, src string) string {
	path := filepath.Join(t.TempDir(), "test.star")
	if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScriptMistakes: what is wrong with a script is said before anything starts, with the exit
// code for it; what goes wrong later is said with its place and command, and is no 0.
func TestScriptMistakes(t *testing.T) {
	t.Chdir("../..")
	const on = " --on captures/samples/conversation.pcapng"
	for _, tc := range []struct {
		line string
		code int
		want string
	}{
		{"msnscope --headless --script /nowhere.star", exitIO, "error: --script /nowhere.star: no such file"},
		{"msnscope --headless --script docs", exitUsage, "error: --script docs: this is a folder"},
		{"msnscope dump captures/samples/logon.pcapng --script README.md", exitUsage, "README.md:"},
		{"msnscope script test docs/scripts/count.star", exitUsage, "--on CAPTURE is missing"},
		{"msnscope script test" + on, exitUsage, "no script is named"},
		{"msnscope script test docs/scripts/count.star --on /nowhere.pcapng", exitIO, "/nowhere.pcapng"},
		{
			"msnscope script test " + starFile(t, "def command(c):\n    c.args.Sate = 1\n") + on, exitDiffers,
			"test.star:2:11: ",
		},
	} {
		code, _, errs := runLine(t, tc.line)
		if code != tc.code || !strings.Contains(errs, tc.want) {
			t.Errorf("%s: exit code %d, want %d; %q, want %q", tc.line, code, tc.code, errs, tc.want)
		}
	}
}

// TestEchoBot talks to the user of the shipped example at the server alone and at the embedded one:
// it is online, comes when it is called, answers, and counts.
func TestEchoBot(t *testing.T) {
	for name, verb := range map[string]string{"server": "serve", "proxy": "proxy"} {
		t.Run(name, func(t *testing.T) {
			at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
			p := launch(t, verb, "--listen", at, "--script", "../../docs/scripts/echo.star")
			p.address()
			heard := make(chan string, 10)
			c, err := client.Login(t.Context(), client.Options{
				Server: at, Handle: "alice@hotmail.com", Password: "alicepw",
				OnEvent: func(e client.Event) {
					if m, ok := e.(client.Message); ok && m.Session != nil {
						heard <- m.From + ": " + m.Text
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := errors.Join(c.Sync(t.Context()), c.SetState(t.Context(), "NLN")); err != nil {
				t.Fatal(err)
			}
			s := callBot(t, c, "echo@hotmail.com")
			for _, tc := range []struct{ say, want string }{{"hello", "1: hello"}, {"Grüße", "2: Grüße"}} {
				if err := s.Send(t.Context(), tc.say); err != nil {
					t.Fatal(err)
				}
				select {
				case got := <-heard:
					if got != "echo@hotmail.com: "+tc.want {
						t.Errorf("it says %q, want %q", got, tc.want)
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("no answer to %q\n%s", tc.say, p.stderr.String())
				}
			}
			c.Close()
			p.end(exitOK)
		})
	}
}

// callBot calls a user until it comes: the server says where it listens before the user is online.
func callBot(t *testing.T, c *client.Client, handle string) *client.Switchboard {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		s, err := c.Call(ctx, handle)
		if err == nil {
			err = s.Await(ctx, handle)
		}
		if err == nil {
			return s
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// TestServerScript: at the server alone a script answers, changes and drops what a client says
// before it is served, and is told what it cannot do there.
func TestServerScript(t *testing.T) {
	port := freePorts(t, 3)
	p := launch(t, "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--script", starFile(t, `
match = 'cmd == "CHG"'

def command(c):
    if c.args.State == "BSY":
        c.answer(715)
    elif c.args.State == "AWY":
        c.args.State = "LUN"
        c.reply("CHG 99 NLN")
    elif c.args.State == "BRB":
        c.drop()
    elif c.args.State == "PHN":
        c.delay(1)
`))
	p.address()
	s := &stage{t: t, addr: fmt.Sprintf("127.0.0.1:%d", port+1)} // the notification server
	a := s.signInHere("alice@hotmail.com", "alicepw")
	a.say("CHG 4 BSY", "715 4")
	a.say("CHG 5 AWY", "CHG 99 NLN")
	a.say("", "CHG 5 LUN")
	if got := a.say("CHG 6 BRB\r\nCHG 7 PHN\r\n", "CHG"); got[1] != "7" { // the first was dropped
		t.Errorf("it answers %q", got)
	}
	a.Conn.Close()
	p.end(exitOK)
	if want := "this takes the proxy"; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("nothing says %q:\n%s", want, p.stderr.String())
	}
}

// TestReplayThroughScripts: clients that are played come through the scripts: one that does nothing
// changes no verdict, and one that answers 715 does.
func TestReplayThroughScripts(t *testing.T) {
	t.Chdir("../..")
	const line = "msnscope replay captures/samples/conversation.pcapng --timeout 3s --script "
	code, out, errs := runLine(t, line+starFile(t, "def command(c):\n    pass\n"))
	if code != exitOK {
		t.Errorf("a script that does nothing: exit code %d\n%s\n%s", code, out, errs)
	}
	code, out, errs = runLine(t, line+"docs/scripts/refuse.star")
	if code == exitOK || !strings.Contains(out, "715") {
		t.Errorf("a script that refuses: exit code %d\n%s\n%s", code, out, errs)
	}
	code, _, errs = runLine(t, line+"docs/scripts/refuse.star --serve 127.0.0.1:0")
	if code != exitUsage || !strings.Contains(errs, "--script goes with --to") {
		t.Errorf("with --serve: exit code %d, %s", code, errs)
	}
}
