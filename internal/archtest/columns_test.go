package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// The greatest lengths of lines in columns, a tab counting as tabWidth: two files fit side by side
// on a laptop's screen in a review.
const (
	maxCommentColumns = 100
	maxCodeColumns    = 120
	tabWidth          = 4
)

// TestColumns checks the length of lines of comments and code.
func TestColumns(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, complaint := range tooWide(t, path, string(src)) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were looked at", files)
	}
}

func TestTooWide(t *testing.T) {
	word := strings.Repeat("x", maxCodeColumns)
	for _, tc := range []struct {
		name, line string
		want       bool
	}{
		{"short", "// A comment.", false},
		{"a comment of 100 columns", "// " + word[:maxCommentColumns-3], false},
		{"a comment of 101 columns", "// " + word[:maxCommentColumns-2], true},
		{"a comment of 100 characters", "// " + strings.Repeat("é", maxCommentColumns-3), false},
		{"an indented comment", "\t// " + word[:maxCommentColumns-6], true},
		{"code of 120 columns", `var _ = "` + word[:maxCodeColumns-10] + `"`, false},
		{"code of 121 columns", `var _ = "` + word[:maxCodeColumns-9] + `"`, true},
		{"a comment behind code", "var _ = 1 // " + word[:maxCodeColumns-12], true},
		{"a raw string, which cannot be broken", "var _ = `" + word + "`", false},
		{"a line of a raw string", "var _ = `\n" + word + "\n`", false},
		{"a directive", "//go:generate " + word, false},
	} {
		if got := tooWide(t, "a.go", "package a\n\n"+tc.line+"\n"); len(got) > 0 != tc.want {
			t.Errorf("%s: got %q, want a complaint: %v", tc.name, got, tc.want)
		}
	}
}

// tooWide returns a message for each line of a Go file that is too long. Lines with a raw string
// are exempt, because it cannot be broken without changing it.
func tooWide(t *testing.T, path, src string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	limits := map[int]int{} // by line; 0 means no limit
	mark := func(n ast.Node, limit int) {
		for i := fset.Position(n.Pos()).Line; i <= fset.Position(n.End()).Line; i++ {
			limits[i] = limit
		}
	}
	lines := strings.Split(src, "\n")
	for _, group := range file.Comments {
		for _, c := range group.List {
			switch text := strings.TrimSpace(lines[fset.Position(c.Pos()).Line-1]); {
			case strings.HasPrefix(text, "//go:"):
				mark(c, 0)
			case strings.HasPrefix(text, "//"):
				mark(c, maxCommentColumns)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value[0] == '`' {
			mark(lit, 0)
		}
		return true
	})
	var complaints []string
	for i, line := range lines {
		limit, known := limits[i+1]
		if !known {
			limit = maxCodeColumns
		}
		columns := utf8.RuneCountInString(line) + strings.Count(line, "\t")*(tabWidth-1)
		if limit > 0 && columns > limit {
			complaints = append(complaints,
				fmt.Sprintf("%s:%d: %d columns, more than %d", filepath.ToSlash(path), i+1, columns, limit))
		}
	}
	return complaints
}
