package ui

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// talk returns the options of an inspector on the scripted session.
func talk() Options {
	s := newScript()
	s.talk()
	return Options{Log: s.log}
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name       string
		w, h       int
		show, hide []string
	}{
		{
			"three panes", 140, 42,
			[]string{"1 Sessions", "2 Commands", "3 Decode", "4 Bytes", "XFR 10 SB", "sess 3", "cmd 33", "errors 1"},
			nil,
		},
		{
			"two columns", 120, 30,
			[]string{"1 Sessions", "2 Commands", "3 Decode", "4 Bytes", "INF 1 MD5"},
			[]string{"0000 "},
		},
		{"one pane", 80, 24, []string{"2 Commands", "VER 0 MSNP2 CVR0", "F1 Help", "q Quit"}, []string{"MSNP2 wants"}},
		{"too small", 30, 6, []string{"too small a window"}, []string{"VER"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, c.w, c.h, talk())
			b.shows(c.show...)
			b.hides(c.hide...)
		})
	}
}

func TestRowsSayWhatAPersonLooksFor(t *testing.T) {
	b := open(t, 120, 70, talk())
	for _, c := range []struct{ row, want string }{
		{"INF 1 MD5", "13ms"},
		{"XFR 2 NS 64.4.13.58:1863", "✎"},
		{"ERR_NOT_ALLOWED_WHEN_OFFLINE", "← 913 8"},
		{"XFR 8 SB", "→ XFR 8 SB"},
		{"VER 3 MSNP2", "NS#2"},
		{"CAL 2 RINGING", "alice"},
	} {
		if got := b.glass.line(c.row); !strings.Contains(got, c.want) {
			t.Errorf("row %q = %q, want %q in it", c.row, got, c.want)
		}
	}
	if fg, _, _ := b.glass.style(t, "ERR_NOT_ALLOWED").Decompose(); fg != tcell.ColorRed {
		t.Errorf("an error is %v, want red", fg)
	}
}

func TestFilterReducesRows(t *testing.T) {
	b := open(t, 120, 30, talk())
	b.press("/", "MSG", "Enter")
	b.shows("[ok 2/37]", "Filter: MSG", "Hello, dear Bob!", "1/2")
	b.hides("VER 0 MSNP2 CVR0")
	b.press("/", "Ctrl-U", "Enter")
	b.shows("VER 0 MSNP2 CVR0", "Filter: none")
}

// TestFilterCompletes: Tab types what is sure, then goes through what fits.
func TestFilterCompletes(t *testing.T) {
	b := open(t, 120, 30, talk())
	b.press("/", "cm", "Tab", " ", "== ", "xf", "Tab")
	b.shows(`Filter: cmd == "XFR"`)
	b.press("Ctrl-U", "payl", "Tab")
	b.shows("Filter: payload")
	b.press(".t", "Tab")
	b.shows("Filter: payload.type")
	b.press("Tab")
	b.shows("Filter: payload.text")
	b.press("Tab", " x")
	b.shows("Filter: payload.type x")
	b.press("Ctrl-U", "nothing that fits", "Tab")
	b.shows("Filter: nothing that fits")
}

func TestFilterLine(t *testing.T) {
	b := open(t, 120, 30, talk())
	b.press("/", `cmd == `)
	b.shows("[wrong]")
	if fg, _, _ := b.glass.style(t, "cmd == ").Decompose(); fg != tcell.ColorRed {
		t.Errorf("a wrong filter is %v, want red", fg)
	}
	b.press("Enter")
	b.shows("[wrong]") // it stays to be mended
	b.press(`"XFR"`)
	if fg, _, _ := b.glass.style(t, "cmd == ").Decompose(); fg != tcell.ColorGreen {
		t.Errorf("a right filter is %v, want green", fg)
	}
	b.press("Enter")
	b.shows("[ok 4/37]")

	b.press("/", "Ctrl-U", "Enter", "/", "Up")
	b.shows(`Filter: cmd == "XFR"`)
	b.press("Down")
	b.hides(`cmd == "XFR"`)
}

func TestFilterAtTheStart(t *testing.T) {
	o := talk()
	o.Filter = "XFR"
	open(t, 80, 24, o).shows("[ok 4/37]")
	o.Filter = "cmd =="
	if _, err := New(o); err == nil {
		t.Error("New took a wrong filter")
	}
}

