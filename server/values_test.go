package server

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// TestValuesThatCannotBeSent: a value that would break a line, or harm a terminal that shows it, is
// refused with the command's code (§5.2, §7.11), and no other user receives it.
func TestValuesThatCannotBeSent(t *testing.T) {
	const alice, bob = "alice@hotmail.com", "bob@hotmail.com"
	for _, tc := range []struct{ command, code string }{
		{"PRP 5 PHH x%s", "201"},
		{"PRP 5 PHH%s x", "201"},
		{"REA 5 " + alice + " x%s", "209"},
		{"REA 5 " + bob + " x%s", "209"},
		{"REA 5 a%s@hotmail.com x", "208"},
		{"ADD 5 AL " + bob + " x%s", "209"},
		{"ADD 5 FL b%s@hotmail.com x", "208"},
		{"REM 5 FL b%s@hotmail.com", "208"},
		{"ADG 5 x%s 0", "209"},
		{"ADG 5 x 0%s", "201"},
		{"REG 5 0 x%s 0", "209"},
		{"REG 5 0%s x 0", "201"},
		{"CHG 5 NLN%s", "201"},
		{"BLP 5 AL%s", "201"},
		{"GTC 5 N%s", "201"},
		{"SND 5 " + bob + " 0x0409 x%s y z", "201"},
		{"CVR 5 0x0409 win 4.10 i386 MSMSGS 1.0%s x", "201"},
		{"URL 5 INBOX%s", "201"},
	} {
		for _, bad := range []string{"\r", "\rOUT", "\x00", "\x07", "\x0b", "\x0c", "\x1b[2J", "\x7f"} {
			command := fmt.Sprintf(tc.command, bad)
			play(t, Options{}, "bob.ns -- online\n"+speakLatest+fmt.Sprintf(`
				alice.ns -- raw %q
				alice.ns S: %s 5
				alice.ns C: SYN 6 1
				alice.ns S: SYN 6 1
			`, command+"\r\n", tc.code))
			if t.Failed() {
				t.Fatalf("%q", command)
			}
		}
	}
}

// TestEscapesStayEscaped: a name may contain anything in escaped form (§5.5), and everybody
// receives it as it was sent.
func TestEscapesStayEscaped(t *testing.T) {
	const name = "x%0D%0AOUT%00%1b[2J%7F%20"
	play(t, Options{}, speakLatest+strings.ReplaceAll(`
		alice.ns C: CHG 4 NLN
		alice.ns S: CHG 4 NLN
		alice.ns S: CHL 0 {proof}
		bob.ns -- online
		bob.ns C: ADD 5 FL alice@hotmail.com NAME
		bob.ns S: ADD 5 FL 2 alice@hotmail.com NAME
		bob.ns S: ILN 5 NLN alice@hotmail.com alice
		alice.ns S: ADD 0 RL 2 bob@hotmail.com bob
		alice.ns C: REA 6 alice@hotmail.com NAME
		alice.ns S: REA 6 3 alice@hotmail.com NAME
		bob.ns S: NLN NLN alice@hotmail.com NAME
		alice.ns C: PRP 7 PHH NAME
		alice.ns S: PRP 7 4 PHH NAME
		alice.ns C: ADG 8 NAME 0
		alice.ns S: ADG 8 5 NAME 1 0
		bob.ns C: LST 9 FL
		bob.ns S: LST 9 FL 2 1 1 alice@hotmail.com NAME
	`, "NAME", name))
}

