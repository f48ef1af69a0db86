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
		"10.0.0.5": "10.0.0.5:1863", "10.0.0.5:1864": "10.0.0.5:1864", "msn.example": "msn.example:1863",
		"msn.example:80": "msn.example:80",
		"[::1]:1864":     "[::1]:1864", "[::1]": "[::1]:1863", "2001:db8::1": "[2001:db8::1]:1863",
		"[fe80::1]": "[fe80::1]:1863", "10.0.0.5:01863": "10.0.0.5:1863", "MSN.example.:80": "MSN.example.:80",
		"a_b-c":         "a_b-c:1863",
		"[10.0.0.5]:80": "10.0.0.5:80", "[::1": "", "[::1]80": "", "::1]": "", "[a.b]:80": "", "a,b": "", "a@b": "",
		"1.2.3": "", "a/b": "", "-a": "",
		"0": "", "": "", "10.0.0.5:": "", "10.0.0.5:0": "", "10.0.0.5:99999": "", "10.0.0.5:x": "", "0:1863": "",
		"a b": "", "a\nb:80": "", "10.0.0.5:1:2": "",
	} {
		if got, ok := Normalize(in); got != want || ok != (want != "") {
			t.Errorf("Normalize(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
}

// TestTarget checks the addresses that inet_addr reads and nothing newer does: clients of the time
// go there, so a referral to one must not lead them past the proxy.
func TestTarget(t *testing.T) {
	for in, want := range map[string]string{
		"127.1": "127.0.0.1:1863", "127.1:1864": "127.0.0.1:1864", "0x7f.1": "127.0.0.1:1863",
		"2130706433": "127.0.0.1:1863", "0x7F000001:80": "127.0.0.1:80", "017700000001": "127.0.0.1:1863",
		"10.0.1": "10.0.0.1:1863", "10.1.256": "10.1.1.0:1863", "010.0.0.5": "8.0.0.5:1863",
		"64.4.13.33":  "64.4.13.33:1863",
		"msn.example": "msn.example:1863", "0xa.example": "0xa.example:1863",
		"256.1": "", "1.2.3.256": "", "1.2.65536": "", "1.2.3.4.5": "", "4294967296": "", "08.1": "",
		"0x.1": "", "1..2": "",
		"1_0.1": "", "0b1.1": "", "+1.1": "", "0": "", "5": "", "0.0.1": "",
		"127.1:": "", "127.1:0": "", "127.1:99999": "",
		"127.1:1:2": "",
	} {
		if got, ok := target(in); got != want || ok != (want != "") {
			t.Errorf("target(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
}

func parse(line string) (*dialect.Row, *decode.Message) {
	m := decode.Parse([]byte(line), decode.FromServer, dialect.MSNP2)
	return dialect.MSNP2.Match(decode.FromServer, dialect.Any, &m), &m
}

// proxyAddr is the address that replaces those of servers in these tests.
const proxyAddr = "127.0.0.1:2"

// rewrite returns the command as a client gets it from a server of the role, "" if it is unchanged,
// and its Fault.
func rewrite(row *dialect.Row, role dialect.Role, m *decode.Message) (out, fault string) {
	o, ok := Read(row, role, m)
	if !ok {
		return "", ""
	}
	return string(o.Rewrite(func(string) (string, bool) { return proxyAddr, true })), o.Fault
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
		"XFR 2 NS 10.5:1863 0 10.0.0.1:1863\r\n":        "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 9 SB 0x0a000009 CKI 17.42\r\n":             "XFR 9 SB 127.0.0.1:2 CKI 17.42\r\n",
		"NLN NLN 10.0.0.5:1863 10.0.0.5:1863\r\n":       "",
		// Mistakes that some clients overlook.
		"xfr 2 NS 10.0.0.5:1863\r\n":               "xfr 2 NS 127.0.0.1:2\r\n",
		" Xfr 9 SB msn.example:1864 CKI 17.42\r\n": " Xfr 9 SB 127.0.0.1:2 CKI 17.42\r\n",
		"rng 7 10.0.0.9:1865 CKI 8.9 a@b.c A":      "rng 7 127.0.0.1:2 CKI 8.9 a@b.c A",
		"XFR abc NS 10.0.0.5:1863\r\n":             "XFR abc NS 127.0.0.1:2\r\n",
		"XFR abc SB msn.example:1863 CKI 1.2\r\n":  "XFR abc SB 127.0.0.1:2 CKI 1.2\r\n",
		"XFR 2 ns 10.0.0.5\r\n":                    "XFR 2 ns 127.0.0.1:2\r\n",
		"xfr 9 sb 10.0.0.9 CKI 1.2\r\n":            "xfr 9 sb 127.0.0.1:2 CKI 1.2\r\n",
		"XFR 2 NS ::1\r\n":                         "XFR 2 NS 127.0.0.1:2\r\n",
		"XFR 2 NS [2001:db8::1]:1864\r\n":          "XFR 2 NS 127.0.0.1:2\r\n",
		// Further addresses from the server.
		"XFR 2 NS 10.0.0.5:1863 0 10.0.0.1\r\n":       "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 2 NS msn.example:1863 0 msn.example\r\n": "XFR 2 NS 127.0.0.1:2 0 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5:1 10.0.0.6:1\r\n":          "XFR 2 NS 127.0.0.1:2 127.0.0.1:2\r\n",
		"XFR 2 NS 10.0.0.5 0 x y 10.0.0.6 [::2]:1":    "XFR 2 NS 127.0.0.1:2 0 x y 127.0.0.1:2 127.0.0.1:2",
		"XFR 9 SB 10.0.0.9 CKI 1.2 U 10.0.0.8:1863":   "XFR 9 SB 127.0.0.1:2 CKI 1.2 U 127.0.0.1:2",
		"XFR 9 SB a.example CKI 1.2 U b.example":      "XFR 9 SB 127.0.0.1:2 CKI 1.2 U b.example",
		"XFR 9 SB a.example CKI 1.2 U b.example:80":   "XFR 9 SB 127.0.0.1:2 CKI 1.2 U 127.0.0.1:2",
		// Words that look like addresses and are not, or are a user's: a name with blanks is
		// several words.
		"XFR 9 SB 10.0.0.9:1864 CKI 1.2.3.4\r\n":          "XFR 9 SB 127.0.0.1:2 CKI 1.2.3.4\r\n",
		"RNG 10.1.1.1 10.0.0.9 CKI 8.9 10.0.0.1 10.0.0.2": "RNG 10.1.1.1 127.0.0.1:2 CKI 8.9 10.0.0.1 10.0.0.2",
		"RNG 1 10.0.0.9 CKI 8.9 a@b.c A m.example:1 10.6.6.6:80": "RNG 1 127.0.0.1:2 CKI 8.9 a@b.c A m.example:1 " +
			"10.6.6.6:80",
		"msg a@b.c 10.0.0.5 12\r\n": "",
		"ZZZ 10.0.0.5:1863\r\n":     "",
	} {
		row, m := parse(line)
		if got, fault := rewrite(row, dialect.NS, m); got != want || fault != "" {
			t.Errorf("%q became %q (%s), want %q", line, got, fault, want)
		}
	}
}

// TestWhatNobodyCanFollow checks that a referral that no client can follow stays as it is and is
// reported: the proxy must know where to lead each client that it attracts.
func TestWhatNobodyCanFollow(t *testing.T) {
	for line, want := range map[string]string{
		"XFR 2 NS\r\n":                          "no address",
		"XFR\r\n":                               "form",
		"xfr x\r\n":                             "form",
		"XFR NS 10.0.0.5:1863\r\n":              "form",
		"XFR 10.0.0.5:1863\r\n":                 "form",
		"XFR 2 XX 10.0.0.5:1863\r\n":            "form",
		"XFR 9 SB CKI 17.42\r\n":                "no address",
		"RNG 10.0.0.9:1865 CKI 8.9 a@b.c A":     "no address",
		"RNG a@b.c 10.6.6.6:80":                 "no cookie",
		"RNG 1 10.0.0.9\r\n":                    "no cookie",
		"XFR 9 SB 10.0.0.9:1864\r\n":            "no cookie",
		"XFR 2 NS 10.0.0.5:0\r\n":               "10.0.0.5:0",
		"XFR 2 NS 10.0.0.5:70000\r\n":           "70000",
		"XFR 2 NS 10.0.0.5:99999999999999\r\n":  "99999",
		"XFR 2 NS 10.0.0.5:-1\r\n":              "-1",
		"XFR 2 NS 10.0.0.5:+1863\r\n":           "+1863",
		"XFR 2 NS 10.0.0.5:\r\n":                "10.0.0.5:",
		"XFR 2 NS 10.0.0.5:1863:\r\n":           "1863:",
		"XFR 2 NS 10.0.0.5:1863/x\r\n":          "/x",
		"XFR 2 NS :1863\r\n":                    ":1863",
		"XFR 2 NS 0:1863\r\n":                   "0:1863",
		"XFR 2 NS 10.0.0.256\r\n":               "256",
		"XFR 2 NS 10.0.0.5,10.0.0.6\r\n":        "10.0.0.5,10.0.0.6",
		"XFR 2 NS 10.0.0.5:1863,10.0.0.6:1863":  "10.0.0.5:1863,10.0.0.6:1863",
		"XFR 2 NS 10.0.0.5;10.0.0.6:1863\r\n":   "10.0.0.5;",
		"XFR 2 NS user@10.0.0.5:1863\r\n":       "user@",
		"XFR 2 NS http://10.0.0.5\r\n":          "http:",
		"XFR 2 NS msn.example:99999\r\n":        "99999",
		"XFR 2 NS msn..example\r\n":             "msn..example",
		"XFR 2 NS msn%2eexample\r\n":            "%2e",
		"XFR 2 NS m\xc3\xa4.example\r\n":        "example",
		"XFR 2 NS \"10.0.0.5\" 1863\r\n":        "10.0.0.5",
		"XFR 2 NS [::1\r\n":                     "[::1",
		"XFR 2 NS [::1]1863\r\n":                "[::1]1863",
		"XFR 2 NS [msn.example]:1863\r\n":       "[msn.example]",
		"XFR 2 NS 10.0.0.5:x 10.0.0.6:1863\r\n": "10.0.0.5:x",
		"XFR 9 SB msn.example:x CKI 17.42\r\n":  "msn.example:x",
	} {
		row, m := parse(line)
		o, ok := Read(row, dialect.NS, m)
		if got, fault := rewrite(row, dialect.NS, m); !ok || got != "" || !strings.Contains(fault, want) ||
			o.Referral != (Referral{}) {
			t.Errorf("%q became %q and leads to %+v, fault %q, want one with %q", line, got, o.Referral, fault, want)
		}
	}
}

// TestReferralInABody checks that a message is an order if the server sends it in its own name, and
// data if anybody else does.
func TestReferralInABody(t *testing.T) {
	body := func(sender, headers string) string {
		payload := headers + "\r\nhello"
		return fmt.Sprintf("MSG %s Hotmail %d\r\n%s", sender, len(payload), payload)
	}
	const head = "Content-Type: text/plain\r\n"
	for _, tc := range []struct {
		name, line string
		role       dialect.Role
		want       string // "" for one that stays
		fault      string
	}{
		{
			"the server's own", body("Hotmail", head+"Roster: 7;10.0.1.200:1863\r\n"), dialect.NS,
			body("Hotmail", head+"Roster: 7;127.0.0.1:2\r\n"), "",
		},
		{
			"with blanks, and in lower case", body("hotmail", "roster: 7; 10.0.1.200 \r\n"), dialect.NS,
			body("hotmail", "roster: 7; 127.0.0.1:2 \r\n"), "",
		},
		{
			"a bare LF", body("Hotmail", "Roster:7;msn.example:80\n"), dialect.NS,
			body("Hotmail", "Roster:7;127.0.0.1:2\n"), "",
		},
		{"nobody can follow", body("Hotmail", "Roster: 7;10.0.1.200:99999\r\n"), dialect.NS, "", "99999"},
		{"no address", body("Hotmail", "Roster: 7\r\n"), dialect.NS, "", "connect to 7"},
		{"a user's", body("bob@hotmail.com", head+"Roster: 7;10.0.1.200:1863\r\n"), dialect.NS, "", ""},
		{
			"a user's with such a name", body("Hotmail@hotmail.com", head+"Roster: 7;10.0.1.200:1863\r\n"), dialect.NS,
			"", "",
		},
		{"a peer's", body("Hotmail", head+"Roster: 7;10.0.1.200:1863\r\n"), dialect.SB, "", ""},
		{"perhaps a peer's", body("Hotmail", head+"Roster: 7;10.0.1.200:1863\r\n"), 0, "", ""},
		{"text", body("Hotmail", head+"\r\nRoster: 7;10.0.1.200:1863\r\n"), dialect.NS, "", ""},
		{
			"another field", body("Hotmail", head+"XRoster: 7;10.0.1.200:1863\r\nIP-Address: 10.0.0.5\r\n"), dialect.NS,
			"", "",
		},
	} {
		row, m := parse(tc.line)
		got, fault := rewrite(row, tc.role, m)
		if got != tc.want || tc.fault == "" && fault != "" || !strings.Contains(fault, tc.fault) {
			t.Errorf("%s: %q became %q (%s), want %q (%s)", tc.name, tc.line, got, fault, tc.want, tc.fault)
		}
		if got != "" && !MayHoldInside(m) {
			t.Errorf("%s: MayHoldInside does not know it", tc.name)
		}
	}
}

// TestRewriteInEveryDialect rewrites each form of a referral in the dialects that have it.
func TestRewriteInEveryDialect(t *testing.T) {
	for _, tc := range []struct {
		from, to  int // the first and the last dialect
		line      string
		addresses []string
	}{
		{2, 21, "XFR 3 NS 10.0.0.5:1863", []string{"10.0.0.5:1863"}},
		{2, 21, "XFR 3 NS 10.0.0.5", []string{"10.0.0.5"}},
		{2, 21, "XFR 0 NS 0", nil},
		{2, 12, "XFR 4 NS 10.0.0.5:1863 0", []string{"10.0.0.5:1863"}},
		{
			2, 12, "XFR 2 NS 207.46.106.145:1863 0 207.46.104.20:1863",
			[]string{"207.46.106.145:1863", "207.46.104.20:1863"},
		},
		{13, 21, "XFR 8 NS 10.0.0.5:1863 U D", []string{"10.0.0.5:1863"}},
		{
			21, 21, "XFR 3 NS 207.46.124.125:1863 U D VmVyc2lvbjogMQ0KWGZyQ291bnQ6IDINCg==",
			[]string{"207.46.124.125:1863"},
		},
		{
			21, 21, "XFR 0 NS by1.gateway.edge.messenger.live.com:80 G D VmVy",
			[]string{"by1.gateway.edge.messenger.live.com:80"},
		},
		{2, 21, "XFR 15 SB 207.46.108.37:1863 CKI 17262740.1050826919.32308", []string{"207.46.108.37:1863"}},
		{
			2, 21, "XFR 6 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com",
			[]string{"10.0.1.200:1865"},
		},
		{
			2, 21, "XFR 7 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com 1",
			[]string{"10.0.1.200:1865"},
		},
		{
			2, 21, "RNG 987654331 10.0.1.200:1865 CKI 123456789.123456789 anotheruser@hotmail.com another%20user",
			[]string{"10.0.1.200:1865"},
		},
		{
			2, 21, "RNG 987654331 10.0.1.200:1865 CKI 1.2 a@b.c another%20user U messenger.hotmail.com",
			[]string{"10.0.1.200:1865"},
		},
		{
			2, 21, "RNG 11752013 207.46.26.110:1863 CKI 849102291.520491113 bob@passport.com Bob U messenger.msn.com 1",
			[]string{"207.46.26.110:1863"},
		},
	} {
		for _, table := range dialect.All() {
			if table.Number() < tc.from || table.Number() > tc.to {
				continue
			}
			want := tc.line
			for _, address := range tc.addresses {
				want = strings.Replace(want, address, proxyAddr, 1)
			}
			if len(tc.addresses) == 0 {
				want = ""
			}
			m := decode.Parse([]byte(tc.line), decode.FromServer, table.At(dialect.NS))
			row := table.Match(decode.FromServer, dialect.NS, &m)
			if got, _ := rewrite(row, dialect.NS, &m); got != want {
				t.Errorf("%s: %q became %q, want %q", table.Name(), tc.line, got, want)
			}
		}
	}
}

// TestGatewayFlag checks the flag of MSNP14 and later that says whether a server is reached
// directly: through the proxy it is.
func TestGatewayFlag(t *testing.T) {
	for line, want := range map[string]string{
		"XFR 7 SB 10.0.1.200:1865 CKI 1.2 U messenger.msn.com 0": "XFR 7 SB 127.0.0.1:2 CKI 1.2 U " +
			"messenger.msn.com 1",
		"XFR 7 SB 10.0.1.200:1865 CKI 1.2 U messenger.msn.com 1": "XFR 7 SB 127.0.0.1:2 CKI 1.2 U " +
			"messenger.msn.com 1",
		"RNG 1 10.0.1.200:1865 CKI 1.2 a@b.c A U messenger.msn.com 0": "RNG 1 127.0.0.1:2 CKI 1.2 a@b.c A U " +
			"messenger.msn.com 1",
	} {
		table := dialect.Lookup("MSNP15")
		m := decode.Parse([]byte(line), decode.FromServer, table.At(dialect.NS))
		if got, _ := rewrite(table.Match(decode.FromServer, dialect.NS, &m), dialect.NS, &m); got != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}

// TestRead checks the Referral that is read from a command that a client can follow.
func TestRead(t *testing.T) {
	for line, want := range map[string]Referral{
		"XFR 2 NS 10.0.0.5":                    {Address: "10.0.0.5:1863", Role: dialect.NS},
		"xfr 2 NS 10.0.0.5:1864":               {Address: "10.0.0.5:1864", Role: dialect.NS},
		"XFR abc NS 10.0.0.5:1863":             {Address: "10.0.0.5:1863", Role: dialect.NS},
		"XFR abc SB 10.0.0.9:1864 CKI 17.42":   {"10.0.0.9:1864", dialect.SB, "17.42"},
		"rng 7 10.0.0.9:1865 CKI 8.9 a@b.c A":  {"10.0.0.9:1865", dialect.SB, "8.9"},
		"XFR 2 NS 10.0.0.5:1863 0 10.0.0.6:80": {Address: "10.0.0.5:1863", Role: dialect.NS},
		"XFR 0 NS 0":                           {},
		"XFR 2 ns 10.0.0.5":                    {Address: "10.0.0.5:1863", Role: dialect.NS},
		"XFR 2 sb 10.0.0.9 CKI 17.42":          {"10.0.0.9:1863", dialect.SB, "17.42"},
		"XFR 0 NS 0 0 10.0.0.6:80":             {},
		"XFR 2 NS 10.0.0.5:0":                  {},
		"XFR 2 NS 10.0.0.5:99999":              {},
		"XFR 2 NS 10.0.0.5:":                   {},
		"RNG 10.0.0.9:1865 CKI 8.9 a@b.c A":    {},
		"NLN NLN 10.0.0.5 10.0.0.5":            {},
	} {
		row, m := parse(line)
		if got, _ := Read(row, dialect.NS, m); got.Referral != want {
			t.Errorf("Read(%q) = %+v, want %+v", line, got.Referral, want)
		}
	}
}

func TestMayHold(t *testing.T) {
	for line, want := range map[string]bool{
		"": true, "X": true, "XFR": true, "XFR 2 NS 10.": true, "RNG 1 1": true, " RNG 1": true, "xfr 2 NS 10.": true,
		"LST 7": false, "ZZZ 1 ": false,
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
		row, m := parse(line)
		if o, ok := Read(row, dialect.NS, m); ok {
			b.Note(o.Referral, user, here, at)
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
		{"same", "Alice@Hotmail.com", there, now, "10.0.0.9:1864"}, // the user tells equal cookies apart
		{"same", "bob@hotmail.com", there, now, "10.0.0.10:1863"},
		{"same", "other@hotmail.com", there, now, "10.0.0.10:1863"}, // the cookie alone
		{"same", "alice@hotmail.com;{some-place}", there, now, "10.0.0.9:1864"},
		{"unknown", "alice@hotmail.com", here, now, "10.0.0.10:1863"},
		{"unknown", "alice@hotmail.com", there, now, ""},
		{"same", "alice@hotmail.com", here, now.Add(Expiry + 1), ""}, // it expires
	} {
		if got, _ := b.Switchboard(tc.cookie, tc.user, tc.client, tc.at); got != tc.want {
			t.Errorf("Switchboard(%s, %s) = %q, want %q", tc.cookie, tc.user, got, tc.want)
		}
	}

	// The same user at two servers that issued equal cookies, which the client's address tells
	// apart.
	b.Note(Referral{"10.0.0.20:1863", dialect.SB, "same"}, "alice@hotmail.com", there, now)
	for client, want := range map[netip.Addr]string{here: "10.0.0.9:1864", there: "10.0.0.20:1863"} {
		if got, _ := b.Switchboard("same", "alice@hotmail.com", client, now); got != want {
			t.Errorf("Switchboard for %s = %q, want %q", client, got, want)
		}
	}
	// A referral in a message has no cookie.
	b.Note(Referral{Address: "10.0.0.30:1863", Role: dialect.SB}, "alice@hotmail.com", there, now)
	if got, _ := b.Switchboard("unknown", "alice@hotmail.com", there, now); got != "10.0.0.30:1863" {
		t.Errorf("Switchboard after a referral in a message = %q", got)
	}

	note("XFR 2 NS 10.0.0.5", "alice@hotmail.com", now)
	if got, _ := b.Guess(here, now); got != "10.0.0.5:1863" {
		t.Errorf("Guess = %q", got)
	}
	if got, _ := b.Guess(here, now); got != "" {
		t.Errorf("Guess = %q for a second client", got)
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
		b.Note(Referral{"10.0.0.9:1863", dialect.SB, fmt.Sprint(i)}, "a@b.c", netip.Addr{},
			time.Unix(int64(i)/1000, 0))
	}
	if len(b.cookies.byKey) > maxEntries {
		t.Errorf("%d entries, cap %d", len(b.cookies.byKey), maxEntries)
	}
	if _, ok := b.Switchboard(fmt.Sprint(maxEntries+99), "a@b.c", netip.Addr{}, time.Unix(20, 0)); !ok {
		t.Error("the newest referral was thrown away")
	}
}

// TestBookKeepsTheLatest checks that a user who was referred, connected, and was referred again
// counts as one of the latest.
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

// TestTurned checks that a client that is referred back again and again is recognised.
func TestTurned(t *testing.T) {
	const a, b, c = "10.0.0.1:1863", "10.0.0.2:1863", "10.0.0.3:1863"
	type turn struct {
		by, to string // to "": the server lets the user in
		want   int
	}
	for name, turns := range map[string][]turn{
		"to itself":                         {{a, "10.0.0.1", 1}, {a, a, 2}, {a, a, 3}, {a, a, 4}},
		"to and fro":                        {{a, b, 0}, {b, a, 1}, {a, b, 2}, {b, a, 3}},
		"round three":                       {{a, b, 0}, {b, c, 0}, {c, a, 1}, {a, b, 2}, {b, c, 3}},
		"a wrong password":                  {{a, b, 0}, {a, b, 0}, {a, b, 0}, {a, b, 0}},
		"onward":                            {{a, b, 0}, {b, c, 0}, {a, b, 0}, {b, c, 0}},
		"one server that is all":            {{a, a, 1}, {a, "", 0}, {a, a, 1}, {a, "", 0}, {a, a, 1}},
		"back once and then somewhere else": {{a, b, 0}, {b, a, 1}, {a, c, 0}, {c, a, 1}},
	} {
		var book Book
		here, now := netip.MustParseAddr("127.0.0.1"), time.Unix(1, 0)
		for i, turn := range turns {
			if turn.to == "" {
				book.Arrived("Alice@b.c", here)
			} else if got := book.Turned(turn.by, turn.to, "alice@b.c", here, now); got != turn.want {
				t.Errorf("%s: turn %d is number %d in a row, want %d", name, i, got, turn.want)
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	var r Routes
	for _, rule := range []string{
		"172.17.0.2:1863=127.0.0.1:11863", "172.17.0.2=192.0.2.7", "MSN.example=10.0.0.5:80",
		"[::1]:1863=[2001:db8::1]", "ds:1863=ds.example", "ds:1863=ds.example",
	} {
		if err := r.Add(rule); err != nil {
			t.Errorf("Add(%q): %v", rule, err)
		}
	}
	for from, want := range map[string]string{
		"172.17.0.2:1863": "127.0.0.1:11863", "[::ffff:172.17.0.2]:1863": "127.0.0.1:11863",
		"172.17.0.2:1864":  "192.0.2.7:1864",
		"msn.EXAMPLE:1863": "10.0.0.5:80", "[::1]:1863": "[2001:db8::1]:1863", "[::1]:1864": "[::1]:1864",
		"ds:1863":         "ds.example:1863",
		"127.0.0.1:11863": "127.0.0.1:11863", "192.0.2.7:1864": "192.0.2.7:1864",
	} {
		if got := r.To(from); got != want {
			t.Errorf("To(%s) = %s, want %s", from, got, want)
		}
	}
	for rule, want := range map[string]string{
		"": "FROM=TO", "10.0.0.5": "FROM=TO", "=10.0.0.5": `"" is neither`, "10.0.0.5=": `"" is neither`,
		"a=b=c": `"b=c" is neither`, "10.0.0.5:0=a": `"10.0.0.5:0"`,
		"a=10.0.0.5:70000": `"10.0.0.5:70000"`, "a b=c": `"a b"`, "172.17.0.2=10.0.0.5": "192.0.2.7 already",
	} {
		if err := r.Add(rule); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Add(%q): %v, want %q", rule, err, want)
		}
	}
}
