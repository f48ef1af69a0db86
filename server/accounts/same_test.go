package accounts

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestBothStoresDoTheSame runs random operations on a store of each kind: results, errors and
// contents must agree, even after the file was closed and opened again.
func TestBothStoresDoTheSame(t *testing.T) {
	dir, run := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", run))
		p := &pair{t: t, path: path, memory: new(Memory)}
		p.open(rt)
		defer func() { _ = p.file.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"create":   p.create,
			"delete":   p.delete,
			"password": p.password,
			"set":      p.set,
			"add":      p.add,
			"remove":   p.remove,
			"rename":   p.rename,
			"reopen": func(rt *rapid.T) {
				if err := p.file.Close(); err != nil {
					rt.Fatal(err)
				}
				p.open(rt)
			},
			"": p.check,
		})
	})
}

type pair struct {
	t      *testing.T
	path   string
	memory *Memory
	file   *SQLite
}

func (p *pair) open(rt *rapid.T) {
	var err error
	if p.file, err = Open(p.path, OpenOptions{}); err != nil {
		rt.Fatal(err)
	}
}

var (
	anyHandle = rapid.SampledFrom([]string{"a@x.com", "b@x.com", "c@x.com", "D@x.com", "d@X.com", "é@x.com"})
	anyName   = rapid.SampledFrom([]string{"", "n", "My%20Bob", "\xff';DROP%20TABLE", "two words"})
	anyList   = rapid.SampledFrom([]List{Forward, Reverse, Allow, Block})
)

func (p *pair) create(rt *rapid.T) {
	h, n := anyHandle.Draw(rt, "handle"), anyName.Draw(rt, "name")
	p.same(rt, p.memory.Create(h, n, n), p.file.Create(h, n, n))
}

func (p *pair) delete(rt *rapid.T) {
	h := anyHandle.Draw(rt, "handle")
	p.same(rt, p.memory.Delete(p.t.Context(), h), p.file.Delete(p.t.Context(), h))
}

func (p *pair) password(rt *rapid.T) {
	h, n := anyHandle.Draw(rt, "handle"), anyName.Draw(rt, "password")
	p.same(rt, p.memory.SetPassword(p.t.Context(), h, n), p.file.SetPassword(p.t.Context(), h, n))
}

func (p *pair) set(rt *rapid.T) {
	h := anyHandle.Draw(rt, "handle")
	s := rapid.SampledFrom([]Setting{GTC, BLP, Name, More, Rest}).Draw(rt, "setting")
	v := rapid.SampledFrom([]string{"A", "N", "AL", "BL"}).Draw(rt, "value")
	p.sameChange(rt, func(s2 Store) (Change, error) { return s2.Set(p.t.Context(), h, s, v) })
}

func (p *pair) add(rt *rapid.T) {
	h, l := anyHandle.Draw(rt, "handle"), anyList.Draw(rt, "list")
	e := Entry{anyHandle.Draw(rt, "other"), anyName.Draw(rt, "name")}
	p.sameChange(rt, func(s Store) (Change, error) { return s.Add(p.t.Context(), h, l, e, 3) })
}

func (p *pair) remove(rt *rapid.T) {
	h, l, other := anyHandle.Draw(rt, "handle"), anyList.Draw(rt, "list"), anyHandle.Draw(rt, "other")
	p.sameChange(rt, func(s Store) (Change, error) { return s.Remove(p.t.Context(), h, l, other) })
}

func (p *pair) rename(rt *rapid.T) {
	h, other, n := anyHandle.Draw(rt, "handle"), anyHandle.Draw(rt, "other"), anyName.Draw(rt, "name")
	p.sameChange(rt, func(s Store) (Change, error) { return s.Rename(p.t.Context(), h, other, n) })
}

func (p *pair) sameChange(rt *rapid.T, do func(Store) (Change, error)) {
	want, wantErr := do(p.memory)
	got, err := do(p.file)
	p.same(rt, wantErr, err)
	if d := cmp.Diff(tidy(want), tidy(got)); d != "" {
		rt.Fatalf("the change differs, - in memory, + in the file:\n%s", d)
	}
}

func (p *pair) same(rt *rapid.T, want, got error) {
	if !errors.Is(got, want) && (!errors.Is(want, ErrValue) || got == nil || got.Error() != want.Error()) {
		rt.Fatalf("in memory %v, in the file %v", want, got)
	}
}

// check compares everything that is stored, as the stores return it and as it is in the file.
func (p *pair) check(rt *rapid.T) {
	want, err := p.memory.Handles(p.t.Context())
	if err != nil {
		rt.Fatal(err)
	}
	got, err := p.file.Handles(p.t.Context())
	if d := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); d != "" || err != nil {
		rt.Fatalf("handles: %v\n%s", err, d)
	}
	for _, h := range want {
		a, _ := p.memory.Lookup(p.t.Context(), h)
		b, err := p.file.Lookup(p.t.Context(), h)
		c, errFile := p.file.query(p.t.Context(), p.file.read, Key(h))
		if err != nil || errFile != nil {
			rt.Fatal(err, errFile)
		}
		if d := cmp.Diff(tidyUser(a), tidyUser(b)) + cmp.Diff(tidyUser(a), tidyUser(*c)); d != "" {
			rt.Fatalf("%s differs, - in memory, + in the file:\n%s", h, d)
		}
	}
}

// tidy makes nil and empty lists equal.
func tidy(c Change) Change {
	c.Before, c.After = tidyUser(c.Before), tidyUser(c.After)
	if c.Other != nil {
		u := tidyUser(*c.Other)
		c.Other = &u
	}
	return c
}

func tidyUser(u User) User {
	for l := range u.Lists {
		u.Lists[l] = append([]Entry{}, u.Lists[l]...)
	}
	return u
}
