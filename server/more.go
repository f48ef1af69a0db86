package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/server/accounts"
)

// more is what dialects after MSNP4 store of a user, besides what the draft knows: in the store it is one text, JSON.
type more struct {
	Phones map[string]string   `json:"phones,omitempty"` // by property, as on the wire
	Groups []group             `json:"groups,omitempty"` // all but group 0, unless that was renamed, in the order of their making
	In     map[string][]string `json:"in,omitempty"`     // in which groups a contact is, by accounts.Key, for who is not in group 0 alone
}

// moreOf reads what the store has.
func moreOf(u *accounts.User) (*more, error) {
	m := new(more)
	if u.More == "" {
		return m, nil
	}
	if err := json.Unmarshal([]byte(u.More), m); err != nil {
		return nil, fmt.Errorf("the properties of %s: %w", u.Handle, err)
	}
	return m, nil
}

// changeMore has f change what is stored of the connection's user, and returns the user after it. Nobody else changes it: a user has
// one connection. What f answers with is a failure, and then nothing is changed. Where it went wrong the client has its answer.
// The setting is More, or Rest for the second part of a change.
func (c *conn) changeMore(ctx context.Context, r *request, s accounts.Setting, f func(*accounts.User, *more) failure) (after *accounts.User, ok bool) {
	u, m, ok := c.readMore(ctx, r)
	if !ok {
		return nil, false
	}
	if failed := f(u, m); failed != none {
		c.fail(r, failed)
		return nil, false
	}
	m.prune(u)
	text, err := json.Marshal(m)
	var change accounts.Change
	if err == nil {
		change, err = c.s.store.Set(ctx, c.user.Handle, s, string(text))
	}
	if err != nil {
		c.failErr(r, err)
		return nil, false
	}
	return &change.After, true
}

// readMore returns what is stored of the connection's user. Where it fails the client has its answer.
func (c *conn) readMore(ctx context.Context, r *request) (*accounts.User, *more, bool) {
	u, err := c.s.lookup(ctx, c.user.Handle)
	var m *more
	if err == nil {
		m, err = moreOf(&u)
	}
	if err != nil {
		c.failErr(r, err)
		return nil, nil, false
	}
	return &u, m, true
}

// storable returns text of a client as it is kept and told. JSON keeps UTF-8 alone: in other text what is not ASCII is escaped,
// as it should have been (§5.5).
func storable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// prune forgets the groups of who is no contact any more.
func (m *more) prune(u *accounts.User) {
	maps.DeleteFunc(m.In, func(key string, _ []string) bool { return !u.Has(accounts.Forward, key) })
}

// addMore appends what a SYN tells of telephones and groups, between the settings and the lists.
func (c *conn) addMore(reply *lines, id string, u *accounts.User) error {
	if !c.since(phones) {
		return nil
	}
	m, err := moreOf(u)
	if err != nil {
		return err
	}
	serial := strconv.Itoa(u.Serial)
	for _, property := range properties {
		reply.add("PRP", withValue(m.Phones[property], id, serial, property)...)
	}
	if c.since(grouping) {
		reply.addGroups(id, serial, m)
	}
	return nil
}

// addContactPhones appends the telephones of the contacts that let the user see them.
func (c *conn) addContactPhones(ctx context.Context, reply *lines, u *accounts.User) {
	if !c.since(phones) {
		return
	}
	for _, e := range u.Lists[accounts.Forward] {
		contact, err := c.s.lookup(ctx, e.Handle)
		if err != nil || contact.More == "" || !contact.Permits(u.Handle) {
			continue // deleted since; or has none, or none for this user
		}
		m, err := moreOf(&contact)
		if err != nil {
			c.log().Error("a user does not learn of telephones", "user", u.Handle, "err", err)
			continue
		}
		for _, property := range slices.Sorted(maps.Keys(m.Phones)) {
			reply.add("BPR", strconv.Itoa(u.Serial), contact.Handle, property, m.Phones[property])
		}
	}
}

// withValue returns args and value, which is left out where there is none.
func withValue(value string, args ...string) []string {
	if value == "" {
		return args
	}
	return append(args, value)
}
