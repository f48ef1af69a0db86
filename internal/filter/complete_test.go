package filter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/filter"
)

// TestComplete marks the cursor by |. The choices must include the wanted words, but none of those
// after no:; an _in_ stands for one with blanks.
func TestComplete(t *testing.T) {
	for _, tc := range []struct {
		src   string
		start int
		want  string
	}{
		{"|", 0, `cmd role args payload.text not len XFR "rewritten"_in_flags no:and`},
		{"c|", 0, "conn client cmd CAL ceil no:role"},
		{"rew|", 0, `"rewritten"_in_flags no:cmd`},
		{`"re|`, 0, `"rewritten"_in_flags`},
		{"args.U|", 0, "args.UserHandle args.Url no:args.Ser no:user"},
		{"ARGS.us|", 0, "args.UserHandle"},
		{"payload.|", 0, "payload.text payload.type payload.headers no:args"},
		{"cmd |", 4, "== != contains in matches no:and no:<="},
		{"size |", 5, "== < <= > >= no:contains"},
		{"time |", 5, "< >="},
		{"size <|", 6, ""},
		{"cmd == |", 7, `"XFR" "MSG" "911" no:cmd no:"NLN`},
		{`cmd == "X|`, 7, `"XFR" no:"MSG"`},
		{`cmd == x|`, 7, `"XFR" no:"MSG"`},
		{`cmd == "91|`, 7, `"911" "913" no:"217"`},
		{`cmd == "XFR" |`, 13, "and or no:cmd"},
		{`cmd == "XFR" && |`, 16, "cmd role not no:XFR"},
		{`cmd == "XFR" and r|`, 17, "role raw reply_to rtt_ms round no:cmd"},
		{`cmd in |`, 7, "["},
		{`cmd in [|`, 8, `"XFR"`},
		{`client in |`, 10, `[ cidr(`},
		{`user ic|`, 5, `icontains`},
		{`cmd in ["NLN", "IL|`, 15, `"ILN" no:"NLN"`},
		{`cmd in ["NLN"] |`, 15, "and or"},
		{`"rewritten" |`, 12, "in"},
		{`not (role == |`, 13, `"DS" "NS" "SB" "FT"`},
		{`dir == "|`, 7, `"C" "S"`},
		{`event == |`, 9, `"gap" "open" "half-close"`},
		{`dialect == "MSNP1|`, 11, `"MSNP10" "MSNP18" no:"MSNP2"`},
		{`args.State == |`, 14, `"NLN" "AWY"`},
		{`args.ReferralType == |`, 21, `"NS" "SB"`},
		{`payload.type == "text/x|`, 16, `"text/x-msmsgscontrol"`},
		{`user == |`, 8, ""},
		{`cmd == "XFR"| and true`, 12, "and or"},
		{`ro| == "NS"`, 0, "role"},
		{`size > 100 |`, 11, "and or"},
		{`"no end \`, 0, ""},
	} {
		src, cursor := strings.Replace(tc.src, "|", "", 1), strings.Index(tc.src, "|")
		if cursor < 0 {
			cursor = len(src)
		}
		c := filter.Complete(src, cursor)
		if c.Start != tc.start {
			t.Errorf("%s: the word begins at %d, want %d", tc.src, c.Start, tc.start)
		}
		if tc.want == "" && len(c.Choices) > 0 {
			t.Errorf("%s: %q, want nothing", tc.src, c.Choices)
		}
		for want := range strings.FieldsSeq(tc.want) {
			want, not := strings.CutPrefix(want, "no:")
			if slices.Contains(c.Choices, strings.ReplaceAll(want, "_in_", " in ")) == not {
				t.Errorf("%s: %q, want %s: %v", tc.src, c.Choices, want, !not)
			}
		}
	}
}

// TestCompletionsCompile checks that an expression made of any choices is valid.
func TestCompletionsCompile(t *testing.T) {
	for _, field := range filter.Names() {
		for _, sign := range filter.Complete(field+" ", len(field)+1).Choices {
			src := field + " " + sign + " "
			values := filter.Complete(src, len(src)).Choices
			if sign == "in" || sign == "matches" || len(values) == 0 {
				continue
			}
			for _, value := range []string{values[0], values[len(values)-1]} {
				if _, err := filter.Compile(src + value); err != nil {
					t.Errorf("%s: %v", src+value, err)
				}
			}
		}
	}
}

func TestCommon(t *testing.T) {
	for _, tc := range []struct {
		choices []string
		want    string
	}{{nil, ""}, {[]string{"payload.text"}, "payload.text"}, {
		[]string{"payload.text", "payload.type"},
		"payload.t",
	}, {[]string{"a", "b"}, ""}} {
		c := filter.Completion{Choices: tc.choices}
		if got := c.Common(); got != tc.want {
			t.Errorf("%q share %q, want %q", tc.choices, got, tc.want)
		}
	}
}

func FuzzComplete(f *testing.F) {
	for _, s := range []string{`cmd == "XFR"`, "args.", `"a\`, "[[,(", "ü == "} {
		f.Add(s, len(s))
	}
	f.Fuzz(func(t *testing.T, src string, cursor int) {
		c := filter.Complete(src, cursor)
		if c.Start < 0 || c.Start > len(src) || c.Start > max(0, cursor) {
			t.Fatalf("the word begins at %d of %d, the cursor is at %d", c.Start, len(src), cursor)
		}
	})
}
