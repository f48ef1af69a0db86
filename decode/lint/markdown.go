package lint

import (
	"fmt"
	"strings"
)

// Markdown returns docs/LINT.md: all rules, by chapter.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Rules of lint

<!-- Generated from the tables of decode/lint: go test ./cmd/msnscope -run TestDocsAreFresh -update -->

` + "`msnscope lint FILE...`" + ` checks captures against these rules. ` + "`msnscope explain L02`" + ` explains one;
` + "`--lint`" + ` adds findings to ` + "`dump`" + ` and ` + "`export`" + `.

- An **error** breaks the draft. A **warn** is suspicious, or harms some programs. An **info** is worth knowing.
- The draft has no file transfers between clients: the rules about them have no section, and go by what real clients do.
- Rules with a habit are left out by ` + "`--preset observed`" + `: real clients and servers do so without harm.
- A rule with dialects applies in these only. Without a VER the draft's dialect counts.
- A rule never judges what it has not seen: a connection whose beginning is not in the capture, or of which bytes are
  missing, is exempt from the rules that need them.
`)
	rules := Rules()
	for _, chapter := range Chapters() {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | § | dialects | what is wrong | example | habit |\n"+
			"|---|---|---|---|---|---|---|\n", chapter[1])
		for _, r := range rules {
			if strings.HasPrefix(r.ID, chapter[0]) {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.ID, r.Severity, r.Section, r.Dialects(),
					cell(r.Means), code(r.Example), cell(r.Habit))
			}
		}
	}
	return b.String()
}

// Dialects returns in words where the rule applies, "" for everywhere.
func (r *Rule) Dialects() string {
	switch {
	case r.From > 0 && r.To > 0:
		return fmt.Sprintf("MSNP%d to MSNP%d", r.From, r.To)
	case r.From > 0:
		return fmt.Sprintf("from MSNP%d on", r.From)
	case r.To == 2:
		return "MSNP2"
	case r.To > 0:
		return fmt.Sprintf("up to MSNP%d", r.To)
	}
	return ""
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func code(s string) string { return "`` " + cell(s) + " ``" }
