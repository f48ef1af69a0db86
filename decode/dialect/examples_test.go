package dialect_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// examples holds lines that were seen or are documented, with the first and the last dialect that
// has them. C and S say who sends them; a number after the line is the length of its payload.
var examples = []struct {
	since, until int
	lines        string
}{
	{2, 2, `
		C: CVR 8 0x0409 win 4.10 i386 MSMSGS 1.0.0863
		S: CVR 8 1.0.0863 1.0.0863 1.0.0863 http://a.example/ http://b.example/
		C: CVQ 2 0x0409 win 4.10 i386 MSMSGS 1.0.0863
		S: CVQ 2 5.0.0537 5.0.0537 1.0.0863 http://a.example/ http://b.example/
		C: URL 1 INBOX
		S: URL 1 /cgi-bin/HoTMaiL http://c.example/
		C: FND 4 fname=Another lname=User city=* state=* country=US
		S: FND 4 1 2 fname=Another lname=User city=New%20York state=NY country=US
		S: FND 4 0 0
		C: SND 1 anotheruser@hotmail.com
		S: SND 1 OK
		C: USR 1 CTP I alice@hotmail.com
		S: USR 1 CTP S
		C: USR 2 CTP S password
		S: XFR 3 NS 10.0.0.5:1863`},
	{2, 9, `
		C: REA 13 example@hotmail.com example%20user
		S: REA 13 5 example@hotmail.com example%20user
		S: OUT OTH
		S: OUT SSD`},
	{2, 5, `
		S: USR 6 OK alice@hotmail.com Alice%20L
		S: LST 7 BL 12 0 0
		S: LST 7 FL 12 1 2 bob@hotmail.com Bob`},
	{2, 12, `
		S: XFR 15 SB 207.46.108.37:1863 CKI 17262740.1050826919.32308
		S: RNG 987654331 10.0.1.200:1865 CKI 123456789.123456789.123456789 anotheruser@hotmail.com another%20user`},
	{2, 20, `
		C: CAL 2 bob@hotmail.com
		S: CAL 2 RINGING 11752013
		S: ACK 4
		S: NAK 4
		S: BYE bob@hotmail.com 1
		C: MSG 4 N 133 +133
		S: MSG bob@hotmail.com Bob 181 +181`},
	{2, 21, `
		S: MSG Hotmail Hotmail 95 +95
		C: PNG
		S: VER 0 CVR0 MSNP8
		S: VER 1 0
		S: 911 6
		S: 218 8
		S: XFR 0 NS 0`},
	{6, 21, `
		S: CHL 0 15570131571988941333
		C: QRY 10 msmsgs@msnmsgr.com 32 +32
		S: QRY 10`},
	{7, 12, `S: XFR 2 NS 207.46.106.145:1863 0 207.46.104.20:1863`},
	{8, 9, `
		S: GTC A
		S: BLP AL`},
	{9, 21, `S: QNG 60`},
	{11, 12, `
		C: GCF 6 Shields.xml
		S: GCF 6 Shields.xml 145 +145`},
	{13, 13, `
		S: XFR 6 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com
		S: RNG 987654331 10.0.1.200:1865 CKI 123456789.123456789.123456789 anotheruser@hotmail.com another%20user U messenger.hotmail.com`},
	{13, 20, `S: XFR 8 NS 10.0.0.5:1863 U D`},
	{13, 21, `
		S: ADL 5 OK
		S: ADL 0 57 +57
		S: 241 7 5 +5
		S: 240 4`},
	{14, 20, `
		S: XFR 7 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com 1
		S: RNG 11752013 207.46.26.110:1863 CKI 849102291.520491113 bob@passport.com Bob U messenger.msn.com 1`},
	{21, 21, `S: XFR 3 NS 207.46.124.125:1863 U D VmVyc2lvbjogMQ0KWGZyQ291bnQ6IDINCg==`},
}

// TestExamples frames each line in each of its dialects, payload included, and finds a row that
// allows it.
func TestExamples(t *testing.T) {
	for _, table := range dialect.All() {
		for _, x := range examples {
			if table.Number() < x.since || table.Number() > x.until {
				continue
			}
			for line := range strings.Lines(strings.TrimSpace(x.lines)) {
				line, payload, _ := strings.Cut(strings.TrimSpace(line), " +")
				dir, command := decode.Dir(line[0]), line[3:]+"\r\n"
				size := 0
				for _, digit := range payload {
					size = size*10 + int(digit-'0')
				}
				command += strings.Repeat("x", size)
				// Errors have a payload at the notification server only; the switchboard's MSG has
				// a TrID.
				role := dialect.NS
				if strings.Contains("MSG CAL ACK NAK BYE", command[:3]) && !strings.Contains(command, "Hotmail ") {
					role = dialect.SB
				}
				r := decode.NewReader(dir, table.At(role))
				r.Feed([]byte(command))
				r.Feed([]byte("OUT\r\n"))
				var m, next decode.Message
				if !r.Next(&m) || string(m.Raw) != command || m.Opaque() {
					t.Errorf("%s: %s is framed as %q", table.Name(), line, m.Raw)
					continue
				}
				row := table.Match(dir, dialect.Any, &m)
				if row == nil || m.NumArgs() < row.Min() || row.Max() >= 0 && m.NumArgs() > row.Max() {
					t.Errorf("%s: %s has no row that allows it", table.Name(), line)
				}
				if !r.Next(&next) || string(next.Raw) != "OUT\r\n" {
					t.Errorf("%s: after %s comes %q", table.Name(), line, next.Raw)
				}
			}
		}
	}
}
