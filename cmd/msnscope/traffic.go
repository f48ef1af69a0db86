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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// trafficFlags are the flags for what is done to live traffic.
type trafficFlags struct {
	intercept    string
	holdTime     time.Duration
	maps, faults []string
	seed         uint64
	control      string

	mappings []*intercept.Mapping
	rules    []string
}

func (f *trafficFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.intercept, "intercept", "", "hold the commands for which this `EXPR` is true, until somebody lets them go on")
	fs.DurationVar(&f.holdTime, "hold-time", 5*time.Minute, "how long a command is held at most")
	fs.StringArrayVar(&f.maps, "map", nil, "give other values to fields, as `'FILTER -> Field=value'`; @FILE has one a line; may be repeated")
	fs.StringArrayVar(&f.faults, "fault", nil, "disturb the traffic, as `'NAME:key=value @ FILTER'`; @FILE has one a line; may be repeated; msnscope help faults")
	fs.StringVar(&f.control, "control", "", "serve the control API there, `SOCKET|ADDR`: JSON over HTTP, and msnscope inspect --attach")
	fs.Uint64Var(&f.seed, "seed", 1, "what the dice of faults show: the same number, the same faults")
}

// read reads all rules, before anything is started.
func (f *trafficFlags) read() error {
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
	for _, r := range maps {
		m, err := intercept.ParseMapping(r.text)
		if err != nil {
			return usage("%s: %w", r.place, err)
		}
		f.mappings = append(f.mappings, m)
	}
	faults, err := ruleLines("--fault", f.faults)
	if err != nil {
		return err
	}
	for _, r := range faults {
		if _, err := fault.Parse(r.text); err != nil {
			return &exitError{exitUsage, fmt.Errorf("%s: %w", r.place, err), "msnscope help faults lists them"}
		}
		f.rules = append(f.rules, r.text)
	}
	return nil
}

// ruleLine is a rule and where it stands.
type ruleLine struct{ text, place string }

// maxRuleFile bounds a file of rules: thousands of them.
const maxRuleFile = 1 << 20

// ruleLines returns the rules of a flag; @FILE has one a line, with # before remarks.
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

// readRules reads a file, or a pipe, but not much more than a file of rules may have.
func readRules(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRuleFile+1))
}

// bench returns what the flags ask for, at work on p.
func (f *trafficFlags) bench(p *proxy.Proxy, log *slog.Logger) (*intercept.Bench, error) {
	b := intercept.NewBench(p, intercept.BenchOptions{Seed: f.seed, Log: log, Desk: intercept.DeskOptions{MaxWait: f.holdTime}})
	b.Map(f.mappings)
	for _, rule := range f.rules {
		if err := b.AddFault(rule); err != nil {
			return nil, err
		}
	}
	return b, b.Intercept(f.intercept)
}

// faultsHelp is the topic `msnscope help faults`.
func faultsHelp() *cobra.Command {
	return &cobra.Command{Use: "faults", Short: "What --fault can do", Long: faultsText(), Hidden: true}
}

func faultsText() string {
	var b strings.Builder
	b.WriteString("--fault 'NAME[:key=value,...] [@ FILTER]' disturbs the commands that FILTER matches, all where there is none. Each hit\n" +
		"shows as an event with the flag fault, and the rule for its text. The same --seed gives the same hits on the same traffic.\n")
	for _, k := range fault.Kinds() {
		fmt.Fprintf(&b, "\n%s: %s\n", k.Name, k.Means)
		for _, key := range k.Keys {
			name, text, _ := strings.Cut(key, " ")
			fmt.Fprintf(&b, "  %-14s %s\n", name, text)
		}
		fmt.Fprintf(&b, "  --fault '%s'\n", k.Example)
	}
	b.WriteString("\nEvery fault has these keys, here with what holds without them:\n")
	for _, key := range fault.Common {
		name, text, _ := strings.Cut(key, " ")
		fmt.Fprintf(&b, "  %-14s %s\n", name, text)
	}
	b.WriteString("\nn, nth, after and every count what passes the proxy: with n=1 a client that tries again gets through. When several connections\n" +
		"speak at once it is chance which of them has the third message. So that their hits too are the same each time:\n" +
		"  --fault 'drop:nth=3,per=connection @ cmd == \"MSG\" && dir == \"C\"'    the third message to each switchboard\n")
	b.WriteString("\n--fault @FILE reads one a line; # begins a remark.\n")
	return b.String()
}

// completeFaults tells the shell the names of faults.
func completeFaults(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("fault", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var words []cobra.Completion
		for _, k := range fault.Kinds() {
			words = append(words, cobra.CompletionWithDesc(k.Name, k.Means))
		}
		return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
}
