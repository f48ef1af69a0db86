package lesson_test

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/internal/notation"
)

// shipped returns a shipped lesson, bound to its recording.
func shipped(t *testing.T, name string) *lesson.Lesson {
	t.Helper()
	text, err := samples.FS.ReadFile(name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lesson.Parse(name, text)
	if err != nil {
		t.Fatalf("%s.md: %v", name, err)
	}
	if err := lesson.Bind(l, capturestest.Samples(t, l.Recording)); err != nil {
		t.Fatalf("%s.md: %v", name, err)
	}
	return l
}

// TestShippedLessons: each lesson fits its recording; each question accepts what the lesson calls
// the answer, with C: or S: and without, refuses another command, and has hints that do not give it
// away at once; commands are shown in their order.
func TestShippedLessons(t *testing.T) {
	for _, name := range samples.Lessons {
		l := shipped(t, name)
		if len(l.Intro) == 0 {
			t.Errorf("%s has no introduction", name)
		}
		var before uint64
		asked := 0
		for i := range l.Steps {
			s := &l.Steps[i]
			if last := s.Last(); last != 0 && last < before {
				t.Errorf("%s.md:%d: #%d comes after #%d", name, s.Line, last, before)
			} else if last != 0 {
				before = last
			}
			if s.Asks() {
				asked++
			}
			if s.Question != nil {
				checkQuestion(t, name, s.Question)
			}
		}
		if asked < 3 {
			t.Errorf("%s asks only %d times", name, asked)
		}
	}
}

func checkQuestion(t *testing.T, name string, q *lesson.Question) {
	t.Helper()
	answer := q.Solution()
	if v := q.Judge(answer); !v.Right {
		t.Errorf("%s.md:%d: its own answer %q is wrong: %s", name, q.Line, answer, v.Says)
	}
	bare := strings.TrimPrefix(strings.TrimPrefix(answer, "C: "), "S: ")
	if v := q.Judge("  " + strings.ReplaceAll(bare, " ", "  ")); !v.Right {
		t.Errorf("%s.md:%d: %q is wrong: %s", name, q.Line, bare, v.Says)
	}
	for _, wrong := range []string{"PNG", "hello", "C:", "S: 998 77", "ADD 77 FL", "\\x", "\\r\\n"} {
		if v := q.Judge(wrong); v.Right || v.Says == "" {
			t.Errorf("%s.md:%d: %q is right, or nothing is said about it", name, q.Line, wrong)
		}
	}
	if len(q.Hints) == 0 {
		t.Errorf("%s.md:%d: a question without a hint", name, q.Line)
	} else if strings.Contains(q.Hints[0], bare) && len(bare) > 3 {
		t.Errorf("%s.md:%d: the first hint has the answer", name, q.Line)
	}
}

// TestJudge: what is new in each session is free, everything else counts, and what is said about a
// wrong answer leads on without giving the right one away.
func TestJudge(t *testing.T) {
	l := shipped(t, "logon")
	for _, tc := range []struct {
		step  int // whose question
		typed string
		want  string // part of what is said, "" for a right answer
	}{
		{1, "INF 1", ""},
		{1, "c: INF 77", ""},
		{1, "C:INF 4294967295", ""},
		{1, "INF", "comes its TrID"},
		{1, "INF x", "a number"},
		{1, "INF 1 MD5", "INF TrID"},
		{1, "inf 1", "capitals"},
		{1, "S: INF 1 MD5", "the client speaks"},
		{1, "ADD 1 FL bob@hotmail.com Bob", "adds a user to a list"},
		{1, "ILN 1 NLN bob@hotmail.com Bob", "a server sends"},
		{1, "XYZ 1", "no command XYZ"},
		{1, "what?", "no command"},
		{1, "USR 1 MD5 I alice@hotmail.com", "has to hear from the server first"},
		{2, "USR 9 MD5 I ALICE@hotmail.com", ""},
		{2, "USR 9 MD5 I bob@hotmail.com", "AuthInitiateInfo should be another one"},
		{2, "USR 9 CKI I alice@hotmail.com", "SP is \"CKI\""},
		{2, "USR 9 MD5 S 0123", "it must be I"},
		{3, "NS", ""},
		{3, "to the NS.", ""},
		{3, "DS", "Look at the word"},
		{4, "S: USR 3 MD5 S whatever", ""},
		{4, "S: USR 4 MD5 S whatever", "wrong TrID"},
		{4, "USR 4 MD5 S whatever", "it is the server who speaks"},
		{5, "SYN 8 0", ""},
		{5, "SYN 8 7", "Ser should be another one"},
		{6, "CHG 9 nln", "State is \"nln\""},
		{6, "CHG 9 BSY", "State should be another one"},
		{7, "ADD 9 FL bob%40hotmail.com anybody", ""},
		{7, "ADD 9 FL bob@hotmail.com", ""},
		{7, "ADD 9 AL bob@hotmail.com Bob", "LIST should be another one"},
		{7, "ADD 9 RL bob@hotmail.com Bob", "one of FL, AL, BL"},
		{7, "REM 9 FL bob@hotmail.com", "removes a user"},
	} {
		v := l.Steps[tc.step-1].Question.Judge(tc.typed)
		if v.Right != (tc.want == "") || !strings.Contains(v.Says, tc.want) {
			t.Errorf("step %d, %q: right %v, %q, want %q", tc.step, tc.typed, v.Right, v.Says, tc.want)
		}
	}
	long := l.Steps[0].Question.Judge("INF " + strings.Repeat("1", 10_000))
	if long.Right || long.Says == "" {
		t.Errorf("a line of 10,000 characters: %+v", long)
	}
}

const short = "# T\n\nIntro.\n\n## S\n\n```msn\n#2 C: VER 0 MSNP2\n```\n\nText.\n"

// TestErrors: each says line and column, and what would be valid there.
func TestErrors(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", "line 1, column 1: there is no title: a lesson begins with a line # TITLE"},
		{"hello\n", `line 1, column 1: "hello": a lesson begins`},
		{"# T\n\nIntro.\n", "there are no steps: each begins with a line ## TITLE"},
		{"# T\n## S\n\nText.\n", `line 2, column 1: the step "S": it shows no command`},
		{"# T\n### S\n", "line 2, column 1: \"### S\": the only titles are #"},
		{short + "\n<script>alert(1)</script>\n", "line 13, column 1: \"<script>alert(1)</script>\": a lesson " +
			"has no tables"},
		{short + "\x1b[31mred\n", "line 12, column 1: the character U+001B cannot be shown"},
		{short + "\u202egnp\n", "line 12, column 1: the character U+202E"},
		{short + "a\xff\n", "not a text in UTF-8"},
		{short + "\n**Hint:** think\n", `line 13, column 3: "Hint" is no label of a paragraph: they are **Why:**`},
		{short + "\n**Question:** What?\n", `line 5, column 1: the step "S": it has a question and no`},
		{short + "\n```answer\n#3\n```\n", `line 5, column 1: the step "S": it has an`},
		{short + "\n```answer\nhint: x\n```\n", "line 15, column 1: there is no answer: valid are #4"},
		{short + "\n```answer\nVER 0\n```\n", `line 14, column 1: "VER 0" is no answer: valid are #4`},
		{short + "\n```answer\nC: XYZ 1\n```\n", `line 14, column 4: "XYZ 1" is no command that a client sends`},
		{short + "\n```answer\n#x\n```\n", `line 14, column 1: "#x" is no number of a command`},
		{short + "\n```answer\nC: CHG 1 NLN\nexact: " +
			"Stat\n```\n", `line 15, column 8: CHG has no argument "Stat": it has TrID, State`},
		{short + "\n```answer\n#3\nwrong: C: OUT\n```\n", "line 15, column 8: a wrong answer has its explanation " +
			"after =>"},
		{short + "\n```python\n", "line 13, column 4: ```python: after ``` stands msn"},
		{short + "\n```text\nnever ends\n", "line 13, column 1: ```text is never closed"},
		{"# T\n\n```msn\n", "line 3, column 1: ```msn belongs to a step"},
		{"# T\n## S\n```msn\n2 C: VER\n```\n", `line 4, column 1: "2 C: VER" shows no command: valid are #2 C:`},
		{"# T\nRecording: " +
			"../../etc/passwd\n" + short[4:], `line 2, column 12: "../../etc/passwd" is no name of a recording`},
		{short + "## X\n```exercise\nyou: mallory at NS\n```\n", `line 14, column 6: "mallory at NS": valid is`},
		{short + "## X\n```exercise\nyou: alice at NS\ngoal: cmd = 3 => x\n```\n", "line 15, column 11: in the " +
			"filter: = compares nothing"},
		{short + "## X\n```exercise\nyou: alice at NS\ngoal: cmdd == \"FLN\" => x\n```\n", "line 15, column 7: " +
			"in the filter: unknown field \"cmdd\": did you mean cmd?"},
		{short + "## X\n```exercise\nyou: alice at NS\n```\n", "line 15, column 1: the exercise has no goal"},
		{short + "## X\n```exercise\ntask: x\n```\n", `line 14, column 1: "task": valid are you:`},
	} {
		_, err := lesson.Parse("x", []byte(tc.text))
		var at *notation.Error
		if !errors.As(err, &at) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
	if _, err := lesson.Parse("x", make([]byte, lesson.MaxSize+1)); err == nil {
		t.Error("a file that is too long is read")
	}
}

// TestOtherRecording: a lesson that names what its recording does not have says which line that is,
// and what stands there.
func TestOtherRecording(t *testing.T) {
	text, err := samples.FS.ReadFile("logon.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"conversation.pcapng": `line 53, column 1: conversation.pcapng is not the recording that this lesson was ` +
			`written for: #7 there is "S: XFR 2 NS`,
		"busy.pcapng": "is not the recording that this lesson was written for",
	} {
		other := bytes.Replace(text, []byte("XFR 2 NS 127.0.0.3:1863"), []byte("XFR 2 NS 127.0.0.3:1"), 1)
		l, err := lesson.Parse("logon", other)
		if err != nil {
			t.Fatal(err)
		}
		l.Recording = name
		if err := lesson.Bind(l, capturestest.Samples(t, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
	}
	l, err := lesson.Parse("logon", text)
	if err != nil {
		t.Fatal(err)
	}
	err = lesson.Bind(l, eventlog.New(eventlog.Options{}))
	if err == nil || !strings.Contains(err.Error(), "it has no #1") {
		t.Errorf("an empty recording: %v", err)
	}
}

// TestText: the lesson as text has everything that the learner sees, the answers only where they
// are wanted, and no line that is too wide.
func TestText(t *testing.T) {
	l := shipped(t, "logon")
	with, without := lesson.Text(l, 80, true), lesson.Text(l, 80, false)
	for line := range strings.Lines(with) {
		if len([]rune(line)) > 81 {
			t.Errorf("too wide: %s", line)
		}
	}
	if !strings.Contains(with, "Answer: C: INF 1\n") || strings.Contains(without, "Answer:") ||
		!strings.Contains(without, "    #4    C: INF 1\n") || strings.Contains(without, "**") {
		t.Errorf("the text is\n%s", with)
	}
}

func FuzzParse(f *testing.F) {
	files, err := fs.Glob(samples.FS, "*.md")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		text, err := samples.FS.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := lesson.Parse("x", text)
		if err != nil {
			var at *notation.Error
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 {
				t.Fatalf("the error %v has no place", err)
			}
			return
		}
		for _, r := range lesson.Text(l, 80, true) {
			if r < ' ' && r != '\n' && r != '\t' {
				t.Fatalf("the text has the character %U", r)
			}
		}
	})
}

// TestLessonsCoverTheDraft: together the lessons meet every command of the draft in both
// directions, every state, list and error.
func TestLessonsCoverTheDraft(t *testing.T) {
	met := metIn(t)
	for _, want := range ofDraft() {
		if !met[want] {
			t.Errorf("no lesson meets %s", want)
		}
	}
	if len(met) < len(ofDraft()) {
		t.Errorf("the lessons meet %d things, the draft has %d", len(met), len(ofDraft()))
	}
}

// metIn returns what the steps of the shipped lessons show, in the words of ofDraft.
func metIn(t *testing.T) map[string]bool {
	t.Helper()
	met := map[string]bool{}
	for _, name := range samples.Lessons {
		l := shipped(t, name)
		for i := range l.Steps {
			for _, c := range l.Steps[i].Shows {
				e := c.Event()
				if e.Row == nil {
					continue
				}
				if code := e.In.Verb.Code(); code != 0 {
					met["error "+strconv.Itoa(code)] = true
					continue
				}
				met[e.In.Verb.String()+" from the "+map[decode.Dir]string{'C': "client", 'S': "server"}[e.Dir]] = true
				for i := range e.In.NumArgs() {
					arg, _ := e.Row.Arg(i)
					switch word := string(e.In.Arg(i)); arg.Name {
					case "State", "Substate":
						met["state "+word] = true
					case "LIST":
						met["list "+word] = true
					}
				}
			}
		}
	}
	return met
}

// ofDraft returns everything that the draft has: its commands by direction, states, lists and
// errors.
func ofDraft() (all []string) {
	for _, row := range dialect.MSNP2.Rows() {
		if !row.Extension && row.Verb != "###" {
			all = append(all, row.Verb+" from the "+map[decode.Dir]string{'C': "client", 'S': "server"}[row.Dir])
		}
	}
	for _, state := range dialect.States {
		all = append(all, "state "+state)
	}
	for _, list := range dialect.Lists {
		all = append(all, "list "+list)
	}
	for _, code := range decode.ErrorCodes() {
		if decode.ErrorInDraft(code) {
			all = append(all, "error "+strconv.Itoa(code))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
