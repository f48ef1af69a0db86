package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/server/accounts"
)

// extras are what dialects after MSNP4 store for a user beyond the draft. The store keeps them as
// one JSON text.
type extras struct {
	// Phones maps a property to its telephone number, as on the wire.
	Phones map[string]string `json:"phones,omitempty"`
	// Groups has all groups in the order in which they were made; group 0 is among them only if it
	// was renamed.
	Groups []group `json:"groups,omitempty"`
	// In maps a contact, by accounts.Key, to the numbers of its groups. A contact that is in group
	// 0 alone is left out.
	In map[string][]string `json:"in,omitempty"`
}

// extrasOf parses the extras of a user. Values that cannot be sent, some of which older versions of
// this server stored, are left out and logged once.
func (s *Server) extrasOf(u *accounts.User) (*extras, error) {
	m := new(extras)
	if u.More == "" {
		return m, nil
	}
	if err := json.Unmarshal([]byte(u.More), m); err != nil {
		return nil, fmt.Errorf("the stored properties of %s: %w", u.Handle, err)
	}
	m.mend(func(what string, err error) { s.leaveOut(u, what, err) })
	return m, nil
}

// readableExtras is extrasOf for replies that must not fail: where the stored text cannot be
// parsed, it returns empty extras and logs that once.
func (s *Server) readableExtras(u *accounts.User) *extras {
	m, err := s.extrasOf(u)
	if err != nil {
		s.leaveOut(u, "telephones and groups", err)
		return new(extras)
	}
	return m
}

// leaveOut logs, once for each user and value, that a stored value cannot be sent and is left out.
func (s *Server) leaveOut(u *accounts.User, what string, err error) {
	if s.bad.First(accounts.Key(u.Handle) + " " + what) {
		s.o.Log.Warn("a stored value cannot be sent and is left out", "user", u.Handle, "value", what, "err", err)
	}
}

// mend removes the values that cannot be sent, and calls report for each with what it is and why it
// was removed.
func (m *extras) mend(report func(what string, err error)) {
	maps.DeleteFunc(m.Phones, func(property, value string) bool {
		if !slices.Contains(properties, property) {
			report(fmt.Sprintf("the property %q", property), errNoProperty)
			return true
		}
		err := accounts.CheckProperty(value)
		if err != nil {
			report(property, err)
		}
		return err != nil
	})
	known := make(map[string]bool, len(m.Groups))
	m.Groups = slices.DeleteFunc(m.Groups, func(g group) bool {
		n, err := strconv.ParseUint(g.ID, 10, 16)
		if err == nil && (strconv.FormatUint(n, 10) != g.ID || known[g.ID]) {
			err = errNoGroup
		}
		err = cmp.Or(err, accounts.CheckGroupName(g.Name))
		if err != nil {
			report(fmt.Sprintf("the group %q", g.ID), err)
		}
		known[g.ID] = true
		return err != nil
	})
	for key, ids := range m.In {
		m.In[key] = unique(slices.DeleteFunc(ids, func(id string) bool { return !m.has(id) }))
	}
	// a contact in no other group is in group 0
	maps.DeleteFunc(m.In, func(_ string, ids []string) bool { return len(ids) == 0 })
}

var (
	errNoProperty = errors.New("unknown property")
	errNoGroup    = errors.New("the number is not valid, or another group has it")
)

// unique returns ids without duplicates, keeping the first of each. It reuses the array of ids.
func unique(ids []string) []string {
	kept := ids[:0]
	for _, id := range ids {
		if !slices.Contains(kept, id) {
			kept = append(kept, id)
		}
	}
	return kept
}

// changeExtras lets f change the stored extras of the connection's user, and returns the user after
// the change. If f returns a failure, nothing is changed. If ok is false, the client has been
// answered. s is accounts.More, or accounts.Rest for the second part of a change. Nobody else
// changes the extras meanwhile, since a user has only one notification connection.
func (c *conn) changeExtras(ctx context.Context, r *request, s accounts.Setting,
	f func(*accounts.User, *extras) failure,
) (after *accounts.User, ok bool) {
	u, m, ok := c.readExtras(ctx, r)
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

// readExtras returns the connection's user and its extras. If ok is false, the client has been
// answered.
func (c *conn) readExtras(ctx context.Context, r *request) (*accounts.User, *extras, bool) {
	u, err := c.s.lookup(ctx, c.user.Handle)
	var m *extras
	if err == nil {
		m, err = c.s.extrasOf(&u)
	}
	if err != nil {
		c.failErr(r, err)
		return nil, nil, false
	}
	return &u, m, true
}

// storable returns a client's text in the form that is stored and sent. JSON holds only UTF-8: in
// any other text the bytes that are not ASCII are escaped, as the client should have done (§5.5).
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

// prune removes the groups of users who are no longer on the forward list.
func (m *extras) prune(u *accounts.User) {
	maps.DeleteFunc(m.In, func(key string, _ []string) bool { return !u.Has(accounts.Forward, key) })
}

// addExtras appends the telephones and groups of the user to the answer to a SYN, where they stand
// between the settings and the lists.
func (c *conn) addExtras(reply *lines, id string, u *accounts.User) {
	if !c.since(phones) {
		return
	}
	m := c.s.readableExtras(u)
	serial := strconv.Itoa(u.Serial)
	for _, property := range properties {
		reply.add("PRP", withValue(m.Phones[property], id, serial, property)...)
	}
	if c.since(grouping) {
		reply.addGroups(id, serial, m)
	}
}

// addContactPhones appends the telephones of those contacts that let the user see them. Each lookup
// in the store has a deadline of its own, since the client may be slow to read in between.
func (c *conn) addContactPhones(reply *lines, u *accounts.User) {
	if !c.since(phones) {
		return
	}
	for _, e := range u.Lists[accounts.Forward] {
		ctx, done := c.s.storeTime()
		contact, err := c.s.lookup(ctx, e.Handle)
		done()
		if err != nil && !errors.Is(err, accounts.ErrNoUser) {
			c.logOften(slog.LevelError, "the store failed: telephones are missing", "user", u.Handle, "err", err)
			return
		}
		if err != nil || contact.More == "" || !contact.Permits(u.Handle) {
			continue // the account is gone, has no telephones, or hides them from this user
		}
		m := c.s.readableExtras(&contact)
		for _, property := range slices.Sorted(maps.Keys(m.Phones)) {
			reply.add("BPR", strconv.Itoa(u.Serial), contact.Handle, property, m.Phones[property])
		}
	}
}

// withValue returns args followed by value, or args alone where value is "".
func withValue(value string, args ...string) []string {
	if value == "" {
		return args
	}
	return append(args, value)
}
