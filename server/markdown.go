package server

import (
	"fmt"
	"strings"
)

// SettingsMarkdown returns the table of settings for people, docs/SERVER.md.
func SettingsMarkdown() string {
	var b strings.Builder
	b.WriteString(`# The embedded server's behaviour

Generated from the table of settings (server/settings.go); ` + "`go test ./cmd/msnscope -run TestDocsAreFresh -update`" + ` writes it.

The draft leaves things open, and real servers did some of it otherwise. A preset is a value for each of these settings:

- ` + "`lenient`" + `, the default: all of the draft, its answers to errors included, except where real clients break on its letter,
  and with what they need beyond it;
- ` + "`draft`" + `: to the letter, and nothing that it does not have;
- ` + "`observed`" + `: as Microsoft's servers were seen to behave.

Each setting can also be set alone: ` + "`msnscope serve --preset draft --set joi-to-joiner=no --set cookie-ttl=90s`" + `; in a program,
` + "`server.Options.Settings`" + `. Values are yes and no, numbers, and times such as ` + "`90s`" + `. **Bold** is what differs from the draft.

| setting | § | what it does | lenient | draft | observed | why |
|---|---|---|---|---|---|---|
`)
	for _, row := range settingRows {
		fmt.Fprintf(&b, "| `%s` | %s | %s ", row.key, row.section, row.means)
		for _, v := range row.values {
			if v != row.values[Draft] {
				v = "**" + v + "**"
			}
			fmt.Fprintf(&b, "| %s ", v)
		}
		fmt.Fprintf(&b, "| %s |\n", row.reason)
	}
	return b.String()
}
