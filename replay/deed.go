package replay

import (
	"strings"

	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Deed is something that the recorded server did of its own accord, or because of something that
// did not come over the recorded connections: another server must be asked to do the same at that
// point.
type Deed struct {
	What dialect.Deed
	// Handle is the user who hears of it, in lower case.
	Handle string
	// Other is the handle that came to the List or, if it was Removed, left it, in lower case; Name
	// is its name as on the wire. For RL it was Other who put the user on FL or took the user off.
	List, Other, Name string
	Removed           bool
	// Setting is the verb that sets the setting that changed.
	Setting string
	// Value is a state, the value of a setting, or a text.
	Value string
	// Server is the address of the live server that is to do it.
	Server string
}

// deedOf returns what the server did by itself, as a command of it shows. It is for commands
// without a known cause.
func deedOf(e *session.Event) dialect.Deed {
	if e.ReplyTo != 0 || e.Row == nil {
		return dialect.NoDeed
	}
	d := dialect.DeedOf(e.Role, &e.In)
	if d == dialect.Announces {
		if b := body.Parse(e.In.Payload()); b.Type != "text/plain" { // but a profile belongs to the logon
			return dialect.NoDeed
		}
	}
	return d
}

// deed returns what the server did, as the event shows.
func deed(e *session.Event) Deed {
	d := Deed{What: deedOf(e), Handle: strings.ToLower(e.User)}
	d.Removed = e.Row.Effect(e.Role) == dialect.ListLoses
	if d.What == dialect.ChangesSetting {
		d.Setting = e.Row.Verb
	}
	if d.What == dialect.Announces {
		b := body.Parse(e.In.Payload())
		d.Value = string(b.Data)
	}
	for i := range e.In.NumArgs() {
		a, _ := e.Row.Arg(i)
		word := string(e.In.Arg(i))
		switch {
		case a.Kind == dialect.Handle:
			d.Other = strings.ToLower(word)
		case a.Kind == dialect.Name:
			d.Name = word
		case a.Name == "LIST":
			d.List = word
		case a.Kind == dialect.Token && d.What != dialect.Announces:
			d.Value = word
		}
	}
	return d
}
