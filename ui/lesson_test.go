package ui

import (
	"errors"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui/model"
)

// taught returns the options for a lesson in the given text, on a shipped recording.
func taughtBy(t *testing.T, name string, text []byte, recording string) Options {
	t.Helper()
	log := capturestest.Samples(t, recording)
	l, err := lesson.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := lesson.Bind(l, log); err != nil {
		t.Fatal(err)
	}
	return Options{Log: log, Teaching: &Teaching{Lesson: l, Next: "The second lesson"}}
}

func firstLesson(t *testing.T) Options {
	t.Helper()
	text, err := samples.FS.ReadFile("logon.md")
	if err != nil {
		t.Fatal(err)
	}
	return taughtBy(t, "logon", text, "logon.pcapng")
}

// page presses Enter until the end of the page is on the screen.
func (b *driven) pageEnd() {
	b.t.Helper()
	for range 20 {
		if p := &b.detail; p.top+p.height >= p.len() {
			return
		}
		b.press("Enter")
	}
	b.t.Fatal("Enter does not reach the end of the page")
}

// TestLessonIsPlayed: in every size, the page and the ladder are seen together; what comes next is
// not shown before it is asked for; a wrong answer is explained, an empty one gives hints and then
// the answer; a right one lets Enter go on, and is kept.
func TestLessonIsPlayed(t *testing.T) {
	for _, size := range sizes {
		o := firstLesson(t)
		var kept []string
		o.Teaching.Keep = func(page int, solved []bool) error {
			kept = append(kept, strings.TrimRight(marks(page, solved), " "))
			return nil
		}
		b := open(t, size[0], size[1], o)
		b.shows("The first logon", "Ladder", "Lesson")
		b.pageEnd()
		b.press("Enter")
		b.shows("Which dialect?", "#2    C: VER 0 MSNP2", "VER 0 MSNP2")
		b.hides("INF 1")
		b.pageEnd()
		b.press("Enter")
		b.shows("Answer:", "Question: Both now speak the same dialect")
		b.press("OUT", "Enter")
		b.shows("OUT: the client leaves. That is", "Answer: OUT")
		b.press("Ctrl-U", "Enter")
		b.shows("Hint: The command is short")
		b.press("Esc")
		b.hides("Answer:")
		b.press("Enter", "INF 9", "Enter")
		b.shows("Right.", "C: INF 1")
		b.hides("Answer:")
		b.press("Enter")
		b.shows("How do I prove who I am?", "INF 1 MD5")
		b.press("[", "]", "]")
		b.shows("Go somewhere else")
		if got := kept[len(kept)-1]; got != "3:x" {
			t.Errorf("%v: what is kept is %q, want page 3 with step 1 solved", size, got)
		}
	}
}

// marks returns the page and an x for each solved step.
func marks(page int, solved []bool) string {
	text := string(rune('0'+page)) + ":"
	for _, is := range solved {
		if is {
			text += "x"
			continue
		}
		text += " "
	}
	return text
}

// TestLessonToTheEnd: all answers lead to the last page, which counts them, and Enter leads on.
func TestLessonToTheEnd(t *testing.T) {
	o := firstLesson(t)
	b := open(t, 140, 42, o)
	b.pageEnd()
	b.press("Enter")
	for _, step := range o.Teaching.Lesson.Steps {
		b.pageEnd()
		if step.Question == nil {
			b.press("]")
			continue
		}
		b.press("Enter", step.Question.Solution(), "Enter", "Enter")
	}
	b.shows("You solved 7 of its 8", "The next lesson: The second lesson", "/44")
	b.pageEnd()
	if b.press("Enter"); !o.Teaching.Onward || !b.quit {
		t.Errorf("onward %v, quit %v", o.Teaching.Onward, b.quit)
	}
}

// TestLessonKeys: the tabs come back to the lesson, the tree can be reached, hints end with the
// answer, and without a lesson the keys say so.
func TestLessonKeys(t *testing.T) {
	b := open(t, 140, 42, firstLesson(t))
	b.press("]", "K")
	b.shows("Arguments")
	b.press("K")
	b.shows("Which dialect?")
	b.press("F4", "Esc")
	b.shows("Which dialect?")
	b.press("1")
	b.shows("1 Sessions")
	b.press("3")
	b.pageEnd()
	b.press("Enter", "Enter", "Enter", "Enter")
	b.shows("One answer", "C: INF 1")
	b.hides("Answer:")
	b.press("Enter")
	b.shows("How do I prove")
	b.press("[", "[", "[")
	b.shows("this is the first page")

	b = open(t, 140, 42, chat())
	b.press("]")
	b.shows("no lesson is played: msnscope learn plays one")
}

// TestBytesOfAnEndBesideALesson: where a step ends with the end of a connection, which has no
// bytes, Tab leads to a page that says so, and back.
func TestBytesOfAnEndBesideALesson(t *testing.T) {
	b := open(t, 140, 30, firstLesson(t))
	b.press("]", "]", "]")
	b.shows("Go somewhere else")
	b.press("Tab")
	b.shows("no bytes: this is no command")
	b.press("Up", "d", "d", "3")
	b.shows("Go somewhere else")
}

