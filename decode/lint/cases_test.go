package lint_test

import (
	"fmt"
	"strings"
)

// The beginnings of scripts.
const (
	hello = `NS
		C: VER 1 MSNP2
		S: VER 1 MSNP2
		C: INF 2
		S: INF 2 MD5
		C: USR 3 MD5 I alice@hotmail.com
		S: USR 3 MD5 S 1013928519.693957190
	`
	loggedOn = hello + `
		C: USR 4 MD5 S 7f919fab309532df353c901430df36fa
		S: USR 4 OK alice@hotmail.com Alice
	`
	synced = loggedOn + `
		C: SYN 5 0
		S: SYN 5 12
		S: GTC 5 12 A
		S: BLP 5 12 AL
		S: LST 5 FL 12 1 1 bob@hotmail.com Bob
		S: LST 5 AL 12 1 1 bob@hotmail.com Bob
		S: LST 5 BL 12 1 1 eve@hotmail.com Eve
		S: LST 5 RL 12 0 0
	`
	online   = synced + "C: CHG 6 NLN\nS: CHG 6 NLN\n"
	entered  = "SB\nC: USR 1 alice@hotmail.com 17.26\nS: USR 1 OK alice@hotmail.com Alice\n"
	referral = "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP2\nC: USR 3 MD5 I alice@hotmail.com\nS: XFR 3 NS 10.0.0.5\n"
	called   = entered + "C: CAL 2 bob@hotmail.com\nS: CAL 2 RINGING 11752013\nS: JOI bob@hotmail.com Bob\n"
	text     = `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n`
)

// msnp5 is a logon in a later dialect.
var msnp5 = strings.ReplaceAll(loggedOn, "MSNP2", "MSNP5")

