package explain

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Markdown returns the whole reference as one document, which is docs/PROTOCOL.md.
func Markdown() string {
	d := &document{}
	d.add("# The MSN Messenger protocol, as msnscope knows it\n\n" +
		"Generated from the tables that the program itself reads, by `go test ./cmd/msnscope -run TestDocsAreFresh " +
		"-update`.\n" +
		"`msnscope explain WORD` prints any part of it. Sections (§) are those of " + draft + ";\n" +
		"what has none is not in the draft, but used by real clients and servers of MSNP2 and later.\n\n" +
		"[A session](#a-session) · [Servers](#servers) · [Commands](#commands) · [Words](#words) · " +
		"[Error codes](#error-codes) · [Messages](#messages) · [Dialects](#dialects)\n")
	d.session()
	d.servers()
	d.commands()
	d.words()
	d.errors()
	d.messages()
	d.dialects()
	return d.b.String()
}

// document builds the text of Markdown.
type document struct{ b strings.Builder }

func (d *document) add(s string) { d.b.WriteString(s) }

func (d *document) addf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// table writes the head of a table; the rows follow.
func (d *document) table(heads ...string) {
	d.addf("\n| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
}

func (d *document) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	d.addf("| %s |\n", strings.Join(cells, " | "))
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// sentence returns s with a capital first letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (d *document) servers() {
	d.add("\n## Servers\n")
	d.table("server", "name", "§", "what it is for")
	for _, r := range roleTable {
		d.row(r.role.String(), r.name, r.section, r.means)
	}
}

func (d *document) commands() {
	d.add("\n## Commands\n\nWords in braces may be absent, brackets enclose a choice, `...` repeats. " +
		"TrID is " + argMeans("", "TrID") + ".\n")
	for _, verb := range append(Verbs(), errorVerb) {
		title := verb
		if verb == errorVerb {
			title = "Errors: three digits"
		}
		d.addf("\n### %s\n", title)
		for _, f := range Forms(verb) {
			d.form(f)
		}
	}
}

func (d *document) form(f Form) {
	row := f.First()
	d.addf("\n**%s** %s: %s\n\n", dirTitles[row.Dir], code(row.Grammar()), row.Means)
	for _, p := range formFacts(f) {
		d.addf("- %s: %s\n", p.Name, strings.TrimSuffix(p.Text, " of "+draft))
	}
	if len(row.Args) > 0 {
		d.table("argument", "meaning")
		for _, a := range Args(row) {
			d.row(code(a.Name), a.Text)
		}
	}
	d.addf("\n```\n")
	for i, l := range Example(row) {
		if i == 0 {
			l = row.Dir.String() + ": " + l
		} else {
			l = "|  " + l
		}
		d.add(strings.TrimRight(l, " ") + "\n")
	}
	d.add("```\n")
	for i, v := range f[1:] {
		d.addf("\n%s: %s\\\n%s\n", v.Since, v.Change, code(v.Row.Grammar()))
		if more := gained(f[i], v); len(more) > 0 {
			d.table("argument", "meaning")
			for _, a := range more {
				d.row(code(a.Name), a.Text)
			}
		}
	}
}

// wordTitles holds the kinds of words and the titles of their chapters.
var wordTitles = []Pair{
	{State, "States"},
	{List, "Contact lists"},
	{Privacy, "Privacy"},
	{Acknowledge, "Acknowledgement of messages"},
	{Package, "Security packages"},
	{Sequence, "Steps of the logon"},
	{Status, "Status"},
	{Referral, "Referrals"},
	{Switch, "Switches"},
}

func (d *document) words() {
	d.add("\n## Words\n")
	for _, title := range wordTitles {
		d.addf("\n### %s\n", title.Text)
		d.table("word", "§", "meaning")
		for _, t := range terms {
			if t.kind == title.Name {
				d.row(code(t.word), t.section, t.means)
			}
		}
	}
}

func (d *document) errors() {
	d.add("\n## Error codes\n\nA server that does not carry out a request answers with three digits and the " +
		"request's TrID (§7.11).\n")
	for _, inDraft := range []bool{true, false} {
		d.addf("\n### %s\n", map[bool]string{true: "Of the draft", false: "Of later servers"}[inDraft])
		d.table("code", "name", "meaning", "after")
		for _, c := range decode.ErrorCodes() {
			if decode.ErrorInDraft(c) == inDraft {
				d.row(code(fmt.Sprint(c)), decode.ErrorName(c), decode.ErrorMeaning(c),
					strings.Join(dialect.FailsWith(c), " "))
			}
		}
	}
}

func (d *document) messages() {
	d.add("\n## Messages\n\nThe payload of MSG consists of header lines, an empty line and the data (§8.8). The " +
		"Content-Type says what the data is.\n")
	for _, t := range body.Types() {
		title := code(t.Type)
		if t.Type == "" {
			title = "Any message"
		}
		d.addf("\n### %s\n\n%s.", title, sentence(t.Means))
		if t.Type != "" {
			d.addf(" From %s.", senders[t.From])
		}
		if life := span(t.Since, t.Until); life != "" {
			d.addf(" %s.", sentence(life))
		}
		if len(t.Also) > 0 {
			d.addf(" Also written `%s`.", strings.Join(t.Also, "`, `"))
		}
		d.add("\n")
		if len(t.Fields) > 0 {
			d.table("field", "in", "meaning")
			for _, f := range t.Fields {
				d.row(code(f.Name), string(f.In), bodyField(f))
			}
		}
	}
}

func (d *document) dialects() {
	d.add("\n## Dialects\n")
	d.table("dialect", "first client", "what it brought")
	for _, v := range dialects {
		d.row(v.name, v.client+", "+v.year, v.brought)
	}
	for _, t := range dialect.All()[1:] {
		c := changesOf(t.Name())
		if len(c.added)+len(c.gone)+len(c.changed) == 0 {
			continue
		}
		d.addf("\n### %s\n\n", t.Name())
		if len(c.added) > 0 {
			d.addf("- new: %s\n", strings.Join(c.added, " "))
		}
		if len(c.gone) > 0 {
			d.addf("- gone: %s\n", strings.Join(c.gone, " "))
		}
		for _, p := range c.changed {
			d.addf("- `%s`: %s\n", p.Name, p.Text)
		}
	}
}
