package redact_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/internal/redact"
)

var start = time.Date(2026, 3, 1, 18, 4, 5, 0, time.UTC)

// play returns the events of a conversation: each command with its sender before it.
func play(role dialect.Role, commands ...string) (all []*session.Event) {
	conn, e := new(session.Graph).Open(start, "192.168.1.7:51234", "64.4.13.58:1863")
	conn.To("64.4.13.58:1863", role)
	all = append(all, e)
	for _, c := range commands {
		dir, raw := decode.Dir(c[0]), c[3:]
		if !strings.Contains(raw, "\n") {
			raw += "\r\n"
		}
		m := decode.Parse([]byte(raw), dir, conn.Grammar())
		all = append(all, conn.Track(dir, &m, start))
	}
	return all
}

// redacted returns the events with stand-ins.
func redacted(events []*session.Event) (all []*session.Event) {
	r := redact.New()
	for _, e := range events {
		r.Learn(e)
	}
	for _, e := range events {
		all = append(all, r.Event(e))
	}
	return all
}

func msg(contentType, rest string) string {
	return "S: MSG Hotmail Hotmail 9\r\nMIME-Version: 1.0\r\nContent-Type: " + contentType + "; charset=UTF-8\r\n" +
		rest
}

func TestCommands(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"own handle", "C: USR 5 MD5 I zoe@msn.com", "^USR 5 MD5 I user02@example.com\r\n$"},
		{"answer", "C: USR 6 MD5 S 7f919fab309532df353c901430df36fa", "^USR 6 MD5 S [0-9a-f]{32}\r\n$"},
		{
			"cookie of a file transfer", "C: USR zoe@msn.com 93301",
			`^USR user02@example.com ([1-8]\d{4}|9[0-24-9]\d{3}|93[0-24-9]\d\d|933(0[02-9]|[1-9]\d))` + "\r\n$",
		},
		{"password where a word belongs", "C: USR 5 MD5 sesame zoe@msn.com", "^USR 5 MD5 [a-z]{6} "},
		{"challenge", "S: USR 5 MD5 S 1013928519.693957190", `^USR 5 MD5 S \d{10}\.\d{9}` + "\r\n$"},
		{"name of the handle", "S: USR 6 OK Zoe@msn.com zoe", "^USR 6 OK user02@example.com user02\r\n$"},
		{"another name", "S: NLN AWY adam@msn.com Adam%20%e9", "^NLN AWY user01@example.com name[0-9]\r\n$"},
		{
			"name that is a handle", "S: NLN AWY adam@msn.com zoe@msn.com",
			"^NLN AWY user01@example.com user02@example.com\r\n$",
		},
		{
			"badly escaped name", "C: ADD 8 FL adam@msn.com Ad%zam",
			"^ADD 8 FL user01@example.com [A-Z][a-z]%[a-z]{3}\r\n$",
		},
		{"no handle", "C: ADD 8 FL adam Adam", "^ADD 8 FL [a-z]{4} name"},
		{"rich blanks", "C: LST  8   FL \r\n", "^LST  8   FL \r\n$"},
		{
			"referral", "S: XFR 9 SB 64.4.13.58:1863 CKI 17262740.1050826919.32308",
			`^XFR 9 SB 10\.0\.0\.\d:1863 CKI \d{8}\.\d{10}\.\d{5}` + "\r\n$",
		},
		{"referral to a name", "S: XFR 2 NS msgr-ns1.hotmail.com:1863", "^XFR 2 NS host1.example:1863\r\n$"},
		{"begin again", "S: XFR 2 NS 0", "^XFR 2 NS 0\r\n$"},
		{
			"version", "C: CVR 8 0x0409 win 4.10 i386 MSMSGS 1.0.0863",
			"^CVR 8 0x0409 win 4.10 i386 MSMSGS 1.0.0863\r\n$",
		},
		{
			"page", "S: URL 1 /cgi-bin/HoTMaiL http://login.hotmail.com/?id=zoe 2",
			`^URL 1 /cgi-bin/HoTMaiL http://host1.example/text\d 2`,
		},
		{"directory", "C: FND 4 fname=Zoe lname=Miller", "^FND 4 fname=[A-Z][a-z]{2} lname=[A-Z][a-z]{5}\r\n$"},
		{
			"unknown", "C: ZZZ 12 zoe@msn.com 192.168.1.7:80 Secret9",
			`^ZZZ 12 user02@example.com 10\.0\.0\.1:80 [A-Z][a-z]{5}[1-9]` + "\r\n$",
		},
		{"surplus", "S: FLN adam@msn.com Secret", "^FLN user01@example.com [A-Z][a-z]{5}\r\n$"},
		{"handle in the place of a list", "C: LST 8 zoe@msn.com", "^LST 8 user02@example.com\r\n$"},
		{"no command", "C: 12 Zoe's secret\r\n", `^[0-9]{2} [A-Z][a-z]{2}'[a-z] [a-z]{6}` + "\r\n$"},
	} {
		all := redacted(play(dialect.NS, "C: USR 1 MD5 I zoe@msn.com", "S: FLN adam@msn.com", tc.in))
		e := all[len(all)-1]
		if got := string(e.In.Raw); !regexp.MustCompile(tc.want).MatchString(got) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if e.User != "user02@example.com" || e.Client != "10.0.0.1:51234" || e.Server != "10.0.0.2:1863" {
			t.Errorf("%s: user %s, client %s, server %s", tc.name, e.User, e.Client, e.Server)
		}
	}
}

