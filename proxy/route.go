package proxy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// verdict is what a client's first bytes say about where it wants to go.
type verdict struct {
	kind   destination
	user   string // the handle, "" if they do not give it
	cookie string
}

// destination is the kind of server that a client wants.
type destination uint8

const (
	undecided destination = iota // not enough bytes
	// nothing that a logon or a switchboard begins with: to the configured upstream at once
	anywhere
	logon       // a dispatch or notification server; the user is perhaps not known yet
	switchboard // a switchboard, with a cookie
	fileSender  // a client that sends a file
)

// read returns what a client's first bytes say. One port serves all kinds of server, so the first
// command decides: a cookie means a switchboard; a command that is legal on a fresh connection
// means a logon, and a later one may name the user, since clients send VER and USR in one go.
func read(pending []byte) verdict {
	r := decode.NewReader(decode.FromClient, dialect.MSNP2)
	r.Feed(pending)
	var v verdict
	var m decode.Message
	for r.Next(&m) {
		row := dialect.MSNP2.Match(decode.FromClient, dialect.Any|dialect.FT, &m)
		if row == nil {
			break
		}
		if row.Implies == dialect.FT && v.kind == undecided {
			return verdict{kind: fileSender}
		}
		user := string(row.Find(&m, dialect.Self))
		if cookie := row.Find(&m, dialect.Cookie); cookie != nil && v.kind == undecided {
			return verdict{switchboard, user, string(cookie)}
		}
		if v.kind == undecided && !begins(row) {
			break
		}
		v.kind = logon
		if user != "" {
			v.user = user
			return v
		}
	}
	if v.kind == undecided && (m.Raw != nil || !mayRoute(r.Pending())) {
		v.kind = anywhere
	}
	return v
}

// begins reports whether a logon begins with commands of this row.
func begins(row *dialect.Row) bool {
	return row.When&dialect.Fresh != 0 && row.When&dialect.LoggedOn == 0
}

// mayRoute reports whether an unfinished line may become a command that says where its client wants
// to go.
func mayRoute(line []byte) bool {
	if len(line) < 3 {
		return len(line) == 0 || line[0] >= 'A' && line[0] <= 'Z'
	}
	for _, row := range dialect.MSNP2.Of(decode.FromClient, decode.V(string(line[:3]))) {
		if begins(row) || row.When == dialect.Waiting {
			return true
		}
	}
	return false
}

// target is the server to which a connection goes.
type target struct {
	address string
	role    dialect.Role
	referee bool // a referral leads there
}

// known returns the server at an address to which no referral leads, with its role as far as that
// is known.
func (p *Proxy) known(address string) target {
	return target{address: address, role: p.opts.Role(address)}
}

// choose returns the server that a client with the verdict v wants, upstream if that is not known.
// p.mu is held.
func (p *Proxy) choose(v verdict, client netip.Addr, now time.Time, upstream target) target {
	switch v.kind {
	case switchboard:
		if a, ok := p.book.Switchboard(v.cookie, v.user, client, now); ok {
			return target{a, dialect.SB, true}
		}
	case logon:
		if v.user != "" {
			return p.home(v.user, client, now, upstream)
		}
		if a, ok := p.book.Guess(client, now); ok {
			return target{a, dialect.NS, true}
		}
	}
	return upstream
}

// home returns the server to which user was last referred from client, upstream if there is none.
// p.mu is held.
func (p *Proxy) home(user string, client netip.Addr, now time.Time, upstream target) target {
	if a, ok := p.book.Notification(user, client, now); ok {
		return target{a, dialect.NS, true}
	}
	return upstream
}

// matters holds the commands of either direction that change what the proxy decides by: in some
// dialect they name the user, a session, a dialect or an address. careful holds these and all that
// may have a payload.
var matters, careful = func() (matter, care [2]decode.Verbs) {
	for _, table := range dialect.All() {
		for _, row := range table.Rows() {
			verb, of := decode.V(row.Verb), side(row.Dir)
			decides := slices.ContainsFunc(row.Args, decides)
			if decides {
				matter[of].Add(verb)
			}
			if decides || row.Payload != decode.NoPayload {
				care[of].Add(verb)
			}
		}
	}
	return matter, care
}()

// decides reports whether the proxy decides by arguments of this kind.
func decides(a dialect.Arg) bool {
	switch a.Kind {
	case dialect.Self, dialect.Session, dialect.Cookie, dialect.HostPort, dialect.Dialect:
		return true
	}
	return false
}
