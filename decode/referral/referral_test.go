package referral

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.5": "10.0.0.5:1863", "10.0.0.5:1864": "10.0.0.5:1864", "msn.example": "msn.example:1863", "msn.example:80": "msn.example:80",
		"[::1]:1864": "[::1]:1864", "[::1]": "[::1]:1863", "2001:db8::1": "[2001:db8::1]:1863",
		"0": "", "": "", "10.0.0.5:": "", "10.0.0.5:0": "", "10.0.0.5:99999": "", "10.0.0.5:x": "", "0:1863": "", "a b": "", "a\nb:80": "", "10.0.0.5:1:2": "",
	} {
		if got, ok := Normalize(in); got != want || ok != (want != "") {
			t.Errorf("Normalize(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
}

func parse(line string) (*dialect.Row, *decode.Message) {
	m := decode.Parse([]byte(line), decode.FromServer, dialect.MSNP2)
	return dialect.MSNP2.Match(decode.FromServer, dialect.Any, &m), &m
}

// roster is a message that sends its reader to a switchboard.
func roster(value string) string {
	body := "Content-Type: text/plain\r\nRoster: " + value + "\r\n\r\nhello"
	return fmt.Sprintf("MSG a@b.c A %d\r\n%s", len(body), body)
}

func TestRewriteChangesTheAddressOnly(t *testing.T) {
	for line, want := range map[string]string{
		"XFR 2 NS 10.0.0.5:1863\r\n":                    "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR\t2  NS 10.0.0.5   \n":                      "XFR\t2  NS 127.0.0.1:2   \n",
		"XFR 2 NS 10.0.0.5:1863 0 10.0.0.1:1863\r\n":    "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:1863 U D\r\n":                "XFR 2 NS 127.0.0.1:2 U D\r\n",
		"XFR 9 SB 10.0.0.9:1864 CKI 17.42\r\n":          "XFR 9 SB 127.0.0.1:2 CKI 17.42\r\n",
		"RNG 1 10.0.0.9:1865 CKI 8.9 a@b.c A%20B U m 1": "RNG 1 127.0.0.1:2 CKI 8.9 a@b.c A%20B U m 1",
		"XFR 0 NS 0\r\n":                                "",
		"XFR 2 NS\r\n":                                  "",
		"NLN NLN 10.0.0.5:1863 10.0.0.5:1863\r\n":       "",
		// Whatever is wrong with the command, no server's address reaches a client.
		"xfr 2 NS 10.0.0.5:1863\r\n":                  "xfr 2 NS 127.0.0.1:2\r\n",
		" Xfr 9 SB msn.example:1864 CKI 17.42\r\n":    " Xfr 9 SB 127.0.0.1:2 CKI 17.42\r\n",
		"rng 7 10.0.0.9:1865 CKI 8.9 a@b.c A":         "rng 7 127.0.0.1:2 CKI 8.9 a@b.c A",
		"XFR 2 NS 10.0.0.5:1863 0 10.0.0.1\r\n":       "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 2 NS msn.example:1863 0 msn.example\r\n": "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:1 10.0.0.6:1\r\n":          "XFR 2 NS 127.0.0.1:2 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5 0 x y 10.0.0.6 [::2]:1":    "XFR 2 NS 127.0.0.1:2 0 x y 127.0.0.1:2 127.0.0.1:2",
		"XFR abc NS 10.0.0.5:1863\r\n":                "XFR abc NS 127.0.0.1:2\r\n",
		"XFR abc SB msn.example:1863 CKI 1.2\r\n":     "XFR abc SB 127.0.0.1:2 CKI 1.2\r\n",
		"XFR NS 10.0.0.5:1863\r\n":                    "XFR NS 127.0.0.1:2\r\n",
		"XFR 10.0.0.5:1863\r\n":                       "XFR 127.0.0.1:2\r\n",
		"XFR 2 ns 10.0.0.5\r\n":                       "XFR 2 ns 127.0.0.1:2\r\n",
		"RNG 10.0.0.9:1865 CKI 8.9 a@b.c A":           "RNG 127.0.0.1:2 CKI 8.9 a@b.c A",
		"XFR 2 NS 10.0.0.5:0\r\n":                     "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:99999\r\n":                 "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:\r\n":                      "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:1863:\r\n":                 "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS ::1\r\n":                            "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS msn.example:99999\r\n":              "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS msn.example:\r\n":                   "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 9 SB msn.example:x CKI 17.42\r\n":        "XFR 9 SB 127.0.0.1:2 CKI 17.42\r\n",
		"XFR 9 SB 10.0.0.9 CKI 1.2 U 10.0.0.8:1863":   "XFR 9 SB 127.0.0.1:2 CKI 1.2 U 127.0.0.1:2",
		"XFR 9 SB a.example CKI 1.2 U b.example":      "XFR 9 SB 127.0.0.1:2 CKI 1.2 U b.example",
		"XFR 9 SB a.example CKI 1.2 U b.example:80":   "XFR 9 SB 127.0.0.1:2 CKI 1.2 U 127.0.0.1:2",
		"RNG 1 10.0.0.9 CKI 8.9 a@b.c A m.example:1":  "RNG 1 127.0.0.1:2 CKI 8.9 a@b.c A 127.0.0.1:2",
		// What looks like an address and is none.
		"XFR 9 SB 10.0.0.9:1864 CKI 1.2.3.4\r\n":   "XFR 9 SB 127.0.0.1:2 CKI 1.2.3.4\r\n",
		"RNG 1 10.0.0.9 CKI 8.9 10.0.0.1 10.0.0.2": "RNG 1 127.0.0.1:2 CKI 8.9 10.0.0.1 10.0.0.2",
		// An address in a message.
		roster("7;10.0.1.200:1863"):                         roster("7;127.0.0.1:2"),
		roster("7; 10.0.1.200:186"):                         roster("7; 127.0.0.1:2"),
		roster("7;10.0.1.200:99999"):                        "",
		roster("7"):                                         "",
		"MSG a@b.c A 22\r\nA: B\r\n\r\n\nRoster: 7;1.2.3.4": "",
		"XFR\r\n":                   "",
		"xfr x\r\n":                 "",
		"msg a@b.c 10.0.0.5 12\r\n": "",
		"ZZZ 10.0.0.5:1863\r\n":     "",
	} {
		row, m := parse(line)
		if got := Rewrite(row, m, func(string) (string, bool) { return "127.0.0.1:2", true }); string(got) != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}

// TestRewriteInEveryDialect has each form of a referral.
func TestRewriteInEveryDialect(t *testing.T) {
	const ours = "127.0.0.1:2"
	for _, tc := range []struct {
		from, to  int // dialects
		line      string
		addresses []string
	}{
		{2, 21, "XFR 3 NS 10.0.0.5:1863", []string{"10.0.0.5:1863"}},
		{2, 21, "XFR 3 NS 10.0.0.5", []string{"10.0.0.5"}},
		{2, 21, "XFR 0 NS 0", nil},
		{2, 12, "XFR 4 NS 10.0.0.5:1863 0", []string{"10.0.0.5:1863"}},
		{2, 12, "XFR 2 NS 207.46.106.145:1863 0 207.46.104.20:1863", []string{"207.46.106.145:1863", "207.46.104.20:1863"}},
		{13, 21, "XFR 8 NS 10.0.0.5:1863 U D", []string{"10.0.0.5:1863"}},
		{21, 21, "XFR 3 NS 207.46.124.125:1863 U D VmVyc2lvbjogMQ0KWGZyQ291bnQ6IDINCg==", []string{"207.46.124.125:1863"}},
		{21, 21, "XFR 0 NS by1.gateway.edge.messenger.live.com:80 G D VmVy", []string{"by1.gateway.edge.messenger.live.com:80"}},
		{2, 21, "XFR 15 SB 207.46.108.37:1863 CKI 17262740.1050826919.32308", []string{"207.46.108.37:1863"}},
		{2, 21, "XFR 6 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com", []string{"10.0.1.200:1865"}},
		{2, 21, "XFR 7 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com 1", []string{"10.0.1.200:1865"}},
		{2, 21, "RNG 987654331 10.0.1.200:1865 CKI 123456789.123456789 anotheruser@hotmail.com another%20user", []string{"10.0.1.200:1865"}},
		{2, 21, "RNG 987654331 10.0.1.200:1865 CKI 1.2 a@b.c another%20user U messenger.hotmail.com", []string{"10.0.1.200:1865"}},
		{2, 21, "RNG 11752013 207.46.26.110:1863 CKI 849102291.520491113 bob@passport.com Bob U messenger.msn.com 1", []string{"207.46.26.110:1863"}},
	} {
		for _, table := range dialect.All() {
			if table.Number() < tc.from || table.Number() > tc.to {
				continue
			}
			want := tc.line
			for _, address := range tc.addresses {
				want = strings.Replace(want, address, ours, 1)
			}
			if len(tc.addresses) == 0 {
				want = ""
			}
			m := decode.Parse([]byte(tc.line), decode.FromServer, table.At(dialect.NS))
			row := table.Match(decode.FromServer, dialect.NS, &m)
			if got := Rewrite(row, &m, func(string) (string, bool) { return ours, true }); string(got) != want {
				t.Errorf("%s: %q became %q, want %q", table.Name(), tc.line, got, want)
			}
		}
	}
}

// TestGatewayFlag: MSNP14 and later say whether a server is reached directly; through the proxy it is.
func TestGatewayFlag(t *testing.T) {
	for line, want := range map[string]string{
		"XFR 7 SB 10.0.1.200:1865 CKI 1.2 U messenger.msn.com 0":      "XFR 7 SB 127.0.0.1:2 CKI 1.2 U messenger.msn.com 1",
		"XFR 7 SB 10.0.1.200:1865 CKI 1.2 U messenger.msn.com 1":      "XFR 7 SB 127.0.0.1:2 CKI 1.2 U messenger.msn.com 1",
		"RNG 1 10.0.1.200:1865 CKI 1.2 a@b.c A U messenger.msn.com 0": "RNG 1 127.0.0.1:2 CKI 1.2 a@b.c A U messenger.msn.com 1",
	} {
		table := dialect.Lookup("MSNP15")
		m := decode.Parse([]byte(line), decode.FromServer, table.At(dialect.NS))
		got := Rewrite(table.Match(decode.FromServer, dialect.NS, &m), &m, func(string) (string, bool) { return "127.0.0.1:2", true })
		if string(got) != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}

// TestOf has what a referral is noted as, if it can be followed.
func TestOf(t *testing.T) {
	for line, want := range map[string]Referral{
		"XFR 2 NS 10.0.0.5":                    {Address: "10.0.0.5:1863", Role: dialect.NS},
		"xfr 2 NS 10.0.0.5:1864":               {Address: "10.0.0.5:1864", Role: dialect.NS},
		"XFR abc NS 10.0.0.5:1863":             {Address: "10.0.0.5:1863", Role: dialect.NS},
		"XFR abc SB 10.0.0.9:1864 CKI 17.42":   {"10.0.0.9:1864", dialect.SB, "17.42"},
		"rng 7 10.0.0.9:1865 CKI 8.9 a@b.c A":  {"10.0.0.9:1865", dialect.SB, "8.9"},
		"XFR 2 NS 10.0.0.5:1863 0 10.0.0.6:80": {Address: "10.0.0.5:1863", Role: dialect.NS},
		"XFR 0 NS 0":                           {},
		"XFR 0 NS 0 0 10.0.0.6:80":             {},
		"XFR 2 NS 10.0.0.5:0":                  {},
		"XFR 2 NS 10.0.0.5:99999":              {},
		"XFR 2 NS 10.0.0.5:":                   {},
		"RNG 10.0.0.9:1865 CKI 8.9 a@b.c A":    {},
		"NLN NLN 10.0.0.5 10.0.0.5":            {},
	} {
		if got, ok := Of(parse(line)); ok != (want != Referral{}) || ok && got != want {
			t.Errorf("Of(%q) = %+v, %v, want %+v", line, got, ok, want)
		}
	}
}

func TestMayHold(t *testing.T) {
	for line, want := range map[string]bool{
		"": true, "X": true, "XFR": true, "XFR 2 NS 10.": true, "RNG 1 1": true, " RNG 1": true, "xfr 2 NS 10.": true, "LST 7": false, "ZZZ 1 ": false,
		"MSG a@b.c A 100\r\nhel": false,
	} {
		if got := MayHold([]byte(line)); got != want {
			t.Errorf("MayHold(%q) = %v, want %v", line, got, want)
		}
	}
}

func TestBook(t *testing.T) {
	var b Book
	now := time.Unix(1, 0)
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.9")
	note := func(line, user string, at time.Time) {
		if r, ok := Of(parse(line)); ok {
			b.Note(r, user, here, at)
		}
	}
	note("XFR 9 SB 10.0.0.9:1864 CKI same", "alice@hotmail.com", now)
	note("RNG 1 10.0.0.10 CKI same a@b.c A", "bob@hotmail.com", now)
	note("NLN NLN a@b.c A", "bob@hotmail.com", now)
	for _, tc := range []struct {
		cookie, user string
		client       netip.Addr
		at           time.Time
		want         string
	}{
		{"same", "Alice@Hotmail.com", there, now, "10.0.0.9:1864"}, // equal cookies are told apart by the user
		{"same", "bob@hotmail.com", there, now, "10.0.0.10:1863"},
		{"same", "other@hotmail.com", there, now, "10.0.0.10:1863"}, // the cookie alone
		{"same", "alice@hotmail.com;{some-place}", there, now, "10.0.0.9:1864"},
		{"unknown", "alice@hotmail.com", here, now, "10.0.0.10:1863"},
		{"unknown", "alice@hotmail.com", there, now, ""},
		{"same", "alice@hotmail.com", here, now.Add(Expiry + 1), ""}, // nobody claims it for ever
	} {
		if got, _ := b.Switchboard(tc.cookie, tc.user, tc.client, tc.at); got != tc.want {
			t.Errorf("Switchboard(%s, %s) = %q, want %q", tc.cookie, tc.user, got, tc.want)
		}
	}

	// The same user at two servers that gave out equal cookies: told apart by where the client is.
	b.Note(Referral{"10.0.0.20:1863", dialect.SB, "same"}, "alice@hotmail.com", there, now)
	for client, want := range map[netip.Addr]string{here: "10.0.0.9:1864", there: "10.0.0.20:1863"} {
		if got, _ := b.Switchboard("same", "alice@hotmail.com", client, now); got != want {
			t.Errorf("Switchboard for %s = %q, want %q", client, got, want)
		}
	}
	// A referral in a message has no cookie.
	r, _ := Of(parse(roster("7;10.0.0.30:1863")))
	b.Note(r, "alice@hotmail.com", there, now)
	if got, _ := b.Switchboard("unknown", "alice@hotmail.com", there, now); got != "10.0.0.30:1863" {
		t.Errorf("Switchboard after a referral in a message = %q", got)
	}

	note("XFR 2 NS 10.0.0.5", "alice@hotmail.com", now)
	if got, _ := b.Guess(here, now); got != "10.0.0.5:1863" {
		t.Errorf("Guess = %q", got)
	}
	if got, _ := b.Guess(there, now); got != "" {
		t.Errorf("Guess for a stranger = %q", got)
	}
	if got, _ := b.Notification("ALICE@hotmail.com", here, now); got != "10.0.0.5:1863" {
		t.Errorf("Notification = %q", got)
	}
	note("XFR 2 NS 10.0.0.5", "alice@hotmail.com", now)
	if got, ok := b.Notification("alice@hotmail.com", there, now); ok {
		t.Errorf("a referral of another client address was followed to %q", got)
	}
	if got, _ := b.Notification("alice@hotmail.com", here, now); got != "10.0.0.5:1863" {
		t.Errorf("Notification = %q after somebody of that name came from elsewhere", got)
	}
	if again, ok := b.Notification("alice@hotmail.com", here, now); ok {
		t.Errorf("the referral was followed and still leads to %q", again)
	}
	if again, ok := b.Guess(here, now); ok {
		t.Errorf("the referral was followed and is still guessed: %q", again)
	}
}

func TestBookIsBounded(t *testing.T) {
	var b Book
	for i := range maxEntries + 100 {
		b.Note(Referral{"10.0.0.9:1863", dialect.SB, fmt.Sprint(i)}, "a@b.c", netip.Addr{}, time.Unix(int64(i)/1000, 0))
	}
	if len(b.cookies.byKey) > maxEntries {
		t.Errorf("%d entries, cap %d", len(b.cookies.byKey), maxEntries)
	}
	if _, ok := b.Switchboard(fmt.Sprint(maxEntries+99), "a@b.c", netip.Addr{}, time.Unix(20, 0)); !ok {
		t.Error("the newest referral was thrown away")
	}
}

// TestBookKeepsTheLatest: whoever was referred, went there, and was referred again is among the latest.
func TestBookKeepsTheLatest(t *testing.T) {
	var b Book
	here, now := netip.MustParseAddr("127.0.0.1"), time.Unix(1, 0)
	to := Referral{Address: "10.0.0.5:1863", Role: dialect.NS}
	b.Note(to, "alice@b.c", here, now)
	for i := range maxEntries - 1 {
		b.Note(to, fmt.Sprint(i), here, now)
	}
	b.Notification("alice@b.c", here, now)
	b.Note(to, "alice@b.c", here, now)
	for i := range maxEntries / 2 {
		b.Note(to, fmt.Sprint("more", i), here, now)
	}
	if _, ok := b.Notification("alice@b.c", here, now); !ok {
		t.Error("a late referral was thrown away before older ones")
	}
	for range 3 * maxEntries {
		b.Note(to, "bob@b.c", here, now)
	}
	if n := len(b.users.order); n > 2*maxEntries {
		t.Errorf("%d turns kept for one key, cap %d", n, 2*maxEntries)
	}
}
