package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
)

// verbsAllowed lists the files and folders whose code may name commands, and the reasons. All other
// code asks the rows of decode/dialect: a distinction that it would make by the verb is a column
// there, or a table beside the rows.
var verbsAllowed = []struct{ path, why string }{
	{"decode/dialect", "it is the table"},
	{"decode/lint", "its rules are rows about single commands, and show them"},
	{"server", "a handler answers one command, under its name"},
	{"internal/client", "a client says commands and reads the answers"},
	{"internal/conformance", "its cases are conversations"},
	{"internal/msntest/talk.go", "it writes conversations for tests"},
	{"decode/session/sessiontest", "it has conversations for tests"},
	{"internal/doctor/examine.go", "doctor asks a server as a client does"},
	{"internal/doctor/visit.go", "doctor signs in as a client does"},
	{"replay/logon.go", "a logon in front of a recording is what a client says"},
	{"proxy/fault/nak.go", "the fault is that answer"},
	{"proxy/fault/out.go", "the fault is that command"},
	{"proxy/fault/kinds.go", "filters of faults, and examples for their users"},

	{"decode/errors.go", "words for people about error codes"},
	{"internal/explain/fields.go", "examples for people"},
	{"internal/explain/terms.go", "words for people; NLN and FLN are presences too, PUT and DEL operations"},
	{"internal/filter/error.go", "examples for people"},
	{"ui/help.go", "examples for people"},
	{"cmd/msnscope/dump.go", "examples for people"},
	{"cmd/msnscope/faultshelp.go", "examples for people"},

	{"decode/session/change.go", "NLN and FLN are presences too"},
	{"internal/demo", "NLN and FLN are presences too"},
	{"internal/bot", "NLN is a presence too"},
	{"internal/loadgen", "NLN is a presence too"},
	{"cmd/msnscope/practice.go", "NLN is a presence too"},
	{"decode/body/kinds.go", "URL is a kind of value too"},
	{"internal/control", "GET and PUT are methods of HTTP too"},
	{"internal/metrics", "GET is a method of HTTP too"},
	{"proxy/protocol.go", "GET is a method of HTTP too"},
}

// TestCommandsAreNamedInTheTable checks that no second place lists verbs: no string in the code
// outside verbsAllowed is a verb, begins with one, or quotes one.
func TestCommandsAreNamedInTheTable(t *testing.T) {
	used := map[string]bool{}
	for file, literals := range readLiterals(t) {
		i := slices.IndexFunc(literals, func(l literal) bool { return verbIn(l.text) != "" })
		if i < 0 {
			continue
		}
		allowed := slices.IndexFunc(verbsAllowed, func(a struct{ path, why string }) bool {
			return file == a.path || strings.HasPrefix(file, a.path+"/")
		})
		if allowed >= 0 {
			used[verbsAllowed[allowed].path] = true
			continue
		}
		l := literals[i]
		t.Errorf("%s:%d names the command %s in %.60q: let a column of its row in decode/dialect say what is "+
			"wanted, or a table beside the rows (effects.go, causes.go, answers.go); only what speaks the "+
			"protocol belongs into verbsAllowed in "+
			"internal/archtest/verbs_test.go", file, l.line, verbIn(l.text), l.text)
	}
	for _, a := range verbsAllowed {
		if !used[a.path] {
			t.Errorf("verbsAllowed has %s, which names no command", a.path)
		}
	}
}

func TestVerbIn(t *testing.T) {
	for text, want := range map[string]string{
		"XFR": "XFR", "XFR NS": "XFR", "VER 1 MSNP2\r\n": "VER", `cmd in ["USR", "ANS"]`: "USR", " NAK ": "NAK",
		"SYN USR LST": "SYN",
		"":            "", "XFRS": "", "xfr": "", "ZZZ 1": "", "where to connect: see XFR": "", `"hello"`: "",
	} {
		if got := verbIn(text); got != want {
			t.Errorf("verbIn(%q) = %q, want %q", text, got, want)
		}
	}
}

var verbs = func() map[string]bool {
	set := map[string]bool{}
	for _, table := range dialect.All() {
		for _, row := range table.Rows() {
			set[row.Verb] = true
		}
	}
	delete(set, "###") // the row of the errors, not a word of the wire, and a heading in Markdown
	return set
}()

var quotedVerb = regexp.MustCompile(`"([A-Z]{3})"`)

// verbIn returns the verb with which a text begins, or that stands in quotation marks in it; "" for
// none.
func verbIn(text string) string {
	if words := strings.Fields(text); len(words) > 0 && verbs[words[0]] {
		return words[0]
	}
	for _, m := range quotedVerb.FindAllStringSubmatch(text, -1) {
		if verbs[m[1]] {
			return m[1]
		}
	}
	return ""
}

// literal is a string in the source.
type literal struct {
	line int
	text string
}

// readLiterals returns the strings in the Go files of the module, by file, tests excluded.
func readLiterals(t *testing.T) map[string][]literal {
	t.Helper()
	all := map[string][]literal{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && skipDir(name):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files, from := token.NewFileSet(), filepath.Join(root, filepath.FromSlash(name))
		f, err := parser.ParseFile(files, from, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				text, _ := strconv.Unquote(l.Value)
				all[name] = append(all[name], literal{files.Position(l.Pos()).Line, text})
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