func TestDetailNamesArguments(t *testing.T) {
	b := open(t, 140, 42, talk())
	b.press(":", "goto 28", "Enter")
	b.shows("ReferralType", "AuthChallengeInfo", "17262740.1050826919.32308", "§8.1", "✎ sent as", "127.0.0.1:1863",
		"answers    #27 XFR 10 SB", "sends the client on to a "+
			"switchboard", "58 46 52 20 31 30 20 53", "sent on: 56 bytes")
	b.press(":", "goto 35", "Enter")
	b.shows("Content-Type", "text/plain; charset=UTF-8", "AckMode", "none is due")
	b.press(":", "goto 21", "Enter")
	b.shows("Carol é") // escapes are undone
}

func TestAnswerAppearsInDetail(t *testing.T) {
	s := newScript()
	s.talk()
	ns := s.open("127.0.0.1:1", "64.4.13.58:1863", 0)
	s.c(ns, "VER 1 MSNP2\r\n")
	b := open(t, 140, 42, Options{Log: s.log})
	b.press("G")
	b.shows("none so far; may be VER")
	s.s(ns, "VER 1 MSNP2\r\n")
	b.settle()
	b.shows("#40 VER 1 MSNP2")
}

func TestOnePaneGoesInAndOut(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press("j", "Enter")
	b.shows("DialectName", "names the dialects that the client speaks")
	b.press("Enter")
	b.shows("56 45 52 20")
	b.press("Esc")
	b.shows("DialectName")
	b.press("Esc")
	b.shows("+time")
	b.press("1")
	b.shows("alice@hotmail.com", "SB#3 with bob 11752013")
	b.press("G", "Enter")
	b.shows("Sessions>alice@hotmail.com>SB#3", "CAL 2 RINGING")
	b.hides("VER 3")
	b.press("q")
	b.shows("VER 3")
	b.press("Esc")
	if b.quit {
		t.Fatal("Esc quit the program")
	}
	b.press("q")
	if !b.quit {
		t.Error("q at the outermost did not quit")
	}
}

func TestTabGoesRound(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press("j", "Tab")
	b.shows("DialectName")
	b.press("Tab", "Tab")
	b.shows("SB#3 with bob 11752013")
	b.press("Shift-Tab")
	b.shows("56 45 52 20")
}

func TestTreeFolds(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press("1", "j", "h")
	b.shows("▸● alice@hotmail.com")
	b.hides("SB#3")
	b.press("l")
	b.shows("SB#3")
}

func TestFollowAndUnfollow(t *testing.T) {
	s := newScript()
	s.talk()
	b := open(t, 80, 24, Options{Log: s.log, Live: true})
	b.shows("FOLLOW", "37/37")
	s.talk()
	b.settle()
	b.shows("74/74")
	b.press("k")
	b.shows("73/74")
	b.hides("FOLLOW")
	row := b.glass.line("73 ")
	s.talk()
	b.settle()
	b.shows("73/111")
	if got := b.glass.line("73 "); got != row {
		t.Errorf("new rows moved the view: %q, was %q", got, row)
	}
	b.press("G")
	b.shows("FOLLOW", "111/111")
	b.press("f")
	b.hides("FOLLOW")
	b.press("f")
	b.shows("FOLLOW")
}

func TestPause(t *testing.T) {
	s := newScript()
	s.talk()
	b := open(t, 80, 24, Options{Log: s.log, Live: true})
	b.press("p")
	s.talk()
	b.settle()
	b.shows("PAUSED +37", "37/37")
	b.press("p")
	b.shows("74/74")
	b.hides("PAUSED")
}

func TestResizeKeepsSelection(t *testing.T) {
	b := open(t, 140, 42, talk())
	b.press(":", "goto 23", "Enter")
	for _, size := range [][2]int{{80, 24}, {120, 30}, {45, 9}, {30, 5}, {200, 60}, {140, 42}} {
		b.resize(size[0], size[1])
		if _, e := b.model.Selected(); e.N != 23 {
			t.Fatalf("at %v #%d is selected, want #23", size, e.N)
		}
		if size[0] >= minWidth && b.glass.line("913 8") == "" {
			t.Errorf("at %v the selected row is not to be seen:\n%s", size, b.glass.text())
		}
	}
}

