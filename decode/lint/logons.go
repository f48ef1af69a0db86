package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// logons has the rules about logon and referral to a notification server (§7.1 to §7.5).
var logons = []Rule{
	{
		ID: "L01", Severity: Error, Section: "7.1",
		Means:   "the first command to a dispatch or notification server is not VER",
		Example: "C: USR 3 MD5 I alice@hotmail.com", Habit: "clients of 2000 begin with USR at a notification server",
		on: from(client, "", logon), check: func(l *look) {
			if l.c.whole && l.c.said[0] == 0 && l.row != nil && l.row.Kinds()&dialect.KindsOf(dialect.Dialect) == 0 {
				l.say("the connection begins with %s, not with VER", l.m.Line())
			}
		},
	},
	{
		ID: "L02", Severity: Error, Section: "7.1", Means: "the server names a dialect that the client did not offer",
		Example: "C: VER 1 MSNP2, S: VER 1 MSNP3", on: from(server, "VER", logon), check: (*look).unoffered,
	},
	{
		ID: "L03", Severity: Warn, Section: "7.1", Means: "the server chooses more than one dialect",
		Example: "S: VER 1 MSNP2 CVR0", Habit: "servers of 2003 repeat CVR0, and clients want it",
		on: from(server, "VER", logon), check: func(l *look) {
			if l.m.NumArgs() > 1 && string(l.m.Arg(0)) != "0" {
				l.say("the server names more than one dialect: %s", l.m.Line())
			}
		},
	},
	{
		ID: "L04", Severity: Error, Section: "7.1", Means: "the client goes on after the server refused its dialects",
		Example: "S: VER 1 0, C: INF 2", on: from(client, "", logon), check: func(l *look) {
			if l.c.login.refused && l.row != nil && l.row.Effect(l.e.Role) != dialect.Ends &&
				l.row.Kinds()&dialect.KindsOf(dialect.Dialect) == 0 {
				l.say("the server refused all dialects; the client goes on with %s", l.m.Line())
			}
		},
	},
	{
		ID: "L05", Severity: Warn, Section: "7.1", Means: "the client sends VER again", Example: "C: VER 9 MSNP2",
		on: from(client, "VER", logon), check: func(l *look) {
			if l.c.login.vers > 0 {
				l.say("a second VER on this connection: %s", l.m.Line())
			}
		},
	},
	{
		ID: "L06", Severity: Error, Section: "7.2", To: 7, Means: "INF comes before VER, or after USR",
		Example: "C: INF 1",
		on:      from(client, "INF", logon), check: func(l *look) {
			switch {
			case !l.c.whole:
			case l.c.login.vers == 0:
				l.say("%s comes before VER", l.m.Line())
			case l.c.login.usrs > 0:
				l.say("%s comes after USR", l.m.Line())
			}
		},
	},
	{
		ID: "L07", Severity: Warn, Section: "7.2", To: 7, Means: "the server does not offer MD5",
		Example: "S: INF 2 CTP",
		on:      from(server, "INF", logon), check: func(l *look) {
			if !strings.Contains(string(l.m.Line()), "MD5") {
				l.say("the security packages are %s: MD5 is not among them", l.m.Line())
			}
		},
	},
	{
		ID: "L08", Severity: Error, Section: "7.3", To: 7, Means: "USR names a security package that INF did not offer",
		Example: "S: INF 2 MD5, C: USR 3 CTP I alice@hotmail.com", on: from(client, "USR", logon),
		check: func(l *look) {
			if p := l.m.Arg(0); l.c.login.packages != nil && !slices.Contains(l.c.login.packages, string(p)) {
				l.say("the server offered %s, not %s", strings.Join(l.c.login.packages, " "), p)
			}
		},
	},
	{
		ID: "L09", Severity: Error, Section: "7.3", To: 7, Means: "the sequence of USR is neither I nor S",
		Example: "C: USR 3 MD5 X alice@hotmail.com", on: from(client, "USR", logon), check: func(l *look) {
			if v := l.m.Arg(1); v != nil && string(v) != "I" && string(v) != "S" {
				l.say("the sequence %s is neither I nor S", v)
			}
		},
	},
	{
		ID: "L10", Severity: Error, Section: "7.3", Means: "the client answers a challenge that it did not get",
		Example: "C: USR 3 MD5 S 7f919fab309532df353c901430df36fa", on: from(client, "USR", dialect.NS),
		check: func(l *look) {
			if string(l.arg("Sequence")) == "S" && l.c.whole && !l.c.login.challenged {
				l.say("no challenge came before %s", l.m.Line())
			}
		},
	},
	{
		ID: "L11", Severity: Error, Section: "7.3", To: 7, Means: "the response is not 32 hexadecimal digits",
		Example: "C: USR 6 MD5 S 7f919fab", on: from(client, "USR", logon), check: func(l *look) {
			v := l.response()
			if v != nil && (len(v) != 32 || slices.ContainsFunc(v, func(c byte) bool { return !hexDigit(c) })) {
				l.say("the response %s is not 32 hexadecimal digits", v)
			}
		},
	},
	{
		ID: "L12", Severity: Info, Section: "7.3", To: 7, Means: "the response is in capital letters",
		Example: "C: USR 6 MD5 S 7F919FAB309532DF353C901430DF36FA", on: from(client, "USR", logon),
		check: func(l *look) {
			if v := l.response(); string(v) != strings.ToLower(string(v)) {
				l.say("the response %s is in capital letters", v)
			}
		},
	},
	{
		ID: "L13", Severity: Warn, Section: "7.3", To: 7,
		Means:   "the server gives the same challenge again, so that an old response is good",
		Example: "S: USR 5 MD5 S 1013928519.693957190, twice",
		Habit:   "a server of today has one challenge for each user",
		on:      from(server, "USR", dialect.NS), check: func(l *look) {
			v := l.row.Find(l.m, dialect.Secret)
			if _, again := l.k.challenges.get(v); v != nil && again {
				l.say("the challenge %s was given before", v)
			}
		},
	},
	{
		ID: "L14", Severity: Error, Section: "7.3", Means: "the server logs on another user than asked for",
		Example: "C: USR 5 MD5 I alice@hotmail.com, S: USR 6 OK bob@hotmail.com Bob",
		on:      from(server, "USR", dialect.NS),
		check: func(l *look) {
			is := l.row.Find(l.m, dialect.Self)
			if was := l.c.login.handle; is != nil && was != "" && !same(is, was) {
				l.say("the client named %s, the server logs on %s", was, is)
			}
		},
	},
	{
		ID: "L15", Severity: Warn, Section: "7.3", To: 2, Means: "the password is sent in clear",
		Example: "C: USR 2 CTP S password", on: from(client, "USR", logon), check: func(l *look) {
			if string(l.m.Arg(0)) == "CTP" {
				l.say("the security package %s sends the password as it is", l.m.Arg(0))
			}
		},
	},
	{
		ID: "L16", Severity: Error, Section: "7.4", Means: "the kind of a referral is neither NS nor SB",
		Example: "S: XFR 2 DS 10.0.0.5", on: from(server, "XFR", 0), check: func(l *look) {
			if v := l.m.Arg(0); v != nil && string(v) != "NS" && string(v) != "SB" {
				l.say("a referral of the kind %s", v)
			}
		},
	},
	{
		ID: "L17", Severity: Error, Section: "7.4", Means: "an address is empty, or its port is not one of 1 to 65535",
		Example: "S: XFR 2 NS 10.0.0.5:99999", on: from(server, "", 0).only(with(dialect.KindsOf(dialect.HostPort))),
		check: (*look).badAddress,
	},
	{
		ID: "L18", Severity: Error, Section: "7.4", Means: "the server goes on after it referred the client elsewhere",
		Example: "S: XFR 2 NS 10.0.0.5, S: USR 2 MD5 S 1013928519.693957190", on: from(server, "", logon),
		check: func(l *look) {
			if l.c.login.referred && !l.c.login.done && l.row != nil && !l.ending() {
				l.say("after the referral the server sends %s", l.m.Line())
			}
		},
	},
	{
		ID: "L19", Severity: Error, Section: "7.4", Means: "the client stays after the server referred it elsewhere",
		Example: "S: XFR 0 NS 10.0.0.5, C: CHG 9 AWY", Habit: "clients of 2000 ignore a referral in mid-session",
		on: from(client, "", logon), check: func(l *look) {
			if l.c.login.referred && l.row != nil && l.row.Effect(l.e.Role) != dialect.Ends {
				l.say("after the referral the client sends %s", l.m.Line())
			}
		},
	},
	{
		ID: "L20", Severity: Warn, Section: "7.4", Means: "the server refers the client to itself",
		Example: "from 10.0.0.1, S: XFR 2 NS 10.0.0.1:1863", Habit: "servers with one address for everything do",
		on: from(server, "XFR", logon), check: func(l *look) {
			if a := l.referral(); a != nil && string(a) == l.e.Server {
				l.say("the address %s is that of the server itself", a)
			}
		},
	},
	{
		ID: "L21", Severity: Error, Section: "7.5",
		Means:   "the client sends what only a user who is logged on may send",
		Example: "C: USR 3 MD5 I alice@hotmail.com, C: SYN 4 0", on: from(client, "", logon), check: func(l *look) {
			begun := l.c.login.vers+l.c.login.usrs > 0
			if l.c.whole && begun && !l.c.login.done && l.early() && !l.c.login.referred {
				l.say("%s comes before the logon is done", l.m.Line())
			}
		},
	},
	{
		ID: "L22", Severity: Info, Section: "7.2", To: 7, Means: "the client did not ask for the security packages",
		Example: "C: VER 1 MSNP2, C: USR 2 MD5 I alice@hotmail.com", Habit: "clients leave out INF",
		on: from(client, "USR", logon), check: func(l *look) {
			if l.c.whole && l.c.login.vers > 0 && l.c.login.infs+l.c.login.usrs == 0 {
				l.say("no INF came before %s", l.m.Line())
			}
		},
	},
	{
		ID: "L23", Severity: Warn, Section: "7.4", Means: "the client is referred for the sixth time in a row",
		Example: "S: XFR 2 NS 10.0.0.5, of which each server refers to the next", on: from(server, "XFR", logon),
		check: func(l *look) {
			if a := l.referral(); a != nil && l.c.login.hops >= maxHops {
				l.say("this is referral %d in a row, to %s", l.c.login.hops+1, a)
			}
		},
	},
}

