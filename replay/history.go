package replay

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// values are the arguments of a command that matter here.
type values struct {
	list, other, name, word string
	serial, total           int
}

func valuesOf(e *session.Event) (v values) {
	for i := range e.In.NumArgs() {
		a, _ := e.Row.Arg(i)
		word := string(a.Value(e.In.Arg(i)))
		switch {
		case a.Name == "LIST":
			v.list = word
		case a.Kind == dialect.Handle && v.other == "":
			v.other = strings.ToLower(word)
		case a.Kind == dialect.Name:
			v.name = word
		case a.Kind == dialect.Serial:
			v.serial, _ = strconv.Atoi(word)
		case a.Name == "TtlItems":
			v.total, _ = strconv.Atoi(word)
		case a.Name == "Value":
			v.word = word
		}
	}
	return v
}

// account returns the account of a user.
func (w *historian) account(handle string) *Account {
	a := w.accounts[handle]
	if a == nil {
		a = &Account{Handle: handle}
		w.accounts[handle] = a
	}
	return a
}

// settle sets something about a user, whose handle key begins with, unless it is settled already.
func (w *historian) settle(key string, set func(*Account)) {
	user, _, _ := strings.Cut(key, " ")
	if user == "" || w.shown[key] || len(w.shown) >= 100*maxUsers {
		return
	}
	w.shown[key] = true
	if set != nil {
		set(w.account(user))
	}
}

// has records that somebody was on a list of the user from the beginning, or was not.
func (w *historian) has(user, list string, v values, is bool) {
	at := slices.Index(accountLists[:], list)
	if at < 0 || v.other == "" {
		return
	}
	var set func(*Account)
	if is {
		set = func(a *Account) { a.Lists[at] = append(a.Lists[at], Entry{v.other, v.name}) }
	}
	w.settle(user+" "+list+" "+v.other, set)
}

func (w *historian) listed(user string, v values) {
	w.size[user+" "+v.list] = v.total
	if v.list == "RL" {
		w.has(v.other, "FL", values{other: user}, true)
		return
	}
	w.has(user, v.list, v, true)
	w.reorder(user, v)
}

// reorder moves an entry that was there from the beginning to the end of its list, with the name
// that it has there, because servers list entries in their order.
func (w *historian) reorder(user string, v values) {
	at := slices.Index(accountLists[:], v.list)
	key := user + " " + v.list + " " + v.other + " listed"
	if at < 0 || w.shown[key] || user == "" {
		return
	}
	w.shown[key] = true
	a := w.account(user)
	was := len(a.Lists[at])
	a.Lists[at] = slices.DeleteFunc(a.Lists[at], func(e Entry) bool { return e.Handle == v.other })
	if len(a.Lists[at]) < was {
		a.Lists[at] = append(a.Lists[at], Entry{v.other, v.name})
	}
}

func (w *historian) gained(user string, v values) {
	w.size[user+" "+v.list]++
	if v.list == "RL" {
		w.has(v.other, "FL", values{other: user}, false)
		w.named(v)
		return
	}
	w.has(user, v.list, v, false)
}

func (w *historian) lost(user string, v values) {
	w.size[user+" "+v.list]--
	if v.list == "RL" {
		w.has(v.other, "FL", values{other: user}, true)
		return
	}
	w.has(user, v.list, v, true)
}

// setting records what a setting was before the server first sent it, or the user changed it.
func (w *historian) setting(user string, e, request *session.Event, v values) {
	key := user + " " + e.In.Verb.String()
	if request != nil && request.In.Verb == e.In.Verb { // it had another value until now
		w.settle(key, nil)
		return
	}
	w.settle(key, func(a *Account) {
		if a.Settings == nil {
			a.Settings = map[string]string{}
		}
		a.Settings[e.Row.Verb] = v.word
	})
}
