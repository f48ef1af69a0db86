package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/msntest"
)

// terminal is a real one, in a tmux server of its own, with a shell in it.
type terminal struct {
	t      *testing.T
	tmux   string
	socket string
	folder string // the shell's HOME
}

// footer begins the last row of the inspector.
const footer = `^ F1 Help .* q Quit.*\n\z`

func openTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	folder := t.TempDir()
	term := &terminal{t, msntest.Tool(t, "tmux"), msntest.Socket(t), folder}
	term.do("new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height),
		"env", "PS1=$ ", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "GORACE="+os.Getenv("GORACE"), "HOME="+folder, "sh")
	t.Cleanup(func() { term.do("kill-server") })
	term.shows(`^\$`)
	return term
}

// do runs a tmux command and returns what it prints.
func (term *terminal) do(args ...string) string {
	term.t.Helper()
	cmd := exec.Command(term.tmux, append([]string{"-u", "-S", term.socket, "-f", "/dev/null"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %q: %v, %s", args, err, out)
	}
	return string(out)
}

func (term *terminal) screen() string { return term.do("capture-pane", "-p") }

// keys presses keys by their tmux names; text types a text as it is.
func (term *terminal) keys(names ...string) { term.do(append([]string{"send-keys"}, names...)...) }
func (term *terminal) text(s string)        { term.do("send-keys", "-l", s) }

// shows waits until the screen has all the expressions.
func (term *terminal) shows(exprs ...string) string {
	term.t.Helper()
	var screen, missing string
	seen := false
	defer func() {
		if !seen {
			term.t.Logf("not to be seen: %s; the screen:\n%s", missing, screen)
		}
	}()
	await(term.t, "the screen", func() bool {
		screen = term.screen()
		for _, expr := range exprs {
			if missing = expr; !regexp.MustCompile(`(?m)` + expr).MatchString(screen) {
				return false
			}
		}
		seen = true
		return true
	})
	return screen
}

// shell runs a command in the shell and waits for its status.
func (term *terminal) shell(command string) {
	term.t.Helper()
	term.text(command)
	term.keys("Enter")
}

// shellWord makes one word of a shell of any text.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// start runs the inspector from the shell, which then prints its exit code, with the state of the
// terminal saved on both sides.
func (term *terminal) start(args string) {
	term.t.Helper()
	term.shell(`echo earlier; stty -a >"$HOME"/before; msnscope ` + args +
		`; echo ended=$?; stty -a >"$HOME"/after; echo settled=$((40+2))`)
}

// quit presses q until the shell is back, and checks that it is as it was.
func (term *terminal) quit() {
	t := term.t
	t.Helper()
	for polls, presses := 0, 0; !strings.Contains(term.screen(), "settled=42"); polls++ {
		if strings.Contains(term.screen(), "Quit? (y/n)") { // it asks while something is held
			term.keys("y")
			await(t, "the question to be gone", func() bool {
				return !strings.Contains(term.screen(), "Quit? (y/n)")
			})
			polls, presses = 1, 0
			continue
		}
		// A press closes a pane, or all; the next one waits until it has surely had its effect.
		if polls%100 == 0 && presses < 8 {
			term.keys("q")
			presses++
		}
		if polls > 5000 {
			t.Fatalf("q does not end the inspector:\n%s", term.screen())
		}
	}
	term.shows(`^(\$ )?earlier$`, `ended=0$`, `settled=42$`) // a q too many may be echoed
	if state := term.do("display-message", "-p",
		"#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); state != "0 1 0\n" {
		t.Errorf("alternate screen, cursor, mouse: %s, want 0 1 0", state)
	}
	before, err := os.ReadFile(filepath.Join(term.folder, "before"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(term.folder, "after"))
	if err != nil || sizeless(after) != sizeless(before) {
		t.Errorf("the terminal was %s and is %s (%v)", before, after, err)
	}
	term.keys("C-u") // a q may have come after the end
	term.shell("echo it is $((40 + 2))")
	term.shows(`it is 42$`)
}

// sizeless drops the size, which tests change.
func sizeless(stty []byte) string {
	return regexp.MustCompile(`(rows|columns) \d+;`).ReplaceAllString(string(stty), "")
}

// wide checks that no line of the screen is wider than it may be.
func (term *terminal) wide(screen string, width int) {
	term.t.Helper()
	for row := range strings.Lines(screen) {
		row = strings.TrimSuffix(row, "\n")
		if utf8.RuneCountInString(row) > width {
			term.t.Errorf("wider than %d: %q", width, row)
		}
	}
}

// listRow is a command in the list of commands.
var listRow = regexp.MustCompile(`(?m)│[ >]*\d+ +[\d:.]+ +[DNS][SB]#\d+ .*?[→←] (\w+)`)

// TestInspectorInATerminal is the inspector as people have it: list, tree and detail, a filter,
// other sizes, the way out.
func TestInspectorInATerminal(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 140, 42)
	term.start("--demo --listen 127.0.0.1:0")
	screen := term.shows(`^ msnscope +127\.0\.0\.1:\d+ → embedded .*cmd \d+`, `▾\S? alice@hot`,
		`▾\S? bob@hot`,
		`1 Sessions .* 2 Commands .* 3 Decode `, ` 4 Bytes `, `alice +← XFR \d+ SB .*✎`, `SB#\d+ +alice +→ USR`, footer)
	term.wide(screen, 140)

	term.keys("/")
	term.text("MSG")
	term.keys("Enter")
	await(t, "a list of MSG alone, and how many there are", func() bool {
		screen = term.screen()
		rows := listRow.FindAllStringSubmatch(screen, -1)
		other := slices.IndexFunc(rows, func(row []string) bool { return row[1] != "MSG" })
		return len(rows) > 0 && other < 0 && regexp.MustCompile(`(?m)^ Filter: MSG .* \d+/\d+\]?$`).MatchString(screen)
	})

	term.keys("/")
	term.keys("C-u")
	term.text(`cmd == "ADD"`)
	term.keys("Enter")
	term.shows(`^ Filter: cmd == "ADD" `, `│ UserHandle +(alice|bob|carol|dave)@hotmail\.com`, `ADD .*§7\.8`)

	term.do("resize-window", "-x", "80", "-y", "24")
	screen = term.shows(`^┌ 1 Sessions  2 Commands  3 Decode  4 Bytes ─+┐$`, `ADD`, `^ Filter: cmd == "ADD" `, footer)
	term.wide(screen, 80)
	term.do("resize-window", "-x", "140", "-y", "42")
	term.wide(term.shows(`1 Sessions .* 2 Commands .* 3 Decode `, ` 4 Bytes `, `UserHandle +\w+@hotmail\.com`,
		`alice@hotmail\.com`, footer), 140)
	term.quit()
}

// TestInspectorInASmallTerminal begins at 80 by 24: one pane at a time.
func TestInspectorInASmallTerminal(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 80, 24)
	term.start("--demo --listen 127.0.0.1:0 -Y 'cmd == \"XFR\"'")
	screen := term.shows(`^ msnscope +127\.0\.0\.1:\d+ → embedded `,
		`^┌ 1 Sessions  2 Commands  3 Decode  4 Bytes ─+┐$`, `← XFR \d+ NS 127\.0\.0\.3:1863 +✎`, footer)
	term.wide(screen, 80)
	term.keys("1")
	term.shows(`│ ▾\S? alice@hotmail\.com`, `│ ▾\S? bob@hotmail\.com`)
	term.keys("3")
	term.shows(`ReferralType +(NS|SB)`)
	term.keys("4")
	term.shows(`0000 +58 46 52`)
	term.quit()
}

// TestInspectorOnAFile opens a recording.
func TestInspectorOnAFile(t *testing.T) {
	s := recordParty(t)
	t.Parallel()
	term := openTerminal(t, 140, 42)
	term.start("inspect " + shellWord(s.write(t)))
	term.shows(`^ msnscope +session\.pcapng .*cmd \d+`, `▾\S? alice@hot`, `▾\S? carol@hot`, `VER 1 MSNP2 CVR0`)
	term.quit()
}

// TestInspectorReplays replays a recording in the inspector against the embedded server: all of it,
// then in steps, then the connections of one command.
func TestInspectorReplays(t *testing.T) {
	s := recordParty(t)
	t.Parallel()
	term := openTerminal(t, 140, 42)
	term.start("inspect " + shellWord(s.write(t)))
	term.shows(`VER 1 MSNP2 CVR0`)
	term.keys("R")
	term.shows(`against +embedded`)
	term.keys("Enter")
	term.shows(`same: \d+ sent, \d+ answers as recorded`)
	term.keys("g", "j")
	term.shows(`sent +[DN]S#1`, `VER 1 MSNP2`)
	term.keys("R")
	term.keys("Tab", "Tab", "Left", "Enter") // timing: step
	term.shows(`s sends #\d+ .*VER 1 MSNP2`)
	term.keys("s")
	term.shows(`sent +[DN]S#1`, `s sends #\d+ .*INF 2`)
	term.keys("R")
	term.keys("Right", "Tab", "Tab", "Right", "Enter") // the recorded server itself, in lockstep
	term.shows(`against self, lockstep`, `same: \d+ sent`)
	term.keys("Escape")
	term.shows(`1 Sessions`) // else Escape and r could arrive as one key
	term.keys("r")
	term.shows(`only conn in \[\d+\]`, `(same|differs): \d+ sent`)
	term.keys("Escape")
	term.shows(`1 Sessions`)
	term.quit()
}
