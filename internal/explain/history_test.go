package explain

import (
	"slices"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

func TestDifference(t *testing.T) {
	arg := func(name string, values ...string) dialect.Arg { return dialect.Arg{Name: name, Values: values} }
	old := dialect.Row{
		Verb: "XYZ", Dir: decode.FromClient, Roles: dialect.NS, When: dialect.LoggedOn, TrID: dialect.New,
		Replies: []string{"XYZ"},
		Args:    []dialect.Arg{arg("A"), arg("B", "x", "y")}, Means: "old",
	}
	for _, tc := range []struct {
		name   string
		change func(*dialect.Row)
		want   string
	}{
		{"nothing", func(*dialect.Row) {}, ""},
		{"only words", func(r *dialect.Row) { r.Means, r.Example, r.Section = "new", "XYZ 1", "1" }, ""},
		{"a prefix", func(r *dialect.Row) {
			r.Args = []dialect.Arg{{Name: "A", Prefix: "N="}, arg("B", "x", "y")}
		}, "A begins with N="},
		{"a pattern", func(r *dialect.Row) {
			r.Args = []dialect.Arg{{Name: "A", Pattern: dialect.Paired}, arg("B", "x", "y")}
		}, "A: two numbers with a colon between"},
		{"one more", func(r *dialect.Row) { r.Args = append(r.Args[:2:2], arg("C")) }, "gains C"},
		{"another", func(r *dialect.Row) { r.Args = []dialect.Arg{arg("A"), arg("C")} }, "gains C; loses B"},
		{"values", func(r *dialect.Row) { r.Args = []dialect.Arg{arg("A"), arg("B", "x", "z")} }, "B is one of x, z"},
		{"optional", func(r *dialect.Row) {
			r.Args = []dialect.Arg{arg("A"), {Name: "B", Values: []string{"x", "y"}, Optional: true}}
		}, "B may be absent"},
		{
			"order", func(r *dialect.Row) { r.Args = []dialect.Arg{arg("B", "x", "y"), arg("A")} },
			"the arguments are in another order",
		},
		{"TrID", func(r *dialect.Row) { r.TrID = dialect.None }, "TrID: none"},
		{
			"servers", func(r *dialect.Row) { r.Roles = dialect.DS | dialect.NS },
			"at dispatch or notification server (DS, NS)",
		},
		{"states", func(r *dialect.Row) { r.When = dialect.Always }, "when: at any time"},
		{
			"payload", func(r *dialect.Row) { r.Payload = decode.LastArg },
			"the last argument says how many bytes follow the line",
		},
		{"answers", func(r *dialect.Row) { r.Replies = []string{"XYZ", "ABC"} }, "answered by XYZ, ABC"},
	} {
		row := old
		tc.change(&row)
		if got := difference(&old, &row); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestHistoryIsWhole checks that each row of each dialect belongs to exactly one version of one
// form, and that the range of this version includes the dialect.
func TestHistoryIsWhole(t *testing.T) {
	numbers := map[string]int{"": newestTable().Number()}
	for _, table := range dialect.All() {
		numbers[table.Name()] = table.Number()
	}
	for _, verb := range Verbs() {
		for _, f := range Forms(verb) {
			for _, v := range f {
				for _, table := range dialect.All() {
					if numbers[v.Since] > table.Number() || table.Number() > numbers[v.Until] {
						continue
					}
					rows := table.Of(v.Row.Dir, decode.V(verb))
					if !slices.ContainsFunc(rows,
						func(r *dialect.Row) bool { return r.Roles == v.Row.Roles && same(r, v.Row) }) {
						t.Errorf("%s has no %s, which is said to be of %s", table.Name(), v.Row.Grammar(), v.Span())
					}
				}
			}
		}
	}
	for _, table := range dialect.All() {
		for i := range table.Rows() {
			row, n := &table.Rows()[i], 0
			for _, f := range Forms(row.Verb) {
				for _, v := range f {
					if numbers[v.Since] <= table.Number() && table.Number() <= numbers[v.Until] &&
						v.Row.Roles == row.Roles && same(v.Row, row) {
						n++
					}
				}
			}
			if n != 1 {
				t.Errorf("%s %s: %s is in %d versions", table.Name(), row.Dir, row.Grammar(), n)
			}
		}
	}
}

func TestChangesOf(t *testing.T) {
	if c := changesOf("MSNP2"); len(c.added)+len(c.gone)+len(c.changed) != 0 {
		t.Errorf("the first dialect changed something: %v", c)
	}
	c := changesOf("MSNP4")
	if !slices.Contains(c.changed, Pair{"C: CVR", "gains Client"}) {
		t.Errorf("MSNP4: %v, want a CVR that gains Client", c)
	}
	// The added and the gone commands make up the difference of two tables.
	for i, table := range dialect.All()[1:] {
		before, c := dialect.All()[i], changesOf(table.Name())
		for _, verb := range Verbs() {
			was, is := has(before, verb), has(table, verb)
			added, gone := slices.Contains(c.added, verb), slices.Contains(c.gone, verb)
			if added != (is && !was) || gone != (was && !is) {
				t.Errorf("%s: %s is new: %v, gone: %v", table.Name(), verb, added, gone)
			}
		}
	}
}