// cases has for each rule a script that breaks it, and one that keeps just within it.
var cases = []struct{ id, bad, good string }{
	{"F01", `NS
		C: VER 1 MSNP2\n`, `NS
		C: VER 1 MSNP2\r\n`},
	{"F02", hello + `C: CHG 5\r NLN\r\n`, loggedOn + `C: CHG 5 NLN\r\n`},
	{"F03", hello + "C: VERS 1 MSNP2", hello + "C: USR 5 MD5 I alice@hotmail.com"},
	{"F04", "NS\nC: ver 1 MSNP2", "NS\nC: VER 1 MSNP2"},
	{"F05", loggedOn + "C: CHG 5  NLN", loggedOn + "C: CHG 5 NLN "},
	{"F06", "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP2\nC: INF 2 ", "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP2\nC: INF  2"},
	{"F07", online + `S: NLN NLN bob@hotmail.com B\xc3\xb6b`, online + "S: NLN NLN bob@hotmail.com B%C3%B6b"},
	{"F08", online + "S: NLN NLN bob@hotmail.com B%2", online + "S: NLN NLN bob@hotmail.com B%20b"},
	{"F09", online + `C: CHG 7 BSY\x00`, online + `C: CHG 7\tBSY`},
	{"F10", online + "C: ADD 7 FL " + strings.Repeat("x", 8200), online + "C: ADD 7 FL " + strings.Repeat("x", 8000)},
	{"F11", called + "C: MSG 3 N abc", called + `C: MSG 3 N 5\r\nhello`},
	{"F12", called + `C: MSG 3 N 133\r\nhello
		close C`, called + `C: MSG 3 N 5\r\nhello
		close C`},
	{"F13", called + `C: MSG 3 N 5\r\nhello\r\n`, called + `C: MSG 3 N 7\r\nhello\r\n`},
	{"F14", online + "C: ZZZ 7", online + "C: CVR 7 0x0409 win 4.10 i386 MSMSGS 1.0.0863"},
	{"F15", online + "C: CVR 7 0x0409 win 4.10 i386 MSMSGS 1.0.0863", online + "C: CHG 7 BSY"},
	{"F16", online + "C: NLN NLN bob@hotmail.com Bob", online + "S: NLN NLN bob@hotmail.com Bob"},
	{"F17", online + "C: CAL 7 bob@hotmail.com", entered + "C: CAL 7 bob@hotmail.com"},
	{"F18", online + "C: ADD 7 FL", online + "C: ADD 7 FL bob@hotmail.com"},
	{"F19", online + "C: REM 7 AL bob@hotmail.com bob@hotmail.com", online + "C: REM 7 AL bob@hotmail.com"},

	{"T01", "NS\nC: VER MSNP2", "NS\nC: VER 1 MSNP2"},
	{"T02", hello + "C: INF x", "NS\nC: INF 2"},
	{"T03", hello + "C: INF 4294967296", hello + "C: INF 4294967295"},
	{"T04", "NS\nC: VER 0 MSNP2", "NS\nC: VER 00001 MSNP2"},
	{"T05", loggedOn + "C: SYN 5 0\nC: LST 5 FL", loggedOn + "C: SYN 5 0\nS: SYN 5 0\nC: LST 5 FL"},
	{"T06", hello + "S: INF 99 MD5", hello},
	{"T07", online + "C: LST 8 FL\nC: OUT\nclose C", online + "C: LST 8 FL\nS: LST 8 FL 12 0 0\nC: OUT\nclose C"},
	{"T08", "NS\nC: VER 007 MSNP2\nS: VER 7 MSNP2", "NS\nC: VER 007 MSNP2\nS: VER 007 MSNP2"},
	{"T09", online + "C: OUT 5", online + "C: OUT"},
	{"T10", online + "S: ADD 31 RL 13 carol@hotmail.com Carol", online + "S: ADD 0 RL 13 carol@hotmail.com Carol"},
	{"T11", loggedOn + "C: SYN 5 0\nS: SYN 5 12\nS: GTC 8 12 A", loggedOn + "C: SYN 5 0\nS: SYN 5 12\nS: GTC 5 12 A"},
	{
		"T12",
		"SB\nC: ANS 1 bob@hotmail.com 84.52 11752013\nS: ANS OK",
		"SB\nC: ANS 1 bob@hotmail.com 84.52 11752013\nS: ANS 1 OK",
	},

	{"L01", "NS\nC: USR 3 MD5 I alice@hotmail.com", "middle NS\nC: USR 3 MD5 I alice@hotmail.com"},
	{"L02", "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP3", "NS\nC: VER 1 MSNP3 MSNP2\nS: VER 1 MSNP3"},
	{"L03", "NS\nC: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2 CVR0", "NS\nC: VER 1 MSNP2 CVR0\nS: VER 1 0 MSNP3 MSNP4"},
	{"L04", "NS\nC: VER 1 MSNP9\nS: VER 1 0\nC: INF 2", "NS\nC: VER 1 MSNP9\nS: VER 1 0\nC: OUT"},
	{"L05", "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP2\nC: VER 2 MSNP2", "NS\nC: VER 1 MSNP2\nNS\nC: VER 2 MSNP2"},
	{"L06", "NS\nC: INF 1", "NS\nC: VER 1 MSNP2\nC: INF 2"},
	{"L07", "NS\nC: INF 2\nS: INF 2 CTP", "NS\nC: INF 2\nS: INF 2 MD5 CTP"},
	{
		"L08",
		"NS\nC: INF 2\nS: INF 2 MD5\nC: USR 3 CTP I alice@hotmail.com",
		"NS\nC: INF 2\nS: INF 2 CTP,MD5\nC: USR 3 MD5 I alice@hotmail.com",
	},
	{
		"L09",
		"NS\nC: VER 1 MSNP2\nC: USR 3 MD5 X alice@hotmail.com",
		"NS\nC: VER 1 MSNP2\nC: USR 3 MD5 I alice@hotmail.com",
	},
	{
		"L10", "NS\nC: VER 1 MSNP2\nC: USR 3 MD5 S 7f919fab309532df353c901430df36fa",
		hello + "C: USR 4 MD5 S 7f919fab309532df353c901430df36fa",
	},
	{"L11", hello + "C: USR 4 MD5 S 7f919fab", hello + "C: USR 4 MD5 S 7f919fab309532df353c901430df36fa"},
	{
		"L12", hello + "C: USR 4 MD5 S 7F919FAB309532DF353C901430DF36FA",
		hello + "C: USR 4 MD5 S 7f919fab309532df353c901430df36fa",
	},
	{"L13", hello + hello, hello + strings.ReplaceAll(hello, "1013928519", "1013928520")},
	{
		"L14",
		hello + "C: USR 4 MD5 S 7f919fab309532df353c901430df36fa\nS: USR 4 OK bob@hotmail.com Bob",
		strings.ReplaceAll(loggedOn, "OK alice", "OK Alice"),
	},
	{"L15", "NS\nC: VER 1 MSNP2\nC: USR 2 CTP S password", "NS\nC: VER 1 MSNP2\nC: USR 2 MD5 I alice@hotmail.com"},
	{"L16", hello + "S: XFR 4 DS 10.0.0.5", hello + "S: XFR 4 NS 10.0.0.5"},
	{"L17", hello + "S: XFR 3 NS 10.0.0.5:99999", hello + "S: XFR 3 NS 10.0.0.5"},
	{
		"L18", "NS\nC: VER 1 MSNP2\nC: USR 3 MD5 I alice@hotmail.com\nS: XFR 3 NS 10.0.0.5\nS: USR 3 MD5 S 10.69",
		"NS\nC: VER 1 MSNP2\nC: USR 3 MD5 I alice@hotmail.com\nS: XFR 3 NS 10.0.0.5\nS: OUT",
	},
	{"L19", online + "S: XFR 0 NS 10.0.0.5\nC: CHG 9 AWY", online + "S: XFR 0 NS 10.0.0.5\nC: OUT"},
	{"L20", hello + "S: XFR 3 NS 10.0.0.1:1863", hello + "S: XFR 3 NS 10.0.0.1:1864"},
	{"L21", hello + "C: SYN 4 0", loggedOn + "C: SYN 5 0"},
	{"L22", "NS\nC: VER 1 MSNP2\nS: VER 1 MSNP2\nC: USR 2 MD5 I alice@hotmail.com", hello},

	{"L23", strings.Repeat(referral, 6), strings.Repeat(referral, 5)},

	{
		"U01", online + "C: ADD 7 FL " + strings.Repeat("a", 118) + "@hotmail.com A",
		online + "C: ADD 7 FL " + strings.Repeat("a", 117) + "@hotmail.com A",
	},
	{"U02", entered + "C: CAL 2 bob", entered + "C: CAL 2 bob@example.com"},
	{"U03", entered + "C: CAL 2 bob@example.com", entered + "C: CAL 2 bob@HOTMAIL.com"},
	{
		"U04",
		online + "C: ADD 7 FL bob@hotmail.com " + strings.Repeat("x", 388),
		online + "C: ADD 7 FL bob@hotmail.com " + strings.Repeat("x", 387),
	},
	{"U05", online + "S: NLN NLN bob@hotmail.com Zo%EB", online + "S: NLN NLN bob@hotmail.com Zo%C3%AB"},

	{"P01", loggedOn + "C: SYN 5 abc", loggedOn + "C: SYN 5 0"},
	{
		"P02",
		loggedOn + "C: SYN 5 3\nS: SYN 5 12\nC: CHG 6 NLN\nS: CHG 6 NLN",
		loggedOn + "C: SYN 5 12\nS: SYN 5 12\nC: CHG 6 NLN\nS: CHG 6 NLN",
	},
	{
		"P03",
		loggedOn + "C: SYN 5 0\nS: SYN 5 12\nS: LST 5 AL 12 0 0\nS: LST 5 FL 12 0 0",
		loggedOn + "C: LST 5 AL\nS: LST 5 AL 12 0 0\nC: LST 6 FL\nS: LST 6 FL 12 0 0",
	},
	{"P04", loggedOn + "C: SYN 5 12\nS: SYN 5 3", loggedOn + "C: SYN 5 3\nS: SYN 5 12"},
	{
		"P05",
		loggedOn + "C: LST 5 FL\nS: LST 5 FL 12 2 2 bob@hotmail.com Bob",
		loggedOn + "C: LST 5 FL\nS: LST 5 FL 12 1 2 bob@hotmail.com Bob\n" +
			"S: LST 5 FL 12 2 2 carol@hotmail.com Carol",
	},
	{"P06", loggedOn + "C: SYN 5 0\nS: SYN 5 12\nS: LST 5 FL 12 1 2 bob@hotmail.com Bob\nS: LST 5 AL 12 0 0", synced},
	{"P07", loggedOn + "C: LST 5 BL\nS: LST 5 BL 12 0 1", loggedOn + "C: LST 5 BL\nS: LST 5 BL 12 0 0"},
	{"P08", loggedOn + "C: LST 5 XL", loggedOn + "C: LST 5 RL"},
	{"P09", online + "C: GTC 7 Y", online + "C: GTC 7 N"},
	{"P10", online + "C: GTC 7 A\nS: GTC 7 13 A", online + "C: GTC 7 A\nS: 218 7\nC: GTC 8 N\nS: GTC 8 13 N"},
	{"P11", online + "C: ADD 7 RL bob@hotmail.com Bob", online + "C: ADD 7 FL dave@hotmail.com Dave"},
	{
		"P12",
		online + "C: ADD 7 FL dave@hotmail.com Dave\nS: ADD 7 FL 12 dave@hotmail.com Dave",
		online + "C: ADD 7 FL dave@hotmail.com Dave\nS: ADD 7 FL 13 dave@hotmail.com Dave",
	},
	{
		"P13",
		online + "C: ADD 7 FL dave@hotmail.com Dave\nS: ADD 7 AL 13 dave@hotmail.com Dave",
		online + "C: ADD 7 FL dave@hotmail.com Dave\nS: ADD 7 FL 13 Dave@hotmail.com Dave",
	},
	{
		"P14",
		online + "C: ADD 7 BL bob@hotmail.com Bob\nS: ADD 7 BL 13 bob@hotmail.com Bob",
		online + "C: REM 7 AL bob@hotmail.com\nS: REM 7 AL 13 bob@hotmail.com\n" +
			"C: ADD 8 BL bob@hotmail.com Bob\nS: ADD 8 BL 14 bob@hotmail.com Bob",
	},
	{"P15", online + "S: ADD 9 RL 13 carol@hotmail.com Carol", online + "S: ADD 0 RL 13 carol@hotmail.com Carol"},
	{"P16", online + "C: ADD 7 FL dave@hotmail.com", online + "C: ADD 7 FL dave@hotmail.com dave@hotmail.com"},

	{"S01", online + "C: CHG 7 HOT", online + "C: CHG 7 PHN"},
	{"S02", online + "C: CHG 7 BSY\nS: CHG 7 NLN", online + "C: CHG 7 BSY\nS: CHG 7 BSY"},
	{"S03", online + "S: NLN HDN bob@hotmail.com Bob", online + "S: NLN AWY bob@hotmail.com Bob"},
	{"S04", online + "S: ILN 99 NLN bob@hotmail.com Bob", online + "S: ILN 6 NLN bob@hotmail.com Bob"},
	{"S05", online + "S: FLN stranger@hotmail.com", online + "S: FLN BOB@hotmail.com"},
	{
		"S06",
		online + "S: FLN bob@hotmail.com\nS: FLN bob@hotmail.com",
		online + "S: FLN bob@hotmail.com\nS: NLN NLN bob@hotmail.com Bob\nS: FLN bob@hotmail.com",
	},
	{
		"S07",
		online + "C: CHG 7 HDN\nS: CHG 7 HDN\nS: RNG 11 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob",
		online + "C: CHG 7 BSY\nS: CHG 7 BSY\nS: RNG 11 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob",
	},
	{"S08", synced + "C: CHG 6 NLN\nC: XFR 7 SB", synced + "C: CHG 6 NLN\nS: CHG 6 NLN\nC: XFR 7 SB"},

	{
		"B01",
		synced + "C: CHG 6 HDN\nS: CHG 6 HDN\nC: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26",
	},
	{
		"B02",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 MD5 abc",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI abc",
	},
	{"B03", "SB\nC: CAL 1 bob@hotmail.com", "middle SB\nC: CAL 1 bob@hotmail.com"},
	{
		"B04",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26\nSB\n" +
			"C: USR 1 alice@hotmail.com 1.2.3",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26\n" + entered,
	},
	{
		"B05",
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26\n" + entered + entered,
		online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26\n" + entered,
	},
	{"B06", "SB\nC: USR 1 alice@hotmail.com 17.26\nC: CAL 2 bob@hotmail.com", entered + "C: CAL 2 bob@hotmail.com"},
	{
		"B07",
		entered + "C: CAL 2 bob@hotmail.com\nS: CAL 2 BUSY 11752013",
		entered + "C: CAL 2 bob@hotmail.com\nS: CAL 2 RINGING 11752013",
	},
	{
		"B08",
		online + "S: RNG abc 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob",
		online + "S: RNG 11 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob",
	},
	{
		"B09",
		online + "S: RNG 11 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob\nSB\n" +
			"C: ANS 1 alice@hotmail.com 8.5 999",
		online + "S: RNG 11 10.0.0.9:1863 CKI 8.5 bob@hotmail.com Bob\nSB\n" +
			"C: ANS 1 alice@hotmail.com 8.5 11",
	},
	{
		"B10",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: IRO 1 2 3 bob@hotmail.com Bob",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: IRO 1 1 2 bob@hotmail.com Bob\n" +
			"S: IRO 1 2 2 dave@hotmail.com Dave",
	},
	{
		"B11",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: IRO 1 1 2 bob@hotmail.com Bob\n" +
			"S: JOI dave@hotmail.com Dave",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: IRO 1 1 1 bob@hotmail.com Bob\nS: ANS 1 OK\n" +
			"S: JOI dave@hotmail.com Dave",
	},
	{
		"B12",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: ANS 1 OK",
		"SB\nC: ANS 1 alice@hotmail.com 8.5 11\nS: IRO 1 1 1 bob@hotmail.com Bob\nS: ANS 1 OK",
	},
	{"B13", called + "S: BYE dave@hotmail.com", called + "S: BYE bob@hotmail.com\nS: JOI bob@hotmail.com Bob"},
	{"B14", entered + "S: JOI alice@hotmail.com Alice", entered + "S: JOI bob@hotmail.com Bob"},
	{"B15", called + "C: OUT\nC: MSG 9 U 2\\r\\nhi", called + "C: MSG 9 U 2\\r\\nhi\nC: OUT"},
	{"B16", online + entered + "S: JOI eve@hotmail.com Eve", online + entered + "S: JOI bob@hotmail.com Bob"},

	{"M01", called + `C: MSG 3 X 2\r\nhi`, called + `C: MSG 3 A 2\r\nhi`},
	{"M02", called + `C: MSG 3 n 2\r\nhi`, called + `C: MSG 3 N 2\r\nhi`},
	{"M03", called + `C: MSG 3 N 5\r\nHello`, called + `C: MSG 3 N 4\r\n\r\n\r\n`},
	{"M04", called + `C: MSG 3 N 23\r\nMIME-Version: 1.0\r\n\r\nHi`, called + `C: MSG 3 N 64\r\n` + text + `Hi`},
	{
		"M05",
		called + `C: MSG 3 N 44\r\nMIME-Version: 1.0\r\nContent-Type text/x\r\n\r\nHi`,
		called + `C: MSG 3 N 64\r\n` + text + `Hi`,
	},
	{"M06", called + `C: MSG 3 N 64\r\n` + text + `Z\xeb`, called + `C: MSG 3 N 64\r\n` + text + `\xc3\xab`},
	{
		"M07",
		called + `C: MSG 3 N 31\r\nContent-Type: text/plain\r\n\r\nZo\xeb`,
		called + `C: MSG 3 N 31\r\nContent-Type: text/plain\r\n\r\nZoe`,
	},
	{
		"M08",
		called + `C: MSG 3 N 1665\r\n` + text + strings.Repeat("x", 1603),
		called + `C: MSG 3 N 1664\r\n` + text + strings.Repeat("x", 1602),
	},
	{"M09", called + `C: MSG 3 U 2\r\nhi` + "\nS: ACK 3", called + `C: MSG 3 A 2\r\nhi` + "\nS: ACK 3"},
	{"M10", called + `C: MSG 3 N 2\r\nhi` + "\nS: ACK 3", called + `C: MSG 3 N 2\r\nhi` + "\nS: NAK 3"},
	{"M11", online + `C: MSG 7 U 2\r\nhi`, called + `C: MSG 7 U 2\r\nhi`},
	{
		"M12",
		called + `S: MSG bob@hotmail.com Bob 71\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: carol@hotmail.com\r\n\r\n\r\n`,
		called + `S: MSG bob@hotmail.com Bob 69\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: Bob@hotmail.com\r\n\r\n\r\n`,
	},
	{
		"M13",
		called + `C: MSG 3 N 2\r\nhi` + relayed + `S: MSG alice@hotmail.com Alice 3\r\nhi!`,
		called + `C: MSG 3 N 2\r\nhi` + relayed + `S: MSG alice@hotmail.com Alice 2\r\nhi`,
	},
	{
		"M14",
		called + `C: MSG 3 N 28\r\nContent-Type: text/x-foo\r\n\r\n`,
		called + `C: MSG 3 N 28\r\nContent-Type: text/plain\r\n\r\n`,
	},
	{
		"M15",
		msnp5 + `S: MSG Hotmail Hotmail 66\r\nContent-Type: text/x-msmsgsprofile\r\nMSPAuth: 8SPLm7fr8k2ICIO$$\r\n\r\n`,
		loggedOn + `S: MSG Hotmail Hotmail 66\r\nContent-Type: text/x-msmsgsprofile\r\nMSPAuth: 8SPLm7fr8k2ICIO$$\r\n\r\n`,
	},

	{"E01", entered + "C: CAL 2 bob@hotmail.com\nS: 217 2", entered + "C: CAL 2 bob@hotmail.com\nS: 208 2"},
	{
		"E02",
		entered + "C: CAL 2 bob@hotmail.com\nS: 208 2 extra",
		entered + "C: CAL 2 bob@hotmail.com\nS: 208 2 (bob)",
	},
	{"E03", entered + "S: 205 77", entered + "C: CAL 77 bob@hotmail.com\nS: 205 77"},
	{"E04", online + "S: OUT XYZ", online + "S: OUT SSD"},
	{"E05", online + "S: OUT OTH\nS: FLN bob@hotmail.com", online + "S: FLN bob@hotmail.com\nS: OUT OTH"},
	{"E06", online + "C: OUT\nclose S", online + "C: OUT\nS: OUT\nclose S"},
	{"E07", online + "C: GTC 7 Y\nclose S", online + "C: GTC 7 Y\nS: 201 7\nclose S"},
	{"E08", online + "close C", online + "C: OUT\nclose C"},

	{
		"X01",
		online + rewritten + "S: RNG 11 207.46.26.110:1863 CKI 8.5 bob@hotmail.com Bob",
		online + rewritten + "S: RNG 11 127.0.0.1:1863 CKI 8.5 bob@hotmail.com Bob",
	},
	{
		"D01", "FT\nC: VER MSNFTP\nC: USR bob@hotmail.com 42",
		"FT\nC: VER MSNFTP\nS: VER MSNFTP\nC: USR bob@hotmail.com 42",
	},
	{"D02", sized(5) + block(5), fetched(5) + block(5)},
	{"D03", fetched(5) + block(3) + block(3), fetched(5) + block(3) + block(2)},
	{"D04", fetched(5) + `S: \x02\x05\x00hell\n` + "\nclose S", fetched(5) + `S: \x01\x00\x00\n`},
	{"D05", fetched(5) + `S: \x01\x05\x00hell\n`, fetched(5) + block(3) + `S: \x01\x00\x00`},
	{"D06", fetched(4090) + block(1024) + block(2045), fetched(4091) + block(2045) + block(2045) + block(1)},
	{"D07", accepted + "FT\nC: VER MSNFTP\nS: VER MSNFTP\nC: USR bob@hotmail.com 43", accepted + fetched(5)},
	{
		"D08", accepted + "FT\nC: VER MSNFTP\nS: VER MSNFTP\nC: USR dave@hotmail.com 42",
		accepted + strings.ReplaceAll(fetched(5), "bob", "BOB"),
	},
	{"D09", fetched(5) + block(3) + "C: BYE 16777989", fetched(5) + block(5) + "C: BYE 16777989"},
	{"D10", fetched(5) + block(3) + "close S", fetched(5) + block(3) + "C: CCL\nclose C"},
	{"D11", accepted + fetched(6), accepted + fetched(5)},
	{"D12", called + step("PERHAPS", 1), called + step("CANCEL", 1)},
	{"D13", called + step("INVITE", 1) + step("ACCEPT", 2), called + step("INVITE", 1) + step("CANCEL", 1)},
	{"D14", called + step("ACCEPT", 1, "IP-Address: 10.0.0.1", "Port: 6891"), accepted},
	{
		"D15", called + step("ACCEPT", 1, "IP-Address: 10.0.0.1", "Port: 99999"),
		called + step("ACCEPT", 1, "IP-Address: 10.0.0.1", "Port: 65535"),
	},
	{
		"D16", called + step("INVITE", 1, `Application-File: ../autoexec.bat`),
		called + step("INVITE", 1, "Application-File: my..file.txt"),
	},

	{
		"X02",
		online + `S: MSG Hotmail Hotmail 5\r\nhello => MSG Hotmail Hotmail 5\r\nhello!!`,
		online + `S: MSG Hotmail Hotmail 5\r\nhello => MSG Hotmail Hotmail 7\r\nhello!!`,
	},
	{"X03", online + "S: XFR 0 NS 0 => XFR 0 NS 127.0.0.1:1863", online + "S: XFR 0 NS 0"},
}

