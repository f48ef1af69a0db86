package accounts

import "context"

// Watcher is a [Store] that others change too: the accounts verbs, a web site ("another environment", §7.8). The server finds
// it by assertion.
type Watcher interface {
	// Watch calls f for each piece of news, one at a time and in the order of the changes, until ctx ends, and returns its
	// error; any other error means that news is lost from now on. What was done through this Store itself is no news. A
	// change that two accounts feel, as the forward list of one and the reverse list of the other, is two pieces. f may
	// call the Store; it reports whether the user is logged on, which is what who asked for State or Text wants to know.
	Watch(ctx context.Context, f func(News) (reached bool)) error
}

// News is what happened to an account from outside, or what its user is to be told. The store has taken the change when it
// tells of it.
type News struct {
	What   What
	Handle string // the account, in the form that it has
	Serial int    // the account's after the change: Added, Removed and Changed
	List   List   // Added and Removed: any of the four
	Entry  Entry  // Added and Removed; the name may be empty in Removed
	// Setting is what Changed changed.
	Setting Setting
	// Value is the new value of the setting; the state of §7.7 for State; what the message says, in UTF-8, for Text.
	Value string
}

// What is a kind of [News].
type What uint8

// The kinds of news.
const (
	Added   What = iota // an entry came onto a list (§7.8)
	Removed             // an entry left a list (§7.8)
	Changed             // a setting has another value (§7.6)
	State               // the user's state is to be another one (§7.7), if it is logged on
	Text                // a message of the system for the user (§8.8), if it is logged on
	Deleted             // the account is no more
)
