package server

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// TestFailures plays each failure against the lenient server and the observed one. In a case, the
// lines before the last C line lead up to it; LENIENT and OBSERVED are what follows.
func TestFailures(t *testing.T) {
	const (
		long   = "{long}"   // a handle of 130 bytes
		name   = "{name}"   // a name of 388 bytes
		closes = "(closed)" // without a word
	)
	fill := strings.NewReplacer(
		long, strings.Repeat("x", 130-len("@hotmail.com"))+"@hotmail.com",
		name, strings.Repeat("%20", 129)+"x",
	)
	for _, tc := range []struct{ name, way, request, lenient, observed string }{
		{"unparsable", "", "a.ns C: HELO 5 there", "200 5", closes},
		{"no TrID", "", "a.ns C: VER MSNP2", "200;(closed)", closes},
		{"TrID beyond 32 bits", "", "a.ns C: VER 4294967296 MSNP2", "200;(closed)", closes},
		{"no command at all", "", "a.ns C: Host: localhost", "200;(closed)", closes},
		{"empty line", "", `a.ns -- raw "\r\n"`, "(nothing)", "(nothing)"},
		{"bad length", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 1 N x", "200 1;(closed)", closes},
		{
			"length too long", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 1 N 1048577", "200 1;(closed)",
			closes,
		},
		{"unknown command", "", "a.ns C: XYZ 5 there", "200 5", closes},
		{"lower case", "", "a.ns C: ver 5 MSNP2", "200 5", closes},
		{"a later dialect's command", "alice.ns -- logon", "alice.ns C: PRP 5 PHH", "200 5", closes},
		{"an error from a client", "", "a.ns C: 911 5", "200 5", closes},

		{"CAL on NS", "alice.ns -- online", "alice.ns C: CAL 5 bob@hotmail.com", "715 5", closes},
		{"CHG on SB", "", "a.sb C: CHG 5 NLN", "715 5", closes},
		{"SYN on DS", "", "a.ds C: SYN 5 0", "715 5", closes},
		{"VER on SB", "", "a.sb C: VER 5 MSNP2", "715 5", closes},

		{"VER without dialect", "", "a.ns C: VER 5", "300 5", closes},
		{"SYN without serial", "alice.ns -- online", "alice.ns C: SYN 5", "300 5", closes},
		{"GTC without value", "alice.ns -- online", "alice.ns C: GTC 5", "300 5", closes},
		{"ADD without handle", "alice.ns -- online", "alice.ns C: ADD 5 FL", "300 5", closes},
		{"USR without handle", "", "a.ns C: USR 5 MD5 I", "300 5", closes},
		{"CAL without handle", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5", "300 5", closes},
		{"one argument too many", "alice.ns -- online", "alice.ns C: CHG 5 BSY 0", "CHG 5 BSY", closes},
		{
			"REM with one too many",
			"alice.ns -- online;alice.ns C: ADD 4 AL bob@hotmail.com B;alice.ns S: ADD 4 AL 2 bob@hotmail.com B",
			"alice.ns C: REM 5 AL bob@hotmail.com bob@hotmail.com", "REM 5 AL 3 bob@hotmail.com",
			"REM 5 AL 3 bob@hotmail.com",
		},

		{"GTC other value", "alice.ns -- online", "alice.ns C: GTC 5 X", "201 5", closes},
		{"BLP other value", "alice.ns -- online", "alice.ns C: BLP 5 al", "201 5", closes},
		{"CHG other state", "alice.ns -- online", "alice.ns C: CHG 5 XXX", "201 5", closes},
		{"LST other list", "alice.ns -- online", "alice.ns C: LST 5 XL", "201 5", closes},
		{"SYN no number", "alice.ns -- online", "alice.ns C: SYN 5 x", "201 5", closes},
		{"ADD to RL", "alice.ns -- online", "alice.ns C: ADD 5 RL bob@hotmail.com B", "201 5", closes},
		{"REM from RL", "alice.ns -- online", "alice.ns C: REM 5 RL bob@hotmail.com", "201 5", closes},
		{"XFR to elsewhere", "alice.ns -- online", "alice.ns C: XFR 5 NS", "201 5", closes},
		{"unknown package", "", "a.ns C: USR 5 NTLM I alice@hotmail.com", "201 5", closes},
		{"CTP package", "", "a.ns C: USR 5 CTP I alice@hotmail.com", "201 5", closes},
		{"bad mode of MSG", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 5 X 0", "201 5", closes},

		{"SYN before logon", "", "a.ns C: SYN 5 0", "302 5", closes},
		{"XFR before logon", "", "a.ns C: XFR 5 SB", "302 5", closes},
		{"CAL before logon", "", "a.sb C: CAL 5 bob@hotmail.com", "302 5", closes},
		{"MSG before logon", "", "a.sb C: MSG 5 N 0", "302 5", closes},
		{
			"MSG with a long body before logon", "", "a.sb C: MSG 5 N 9000\n| " + strings.Repeat("x", 8500),
			"200;(closed)", closes,
		},
		{"VER twice", "a.ns C: VER 0 MSNP2;a.ns S: VER 0 MSNP2", "a.ns C: VER 5 MSNP2", "715 5", "715 5;(closed)"},
		{"INF before VER", "", "a.ns C: INF 5", "715 5", "715 5;(closed)"},
		{"answer without challenge", "", "a.ns C: USR 5 MD5 S 0", "715 5", "715 5;(closed)"},
		{"VER after logon", "alice.ns -- logon", "alice.ns C: VER 5 MSNP2", "715 5", "715 5;(closed)"},
		{"USR after logon", "alice.ns -- logon", "alice.ns C: USR 5 MD5 I alice@hotmail.com", "207 5", "207 5"},
		{"no common dialect", "", "a.ns C: VER 5 MSNP8", "VER 5 0;(closed)", "VER 5 0;(closed)"},

		{
			"wrong password", "a.ns C: USR 4 MD5 I alice@hotmail.com;a.ns S: USR 4 MD5 S {c}",
			"a.ns C: USR 5 MD5 S {md5 c wrong}",
			"911 5", "911 5;(closed)",
		},
		{
			"unknown user", "a.ns C: USR 4 MD5 I erin@hotmail.com;a.ns S: USR 4 MD5 S {c}",
			"a.ns C: USR 5 MD5 S {md5 c}",
			"911 5", "911 5;(closed)",
		},
		{"logon without domain", "", "a.ns C: USR 5 MD5 I alice", "206 5", "206 5"},
		{"logon without domain at DS", "", "a.ds C: USR 5 MD5 I alice@", "206 5", "206 5"},
		{"logon with a long handle", "", "a.ns C: USR 5 MD5 I " + long, "208 5", "201 5"},
		{"ADD without domain", "alice.ns -- online", "alice.ns C: ADD 5 FL bob B", "206 5", "201 5"},
		{"ADD of a bad handle", "alice.ns -- online", "alice.ns C: ADD 5 FL a@b@c B", "208 5", "201 5"},
		{
			"ADD of a handle in Latin-1", "alice.ns -- online", "alice.ns C: ADD 5 FL b\xf6b@hotmail.com B", "208 5",
			"201 5",
		},
		{"ADD of nobody", "alice.ns -- online", "alice.ns C: ADD 5 AL erin@hotmail.com E", "205 5", "205 5"},
		{"ADD with a long name", "alice.ns -- online", "alice.ns C: ADD 5 AL bob@hotmail.com " + name, "209 5", closes},
		{"REA with a long name", "alice.ns -- online", "alice.ns C: REA 5 alice@hotmail.com " + name, "209 5", closes},
		{"REM of nobody", "alice.ns -- online", "alice.ns C: REM 5 AL erin@hotmail.com", "205 5", "205 5"},
		{"REM of who is not there", "alice.ns -- online", "alice.ns C: REM 5 AL bob@hotmail.com", "216 5", "216 5"},
		{
			"already on the list",
			"alice.ns -- online;alice.ns C: ADD 4 AL bob@hotmail.com B;alice.ns S: ADD 4 AL 2 bob@hotmail.com B",
			"alice.ns C: ADD 5 AL Bob@Hotmail.com B", "215 5", "215 5",
		},
		{
			"on the opposite list",
			"alice.ns -- online;alice.ns C: ADD 4 AL bob@hotmail.com B;alice.ns S: ADD 4 AL 2 bob@hotmail.com B",
			"alice.ns C: ADD 5 BL bob@hotmail.com B", "219 5", "219 5",
		},
		{
			"list full", "alice.ns -- online;alice.ns C: ADD 3 AL bob@hotmail.com B;alice.ns S: ADD 3 AL 2 " +
				"bob@hotmail.com B;" +
				"alice.ns C: ADD 4 AL dave@hotmail.com B;alice.ns S: ADD 4 AL 3 dave@hotmail.com B",
			"alice.ns C: ADD 5 AL carol@hotmail.com B", "210 5", "210 5",
		},
		{"the present GTC", "alice.ns -- online", "alice.ns C: GTC 5 A", "218 5", "218 5"},
		{"the present BLP", "alice.ns -- online", "alice.ns C: BLP 5 AL", "218 5", "218 5"},

		{"XFR when offline", "alice.ns -- logon", "alice.ns C: XFR 5 SB", "913 5", "913 5"},
		{
			"XFR when hidden", "alice.ns -- logon;alice.ns C: CHG 4 HDN;alice.ns S: CHG 4 HDN", "alice.ns C: XFR 5 SB",
			"913 5", "913 5",
		},
		{"bad cookie", "", "a.sb C: USR 5 alice@hotmail.com 1.2.3", "911 5;(closed)", "911 5;(closed)"},
		{"bad ring", "", "a.sb C: ANS 5 alice@hotmail.com 1.2.3 4", "911 5;(closed)", "911 5;(closed)"},
		{"CAL without domain", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5 bob", "206 5", "208 5"},
		{"CAL of a bad handle", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5 @@a", "208 5", "201 5"},
		{
			"CAL of nobody", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5 erin@hotmail.com", "217 5",
			"217 5",
		},
		{
			"CAL of the absent", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5 bob@hotmail.com", "217 5",
			"217 5",
		},
		{
			"CAL of the hidden",
			"alice.ns -- online;alice.sb -- chat;bob.ns -- logon;bob.ns C: CHG 1 HDN;bob.ns S: CHG 1 HDN",
			"alice.sb C: CAL 5 bob@hotmail.com", "217 5", "217 5",
		},
		{
			"CAL of the offline", "alice.ns -- online;alice.sb -- chat;bob.ns -- logon",
			"alice.sb C: CAL 5 bob@hotmail.com", "217 5", "217 5",
		},
		{
			"CAL of who blocks", "alice.ns -- online;alice.sb -- chat;bob.ns -- online;" +
				"bob.ns C: ADD 1 BL alice@hotmail.com A;bob.ns S: ADD 1 BL 2 alice@hotmail.com A",
			"alice.sb C: CAL 5 bob@hotmail.com", "217 5", "217 5",
		},
		{
			"CAL of who lets only friends",
			"alice.ns -- online;alice.sb -- chat;bob.ns -- online;bob.ns C: BLP 1 BL;bob.ns S: BLP 1 2 BL",
			"alice.sb C: CAL 5 bob@hotmail.com", "217 5", "217 5",
		},
		{
			"CAL of oneself", "alice.ns -- online;alice.sb -- chat", "alice.sb C: CAL 5 ALICE@hotmail.com", "215 5",
			"215 5",
		},
		{
			"CAL of who is there", "alice.ns -- online;bob.ns -- online;alice.sb -- chat bob",
			"alice.sb C: CAL 5 bob@hotmail.com",
			"215 5", "215 5",
		},
		{
			"CAL of who is being rung", "alice.ns -- online;bob.ns -- online;alice.sb -- chat;alice.sb C: CAL 4 " +
				"bob@hotmail.com;" +
				"alice.sb S: CAL 4 RINGING {id};bob.ns S: RNG {id} {addr} CKI {k} {h} {n}",
			"alice.sb C: CAL 5 bob@hotmail.com",
			"215 5", "215 5",
		},
		{"MSG to nobody, U", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 5 U 0", "(nothing)", "(nothing)"},
		{"MSG to nobody, N", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 5 N 0", "NAK 5", "NAK 5"},
		{"MSG to nobody, A", "alice.ns -- online;alice.sb -- chat", "alice.sb C: MSG 5 A 0", "NAK 5", "NAK 5"},
		{
			"MSG over 1664 bytes", "alice.ns -- online;alice.sb -- chat",
			"alice.sb C: MSG 5 N 1665\n| " + strings.Repeat("x", 1665), "NAK 5", closes,
		},
		{
			"MSG of 1664 bytes", "alice.ns -- online;alice.sb -- chat",
			"alice.sb C: MSG 5 N 1664\n| " + strings.Repeat("x", 1664), "NAK 5", "NAK 5",
		},
	} {
		for preset, answer := range map[Preset]string{Lenient: tc.lenient, Observed: tc.observed} {
			t.Run(tc.name+"/"+preset.String(), func(t *testing.T) {
				conn, _, _ := strings.Cut(tc.request, " ")
				text := strings.ReplaceAll(tc.way, ";", "\n") + "\n" + fill.Replace(tc.request) + "\n-- wait 20ms"
				for _, a := range strings.Split(answer, ";") {
					text += "\n" + conn + " S: " + a
				}
				play(t, Options{Preset: preset, Settings: with(preset, "list-limit=2")}, text)
			})
		}
	}
}

// TestRefusalsKeepTheConnection: a client that makes every kind of mistake is still served.
func TestRefusalsKeepTheConnection(t *testing.T) {
	play(t, Options{}, `
		a.ns C: XYZ 1
		a.ns S: 200 1
		a.ns C: USR 2 MD5 I alice@hotmail.com
		a.ns S: USR 2 MD5 S {one}
		a.ns C: USR 3 MD5 S {md5 one wrong}
		-- wait 20ms
		a.ns S: 911 3
		a.ns C: USR 4 MD5 S {md5 one alicepw}
		a.ns S: 715 4
		a.ns C: USR 5 MD5 I alice@hotmail.com
		a.ns S: USR 5 MD5 S {two}
		a.ns C: USR 5 MD5 S {md5 two alicepw}
		a.ns S: USR 5 OK alice@hotmail.com alice
		a.ns C: MSG 6 N 16
		| OUT
		| CHG 1 NLN
		|
		a.ns S: 715 6
		a.ns C: CHG 7 NLN
		a.ns S: CHG 7 NLN
	`)
}

// TestEachWrongPasswordDelaysMore: a client may try a password again, but each answer comes later.
func TestEachWrongPasswordDelaysMore(t *testing.T) {
	try := `
		a.ns C: USR 1 MD5 I alice@hotmail.com
		a.ns S: USR 1 MD5 S {c}
		a.ns C: USR 2 MD5 S 0
		-- wait 20ms
		a.ns S: 911 2`
	synctestScript(t, Options{Settings: with(Lenient, "user-failures=7")}, func(p *script) {
		for range 7 {
			p.words = make(map[string]string)
			p.run(try)
		}
		for _, wait := range []string{"979ms", "1998ms", "3998ms"} { // an attempt takes 20 ms
			p.words = make(map[string]string)
			p.run(strings.Replace(try, "-- wait 20ms", "-- wait "+wait+"\na.ns S: (nothing)\n-- wait 2ms", 1))
		}
	})
}

// TestEveryRowHasAHandler: the server handles exactly the commands that the table lets a client
// send to a server.
func TestEveryRowHasAHandler(t *testing.T) {
	rows := make(map[form]bool)
	for _, table := range dialect.All()[:newest-1] {
		for _, row := range table.Rows() {
			if row.Dir != decode.FromClient || row.Roles == dialect.FT {
				continue
			}
			f := form{row.Verb, row.Form()}
			if handlers[f].do == nil && !rows[f] {
				t.Errorf("%s: no handler answers %s; add one to handlers in server/command.go, under %v",
					table.Name(), row.Grammar(), f)
			}
			rows[f] = true
		}
	}
	for f := range handlers {
		if !rows[f] {
			t.Errorf("handler for %v, which no client sends", f)
		}
	}
}

// failing is a store whose chosen methods fail.
type failing struct {
	accounts.Store
	err error
}

func (f *failing) Set(context.Context, string, accounts.Setting, string) (accounts.Change, error) {
	return accounts.Change{}, f.err
}

func (f *failing) Rename(context.Context, string, string, string) (accounts.Change, error) {
	return accounts.Change{}, f.err
}

func TestStoreFails(t *testing.T) {
	play(t, Options{Store: &failing{accounts.Defaults(), errors.New("disk on fire")}}, `
		alice.ns -- online
		alice.ns C: GTC 5 N
		alice.ns S: 501 5
		alice.ns C: REA 6 bob@hotmail.com B
		alice.ns S: 501 6
		alice.ns C: CHG 7 AWY
		alice.ns S: CHG 7 AWY
	`)
}

// emptyRand is a random source that always fails.
type emptyRand struct{}

func (emptyRand) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestRandomSourceFails(t *testing.T) {
	play(t, Options{Rand: emptyRand{}}, `
		alice.ns C: USR 5 MD5 I alice@hotmail.com
		alice.ns S: 500 5
	`)
}

// TestCommandAfterGarbage: after a line that is no command the server still reads the next one,
// however wrong that line is.
func TestCommandAfterGarbage(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	c, err := s.Dial(t.Context(), "tcp", "127.0.0.3:1863")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const said, want = "HELO 5 there\r\nVER 6\r\nINF 7\r\n", "200 5\r\n300 6\r\n715 7\r\n"
	if _, err := io.WriteString(c, said); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Errorf("%q was answered with %q, %v, want %q", said, got, err, want)
	}
}
