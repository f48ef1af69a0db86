package explain

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// changes holds the differences between a dialect's table and that of the dialect before.
type changes struct {
	added, gone []string // commands
	changed     []Pair   // a form such as "C: CVR", and what differs
}

// changesOf returns the changes from the dialect before to the named one. The first dialect has
// none.
func changesOf(name string) changes {
	all := dialect.All()
	i := slices.IndexFunc(all, func(t *dialect.Table) bool { return t.Name() == name })
	if i < 1 {
		return changes{}
	}
	var c changes
	for _, verb := range Verbs() {
		now, before := has(all[i], verb), has(all[i-1], verb)
		switch {
		case now && !before:
			c.added = append(c.added, verb)
			continue
		case before && !now:
			c.gone = append(c.gone, verb)
			continue
		}
		for _, f := range Forms(verb) {
			c.form(f, verb, name, all[i-1].Name())
		}
	}
	return c
}

// form adds the changes in one form of a command that both dialects have.
func (c *changes) form(f Form, verb, name, before string) {
	for _, v := range f {
		title := f.First().Dir.String() + ": " + strings.TrimSpace(verb+" "+f.First().Form())
		switch {
		case v.Since == name && v.Change != "":
			c.changed = append(c.changed, Pair{title, v.Change})
		case v.Since == name:
			c.changed = append(c.changed, Pair{title, "new form: " + v.Row.Grammar()})
		case v.Until == before && !slices.ContainsFunc(f, func(w Version) bool { return w.Since == name }):
			c.changed = append(c.changed, Pair{title, "gone: " + v.Row.Grammar()})
		}
	}
}

func has(t *dialect.Table, verb string) bool {
	rows := t.Rows()
	return slices.ContainsFunc(rows, func(r dialect.Row) bool { return r.Verb == verb })
}

func dialectEntries() []Entry {
	var all []Entry
	for _, d := range dialects {
		e := Entry{
			Word: d.name, Kind: DialectName, Means: d.brought,
			Facts: []Pair{{"first client", d.client + ", " + d.year}},
		}
		c := changesOf(d.name)
		if len(c.added) > 0 {
			e.Facts = append(e.Facts, Pair{"new", strings.Join(c.added, " ")})
		}
		if len(c.gone) > 0 {
			e.Facts = append(e.Facts, Pair{"gone", strings.Join(c.gone, " ")})
		}
		e.Facts = append(e.Facts, c.changed...)
		all = append(all, e)
	}
	return all
}
