package filter

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Verbs returns a set that has the verb of each command from dir that the filter can match, and
// perhaps others. Where the expression says nothing about verbs, it has all of them. all reports
// whether the filter matches every command from dir whose verb is three letters of the set. It
// takes some milliseconds.
func (f *Filter) Verbs(dir decode.Dir) (verbs *decode.Verbs, all bool) {
	var set decode.Verbs
	if verb, ok := commandWord(strings.TrimSpace(f.source)); ok && f.word != nil {
		set.Add(verb)
		return &set, true
	}
	known := func(name string) bool { return name == "cmd" || name == "dir" }
	var h head
	if f.word == nil {
		h, _ = derive(f.source, known) // without a program, all verbs may match
	}
	e := session.Event{Dir: dir}
	for v := range allVerbs {
		e.In.Verb = v
		if h.program != nil {
			if may, err := f.run(h.program, h.fields, &e); err == nil && !may {
				continue
			}
		}
		set.Add(v)
	}
	return &set, h.whole && h.program != nil
}

// allVerbs yields every verb that can stand on the wire.
func allVerbs(yield func(decode.Verb) bool) {
	const letters = 'Z' - 'A' + 1
	for i := range letters * letters * letters {
		v := decode.Verb{'A' + byte(i/letters/letters), 'A' + byte(i/letters%letters), 'A' + byte(i%letters)}
		if !yield(v) {
			return
		}
	}
	for code := range 1000 {
		if !yield(decode.V(fmt.Sprintf("%03d", code))) {
			return
		}
	}
}
