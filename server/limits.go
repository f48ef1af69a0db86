package server

import (
	"fmt"
	"strconv"
)

// Limits bound what one user, one address, and all clients together may take of the server; 0 means
// no limit. docs/SERVER.md gives the reason for each default. An address is an IPv4 address or the
// first 64 bits of an IPv6 address; connections made by [Server.Dial] count for 127.0.0.1.
type Limits struct {
	AddressConns int // connections of one address, in percent of Options.MaxConns
	// connections of one address that are not logged on, in percent of Options.MaxConns
	AddressLogons int
	UserConns     int // connections of one user
	UserSessions  int // switchboard sessions of one user
	SessionUsers  int // users of one session, including those being rung
	UserRings     int // invitations of one user that are not answered yet
	AddressRings  int // the same, of all users at one address
	// bytes queued for one user or of unfinished commands; 8 KB a connection are free
	UserBytes       int
	AddressBytes    int // the same, of one address
	TotalBytes      int // the same, of all connections
	UserFailures    int // failed logons from one address for one account before answers are delayed
	AddressFailures int // failed logons from one address before answers are delayed
}

// limit is a row of the table of limits. refused says what a client that exceeds the limit gets.
// The other fields mean what they mean in a setting.
type limit struct {
	key, means string
	field      func(*Limits) *int
	value      int
	refused    string
	reason     string
}

// limitRows is the table of limits. All code that reads, shows or explains limits goes by it.
var limitRows = []limit{
	{
		"address-connections",
		"connections of one address, in percent of all that are allowed (`--connections`, 20,000)",
		func(l *Limits) *int { return &l.AddressConns }, 80,
		"`600`, closed", "a fifth is left for everybody else; less would break tests with 15,000 users on one machine",
	},
	{
		"address-logons", "connections of one address that are not logged on, in percent of all that are allowed",
		func(l *Limits) *int { return &l.AddressLogons }, 25,
		"`600`, closed",
		"they need no account, and last 60 s; an office that reconnects after a power cut needs far fewer",
	},
	{
		"user-connections", "connections of one user",
		func(l *Limits) *int { return &l.UserConns }, 128,
		"`600`, closed", "the sessions below, the connection to the notification server, and some that are just ending",
	},
	{
		"user-sessions", "switchboard sessions of one user; another user can make it enter a quarter of them",
		func(l *Limits) *int { return &l.UserSessions }, 100,
		"`714`, closed", "people had a handful; a robot that answers everybody may need many",
	},
	{
		"session-users", "users in a session, including those being rung",
		func(l *Limits) *int { return &l.SessionUsers }, 50,
		"`712`", "each message is sent to all of them",
	},
	{
		"user-invitations",
		"invitations of one user that nobody has answered and that are still valid (`ring-timeout`)",
		func(l *Limits) *int { return &l.UserRings }, 32,
		"`713`",
		"each has a cookie, of which no more are kept for one caller; whoever waits for answers may go on",
	},
	{
		"address-invitations", "the same, of all users at one address",
		func(l *Limits) *int { return &l.AddressRings }, 2000,
		"`713`", "sixty users doing their worst; tests with thousands of users ring a few hundred at a time",
	},
	{
		"user-buffers",
		"bytes that wait for one user, or belong to its unfinished commands, on all its connections; " +
			"the first 8 KB of each do not count",
		func(l *Limits) *int { return &l.UserBytes }, 8 << 20,
		"`712` for what it sends, closed",
		"four connections that read nothing, or seven messages of 1 MB on their way at the same time",
	},
	{
		"address-buffers", "the same, of all users at one address",
		func(l *Limits) *int { return &l.AddressBytes }, 32 << 20,
		"the largest connection of the user who holds most is closed", "four users doing their worst",
	},
	{
		"buffers", "the same, of all users",
		func(l *Limits) *int { return &l.TotalBytes }, 256 << 20,
		"the same", "buffers grow by doubling, so that the process may need twice that: 512 MB",
	},
	{
		"user-failures",
		"wrong passwords from one address for one account before its answers are delayed: " +
			"1 s, then 2, up to 30",
		func(l *Limits) *int { return &l.UserFailures }, 5,
		"answered late; `600`, closed, if eight logons of the address are waiting already",
		"people mistype a few times; after that two guesses a minute are left, and nobody elsewhere has to wait",
	},
	{
		"address-failures", "wrong passwords from one address for any account, likewise",
		func(l *Limits) *int { return &l.AddressFailures }, 20,
		"the same", "many people may be behind one address: who logged on from there before does not wait for others",
	},
}

// defaultLimits returns the limits of every preset.
func defaultLimits() Limits {
	var l Limits
	for i := range limitRows {
		*limitRows[i].field(&l) = limitRows[i].value
	}
	return l
}

// limitOf returns the limit with the name key, nil if there is none.
func limitOf(key string) *limit {
	for i := range limitRows {
		if limitRows[i].key == key {
			return &limitRows[i]
		}
	}
	return nil
}

// set parses value and sets the limit in l. The error says what would be valid.
func (row *limit) set(l *Limits, value string) error {
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return fmt.Errorf("limit %s: %q is not a whole number; 0 means no limit", row.key, value)
	}
	*row.field(l) = int(n)
	return nil
}
