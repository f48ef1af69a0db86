package accountstest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/server/accounts"
)

// Pair is a store in memory and another one, which must do the same.
type Pair struct {
	T    *testing.T
	Want *accounts.Memory
	Got  accounts.Admin
	// Stored returns an account as Got has stored it, past any cache.
	Stored func(handle string) (accounts.User, error)
}

// Actions are random operations on both stores, whose results, errors and contents must agree.
func (p *Pair) Actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"create": p.create, "delete": p.delete, "password": p.password, "set": p.set, "add": p.add,
		"remove": p.remove, "rename": p.rename, "": p.check,
	}
}

var (
	anyHandle  = rapid.SampledFrom([]string{"a@x.com", "b@x.com", "c@x.com", "D@x.com", "d@X.com", "é@x.com"})
	anyName    = rapid.SampledFrom([]string{"", "n", "My%20Bob", "\xff';DROP%20TABLE", "two words"})
	anySetting = rapid.SampledFrom([]accounts.Setting{
		accounts.GTC, accounts.BLP, accounts.Name, accounts.More, accounts.Rest,
	})
	anyList = rapid.SampledFrom([]accounts.List{accounts.Forward, accounts.Reverse, accounts.Allow, accounts.Block})
)

func (p *Pair) create(rt *rapid.T) {
	h, n := anyHandle.Draw(rt, "handle"), anyName.Draw(rt, "name")
	p.same(rt, p.Want.Create(h, n, n), p.Got.Create(h, n, n))
}

func (p *Pair) delete(rt *rapid.T) {
	h := anyHandle.Draw(rt, "handle")
	p.same(rt, p.Want.Delete(p.T.Context(), h), p.Got.Delete(p.T.Context(), h))
}

func (p *Pair) password(rt *rapid.T) {
	h, n := anyHandle.Draw(rt, "handle"), anyName.Draw(rt, "password")
	p.same(rt, p.Want.SetPassword(p.T.Context(), h, n), p.Got.SetPassword(p.T.Context(), h, n))
}

func (p *Pair) set(rt *rapid.T) {
	h := anyHandle.Draw(rt, "handle")
	s := anySetting.Draw(rt, "setting")
	v := rapid.SampledFrom([]string{"A", "N", "AL", "BL"}).Draw(rt, "value")
	p.sameChange(rt, func(s2 accounts.Store) (accounts.Change, error) { return s2.Set(p.T.Context(), h, s, v) })
}

func (p *Pair) add(rt *rapid.T) {
	h, l := anyHandle.Draw(rt, "handle"), anyList.Draw(rt, "list")
	e := entry(anyHandle.Draw(rt, "other"), anyName.Draw(rt, "name"))
	p.sameChange(rt, func(s accounts.Store) (accounts.Change, error) { return s.Add(p.T.Context(), h, l, e, 3) })
}

func (p *Pair) remove(rt *rapid.T) {
	h, l, other := anyHandle.Draw(rt, "handle"), anyList.Draw(rt, "list"), anyHandle.Draw(rt, "other")
	p.sameChange(rt, func(s accounts.Store) (accounts.Change, error) { return s.Remove(p.T.Context(), h, l, other) })
}

func (p *Pair) rename(rt *rapid.T) {
	h, other, n := anyHandle.Draw(rt, "handle"), anyHandle.Draw(rt, "other"), anyName.Draw(rt, "name")
	p.sameChange(rt, func(s accounts.Store) (accounts.Change, error) { return s.Rename(p.T.Context(), h, other, n) })
}

func (p *Pair) sameChange(rt *rapid.T, do func(accounts.Store) (accounts.Change, error)) {
	want, wantErr := do(p.Want)
	got, err := do(p.Got)
	p.same(rt, wantErr, err)
	if d := cmp.Diff(tidy(want), tidy(got)); d != "" {
		rt.Fatalf("the change differs, - in memory, + in the other store:\n%s", d)
	}
}

func (p *Pair) same(rt *rapid.T, want, got error) {
	if !errors.Is(got, want) && (!errors.Is(want, accounts.ErrValue) || got == nil || got.Error() != want.Error()) {
		rt.Fatalf("in memory %v, in the other store %v", want, got)
	}
}

// check compares everything that is stored, as the stores return it and as Stored does.
func (p *Pair) check(rt *rapid.T) {
	want, err := p.Want.Handles(p.T.Context())
	if err != nil {
		rt.Fatal(err)
	}
	got, err := p.Got.Handles(p.T.Context())
	if d := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); d != "" || err != nil {
		rt.Fatalf("handles: %v\n%s", err, d)
	}
	for _, h := range want {
		a, _ := p.Want.Lookup(p.T.Context(), h)
		b, err := p.Got.Lookup(p.T.Context(), h)
		c, errStored := p.Stored(h)
		if err != nil || errStored != nil {
			rt.Fatal(err, errStored)
		}
		if d := cmp.Diff(tidyUser(a), tidyUser(b)) + cmp.Diff(tidyUser(a), tidyUser(c)); d != "" {
			rt.Fatalf("%s differs, - in memory, + in the other store:\n%s", h, d)
		}
	}
}

// tidy makes nil and empty lists equal.
func tidy(c accounts.Change) accounts.Change {
	c.Before, c.After = tidyUser(c.Before), tidyUser(c.After)
	if c.Other != nil {
		u := tidyUser(*c.Other)
		c.Other = &u
	}
	return c
}

func tidyUser(u accounts.User) accounts.User {
	for l := range u.Lists {
		u.Lists[l] = append([]accounts.Entry{}, u.Lists[l]...)
	}
	return u
}
