package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// blockSize is the size in bytes of the blocks of all known senders, but for the last of a file.
const blockSize = 2045

// transfers has the rules about file transfers between clients: the connection, and the invitation
// that leads to it. The draft knows neither, so they have no section.
var transfers = []Rule{
	{
		ID: "D01", Severity: Error, Means: "a line of a file transfer comes out of turn",
		Example: "S: FIL 627, and no USR before", on: from(0, "VER USR FIL TFR", dialect.FT),
		check: (*look).outOfTurn,
	},
	{
		ID: "D02", Severity: Error, Means: "a block comes before the receiver has asked for the file",
		Example: "S: FIL 627, S: BLK 627, and no TFR before", on: from(server, "BLK", dialect.FT),
		check: func(l *look) {
			if l.c.whole && !l.c.file.heard(client, "TFR") {
				l.say("a block of %d bytes, and no TFR before", len(l.m.Payload()))
			}
		},
	},
	{
		ID: "D03", Severity: Error, Means: "more content comes than FIL announced: what is too much is not of the file",
		Example: "S: FIL 5, S: BLK 9", on: from(server, "BLK", dialect.FT), check: func(l *look) {
			f := &l.c.file.Transfer
			if n := uint64(len(l.m.Payload())); f.Began() && n > f.Size()-f.Got() {
				l.say("a block of %d bytes, where %d of %d were to come", n, f.Size()-f.Got(), f.Size())
			}
		},
	},
	{
		ID: "D04", Severity: Error,
		Means:   "what should be a block begins with neither octet 0 nor 1: nothing tells where the next one begins",
		Example: `S: FIL 627, S: \x02\x73\x02…`, on: on{moment: atOpaque, dir: server, roles: dialect.FT},
		check: func(l *look) {
			if l.m.Why == decode.NoBlock && !l.c.file.lost {
				l.say("no block begins with %s", around(l.m.Raw, 0))
			}
		},
	},
	{
		ID: "D05", Severity: Warn, Means: "a block that ends a transfer early has content",
		Example: `S: \x01\x05\x00hello`, on: from(server, "BLK", dialect.FT), check: func(l *look) {
			if n := len(l.m.Payload()); l.m.Raw[0] == 1 && n > 0 {
				l.say("octet 1 ends the transfer, and %d bytes are in the block", n)
			}
		},
	},
	{
		ID: "D06", Severity: Warn,
		Means:   "a block before the last has other than 2045 bytes: receivers that count on these damage the file",
		Example: "S: FIL 5000, S: BLK 1024", on: from(server, "BLK", dialect.FT), check: func(l *look) {
			f, n := &l.c.file.Transfer, len(l.m.Payload())
			if l.c.whole && f.Began() && l.m.Raw[0] == 0 && n != blockSize && uint64(n) < f.Size()-f.Got() {
				l.say("a block of %d bytes, and not the last: %d of %d were to come", n, f.Size()-f.Got(), f.Size())
			}
		},
	},
	{
		ID: "D07", Severity: Error, Means: "the AuthCookie is that of no invitation",
		Example: "C: USR bob@hotmail.com 1, where AuthCookie: 788213535 was said", on: from(client, "USR", dialect.FT),
		check: func(l *look) {
			who, cookie := l.row.Find(l.m, dialect.Self), l.row.Find(l.m, dialect.Cookie)
			_, met := l.k.talkers.get(fold(string(who)))
			if _, known := l.k.ways.get(cookie); who != nil && met && !known {
				l.say("nobody invited %s with the AuthCookie %s", who, cookie)
			}
		},
	},
	{
		ID: "D08", Severity: Error, Means: "the receiver did not accept the invitation",
		Example: "C: USR dave@hotmail.com 788213535, where bob@hotmail.com accepted",
		on:      from(client, "USR", dialect.FT), check: func(l *look) {
			who := l.row.Find(l.m, dialect.Self)
			offer, known := l.k.ways.get(l.row.Find(l.m, dialect.Cookie))
			if known && who != nil && len(offer.guests) > 0 && !slices.Contains(offer.guests, userKey(string(who))) {
				l.say("%s accepted the file, not %s", strings.Join(offer.guests, ", "), who)
			}
		},
	},
	{
		ID: "D09", Severity: Warn, Means: "the receiver says goodbye before the whole file has come",
		Example: "S: FIL 5000, S: BLK 2045, C: BYE 16777989", on: from(client, "BYE", dialect.FT),
		check: func(l *look) {
			if f := &l.c.file.Transfer; l.c.whole && !f.Whole() {
				l.say("%d of %d bytes had come", f.Got(), f.Size())
			}
		},
	},
	{
		ID: "D10", Severity: Info, Means: "the connection ends before the whole file has come, and nobody said why",
		Example: "S: FIL 5000, S: BLK 2045, and the end", on: on{moment: atClose, roles: dialect.FT},
		check: func(l *look) {
			if f := &l.c.file.Transfer; l.c.whole && f.Began() && !f.Whole() && !f.Cancelled() {
				l.say("%d of %d bytes had come", f.Got(), f.Size())
			}
		},
	},
	{
		ID: "D11", Severity: Warn, Means: "the file has another size than the invitation said",
		Example: "Application-FileSize: 627, S: FIL 628", on: from(server, "FIL", dialect.FT), check: func(l *look) {
			offer, known := l.k.ways.get([]byte(l.c.file.cookie))
			n, err := strconv.ParseInt(string(l.row.Find(l.m, dialect.Number)), 10, 64)
			if known && err == nil && offer.size >= 0 && n != offer.size {
				l.say("the invitation was to a file of %d bytes, not of %d", offer.size, n)
			}
		},
	},
	{
		ID: "D12", Severity: Error, Means: "a step of an invitation is none that is known",
		Example: "Invitation-Command: PERHAPS", on: from(0, "MSG", dialect.SB), check: func(l *look) {
			v := l.invite()
			if v == nil || v.Command == "INVITE" || v.Accepts() || v.Cancels() {
				return
			}
			l.say("the step of the invitation is %s", v.Command)
		},
	},
	{
		ID: "D13", Severity: Warn, Means: "somebody answers an invitation that nobody has sent",
		Example: "Invitation-Command: ACCEPT, Invitation-Cookie: 2, where 1 was said",
		on:      from(0, "MSG", dialect.SB), check: func(l *look) {
			if v := l.invite(); v != nil && l.c.whole && (v.Accepts() || v.Cancels()) && len(l.k.invited(l, v)) == 0 {
				l.say("no invitation of this session has the cookie %s", v.Cookie)
			}
		},
	},
	{
		ID: "D14", Severity: Warn, Means: "an acceptance says where to connect, and has no AuthCookie to say there",
		Example: "IP-Address: 10.0.0.1, Port: 6891, and no AuthCookie", on: from(0, "MSG", dialect.SB),
		check: func(l *look) {
			if v := l.invite(); v != nil && v.Listens() && v.AuthCookie == "" {
				l.say("whoever connects to port %s has nothing to show", v.Port)
			}
		},
	},
	{
		ID: "D15", Severity: Error, Means: "an acceptance names a port that does not exist",
		Example: "IP-Address: 10.0.0.1, Port: 99999", on: from(0, "MSG", dialect.SB), check: func(l *look) {
			if v := l.invite(); v != nil && v.Listens() {
				if n, err := strconv.ParseUint(v.Port, 10, 16); err != nil || n == 0 {
					l.say("nobody can connect to port %s", v.Port)
				}
			}
		},
	},
	{
		ID: "D16", Severity: Warn, Means: "the name of a file is a path: whoever uses it as it is writes elsewhere",
		Example: `Application-File: ..\autoexec.bat`, on: from(0, "MSG", dialect.SB), check: func(l *look) {
			if v := l.invite(); v != nil && strings.ContainsAny(v.File, "/\\:\x00") {
				l.say("the file is called %s", v.File)
			}
		},
	},
}

