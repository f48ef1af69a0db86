package session

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// speech is the dialect of a connection: its name, "" while unknown, and the table that stands for it.
type speech struct {
	name  string
	table *dialect.Table
}

// maxNumber is the greatest number of a dialect that is taken for one: the last one ever spoken was 24.
const maxNumber = 999

// speechOf returns the dialect that a word names, in either case (§7.1). One that has no table is spoken by that of the
// nearest earlier one. It is the zero speech for a word that names none, as CVR0 and the 0 of a refusal.
func speechOf(word string) speech {
	if t := dialect.Lookup(word); t != nil {
		return speech{t.Name(), t}
	}
	const prefix = "MSNP"
	if len(word) <= len(prefix) || !strings.EqualFold(word[:len(prefix)], prefix) {
		return speech{}
	}
	number, err := strconv.ParseUint(word[len(prefix):], 10, 16)
	if err != nil || number == 0 || number > maxNumber {
		return speech{}
	}
	nearest := dialect.MSNP2
	for _, t := range dialect.All() {
		if t.Number() <= int(number) {
			nearest = t
		}
	}
	return speech{strings.ToUpper(word), nearest}
}

// Table returns the command table of the dialect with the given name: that of the nearest earlier one for a dialect without
// a table, the draft's for what is no dialect.
func Table(name string) *dialect.Table {
	if s := speechOf(name); s.table != nil {
		return s.table
	}
	return dialect.MSNP2
}

// maxEvidence is after how many commands of a conversation no more is concluded: what tells a dialect comes with the logon
// and the first talk, or never.
const maxEvidence = 1 << 7

// evidence is what tells the dialect of a conversation whose VER nobody saw. Its connections share it.
type evidence struct {
	dialect.Evidence
	added int
}

// infer concludes the dialect from what is said, until a VER tells it. As long as the draft's fits as well as any, it stays
// unknown: most of what is said is the same in all of them.
func (c *Conn) infer(dir decode.Dir, m *decode.Message) {
	if c.told || c.speaks.table != nil && !c.inferred {
		return
	}
	if c.roles == dialect.SB && m.Payload() != nil {
		return // what users write is the same in all dialects, and nearly all that is said at a switchboard
	}
	if c.evidence == nil {
		c.evidence = &evidence{}
	}
	if c.evidence.added == maxEvidence {
		return
	}
	c.evidence.added++
	c.evidence.Add(dir, c.roles, m)
	c.speaks, c.inferred = speech{}, false
	if t, _ := c.evidence.Best(); t != nil && t != dialect.MSNP2 {
		c.speaks, c.inferred = speech{t.Name(), t}, true
	}
}

// learnDialect takes the first dialect of the server's VER that is one (§7.1); 0 refuses them all, whatever follows it.
func (c *Conn) learnDialect(m *decode.Message) {
	if string(m.Arg(0)) == "0" {
		return
	}
	for i := range m.NumArgs() {
		if s := speechOf(string(m.Arg(i))); s.table != nil {
			c.speaks, c.inferred = s, false
			return
		}
	}
}
