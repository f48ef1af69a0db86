package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	// inviteTime is how long an invited user may take to come for a file. Senders listen for two
	// minutes; the user may be asked first.
	inviteTime = 5 * time.Minute
	// maxInvites bounds the invitations and the answers to them that are remembered, of all users,
	// and maxInvitesEach those of one user: a user who says more loses the oldest.
	maxInvites     = 1 << 10
	maxInvitesEach = 32
)

// offered is an invitation as its first step says it, or an acceptance of one.
type offered struct {
	talk, cookie string // the switchboard session, and the Invitation-Cookie
	who          string // who says it, in lower case
	file         bool   // it invites to a file transfer
	at           time.Time
}

// invitation is a file that waits behind the proxy for users who accepted it. The one place where
// something that users say makes the proxy connect somewhere (law 10): so it is bound to the users
// who accepted, once each, for inviteTime, and to the AuthCookie.
type invitation struct {
	authCookie, sender string
	targets            []string // where the sender listens: addresses to try in this order
	guests             []guest
	until              time.Time
	timer              *time.Timer // says after until who never came
}

// guest is a user who may fetch the file of an invitation.
type guest struct {
	handle string     // in lower case
	from   netip.Addr // where the user's client is, zero if it does not use this proxy
	came   bool
}

// transfers holds what users have said about file transfers. Proxy.mu guards it.
type transfers struct {
	invites, accepts []offered
	open             []*invitation
}

func userKey(handle string) string {
	handle, _, _ = strings.Cut(handle, ";")
	return strings.ToLower(handle)
}

// say remembers a step of an invitation in list.
func say(list []offered, o offered) []offered {
	list = slices.DeleteFunc(list, func(old offered) bool {
		return old.talk == o.talk && old.cookie == o.cookie && old.who == o.who || o.at.Sub(old.at) > 2*inviteTime
	})
	mine := 0
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].who != o.who {
			continue
		}
		if mine++; mine >= maxInvitesEach {
			list = slices.Delete(list, i, i+1)
		}
	}
	if len(list) >= maxInvites {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, o)
}

// guests returns who, but the sender, accepted the invitation with the cookie.
func (t *transfers) guests(talk, cookie, sender string) []string {
	var all []string
	for _, a := range t.accepts {
		if a.talk == talk && a.cookie == cookie && a.who != sender {
			all = append(all, a.who)
		}
	}
	return all
}

// offersFile reports whether the sender's invitation is one to a file transfer, as far as it was
// seen.
func (t *transfers) offersFile(talk, cookie, sender string) bool {
	i := slices.IndexFunc(t.invites, func(o offered) bool {
		return o.talk == talk && o.cookie == cookie && o.who == sender
	})
	return i < 0 || t.invites[i].file
}

// admit opens the way to the sender for guests who have accepted.
func (t *transfers) admit(v *invitation, now time.Time) {
	mine := 0
	for _, o := range t.open {
		if o.sender == v.sender {
			mine++
		}
	}
	crowded, full := mine >= maxInvitesEach, len(t.open) >= maxInvites
	t.close(func(o *invitation) bool {
		oldest := crowded && o.sender == v.sender || full
		crowded, full = crowded && !oldest, full && !oldest
		return oldest || now.After(o.until) || o.authCookie == v.authCookie && o.sender == v.sender
	})
	t.open = append(t.open, v)
}

// close ends the invitations for which which is true.
func (t *transfers) close(which func(*invitation) bool) {
	t.open = slices.DeleteFunc(t.open, func(v *invitation) bool {
		if !which(v) {
			return false
		}
		v.timer.Stop()
		return true
	})
}

func (t *transfers) expire(now time.Time) {
	t.open = slices.DeleteFunc(t.open, func(v *invitation) bool { return now.After(v.until) })
}

// locate remembers where the client of a guest is.
func (t *transfers) locate(authCookie, handle string, from netip.Addr) {
	for _, v := range t.open {
		for i := range v.guests {
			if v.authCookie == authCookie && v.guests[i].handle == handle {
				v.guests[i].from = from
			}
		}
	}
}

// waiting returns the invitations of which a guest who has not come yet may be at the address; sure
// reports that there is exactly one, whose guest is known to be there.
func (t *transfers) waiting(from netip.Addr, now time.Time) (all []*invitation, sure bool) {
	t.expire(now)
	for _, v := range t.open {
		for _, g := range v.guests {
			if !g.came && (g.from == from || !g.from.IsValid()) {
				all, sure = append(all, v), g.from == from
			}
		}
	}
	return all, sure && len(all) == 1
}

// find returns the invitation and the guest that a receiver's USR names.
func (t *transfers) find(authCookie, handle string, now time.Time) (*invitation, *guest, error) {
	t.expire(now)
	err := fmt.Errorf("nobody invited %s with this AuthCookie to a file transfer through this proxy", handle)
	for _, v := range slices.Backward(t.open) {
		for i := range v.guests {
			switch g := &v.guests[i]; {
			case v.authCookie != authCookie || g.handle != userKey(handle):
			case g.came:
				err = fmt.Errorf("%s has come for this file before: each invitation holds once", handle)
			default:
				return v, g, nil
			}
		}
	}
	return nil, nil, err
}
