package accounts

import "context"

// Watcher is a [Store] that others change too, such as the accounts verbs or a web site ("another
// environment", §7.8). The server finds it by type assertion.
type Watcher interface {
	// Watch calls f for each piece of news, one at a time and in the order of the changes, until
	// ctx ends, and then returns the error of ctx; any other error means that later news is lost.
	// Changes that were made through the Store itself are no news, except what [Admin] does to
	// existing accounts, which the server that has the Store did not ask for. A change that affects
	// two accounts, such as the forward list of one and the reverse list of the other, is two
	// pieces of news. f may call the Store. It reports whether the user is logged on, which is the
	// answer to a program that sent State, Text or Ended.
	Watch(ctx context.Context, f func(News) (reached bool)) error
}

// News is something that happened to an account from outside, or that its user is to be told. A
// change is stored before its news is delivered.
type News struct {
	What   What
	Handle string // of the account, as it spells it
	Serial int    // of the account after the change: for Added, Removed and Changed
	List   List   // for Added and Removed: any of the four
	Entry  Entry  // for Added and Removed; the name may be empty in Removed
	// Setting is the changed setting, for Changed.
	Setting Setting
	// Value is the new value of the setting, for Changed; a state of §7.7, for State; the message
	// in UTF-8, for Text; the reason, to be logged, for Ended.
	Value string
}

// What is a kind of [News].
type What uint8

// These are the kinds of news.
const (
	Added   What = iota // an entry was added to a list (§7.8)
	Removed             // an entry was removed from a list (§7.8)
	Changed             // a setting has a new value (§7.6)
	State               // the state of the user, if logged on, is to change (§7.7)
	Text                // a system message for the user, if logged on (§8.8)
	Deleted             // the account was deleted
	// Ended means that every connection of the user is to be closed, for the reason in Value: a new
	// password, or an operator's request.
	Ended
)
