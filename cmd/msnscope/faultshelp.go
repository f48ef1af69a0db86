package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/proxy/fault"
)

// faultsHelp returns the help topic `msnscope help faults`.
func faultsHelp() *cobra.Command {
	return &cobra.Command{Use: "faults", Short: "What --fault can do", Long: faultsText(), Hidden: true}
}

func faultsText() string {
	var b strings.Builder
	b.WriteString("--fault 'NAME[:key=value,...] [@ FILTER]' disturbs the commands that FILTER matches, or\n" +
		"all commands without a FILTER. Each hit is an event with the flag fault and the text of the\n" +
		"rule. The same --seed gives the same hits on the same traffic.\n")
	for _, k := range fault.Kinds() {
		fmt.Fprintf(&b, "\n%s: %s\n", k.Name, k.Means)
		for _, key := range k.Keys {
			name, text, _ := strings.Cut(key, " ")
			fmt.Fprintf(&b, "  %-14s %s\n", name, text)
		}
		fmt.Fprintf(&b, "  --fault '%s'\n", k.Example)
	}
	b.WriteString("\nEvery fault has these keys, shown with their defaults:\n")
	for _, key := range fault.Common {
		name, text, _ := strings.Cut(key, " ")
		fmt.Fprintf(&b, "  %-14s %s\n", name, text)
	}
	b.WriteString("\nn, nth, after and every count what passes the proxy: with n=1 a client that tries again gets\n" +
		"through. When several connections speak at once, it is chance which of them has the third\n" +
		"message. To have the same hits each time, count per connection:\n" +
		"  --fault 'drop:nth=3,per=connection @ cmd == \"MSG\" && dir == \"C\"'    " +
		"the third message to each switchboard\n")
	b.WriteString("\n--fault @FILE reads one fault a line; # begins a comment.\n")
	return b.String()
}

// completeFaults registers the names of faults as completions.
func completeFaults(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("fault",
		func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var words []cobra.Completion
			for _, k := range fault.Kinds() {
				words = append(words, cobra.CompletionWithDesc(k.Name, k.Means))
			}
			return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		})
}