func TestHelpIsEverywhere(t *testing.T) {
	b := open(t, 80, 24, talk())
	for _, key := range []string{"F1", "?"} {
		b.press(key)
		b.shows("Help", "half a page down")
		b.press("G")
		b.shows("args.UserHandle")
		b.press("Esc")
		b.hides("args.UserHandle")
	}
	b.press("/", "?")
	b.shows("half a page down")
	b.press("q", "MSG", "?")
	b.shows("Filter: MSG?") // with text in the line it is a character
	b.press("F1")
	b.shows("half a page down")
	b.press("Esc")
	b.shows("Filter: MSG?")
}

func TestExplain(t *testing.T) {
	b := open(t, 140, 42, talk())
	b.press(":", "goto 27", "Enter", "K")
	b.shows("XFR  #27", "§8.1", "asks for a switchboard", "answered by  XFR, or an error", "XFR 9 SB", "#28 XFR 10")
	b.press(":", "goto 23", "Enter")
	b.shows("913  #23", "ERR_NOT_ALLOWED_WHEN_OFFLINE")
	b.press("g")
	b.shows("A client opened this TCP connection")
	b.press("K")
	b.hides("A client opened this TCP connection")
}

func TestFindGoesOn(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press(":", "find xfr", "Enter")
	b.shows("7/37")
	b.press("n")
	b.shows("22/37")
	b.press("N", "N")
	b.shows("28/37") // past the beginning it goes on at the end
	b.press(":", "find zorro", "Enter")
	b.shows("nothing says", "28/37")
}

func TestCommandLine(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press(":", "fil", "Tab", "MSG", "Enter")
	b.shows("[ok 2/37]")
	b.press(":", "filter", "Enter")
	b.shows("Filter: none")
	b.press(":", "filter cmd ==", "Enter", ":", "Esc", ":", "frobnicate", "Enter")
	b.shows("no command")
	b.press(":", "12", "Enter")
	b.shows("12/37")
	b.press(":", "fold", "Enter")
	b.shows("FOLDED")
	b.press(":", "fold", "Enter")
	b.hides("FOLDED")
	b.press(":", "quit", "Enter")
	if !b.quit {
		t.Error(":quit did not quit")
	}
}

func TestQuestionBeforeQuitting(t *testing.T) {
	o := talk()
	o.Question = func() (string, bool) { return "a.pcapng is still being recorded.", true }
	b := open(t, 80, 24, o)
	b.press("q")
	b.shows("a.pcapng is still being recorded. Quit? (y/n)")
	b.press("n")
	if b.quit {
		t.Fatal("n quit")
	}
	b.press("q", "y")
	if !b.quit {
		t.Error("y did not quit")
	}
	b = open(t, 80, 24, o)
	if b.press("/", "Ctrl-C"); !b.quit {
		t.Error("Ctrl-C did not quit at once")
	}
}

func TestCopy(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press("j", "y")
	if got, want := string(b.glass.GetClipboardData()), "C: VER 0 MSNP2 CVR0\n"; got != want {
		t.Errorf("y copied %q, want %q", got, want)
	}
	b.press("Y")
	if got, want := string(b.glass.GetClipboardData()), "5645522030204d534e50322043565230"+"0d0a"; got != want {
		t.Errorf("Y copied %q, want %q", got, want)
	}
}

func TestLog(t *testing.T) {
	o := talk()
	b := open(t, 80, 24, o)
	b.press("E")
	b.shows("nothing was logged")
	o.Logs = func() []string { return []string{"level=WARN msg=\"disk full\x1b[2J\""} }
	b = open(t, 80, 24, o)
	b.press("E")
	b.shows("disk full")
}

