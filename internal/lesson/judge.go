package lesson

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/explain"
)

// Verdict is what an answer is worth.
type Verdict struct {
	Right bool
	// Says is what to tell the learner, in whole sentences that do not give the answer away; "" for
	// an answer that is right.
	Says string
}

// maxTyped is how long an answer may be, in bytes: the longest line that the protocol has room for
// is shorter.
const maxTyped = 4096

// Judge judges an answer that was typed. A command is right if it means what one of the answers of
// the lesson means: the same command, in the same form, with the same arguments. What is new in
// each session may have any value: a TrID that a client chooses, challenges and digests, cookies,
// session numbers, serials, addresses, lengths, names. C: or S: before it may be missing, blanks
// may be several. A word is right regardless of case, also among a few others.
func (q *Question) Judge(typed string) Verdict {
	typed = strings.TrimSpace(typed)
	if typed == "" || len(typed) > maxTyped {
		return Verdict{Says: "An answer is one line."}
	}
	best := Verdict{Says: "That is not it."}
	for i, reached := 0, -1; i < len(q.Answers); i++ {
		far, says := q.Answers[i].compare(typed)
		if far == whole {
			return Verdict{Right: true}
		}
		if far > reached {
			reached, best.Says = far, says
		}
	}
	for i := range q.Wrong {
		if far, _ := q.Wrong[i].compare(typed); far == whole {
			return Verdict{Says: q.Wrong[i].Says}
		}
	}
	return best
}

// How far a typed command agrees with the answer.
const (
	nothing = iota
	itsVerb
	itsForm
	itsRules
	whole
)

// compare returns how far what was typed agrees with the answer, and what to say about the first
// difference.
func (a *Answer) compare(typed string) (far int, says string) {
	if a.Words != nil {
		if slices.ContainsFunc(a.Words, func(w string) bool { return hasWord(typed, w) }) {
			return whole, ""
		}
		return nothing, "That is not it."
	}
	text, dir := typed, a.dir
	if m := sideForm.FindStringSubmatch(strings.ToUpper(typed[:1]) + typed[1:]); m != nil {
		text, dir = strings.TrimSpace(m[2]), decode.Dir(m[1][0])
	}
	if dir != a.dir {
		return nothing, fmt.Sprintf("Here the %s speaks, not the %s.", sides[a.dir], sides[dir])
	}
	raw, err := edit.Typed(text)
	if err != nil {
		return nothing, sentence(err.Error())
	}
	line, _, _ := strings.Cut(string(raw), "\r\n")
	return a.compareCommand(read(line, a.dir, a.by.table, a.by.role))
}

func (a *Answer) compareCommand(c command) (far int, says string) {
	want := &a.by
	switch {
	case c.m.Opaque():
		return nothing, "That is no command: three capital letters, then its arguments with a blank before each (§5.2)."
	case !c.m.InCapitals() && c.m.Verb == want.m.Verb:
		return itsVerb, "The command is right, and its letters are capitals: the draft has it case-sensitive (§5.2)."
	case c.m.Verb != want.m.Verb:
		return nothing, another(&c, a.dir)
	case c.row == nil || c.row != want.row && c.row.ID() != want.row.ID():
		return itsVerb, fmt.Sprintf("%s it is, but in another form. What you typed %s.", c.m.Verb, doing(&c))
	}
	if says := a.rules(&c); says != "" {
		return itsForm, says
	}
	if says := a.arguments(&c); says != "" {
		return itsRules, says
	}
	return whole, ""
}

// another describes a command that is not the one that comes here.
func another(c *command, dir decode.Dir) string {
	if c.m.Verb.Code() != 0 {
		return "That is an error code, and it is not the answer here."
	}
	row := c.row
	if known := len(c.table.Of(dir, c.m.Verb)) > 0; row == nil && known {
		row = c.table.Match(dir, dialect.Any, &c.m) // another kind of server has it
	}
	if row != nil {
		return fmt.Sprintf("%s: %s. That is not what comes here.", c.m.Verb, row.Means)
	}
	if len(c.table.Of(dir.Reverse(), c.m.Verb)) > 0 {
		return fmt.Sprintf("%s is a command that a %s sends, and here the %s speaks.", c.m.Verb,
			sides[dir.Reverse()], sides[dir])
	}
	return fmt.Sprintf("%s has no command %s.", c.table.Name(), c.m.Verb)
}

func doing(c *command) string {
	if c.row == nil {
		return "has no meaning here"
	}
	return "means: " + c.row.Means
}

// rules returns what is wrong with the command by the rules of its row, apart from the values.
func (a *Answer) rules(c *command) string {
	row := c.row
	n := c.m.NumArgs()
	switch {
	case row.TrID == dialect.None && a.by.m.NumArgs() < n:
		return fmt.Sprintf("%s has fewer words: its form is %s. Not every command has a TrID.", row.Verb, row.Grammar())
	case row.TrID != dialect.None && row.TrID != dialect.Perhaps && !c.m.HasTrID:
		return fmt.Sprintf("After %s comes its TrID, a number (§5.6): the form is %s.", row.Verb, row.Grammar())
	case n < row.Min():
		return fmt.Sprintf("The right command, and a word is missing: its form is %s.", row.Grammar())
	case row.Max() >= 0 && n > row.Max():
		return fmt.Sprintf("The right command, and a word too many: its form is %s.", row.Grammar())
	}
	if err := c.table.Check(a.dir, a.by.role, &c.m); err != nil && row.TrID != dialect.Perhaps {
		return sentence("the right command, but " + err.Error())
	}
	chosen := row.TrID == dialect.New && !slices.Contains(a.exact, "TrID")
	if want := a.by.m.TrIDText(); want != nil && !a.any && !chosen && c.m.TrID != a.by.m.TrID {
		return "The right command, with the wrong TrID: an answer repeats that of its request, and what nobody " +
			"asked for has 0 (§5.6)."
	}
	return ""
}

// arguments returns what is wrong with the values, without giving the right ones away.
func (a *Answer) arguments(c *command) string {
	for i := range max(c.m.NumArgs(), a.by.m.NumArgs()) {
		arg, ok := c.row.Arg(i)
		if !ok {
			continue
		}
		want, got := a.by.m.Arg(i), c.m.Arg(i)
		switch {
		case a.free(&arg, want), want != nil && got != nil && same(&arg, arg.Value(want), arg.Value(got)):
			continue
		case want == nil:
			return fmt.Sprintf("The right command, and %s should not be there.", arg.Name)
		case got == nil:
			return fmt.Sprintf("The right command, and %s is missing.", arg.Name)
		}
		text := fmt.Sprintf("The right command, and %s should be another one", arg.Name)
		if pairs := explain.Args(c.row); i < len(pairs) && pairs[i].Text != "" {
			text += ". " + arg.Name + ": " + pairs[i].Text
		}
		return sentence(text)
	}
	return ""
}

// hasWord reports whether a word is what was typed, or one of a few words of it.
func hasWord(typed, word string) bool {
	if strings.EqualFold(typed, word) {
		return true
	}
	parts := strings.FieldsFunc(typed, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`,;!?"'`, r)
	})
	return len(parts) <= 4 && slices.ContainsFunc(parts, func(p string) bool {
		return strings.EqualFold(strings.TrimSuffix(p, "."), word)
	})
}

// sentence returns a text with a capital and a full stop.
func sentence(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