// TestLessonTextIsText: markup, escapes and very long words of a lesson are shown as they are.
func TestLessonTextIsText(t *testing.T) {
	text := "# <b>[red]T[-]</b>\n\nA *b* and `[::b]c` and " + strings.Repeat("x", 500) + ".\n\n" +
		"## S\n\n```msn\n#2 C: VER 0 MSNP2\n```\n\nSee **<i>this</i>** and [a link](http://x).\n"
	b := open(t, 100, 30, taughtBy(t, "x", []byte(text), "logon.pcapng"))
	b.shows("<b>[red]T[-]</b>", "A *b* and [::b]c and")
	b.pageEnd()
	b.press("Enter")
	b.shows("See <i>this</i> and a link.")
	b.harmless()
}

// TestLongCommandIsShownWhole: the line of a command that is longer than the page goes on below it.
func TestLongCommandIsShownWhole(t *testing.T) {
	const ring = "RNG 32979361 127.0.0.4:1863 CKI 191340579.9677228680.7163999620 alice@hotmail.com alice"
	text := "# T\n\n## S\n\n```msn\n#74 S: " + ring + "\n```\n\nBob is called.\n"
	b := open(t, 140, 45, taughtBy(t, "x", []byte(text), "conversation.pcapng"))
	b.pageEnd()
	b.press("Enter")
	page := ""
	for line := range strings.SplitSeq(b.glass.text(), "\n") {
		if cells := strings.Split(line, "│"); len(cells) > 2 {
			page += strings.ReplaceAll(cells[len(cells)-2], " ", "")
		}
	}
	if !strings.Contains(page, strings.ReplaceAll(ring, " ", "")) {
		t.Errorf("the page is %q", page)
	}
}

// fakeServer is a practice whose server answers each line with the same event.
type fakeServer struct {
	*script
	conn   *session.Conn
	lines  []string
	fails  error
	closed bool
}

func (f *fakeServer) Log() model.Log { return f.log }
func (f *fakeServer) Close()         { f.closed = true }

func (f *fakeServer) Send(on dialect.Role, raw []byte) error {
	if f.fails != nil {
		return f.fails
	}
	f.lines = append(f.lines, on.String()+" "+string(raw))
	f.say(f.conn, decode.FromClient, string(raw))
	f.say(f.conn, decode.FromServer, "FLN bob@hotmail.com\r\n")
	return nil
}

const exercise = "# T\n\nIntro.\n\n## Do it\n\nText.\n\n```exercise\nyou: alice at NS\n" +
	"goal: cmd == \"FLN\" => Somebody goes offline.\nnever: cmd == \"OUT\" => You left.\n" +
	"hint: Hide.\nsolution: CHG 1 HDN\n```\n\n## After\n\n```msn\n#2 C: VER 0 MSNP2\n```\n"

// TestExercise: the traffic of the server takes the place of the recording; what is typed is sent;
// goals are ticked as they are reached; what must not be done ends the attempt, and Enter begins
// another; the next page shows the recording again.
func TestExercise(t *testing.T) {
	o := taughtBy(t, "x", []byte(exercise), "logon.pcapng")
	var servers []*fakeServer
	o.Teaching.Practise = func(*lesson.Exercise) (Practice, error) {
		f := &fakeServer{script: newScript()}
		f.conn = f.open("10.0.0.7:1", "10.0.0.1:1863", dialect.NS)
		servers = append(servers, f)
		return f, nil
	}
	b := open(t, 140, 42, o)
	b.press("Enter")
	b.shows("[ ] Somebody goes offline.", "begins the exercise")
	b.press("Enter")
	b.shows("You say:", "connected")
	b.press("OUT", "Enter")
	b.shows("You left.", "begins the exercise again")
	b.press("Enter")
	b.shows("You say:", "[ ] Somebody")
	if len(servers) != 2 || !servers[0].closed {
		t.Fatalf("%d servers, the first closed: %v", len(servers), servers[0].closed)
	}
	b.press("Enter")
	b.shows("Hint: Hide.")
	b.press("{cookie}", "Enter")
	b.shows("That was not sent: the server has not")
	b.press("Ctrl-U", "ns> CHG 1 HDN", "Enter")
	b.settle()
	b.shows("[x] Somebody goes offline.", "Right.", "CHG 1 HDN")
	b.hides("You say:")
	if got := strings.Join(servers[1].lines, "|"); got != "NS CHG 1 HDN\r\n" {
		t.Errorf("sent %q", got)
	}
	b.press("Enter")
	b.shows("After", "VER 0 MSNP2")
	if !servers[1].closed {
		t.Error("the server goes on")
	}

	o.Teaching.Practise = func(*lesson.Exercise) (Practice, error) { return nil, errors.New("no <b>memory") }
	o.Teaching.Solved = nil
	b = open(t, 80, 24, o)
	b.press("Enter", "Enter")
	b.shows("no <b>memory")
}
