package explain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Entry is one meaning of a word.
type Entry struct {
	// Word is spelt as in the protocol. Kind is one of the kinds in terms.go, such as "command".
	Word, Kind string
	// Means is the meaning in one line, without a full stop.
	Means string
	// Facts holds everything else that is known, by name.
	Facts []Pair
	// Forms holds the forms of a command; nil for any other kind.
	Forms []Form
}

// Lookup returns the meanings of a word, regardless of case: none for an unknown word, several for
// one such as AL, which is a list and a setting. An argument may be written as in a filter
// (args.UserHandle) or as in the draft (Ser#), a content type with parameters. The slice is shared
// and must not be changed.
func Lookup(word string) []Entry { return index().byWord[key(word)] }

// Group holds the words of one kind.
type Group struct {
	Kind  string
	Words []string
}

// Groups returns all words by kind, in the order in which a reader comes across them. The result is
// shared and must not be changed.
func Groups() []Group { return index().groups }

// Words returns all words that [Lookup] knows, each once, sorted. The slice is shared and must not
// be changed.
func Words() []string { return index().words }

// Suggest returns at most five known words with a similar spelling, the most similar first.
func Suggest(word string) []string {
	if word = key(word); len(word) > maxWord {
		return nil
	}
	type near struct {
		word     string
		distance int
	}
	var found []near
	for _, w := range Words() {
		k := key(w)
		d := distance(word, k)
		if len(word) > 2 && len(k) > len(word) && strings.Contains(k, word) {
			d = 1
		}
		if d <= max(1, min(len(word)/3, 3)) {
			found = append(found, near{w, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var words []string
	for _, n := range found[:min(len(found), 5)] {
		words = append(words, n.word)
	}
	return words
}

// maxWord is the length in bytes of the longest word for which Suggest looks: the longest known one
// has 45, and the time of a comparison grows with the product of both lengths.
const maxWord = 64

// distance returns how many letters must be inserted, removed, replaced or swapped with their
// neighbour to turn a into b.
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// key returns the form in which all spellings of a word are equal.
func key(word string) string {
	word, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(word)), ";")
	word = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(word), "args."), "§")
	if word != "" && strings.Trim(word, "#") != "" {
		word = strings.TrimRight(word, "#")
	}
	return word
}

// words is the index of all entries.
type words struct {
	byWord map[string][]Entry
	groups []Group
	words  []string
}

var index = sync.OnceValue(func() *words {
	x := &words{byWord: map[string][]Entry{}}
	x.addAll(commandEntries())
	x.addAll(roleEntries())
	x.addAll(termEntries())
	x.addAll(argumentEntries())
	x.addAll(errorEntries())
	x.addAll(contentEntries())
	x.addAll(fieldEntries())
	x.addAll(dialectEntries())
	x.addAll(conceptEntries())
	x.addAll(sectionEntries())
	x.addAll(ruleEntries())
	slices.SortFunc(x.words, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
	})
	x.words = slices.Compact(x.words)
	return x
})

func (x *words) addAll(entries []Entry) {
	for _, e := range entries {
		k := key(e.Word)
		x.byWord[k] = append(x.byWord[k], e)
		x.words = append(x.words, e.Word)
		i := slices.IndexFunc(x.groups, func(g Group) bool { return g.Kind == e.Kind })
		if i < 0 {
			i = len(x.groups)
			x.groups = append(x.groups, Group{Kind: e.Kind})
		}
		if !slices.Contains(x.groups[i].Words, e.Word) {
			x.groups[i].Words = append(x.groups[i].Words, e.Word)
		}
	}
}

func fieldEntries() []Entry {
	var all []Entry
	for _, f := range fields {
		e := Entry{Word: f.name, Kind: Field, Means: f.means}
		if f.example != "" {
			e.Facts = []Pair{{"filter", f.example}}
		}
		all = append(all, e)
	}
	for _, f := range flags {
		all = append(all, Entry{
			Word: f.Name, Kind: FlagName, Means: f.Text,
			Facts: []Pair{{"filter", strconv.Quote(f.Name) + " in flags"}},
		})
	}
	return all
}