func TestMouse(t *testing.T) {
	b := open(t, 120, 30, talk())
	click := func(x, y int, buttons tcell.ButtonMask) {
		b.handle(tcell.NewEventMouse(x, y, buttons, tcell.ModNone))
		b.handle(tcell.NewEventMouse(x, y, tcell.ButtonNone, tcell.ModNone))
		b.settle()
	}
	x := b.layout.panes[listPane].x + 5
	click(x, 8, tcell.ButtonPrimary)
	b.shows("5/37")
	click(x, 8, tcell.WheelDown)
	b.shows("8/37")
	click(3, 5, tcell.ButtonPrimary)
	if b.focus != treePane || b.model.TreeCursor() != 2 {
		t.Errorf("click in the tree: pane %d, row %d, want the tree and row 2", b.focus, b.model.TreeCursor())
	}
	click(x+32, b.layout.panes[detailPane].y, tcell.ButtonPrimary)
	if b.focus != bytesPane {
		t.Errorf("a click on the name of the bytes went to pane %d", b.focus)
	}
	b.press("F9")
	b.shows("mouse off")
}

func TestWithoutColoursOrUnicode(t *testing.T) {
	o := talk()
	o.Title = func() string { return ":1863->embedded" }
	o.Getenv = func(name string) string {
		return map[string]string{"NO_COLOR": "1", "MSNSCOPE_ASCII": "1"}[name]
	}
	b := open(t, 140, 42, o)
	b.press(":", "goto 28", "Enter", "1", "j")
	for y, row := range b.glass.cells {
		for x, r := range row {
			if r > '~' && r != '§' && r != 'é' {
				t.Fatalf("%q at %d, %d", r, x, y)
			}
			if fg, bg, _ := b.glass.styles[y][x].Decompose(); fg != tcell.ColorDefault || bg != tcell.ColorDefault {
				t.Fatalf("colours %v on %v at %d, %d", fg, bg, x, y)
			}
		}
	}
}

func TestEmptyLog(t *testing.T) {
	open(t, 80, 24, Options{Log: &memLog{}}).shows("the capture is empty")
	b := open(t, 140, 42, Options{Log: &memLog{}, Live: true, Title: func() string { return ":1863→embedded" }})
	b.shows("nothing yet", ":1863→embedded")
	b.press("j", "G", "Enter", "Enter", "K", "y", "Y", "n", "F4", "Esc", "Esc", "1", "l", "h", "Enter")
	b.press("2", "/", "MSG", "Enter")
	b.shows("[ok 0/0]")
}

func TestWindowScrollsNoMoreThanItMust(t *testing.T) {
	for _, c := range []struct {
		name                        string
		top, selected, rows, height int
		want                        int
	}{
		{"within", 10, 15, 100, 10, 10},
		{"above", 10, 5, 100, 10, 5},
		{"below", 10, 25, 100, 10, 16},
		{"rows went away", 90, 20, 21, 10, 11},
		{"few rows", 5, 2, 3, 10, 0},
		{"none", 5, -1, 0, 10, 0},
	} {
		if got := window(c.top, c.selected, c.rows, c.height); got != c.want {
			t.Errorf("%s: window(%d, %d, %d, %d) = %d, want %d", c.name, c.top, c.selected, c.rows, c.height, got,
				c.want)
		}
	}
}

// TestLeapScrollsSeldom: within the pane only the selection moves; at its edge a quarter of the
// pane comes into sight.
func TestLeapScrollsSeldom(t *testing.T) {
	for _, c := range []struct {
		name                        string
		top, selected, rows, height int
		following                   bool
		want                        int
	}{
		{"within", 10, 15, 100, 12, false, 10},
		{"above", 10, 9, 100, 12, false, 7},
		{"below", 10, 22, 100, 12, false, 13},
		{"a leap", 10, 60, 100, 12, false, 51},
		{"at the end", 80, 99, 100, 12, false, 88},
		{"followed", 88, 100, 101, 12, true, 91},
		{"followed on", 91, 101, 102, 12, true, 91},
		{"no longer followed", 91, 101, 102, 12, false, 90},
		{"rows went away", 90, 20, 21, 12, true, 11},
		{"few rows", 5, 2, 3, 12, true, 0},
		{"none", 5, -1, 0, 12, true, 0},
		{"no height", 5, 7, 10, 0, false, 8},
	} {
		got := leap(c.top, c.selected, c.rows, c.height, c.following)
		if got != c.want {
			t.Errorf("%s: %d is the first row, want %d", c.name, got, c.want)
		}
	}
}
