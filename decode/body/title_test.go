package body_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/body"
)

func TestTitle(t *testing.T) {
	invite := head("text/x-msmsgsinvite") + "\r\nInvitation-Command: INVITE\r\n"
	datacast := head("text/x-msnmsgr-datacast") + "\r\nID: "
	ok := "MSNSLP/1.0 200 OK\r\nTo: x\r\n"
	for _, tc := range []struct{ name, payload, want string }{
		{"text", head("text/plain") + "\r\nhello\r\n  bob", `"hello bob"`},
		{"long text", head("text/plain") + "\r\n" + strings.Repeat("é", 1000), `"` + strings.Repeat("é", 59) + `…"`},
		{"Latin-1", head("text/plain") + "\r\ngr\xfc\xdfe", `"grüße"`},
		{"nothing", "", `""`},
		{"no type", "MIME-Version: 1.0\r\n\r\nhi", `"hi"`},
		{"first part", head("text/plain") + "Message-ID: {1}\r\nChunks: 3\r\n\r\nhi", `"hi" (part 1 of 3)`},
		{"later part", "Message-ID: {1}\r\nChunk: 1\r\n\r\nho", `"ho" (part 2)`},
		{"one part is no part", head("text/plain") + "Message-ID: {1}\r\nChunks: 1\r\n\r\nhi", `"hi"`},
		{"recording", head("text/x-msmsgscontrol") + "RecordingUser: a@b.c\r\n\r\n", "recording a voice clip"},
		{"control", head("text/x-msmsgscontrol") + "X: a@b.c\r\n\r\n", "control message"},
		{"profile", head("text/x-msmsgsprofile; charset=UTF-8") + "LoginTime: 1\r\n\r\n", "profile"},
		{
			"mailbox", head("text/x-msmsgsinitialemailnotification") + "\r\nInbox-Unread: 3\r\nFolders-Unread: 0\r\n",
			"mailbox, 3 unread",
		},
		{"old mailbox", head("application/x-msmsgsemailnotification") + "\r\nInbox-Unread: 1\r\n", "mailbox, 1 unread"},
		{"old mail", head("application/x-msmsgsemailnotification") + "\r\nFrom: Bob\r\n", `mail from "Bob"`},
		{
			"mail", head("text/x-msmsgsemailnotification") + "\r\nFrom: Bob\r\nSubject: =?iso-8859-1?Q?gr=FC=DFe?=\r\n",
			`mail from "Bob": "grüße"`,
		},
		{"moved", head("text/x-msmsgsactivemailnotification") +
			"\r\nSrc-Folder: ACTIVE\r\nDest-Folder: a\r\nMessage-Delta: 1\r\n", "mail moved"},
		{"deleted", head("text/x-msmsgsactivemailnotification") + "\r\nDest-Folder: .!!trAsH\r\n", "mail deleted"},
		{
			"mail data",
			head("text/x-msmsgsinitialmdatanotification") + "\r\nMail-Data: <MD><E><IU>7</IU></E></MD>\r\n",
			"mailbox, 7 unread",
		},
		{"too large", head("text/x-msmsgsinitialmdatanotification") + "\r\nMail-Data: too-large\r\n", "mailbox"},
		{"offline", head("text/x-msmsgsoimnotification") + "\r\nMail-Data: too-large\r\n", "offline message"},
		{"stop", head("application/x-msmsgssystemmessage") + "\r\nType: 1\r\nArg1: 5\r\n", "server stops in 5 minutes"},
		{"stop at once", head("text/x-msmsgssystemmessage") + "\r\nType: 1\r\nArg1: 1\r\n", "server stops in 1 minute"},
		{
			"other system message", head("application/x-msmsgssystemmessage") + "\r\nType: 2\r\nArg1: 5\r\n",
			"system message",
		},
		{"nudge", datacast + "1\r\n\r\n", "nudge"},
		{"wink", datacast + "2\r\nData: <msnobj/>\r\n", "wink"},
		{"voice clip", datacast + "3\r\nData: <msnobj/>\r\n", "voice clip"},
		{"action", datacast + "4\r\nData: waves\r\n", `action text "waves"`},
		{"other datacast", datacast + "9\r\n", "datacast 9"},
		{
			"file without a size", invite + "Application-File: a.b\r\nApplication-FileSize: many\r\n",
			`file invitation "a.b"`,
		},
		{"program", invite + "Application-Name: NetMeeting\r\n", `invitation "NetMeeting"`},
		{
			"voice", invite + "Application-GUID: {02d3c01f-bf30-4825-a83a-de7af41648aa}\r\n",
			"invitation to voice or video",
		},
		{"bare", invite, "invitation"},
		{
			"own code", head("text/x-msmsgsinvite") + "\r\nInvitation-Command: CANCEL\r\nCancel-Code: NO\r\n",
			"invitation cancelled: NO",
		},
		{"no code", head("text/x-msmsgsinvite") + "\r\nInvitation-Command: CANCEL\r\n", "invitation cancelled"},
		{"no command", head("text/x-msmsgsinvite") + "\r\nA: b\r\n", "invitation"},
		{"own command", head("text/x-msmsgsinvite") + "\r\nInvitation-Command: WAIT\r\n", "invitation WAIT"},
		{"emoticon", head("text/x-mms-emoticon") + "\r\n:)\t<msnobj/>", `emoticon ":)"`},
		{"emoticons", head("text/x-mms-emoticon") + "\r\n:)\t<msnobj/>\t:(\t<msnobj/>\t", "2 emoticons"},
		{"ink", head("application/x-ms-ink") + "\r\nbase64:AAAA", "ink, 3 bytes"},
		{
			"a part of a picture", head("image/gif") + "Message-ID: 1\r\nChunk: 2\r\n\r\nAAAAA",
			"picture, 5 bytes (part 3)",
		},
		{
			"piece", p2p([9]uint64{1234, 1, 0, 1202, 1202, 0x20}, strings.Repeat("x", 1202)+"\x00\x00\x00\x01"),
			"P2P 1202 bytes of session 1234",
		},
		{"acknowledgement", p2p([9]uint64{1234, 1, 0, 0, 0, 2}, "\x00\x00\x00\x01"), "P2P acknowledgement"},
		{"question", p2p([9]uint64{0, 1, 0, 9, 21}, "BYE bob MSNSLP/1.0\r\n\x00\x00\x00\x00\x00"), "P2P BYE"},
		{"answer", p2p([9]uint64{0, 1, 0, 9, uint64(len(ok))}, ok+"\x00\x00\x00\x00"), "P2P 200 OK"},
		{"short of data", p2p([9]uint64{1, 1, 0, 9, 1 << 31}, "abc"), "P2P cut short, 51 bytes"},
		{"short of a header", head("application/x-msnmsgrp2p") + "\r\nabc", "P2P cut short, 3 bytes"},
		{"capabilities", head("text/x-clientcaps") + "\r\nClient-Name: Gaim\r\n", `client capabilities of "Gaim"`},
		{"keep-alive", head("text/x-keepalive") + "\r\n", "keep-alive"},
		{"unknown", head("Text/X-New ; a=b") + "\r\nA: b\r\n", "text/x-new"},
	} {
		b := body.Parse([]byte(tc.payload))
		if got := b.Title(); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
