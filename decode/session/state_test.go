package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// describe returns all contents of a State, one item a line.
func describe(s *session.State) []string {
	var all []string
	for _, u := range s.Users() {
		line := fmt.Sprintf("user %s %q %s conn=%d serial=%s %v", u.Handle, u.Name, u.State, u.Conn, u.Serial,
			u.Settings())
		all = append(all, line)
		for _, l := range dialect.Lists {
			if entries, whole := u.List(l); whole || len(entries) > 0 {
				all = append(all, fmt.Sprintf("  %s %s whole=%v", l, named(entries), whole))
			}
		}
		all = append(all, fmt.Sprintf("  sees %v", u.Contacts()))
	}
	for _, c := range s.Connections() {
		all = append(all, fmt.Sprintf("conn %d %s %s %s via=%d closed=%v roster=%v invited=%v",
			c.ID, c.Role, c.User, c.Session, c.Via, c.Closed, c.Roster, c.Invited))
	}
	return all
}

// replayed returns the State after all events of a script.
func replayed(t *testing.T, script string) *session.State {
	t.Helper()
	p := newPlayer()
	p.play(t, script)
	s := session.NewState()
	for _, e := range p.log {
		s.Apply(e)
	}
	return s
}

// timeline returns a Timeline of the log.
func (p *player) timeline() *session.Timeline {
	line := &session.Timeline{Event: func(i int) *session.Event { return p.log[i] }}
	for _, e := range p.log {
		line.Add(e)
	}
	return line
}

func TestTimeTravel(t *testing.T) {
	p := newPlayer()
	p.play(t, draftSession)
	line := p.timeline()
	for _, tc := range []struct {
		after string
		want  func(*session.State) string
		text  string
	}{
		{"ns S: MSG Hotmail Hotmail", presence("alice@hotmail.com"), "FLN at 3, Alice%20L, serial , [], [] false"},
		{
			"ns S: LST 7 FL", presence("alice@hotmail.com"),
			"FLN at 3, Alice%20L, serial 12, [{GTC A} {BLP AL}], [{bob@hotmail.com Bob}] false",
		},
		{
			"ns S: LST 7 AL", presence("alice@hotmail.com"),
			"FLN at 3, Alice%20L, serial 12, [{GTC A} {BLP AL}], [{bob@hotmail.com Bob} {carol@hotmail.com " +
				"Carol%20%C3%A9}] true",
		},
		{
			"ns S: ILN 8 AWY", presence("ALICE@hotmail.com"),
			"NLN at 3, Alice%20L, serial 12, [{GTC A} {BLP AL}], [{bob@hotmail.com Bob AWY} {carol@hotmail.com " +
				"Carol%20%C3%A9}] true",
		},
		{
			"bob S: NLN NLN alice@hotmail.com", contact("bob@hotmail.com", "alice@hotmail.com"),
			"[{alice@hotmail.com Alice%20L NLN}] true",
		},
		{
			"bob S: FLN alice@hotmail.com", contact("bob@hotmail.com", "alice@hotmail.com"),
			"[{alice@hotmail.com Alice%20L FLN}] true",
		},
		{
			"bob S: FLN alice@hotmail.com", presence("alice@hotmail.com"),
			"FLN at 0, Alice%20L, serial 12, [{GTC A} {BLP AL}], [{bob@hotmail.com Bob} {carol@hotmail.com " +
				"Carol%20%C3%A9}] true",
		},
		{"sb S: USR 1 OK", talks, " [4] [{alice@hotmail.com Alice%20L}] []"},
		{"sb C: CAL 2 bob@hotmail.com", talks, " [4] [{alice@hotmail.com Alice%20L}] [{bob@hotmail.com 44 false}]"},
		{"sb S: CAL 2 RINGING", talks, "11752013 [4] [{alice@hotmail.com Alice%20L}] [{bob@hotmail.com 44 true}]"},
		{"sb2 S: IRO 1 1", talks, "11752013 [4 5] [{alice@hotmail.com Alice%20L}] [{bob@hotmail.com 44 true}]"},
		{
			"sb S: JOI bob@hotmail.com Bob", talks,
			"11752013 [4 5] [{alice@hotmail.com Alice%20L} {bob@hotmail.com Bob}] []",
		},
		{"sb S: BYE bob@hotmail.com", talks, "11752013 [4] [{alice@hotmail.com Alice%20L}] []"},
	} {
		n := p.find(t, tc.after)
		if got := tc.want(line.At(n)); got != tc.text {
			t.Errorf("after %q:\n got %s\nwant %s", tc.after, got, tc.text)
		}
	}
	if c := line.Now().Connection(5); !c.Closed || c.Role != dialect.SB || c.User != "bob@hotmail.com" || c.Via != 2 {
		t.Errorf("bob's switchboard connection at the end: %+v", c)
	}
}

