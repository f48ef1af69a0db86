package body_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/body"
)

const mime = "MIME-Version: 1.0\r\n"

// head returns the first headers of a body of that type.
func head(typ string) string { return mime + "Content-Type: " + typ + "\r\n" }

// fileSteps holds the steps of a file transfer as they are on the wire, with the lengths in their
// MSG lines.
var fileSteps = []struct {
	name, payload string
	length        int
	title         string
}{
	{
		"invite", head("text/x-msmsgsinvite; charset=UTF-8") + "\r\nApplication-Name: File Transfer\r\n" +
			"Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}\r\nInvitation-Command: " +
			"INVITE\r\nInvitation-Cookie: 33267\r\n" +
			"Application-File: readme.txt\r\nApplication-FileSize: 60904\r\n\r\n",
		277, `file invitation "readme.txt" (60,904 bytes)`,
	},
	{
		"accept", head("text/x-msmsgsinvite; charset=UTF-8") +
			"\r\nInvitation-Command: ACCEPT\r\nInvitation-Cookie: 33267\r\n" +
			"Launch-Application: FALSE\r\nRequest-Data: IP-Address:\r\n\r\n",
		181, "invitation accepted",
	},
	{
		"accept without the empty line", head("text/x-msmsgsinvite; charset=UTF-8") +
			"\r\nInvitation-Command: ACCEPT\r\n" +
			"Invitation-Cookie: 33267\r\nLaunch-Application: FALSE\r\nRequest-Data: IP-Address:\r\n",
		179, "invitation accepted",
	},
	{
		"address", head("text/x-msmsgsinvite; charset=UTF-8") +
			"\r\nInvitation-Command: ACCEPT\r\nInvitation-Cookie: 33267\r\n" +
			"IP-Address: 10.44.102.65\r\nPort: 6891\r\nAuthCookie: 93301\r\nLaunch-Application: " +
			"FALSE\r\nRequest-Data: " +
			"IP-Address:\r\n\r\n",
		238, "invitation accepted: connect to 10.44.102.65:6891",
	},
	{
		"cancel", head("text/x-msmsgsinvite; charset=UTF-8") +
			"\r\nInvitation-Command: CANCEL\r\nInvitation-Cookie: 33267\r\nCancel-Code: REJECT\r\n\r\n",
		148, "invitation cancelled: refused",
	},
	{"typing", head("text/x-msmsgscontrol") + "TypingUser: alice@hotmail.com\r\n\r\n\r\n", 90, "typing"},
}

func TestFileSteps(t *testing.T) {
	for _, s := range fileSteps {
		b := body.Parse([]byte(s.payload))
		if len(s.payload) != s.length || b.Title() != s.title {
			t.Errorf("%s: got %d bytes, %q, want %d, %q", s.name, len(s.payload), b.Title(), s.length, s.title)
		}
	}
	with, without := body.Parse([]byte(fileSteps[1].payload)), body.Parse([]byte(fileSteps[2].payload))
	if diff := cmp.Diff(with.Describe(), without.Describe()); diff != "" {
		t.Errorf("the empty line at the end makes a difference:\n%s", diff)
	}
}

// p2p is a body with a header of the first form. The numbers are SessionID, Identifier, Offset,
// TotalSize, MessageSize, Flags, AckIdentifier, AckUniqueID, AckSize.
func p2p(numbers [9]uint64, rest string) string {
	var data []byte
	for i, size := range [9]int{4, 4, 8, 8, 4, 4, 4, 4, 8} {
		if data = binary.LittleEndian.AppendUint64(data, numbers[i]); size == 4 {
			data = data[:len(data)-4]
		}
	}
	return head("application/x-msnmsgrp2p") + "P2P-Dest: bob@hotmail.com\r\n\r\n" + string(data) + rest
}

