package ui

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
)

// examples are filters that help shows.
var examples = [...][2]string{
	{`MSG`, "all messages; any command's name or error's number does"},
	{`bob@hotmail.com`, "what contains this text"},
	{`cmd == "XFR" && role == "NS"`, "referrals by notification servers"},
	{`cmd in ["CAL", "RNG", "ANS"]`, "how sessions begin"},
	{`"error" in flags`, "errors"},
	{`"rewritten" in flags`, "commands with an address that was replaced"},
	{`rtt_ms > 200`, "slow answers"},
	{`lint`, "what breaks a rule of the protocol; :set lint= chooses the rules"},
	{`user contains "bob" && dir == "C"`, "what one user sent"},
	{`args.UserHandle == "bob@hotmail.com"`, "by an argument's name"},
}

// help shows the keys, the commands, and how to write filters.
func (a *App) help() {
	t := &a.theme
	a.show("Help", func(width int) lines {
		var out lines
		head := func(text string) { out = append(out, nil, line{{text, t.title}}) }
		row := func(name, text string) { out = append(out, entry(name, text, 18, width, t)...) }
		group := ""
		for _, g := range []string{moving, looking, finding, viewing, playing, replays, acting, taught, leaving} {
			for _, k := range keyTable() {
				if k.group != g {
					continue
				}
				if g != group {
					group = g
					head(g)
				}
				row(k.keys, k.help)
			}
		}
		head("Signs")
		for _, s := range signTable(&t.g) {
			row(s[0], s[1])
		}
		head("Commands")
		for _, c := range commandTable() {
			row(":"+c.name+" "+c.args, c.help)
		}
		head("Filters")
		for _, e := range examples {
			out = append(out, entry(e[0], e[1], 42, width, t)...)
		}
		head("Fields of a filter")
		for _, part := range wrap(strings.Join(filter.Names(), " "), width) {
			out = append(out, line{{part, t.plain}})
		}
		return out[1:]
	})
}

// entry formats a name and its explanation in two columns, or on two lines where the name is too
// long.
func entry(name, text string, indent, width int, t *theme) lines {
	if width < indent+24 {
		indent = 4
	}
	var out lines
	head := seg{pad(name, indent-1, t.g.ellipsis) + " ", t.key}
	if len(name) >= indent {
		out = append(out, line{{name, t.key}})
		head = seg{strings.Repeat(" ", indent), t.key}
	}
	for _, part := range wrap(text, width-indent) {
		out = append(out, line{head, {part, t.plain}})
		head.text = strings.Repeat(" ", indent)
	}
	return out
}

// KeysMarkdown returns the key table as a Markdown document, from which docs/KEYS.md is generated.
func KeysMarkdown() string {
	var b strings.Builder
	b.WriteString("# Keys of the inspector\n\nGenerated from the table in ui/keys.go; `F1` shows the same.\n")
	for _, g := range []string{moving, looking, finding, viewing, playing, replays, acting, taught, leaving} {
		fmt.Fprintf(&b, "\n## %s\n\n| key | action |\n|---|---|\n", g)
		for _, k := range keyTable() {
			if k.group == g {
				fmt.Fprintf(&b, "| %s | %s |\n", markdownKeys(k.keys), k.help)
			}
		}
	}
	b.WriteString("\n## Signs\n\n| sign | in ASCII | meaning |\n|---|---|---|\n")
	ascii := signTable(&asciiGlyphs)
	for i, s := range signTable(&unicodeGlyphs) {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", s[0], ascii[i][0], s[1])
	}
	b.WriteString("\n## Commands\n\n" +
		"The beginning of a name is enough: `:g 12`, `:q`. Where several begin so, it is the first here: " +
		"`:r` is release.\n\n" +
		"| after `:` | action |\n|---|---|\n")
	for _, c := range commandTable() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	b.WriteString("\n## Filters\n\n| expression | finds |\n|---|---|\n")
	for _, e := range examples {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e[0], e[1])
	}
	return b.String()
}

func markdownKeys(keys string) string {
	return "`" + strings.Join(strings.Fields(keys), "` `") + "`"
}
