package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/internal/control"
)

// claim is a file that a flag names, and whether the program writes it.
type claim struct {
	flag, path string
	writes     bool
}

// fileFlags has the flags that name files, those first that a message should name when two name the
// same file. Each has a function that returns the claims of a value.
var fileFlags = []struct {
	flag string
	of   func(value string) []claim
}{
	{"write", func(v string) []claim { return written(strings.TrimPrefix(v, "+")) }},
	{"output", func(v string) []claim { return written(v) }},
	{"report", reportFile},
	{"shadow-report", reportFile},
	{"control", func(v string) []claim {
		if token, err := tokenFile(v); err == nil {
			return append(socketFile(v), written(token)...)
		}
		return socketFile(v)
	}},
	{"metrics", socketFile},
	{"db", func(v string) []claim { return written(v, v+".key", v+"-wal", v+"-shm") }},
	{"script", func(v string) []claim { return []claim{{path: v}} }},
	{"map", rulesFile},
	{"fault", rulesFile},
	{"config", func(v string) []claim { return []claim{{path: v}} }},
}

func written(paths ...string) (all []claim) {
	for _, path := range paths {
		all = append(all, claim{path: path, writes: true})
	}
	return all
}

func reportFile(value string) []claim {
	_, path, _ := strings.Cut(value, ":")
	return written(path)
}

func socketFile(address string) []claim {
	if !control.IsSocket(address) {
		return nil
	}
	return written(address)
}

func rulesFile(rule string) []claim {
	if path, ok := strings.CutPrefix(rule, "@"); ok {
		return []claim{{path: path}}
	}
	return nil
}

// claims returns the files that the flags of a command line name.
func claims(flags *pflag.FlagSet) (all []claim) {
	for _, known := range fileFlags {
		f := flags.Lookup(known.flag)
		if f == nil || !f.Changed {
			continue
		}
		values := []string{f.Value.String()}
		if list, many := flagValues(f); many {
			values = list.GetSlice()
		}
		for _, v := range values {
			for _, c := range known.of(v) {
				c.flag = "--" + known.flag
				if f.Shorthand != "" {
					c.flag = "-" + f.Shorthand
				}
				all = append(all, c)
			}
		}
	}
	return all
}

// noSharedFiles returns an error if two flags name the same file and one of them writes it.
func noSharedFiles(flags *pflag.FlagSet) error {
	all := claims(flags)
	for i, a := range all {
		for _, b := range all[i+1:] {
			if (a.writes || b.writes) && sameFile(a.path, b.path) {
				return usage("%s %s: %s uses this file too", a.flag, a.path, b.flag)
			}
		}
	}
	return nil
}

// sameFile reports whether two names are those of one file, also where it does not exist yet.
// Devices and pipes may have several writers.
func sameFile(a, b string) bool {
	if a == "" || b == "" || a == "-" || b == "-" {
		return false
	}
	ours, aErr := os.Stat(a)
	theirs, bErr := os.Stat(b)
	switch {
	case cmp.Or(aErr, bErr) == nil:
		lasting := ours.Mode().IsRegular() || ours.Mode().Type() == os.ModeSocket
		return lasting && os.SameFile(ours, theirs)
	case aErr != nil && bErr != nil:
		return canonical(a) == canonical(b)
	}
	return false
}