func TestBodies(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		keep     []string // must remain in the result
		gone     []string
	}{
		{
			"text", msg(`text/plain; name="plan.txt"`,
				"User-Agent: Zoe/1.2\r\nX-MMS-IM-Format: FN=Zoes%20Hand; EF=B; CO=ff0000; CS=0; PF=22\r\n"+
					"Message-ID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}\r\n\r\nmeet me at the bridge\r\n"),
			[]string{
				"text/plain; name=text ", "; charset=UTF-8", "FN=text%20", "; EF=B; CO=ff0000; CS=0; PF=22", "text ",
			},
			[]string{"bridge", "plan", "Zoe", "Hand", "5D3E02AB"},
		},
		{
			"typing", msg("text/x-msmsgscontrol", "TypingUser: Zoe@msn.com\r\n\r\n\r\n"),
			[]string{"TypingUser: user02@example.com\r\n\r\n\r\n"},
			[]string{"msn.com"},
		},
		{
			"profile", msg("text/x-msmsgsprofile",
				"LoginTime: 1013928519\r\nEmailEnabled: 1\r\nMemberIdHigh: 84736\r\nMSPAuth: 2AAAAsecret$$\r\n"+
					"sid: 507\r\nkv: 11\r\ncountry: NL\r\nClientIP: 213.51.2.9\r\nClientPort: 12345\r\nSomething: "+
					"new\r\n\r\n"),
			[]string{"EmailEnabled: 1", "ClientPort: 12345", "ClientIP: 10.0.0."},
			[]string{"84736", "secret", "507", ": 11\r", "NL", "213.51", "new"},
		},
		{
			"mail", msg("text/x-msmsgsemailnotification",
				"\r\nFrom: Adam\r\nMessage-URL: /cgi-bin/getmsg?msg=1\r\nSubject: =?utf-8?q?lunch?=\r\n"+
					"Dest-Folder: ACTIVE\r\nFrom-Addr: adam@msn.com\r\nid: 2\r\n"),
			[]string{"Dest-Folder: ACTIVE", "From-Addr: user01@example.com", "id: 2"},
			[]string{"Adam", "msg=1", "lunch"},
		},
		{
			"invitation", msg("text/x-msmsgsinvite",
				"\r\nApplication-Name: File Transfer\r\nApplication-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}\r\n"+
					"Invitation-Command: INVITE\r\nInvitation-Cookie: 33267\r\nApplication-File: "+
					"diary.doc\r\nApplication-FileSize: 60904\r\n"+
					"IP-Address: 192.168.1.7\r\nIP-Address-Enc64: MTkyLjE2OC4xLjc=\r\nPort: 6891\r\nAuthCookie: "+
					"93301\r\n\r\nbehind\r\n"),
			[]string{
				"{5D3E02AB-6190-11d3-BBBB-00C04F795683}", "Command: INVITE", "FileSize: 60904",
				"IP-Address: 10.0.0.1\r", "Enc64: MTAuMC4wLjE=", "6891",
			},
			[]string{"diary", "192.168", "MTkyLjE2OC4xLjc", "93301", "behind"},
		},
		{
			"p2p", msg("application/x-msnmsgrp2p",
				"P2P-Dest: adam@msn.com;{0123}\r\n\r\n"+strings.Repeat("\x01",
					48)+"INVITE MSNMSGR:adam@msn.com\x00\x00\x00\x01"),
			[]string{"P2P-Dest: user01@example.com;{", strings.Repeat("\x01", 48) + "\x00"},
			[]string{"MSNMSGR", "0123"},
		},
		{"broken", "S: MSG a@b.c c 9\r\nno headers, only words\r\n", []string{"text "}, []string{"words"}},
		{
			"digest", "C: QRY 10 msmsgs@msnmsgr.com 32\r\n8f2f5a91b72102cd28355e9fc9000d6e",
			[]string{" 32\r\n"},
			[]string{"8f2f5a91"},
		},
	} {
		all := redacted(play(dialect.NS, "C: USR 1 MD5 I zoe@msn.com", "S: FLN adam@msn.com", tc.in))
		e, was := all[len(all)-1], play(dialect.NS, tc.in)[1]
		raw := string(e.In.Raw)
		for _, k := range tc.keep {
			if !strings.Contains(raw, k) {
				t.Errorf("%s: %q lacks %q", tc.name, raw, k)
			}
		}
		for _, g := range tc.gone {
			if strings.Contains(raw, g) {
				t.Errorf("%s: %q still has %q", tc.name, raw, g)
			}
		}
		length := string(e.Row.Find(&e.In, dialect.Length))
		if p := e.In.Payload(); length != itoa(len(p)) || body.Parse(p).Type != body.Parse(was.In.Payload()).Type {
			t.Errorf("%s: length %s of %d bytes, type %q", tc.name, length, len(p), body.Parse(p).Type)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestSent checks that both versions of a changed command have the same stand-ins, and that a
// dropped command stays dropped.
func TestSent(t *testing.T) {
	all := play(dialect.NS, "C: XFR 9 SB", "S: XFR 9 SB 64.4.13.58:1863 CKI 1726.105")
	all[2].Out, all[2].Flags = []byte("XFR 9 SB 192.168.1.7:1863 CKI 1726.105\r\n"), session.Rewritten
	all[1].Out, all[1].Text = []byte{}, "closed: read tcp 192.168.1.7:5: reset"
	note := &session.Event{Kind: session.Note, Text: "Zoe said so"}
	closed := &session.Event{
		Kind: session.Close,
		Text: "closed by the server: read tcp [2001:db8:7::1]:99->192.168.1.7:5, zoe@msn.com",
	}
	got := redacted(append(all, note, closed))
	in, out := string(got[2].In.Raw), string(got[2].Out)
	if in[strings.Index(in, "CKI"):] != out[strings.Index(out, "CKI"):] || !strings.Contains(in, "10.0.0.2:1863") ||
		!strings.Contains(out, "10.0.0.1:1863") {
		t.Errorf("received %q, sent %q", in, out)
	}
	if got[1].Out == nil || len(got[1].Out) != 0 || strings.Contains(got[1].Text, "192") {
		t.Errorf("dropped: %q %q", got[1].Out, got[1].Text)
	}
	if got[3].Text == note.Text ||
		got[4].Text != "closed by the server: read tcp [2001:db8::1]:99->10.0.0.1:5, user01@example.com" {
		t.Errorf("texts %q, %q", got[3].Text, got[4].Text)
	}
	if string(all[2].In.Raw) != "XFR 9 SB 64.4.13.58:1863 CKI 1726.105\r\n" {
		t.Error("the original changed")
	}
}

// FuzzEvent checks that any conversation yields as many commands, with the same verbs, each time
// the same.
func FuzzEvent(f *testing.F) {
	for _, s := range msntest.Streams(f) {
		f.Add(s.Data, s.FromClient)
	}
	f.Fuzz(func(t *testing.T, data []byte, fromClient bool) {
		dir := decode.FromServer
		if fromClient {
			dir = decode.FromClient
		}
		conn, _ := new(session.Graph).Open(start, "192.168.1.7:51234", "64.4.13.58:1863")
		reader := decode.NewReader(dir, conn.Framing())
		reader.Feed(data)
		var events []*session.Event
		var m decode.Message
		for reader.Next(&m) || reader.Flush(&m) {
			m := m.Clone()
			events = append(events, conn.Track(dir, &m, start))
			reader.Grammar = conn.Framing()
		}
		once, again := redacted(events), redacted(events)
		for i, e := range once {
			was := events[i]
			if !bytes.Equal(e.In.Raw, again[i].In.Raw) {
				t.Fatalf("%q becomes %q, and then %q", was.In.Raw, e.In.Raw, again[i].In.Raw)
			}
			if e.In.Verb != was.In.Verb || e.In.NumArgs() != was.In.NumArgs() || e.In.Opaque() != was.In.Opaque() ||
				e.In.TrID != was.In.TrID {
				t.Fatalf("%q becomes %q", was.In.Raw, e.In.Raw)
			}
		}
	})
}

// TestFileContent: of a file's content nothing is left, in whatever form it came or was sent on,
// while what tells blocks apart stays.
func TestFileContent(t *testing.T) {
	events := play(dialect.FT, "C: VER MSNFTP", "S: FIL 40", "S: \x00\x07\x00secret\n")
	add := func(m decode.Message, out string) {
		e := *events[3]
		if e.In = m; out != "" {
			e.Out, e.Flags = []byte(out), session.Edited
		}
		events = append(events, &e)
	}
	events[3].In.Parse(events[3].In.Raw, decode.FromServer, dialect.MSNP2.At(dialect.FT))
	if !events[3].In.Block() {
		t.Fatalf("%q is no block", events[3].In.Raw)
	}
	add(events[3].In, "\x00\x08\x00secrets!")
	add(events[3].In, "secret, and no block")
	add(decode.Blob([]byte("\x00\xfd\x07secret"), decode.CutShort), "")
	add(decode.Blob([]byte("\x01"), decode.CutShort), "")
	add(decode.Blob([]byte("secret\x00\x01\x00secret"), decode.NoBlock), "")
	want := [][2]string{
		{"VER MSNFTP\r\n"},
		{"FIL 40\r\n"},
		{"\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00", "xxxxxxxxxxxxxxxxxxxx"},
		{"\x00\xfd\x07\x00\x00\x00\x00\x00\x00"},
		{"\x01"},
		{"xxxxxxxxxxxxxxx"},
	}
	for i, e := range redacted(events)[1:] {
		if got := [2]string{string(e.In.Raw), string(e.Out)}; got != want[i] {
			t.Errorf("event %d: %q, want %q", i, got, want[i])
		}
	}
}
