package main

import (
	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/filter"
)

// completeForms tells the shell what the flags of a verb may be: -T one of the forms, those of headless output by default.
func completeForms(c *cobra.Command, forms ...string) {
	if forms == nil {
		forms = []string{"text", "jsonl", "cs"}
	}
	for flag, words := range map[string][]string{
		"type": forms, "preset": {"lenient", "draft", "observed"}, "field": filter.Names(), "side": {"client", "server", "both"},
	} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}