func presence(handle string) func(*session.State) string {
	return func(s *session.State) string {
		u := s.User(handle)
		fl, whole := u.List("FL")
		return fmt.Sprintf("%s at %d, %s, serial %s, %v, %v %v", u.State, u.Conn, u.Name, u.Serial, u.Settings(),
			named(fl), whole)
	}
}

func contact(user, other string) func(*session.State) string {
	return func(s *session.State) string {
		c, ok := s.User(user).Contact(other, "")
		return fmt.Sprint(named([]session.Contact{c}), " ", ok)
	}
}

// named returns contacts in a short notation.
func named(all []session.Contact) []string {
	var words []string
	for _, c := range all {
		handle := c.Handle
		if c.Network != "" {
			handle = c.Network + ":" + handle
		}
		words = append(words, strings.TrimRight(fmt.Sprintf("{%s %s %s %s", handle, c.Name, c.State, c.ID), " ")+"}")
	}
	return words
}

func talks(s *session.State) string {
	var all []string
	for _, x := range s.Talks() {
		all = append(all, fmt.Sprintf("%s %v %v %v", x.Session, x.Conns, x.Roster, x.Invited))
	}
	return strings.Join(all, ", ")
}

func TestLists(t *testing.T) {
	const logon = "c C: USR 1 MD5 S abc\\r\\n\nc S: USR 1 OK a@b.c A\\r\\n\n"
	const two = "c S: LST 2 FL 5 1 2 d@e.f D\\r\\n\nc S: LST 2 FL 5 2 2 g@h.i G\\r\\n\n"
	for _, tc := range []struct{ name, script, want string }{
		{"the client has them all", "c C: SYN 2 5\\r\\n\nc S: SYN 2 5\\r\\n", "5 [] false"},
		{"added to what the client has", "c S: SYN 2 5\\r\\n\nc S: ADD 3 FL 6 d@e.f D\\r\\n", "6 [{d@e.f D}] false"},
		{"half a list", "c S: LST 2 FL 5 1 2 d@e.f D\\r\\n", "5 [{d@e.f D}] false"},
		{"the second half", "c S: LST 2 FL 5 2 2 g@h.i G\\r\\n", "5 [{g@h.i G}] false"},
		{"empty", "c S: LST 2 FL 5 0 0\\r\\n", "5 [] true"},
		{"emptied", two + "c S: LST 3 FL 6 0 0\\r\\n", "6 [] true"},
		{"sent again", two + "c S: LST 3 FL 6 1 1 x@y.z X\\r\\n", "6 [{x@y.z X}] true"},
		{"added", two + "c S: ADD 3 FL 6 x@y.z X\\r\\n", "6 [{d@e.f D} {g@h.i G} {x@y.z X}] true"},
		{"added twice", two + "c S: ADD 3 FL 6 D@E.f Dee\\r\\n", "6 [{d@e.f Dee} {g@h.i G}] true"},
		{"removed", two + "c S: REM 3 FL 6 D@e.f\\r\\n", "6 [{g@h.i G}] true"},
		{"removed with a surplus word", two + "c S: REM 3 FL 6 d@e.f d@e.f\\r\\n", "6 [{g@h.i G}] true"},
		{"removed from another list", two + "c S: REM 3 BL 6 d@e.f\\r\\n", "6 [{d@e.f D} {g@h.i G}] true"},
		{"renamed", two + "c S: REA 3 7 g@h.i Gee\\r\\n", "7 [{d@e.f D} {g@h.i Gee}] true"},
		{"the client's own ADD changes nothing", two + "c C: ADD 3 FL x@y.z X\\r\\n", "5 [{d@e.f D} {g@h.i G}] true"},
		{"no list", "c S: LST 2 XX 5 1 1 d@e.f D\\r\\n", " [] false"},
		{"no number", "c S: LST 2 FL 5 a b d@e.f D\\r\\n", "5 [] false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u := replayed(t, logon+tc.script).User("a@b.c")
			entries, whole := u.List("FL")
			if got := fmt.Sprint(u.Serial, " ", named(entries), " ", whole); got != tc.want {
				t.Errorf("serial and FL: got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestRoster(t *testing.T) {
	const caller = "s C: USR 1 a@b.c 1.1\\r\\n\ns S: USR 1 OK a@b.c A\\r\\n\n"
	for _, tc := range []struct{ name, script, want string }{
		{"in", caller, "[{a@b.c A}] []"},
		{"calls", caller + "s C: CAL 2 d@e.f\\r\\n", "[{a@b.c A}] [{d@e.f 4 false}]"},
		{
			"call fails", caller + "s C: CAL 2 d@e.f\\r\\n\ns C: CAL 3 x@y.z\\r\\n\ns S: 217 2\\r\\n",
			"[{a@b.c A}] [{x@y.z 5 false}]",
		},
		{
			"joins", caller + "s C: CAL 2 D@e.f\\r\\n\ns S: CAL 2 RINGING 7\\r\\n\ns S: JOI d@e.f D\\r\\n",
			"[{a@b.c A} {d@e.f D}] []",
		},
		{"leaves", caller + "s S: JOI d@e.f D\\r\\n\ns S: BYE D@e.f\\r\\n", "[{a@b.c A}] []"},
		{"idle", caller + "s S: JOI d@e.f D\\r\\n\ns S: BYE d@e.f 1\\r\\n", "[{a@b.c A}] []"},
		{
			"two calls on one switchboard",
			caller + "s S: JOI d@e.f D\\r\\n\ns S: BYE d@e.f\\r\\n\ns C: CAL 3 x@y.z\\r\\n\ns S: CAL 3 RINGING " +
				"7\\r\\n\ns S: JOI x@y.z X\\r\\n", "[{a@b.c A} {x@y.z X}] []",
		},
		{"answers", "s C: ANS 1 d@e.f 8.9 7\\r\\n\ns S: IRO 1 2 1 a@b.c A\\r\\n\ns S: IRO 1 2 2 x@y.z X\\r\\n\ns S: " +
			"ANS 1 OK\\r\\n", "[{a@b.c A} {x@y.z X} {d@e.f }] []"},
		{"from the middle", "s C: CAL 2 x@y.z\\r\\n\ns S: MSG d@e.f D 1\\r\\nx", "[{d@e.f D}] [{x@y.z 2 false}]"},
		{"closed", caller + "s C: CAL 2 x@y.z\\r\\n\ns close", "[] []"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := replayed(t, tc.script).Connection(1)
			if got := fmt.Sprint(c.Roster, " ", c.Invited); got != tc.want {
				t.Errorf("roster and invited: got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestRosterOfPlaces checks that from MSNP16 on a user may be in a session with several endpoints,
// and leave with one of them. Servers tell of each endpoint, and of the user without one, in either
// order, and write in lower case what clients wrote in capitals.
func TestRosterOfPlaces(t *testing.T) {
	const joined = "s C: ANS 1 a@b.c;{0} 8.9 7\\r\\n\ns S: JOI d@e.f;{1A} D 1:0\\r\\n\ns S: JOI D@e.f;{2} D 1:0\\r\\n\n"
	for _, tc := range []struct{ name, script, want string }{
		{"both", "", "[{d@e.f D}]"},
		{"and without an endpoint", "s S: JOI d@e.f D 1:0\\r\\n", "[{d@e.f D}]"},
		{"and writes", "s S: MSG d@e.f D 1\\r\\nx", "[{d@e.f D}]"},
		{"one left", "s S: BYE d@e.f;{1a}\\r\\n", "[{d@e.f D}]"},
		{"one left twice", "s S: BYE d@e.f;{1a}\\r\\n\ns S: BYE d@e.f;{1A}\\r\\n", "[{d@e.f D}]"},
		{"both left", "s S: BYE d@e.f;{1a}\\r\\n\ns S: BYE d@e.f;{2}\\r\\n", "[]"},
		{"left everywhere", "s S: BYE d@e.f\\r\\n", "[]"},
		{"left everywhere, told twice", "s S: BYE d@e.f\\r\\n\ns S: BYE d@e.f;{2}\\r\\n", "[]"},
		{"came back", "s S: BYE d@e.f\\r\\n\ns S: JOI d@e.f;{1a} D 1:0\\r\\n\ns S: BYE d@e.f;{1a}\\r\\n", "[]"},
		{
			"the user itself in another place, and left there",
			"s S: ANS 1 OK\\r\\n\ns S: JOI a@b.c;{3} A 1:0\\r\\n\ns S: BYE a@b.c;{3}\\r\\n", "[{d@e.f D} {a@b.c A}]",
		},
	} {
		s := replayed(t, joined+tc.script)
		if got := fmt.Sprint(s.Connection(1).Roster); got != tc.want {
			t.Errorf("%s: the roster is %s, want %s", tc.name, got, tc.want)
		}
		if s.Entries() != s.Recount() {
			t.Errorf("%s: %d entries are on the account, there are %d", tc.name, s.Entries(), s.Recount())
		}
	}
}

// TestOneUserInAllPlaces checks that the user of a switchboard is what stands before the endpoint,
// in the commands of either side.
func TestOneUserInAllPlaces(t *testing.T) {
	s := replayed(t, `
		c S: VER 1 MSNP18\r\n
		c S: USR 2 OK a@b.c 1 0\r\n
		c S: XFR 3 SB 10.0.0.9 CKI 1.2 U messenger.msn.com 1\r\n
		s C: USR 1 A@b.c;{1BE99E6D-1C6E-4BEA-8B3E-9C464006A774} 1.2\r\n
		s S: USR 1 OK a@b.c;{1be99e6d-1c6e-4bea-8b3e-9c464006a774} A\r\n
		s C: CAL 2 d@e.f;{2BE99E6D-1C6E-4BEA-8B3E-9C464006A774}\r\n
		s S: JOI d@e.f;{2be99e6d-1c6e-4bea-8b3e-9c464006a774} D 1:0\r\n`)
	if users := s.Users(); len(users) != 1 || users[0].Handle != "a@b.c" {
		t.Errorf("users: %v", describe(s))
	}
	if got := talks(s); got != " [2] [{a@b.c A} {d@e.f D}] []" {
		t.Errorf("talk: %s", got)
	}
}

// TestPresenceEndsWithTheConnection checks that a user who logs on again starts anew, and that the
// late end of an old connection changes nothing.
func TestPresenceEndsWithTheConnection(t *testing.T) {
	const one = "c S: USR 1 OK a@b.c A\\r\\n\nc S: CHG 2 BSY\\r\\n\nc S: ILN 2 NLN d@e.f D\\r\\n\n"
	u := replayed(t, one+"c close").User("a@b.c")
	if u.State != "FLN" || u.Conn != 0 || len(u.Contacts()) != 0 {
		t.Errorf("after the end: %s, conn %d, sees %v", u.State, u.Conn, u.Contacts())
	}
	u = replayed(t, one+"c2 S: USR 1 OK a@b.c A\\r\\n\nc2 S: CHG 2 AWY\\r\\n\nc close").User("a@b.c")
	if u.State != "AWY" || u.Conn != 2 {
		t.Errorf("after the first of two connections ended: %s, conn %d", u.State, u.Conn)
	}
}

// TestWhatIsNotMeantChangesNothing checks commands that only resemble others, and commands that
// were not delivered.
func TestWhatIsNotMeantChangesNothing(t *testing.T) {
	const logon = "c S: USR 1 OK a@b.c A\\r\\n\n"
	before := describe(replayed(t, logon))
	for _, script := range []string{
		"c S: MSG Hotmail Hotmail 1\\r\\nx", "c S: RNG 5 10.0.0.9 CKI 8.9 d@e.f D\\r\\n",
		"c S: BPR 5 d@e.f PHH 5\\r\\n",
		"c C: CHG 2 BSY\\r\\n", "c S: QNG\\r\\n", "c S: 201 4\\r\\n", "c S: CVR 1 a b c d e\\r\\n", "c S: NLN\\r\\n",
		"c S: FLN\\r\\n", "c S: ADD\\r\\n",
	} {
		if diff := cmp.Diff(before, describe(replayed(t, logon+script))); diff != "" {
			t.Errorf("%s changed the state (-before +after):\n%s", script, diff)
		}
	}
	p := newPlayer()
	events := p.play(t, logon+"c S: CHG 2 BSY\\r\\n")
	events[1].Flags |= session.Dropped
	s := session.NewState()
	for _, e := range p.log {
		s.Apply(e)
	}
	if got := s.User("a@b.c").State; got != "FLN" {
		t.Errorf("a CHG that was dropped made the state %s", got)
	}
}

// TestAtIsApply checks that At returns the State that applying all events up to that one gives,
// whatever was asked before, and that this State does not change later.
func TestAtIsApply(t *testing.T) {
	log := crowd(t, 6000)
	line := session.Timeline{Event: func(i int) *session.Event { return log[i] }}
	for _, e := range log {
		line.Add(e)
	}
	asked := map[int]*session.State{}
	for i := range 60 {
		n := (i * 2741) % len(log)
		asked[n] = line.At(log[n].N)
	}
	for i := range 20 {
		line.At(log[4000+i].N) // forwards from the latest one
		asked[4000+i] = line.At(log[4000+i].N)
	}
	s := session.NewState()
	for i, e := range log {
		s.Apply(e)
		if asked[i] == nil {
			continue
		}
		if diff := cmp.Diff(describe(s), describe(asked[i])); diff != "" {
			t.Fatalf("state after event %d (-applied +asked):\n%s", e.N, diff)
		}
	}
	if got := line.At(0); len(got.Users()) != 0 || got.N != 0 {
		t.Errorf("before the first event there are %d users, N %d", len(got.Users()), got.N)
	}
	if got := line.At(1 << 40); got.N != log[len(log)-1].N {
		t.Errorf("after the last event N is %d", got.N)
	}
}

// TestTimelineIsBounded checks that only few events are applied again, however long the log is.
func TestTimelineIsBounded(t *testing.T) {
	log := crowd(t, 100_000)
	read := 0
	line := session.Timeline{Event: func(i int) *session.Event { read++; return log[i] }}
	for _, e := range log {
		line.Add(e)
	}
	if kept, weight := line.Remembered(); kept > 128 || weight > 1<<19 {
		t.Errorf("%d states of weight %d are kept", kept, weight)
	}
	for _, n := range []int{10, 37_777, 65_001, 99_990} {
		read = 0
		if got := line.At(log[n].N); got.N != log[n].N || read > len(log)/32 {
			t.Errorf("event %d: got the state after %d, having read %d events", log[n].N, got.N, read)
		}
	}
}

// crowd returns the events of many users on many connections: the recorded connections repeated,
// each time with other users.
func crowd(t testing.TB, n int) []*session.Event {
	var log []*session.Event
	p := newPlayer()
	for i := 0; len(log) < n; i++ {
		p.log, p.conns = nil, map[string]*session.Conn{}
		other := strings.NewReplacer("alice@", fmt.Sprintf("alice%d@", i%50), "bob@", fmt.Sprintf("bob%d@", i%7),
			"11752013", fmt.Sprint(i))
		p.play(t, other.Replace(strings.ReplaceAll(draftSession, "ds close", "")))
		log = append(log, p.log...)
	}
	return log[:n]
}

func sprintf(format string, all ...any) string { return fmt.Sprintf(format, all...) }

func sprint(all ...any) string { return strings.TrimSuffix(fmt.Sprintln(all...), "\n") }
