package script

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// testConn is a connection of tests.
type testConn struct{}

func (testConn) ID() int         { return 3 }
func (testConn) Client() string  { return "10.0.0.1:1234" }
func (testConn) Server() string  { return "10.0.0.2:1863" }
func (testConn) NewTrID() uint32 { return 77 }
func (testConn) Facts() Facts    { return Facts{User: "alice@hotmail.com", Role: dialect.SB} }

// file writes a script to a file, and returns its path.
func file(t testing.TB, src string) string {
	path := filepath.Join(t.TempDir(), "test.star")
	if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// run is a script with what it printed and how it failed.
type run struct {
	*Set
	t       testing.TB
	printed []string
	failed  []string
}

func load(t testing.TB, src string) *run {
	r := &run{t: t}
	set, err := LoadAll([]string{file(t, src)}, Options{
		Seed:   1,
		Print:  func(_, line string) { r.printed = append(r.printed, line) },
		Failed: func(f Failure) { r.failed = append(r.failed, fmt.Sprintf("%v [%s]", f.Err, f.What)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Set = set
	return r
}

// event returns the event of a command at a server.
func event(dir decode.Dir, role dialect.Role, raw string) *session.Event {
	e := &session.Event{
		Conn: 3, Dir: dir, Role: role, User: "alice@hotmail.com", Dialect: "MSNP2",
		Time: time.Unix(1_000_000, 0),
	}
	e.In = decode.Parse([]byte(raw), dir, dialect.MSNP2.At(role))
	e.Row = dialect.MSNP2.Match(dir, role, &e.In)
	return e
}

// say gives the scripts a command of the client.
func (r *run) say(role dialect.Role, raw string) Result {
	e := event(decode.FromClient, role, raw)
	return r.Command(e, e.In.Raw, testConn{})
}

// TestFields: a script reads a command by the names of the command table, with the types of its
// columns.
func TestFields(t *testing.T) {
	r := load(t, `
def command(c):
    print(c.cmd, c.dir, c.trid, c.role, c.user, c.conn.id, c.time)
    if c.cmd == "LST":
        a = c.args
        print(type(a.Item), a.Item + 1, a.TtlItems, a.LIST, a.UserHandle, repr(a.CustomUserName), a.Participant)
    if c.cmd == "MSG":
        print(c.type, repr(c.text), c.args.Length, len(c.payload))
    if c.cmd == "VER":
        print(c.args.DialectName)
`)
	lst := event(decode.FromServer, dialect.NS, "LST 5 FL 12 1 2 bob@hotmail.com Bob%20B\r\n")
	r.Command(lst, lst.In.Raw, testConn{})
	body := "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhello"
	r.say(dialect.SB, fmt.Sprintf("MSG 7 N %d\r\n%s", len(body), body))
	r.say(dialect.DS, "VER 1 MSNP2 CVR0\r\n")
	want := `LST S 5 NS alice@hotmail.com 3 1e+06
int 2 2 FL bob@hotmail.com "Bob B" None
MSG C 7 SB alice@hotmail.com 3 1e+06
text/plain "hello" 67 67
VER C 1 DS alice@hotmail.com 3 1e+06
["MSNP2", "CVR0"]`
	if got := strings.Join(r.printed, "\n"); got != want || r.failed != nil {
		t.Errorf("got\n%s\nwant\n%s\nfailures %v", got, want, r.failed)
	}
}

// TestEdits: each way to change a command changes exactly that.
func TestEdits(t *testing.T) {
	for edit, want := range map[string]string{
		`c.args.State = "BSY"`:                           "CHG 5 BSY\r\n",
		`c.args.State = "a b"`:                           "CHG 5 a%20b\r\n",
		`c.args.TrID = 9`:                                "CHG 9 NLN\r\n",
		`c.raw = "CHG 6 AWY"`:                            "CHG 6 AWY\r\n",
		`c.raw = "MSG 5 N 2\r\nhi"`:                      "MSG 5 N 2\r\nhi",
		`c.raw = "XFR 6 SB"; c.args.ReferralType = "NS"`: "XFR 6 NS\r\n",
		`c.args.State = "B" + c.args.State[1:]`:          "CHG 5 BLN\r\n",
		`c.args.State = "BSY"; c.args.State += "X"`:      "CHG 5 BSYX\r\n",
	} {
		r := load(t, "def command(c):\n    "+edit)
		got := r.say(dialect.NS, "CHG 5 NLN\r\n")
		if string(got.Out) != want || got.By != "script test.star" || r.failed != nil {
			t.Errorf("%s: %q by %q, want %q; %v", edit, got.Out, got.By, want, r.failed)
		}
	}
}

// TestMistakes: a mistake is named with file, line and column, what is wrong, and the command; the
// command goes on as it came, whatever the script had asked for before.
func TestMistakes(t *testing.T) {
	for mistake, want := range map[string]string{
		`c.args.Stat = "BSY"`:                   `test.star:3:11: CHG has no argument Stat: its form is CHG TrID State`,
		`c.args.Sate`:                           `test.star:3:11: no command has an argument Sate; did you mean State?`,
		`c.txt`:                                 `test.star:3:6: a command has no field or method txt; did you mean text?`,
		`c.user = "bob"`:                        `user cannot be set`,
		`c.text = "x"`:                          `CHG has no payload`,
		`c.args.State = 1.5`:                    `State: it must be a string, an int, a list of these, or None, and this is a float`,
		`c.args.State = None`:                   `CHG must have State`,
		`c.args.State = "x" * 9000`:             `it has 9000 bytes, and no line has more than`,
		`c.raw = "CHG 6 A\r\nCHG 7 B\r\n"`:      `is 2 commands: it must be one`,
		`c.raw = "MSG 5 N 9\r\nhi"`:             `is not a whole command`,
		`c.raw = ""`:                            `there is no command: the text is empty`,
		`c.reply("garbage!")`:                   `is not a command`,
		`c.answer(99)`:                          `99 is not the code of an error`,
		`c.delay(-1)`:                           `-1 is not a number of seconds`,
		`c.delay(1e9)`:                          `not a number of seconds from 0 to 300`,
		`c.hold()`:                              `nobody can release commands here`,
		`fail("my reason")`:                     `test.star:3:9: fail: my reason`,
		`1 // 0`:                                `test.star:3:7: floored division by zero`,
		`return "drop"`:                         `command returned string: it must return nothing`,
		`[c.reply("PNG") for i in range(1000)]`: `more than 100 commands in one call`,
		`c.drop(1)`:                             `drop: got 1 arguments, want 0`,
	} {
		r := load(t, "def command(c):\n    c.before(\"PNG\")\n    "+mistake)
		got := r.say(dialect.NS, "CHG 5 NLN\r\n")
		if string(got.Out) != "CHG 5 NLN\r\n" || got.By != "" || got.Before != nil || got.Drop {
			t.Errorf("%s: the command went on as %+v", mistake, got)
		}
		if len(r.failed) != 1 || !strings.Contains(r.failed[0], want) ||
			!strings.Contains(r.failed[0], "[CHG of connection 3, user alice@hotmail.com]") {
			t.Errorf("%s: failures %q, want %q", mistake, r.failed, want)
		}
	}
}

// TestRunaways: what does not end, or grows without end, is stopped in time, named, and harms
// neither the command nor the next one.
func TestRunaways(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"endless loop": {
			"    for i in range(1000000):\n        for j in range(1000000):\n            pass",
			"it takes more than 200000 steps",
		},
		"recursion":             {"    command(c)", "function command called recursively"},
		"huge string":           {"    x = \"x\" * 1000000000", "a repetition of 1 by 1000000000 makes more than"},
		"the same turned round": {"    x = 1000000000 * \"x\"", "makes more than"},
		"huge list":             {"    x = [0] * 1000000000", "makes more than"},
		"in place":              {"    x = [0]\n    x *= 1000000000", "makes more than"},
		"huge range":            {"    x = list(range(1000000000))", "range: 1000000000 is more than"},
		"text too long":         {"    c.raw = \"CHG 1 \" + \"x\" * 1000000", "CHG"},
	} {
		bubble(t, name, func(t *testing.T) {
			r := load(t, "def command(c):\n    if c.args.State != \"NLN\":\n        c.args.State = \"IDL\"\n"+
				"        return\n"+tc.body)
			got := r.say(dialect.NS, "CHG 5 NLN\r\n")
			if string(got.Out) != "CHG 5 NLN\r\n" || len(r.failed) != 1 || !strings.Contains(r.failed[0], tc.want) {
				t.Errorf("%q, failures %.300q, want %q", got.Out, r.failed, tc.want)
			}
			if got := r.say(dialect.NS, "CHG 6 BSY\r\n"); string(got.Out) != "CHG 6 IDL\r\n" {
				t.Errorf("the next command: %q, %v", got.Out, r.failed)
			}
		})
	}
}

// TestSlow: a hook whose steps are few and slow is stopped between two of them.
func TestSlow(t *testing.T) {
	r := load(t, "def command(c):\n    for i in range(1000):\n        sorted(range(100000), reverse = True)")
	began := time.Now()
	r.say(dialect.NS, "CHG 5 NLN\r\n")
	if len(r.failed) != 1 || !strings.Contains(r.failed[0], "it takes longer than 100ms") {
		t.Errorf("failures %q after %v", r.failed, time.Since(began))
	}
}

// bubble runs a subtest in which time stands still while something runs, so that a busy machine
// does not look like a slow script.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// TestProducts: multiplication is what it always was.
func TestProducts(t *testing.T) {
	r := load(t, `
def command(c):
    x = "ab" * 2
    x *= 2
    print(x, 3 * "x", [1] * 2, 2 * (1,), 3 * 4 * 5, 1.5 * 2, 6 * 0, "a" * -1, 1 << 40)
`)
	r.say(dialect.NS, "CHG 5 NLN\r\n")
	if got := strings.Join(r.printed, ""); got != `abababab xxx [1, 1] (1, 1) 60 3.0 0  1099511627776` {
		t.Errorf("%s, %v", got, r.failed)
	}
}

// TestDisabled: a script that fails each time is said to once, and is called no more after a
// hundred times; one that fails now and then goes on.
func TestDisabled(t *testing.T) {
	r := load(t, "def command(c):\n    state[\"n\"] = state.get(\"n\", 0) + 1\n    c.nothing()")
	for range 150 {
		r.say(dialect.NS, "CHG 5 NLN\r\n")
	}
	if len(r.failed) != 1 || !r.scripts[0].Disabled() {
		t.Errorf("failures %q, disabled: %v", r.failed, r.scripts[0].Disabled())
	}
	if n := r.scripts[0].state.String(); n != `{"n": 100}` {
		t.Errorf("it was called until %s", n)
	}
	r = load(t, "def command(c):\n    if c.trid != 5: c.nothing()")
	for i := range 500 {
		r.say(dialect.NS, fmt.Sprintf("CHG %d NLN\r\n", i%100))
	}
	if r.scripts[0].Disabled() {
		t.Error("a script is disabled although it works now and then")
	}
}

// TestState: what is kept is measured after each hook, also where it is changed in place; what is
// too much, contains itself, or is no value is forgotten, and the rest stays.
func TestState(t *testing.T) {
	const many = "more than 100000 values"
	for name, tc := range map[string]struct{ body, want string }{
		"cyclic":   {`    l = []; l.append(l); state["bad"] = l`, "nested too deep, or contain themselves"},
		"deep":     {"    l = []\n    for i in range(100): l = [l]\n    state[\"bad\"] = l", "nested too deep"},
		"large":    {"    s = \"x\" * 1000000\n    state[\"bad\"] = [s + str(i) for i in range(20)]", "or 16777216"},
		"grown":    {"    state[\"bad\"] = []\n    for i in range(11): state[\"bad\"].extend(range(10000))", many},
		"by value": {"    state[\"bad\"] = []\n    state.values()[1].extend(range(110000))", many},
		"by copy":  {"    state[\"bad\"] = []\n    dict(state)[\"bad\"].extend(range(110000))", many},
		"command":  {`    state["bad"] = c`, "a command cannot be kept"},
		"args":     {`    state["bad"] = {"a": [c.args]}`, "a args cannot be kept"},
		"conn":     {`    state["bad"] = (c.conn,)`, "a connection cannot be kept"},
		"function": {`    state["bad"] = command`, "a function cannot be kept"},
	} {
		bubble(t, name, func(t *testing.T) {
			r := load(t, "state[\"good\"] = 1\n\ndef command(c):\n    state[\"good\"] += 1\n"+tc.body)
			for range 3 {
				r.say(dialect.NS, "CHG 5 NLN\r\n")
			}
			if len(r.failed) != 1 || !strings.Contains(r.failed[0], `state["bad"] is forgotten`) ||
				!strings.Contains(r.failed[0], tc.want) {
				t.Errorf("failures %.300q, want %q", r.failed, tc.want)
			}
			s := r.scripts[0].state
			if s.String() != `{"good": 4}` || s.total != (size{2, 4 + 2*valueBytes}) {
				t.Errorf("it keeps %.100s, %+v", s, s.total)
			}
		})
	}
	r := load(t, `
def command(c):
    state.setdefault("x", [])
`)
	r.say(dialect.NS, "CHG 5 NLN\r\n")
	if len(r.failed) != 1 || !strings.Contains(r.failed[0], "state has no setdefault") {
		t.Errorf("%q", r.failed)
	}
}

// TestFiles: what is no script is refused, with the file and the line.
func TestFiles(t *testing.T) {
	folder := t.TempDir()
	huge := filepath.Join(folder, "huge.star")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(100 << 20); err != nil { // takes no room on the disk
		t.Fatal(err)
	}
	f.Close()
	const none, large = "def command(c): pass", 120 << 10
	for path, want := range map[string]string{
		folder: "this is a folder", huge: "huge.star: the file has more than 131072 bytes",
		filepath.Join(folder, "none.star"): "none.star: no such file or directory",

		file(t, ""):                           "defines none of the functions that are called, command, opened, closed",
		file(t, "def comand(c): pass"):        "is comand meant to be command?",
		file(t, "def command(c, d): pass"):    "test.star:1:1: command has 2 parameters",
		file(t, "command = 1"):                "command is a int: it must be a function",
		file(t, "def command(c):\n  if"):      "test.star:2:5: got newline",
		file(t, "def command(c):\n    x"):     "test.star:2:5: undefined: x",
		file(t, "match = 'cmdd == 1'\n"+none): "match: ",
		file(t, "match = 1\n"+none):           "match is a int: it must be a string",
		file(t, "load('x.star', 'y')\n"+none): "a script is one file",

		file(t, "for i in range(1000000): [j for j in range(1000)]"): "it takes more than 200000 steps",

		file(t, strings.Repeat("(", large)):                                       "test.star:",
		file(t, "x = "+strings.Repeat("-", large)+"1"):                            "test.star:",
		file(t, "x = "+strings.Repeat("not ", large/4)+"1"):                       "test.star",
		file(t, "x = "+strings.Repeat("[", large/2)+strings.Repeat("]", large/2)): "test.star",
	} {
		if _, err := Load(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %.200v, want %q", path, err, want)
		}
	}
}

// TestSeed: random numbers are the same in each run with the same seed, and others with another.
func TestSeed(t *testing.T) {
	path := file(t, "def command(c): print(random(), random())")
	numbers := func(seed uint64) (line string) {
		s, err := LoadAll([]string{path}, Options{Seed: seed, Print: func(_, text string) { line = text }})
		if err != nil {
			t.Fatal(err)
		}
		e := event(decode.FromClient, dialect.NS, "CHG 5 NLN\r\n")
		s.Command(e, e.In.Raw, testConn{})
		return line
	}
	if a, b, c := numbers(1), numbers(1), numbers(2); a != b || a == c || a == "" {
		t.Errorf("%q, %q with the same seed, %q with another", a, b, c)
	}
}

// TestPrintsAreBounded: a script that prints without end does not fill a disk.
func TestPrintsAreBounded(t *testing.T) {
	r := load(t, "def command(c):\n    print(\"x\" * 10000)")
	for range 1000 {
		r.say(dialect.NS, "CHG 5 NLN\r\n")
	}
	if len(r.printed) != maxPrinted+1 || len(r.printed[0]) != maxLine {
		t.Errorf("%d lines, the first of %d bytes", len(r.printed), len(r.printed[0]))
	}
}

// TestStateIsMeasured: a value that an earlier call kept is measured again, whatever the way by
// which a later one gets hold of it and lets it grow.
func TestStateIsMeasured(t *testing.T) {
	for _, way := range []string{
		`state["l"]`, `state.get("l")`, `state.values()[0]`, `state.items()[0][1]`, `dict(state)["l"]`,
		`[state[k] for k in state][0]`, `list(state.items())[0][1]`,
	} {
		bubble(t, way, func(t *testing.T) {
			r := load(t, "state[\"l\"] = []\n\ndef command(c):\n    "+way+".extend(range(110000))\n")
			r.say(dialect.NS, "CHG 5 NLN\r\n")
			if len(r.failed) != 1 || !strings.Contains(r.failed[0], `state["l"] is forgotten`) {
				t.Errorf("failures %.300q", r.failed)
			}
			if s := r.scripts[0].state; s.Len() != 0 || s.total != (size{}) {
				t.Errorf("it keeps %d values, %+v", s.Len(), s.total)
			}
		})
	}
}