// TestDescribe writes the fields after Content-Type as `name=value (meaning)`, secrets as a screen
// shows them.
func TestDescribe(t *testing.T) {
	slp := "INVITE MSNMSGR:bob@hotmail.com MSNSLP/1.0\r\nTo: <msnmsgr:bob@hotmail.com>\r\n\r\n" +
		"EUF-GUID: {5d3e02ab-6190-11d3-bbbb-00c04f795683}\r\nsrddA-lanretnI4vPI: 1.0.0.01\r\nNonce: {1}\r\n\r\n\x00"
	for _, tc := range []struct {
		name, payload string
		want          []string
	}{
		{"style", head("text/plain") +
			"X-MMS-IM-Format: FN=MS%20Sans%20Serif; EF=BI; CO=ff0000; CS=86;PF=22; RL=1; x=y\r\n\r\nhi", []string{
			"X-MMS-IM-Format=FN=MS%20Sans%20Serif; EF=BI; CO=ff0000; CS=86;PF=22; RL=1; x=y (style of the text)",
			"X-MMS-IM-Format.FN=MS Sans Serif (font)", "X-MMS-IM-Format.EF=bold, italic (effects)",
			"X-MMS-IM-Format.CO=#0000ff (colour)",
			"X-MMS-IM-Format.CS=Chinese, GB2312 (character set)",
			"X-MMS-IM-Format.PF=variable pitch, Swiss (pitch and family)",
			"X-MMS-IM-Format.RL=right to left (direction)", "X-MMS-IM-Format.x=y ()",
		}},
		{
			"style that says nothing",
			head("text/plain") +
				"x-mms-im-format: EF=; CO=xyz; CS=zz; PF=9f; CO=ff; CO=0; CO=1000000; EF=q\r\n\r\nhi",
			[]string{
				"x-mms-im-format=EF=; CO=xyz; CS=zz; PF=9f; CO=ff; CO=0; CO=1000000; EF=q (style of the text)",
				"x-mms-im-format.EF=none (effects)", "x-mms-im-format.CO=xyz (colour)",
				"x-mms-im-format.CS=zz (character set)",
				"x-mms-im-format.PF=9f (pitch and family)", "x-mms-im-format.CO=#ff0000 (colour)",
				"x-mms-im-format.CO=#000000 (colour)",
				"x-mms-im-format.CO=1000000 (colour)", "x-mms-im-format.EF=q (effects)",
			},
		},
		{"profile", head("text/x-msmsgsprofile; charset=UTF-8") +
			"LoginTime: 932601600\r\nlang_preference: 1033\r\nMemberIdLow: -5\r\n" +
			"MSPAuth: 4aB$c\r\nClientIP: 192.168.1.111\r\nClientPort: 18183\r\nAge: \r\nNickname: " +
			"B%20b\r\n\r\n", []string{
			"LoginTime=932601600 (when the user logged in)",
			"LoginTime.time=1999-07-22 00:00:00 UTC (the same as a date)",
			"lang_preference=1033 (language, as a Windows locale: English, United States)",
			"MemberIdLow=-5 (account number, lower 32 bits, signed)",
			"MSPAuth=••• (hidden: login secret) (login secret)",
			"ClientIP=192.168.1.111 (address from which the server sees the client)",
			"ClientPort=18183 (port of that address, its two bytes swapped)",
			"ClientPort.port=1863 (the port with its bytes in order)",
			"Age= (age in years)", "Nickname=B%20b (name of the user)", "Nickname.text=B b (the same, decoded)",
		}},
		{
			"a secret in a body of another type", head("x/y") + "mspauth: 4aB\r\n\r\n",
			[]string{"mspauth=••• (hidden: login secret) (login secret)"},
		},
		{"invitation", fileSteps[0].payload, []string{
			"Application-Name=File Transfer (what it is for, as shown to the user)",
			"Application-GUID={5D3E02AB-6190-11d3-BBBB-00C04F795683} (what it is for: file transfer)",
			"Invitation-Command=INVITE (which step: asks)",
			"Invitation-Cookie=33267 (identifies the steps of one invitation)",
			"Application-File=readme.txt (name of the file)", "Application-FileSize=60904 (size of the file)",
		}},
		{"address", fileSteps[3].payload, []string{
			"Invitation-Command=ACCEPT (which step: says yes, or goes on)",
			"Invitation-Cookie=33267 (identifies the steps of one invitation)",
			"IP-Address=10.44.102.65 (where to connect)", "Port=6891 (port to connect to)",
			"AuthCookie=••• (hidden: transfer secret) (transfer secret)",
			"Launch-Application=FALSE (whether to start the other program)",
			"Request-Data=IP-Address: (what the other side is asked for: its address)",
		}},
		{"voice", head("text/x-msmsgsinvite") + "\r\nIP-Address-Enc64: MTAuMjcuOTUuMTc0OjgzNDg=\r\n\r\nmore", []string{
			"IP-Address-Enc64=MTAuMjcuOTUuMTc0OjgzNDg= (the same in base64)",
			"IP-Address-Enc64.text=10.27.95.174:8348 (the same, decoded)",
			"Data=4 bytes (behind the fields)",
		}},
		{
			"mail", head("text/x-msmsgsemailnotification") +
				"\r\nFrom: =?UTF-8?B?w4lyaWM=?=\r\nDest-Folder: ACTIVE\r\n",
			[]string{
				"From==?UTF-8?B?w4lyaWM=?= (name of the sender)", "From.text=Éric (the same, decoded)",
				"Dest-Folder=ACTIVE (folder in which it is: the inbox)",
			},
		},
		{
			"offline messages",
			head("text/x-msmsgsoimnotification") +
				"\r\nMail-Data: <MD><E><IU>3</IU><OU>1</OU></E><M>a</M><M>b</M></MD>\r\n",
			[]string{
				"Mail-Data=<MD><E><IU>3</IU><OU>1</OU></E><M>a</M><M>b</M></MD> (the mailbox and the offline " +
					"messages, " +
					"in " +
					"XML)",
				"Mail-Data.IU=3 (unread mails in the inbox)", "Mail-Data.OU=1 (unread mails in other folders)",
				"Mail-Data.M=2 (offline messages)",
			},
		},
		{
			"emoticons", head("text/x-mms-animemoticon") + "\r\n:-)\t<msnobj Creator=\"a@b.c\" Size=\"12345\"/>\t(x)\t",
			[]string{
				"Emoticon=:-) (shortcut, replaced by the picture that follows)",
				`Emoticon.object=<msnobj Creator="a@b.c" Size="12345"/> (picture to fetch: 12,345 bytes)`,
				"Emoticon=(x) (shortcut, replaced by the picture that follows: without a picture)",
			},
		},
		{
			"ink", head("application/x-ms-ink") + "\r\nbase64:" + base64.StdEncoding.EncodeToString(make([]byte, 1000)),
			[]string{"Data=1000 bytes (the strokes: in base64)"},
		},
		{
			"damaged picture", head("image/gif") + "\r\nbase64:QUJDRA?!",
			[]string{"Data=3 bytes (the picture: then its base64 is damaged)"},
		},
		{"acknowledgement", p2p([9]uint64{7, 8, 0, 16, 0, 2, 9, 10, 1 << 40}, "\x00\x00\x00\x0c"), []string{
			"P2P-Dest=bob@hotmail.com (the recipient)", "SessionID=7 (session; 0 while it is being agreed on)",
			"Identifier=8 (number of the message, the same in all its pieces)",
			"Offset=0 (where in the message this piece begins)",
			"TotalSize=16 (size of the message)", "MessageSize=0 (size of this piece)",
			"Flags=2 (what kind of piece: acknowledgement)",
			"AckIdentifier=9 (of an acknowledgement, the message; else any number)",
			"AckUniqueID=10 (of an acknowledgement, the other's AckIdentifier)",
			"AckSize=1099511627776 (of an acknowledgement, how many bytes arrived)", "Data=0 bytes (the piece)",
			"AppID=12 (what it is for: picture)",
		}},
		{"cut in the header", p2p([9]uint64{7}, "")[:len(p2p([9]uint64{}, ""))-42], []string{
			"P2P-Dest=bob@hotmail.com (the recipient)", "SessionID=7 (session; 0 while it is being agreed on)",
			"Data=2 bytes (the piece: cut short: the header has 48 bytes, here are 6)",
		}},
		{
			"for one of several places",
			head("application/x-msnmsgrp2p") +
				"P2P-Dest: b@c.d;{1}\r\n\r\n\x08\x02\x00\x10\x00\x00\x01\x00data",
			[]string{
				"P2P-Dest=b@c.d;{1} (the recipient)", "HeaderLength=8 (size of the header)",
				"Operation=2 (what kind of piece: asks for an acknowledgement)",
				"MessageSize=16 (size of this piece)",
				"Identifier=256 (number of the message, the same in all its pieces: the next piece has 272)",
				"Data=4 bytes (the piece: cut short: 12 bytes are missing)",
			},
		},
		{
			"with both headers of the second form",
			head("application/x-msnmsgrp2p") + "P2P-Dest: b@c.d;{1}\r\n\r\n" +
				"\x18\x03\x00\x2f\x00\x00\x01\x00" + "\x01\x03\x0a\x0b\x0c" + "\x02\x04\x00\x00\x02\x00" +
				"\x00\x00\x00\x00\x00" +
				"\x14\x01\x00\x00\x00\x00\x00\x00" + "\x01\x08\x00\x00\x00\x00\x00\x00\x04\x00" + "\x00\x00" +
				"BYE bob MSNSLP/1.0\r\nTo: x\r\n" + "\x00\x00\x00\x01",
			[]string{
				"P2P-Dest=b@c.d;{1} (the recipient)", "HeaderLength=24 (size of the header)",
				"Operation=3 (what kind of piece: begins a connection, asks for an acknowledgement)",
				"MessageSize=47 (size of this piece)",
				"Identifier=256 (number of the message, the same in all its pieces: the next piece has 303)",
				"Part=1: 0a0b0c (another part of the header: its type and its bytes)",
				"AckIdentifier=512 (of an acknowledgement, the message; else any number)",
				"DataHeaderLength=20 (size of the header of the data)",
				"Combination=1 (what the data is: the first piece of a message)",
				"PackageNumber=0 (number of the message)", "SessionID=0 (session; 0 while it is being agreed on)",
				"Remaining=1024 (how many bytes are still to come)", "Data=27 bytes (the piece)",
				"SLP=BYE bob MSNSLP/1.0 (the request or the answer)", "SLP.To=x (who is asked)",
				"AppID=1 (what it is for: picture or emoticon)",
			},
		},
		{
			"an acknowledgement of the second form",
			head("application/x-msnmsgrp2p") + "P2P-Dest: b@c.d;{1}\r\n\r\n" +
				"\x10\x00\x00\x00\x00\x00\x01\x00" + "\x02\x04\x00\x00\x02\x00" + "\x00\x00" + "\x00\x00\x00\x00",
			[]string{
				"P2P-Dest=b@c.d;{1} (the recipient)", "HeaderLength=16 (size of the header)",
				"Operation=0 (what kind of piece)",
				"MessageSize=0 (size of this piece)",
				"Identifier=256 (number of the message, the same in all its pieces: the next piece has 256)",
				"AckIdentifier=512 (of an acknowledgement, the message; else any number)", "Data=0 bytes (the piece)",
				"AppID=0 (what it is for: agreeing on a session)",
			},
		},
		{
			"a secret in what has no headers", "no header\nMSPAuth: x",
			[]string{"Data=20 bytes (not shown: it holds a secret)"},
		},
		{"unknown", head("x/y") + "Odd: gr\xfc\xdfe\r\n\r\n\x01\x02", []string{"Odd=grüße ()", "Data=2 bytes ()"}},
		{
			"text has no field of its own", head("text/plain") + "User-Agent: Gaim\r\n\r\nID: 1",
			[]string{"User-Agent=Gaim (the program that sent it)"},
		},
	} {
		if diff := cmp.Diff(tc.want, described(tc.payload)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, diff)
		}
	}
	t.Run("without its size, as libpurple begins", func(t *testing.T) {
		got := described(p2p([9]uint64{0, 8, 0, 27}, "BYE bob MSNSLP/1.0\r\nTo: x\r\n\x00\x00\x00\x02"))
		want := []string{
			"Data=27 bytes (the piece: the header says 0)", "SLP=BYE bob MSNSLP/1.0 (the request or the answer)",
			"SLP.To=x (who is asked)", "AppID=2 (what it is for: file transfer)",
		}
		if diff := cmp.Diff(want, got[10:]); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("question", func(t *testing.T) { // without the numbers before and after Flags
		got := described(p2p([9]uint64{0, 1, 0, 0, uint64(len(slp)), 0x1000230}, slp+"\x00\x00"))
		want := []string{
			"Flags=16777776 (what kind of piece: file, picture data, client of 2009, 0x200 unknown)",
			fmt.Sprintf("Data=%d bytes (the piece)", len(slp)),
			"SLP=INVITE MSNMSGR:bob@hotmail.com MSNSLP/1.0 (the request or the answer)",
			"SLP.To=<msnmsgr:bob@hotmail.com> (who is asked)",
			"SLP.EUF-GUID={5d3e02ab-6190-11d3-bbbb-00c04f795683} (what the session is for: file transfer)",
			"SLP.srddA-lanretnI4vPI=1.0.0.01 (address behind the router, written backwards)",
			"SLP.srddA-lanretnI4vPI.forward=10.0.0.1 (the same, decoded)",
			"SLP.Nonce=••• (hidden: connection secret) (connection secret)",
			"AppID=2 bytes (what it is for: cut short: the footer has 4 bytes)",
		}
		if diff := cmp.Diff(want, append(got[6:7:7], got[10:]...)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestDescribeLaterPiece checks that the middle of a message is not taken for its first line,
// whatever it looks like.
func TestDescribeLaterPiece(t *testing.T) {
	for _, f := range described(p2p([9]uint64{0, 1, 9, 99, 20}, "BYE bob MSNSLP/1.0\r\n\x00\x00\x00\x00")) {
		if strings.HasPrefix(f, "SLP") {
			t.Errorf("got %s", f)
		}
	}
}

// described returns the fields as text, except for MIME-Version and Content-Type.
func described(payload string) []string {
	b := body.Parse([]byte(payload))
	var all []string
	for _, f := range b.Describe() {
		if f.Name != "MIME-Version" && f.Name != "Content-Type" {
			all = append(all, fmt.Sprintf("%s=%s (%s)", f.Name, f.Shown(), f.Meaning))
		}
	}
	return all
}

// TestSecrets checks that a secret occurs in no meaning, in no title and in no readable text, but
// only in Value, for those who ask.
func TestSecrets(t *testing.T) {
	const secret = "4aB7secret"
	for _, payload := range []string{
		head("text/x-msmsgsprofile") + "MSPAuth: " + secret + "\r\n\r\n",
		head("text/x-msmsgsprofile") + "MSPAuth:\r\n " + secret + "\r\n\r\n",
		head("text/x-msmsgsprofile") + strings.Repeat("A: 1\r\n", 70) + "mspauth:" + secret + "\r\n\r\n",
		head("text/x-msmsgsprofile") + "no colon\r\nMSPAuth: " + secret, // too damaged to have headers
		"some words\nMSPAuth: " + secret,
		head("text/x-msmsgsinvite") + "\r\nAuthCookie: " + secret,
		head("text/x-unknown") + "\r\nHashed-Nonce: " + secret,
		p2p([9]uint64{0, 0, 0, 0, 60}, fmt.Sprintf("%-60s", "MSNSLP/1.0 200 OK\r\nNonce: "+secret)),
	} {
		b := body.Parse([]byte(payload))
		seen := b.Title()
		if text, _ := b.Text(); b.Readable() {
			seen += text
		}
		for _, f := range b.Describe() {
			seen += f.Name + f.Shown() + f.Meaning
		}
		if strings.Contains(seen, secret) {
			t.Errorf("%q shows its secret: %q", payload, seen)
		}
	}
	b := body.Parse([]byte(head("text/x-msmsgsprofile") + "MSPAuth: " + secret + "\r\n\r\n"))
	if f := b.Describe()[2]; f.Value != secret || !f.Secret {
		t.Errorf("got %+v, want the value for who asks", f)
	}
	if chat := body.Parse([]byte(head("text/plain") + "\r\nMSPAuth: what is that?")); !chat.Readable() {
		t.Error("what a person wrote is hidden")
	}
}

// TestDescribeCaps checks that a hostile payload yields neither too many fields nor too long ones.
func TestDescribeCaps(t *testing.T) {
	long := strings.Repeat("é", 5000)
	b := body.Parse([]byte(head("x/y") + "A: " + long + "\r\n" +
		strings.Repeat("X-MMS-IM-Format: "+strings.Repeat("A=1;", 30)+"\r\n", 60) + "\r\n"))
	fields := b.Describe()
	if len(fields) != 256 {
		t.Errorf("%d fields, want the cap of 256", len(fields))
	}
	if got := fields[2].Value; got != strings.Repeat("é", 2048)+"…" {
		t.Errorf("a long value is %d bytes and ends in %q, want 4096 bytes and an ellipsis", len(got), got[len(got)-8:])
	}
}

func TestTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range body.Types() {
		for _, name := range append(typ.Also, typ.Type) {
			if seen[name] || strings.ToLower(name) != name {
				t.Errorf("%q stands twice, or is not in lower case", name)
			}
			seen[name] = true
		}
		if typ.Means == "" || typ.From == "" || typ.Since == "" || typ.Name == "" && typ.Type != "" {
			t.Errorf("%q lacks something: %+v", typ.Type, typ)
		}
		fields := map[string]bool{}
		for _, f := range typ.Fields {
			if fields[strings.ToLower(f.Name)] && typ.Until != "MSNP2" { // the old mail notice combines two types
				t.Errorf("%s: %s stands twice", typ.Type, f.Name)
			}
			fields[strings.ToLower(f.Name)] = true
			if f.Name == "" || f.In == "" || f.Means == "" || f.Kind.String() == "unknown" {
				t.Errorf("%s: %+v lacks something", typ.Type, f)
			}
		}
	}
	if got := fmt.Sprint(body.KindText, ",", body.KindSecret, ",", body.KindFlags, ",",
		body.KindFlags+1); got != "text,secret,flags,unknown" {
		t.Errorf("the kinds are called %s", got)
	}
	body.Types()[2].Fields[0].Name = "changed"
	if body.Types()[2].Fields[0].Name == "changed" {
		t.Error("the table can be changed from outside")
	}
}
