package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

func commandEntries() []Entry {
	var all []Entry
	for _, verb := range append(Verbs(), errorVerb) {
		forms := Forms(verb)
		e := Entry{Word: verb, Kind: Command, Forms: forms}
		var means []string
		for _, f := range forms {
			if m := f.First().Means; !slices.Contains(means, m) {
				means = append(means, m)
			}
		}
		e.Means = means[0]
		all = append(all, e)
	}
	return all
}

func roleEntries() []Entry {
	var all []Entry
	for _, r := range roleTable {
		e := Entry{Word: r.role.String(), Kind: ServerRole, Means: r.name + ": " + r.means}
		e.Facts = []Pair{
			{"section", cite(r.section)},
			{"hears", strings.Join(commandsAt(r.role, decode.FromClient), " ")},
			{"says", strings.Join(commandsAt(r.role, decode.FromServer), " ")},
		}
		all = append(all, e)
	}
	return all
}

// commandsAt returns the commands of all dialects that are sent in a direction at a kind of server.
func commandsAt(role dialect.Role, dir decode.Dir) []string {
	var verbs []string
	for _, verb := range Verbs() {
		for _, f := range Forms(verb) {
			if f.First().Dir == dir && f.First().Roles&role != 0 && !slices.Contains(verbs, verb) {
				verbs = append(verbs, verb)
			}
		}
	}
	return verbs
}

func cite(section string) string {
	if section == "" {
		return "none: the draft does not have it"
	}
	return "§" + section + " of " + draft
}

func termEntries() []Entry {
	var all []Entry
	for _, t := range terms {
		e := Entry{Word: t.word, Kind: t.kind, Means: t.means, Facts: []Pair{{"section", cite(t.section)}}}
		if since := termSince(t); since != "" && since != dialect.All()[0].Name() {
			e.Facts = append(e.Facts, Pair{"since", since})
		}
		if in := termCommands(t); len(in) > 0 {
			e.Facts = append(e.Facts, Pair{"in", strings.Join(in, ", ")})
		}
		all = append(all, e)
	}
	return all
}

// takes reports whether the term's word is a value of the argument of the verb.
func (t *term) takes(verb string, a dialect.Arg) bool {
	return (a.Is == t.word || slices.Contains(a.Values, t.word)) &&
		(slices.Contains(t.of, a.Name) || slices.Contains(t.of, verb+"."+a.Name))
}

// termSince returns the first dialect that has the word, "" if none has.
func termSince(t term) string {
	for _, table := range dialect.All() {
		for i := range table.Rows() {
			row := &table.Rows()[i]
			if slices.ContainsFunc(row.Args, func(a dialect.Arg) bool { return t.takes(row.Verb, a) }) {
				return table.Name()
			}
		}
	}
	return ""
}

// termCommands returns the commands in which the word may stand, each with the argument, such as
// "CHG (State)".
func termCommands(t term) []string {
	var in []string
	for _, verb := range Verbs() {
		for _, f := range Forms(verb) {
			for _, v := range f {
				for _, a := range v.Row.Args {
					if use := verb + " (" + a.Name + ")"; t.takes(verb, a) && !slices.Contains(in, use) {
						in = append(in, use)
					}
				}
			}
		}
	}
	return in
}

// argMeans returns the meaning of an argument of a verb, "" if it has no entry.
func argMeans(verb, name string) string {
	means := ""
	for _, a := range arguments {
		if a.name == verb+"."+name {
			return a.means
		}
		if a.name == name {
			means = a.means
		}
	}
	return means
}

func argumentEntries() []Entry {
	var all []Entry
	for _, a := range arguments {
		verb, name, special := strings.Cut(a.name, ".")
		if !special {
			verb, name = "", a.name
		}
		e := Entry{Word: name, Kind: Argument, Means: a.means}
		if special {
			e.Means = "of " + verb + ": " + a.means
		} else {
			e.Facts = append(e.Facts, argUsers(name)...)
		}
		if e.Facts = append(e.Facts, argFacts(verb, name)...); name == "TrID" {
			e.Facts = []Pair{{"section", cite("5.6")}, {"filter", "trid == 0"}}
		}
		all = append(all, e)
	}
	return all
}

