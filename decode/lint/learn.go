package lint

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// lessons says what the Checker learns from which commands, once the rules have looked at them.
var lessons = []struct {
	on    on
	learn func(*look)
}{
	{from(client, "VER", logon), (*look).learnOffer},
	{from(server, "VER", logon), (*look).learnVersion},
	{from(client, "INF", logon), func(l *look) { l.c.login.infs++ }},
	{from(server, "INF", logon), (*look).learnPackages},
	{from(client, "USR", logon), (*look).learnHandle},
	{from(server, "USR", dialect.NS), (*look).learnLogon},
	{from(server, "XFR", logon), (*look).learnReferral},
	{from(server, "SYN", dialect.NS), (*look).learnSync},
	{from(server, "GTC BLP LST", dialect.NS), (*look).learnUpdate},
	{from(server, "LST", dialect.NS), (*look).learnEntry},
	{from(server, "SYN GTC BLP LST ADD REM REA", dialect.NS), (*look).learnSerial},
	{from(server, "XFR RNG", dialect.NS), (*look).learnCookie},
	{from(client, "USR ANS", dialect.SB), (*look).learnEntrance},
	{from(server, "USR ANS", dialect.SB), (*look).learnEntered},
	{from(server, "IRO", dialect.SB), (*look).learnRoster},
	{from(client, "MSG", dialect.SB), (*look).learnMessage},
	{from(0, "MSG", dialect.SB), (*look).learnInvite},
	{from(0, "", dialect.FT), (*look).learnFile},
	{from(0, "OUT", 0), func(l *look) { l.c.left[side(l.e.Dir)] = true }},
}

// lessonsOf returns the lessons of each row, by its ID.
var lessonsOf = sync.OnceValue(func() [][]func(*look) {
	var all [][]func(*look)
	for _, t := range dialect.All() {
		for i := range t.Rows() {
			row := &t.Rows()[i]
			all = append(all, make([][]func(*look), max(0, row.ID()+1-len(all)))...)
			for k := range lessons {
				if lessons[k].on.covers(row) {
					all[row.ID()] = append(all[row.ID()], func(l *look) {
						if roles := lessons[k].on.roles; roles == 0 || roles&l.e.Role != 0 {
							lessons[k].learn(l)
						}
					})
				}
			}
		}
	}
	return all
})

// learn brings what is remembered of the connection to what it is after the event.
func (k *Checker) learn(l *look) {
	e, c := l.e, l.c
	switch e.Kind {
	case session.Gap:
		c.missed()
		return
	case session.HalfClose:
		if c.closer == 0 {
			c.closer = e.Dir
		}
		return
	case session.Close:
		k.drop(c)
		return
	case session.Command:
	default:
		return
	}
	from := side(e.Dir)
	c.last = e.Dir
	c.said[from]++
	if l.m.Opaque() {
		l.learnOpaque()
		return
	}
	c.behind[from], c.strayed[from] = l.m.Payload() != nil, false
	if e.Dir == client {
		k.remember(c, e)
	} else if l.asked != nil {
		c.settle(l.asked)
	}
	if l.row == nil || e.Flags&session.Dropped != 0 {
		return
	}
	for _, learn := range lessonsOf()[l.row.ID()] {
		learn(l)
	}
	if e.Out != nil {
		l.learnProxy()
	}
}

// missed has every connection lack what an event says is missing of all of them.
func (k *Checker) missed(e *session.Event) {
	if e.Kind != session.Gap {
		return
	}
	for _, c := range k.conns {
		c.missed()
	}
	k.notified = newRecent[bool](maxSeen) // whose cookies may have been issued meanwhile
}

// missed forgets what cannot be relied on once bytes are missing.
func (c *conn) missed() {
	c.whole, c.sync.running, c.list, c.roster = false, false, count{}, count{}
}

func (l *look) learnOpaque() {
	from := side(l.e.Dir)
	l.c.strayed[from] = l.c.strayed[from] || l.c.behind[from]
	l.c.behind[from] = false
	l.c.cut[from] = l.m.Why == decode.CutShort
	if l.c.file != nil {
		l.c.file.lost = l.c.file.lost || l.m.Why == decode.NoBlock
	}
}

func (l *look) learnOffer() {
	l.c.login.vers++
	l.c.login.offered = nil
	l.each(dialect.KindsOf(dialect.Dialect), func(word []byte) {
		l.c.login.offered = append(l.c.login.offered, strings.ToUpper(string(word)))
	})
	for i := len(l.row.Args); i < l.m.NumArgs(); i++ {
		l.c.login.offered = append(l.c.login.offered, strings.ToUpper(string(l.m.Arg(i))))
	}
}

func (l *look) learnVersion() { l.c.login.refused = string(l.m.Arg(0)) == "0" }

func (l *look) learnPackages() {
	l.c.login.packages = []string{}
	for i := range l.m.NumArgs() {
		for word := range strings.FieldsFuncSeq(string(l.m.Arg(i)), func(r rune) bool { return r == ',' }) {
			l.c.login.packages = append(l.c.login.packages, word)
		}
	}
}

func (l *look) learnHandle() {
	l.c.login.usrs++
	if h := l.row.Find(l.m, dialect.Self); h != nil {
		l.c.login.handle = string(h)
	}
	if l.e.Via != 0 && l.c.login.hops == 0 {
		if via := l.k.conns[l.e.Via]; via != nil {
			l.c.login.hops = via.login.hops + 1
		}
	}
}

