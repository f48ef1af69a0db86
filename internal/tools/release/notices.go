package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// noticesName is the name of the file with the licences of others.
const noticesName = "THIRD-PARTY.txt"

// licence matches the names of files in which a module says what those who pass it on must repeat.
var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice)([.-].*)?$`)

// notices returns the licences of everything that was linked into a binary, word for word: most of
// them ask for that. root is the folder of the module that was built.
func notices(root string, info *debug.BuildInfo) ([]byte, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}")
	for _, m := range info.Deps {
		list.Args = append(list.Args, m.Path)
	}
	list.Dir = root
	dirs, err := list.Output()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("msnscope has parts that others made. These are their licences.\n")
	err = addNotices(&b, "The Go standard library, "+info.GoVersion, strings.TrimSpace(string(goroot)))
	for i, dir := range strings.Split(strings.TrimSpace(string(dirs)), "\n") { // in the order of the arguments
		m := info.Deps[i]
		if m.Replace != nil {
			m = m.Replace
		}
		err = errors.Join(err, addNotices(&b, m.Path+" "+m.Version, dir))
	}
	return []byte(b.String()), err
}

// addNotices adds the licences in a folder.
func addNotices(b *strings.Builder, title, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !licence.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(b, "\n%s\n%s, %s\n\n%s\n", strings.Repeat("=", 72), title, e.Name(),
			strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", title, dir)
	}
	return nil
}