// storing are the commands that store what a client sends, with V in its place. The handles are
// users of the default accounts.
var storing = []string{
	"PRP 5 PHH V", "PRP 5 PHW V", "PRP 5 PHM V", "PRP 5 MOB V", "PRP 5 MBE V", "PRP 5 V V",
	"REA 5 alice@hotmail.com V", "REA 5 bob@hotmail.com V",
	"ADD 5 FL carol@hotmail.com V", "ADD 5 FL dave@hotmail.com V 1", "ADD 5 AL dave@hotmail.com V",
	"ADD 5 BL carol@hotmail.com V",
	"ADD 5 FL V x", "ADD 5 FL dave@hotmail.com x V", "ADG 5 V 0", "REG 5 1 V 0", "REG 5 0 V 0", "REG 5 V x 0",
	"CHG 5 V", "CHG 5 NLN V",
	"GTC 5 V", "BLP 5 V", "REM 5 FL V", "REM 5 FL bob@hotmail.com V", "RMG 5 V", "SND 5 V V V V",
	"CVR 5 V V V V V V V", "IMS 5 V", "URL 5 V", "V",
}

// bytesOfClients draws values that no client should send, and values that many do.
func bytesOfClients(t *rapid.T) string {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			"\r", "\rOUT", "\r\n", "\x00", "\x0b", "\x0c", "\x1b[2J", "\x7f", " ", "\t", "%0D%0A", "%00", "%", "%%%",
			"é", "\xff", "\u2028", "\u0085",
			"alice@hotmail.com", "1", "0", "~", "NLN", "A", "\"", "\\", "</", strings.Repeat("x", 60),
			strings.Repeat("\xfc", 130), strings.Repeat("n", 388),
		}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 8), func(b []byte) string { return string(b) }),
	)
	return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "value"), "")
}

// changeOutside are the ways to store a value without a client: the accounts verbs, a program that
// has the store, and messages that these have the server send.
var changeOutside = map[string]func(t *testing.T, store *changingStore, value string){
	"create": func(_ *testing.T, s *changingStore, v string) { _ = s.Create(v+"@hotmail.com", "pw", v) },
	"name":   func(t *testing.T, s *changingStore, v string) { set(t, s, accounts.Name, v) },
	"gtc":    func(t *testing.T, s *changingStore, v string) { set(t, s, accounts.GTC, v) },
	"blp":    func(t *testing.T, s *changingStore, v string) { set(t, s, accounts.BLP, v) },
	"more":   func(t *testing.T, s *changingStore, v string) { set(t, s, accounts.More, v) },
	"phone": func(t *testing.T, s *changingStore, v string) {
		set(t, s, accounts.More, fmt.Sprintf(`{"phones":{"PHH":%q,%q:"1"}}`, v, v))
	},
	"groups": func(t *testing.T, s *changingStore, v string) {
		set(t, s, accounts.More, fmt.Sprintf(`{"groups":[{"id":%q,"name":"x"},{"id":"2","name":%q}]}`, v, v))
	},
	"in group": func(t *testing.T, s *changingStore, v string) {
		set(t, s, accounts.More, fmt.Sprintf(`{"in":{"bob@hotmail.com":[%q,"7"]}}`, v))
	},
	"text": func(_ *testing.T, s *changingStore, v string) {
		s.news <- accounts.News{What: accounts.Text, Handle: "alice@hotmail.com", Value: v}
		<-s.reached
	},
	"state": func(_ *testing.T, s *changingStore, v string) {
		s.news <- accounts.News{What: accounts.State, Handle: "alice@hotmail.com", Value: "NLN" + v}
		<-s.reached
	},
	"entry": func(_ *testing.T, s *changingStore, v string) {
		e := accounts.Entry{Handle: "bob@hotmail.com", Name: v}
		s.news <- accounts.News{
			What: accounts.Added, Handle: "alice@hotmail.com", Serial: 9, List: accounts.Allow,
			Entry: e,
		}
		<-s.reached
	},
}

// set sets a setting of alice's; a refusal is acceptable too.
func set(t *testing.T, s *changingStore, setting accounts.Setting, value string) {
	_, _ = s.Set(t.Context(), "alice@hotmail.com", setting, value)
}

