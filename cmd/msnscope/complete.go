package main

import (
	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/server"
)

// completeForms registers completions for the flags of a verb: for -T the given forms, or those of
// headless output.
func completeForms(c *cobra.Command, forms ...string) {
	if forms == nil {
		forms = []string{"text", "jsonl", "cs"}
	}
	var settings []string
	for _, name := range server.SettingNames() {
		settings = append(settings, name+"=")
	}
	if c.Flags().Lookup("set") != nil {
		_ = c.RegisterFlagCompletionFunc("set",
			cobra.FixedCompletions(settings, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
	}
	for flag, words := range map[string][]string{
		"type": forms, "preset": {"lenient", "draft", "observed"},
		"side": {"client", "server", "both"}, "time": format.TimeForms(),
		"mode": {"signin", "presence", "chat", "group", "idle", "lists"},
	} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	if c.Flags().Lookup("field") != nil {
		_ = c.RegisterFlagCompletionFunc("field", completeField)
	}
	if c.Flags().Lookup("shadow-report") != nil {
		reports := cobra.FixedCompletions([]string{"json:", "junit:"}, cobra.ShellCompDirectiveNoSpace)
		_ = c.RegisterFlagCompletionFunc("shadow-report", reports)
	}
	if c.Flags().Lookup("script") != nil {
		_ = c.MarkFlagFilename("script", "star")
	}
	for _, flag := range []string{"filter", "intercept"} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, completeFilter)
		}
	}
}

// completeField returns the names of all fields. They are collected only when a shell asks.
func completeField(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return filter.Names(), cobra.ShellCompDirectiveNoFileComp
}

// completeFilter returns the ways in which a filter may continue. Each begins with what is typed
// already, as the shell wants it.
func completeFilter(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c := filter.Complete(typed, len(typed))
	for i := range c.Choices {
		c.Choices[i] = typed[:c.Start] + c.Choices[i]
	}
	return c.Choices, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
