package lint

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Limits of the draft, in bytes.
const (
	maxHandle = 129 // §5.4
	maxName   = 387 // §5.5, with its escapes
)

var (
	handles = dialect.KindsOf(dialect.Handle, dialect.Self)
	named   = dialect.KindsOf(dialect.Name)
)

// names has the rules about user handles and names (§5.4, §5.5).
var names = []Rule{
	{
		ID: "U01", Severity: Error, Section: "5.4", Means: "a user handle has more than 129 bytes",
		Example: "ADD 4 FL aaaa…@hotmail.com A", on: on{}.only(with(handles)), check: func(l *look) {
			if len(l.m.Line()) <= maxHandle {
				return
			}
			l.each(handles, func(h []byte) {
				if len(h) > maxHandle {
					l.say("the handle %s has %d bytes", h, len(h))
				}
			})
		},
	},
	{
		ID: "U02", Severity: Error, Section: "5.4", To: 12, Means: "a user handle has no domain", Example: "CAL 2 bob",
		on: on{}.only(with(handles)), check: func(l *look) {
			l.each(handles, func(h []byte) {
				_, domain, _ := bytes.Cut(h, []byte("@"))
				if len(domain) == 0 && !strings.EqualFold(string(h), l.row.Speaker.Name) && !identifier(h) {
					l.say("the handle %s has no domain", h)
				}
			})
		},
	},
	{
		ID: "U03", Severity: Info, Section: "5.4", To: 2,
		Means:   "a user handle is not one of hotmail.com, as client 1.0 wanted",
		Example: "ADD 4 FL bob@example.com Bob", Habit: "all later servers have users of other domains",
		on: on{}.only(with(handles)), check: func(l *look) {
			l.each(handles, func(h []byte) {
				_, domain, ok := bytes.Cut(h, []byte("@"))
				if !ok || len(domain) == 0 || same(domain, "hotmail.com") {
					return
				}
				if _, told := l.k.domains.get(domain); !told {
					l.k.domains.put(domain, true)
					l.say("the domain of %s is not hotmail.com; others of it are not reported", h)
				}
			})
		},
	},
	{
		ID: "U04", Severity: Error, Section: "5.5", Means: "a name has more than 387 bytes with its escapes",
		Example: "REA 9 alice@hotmail.com xxxx…", on: on{}.only(with(named)), check: func(l *look) {
			if len(l.m.Line()) <= maxName {
				return
			}
			l.each(named, func(name []byte) {
				if len(name) > maxName {
					l.say("the name %s has %d bytes", name, len(name))
				}
			})
		},
	},
	{
		ID: "U05", Severity: Error, Section: "5.5", Means: "a name is not UTF-8 when its escapes are decoded",
		Example: "NLN NLN zoe@hotmail.com Zo%EB", Habit: "clients send names in Latin-1", on: on{}.only(with(named)),
		check: func(l *look) {
			if l.classes&(percent|high) == 0 {
				return
			}
			l.each(named, func(name []byte) {
				if text := decode.AppendUnescaped(nil, name); !utf8.Valid(text) {
					l.say("the name %s is not UTF-8", name)
				}
			})
		},
	},
}

// identifier reports whether a word is the identifier of a contact, which later dialects have in
// place of a handle.
func identifier(word []byte) bool { return len(word) == 36 && bytes.Count(word, []byte("-")) == 4 }