func argUsers(name string) []Pair {
	var pairs []Pair
	for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		if in := users(dir, name); len(in) > 0 {
			pairs = append(pairs, Pair{strings.ToLower(dirTitles[dir]), strings.Join(in, ", ")})
		}
	}
	return pairs
}

// argFacts returns what the tables say about an argument of a verb, or of any verb if that is "":
// its words, an example, and a filter.
func argFacts(verb, name string) []Pair {
	var values []string
	example := ""
	for _, v := range append(Verbs(), errorVerb) {
		if verb != "" && v != verb {
			continue
		}
		for _, f := range Forms(v) {
			for _, version := range f {
				i := slices.IndexFunc(version.Row.Args, named(name))
				if i < 0 {
					continue
				}
				a := version.Row.Args[i]
				for _, value := range append(slices.Clone(a.Values), a.Is) {
					if value != "" && !slices.Contains(values, value) {
						values = append(values, value)
					}
				}
				if example == "" {
					example = exampleOf(version.Row, i)
				}
			}
		}
	}
	var facts []Pair
	if len(values) > 0 {
		facts = append(facts, Pair{"words", strings.Join(values, ", ")})
	}
	if example != "" {
		facts = append(facts, Pair{"example", example},
			Pair{"filter", "args." + name + " == " + strconv.Quote(decode.Unescape(example))})
	}
	return facts
}

// exampleOf returns the value of argument i in the row's example, "" if it has none there.
func exampleOf(row *dialect.Row, i int) string {
	words := strings.Fields(Example(row)[0])[1:]
	if row.TrID != dialect.None {
		words = words[1:]
	}
	if i >= len(words) {
		return ""
	}
	return string(row.Args[i].Value([]byte(words[i])))
}

func errorEntries() []Entry {
	var all []Entry
	for _, code := range decode.ErrorCodes() {
		if e, ok := errorEntry(code); ok {
			all = append(all, e)
		}
	}
	return all
}

var senders = map[string]string{
	body.FromServer: "the notification server",
	body.FromPeer:   "the client at the other end",
}

func contentEntries() []Entry {
	var all []Entry
	for _, t := range body.Types() {
		if t.Type == "" {
			for _, f := range t.Fields {
				all = append(all, Entry{
					Word: f.Name, Kind: BodyField, Means: f.Means, Facts: []Pair{{"in", "messages of any type"}},
				})
			}
			continue
		}
		for _, name := range append([]string{t.Type}, t.Also...) {
			e := Entry{Word: name, Kind: ContentType, Means: t.Means, Facts: []Pair{{"sent by", senders[t.From]}}}
			if life := span(t.Since, t.Until); life != "" {
				e.Facts = append(e.Facts, Pair{"dialects", life})
			}
			for _, f := range t.Fields {
				e.Facts = append(e.Facts, Pair{f.Name, bodyField(f)})
			}
			e.Facts = append(e.Facts, Pair{"filter", `payload.type == "` + name + `"`})
			all = append(all, e)
		}
		for _, f := range t.Fields {
			all = append(all, Entry{
				Word: f.Name, Kind: BodyField, Means: bodyField(f),
				Facts: []Pair{{"in", t.Type}, {"stands", "in the " + regions[f.In]}},
			})
		}
	}
	return all
}

var regions = map[body.Region]string{
	body.InHeader: "headers", body.InData: "data, as a line of its own", body.InBinary: "data, in a form of its own",
}

func bodyField(f body.FieldInfo) string {
	text := f.Means
	if f.Since != "" {
		text += " (since " + f.Since + ")"
	}
	var values []string
	for _, v := range f.Values {
		values = append(values, v.Value+" "+v.Means)
	}
	if len(values) > 0 {
		text += ": " + strings.Join(values, ", ")
	}
	return text
}