func (l *look) learnLogon() {
	switch {
	case l.row.Effect(l.e.Role) == dialect.LogsOn:
		l.c.login.done = true
		l.k.notified.put(fold(l.e.User), true)
	case string(l.arg("Sequence")) == "S":
		l.c.login.challenged = true
		if v := l.row.Find(l.m, dialect.Secret); v != nil {
			l.k.challenges.put(v, true)
		}
	}
}

// learnReferral notes that the client is sent to another notification server. Address 0 means this
// one.
func (l *look) learnReferral() {
	if a := l.row.Find(l.m, dialect.HostPort); l.row.Find(l.m, dialect.Cookie) == nil && string(a) != "0" {
		l.c.login.referred = true
	} else if string(a) == "0" {
		l.c.login = login{}
	}
}

func (l *look) learnSync() {
	l.c.sync = syncing{}
	asked, told := uint64(0), number(l.row.Find(l.m, dialect.Serial))
	if l.asked != nil && l.asked.row != nil {
		asked = number(l.asked.row.Find(&l.asked.m, dialect.Serial))
	}
	if l.asked != nil && told != asked {
		l.c.sync = syncing{request: l.asked.n, trid: l.m.TrID, running: true}
	}
}

// phases holds the updates that follow a SYN in their order (§7.5): a setting, or a list.
var phases = []string{"GTC", "BLP", "FL", "AL", "BL", "RL"}

// phase returns the place of an update in the answer to a SYN.
func (l *look) phase() int {
	if list := l.arg("LIST"); list != nil {
		return slices.Index(phases, string(list))
	}
	return slices.Index(phases, l.row.Verb)
}

// updates reports whether the command belongs to the answer to the SYN that is running.
func (l *look) updates() bool {
	s := &l.c.sync
	return s.running && l.m.HasTrID && l.m.TrID == s.trid
}

func (l *look) learnUpdate() {
	if !l.updates() {
		return
	}
	s := &l.c.sync
	s.updates++
	s.phase = max(s.phase, l.phase())
	if item, total := l.arg("Item"), l.arg("TtlItems"); s.phase == len(phases)-1 && string(item) == string(total) {
		s.running = false
	}
}

func (l *look) learnEntry() {
	item, total := number(l.arg("Item")), number(l.arg("TtlItems"))
	l.c.list = count{string(l.arg("LIST")), l.m.TrID, item, total}
	if item >= total {
		l.c.list = count{}
	}
}

func (l *look) learnSerial() {
	if v := l.row.Find(l.m, dialect.Serial); digits(v) {
		l.c.serial, l.c.known = number(v), true
	}
}

func (l *look) learnCookie() {
	v := l.row.Find(l.m, dialect.Cookie)
	if v == nil || l.e.User == "" {
		return
	}
	l.k.cookies.put(v, cookie{user: l.e.User, session: string(l.row.Find(l.m, dialect.Session))})
}

func (l *look) learnEntrance() {
	l.c.login.answering = l.row.Kinds()&dialect.KindsOf(dialect.Session) != 0
	if v := l.row.Find(l.m, dialect.Cookie); v != nil {
		if issued, ok := l.k.cookies.get(v); ok {
			issued.conn = l.e.Conn
			l.k.cookies.put(v, issued)
		}
	}
}

func (l *look) learnEntered() {
	if l.row.Effect(l.e.Role) == dialect.Enters {
		l.c.login.entered, l.c.login.answering, l.c.roster = true, false, count{}
		l.k.talkers.put(fold(l.e.User), true)
	}
}

func (l *look) learnRoster() {
	l.c.roster = count{trid: l.m.TrID, item: number(l.arg("Participant")), total: number(l.arg("TotalParticipants"))}
}

var seed = maphash.MakeSeed()

// digest identifies what a user sent to a switchboard session.
func digest[T string | []byte](sender T, payload []byte) sent {
	var room [maxHandle]byte
	return sent{maphash.Bytes(seed, appendFold(room[:0], sender)), maphash.Bytes(seed, payload), len(payload)}
}

// learnMessage remembers what was sent, in order to compare it with what the others receive.
func (l *look) learnMessage() {
	if l.e.Session == "" || l.e.User == "" || !l.c.whole {
		return
	}
	t := l.k.talks.byKey[l.e.Session]
	if t == nil {
		t = new(talk)
		l.k.talks.put([]byte(l.e.Session), t)
	}
	t.add(digest(l.e.User, l.m.Payload()))
	if l.e.Out != nil {
		now := l.e.Sent()
		t.add(digest(l.e.User, now.Payload()))
	}
}

func (t *talk) add(s sent) {
	if len(t.sent) < maxSent {
		t.sent = append(t.sent, s)
		return
	}
	t.sent[t.next%maxSent] = s
	t.next++
}

// learnProxy remembers the addresses that the proxy put in place of others.
func (l *look) learnProxy() {
	if l.e.Flags&session.Rewritten == 0 || l.e.Dir != server {
		return
	}
	now := l.e.Sent()
	if a := l.row.Find(&now, dialect.HostPort); a != nil {
		l.k.proxies.put([]byte(host(a)), true)
	}
}

func fold(s string) []byte { return appendFold(nil, s) }

// appendFold appends a handle with the letters A to Z in lower case. Servers fold no others.
func appendFold[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