// TestWhatIsStoredCanBeSent stores arbitrary bytes through every command, and past the server, and
// then signs everybody in, in every dialect: no connection ends, and every line is in the table.
func TestWhatIsStoredCanBeSent(t *testing.T) {
	ways := make([]string, 0, len(changeOutside))
	for w := range changeOutside {
		ways = append(ways, w)
	}
	type step struct {
		way     string // "" for a command
		command string
		value   string
	}
	steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
		st := step{command: rapid.SampledFrom(storing).Draw(rt, "command"), value: bytesOfClients(rt)}
		if rapid.IntRange(0, 3).Draw(rt, "behind") == 0 {
			st.way = rapid.SampledFrom(ways).Draw(rt, "way")
		}
		return st
	}), 1, 12)
	rapid.Check(t, func(rt *rapid.T) {
		version := rapid.SampledFrom(versions()).Draw(rt, "version")
		all := steps.Draw(rt, "steps")
		var err error
		synctest.Test(t, func(t *testing.T) {
			store := &changingStore{accounts.Defaults(), make(chan accounts.News), make(chan bool)}
			s := New(Options{Store: store})
			defer s.Close()
			befriend(t, store)
			for _, st := range all {
				if st.way != "" {
					changeOutside[st.way](t, store, st.value)
					continue
				}
				p, lerr := logonAfter(t, s, version, "alice@hotmail.com", "alicepw")
				if err = lerr; err != nil {
					return
				}
				_, _ = p.Write([]byte("CHG 4 NLN\r\n" + strings.ReplaceAll(st.command, "V", st.value) + "\r\n"))
				synctest.Wait()
				p.Close()
			}
			err = everybodySignsIn(t, s)
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

// versions returns the dialects that the server speaks.
func versions() (names []string) {
	for _, t := range dialect.All() {
		if t.Number() <= newest {
			names = append(names, t.Name())
		}
	}
	return names
}

// befriend has everybody but alice watch her, and her watch them.
func befriend(t *testing.T, s accounts.Store) {
	t.Helper()
	for _, other := range []string{"bob@hotmail.com", "carol@hotmail.com"} {
		_, err := s.Add(t.Context(), other, accounts.Forward, accounts.Entry{Handle: "alice@hotmail.com", Name: "A"},
			150)
		if err == nil {
			_, err = s.Add(t.Context(), "alice@hotmail.com", accounts.Forward,
				accounts.Entry{Handle: other, Name: "x"}, 150)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// everybodySignsIn signs the default accounts in, in each dialect, while alice is online. It
// returns the first error.
func everybodySignsIn(t *testing.T, s *Server) error {
	t.Helper()
	for _, version := range versions() {
		var all []*msntest.Peer
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			p, err := signWholeIn(t, s, version, name)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", name, version, err)
			}
			all = append(all, p)
		}
		for _, p := range all {
			p.Close()
		}
	}
	return nil
}

// signWholeIn does all that a client does until its user can talk, and checks what it receives.
func signWholeIn(t *testing.T, s *Server, version, name string) (*msntest.Peer, error) {
	t.Helper()
	p, err := logonAfter(t, s, version, name+"@hotmail.com", name+"pw")
	if err != nil {
		return nil, err
	}
	for _, step := range []struct{ command, want string }{
		{"SYN 10 0", "SYN 10"},
		{"CHG 11 NLN", "CHG 11"},
		{"PNG", "QNG"},
		{"XFR 12 SB", "XFR 12"},
	} {
		if _, err := p.Ask(step.command, step.want); err != nil {
			return nil, err
		}
	}
	lists := 0
	for _, l := range p.Passed {
		if err := inTable(dialect.Lookup(version), dialect.NS, []byte(l+"\r\n")); err != nil {
			return nil, err
		}
		if f := strings.Fields(l); f[0] == "LST" && f[4] == f[5] { // the last entry of a list
			lists++
		}
	}
	if lists != 4 {
		return nil, fmt.Errorf("%d lists came to their end: %q", lists, p.Passed)
	}
	return p, nil
}

// TestOlderDatabase: a file that an older version wrote contains values that cannot be sent.
// Everybody can still sign in, the values are left out, and each is logged once, with its owner.
func TestOlderDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	var log msntest.Transcript
	logger := slog.New(slog.NewTextHandler(&log, nil))
	open := func() *accounts.SQLite {
		store, err := accounts.Open(path, accounts.OpenOptions{Log: logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	store := open()
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		if err := store.Create(name+"@hotmail.com", name+"pw", name); err != nil {
			t.Fatal(err)
		}
	}
	befriend(t, store)
	_ = store.Close()
	spoil(t, path,
		"UPDATE accounts SET name = 'x' || char(13) || 'OUT', gtc = '?', blp = '' WHERE key = 'alice@hotmail.com'",
		`UPDATE accounts SET more = '{"phones":{"PHH":"x\rOUT","PHW":"1","XYZ":"2"},
			"groups":[{"id":"1","name":"a b"},{"id":"x y","name":"c"},{"id":"2","name":"d"},{"id":"2","name":"e"}],
			"in":{"bob@hotmail.com":["1","2","2"]}}'
			WHERE key = 'alice@hotmail.com'`,
		"UPDATE accounts SET more = '{' WHERE key = 'carol@hotmail.com'",
		"UPDATE accounts SET name = CAST(x'410042' AS TEXT) WHERE key = 'carol@hotmail.com'",
		"UPDATE entries SET name = 'two words' WHERE owner = 'bob@hotmail.com'",
		"INSERT INTO entries (owner, list, key, handle, name) VALUES ('bob@hotmail.com', 0, 'no one', 'no one', 'x')",
	)
	s := New(Options{Store: open(), Log: logger})
	defer s.Close()
	for range 2 {
		if err := everybodySignsIn(t, s); err != nil {
			t.Fatal(err)
		}
	}
	p, err := signWholeIn(t, s, "MSNP7", "alice")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := strings.Join(p.Passed, "\n")
	for _, want := range []string{
		"GTC 10 5 A", "BLP 10 5 AL", "PRP 10 5 PHH\n", "PRP 10 5 PHW 1\n", "LSG 10 5 1 2 0 ~ 0", "LSG 10 5 2 2 2 d 0",
		"LST 10 FL 5 1 2 bob@hotmail.com x 2\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("alice does not get %q: %s", want, got)
		}
	}
	b, err := signWholeIn(t, s, "MSNP2", "bob")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, want := range []string{
		"LST 10 FL 3 1 1 alice@hotmail.com alice@hotmail.com",
		"ILN 11 NLN alice@hotmail.com alice@hotmail.com",
	} {
		if !slices.Contains(b.Passed, want) {
			t.Errorf("bob does not get %q: %q", want, b.Passed)
		}
	}
	for _, value := range []string{
		`user=alice@hotmail.com value="the friendly name"`, `user=alice@hotmail.com value=GTC`,
		`user=alice@hotmail.com value=BLP`,
		`user=alice@hotmail.com value=PHH`, `value="the property \"XYZ\""`, `value="the group \"1\""`,
		`value="the group \"x y\""`,
		`value="the group \"2\""`, `user=carol@hotmail.com value="telephones and groups"`,
		`user=carol@hotmail.com value="the friendly name"`,
		`user=bob@hotmail.com value="the name of alice@hotmail.com on FL"`,
		`user=bob@hotmail.com value="the entry \"no one\" on FL"`,
	} {
		if n := strings.Count(log.String(), value); n != 1 {
			t.Errorf("the log has %s %d times", value, n)
		}
	}
	if strings.Contains(log.String(), "level=ERROR") || bytes.ContainsAny([]byte(log.String()), "\r\x00") {
		t.Errorf("the log is %q", log.String())
	}
}

// spoil changes a database past the store.
func spoil(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
