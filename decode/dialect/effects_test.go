package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// TestEveryServerRowHasAnEffect fails if somebody adds a command that servers send without saying
// what it does, even if that is nothing. It reports only the first of the rows that later dialects
// copy.
func TestEveryServerRowHasAnEffect(t *testing.T) {
	for _, table := range tables {
		for i := range table.rows {
			if r := &table.rows[i]; r.Dir == s && effectOf(r) == nil && r.origin>>16 == table.number {
				t.Errorf("%s: nothing says what %s from the %s does; put %s into an entry of effects in "+
					"decode/dialect/effects.go: one with its effect, or one with NoEffect",
					table.name, r.Grammar(), r.Roles, r.Verb)
			}
		}
	}
}

// TestNoEffectIsLeftOver checks that each verb of each entry belongs to a row that takes its effect
// from that entry.
func TestNoEffectIsLeftOver(t *testing.T) {
	for i := range effects {
		x := &effects[i]
		for _, verb := range strings.Fields(x.verbs) {
			used := func(r Row) bool { return r.Verb == verb && effectOf(&r) == x }
			if !slices.ContainsFunc(tables, func(t *Table) bool { return slices.ContainsFunc(t.rows, used) }) {
				t.Errorf("effects in decode/dialect/effects.go has %s from %s at %s, form %q: no dialect has that "+
					"row, or an entry before this one fits it", verb, x.dir, x.roles, x.form)
			}
		}
	}
}

// TestEffectsHaveTheirArguments checks that a row has the arguments that the code for its effect
// reads; otherwise it was given the wrong effect.
func TestEffectsHaveTheirArguments(t *testing.T) {
	kind := func(k Kind) func(*Row) bool { return func(r *Row) bool { return r.kinds&KindsOf(k) != 0 } }
	named := func(names ...string) func(*Row) bool {
		return func(r *Row) bool {
			return slices.ContainsFunc(r.Args, func(a Arg) bool { return slices.Contains(names, a.Name) })
		}
	}
	lists := func(r *Row) bool { return r.Lists != Unchanged }
	payload := func(r *Row) bool { return r.Payload != decode.NoPayload }
	needs := map[Effect][]func(*Row) bool{
		LogsOn:         {kind(Self)},
		SetsPresence:   {named("State")},
		SetsSetting:    {named("Value")},
		SetsProperty:   {named("Property"), named("Value")},
		ContactPresent: {kind(Handle), named("Substate")},
		ContactGone:    {kind(Handle)},
		Publishes:      {payload},
		Tells:          {payload},
		TakesBack:      {payload},
		ListVersion:    {named("Ser", "ListVersion")},
		ListEntry:      {kind(Handle), named("LIST", "Lists")},
		ListGains:      {named("LIST"), named("UserHandle", "ContactID")},
		ListLoses:      {named("LIST"), kind(Handle)},
		Renames:        {kind(Handle), kind(Name)},
		AsksLists:      {lists, payload},
		GrantsLists:    {lists},
		TellsLists:     {lists, payload},
		IsThere:        {kind(Handle), kind(Name)},
		Leaves:         {kind(Handle)},
		Calls:          {kind(Handle)},
		Rings:          {kind(Session)},
		// These read no argument.
		Enters: nil, Fails: nil, KeepsAlive: nil, Ends: nil, Carries: nil, NoEffect: nil,
	}
	for _, table := range tables {
		for i := range table.rows {
			r := &table.rows[i]
			of, known := needs[r.effect]
			if !known {
				t.Fatalf("say in this test what arguments effect %d of %s needs", r.effect, r.Verb)
			}
			for _, has := range of {
				if !has(r) {
					t.Errorf("%s: %s has effect %d without the arguments that decode/session reads for it; "+
						"give it another one in decode/dialect/effects.go", table.name, r.Grammar(), r.effect)
				}
			}
		}
	}
}

// TestEffectDependsOnTheServer checks that a command may have an effect at a switchboard and none
// elsewhere.
func TestEffectDependsOnTheServer(t *testing.T) {
	row := func(t *Table, line string) *Row {
		m := decode.Parse([]byte(line), s, t)
		return t.Match(s, Any, &m)
	}
	for _, tc := range []struct {
		line string
		role Role
		want Effect
	}{
		{"MSG bob@hotmail.com Bob 0", SB, IsThere},
		{"MSG Hotmail Hotmail 0", NS, NoEffect},
		{"MSG Hotmail Hotmail 0", 0, NoEffect}, // the role is unknown, so it may be either
		{"FLN bob@hotmail.com", NS, ContactGone},
		{"FLN bob@hotmail.com", 0, ContactGone}, // no other kind of server sends it
		{"FLN bob@hotmail.com", SB, NoEffect},   // the server sent it by mistake
		{"BYE bob@hotmail.com", 0, Leaves},
		{"USR 6 MD5 S 10139", NS, NoEffect},
		{"USR 6 OK alice@hotmail.com Alice", NS, LogsOn},
	} {
		if got := row(MSNP2, tc.line).Effect(tc.role); got != tc.want {
			t.Errorf("%s at %q has effect %d, want %d", tc.line, tc.role, got, tc.want)
		}
	}
}

// TestInventedDialect derives an invented dialect from the one before. Its new command has no
// effect until effects names it, though its arguments are those of FLN; the old commands keep their
// effects.
func TestInventedDialect(t *testing.T) {
	invented := link([]*Table{MSNP2.with(22, nil,
		Row{Verb: "WAV", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{req("UserHandle", Handle)}},
		Row{Verb: "FLN", Dir: s, Roles: NS, Args: []Arg{req("UserHandle", Handle), req("Reason", Text)}},
	)})[0]
	for line, want := range map[string]Effect{
		"WAV 5 bob@hotmail.com": NoEffect, "FLN bob@hotmail.com gone": ContactGone,
	} {
		m := decode.Parse([]byte(line), s, invented)
		if r := invented.Match(s, NS, &m); r == nil || r.Effect(NS) != want {
			t.Errorf("%s has the row %v, want one with effect %d", line, r, want)
		}
	}
}