const (
	relayed   = "\nSB\nC: ANS 1 bob@hotmail.com 84.52 11752013\nS: IRO 1 1 1 alice@hotmail.com Alice\nS: ANS 1 OK\n"
	rewritten = "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26 => XFR 7 SB 127.0.0.1:1863 CKI 17.26\n"
)

// sized is a file transfer up to the size, fetched up to the request.
func sized(size int) string {
	return fmt.Sprintf("FT\nC: VER MSNFTP\nS: VER MSNFTP\nC: USR bob@hotmail.com 42\nS: FIL %d\n", size)
}

func fetched(size int) string { return sized(size) + "C: TFR\n" }

// block returns a block with so many bytes of content.
func block(size int) string {
	return fmt.Sprintf(`S: \x00\x%02x\x%02x%s\n`, size&0xff, size>>8, strings.Repeat("x", size-1)) + "\n"
}

// step returns what a client sends at a step of an invitation, told what it gets.
func step(command string, cookie int, more ...string) string {
	return "C: MSG 7 N " + stepOf(command, cookie, more)
}

func told(who, command string, cookie int, more ...string) string {
	return fmt.Sprintf("S: MSG %s@hotmail.com %s %s", who, who, stepOf(command, cookie, more))
}

func stepOf(command string, cookie int, more []string) string {
	body := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n" +
		fmt.Sprintf("Invitation-Command: %s\r\nInvitation-Cookie: %d\r\n", command, cookie) +
		strings.Join(append(more, "", ""), "\r\n")
	return fmt.Sprintf(`%d\r\n%s`, len(body), strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(body)) + "\n"
}

// accepted is a session in which alice offers bob a file of 5 bytes, and says where it is.
var accepted = called + step("INVITE", 1, "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
	"Application-File: a.txt", "Application-FileSize: 5") + told("bob", "ACCEPT", 1) +
	step("ACCEPT", 1, "IP-Address: 10.0.0.1", "Port: 6891", "AuthCookie: 42") +
	strings.ReplaceAll(strings.ReplaceAll(entered, "alice", "bob"), "Alice", "Bob") +
	strings.ReplaceAll(strings.ReplaceAll(entered, "alice", "dave"), "Alice", "Dave")
