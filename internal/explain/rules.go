package explain

import (
	"github.com/msnscope/msnscope/decode/lint"
)

// ruleEntries returns the rules of lint.
func ruleEntries() []Entry {
	var all []Entry
	for _, r := range lint.Rules() {
		e := Entry{Word: r.ID, Kind: LintRule, Means: r.Means}
		e.Facts = append(e.Facts, Pair{"severity", string(r.Severity)})
		if r.Section != "" {
			e.Facts = append(e.Facts, Pair{"section", cite(r.Section)})
		}
		if d := r.Dialects(); d != "" {
			e.Facts = append(e.Facts, Pair{"dialects", d})
		}
		e.Facts = append(e.Facts, Pair{"example", r.Example})
		if r.Habit != "" {
			e.Facts = append(e.Facts, Pair{"habit", r.Habit + ": the preset observed leaves the rule out"})
		}
		all = append(all, e)
	}
	return all
}
