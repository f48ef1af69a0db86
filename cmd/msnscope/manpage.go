package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manual writes manual pages, in the language of man(7), from the definitions of the commands.
type manual struct {
	made   time.Time
	source string // the program and its version
}

// tree writes the pages of a command and of all below it into a folder.
func (m manual) tree(c *cobra.Command, dir string) error {
	if c.IsAvailableCommand() || !c.HasParent() {
		var page strings.Builder
		m.page(&page, c)
		if err := os.WriteFile(filepath.Join(dir, manName(c)+".1"), []byte(page.String()), 0o666); err != nil {
			return err
		}
	}
	for _, sub := range c.Commands() {
		if err := m.tree(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// page writes the page of a command.
func (m manual) page(w io.Writer, c *cobra.Command) {
	c.InitDefaultHelpFlag()
	name := manName(c)
	fmt.Fprintf(w, ".TH %q \"1\" %q %q\n.nh\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n",
		strings.ToUpper(name), m.made.UTC().Format("Jan 2006"), m.source, name, troff(c.Short), troff(c.UseLine()))
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			fmt.Fprintln(w, ".PP")
		}
		if strings.Contains("\n"+paragraph, "\n ") { // its lines stand in columns
			manExample(w, paragraph)
			continue
		}
		fmt.Fprintln(w, troff(paragraph))
	}
	manFlags(w, "OPTIONS", c.NonInheritedFlags())
	manFlags(w, "OPTIONS OF ALL COMMANDS", c.InheritedFlags())
	if c.Example != "" {
		fmt.Fprintln(w, ".SH EXAMPLES")
		manExample(w, c.Example)
	}
	manOthers(w, c)
}

func manExample(w io.Writer, text string) {
	fmt.Fprintf(w, ".EX\n%s\n.EE\n", troff(strings.Trim(text, "\n")))
}

func manFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintln(w, ".SH", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			value = `\fI` + troff(value) + `\fR`
		}
		switch {
		case f.NoOptDefVal != "" && value != "":
			value = "[=" + value + "]"
		case value != "":
			value = " " + value
		}
		short := ""
		if f.Shorthand != "" {
			short = `\fB\-` + f.Shorthand + `\fR, `
		}
		fmt.Fprintf(w, ".TP\n%s\\fB%s\\fR%s\n%s", short, troff("--"+f.Name), value, troff(usage))
		switch f.DefValue {
		case "", "0", "0s", "false", "[]":
		default:
			fmt.Fprintf(w, " (default %s)", troff(f.DefValue))
		}
		fmt.Fprintln(w)
	})
}

// manOthers refers to the commands above and below a command.
func manOthers(w io.Writer, c *cobra.Command) {
	var others []string
	if c.HasParent() {
		others = append(others, manName(c.Parent()))
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			others = append(others, manName(sub))
		}
	}
	fmt.Fprintln(w, ".SH SEE ALSO")
	for i, name := range others {
		end := " ,"
		if i == len(others)-1 {
			end = ""
		}
		fmt.Fprintf(w, ".BR %s (1)%s\n", troff(name), end)
	}
}

// troff escapes text, in which what stands between ` is to be bold.
func troff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") { // a request
			lines[i] = `\&` + line
		}
	}
	text = strings.Join(lines, "\n")
	for before, rest, ok := strings.Cut(text, "`"); ok; before, rest, ok = strings.Cut(text, "`") {
		code, after, closed := strings.Cut(rest, "`")
		if !closed {
			break
		}
		text = before + `\fB` + code + `\fR` + after
	}
	return text
}
