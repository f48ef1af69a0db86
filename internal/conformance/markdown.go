package conformance

import (
	"fmt"
	"strings"
)

// Markdown returns all cases as one document: docs/CONFORMANCE.md is made of it.
func Markdown() string {
	var b strings.Builder
	b.WriteString(strings.Replace(intro, "BEYOND\n", beyondTable(), 1))
	topic := ""
	for _, c := range Cases() {
		if c.topic != topic {
			topic = c.topic
			fmt.Fprintf(&b, "\n## %s\n\n| case | section | it says |\n|---|---|---|\n", topic)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, strings.Join(c.Sections, ", "), cell(c.says()))
	}
	return b.String()
}

// beyondTable explains the words that stand in place of sections.
func beyondTable() string {
	var b strings.Builder
	b.WriteString("| word | what it is about |\n|---|---|\n")
	for _, w := range beyond {
		fmt.Fprintf(&b, "| %s | %s |\n", w.word, w.means)
	}
	return b.String() + "\n"
}

// says returns what the case says, and where.
func (c *Case) says() string {
	text := c.Means
	if len(c.Presets) < len(Presets()) {
		text += " Only in " + strings.Join(c.Presets, " and ") + ":"
	} else if c.Why != "" {
		text += " Presets differ:"
	}
	if c.Why != "" {
		text += " " + c.Why + "."
	}
	return text
}

// cell makes text one that stands in a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "{", "&#123;").Replace(text)
}

const intro = `# The conformance suite

<!-- Made from internal/conformance/cases: go test ./internal/conformance -run TestDocument -update -->

What a server of this dialect must do, case by case, over the wire. The scripts are in
[internal/conformance/cases](../internal/conformance/cases), one file a topic, in a notation that
[the package's documentation](../internal/conformance/doc.go) explains: each shows what every client sends and what it must get.

A section is one of the draft, such as 7.8, or a word for what the draft does not have:

BEYOND
The presets are those of ` + "`msnscope serve --preset`" + `. A case without a remark holds in all three, with the same answers.

## Play it

Against the embedded server, directly and through the proxy, where every byte must be the same but for the addresses:

` + "```sh\ngo test ./internal/conformance -run TestEmbedded\n```" + `

Against any other server, which needs four accounts that are there for nothing else (their lists are emptied before each case):

` + "```sh" + `
MSNSCOPE_CONFORMANCE=192.0.2.33:1863 \
MSNSCOPE_CONFORMANCE_ACCOUNTS=alice=a@example.com:secret,bob=b@example.com:secret,carol=c@example.com:secret,dave=d@example.com:secret \
go test ./internal/conformance -run TestOther -v
` + "```" + `

| variable | what it is | without it |
|---|---|---|
| MSNSCOPE_CONFORMANCE | where clients begin, host:port; the rest is found by referral | the test is skipped |
| MSNSCOPE_CONFORMANCE_ACCOUNTS | name=handle:password, four of them, joined by commas | alice@hotmail.com with alicepw and so on, as ` + "`msnscope serve`" + ` has |
| MSNSCOPE_CONFORMANCE_NOBODY | a handle without an account | nobody@hotmail.com |
| MSNSCOPE_CONFORMANCE_PRESET | the answers that are expected | those of any preset, and it is said of which |
| MSNSCOPE_CONFORMANCE_QUIET | how long nothing must come to count as nothing | 50ms |

So this plays the suite against our own server as any other:

` + "```sh\nmsnscope serve &\nMSNSCOPE_CONFORMANCE=127.0.0.1:1863 go test ./internal/conformance -run TestOther -v\n```" + `

A case that needs a server set up in a certain way, its clock or its end is skipped there, with the reason. -run 'TestOther/add' plays those whose
names begin so.
`
