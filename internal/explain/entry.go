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
	// Word is written as the protocol writes it, Kind says what it is.
	Word, Kind string
	// Means is one line, without a full stop.
	Means string
	// Facts are what else is known, by name.
	Facts []Pair
	// Forms are those of a command, nil for anything else.
	Forms []Form
}

// Lookup returns the meanings of a word in either case: none for a word that means nothing, several for one such as AL, a list
// and a setting. An argument may stand as in a filter (args.UserHandle) or as in the draft (Ser#), a content type with
// parameters. The slice is shared: read only.
func Lookup(word string) []Entry { return index().byWord[key(word)] }

// Group is the words of one kind.
type Group struct {
	Kind  string
	Words []string
}

// Groups returns all words by kind, in the order in which a reader meets them. It is shared: read only.
func Groups() []Group { return index().groups }

// Words returns all words that [Lookup] knows, each once, sorted. It is shared: read only.
func Words() []string { return index().words }

// Suggest returns at most five words that are spelt like the given one, the nearest first.
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

// maxWord is as long as a word may be to be like another: the longest real one has 45 bytes, and the comparison takes the
// product of two lengths.
const maxWord = 64

// distance counts the letters to insert, to remove, to replace or to swap with their neighbour between two words.
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

// key makes the spellings of a word one.
func key(word string) string {
	word, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(word)), ";")
	word = strings.TrimPrefix(strings.TrimSpace(word), "args.")
	if word != "" && strings.Trim(word, "#") != "" {
		word = strings.TrimRight(word, "#")
	}
	return word
}

// words is the index of everything.
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
		all = append(all, Entry{Word: f.Name, Kind: FlagName, Means: f.Text, Facts: []Pair{{"filter", strconv.Quote(f.Name) + " in flags"}}})
	}
	return all
}
