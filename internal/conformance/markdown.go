package conformance

import (
	"fmt"
	"strings"
)

// Markdown returns all cases as one document, docs/CONFORMANCE.md.
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

// says returns what the case wants, in which presets, and why.
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
	if c.Ours != "" {
		text += " About our own server alone: " + c.Ours + "."
	}
	return text
}

// cell escapes text for a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "{", "&#123;").Replace(text)
}

const intro = `# The conformance suite

<!-- Made from internal/conformance/cases: go test ./internal/conformance -run TestDocument -update -->

What a server of this dialect must do, case by case, over the wire. The scripts are in
[internal/conformance/cases](../internal/conformance/cases), one file a topic, in a notation that
[the package's documentation](../internal/conformance/doc.go) explains: a script shows what each client sends and must receive.

A section is a section of the draft, such as 7.8, or a word for what the draft does not have:

BEYOND
The presets are those of ` + "`msnscope serve --preset`" + `. A case without a remark holds in all three, with the same answers.

## Play it

Against the embedded server, directly and through the proxy, which must give the same bytes except for addresses:

` + "```sh\ngo test ./internal/conformance -run TestEmbedded\n```" + `

Against any other server:

` + "```sh\nmsnscope conform 192.0.2.33 --allow-remote --user 'test{1..4}@example.com:secret'\n```" + `

It needs four accounts that are used for nothing else: their lists are emptied before each case and at the end, and their settings and
names are changed. With eight accounts two cases are played at the same time, and so on. The default for --user are the accounts that
` + "`msnscope serve`" + ` has, so this plays the suite against our own server like any other:

` + "```sh\nmsnscope serve &\nmsnscope conform 127.0.0.1\n```" + `

A server may follow a different preset in each case, unless --preset prescribes one. These cases are skipped, with the reason: cases that
need a server with certain settings, or control over its clock or its shutdown; cases that hold only in presets which the server does not
follow; and cases about our own server. The exit code is 0 when all cases pass, 1 when some do not, 3 when the server cannot be reached, and
4 when it does not answer. ` + "`msnscope conform --help`" + ` has the rest.
`
