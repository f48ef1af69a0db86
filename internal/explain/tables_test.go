package explain

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// TestEveryRowIsExplained walks the tables of all dialects: no row may have an argument or a word
// without a meaning.
func TestEveryRowIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range dialect.All() {
		for i := range table.Rows() {
			row := &table.Rows()[i]
			form := row.Dir.String() + ": " + row.Grammar()
			if seen[form] { // already reported for an earlier dialect
				continue
			}
			seen[form] = true
			name := table.Name() + " " + form
			for _, a := range row.Args {
				if argMeans(row.Verb, a.Name) == "" {
					t.Errorf("%s: nobody knows what %s is; add a line to arguments in internal/explain/arguments.go",
						name, a.Name)
					continue
				}
				for _, word := range append(slices.Clone(a.Values), a.Is) {
					if word != "" &&
						!slices.ContainsFunc(terms,
							func(x term) bool { return x.word == word && x.takes(row.Verb, a) }) {
						t.Errorf("%s: nobody knows what %s means as %s; add a line to terms in "+
							"internal/explain/terms.go", name, word, a.Name)
					}
				}
			}
			for _, p := range slices.Concat(Facts(row), Args(row)) {
				if p.Name == "" || p.Text == "" {
					t.Errorf("%s: nothing is said about %q", name, p.Name)
				}
			}
			if History(row) == nil && len(Forms(row.Verb)) == 0 {
				t.Errorf("%s: not among the forms of %s", name, row.Verb)
			}
		}
		if len(Lookup(table.Name())) == 0 {
			t.Errorf("add a line for %s to dialects in internal/explain/dialects.go", table.Name())
		}
	}
}

// TestNoExplanationIsLeftOver checks that everything explained is still in some row.
func TestNoExplanationIsLeftOver(t *testing.T) {
	used := map[string]bool{"TrID": true}
	for _, table := range dialect.All() {
		for _, row := range table.Rows() {
			for _, a := range row.Args {
				used[a.Name], used[row.Verb+"."+a.Name] = true, true
			}
		}
	}
	for _, a := range arguments {
		if !used[a.name] {
			t.Errorf("arguments explains %s, which no row has", a.name)
		}
	}
	for _, x := range terms {
		if termSince(x) == "" &&
			x.section != "" { // a word that the draft lacks may belong to a dialect without a table
			t.Errorf("terms explains %s of %v, which no row allows there", x.word, x.of)
		}
	}
}

func TestEveryWordHasAMeaning(t *testing.T) {
	for _, word := range Words() {
		for _, e := range Lookup(word) {
			if e.Means == "" || e.Kind == "" {
				t.Errorf("%s: kind %q, meaning %q", word, e.Kind, e.Means)
			}
		}
	}
	for _, code := range decode.ErrorCodes() {
		if _, ok := errorEntry(code); !ok {
			t.Errorf("code %d has no meaning", code)
		}
	}
	for _, typ := range body.Types() {
		for _, name := range append([]string{typ.Type}, typ.Also...) {
			if name != "" && !hasKind(Lookup(name), ContentType) {
				t.Errorf("the content type %s is not explained", name)
			}
		}
		for _, f := range typ.Fields {
			if !hasKind(Lookup(f.Name), BodyField) {
				t.Errorf("the field %s of %s is not explained", f.Name, typ.Type)
			}
		}
	}
}

func hasKind(entries []Entry, kind string) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Kind == kind })
}

// TestModelSession checks that the tables allow the session in the reference, down to the digest
// and the length.
func TestModelSession(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range walk {
		for line := range strings.SplitSeq(s.lines, "\n") {
			dir, text, ok := strings.Cut(line, ": ")
			if !ok || strings.HasPrefix(line, "|") {
				continue
			}
			m := decode.Parse([]byte(text), decode.Dir(dir[0]), dialect.MSNP2)
			row := dialect.MSNP2.Match(decode.Dir(dir[0]), dialect.Any, &m)
			if row == nil || row.Extension || m.NumArgs() < row.Min() || row.Max() >= 0 && m.NumArgs() > row.Max() {
				t.Errorf("%s: no row of the draft allows it", line)
				continue
			}
			seen[row.Verb] = true
			if strings.Contains(text, " S 7f919") &&
				string(m.Arg(2)) != decode.MD5Response("1013928519.693957190", "password") {
				t.Errorf("%s: the digest is wrong", line)
			}
		}
		if _, text, ok := strings.Cut(s.lines, "C: MSG 3 N "); ok {
			text, _, _ = strings.Cut(text, "\nS: ")
			length, payload, _ := strings.Cut(text, "\n")
			payload = strings.ReplaceAll(strings.ReplaceAll(payload, "|  ", ""), "|", "")
			if got := strconv.Itoa(len(strings.ReplaceAll(payload, "\n", "\r\n"))); got != length {
				t.Errorf("the message has %s bytes, its line says %s", got, length)
			}
		}
	}
	for _, verb := range []string{
		"VER", "INF", "USR", "XFR", "SYN", "GTC", "BLP", "LST", "CHG", "ILN", "NLN", "CAL",
		"RNG", "ANS", "IRO", "JOI", "MSG", "BYE", "OUT",
	} {
		if !seen[verb] {
			t.Errorf("the model session lacks %s", verb)
		}
	}
}
