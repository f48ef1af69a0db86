package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/referral"
)

// quirkFlags are the flags for servers that need the proxy's help: --route and --one-per-write.
type quirkFlags struct {
	routes []string
	pause  time.Duration
}

func (f *quirkFlags) add(fs *pflag.FlagSet) {
	addRoutes(fs, &f.routes)
	fs.DurationVar(&f.pause, "one-per-write", 0,
		"for servers that treat each read as one command: send each command in a write of its own, after the\n"+
			"answer to the one before (1 s at most), or this `PAUSE` after a command that has no answer")
	fs.Lookup("one-per-write").NoOptDefVal = "150ms"
}

// maxPause is the longest pause of --one-per-write: clients give up before it is over.
const maxPause = time.Minute

// read checks the flags and adds the routes to routes.
func (f *quirkFlags) read(routes *referral.Routes) error {
	if f.pause < 0 || f.pause > maxPause {
		return usage("--one-per-write=%v: it must be from 0 to %v", f.pause, maxPause)
	}
	return readRoutes(f.routes, routes)
}

// addRoutes adds the flag --route.
func addRoutes(fs *pflag.FlagSet, rules *[]string) {
	fs.StringArrayVar(rules, "route", nil,
		"the real address of a server that another one names, `FROM=TO`, each HOST or HOST:PORT, as in "+
			"172.17.0.2:1863=127.0.0.1:1863; may be repeated")
}

// readRoutes adds the rules of --route to routes.
func readRoutes(rules []string, routes *referral.Routes) error {
	for _, rule := range rules {
		if err := routes.Add(rule); err != nil {
			return usage("--route %q: %w", rule, err)
		}
	}
	return nil
}
