package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// source is a Go file as the checker sees it.
type source struct {
	dir     string // its folder, relative to the module's root, with slashes
	file    string // its name
	imports []string
}

func (s source) test() bool { return strings.HasSuffix(s.file, "_test.go") }

// check returns a message for each import of s that the tables do not allow.
func check(s source) []string {
	from, ok := find(s.dir)
	if !ok {
		return []string{unknown(s.dir, s.file)}
	}
	var bad []string
	for _, path := range s.imports {
		if problem := checkImport(s, from, path); problem != "" {
			bad = append(bad, fmt.Sprintf("%s/%s imports %s: %s", s.dir, s.file, path, problem))
		}
	}
	return bad
}

func checkImport(s source, from row, path string) string {
	switch dir, own := strings.CutPrefix(path, module+"/"); {
	case own:
		return checkOwn(s, from, dir)
	case !strings.Contains(strings.SplitN(path, "/", 2)[0], "."):
		return checkStd(s, from, path)
	default:
		return checkLibrary(s, from, path)
	}
}

func checkOwn(s source, from row, dir string) string {
	to, ok := find(dir)
	switch {
	case !ok:
		return unknown(dir, "")
	case s.test() && (dir == s.dir || slices.Contains(forTests, dir)):
		return ""
	case to.test && !s.test() && !from.test:
		return "only tests may import it"
	case !s.test() && from.only != "":
		return from.why
	case to.layer < from.layer, slices.Contains(from.also, dir):
		return ""
	}
	return fmt.Sprintf("%s is on layer %d and %s on layer %d; imports point to lower layers only",
		from.dir, from.layer, to.dir, to.layer)
}

// checkStd checks an import of the standard library. Tests may import any of it: they read files
// and open sockets.
func checkStd(s source, from row, path string) string {
	if path == "C" {
		return "everything builds with CGO_ENABLED=0"
	}
	if s.test() || path == "net/netip" {
		return ""
	}
	for _, deny := range from.deny {
		if path == deny || strings.HasSuffix(deny, "/") && strings.HasPrefix(path, deny) {
			return from.why
		}
	}
	return ""
}

func checkLibrary(s source, from row, path string) string {
	for _, lib := range libraries {
		if path != lib.path && !strings.HasPrefix(path, lib.path+"/") {
			continue
		}
		inTest := s.test() && (slices.Contains(lib.tests, "*") || slices.Contains(lib.tests, s.dir))
		if inTest || slices.Contains(lib.dirs, s.dir) {
			return ""
		}
		return fmt.Sprintf("only %v and the tests of %v may", lib.dirs, lib.tests)
	}
	if from.only == stdOnly && !s.test() {
		return from.why
	}
	return "no row in libraries (internal/archtest/table_test.go) has it; a new dependency needs one, and an ADR"
}

func find(dir string) (row, bool) {
	i := slices.IndexFunc(packages, func(r row) bool { return r.dir == dir })
	if i < 0 {
		return row{}, false
	}
	return packages[i], true
}

func unknown(dir, file string) string {
	return strings.TrimSuffix(dir+"/"+file, "/") +
		": the package has no row; add one to packages in internal/archtest/table_test.go, on the lowest layer its " +
		"imports allow"
}
