package accounts

import (
	"fmt"
	"slices"
	"sync"
)

// Mend removes from u, which must not be shared yet, the values that cannot be sent, and calls
// report for each: a file of an older version may contain some. A setting gets the value of a new
// account instead.
func (u *User) Mend(report func(what string, err error)) {
	for s, field := range map[Setting]*string{GTC: &u.GTC, BLP: &u.BLP, Name: &u.FriendlyName} {
		if err := checkSetting(s, *field); err != nil {
			report(settingNames[s], err)
			*field = newAccount[s]
		}
	}
	for l := range lists {
		u.Lists[l] = slices.DeleteFunc(u.Lists[l], func(e Entry) bool {
			err := CheckHandle(e.Handle)
			if err != nil {
				report(fmt.Sprintf("the entry %q on %s", e.Handle, l), err)
			}
			return err != nil
		})
		for i, e := range u.Lists[l] {
			if err := CheckName(e.Name); err != nil {
				report("the name of "+e.Handle+" on "+l.String(), err)
				u.Lists[l][i].Name = ""
			}
		}
	}
}

var (
	settingNames = map[Setting]string{GTC: "GTC", BLP: "BLP", Name: "the friendly name"}
	// a user without a name is shown by handle
	newAccount = map[Setting]string{GTC: "A", BLP: "AL", Name: ""}
)

// Firsts remembers keys, so that a fault which recurs is logged once. The zero value has seen none.
// It is safe for concurrent use.
type Firsts struct {
	mu  sync.Mutex
	met map[string]struct{}
}

// maxFirsts is how many keys are remembered, 1 MB or so; First reports false for all further ones.
const maxFirsts = 10_000

// First reports whether it is called for the first time with key.
func (f *Firsts) First(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.met[key]; ok || len(f.met) >= maxFirsts {
		return false
	}
	if f.met == nil {
		f.met = make(map[string]struct{})
	}
	f.met[key] = struct{}{}
	return true
}
