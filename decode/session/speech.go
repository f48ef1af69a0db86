package session

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// speech is the dialect of a connection: its name, "" while unknown, and the command table used for
// it.
type speech struct {
	name  string
	table *dialect.Table
}

// maxNumber is the greatest number that a dialect may have to be recognised; the last dialect ever
// spoken was 24.
const maxNumber = 999

// speechOf returns the dialect that a word such as MSNP8 names, in either case (§7.1). A dialect
// without a table gets that of the nearest earlier one. A word that names no dialect, such as CVR0
// or the 0 of a refusal, returns the zero speech.
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

// Table returns the command table of the dialect with the given name: that of the nearest earlier
// dialect if it has none, the draft's for a name that is not a dialect.
func Table(name string) *dialect.Table {
	if s := speechOf(name); s.table != nil {
		return s.table
	}
	return dialect.MSNP2
}

// maxEvidence is the number of commands of a conversation after which its dialect is no longer
// inferred: commands that identify a dialect come with the logon and the first conversation, or
// never.
const maxEvidence = 1 << 7

// evidence collects what identifies the dialect of a conversation whose VER was not seen. The
// connections of the conversation share it.
type evidence struct {
	dialect.Evidence
	added int
}

// naming holds the kind of arguments that name dialects.
var naming = dialect.KindsOf(dialect.Dialect)

// infer infers the dialect from messages until a VER names it. As long as the draft's dialect fits
// as well as any other, the dialect stays unknown: most commands are the same in all dialects.
func (c *Conn) infer(dir decode.Dir, m *decode.Message) {
	if c.sawVER || c.speaks.table != nil && !c.inferred {
		return
	}
	if c.roles == dialect.SB && m.Payload() != nil {
		return // MSG, the bulk of the traffic at a switchboard, is the same in all dialects
	}
	if c.evidence == nil {
		if row := c.match(dir, m); row != nil && row.Kinds()&naming != 0 && c.speaks.table == nil {
			return // VER fits all dialects, and is all that most connections would need evidence for
		}
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

// learnDialect takes the first valid dialect of the server's VER (§7.1). A leading 0 refuses all
// dialects, whatever follows it. What the client offered no longer counts.
func (c *Conn) learnDialect(m *decode.Message) {
	if c.offered.table != nil && c.speaks == c.offered && c.inferred {
		c.speaks, c.inferred = speech{}, false
	}
	c.offered = speech{}
	if string(m.Arg(0)) == "0" {
		return
	}
	if s := namedFirst(m); s.table != nil {
		c.speaks, c.inferred = s, false
	}
}

// namedFirst returns the first dialect that a VER names, the zero speech for none.
func namedFirst(m *decode.Message) speech {
	for i := range m.NumArgs() {
		if s := speechOf(string(m.Arg(i))); s.table != nil {
			return s
		}
	}
	return speech{}
}