// maxHops is how many referrals in a row are no loop.
const maxHops = 5

func (l *look) unoffered() {
	if len(l.c.login.offered) == 0 {
		return
	}
	for i := range l.m.NumArgs() {
		v := strings.ToUpper(string(l.m.Arg(i)))
		if i == 0 && v == "0" {
			return
		}
		if !slices.Contains(l.c.login.offered, v) {
			l.say("the client did not offer %s", l.m.Arg(i))
		}
	}
}

// response returns the client's answer to a challenge, nil for any other command.
func (l *look) response() []byte {
	if string(l.arg("Sequence")) != "S" {
		return nil
	}
	return l.row.Find(l.m, dialect.Secret)
}

// ending reports whether the command says that its sender leaves.
func (l *look) ending() bool { return l.row.Verb == "OUT" }

// early reports whether a server accepts the command only from a user who is logged on.
func (l *look) early() bool {
	return l.row != nil && l.row.When&dialect.Logon == 0 && l.row.When&dialect.LoggedOn != 0
}

// maxPort is the greatest TCP port.
const maxPort = 1<<16 - 1

func (l *look) badAddress() {
	l.each(dialect.KindsOf(dialect.HostPort), func(word []byte) {
		if string(word) == "0" || !l.row.Orders(l.e.Role, l.m) {
			return
		}
		name, port := hostPort(word)
		n := number(port)
		switch {
		case name == "":
			l.say("the address %s has no host", word)
		case port != nil && (n == 0 || n > maxPort):
			l.say("the port of %s is not one of 1 to %s", word, plain(strconv.Itoa(maxPort)))
		}
	})
}

// referral returns the address, with its port, of the notification server to which the command
// sends the client; nil for none.
func (l *look) referral() []byte {
	a := l.row.Find(l.m, dialect.HostPort)
	if a == nil || string(a) == "0" || l.row.Find(l.m, dialect.Cookie) != nil {
		return nil
	}
	if _, port := hostPort(a); port == nil {
		a = append(slices.Clip(a), ":1863"...)
	}
	return a
}