// carried is how far a file transfer got, on its own connection.
type carried struct {
	session.Transfer
	spoken [2][]string // the commands that each end said, once each
	cookie string      // the AuthCookie
	lost   bool        // what came is no block
}

// heard reports whether an end has said the command.
func (f *carried) heard(dir decode.Dir, verb string) bool {
	return slices.Contains(f.spoken[side(dir)], verb)
}

// turns holds what must have been said before each line of a file transfer.
var turns = map[string]struct {
	by   decode.Dir
	verb string
}{
	"C VER": {}, "S VER": {client, "VER"}, "C USR": {server, "VER"}, "S FIL": {client, "USR"},
	"C TFR": {server, "FIL"},
}

func (l *look) outOfTurn() {
	f := l.c.file
	before, known := turns[string(l.e.Dir)+" "+l.row.Verb]
	switch {
	case !known || !l.c.whole:
	case f.heard(l.e.Dir, l.row.Verb):
		l.say("%s comes again", l.m.Line())
	case before.by != 0 && !f.heard(before.by, before.verb):
		l.say("%s comes before the %s has said %s", l.m.Line(), plain(fileEnd(before.by)), plain(before.verb))
	}
}

func fileEnd(d decode.Dir) string {
	if d == client {
		return "receiver"
	}
	return "sender"
}

