package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

func TestImportsPointDown(t *testing.T) {
	sources := readSources(t)
	// A walk that finds nothing would pass every check.
	if !slices.ContainsFunc(sources, func(s source) bool { return s.dir == "internal/archtest" }) {
		t.Fatalf("found %d files, this test not among them", len(sources))
	}
	for _, r := range packages {
		if !slices.ContainsFunc(sources, func(s source) bool { return s.dir == r.dir }) {
			t.Errorf("%s has a row in table_test.go and no file; take the row away", r.dir)
		}
	}
	for _, s := range sources {
		for _, complaint := range check(s) {
			t.Error(complaint)
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := readIgnored(t)
	for _, e := range entries {
		if !slices.Contains(topLevel, e.Name()) && !matchAny(ignored, e.Name()) {
			t.Errorf("%s does not belong at the top of the repository; topLevel in table_test.go has what does",
				e.Name())
		}
	}
}

// TestTable checks the table itself: a package listed twice would hide a row, and an exception to a
// higher layer would reverse an arrow.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range packages {
		if seen[r.dir] {
			t.Errorf("%s has two rows", r.dir)
		}
		seen[r.dir] = true
		for _, dir := range r.also {
			to, ok := find(dir)
			if !ok || to.layer != r.layer || slices.Contains(to.also, r.dir) {
				t.Errorf("%s: exception %s must be a package of the same layer that does not import it back", r.dir,
					dir)
			}
		}
		if (r.only != "" || r.deny != nil) && r.why == "" {
			t.Errorf("%s has a limit without a reason", r.dir)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name, dir, file, path string
		want                  string // part of the complaint, "" for none
	}{
		{"down", "proxy", "a.go", module + "/decode", ""},
		{"up", "decode/session", "a.go", module + "/proxy", "layer 5"},
		{"feature to feature", "proxy", "a.go", module + "/server", "layer 5"},
		{"feature to feature in a test", "proxy", "a_test.go", module + "/server", "layer 5"},
		{"server and its accounts", "server", "a.go", module + "/server/accounts", ""},
		{"listed on one layer", "decode/referral", "a.go", module + "/decode/session", ""},
		{"not listed back", "decode/session", "a.go", module + "/decode/referral", "layer 2"},
		{"cmd knows all", "cmd/msnscope", "main.go", module + "/ui", ""},
		{"nobody knows cmd", "ui", "a.go", module + "/cmd/msnscope", "layer 7"},
		{"pcap knows no MSN", "captures/pcap", "a.go", module + "/decode", "nothing of MSN"},
		{"accounts know no wire", "server/accounts", "a.go", module + "/decode", "nothing of the wire"},
		{"samples are files", "captures/samples", "a.go", module + "/decode", "embed.FS"},
		{"product imports msntest", "proxy", "a.go", module + "/internal/msntest", "only tests"},
		{"test imports msntest", "decode", "a_test.go", module + "/internal/msntest", ""},
		{"test imports the loader", "proxy", "a_test.go", module + "/captures", ""},
		{"product imports the loader", "proxy", "a.go", module + "/captures", "layer 5"},
		{"product imports sessiontest", "proxy", "a.go", module + "/decode/session/sessiontest", "only tests"},
		{"test imports sessiontest", "internal/bus", "a_test.go", module + "/decode/session/sessiontest", ""},
		{"recording knows no log", "captures/recording", "a.go", module + "/internal/eventlog", "layer 4"},
		{"test imports samples", "decode", "a_test.go", module + "/captures/samples", ""},
		{"test imports memnet", "captures/samples", "a_test.go", module + "/internal/memnet", ""},
		{"test imports itself", "proxy", "a_test.go", module + "/proxy", ""},
		{"msntest stays low", "internal/msntest", "a.go", module + "/decode/session", "layer 2"},
		{"unknown importer", "internal/new", "a.go", "fmt", "add one to packages in internal/archtest/table_test.go"},
		{"unknown imported", "proxy", "a.go", module + "/internal/new", "add one to packages"},

		{"std", "decode", "a.go", "strconv", ""},
		{"socket in decode", "decode", "a.go", "net", "no socket"},
		{"http in decode", "decode/body", "a.go", "net/http", "no socket"},
		{"file in decode", "decode/dialect", "a.go", "os", "no socket and no file"},
		{"address in decode", "decode/referral", "a.go", "net/netip", ""},
		{"socket in a test of decode", "decode", "a_test.go", "net", ""},
		{"cgo", "captures/pcap", "a.go", "C", "CGO_ENABLED=0"},
		{"socket in proxy", "proxy", "a.go", "net", ""},

		{"gopacket at home", "captures/pcap", "a.go", "github.com/gopacket/gopacket/layers", ""},
		{"gopacket elsewhere", "captures", "a.go", "github.com/gopacket/gopacket", "only [captures/pcap]"},
		{"gopacket in a test elsewhere", "proxy", "a_test.go", "github.com/gopacket/gopacket", "only [captures/pcap]"},
		{"screen in the model", "ui/model", "a.go", "github.com/rivo/tview", "only [ui]"},
		{"screen at home", "ui", "a_test.go", "github.com/gdamore/tcell/v2", ""},
		{"cobra in a feature", "server", "a.go", "github.com/spf13/cobra", "only [cmd/msnscope]"},
		{"expr beside the filter", "ui/model", "a.go", "github.com/expr-lang/expr/vm", "only [internal/filter]"},
		{"test library in the product", "proxy", "a.go", "go.uber.org/goleak", "only []"},
		{"test library in a test", "proxy", "a_test.go", "pgregory.net/rapid", ""},
		{"name that only starts alike", "ui", "a.go", "github.com/rivo/tview2", "an ADR"},
		{"new library", "proxy", "a.go", "example.com/new", "an ADR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := check(source{dir: tc.dir, file: tc.file, imports: []string{tc.path}})
			switch {
			case tc.want == "" && len(got) > 0:
				t.Errorf("got %q, want no complaint", got)
			case tc.want != "" && (len(got) != 1 || !strings.Contains(got[0], tc.want)):
				t.Errorf("got %q, want one complaint with %q", got, tc.want)
			}
		})
	}
}

// readSources returns the imports of every Go file of the module, including files that a build
// constraint excludes on this system.
func readSources(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && skipDir(name):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		imports, err := readImports(filepath.Join(root, filepath.FromSlash(name)))
		sources = append(sources, source{dir: path.Dir(name), file: path.Base(name), imports: imports})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// skipDir reports whether a folder is skipped: those that the go command skips, and nested modules.
func skipDir(name string) bool {
	base := path.Base(name)
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name), "go.mod"))
	return err == nil
}

func readImports(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// readIgnored returns the patterns of .gitignore, so that a binary at the top is not reported.
func readIgnored(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(b)) {
		if line = strings.Trim(line, "/ \r\n"); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	return patterns
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}
