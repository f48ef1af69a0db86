package dialect_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const hello = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial; EF=I; " +
	"CO=0; " +
	"CS=0; PF=22\r\n\r\nHello! How are you?"

// wholeSession is a logon and a conversation in MSNP2, a stream for each side of each connection.
var wholeSession = []struct {
	name  string
	roles dialect.Role
	dir   decode.Dir
	said  []string
}{
	{"dispatch", dialect.DS, 'C', []string{"VER 0 MSNP2 CVR0", "INF 1", "USR 2 MD5 I alice@hotmail.com"}},
	{"dispatch", dialect.DS, 'S', []string{"VER 0 MSNP2", "INF 1 MD5", "XFR 2 NS 10.0.0.5:1863"}},
	{"notification", dialect.NS, 'C', []string{
		"VER 3 MSNP2 CVR0", "INF 4", "USR 5 MD5 I alice@hotmail.com", "USR 6 MD5 S 7f919fab309532df353c901430df36fa",
		"SYN 7 0", "CHG 8 NLN", "XFR 9 SB",
	}},
	{"notification", dialect.NS, 'S', []string{
		"VER 3 MSNP2", "INF 4 MD5", "USR 5 MD5 S 1013928519.693957190", "USR 6 OK alice@hotmail.com Alice%20L",
		"MSG Hotmail Hotmail 95\r\nMIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; " +
			"charset=UTF-8\r\nLoginTime: 1726321960\r\n\r\n+",
		"SYN 7 12", "GTC 7 12 A", "BLP 7 12 AL", "LST 7 FL 12 1 2 bob@hotmail.com Bob",
		"LST 7 FL 12 2 2 carol@hotmail.com Carol%20%C3%A9",
		"LST 7 AL 12 1 1 bob@hotmail.com Bob", "LST 7 BL 12 0 0", "LST 7 RL 12 1 1 bob@hotmail.com Bob", "CHG 8 NLN",
		"ILN 8 AWY bob@hotmail.com Bob",
		"XFR 9 SB 10.0.0.9:1863 CKI 17262740.1050826919.32308",
	}},
	{"the other's notification", dialect.NS, 'S', []string{
		"RNG 11752013 10.0.0.9:1863 CKI 849102291.520491113 alice@hotmail.com Alice%20L",
	}},
	{"switchboard", dialect.SB, 'C', []string{
		"USR 1 alice@hotmail.com 17262740.1050826919.32308", "CAL 2 bob@hotmail.com", "MSG 3 N 133\r\n" + hello + "+",
		"OUT",
	}},
	{"switchboard", dialect.SB, 'S', []string{
		"USR 1 OK alice@hotmail.com Alice%20L", "CAL 2 RINGING 11752013", "JOI bob@hotmail.com Bob",
		"BYE bob@hotmail.com",
	}},
	{"the other's switchboard", dialect.SB, 'C', []string{"ANS 1 bob@hotmail.com 849102291.520491113 11752013", "OUT"}},
	{
		"the other's switchboard", dialect.SB, 'S',
		[]string{
			"IRO 1 1 1 alice@hotmail.com Alice%20L", "ANS 1 OK",
			"MSG alice@hotmail.com Alice%20L 133\r\n" + hello + "+",
		},
	},
}

// TestWholeSession frames each stream and finds the row of each command.
func TestWholeSession(t *testing.T) {
	for _, side := range wholeSession {
		r := decode.NewReader(side.dir, dialect.MSNP2.At(side.roles))
		var want []string
		for _, command := range side.said {
			// A plus marks the end of a payload: on the wire, nothing does.
			command, payload := strings.CutSuffix(command, "+")
			if !payload {
				command += "\r\n"
			}
			want = append(want, command)
			r.Feed([]byte(command))
		}
		var m decode.Message
		for i, command := range want {
			if !r.Next(&m) || string(m.Raw) != command {
				t.Fatalf("%s %s: command %d is %q, want %q", side.name, side.dir, i, m.Raw, command)
			}
			row := dialect.MSNP2.Match(side.dir, side.roles, &m)
			if row == nil || row.Extension {
				t.Errorf("%s %s: %q has no row of the draft", side.name, side.dir, m.Line())
				continue
			}
			if n := m.NumArgs(); n < row.Min() || row.Max() >= 0 && n > row.Max() {
				t.Errorf("%s %s: %q has %d arguments, its row %s", side.name, side.dir, m.Line(), n, row.Grammar())
			}
		}
		if r.Next(&m) || r.Flush(&m) {
			t.Errorf("%s %s: %q is left", side.name, side.dir, m.Raw)
		}
	}
	if got := decode.MD5Response("1013928519.693957190", "password"); got != "7f919fab309532df353c901430df36fa" {
		t.Errorf("the digest of the session is %s", got)
	}
}