// learnFile follows the connection of a file transfer.
func (l *look) learnFile() {
	f := l.c.file
	f.Add(l.row, l.m)
	if v := l.row.Find(l.m, dialect.Cookie); v != nil {
		f.cookie = string(v)
	}
	if from := side(l.e.Dir); !slices.Contains(f.spoken[from], l.row.Verb) {
		f.spoken[from] = append(f.spoken[from], l.row.Verb)
	}
}

// invite returns the step of an invitation that the message is, nil if it is none.
func (l *look) invite() *body.Invite {
	if !l.sought {
		l.sought = true
		if v, ok := l.payload().Invite(); ok {
			l.step = &v
		}
	}
	return l.step
}

// offer is an invitation.
type offer struct {
	sender string
	size   int64    // of the file, -1 if it was not said
	guests []string // who accepted, at most maxGuests
}

// maxGuests is how many users who accepted one invitation are remembered, and how many senders of
// invitations with the same cookie in a session.
const maxGuests = 16

// invited returns the invitations of the session that may be the one of which v is a step.
func (k *Checker) invited(l *look, v *body.Invite) []*offer {
	all, _ := k.offers.get(offerKey(l, v))
	return all
}

func offerKey(l *look, v *body.Invite) []byte {
	talk := l.e.Session
	if talk == "" {
		talk = "c" + strconv.Itoa(l.e.Conn)
	}
	return []byte(talk + " " + v.Cookie)
}

// userKey returns a user's handle in the form in which it can be compared.
func userKey(handle string) string {
	handle, _, _ = strings.Cut(handle, ";")
	return strings.ToLower(handle)
}

// learnInvite remembers invitations and who accepted them. Whoever speaks to a switchboard is known
// from then on, so that its transfers can be judged.
func (l *look) learnInvite() {
	v, who := l.invite(), l.e.User
	if l.e.Dir == server {
		who = string(l.handle())
	}
	if v == nil || who == "" {
		return
	}
	who = userKey(who)
	all := l.k.invited(l, v)
	at := slices.IndexFunc(all, func(o *offer) bool { return o.sender == who })
	switch {
	case v.Command == "INVITE" && at >= 0:
		all[at].size = v.FileSize
	case v.Command == "INVITE" && len(all) < maxGuests:
		l.k.offers.put(offerKey(l, v), append(all, &offer{sender: who, size: v.FileSize}))
	case v.Accepts():
		for _, o := range all {
			if o.sender != who && len(o.guests) < maxGuests && !slices.Contains(o.guests, who) {
				o.guests = append(o.guests, who)
			}
		}
		if v.AuthCookie != "" {
			o := &offer{size: -1}
			if at >= 0 {
				o = all[at]
			}
			l.k.ways.put([]byte(v.AuthCookie), o)
		}
	}
}
