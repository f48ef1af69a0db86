package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// interceptFlags are the flags that hold, rewrite or disturb live traffic.
type interceptFlags struct {
	scriptFlags
	intercept    string
	holdTime     time.Duration
	maps, faults []string
	seed         uint64
	control      string

	mappings []*intercept.Mapping
	rules    []string
}

func (f *interceptFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.intercept, "intercept", "",
		"hold the commands for which this `EXPR` is true, until somebody releases them")
	fs.DurationVar(&f.holdTime, "hold-time", 5*time.Minute, "how long a command is held at most")
	fs.StringArrayVar(&f.maps, "map", nil,
		"set fields to other values, as `'FILTER -> Field=value'`; @FILE has one a line; may be repeated")
	fs.StringArrayVar(&f.faults, "fault", nil,
		"disturb the traffic, as `'NAME:key=value @ FILTER'`; @FILE has one a line; may be repeated; msnscope help "+
			"faults")
	f.scriptFlags.add(fs)
	fs.StringVar(&f.control, "control", "",
		"serve the control API on this `SOCKET|ADDR`: JSON over HTTP, also for msnscope inspect --attach")
	fs.Uint64Var(&f.seed, "seed", 1,
		"seed of the random choices of faults and scripts: the same number repeats the same ones")
}

// read parses all rules, before anything is started.
func (f *interceptFlags) read() error {
	if _, err := compile(f.intercept); f.intercept != "" && err != nil {
		return err
	}
	if f.holdTime <= 0 {
		return usage("--hold-time %s: it must be a time such as 30s", f.holdTime)
	}
	maps, err := ruleLines("--map", f.maps)
	if err != nil {
		return err
	}
	if n := len(maps); n > intercept.MaxMappings {
		return usage("--map: %d mappings are too many: at most %d are possible", n, intercept.MaxMappings)
	}
	for _, r := range maps {
		m, err := intercept.ParseMapping(r.text)
		if err != nil {
			return usage("%s: %w", r.from, err)
		}
		f.mappings = append(f.mappings, m)
	}
	faults, err := ruleLines("--fault", f.faults)
	if err != nil {
		return err
	}
	if n := len(faults); n > fault.MaxRules {
		return usage("--fault: %d faults are too many: at most %d are possible", n, fault.MaxRules)
	}
	for _, r := range faults {
		if _, err := fault.Parse(r.text); err != nil {
			return &exitError{exitUsage, fmt.Errorf("%s: %w", r.from, err), "msnscope help faults lists them"}
		}
		f.rules = append(f.rules, r.text)
	}
	return nil
}

// ruleLine is a rule and where it comes from.
type ruleLine struct{ text, from string }

// maxRuleFile bounds a file of rules, in bytes: it has room for thousands of them.
const maxRuleFile = 1 << 20

// ruleLines returns the rules of a flag. @FILE stands for a file with one rule a line and comments
// after #.
func ruleLines(flag string, values []string) ([]ruleLine, error) {
	var all []ruleLine
	for _, v := range values {
		path, isFile := strings.CutPrefix(v, "@")
		if !isFile {
			all = append(all, ruleLine{v, flag})
			continue
		}
		text, err := readRules(path)
		if len(text) > maxRuleFile {
			return nil, usage("%s @%s: the file has more than %d bytes", flag, path, maxRuleFile)
		}
		if err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return nil, &exitError{exitIO, fmt.Errorf("%s @%s: %w", flag, path, err), ""}
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				all = append(all, ruleLine{line, fmt.Sprintf("%s: line %d", path, n)})
			}
		}
	}
	return all, nil
}

// readRules reads a file or a pipe, and fails when it has more than maxRuleFile bytes.
func readRules(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRuleFile+1))
}

// loadScripts loads the scripts of the flags; nil for none. attended says whether somebody can
// release what they hold.
func (f *interceptFlags) loadScripts(attended bool, log *slog.Logger) (*script.Set, error) {
	return f.scriptFlags.load(script.Options{
		Seed: f.seed, Attended: attended, Log: log,
		Print: func(name, line string) { log.Info(line, "script", name) },
	})
}

// controls returns the controls that the flags ask for, at work on p, with the scripts.
func (f *interceptFlags) controls(
	p *proxy.Proxy, scripts *script.Set, log *slog.Logger,
) (*intercept.Controls, error) {
	c := intercept.NewControls(p, intercept.ControlsOptions{
		Seed: f.seed, Log: log, Scripts: scripts, HoldQueue: intercept.HoldQueueOptions{MaxWait: f.holdTime},
	})
	c.Map(f.mappings)
	for _, rule := range f.rules {
		if err := c.AddFault(rule); err != nil {
			return nil, err
		}
	}
	return c, c.Intercept(f.intercept)
}
