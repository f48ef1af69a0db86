package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/msnscope/msnscope/internal/explain"
)

// Explanations are as wide as the terminal, between these numbers of columns, and no wider than is
// good to read.
const (
	pageWidth    = 80
	maxPageWidth = 100
)

func explainCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [WORD...]",
		Short: "What a command, an argument, a state, an error code or a field means",
		Long: "Explains words of the protocol and of filters: a command (VER), an argument (UserHandle), a state\n" +
			"(BSY), a list (FL), an error code (911), a content type (text/x-msmsgscontrol), a kind of server\n" +
			"(SB), a dialect (MSNP8), a field (rtt_ms). Without a word it lists all that it knows.\n" +
			"docs/PROTOCOL.md has the same as one document.",
		Example: "  msnscope explain XFR 913 UserHandle\n" +
			"  msnscope explain 913 NLN args.UserHandle",
		ValidArgsFunction: func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return completeWord(begun), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			width, bold := e.page()
			if len(args) == 0 {
				_, err := io.WriteString(e.stdout, explain.Contents(explain.TextOptions{Width: width, Bold: bold}))
				return writeError(err)
			}
			return explainWords(e.stdout, args, explain.TextOptions{Width: width, Bold: bold})
		},
	}
}

// explainWords writes explanations of all words. Where one of them is unknown, it writes nothing
// and returns an error.
func explainWords(w io.Writer, words []string, o explain.TextOptions) error {
	var entries []explain.Entry
	for _, word := range words {
		found := explain.Lookup(word)
		if len(found) == 0 {
			return unknownWord(word)
		}
		entries = append(entries, found...)
	}
	_, err := io.WriteString(w, explain.Text(entries, o))
	return writeError(err)
}

func unknownWord(word string) error {
	hint := "msnscope explain lists the words"
	if near := explain.Suggest(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	return &exitError{exitUsage, fmt.Errorf("nothing is known about %q", word), hint}
}

// completeWord returns the words that start with begun, in its case.
func completeWord(begun string) []string {
	var found []string
	for _, w := range explain.Words() {
		if len(w) < len(begun) || !strings.EqualFold(w[:len(begun)], begun) {
			continue
		}
		found = append(found, begun+w[len(begun):])
	}
	return found
}

// page returns how many columns a line on standard output has, and whether titles may be bold
// there.
func (e *env) page() (width int, bold bool) {
	width = pageWidth
	f, ok := e.stdout.(*os.File)
	if !ok || !isTerminal(f) {
		return width, false
	}
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		width = min(w, maxPageWidth)
	}
	return width, e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
}
