package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/internal/config"
)

// Flags get their values from the command line, else from the environment, else from the
// configuration file.

// secretFlags are the flags whose values hold passwords. The environment of a process can be read
// in many ways, so they are not taken from there.
var secretFlags = []string{"user", "password"}

// lineFlags are the flags that only the command line has.
var lineFlags = []string{"help", "version", "config"}

// configFile returns the path of the configuration file that is read unless --config names another,
// and "" for a user without a home.
func (e *env) configFile() string {
	if e.getenv == nil {
		return ""
	}
	return userFile(e.getenv, "XDG_CONFIG_HOME", ".config", "config.toml")
}

// configure gives a command the settings of the environment and of the configuration file for flags
// that the command line does not have. A command without other flags reads neither.
func (e *env) configure(c *cobra.Command) error {
	settable := false
	c.Flags().VisitAll(func(f *pflag.Flag) { settable = settable || !slices.Contains(lineFlags, f.Name) })
	if !settable || c.DisableFlagParsing { // as with the command that completes command lines
		return nil
	}
	if err := e.readEnvironment(c); err != nil {
		return err
	}
	name, err := c.Flags().GetString("config")
	if err != nil {
		return err
	}
	named := name != ""
	if name = cmp.Or(name, e.configFile()); name == "" {
		return nil
	}
	text, err := readConfig(name)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("the configuration file: %w", err), "--config FILE names another one"}
	}
	settings, err := config.Parse(text)
	if err == nil {
		err = applySettings(c, settings)
	}
	if err != nil {
		return &exitError{
			exitUsage, fmt.Errorf("%s: %w", name, err),
			"texts stand in quotes; docs/CONFIG.md says what may stand in the file",
		}
	}
	return nil
}

// readConfig reads a configuration file, up to one byte more than may be parsed.
func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, config.MaxSize+1))
}

// verbOf returns the words of a command after the program's name; the proxy's where there are none.
func verbOf(c *cobra.Command) string {
	_, verb, _ := strings.Cut(c.CommandPath(), " ")
	return cmp.Or(verb, "proxy")
}

// applySettings sets the flags of a command, after it has checked the whole file, so that a mistake
// is found at the first start and not when a certain verb runs.
func applySettings(c *cobra.Command, settings []config.Setting) error {
	best := map[string]config.Setting{} // by flag: the setting of the longest verb that covers c
	for _, s := range settings {
		wrong := func(format string, args ...any) error {
			return &config.Error{Line: s.Line, Column: s.Column, Text: fmt.Sprintf(format, args...)}
		}
		verb, err := lookupVerb(c.Root(), s.Verb)
		if err != nil {
			return wrong("%v", err)
		}
		flag := verb.Flag(s.Flag)
		switch _, many := flagValues(flag); {
		case flag == nil:
			return wrong("%s has no flag --%.40s%s", s.Verb, s.Flag, likeName(verb, s.Flag))
		case slices.Contains(lineFlags, s.Flag):
			return wrong("--%s belongs on the command line", s.Flag)
		case s.Array && !many:
			return wrong("--%s takes one value, not an array", s.Flag)
		}
		if own := verbOf(c); own == s.Verb || strings.HasPrefix(own, s.Verb+" ") {
			if len(s.Verb) >= len(best[s.Flag].Verb) {
				best[s.Flag] = s
			}
		}
	}
	for _, s := range settings {
		if b, ok := best[s.Flag]; !ok || b.Verb != s.Verb || c.Flags().Changed(s.Flag) {
			continue
		}
		if err := setFlag(c.Flags(), s.Flag, s.Values); err != nil {
			return &config.Error{Line: s.Line, Column: s.Column, Text: err.Error()}
		}
	}
	return nil
}

// lookupVerb returns the command with these words.
func lookupVerb(root *cobra.Command, words string) (*cobra.Command, error) {
	c := root
	for word := range strings.SplitSeq(words, " ") {
		i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == word })
		if i < 0 {
			return nil, fmt.Errorf("there is no command %.40s", words)
		}
		c = c.Commands()[i]
	}
	c.InheritedFlags() // adds those of its parents to c.Flags
	return c, nil
}

// likeName returns a question with the flag of a command that is most like a name; "" for none.
func likeName(c *cobra.Command, name string) string {
	if like := closestFlag(c, name); like != "" {
		return fmt.Sprintf("; did you mean %s?", like)
	}
	return ""
}

// flagValues returns the values of a flag that may be repeated, and whether it may.
func flagValues(f *pflag.Flag) (pflag.SliceValue, bool) {
	if f == nil {
		return nil, false
	}
	values, many := f.Value.(pflag.SliceValue)
	return values, many
}

// setFlag gives a flag its values. No values are an empty list.
func setFlag(flags *pflag.FlagSet, name string, values []string) error {
	for _, v := range values {
		if err := flags.Set(name, v); err != nil {
			return err
		}
	}
	f := flags.Lookup(name)
	if list, many := flagValues(f); many && len(values) == 0 {
		f.Changed = true
		return list.Replace(nil)
	}
	return nil
}

// readEnvironment sets the flags of a command from variables such as MSNSCOPE_SERVE_LISTEN. A flag
// that may be repeated takes a value from each line.
func (e *env) readEnvironment(c *cobra.Command) error {
	prefix := variable("msnscope " + verbOf(c) + " ")
	flags := map[string]*pflag.Flag{}
	c.Flags().VisitAll(func(f *pflag.Flag) { flags[prefix+variable(f.Name)] = f })
	if e.environ == nil {
		return nil
	}
	for _, entry := range e.environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || value == "" {
			continue
		}
		f := flags[name]
		switch {
		case f == nil && verbContinues(c, name, prefix):
		case f == nil:
			flag := strings.ToLower(strings.ReplaceAll(name[len(prefix):], "_", "-"))
			return &exitError{
				exitUsage, fmt.Errorf("the environment has %s: %s has no flag --%.40s%s", name, verbOf(c),
					flag, likeName(c, flag)), "unset it, or correct its name",
			}
		case slices.Contains(secretFlags, f.Name):
			return &exitError{
				exitUsage, fmt.Errorf("the environment has %s: passwords are not read from there", name),
				"put it into the configuration file (docs/CONFIG.md), which only you should be able to read",
			}
		case !f.Changed:
			values := []string{value}
			if _, many := flagValues(f); many {
				values = strings.Split(strings.TrimRight(value, "\n"), "\n")
			}
			if err := setFlag(c.Flags(), f.Name, values); err != nil {
				return &exitError{exitUsage, fmt.Errorf("the environment's %s: %w", name, err), ""}
			}
		}
	}
	return nil
}

// variable returns the name of a variable of the environment for words.
func variable(words string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(words))
}

// verbContinues reports whether a variable that begins like those of a command belongs to a longer
// verb, as MSNSCOPE_ACCOUNTS_LIST_DB does.
func verbContinues(c *cobra.Command, name, prefix string) bool {
	return slices.ContainsFunc(c.Commands(), func(sub *cobra.Command) bool {
		return strings.HasPrefix(name, prefix+variable(sub.Name()+" "))
	})
}
