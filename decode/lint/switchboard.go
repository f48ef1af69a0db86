package lint

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// switchboard has the rules about sessions at a switchboard (§8.1 to §8.6).
var switchboard = []Rule{
	{
		ID: "B01", Severity: Error, Section: "8.1", Means: "a user who is hidden or offline gets a switchboard",
		Example: "S: CHG 8 HDN, C: XFR 9 SB, S: XFR 9 SB …", on: from(server, "XFR", dialect.NS), check: func(l *look) {
			if state := l.unseen(); state != "" && l.row.Find(l.m, dialect.Cookie) != nil {
				l.say("the user is %s: error 913 is the answer", state)
			}
		},
	},
	{
		ID: "B02", Severity: Error, Section: "8.1", Means: "the security package of a switchboard is not CKI",
		Example: "S: XFR 9 SB 10.0.0.9:1863 MD5 abc", on: from(server, "XFR RNG", dialect.NS), check: func(l *look) {
			if v := l.arg("SP"); v != nil && string(v) != "CKI" {
				l.say("the security package of a switchboard is CKI, not %s", v)
			}
		},
	},
	{
		ID: "B03", Severity: Error, Section: "8.2", Means: "the first command to a switchboard is neither USR nor ANS",
		Example: "C: CAL 1 bob@hotmail.com", on: from(client, "", dialect.SB), check: func(l *look) {
			if l.c.whole && l.c.said[0] == 0 && l.row != nil && l.row.When&dialect.Waiting == 0 {
				l.say("the connection begins with %s", l.m.Line())
			}
		},
	},
	{
		ID: "B04", Severity: Error, Section: "8.2",
		Means:   "the cookie is not one that the notification server gave this user",
		Example: "C: USR 1 alice@hotmail.com 1.2.3", on: from(client, "USR ANS", dialect.SB),
		check: (*look).foreignCookie,
	},
	{
		ID: "B05", Severity: Warn, Section: "8.2", Means: "a cookie is used on a second connection",
		Example: "C: USR 1 alice@hotmail.com 17262740.1050826919.32308, twice", on: from(client, "USR ANS", dialect.SB),
		check: func(l *look) {
			v := l.row.Find(l.m, dialect.Cookie)
			if c, ok := l.k.cookies.get(v); ok && c.conn != 0 && c.conn != l.e.Conn {
				l.say("connection %d has used the cookie %s already", c.conn, v)
			}
		},
	},
	{
		ID: "B06", Severity: Error, Section: "8.3", Means: "the client calls or writes before it is in the session",
		Example: "C: USR 1 alice@hotmail.com …, C: CAL 2 bob@hotmail.com", on: from(client, "", dialect.SB),
		check: func(l *look) {
			if l.c.whole && !l.c.login.entered && l.row != nil && l.row.When&dialect.Joined != 0 &&
				l.row.When&dialect.Waiting == 0 {
				l.say("%s comes before the server has let the client in", l.m.Line())
			}
		},
	},
	{
		ID: "B07", Severity: Error, Section: "8.3", Means: "the status of a call is not RINGING",
		Example: "S: CAL 2 BUSY 11752013", on: from(server, "CAL", dialect.SB), check: func(l *look) {
			if v := l.arg("Status"); v != nil && string(v) != "RINGING" {
				l.say("the status of a call is %s", v)
			}
		},
	},
	{
		ID: "B08", Severity: Error, Section: "8.3", Means: "the number of a session is not decimal",
		Example: "S: RNG abc 10.0.0.9:1863 CKI …", Habit: "servers of today have hexadecimal numbers and UUIDs",
		on: on{}.only(with(dialect.KindsOf(dialect.Session))), check: func(l *look) {
			l.each(dialect.KindsOf(dialect.Session), func(v []byte) {
				if !digits(v) {
					l.say("the session number %s is not decimal", v)
				}
			})
		},
	},
	{
		ID: "B09", Severity: Error, Section: "8.4", Means: "ANS names another session than the RNG with its cookie",
		Example: "S: RNG 11752013 … 849102291.520491113 …, C: ANS 1 bob@hotmail.com 849102291.520491113 999",
		on:      from(client, "ANS", dialect.SB), check: func(l *look) {
			is := l.row.Find(l.m, dialect.Session)
			c, ok := l.k.cookies.get(l.row.Find(l.m, dialect.Cookie))
			if ok && c.session != "" && is != nil && c.session != string(is) {
				l.say("the ring was for session %s, ANS names %s", c.session, is)
			}
		},
	},
	{
		ID: "B10", Severity: Error, Section: "8.4", Means: "the participants do not count from 1 to their number",
		Example: "S: IRO 1 2 3 bob@hotmail.com Bob first", on: from(server, "IRO", dialect.SB), check: func(l *look) {
			item, total := l.arg("Participant"), l.arg("TotalParticipants")
			want := uint64(1)
			if n := &l.c.roster; n.item < n.total {
				want = n.item + 1
			}
			if l.c.whole && (number(item) != want || number(item) > number(total)) {
				l.say("participant %s of %s, where %d was to come", item, total, want)
			}
		},
	},
	{
		ID: "B11", Severity: Error, Section: "8.4",
		Means:   "somebody joins, leaves or writes before the roster is complete",
		Example: "S: IRO 1 1 2 bob@hotmail.com Bob, S: JOI carol@hotmail.com Carol",
		on:      from(server, "JOI BYE MSG", dialect.SB),
		check: func(l *look) {
			if l.c.whole && l.c.login.answering && l.c.roster.total > 0 {
				l.say("%d of %d participants were named before %s", l.c.roster.item, l.c.roster.total, l.m.Line())
			}
		},
	},
	{
		ID: "B12", Severity: Warn, Section: "8.4", Means: "a session that a user joins has nobody in it",
		Example: "C: ANS 1 bob@hotmail.com …, S: ANS 1 OK", on: from(server, "ANS", dialect.SB), check: func(l *look) {
			if l.c.whole && l.c.login.answering && l.c.roster.total == 0 {
				l.say("no IRO came before %s", l.m.Line())
			}
		},
	},
	{
		ID: "B13", Severity: Warn, Section: "8.5", To: 15, Means: "somebody joins who is there, or leaves who is not",
		Example: "S: BYE dave@hotmail.com", on: from(server, "JOI BYE", dialect.SB), check: func(l *look) {
			h := l.handle()
			leaves := l.row.Effect(l.e.Role) == dialect.Leaves
			if h == nil || !l.c.whole || !l.c.login.entered || same(h, l.e.User) || leaves != !l.present(h) {
				return
			}
			if leaves {
				l.say("%s leaves, who was not in the session", h)
			} else {
				l.say("%s joins, who is in the session already", h)
			}
		},
	},
	{
		ID: "B14", Severity: Info, Section: "8.5", To: 15,
		Means:   "the one who joins gets JOI about itself, as drafted: clients take it for somebody else",
		Example: "to bob: S: JOI bob@hotmail.com Bob", on: from(server, "JOI", dialect.SB), check: func(l *look) {
			if h := l.handle(); l.e.User != "" && same(h, l.e.User) {
				l.say("%s is told of itself", h)
			}
		},
	},
	{
		ID: "B15", Severity: Warn, Section: "8.6", Means: "the client goes on after OUT",
		Example: "C: OUT, C: MSG 9 U 5",
		on:      from(client, "", 0), check: func(l *look) {
			if l.c.left[0] {
				l.say("after OUT the client sends %s", l.m.Line())
			}
		},
	},
	{
		ID: "B16", Severity: Info, Section: "8.5", Means: "somebody whom the user blocks is in the session",
		Example: "S: IRO 1 2 2 blocked@hotmail.com X", on: from(server, "IRO JOI", dialect.SB), check: func(l *look) {
			if h := l.handle(); h != nil && l.on("BL", h) {
				l.say("%s is on the block list of %s", h, l.e.User)
			}
		},
	},
}

func (l *look) foreignCookie() {
	v := l.row.Find(l.m, dialect.Cookie)
	self := l.row.Find(l.m, dialect.Self)
	if v == nil || self == nil {
		return
	}
	issued, known := l.k.cookies.get(v)
	_, seen := l.k.notified.get(fold(string(self)))
	switch {
	case known && !same(issued.user, self):
		l.say("the cookie %s was given to %s, not to %s", v, issued.user, self)
	case !known && seen:
		l.say("no notification server gave the cookie %s to %s", v, self)
	}
}

// present reports whether a user is in the session of the connection.
func (l *look) present(handle []byte) bool {
	c := l.k.state.Connection(l.e.Conn)
	if c == nil {
		return false
	}
	for i := range c.Roster {
		if strings.EqualFold(c.Roster[i].Handle, string(handle)) {
			return true
		}
	}
	return false
}
