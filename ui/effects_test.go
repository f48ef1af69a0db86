package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// what returns everything that a key can change for its user: what the screen shows and how, what
// is asked of the traffic, the clipboard, the end.
func (b *driven) what() string {
	var s strings.Builder
	b.glass.mu.Lock()
	for y, row := range b.glass.cells {
		fmt.Fprintf(&s, "%s %v\n", string(row), b.glass.styles[y])
	}
	b.glass.mu.Unlock()
	fmt.Fprint(&s, b.App.quit, b.mouse, string(b.glass.GetClipboardData()))
	if d, ok := b.o.Steering.(*controls); ok {
		fmt.Fprint(&s, d.asked, d.expr, len(d.held))
	}
	return s.String()
}

// TestEveryKeyDoesSomething presses each key of the table in each pane: in one at least it must
// have an effect, and in none may it do harm.
func TestEveryKeyDoesSomething(t *testing.T) {
	// What must be so before a key has an effect.
	before := map[string][]string{
		"k": {"j", "j"}, "Up": {"j", "j"}, "Ctrl-U": {"G"}, "PgUp": {"G"}, "g": {"G"}, "Home": {"G"},
		"'": {"m", "a"}, ".": {":", "goto 12", "Enter", "g"}, "I": {"i", "MSG", "Enter"}, "N": {"G"},
		"=": {"Space", "j", "Space"},
		"h": {"l"}, "Left": {"l"}, "Esc": {"Enter"}, "[": {"]"},
	}
	for _, k := range keyTable() {
		for _, name := range strings.Fields(k.keys) {
			t.Run(name, func(t *testing.T) {
				for p := range panes {
					for _, what := range []string{"a proxy", "a file", "a lesson"} {
						if effect(t, p, what, before[name], name) {
							return
						}
					}
				}
				t.Errorf("%s does nothing anywhere: %s", name, k.help)
			})
		}
	}
}

// effect reports whether a key has one, in a pane of a proxy, of a file or of a lesson.
func effect(t *testing.T, p pane, what string, before []string, name string) bool {
	b, d := steered(t)
	switch what {
	case "a lesson":
		b = open(t, 80, 24, firstLesson(t))
	case "a file":
		now := time.Unix(0, 0)
		o := talk()
		o.Now, o.Logs = func() time.Time { return now }, func() []string { return []string{"a line"} }
		o.Save, o.Replay = (&saver{}).save, (&player{}).start
		b = open(t, 80, 24, o)
		b.press(":", "27", "Enter")
	case "a proxy":
		b.o.Stop = func() error { d.asked = append(d.asked, "stop"); return nil }
	}
	b.to(p)
	b.press(before...)
	b.App.message = seg{}
	b.settle()
	was := b.what()
	b.press(name)
	b.App.message = seg{} // a word is no effect
	b.settle()
	return b.what() != was || b.App.pending != nil
}
