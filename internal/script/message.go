package script

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.starlark.net/starlark"
)

// Bot is a user for whom a script answers.
type Bot struct {
	// Handle is the user's handle: the script's bot.
	Handle string
	script *Script
}

// Bots returns the users for whom scripts answer: those of scripts that have bot and message. What
// a script that is loaded again says of bot is not heeded.
func (s *Set) Bots() (all []Bot) {
	for _, script := range s.scripts {
		if p := script.prog.Load(); p.bot != "" && p.hooks[hookMessage] != nil {
			all = append(all, Bot{p.bot, script})
		}
	}
	return all
}

// Heard is a message that a bot got at a switchboard.
type Heard struct {
	// From is the handle of its sender, Name its friendly name.
	From, Name string
	// Type is the content type, Text the text.
	Type, Text string
	// Session is the number of the session, Users the handles of the others in it.
	Session string
	Users   []string
	// At is when it came.
	At time.Time
}

// maxReply bounds the text of a reply: the switchboard takes 1,664 bytes a message.
const maxReply = 1500

// Hear calls the script for a message, and returns the texts of its replies to the session.
func (b Bot) Hear(h Heard) []string {
	s := b.script
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &message{Heard: h, turn: &turn{at: h.At}}
	what := func() string { return fmt.Sprintf("a message of %s to %s", cmp.Or(h.From, "nobody"), b.Handle) }
	if !s.call(m.turn, hookMessage, m, what) {
		return nil
	}
	return m.replies
}

// message is a message as its hook sees it.
type message struct {
	Heard
	turn    *turn
	replies []string
}

// The methods of [starlark.Value].

func (m *message) String() string       { return strconv.Quote(m.Text) }
func (m *message) Freeze()              {}
func (m *message) Truth() starlark.Bool { return true }
func (m *message) Hash() (uint32, error) {
	return 0, errors.New("a message cannot be a key: use its fields")
}

// Type returns the name of the type. The content type is the field of that name.
func (m *message) Type() string { return "message" }

// messageFields are what a script can read of a message.
var messageFields = map[string]func(*message) starlark.Value{
	"user":    func(m *message) starlark.Value { return starlark.String(m.From) },
	"name":    func(m *message) starlark.Value { return starlark.String(m.Name) },
	"type":    func(m *message) starlark.Value { return starlark.String(m.Heard.Type) },
	"text":    func(m *message) starlark.Value { return starlark.String(m.Text) },
	"session": func(m *message) starlark.Value { return starlark.String(m.Session) },
	"time":    func(m *message) starlark.Value { return seconds(m.At) },
	"users": func(m *message) starlark.Value {
		var all []starlark.Value
		for _, u := range m.Users {
			all = append(all, starlark.String(u))
		}
		return starlark.NewList(all)
	},
}

// Attr implements [starlark.HasAttrs].
func (m *message) Attr(name string) (starlark.Value, error) {
	if get := messageFields[name]; get != nil {
		return get(m), nil
	}
	if name == "reply" {
		return starlark.NewBuiltin(name, m.reply), nil
	}
	return nil, unknown("a message has no field or method", name, m.AttrNames())
}

// AttrNames implements [starlark.HasAttrs].
func (m *message) AttrNames() []string {
	return slices.Sorted(maps.Keys(mergeKeys(messageFields, map[string]bool{"reply": true})))
}

// reply says something to all who are in the session.
func (m *message) reply(
	_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 1, &text); err != nil {
		return nil, err
	}
	switch {
	case len(text) > maxReply:
		return nil, fmt.Errorf("reply: the text has %d bytes: at most %d are possible", len(text), maxReply)
	case len(m.replies) == maxCommands:
		return nil, fmt.Errorf("reply: there are more than %d in one call", maxCommands)
	}
	m.replies = append(m.replies, text)
	return starlark.None, nil
}
