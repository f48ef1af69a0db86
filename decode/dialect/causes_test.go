package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// TestCausesAreOfTheTable checks that each command in the table of causes has a row, and that this
// row has the fields that must agree.
func TestCausesAreOfTheTable(t *testing.T) {
	const where = "causes in decode/dialect/causes.go"
	if len(causes) == 0 {
		t.Fatal("nothing causes anything")
	}
	for i, x := range causes {
		if len(x.From.By) == 0 || len(x.From.By) != len(x.To.By) {
			t.Errorf("%s, entry %d: as many fields tell the cause as the consequence, at least one", where, i)
		}
		for _, o := range []*Occasion{&x.From, &x.To} {
			if o.End {
				continue
			}
			if !slices.ContainsFunc(tables, func(t *Table) bool {
				return slices.ContainsFunc(t.rows, func(r Row) bool { return o.isOf(&r) && r.tells(o.By) })
			}) {
				t.Errorf("%s, entry %d: no dialect has %s %s %s with the fields that tell it",
					where, i, o.Dir, o.Verb, o.Word)
			}
		}
	}
}

// isOf reports whether a command of the row can be the occasion.
func (o *Occasion) isOf(r *Row) bool {
	word := func(a Arg) bool { return a.Is == o.Word || slices.Contains(a.Values, o.Word) }
	return r.Dir == o.Dir && r.Verb == o.Verb.String() && (o.Role == 0 || r.Roles&o.Role != 0) &&
		(o.Word == "" || slices.ContainsFunc(r.Args, word))
}

// tells reports whether a command of the row has those of the fields that are parts of a command.
func (r *Row) tells(fields []Field) bool {
	for _, f := range fields {
		hasField := true
		switch f {
		case OtherUser:
			hasField = r.kinds&KindsOf(Handle) != 0
		case ItsCookie:
			hasField = r.kinds&KindsOf(Cookie) != 0
		case ItsState:
			hasField = slices.ContainsFunc(r.Args,
				func(a Arg) bool { return a.Name == "State" || a.Name == "Substate" })
		case ItsText:
			hasField = r.Payload != decode.NoPayload
		}
		if !hasField {
			return false
		}
	}
	return true
}

// TestFailuresAreOfTheTable checks that each code in failures is known, and that clients send each
// command it lists.
func TestFailuresAreOfTheTable(t *testing.T) {
	for code, verbs := range failures {
		if decode.ErrorMeaning(code) == "" {
			t.Errorf("failures in decode/dialect/answers.go has %d, which is no code of decode/errors.go", code)
		}
		for _, verb := range strings.Fields(verbs) {
			if !slices.ContainsFunc(tables, func(t *Table) bool { return t.Of(c, decode.V(verb)) != nil }) {
				t.Errorf("failures in decode/dialect/answers.go has %s for %d: no client sends it", verb, code)
			}
		}
	}
}

func TestFailsWith(t *testing.T) {
	for code, want := range map[int]string{215: "ADD CAL", 913: "XFR", 207: "USR", 299: ""} {
		if got := strings.Join(FailsWith(code), " "); got != want {
			t.Errorf("%d comes after %q, want %q", code, got, want)
		}
	}
}

// TestSettingsAreSet checks that each setting of the draft has a command with the effect of setting
// it.
func TestSettingsAreSet(t *testing.T) {
	for _, x := range Settings {
		rows := MSNP2.Of(s, decode.V(x.Verb))
		if len(rows) == 0 || rows[0].Effect(NS) != SetsSetting {
			t.Errorf("%s is no setting in the table of effects", x.Verb)
		}
	}
}
