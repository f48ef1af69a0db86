package body

// profileFields lists the fields of text/x-msmsgsprofile. Any of them may be empty.
var profileFields = []FieldInfo{
	{Name: "LoginTime", In: InHeader, Kind: KindTime, Means: "when the user logged in"},
	{Name: "EmailEnabled", In: InHeader, Kind: KindBool, Means: "has a Hotmail mailbox", Since: "MSNP3"},
	{
		Name: "MemberIdHigh", In: InHeader, Kind: KindNumber, Means: "account number, upper 32 bits, signed",
		Since: "MSNP3",
	},
	{
		Name: "MemberIdLow", In: InHeader, Kind: KindNumber, Means: "account number, lower 32 bits, signed",
		Since: "MSNP3",
	},
	{
		Name: "lang_preference", In: InHeader, Kind: KindLocale, Means: "language, as a Windows locale", Since: "MSNP3",
		Values: locales,
	},
	{Name: "preferredEmail", In: InHeader, Kind: KindHandle, Means: "mail address of the account", Since: "MSNP3"},
	{Name: "country", In: InHeader, Means: "country", Since: "MSNP3"},
	{Name: "PostalCode", In: InHeader, Means: "postal code", Since: "MSNP3"},
	{Name: "Gender", In: InHeader, Means: "gender", Since: "MSNP3"},
	{Name: "Kid", In: InHeader, Kind: KindBool, Means: "a child's account", Since: "MSNP3"},
	{Name: "Age", In: InHeader, Kind: KindNumber, Means: "age in years", Since: "MSNP3"},
	{Name: "BDayPre", In: InHeader, Kind: KindNumber, Means: "a number that goes with the birthday", Since: "MSNP3"},
	{Name: "Birthday", In: InHeader, Means: "birthday, as Passport keeps it", Since: "MSNP3"},
	{Name: "Wallet", In: InHeader, Kind: KindBool, Means: "has a Passport wallet", Since: "MSNP3"},
	{
		Name: "Flags", In: InHeader, Kind: KindNumber, Means: "flags of the account; their bits are not known",
		Since: "MSNP3",
	},
	{Name: "sid", In: InHeader, Kind: KindNumber, Means: "Passport's number for the site", Since: "MSNP3"},
	{Name: "kv", In: InHeader, Kind: KindNumber, Means: "version of Passport's key", Since: "MSNP3"},
	{Name: "MSPAuth", In: InHeader, Kind: KindSecret, Means: "login secret", Since: "MSNP3"},
	{
		Name: "ClientIP", In: InHeader, Kind: KindAddress, Means: "address from which the server sees the client",
		Since: "MSNP3",
	},
	{
		Name: "ClientPort", In: InHeader, Kind: KindSwappedPort, Means: "port of that address, its two bytes swapped",
		Since: "MSNP3",
	},
	{
		Name: "ABCHMigrated", In: InHeader, Kind: KindBool, Means: "the address book is on the web service",
		Since: "MSNP10",
	},
	{Name: "TOUNeeded", In: InHeader, Kind: KindBool, Means: "has yet to accept the terms of use", Since: "MSNP10"},
	{Name: "Nickname", In: InHeader, Kind: KindEscaped, Means: "name of the user", Since: "MSNP16"},
	{Name: "RouteInfo", In: InHeader, Kind: KindURL, Means: "the server that serves the user", Since: "MSNP16"},
	{
		Name: "MPOPEnabled", In: InHeader, Kind: KindBool, Means: "may be signed in at several places at once",
		Since: "MSNP16",
	},
}

// locales lists the most common locales of some two hundred.
var locales = []Value{
	{"1028", "Chinese, Taiwan"},
	{"1031", "German"},
	{"1033", "English, United States"},
	{"1034", "Spanish"},
	{"1036", "French"},
	{"1040", "Italian"},
	{"1041", "Japanese"},
	{"1042", "Korean"},
	{"1043", "Dutch"},
	{"1046", "Portuguese, Brazil"},
	{"1049", "Russian"},
	{"1053", "Swedish"},
	{"2052", "Chinese, China"},
	{"2057", "English, United Kingdom"},
	{"2070", "Portuguese"},
	{"3082", "Spanish"},
}

var mailboxFields = []FieldInfo{
	{Name: "Inbox-Unread", In: InData, Kind: KindNumber, Means: "unread mails in the inbox"},
	{Name: "Folders-Unread", In: InData, Kind: KindNumber, Means: "unread mails in other folders"},
	{Name: "Inbox-URL", In: InData, Kind: KindURL, Means: "where the inbox is"},
	{Name: "Folders-URL", In: InData, Kind: KindURL, Means: "where the folders are"},
	{Name: "Post-URL", In: InData, Kind: KindURL, Means: "where to sign in to read it"},
}

var mailFields = []FieldInfo{
	{Name: "From", In: InData, Kind: KindWords, Means: "name of the sender"},
	{Name: "Message-URL", In: InData, Kind: KindURL, Means: "where the mail is"},
	{Name: "Post-URL", In: InData, Kind: KindURL, Means: "where to sign in to read it"},
	{Name: "Subject", In: InData, Kind: KindWords, Means: "what it is about"},
	{Name: "Dest-Folder", In: InData, Means: "folder in which it is", Values: folders},
	{Name: "From-Addr", In: InData, Kind: KindHandle, Means: "mail address of the sender"},
	{Name: "id", In: InData, Kind: KindNumber, Means: "service through which it came"},
}

var mailDataFields = []FieldInfo{
	{Name: "Mail-Data", In: InData, Kind: KindMailData, Means: "the mailbox and the offline messages, in XML"},
	{Name: "Inbox-URL", In: InData, Kind: KindURL, Means: "where the inbox is"},
	{Name: "Folders-URL", In: InData, Kind: KindURL, Means: "where the folders are"},
	{Name: "Post-URL", In: InData, Kind: KindURL, Means: "where to sign in to read it"},
}

var folders = []Value{{"ACTIVE", "the inbox"}, {".!!trAsH", "the bin"}}

// inviteFields lists the fields of text/x-msmsgsinvite: those of the invitation, of its answers,
// and of its end.
var inviteFields = []FieldInfo{
	{Name: "Application-Name", In: InData, Means: "what it is for, as shown to the user"},
	{Name: "Application-GUID", In: InData, Kind: KindGUID, Means: "what it is for", Values: []Value{
		{fileTransfer, "file transfer"}, {"{02D3C01F-BF30-4825-A83A-DE7AF41648AA}", "voice or video"},
	}},
	{Name: "Invitation-Command", In: InData, Means: "which step", Values: []Value{
		{"INVITE", "asks"}, {"ACCEPT", "says yes, or goes on"}, {"CANCEL", "says no, or ends it"},
	}},
	{Name: "Invitation-Cookie", In: InData, Kind: KindNumber, Means: "identifies the steps of one invitation"},
	{Name: "Application-File", In: InData, Means: "name of the file"},
	{Name: "Application-FileSize", In: InData, Kind: KindSize, Means: "size of the file"},
	{Name: "Connectivity", In: InData, Means: "whether the sender can be reached", Values: []Value{{"N", "it cannot"}}},
	{Name: "Session-Protocol", In: InData, Means: "protocol of the call"},
	{Name: "Session-ID", In: InData, Kind: KindGUID, Means: "the call"},
	{Name: "Context-Data", In: InData, Means: "codecs that the sender has"},
	{Name: "Conn-Type", In: InData, Means: "kind of connection to the network"},
	{Name: "Sip-Capability", In: InData, Means: "whether SIP will do"},
	{Name: "Private-IP", In: InData, Kind: KindAddress, Means: "address behind the router"},
	{Name: "Public-IP", In: InData, Kind: KindAddress, Means: "address before the router"},
	{Name: "UPnP", In: InData, Means: "whether the router opens ports on request"},
	{Name: "Launch-Application", In: InData, Kind: KindBool, Means: "whether to start the other program"},
	{
		Name: "Request-Data", In: InData, Means: "what the other side is asked for",
		Values: []Value{{"IP-Address:", "its address"}},
	},
	{Name: "IP-Address", In: InData, Kind: KindAddress, Means: "where to connect"},
	{Name: "IP-Address-Enc64", In: InData, Kind: KindEncoded, Means: "the same in base64"},
	{Name: "Port", In: InData, Kind: KindPort, Means: "port to connect to"},
	{Name: "AuthCookie", In: InData, Kind: KindSecret, Means: "transfer secret"},
	{Name: "IP-Address-Internal", In: InData, Kind: KindAddress, Means: "address behind the router"},
	{Name: "PortX", In: InData, Kind: KindPort, Means: "port before the router"},
	{Name: "PortX-Internal", In: InData, Kind: KindPort, Means: "port behind the router"},
	{Name: "Sender-Connect", In: InData, Kind: KindBool, Means: "whether the sender of the file connects"},
	{Name: "Cancel-Code", In: InData, Means: "why it ends", Values: []Value{
		{"REJECT", "refused"},
		{"TIMEOUT", "no answer"},
		{"FTTIMEOUT", "the transfer did not start"},
		{"FAIL", "failed"},
		{"OUTBANDCANCEL", "the window was closed"},
		{"REJECT_NOT_INSTALLED", "the program is not there"},
	}},
}

const fileTransfer = "{5D3E02AB-6190-11d3-BBBB-00C04F795683}"

// p2pFields lists the fields of application/x-msnmsgrp2p: the headers, both forms of the binary
// header and, under SLP, the text in which clients agree on a session.
var p2pFields = []FieldInfo{
	{Name: "P2P-Dest", In: InHeader, Kind: KindHandle, Means: "the recipient"},
	{Name: "P2P-Src", In: InHeader, Kind: KindHandle, Means: "the sender"},
	{Name: "SessionID", In: InBinary, Kind: KindNumber, Means: "session; 0 while it is being agreed on"},
	{Name: "Identifier", In: InBinary, Kind: KindNumber, Means: "number of the message, the same in all its pieces"},
	{Name: "Offset", In: InBinary, Kind: KindSize, Means: "where in the message this piece begins"},
	{Name: "TotalSize", In: InBinary, Kind: KindSize, Means: "size of the message"},
	{Name: "MessageSize", In: InBinary, Kind: KindSize, Means: "size of this piece"},
	{Name: "Flags", In: InBinary, Kind: KindFlags, Means: "what kind of piece", Values: []Value{
		{"0x1", "not acknowledged"},
		{"0x2", "acknowledgement"},
		{"0x4", "waiting for an answer"},
		{"0x8", "error"},
		{"0x10", "file"},
		{"0x20", "picture data"},
		{"0x40", "session closed"},
		{"0x80", "transport error"},
		{"0x100", "direct connection"},
		{"0x1000000", "client of 2009"},
	}},
	{
		Name: "AckIdentifier", In: InBinary, Kind: KindNumber,
		Means: "of an acknowledgement, the message; else any number",
	},
	{Name: "AckUniqueID", In: InBinary, Kind: KindNumber, Means: "of an acknowledgement, the other's AckIdentifier"},
	{Name: "AckSize", In: InBinary, Kind: KindSize, Means: "of an acknowledgement, how many bytes arrived"},
	{Name: "HeaderLength", In: InBinary, Kind: KindSize, Means: "size of the header", Since: "MSNP16"},
	{Name: "Operation", In: InBinary, Kind: KindFlags, Means: "what kind of piece", Since: "MSNP16", Values: []Value{
		{"0x1", "begins a connection"}, {"0x2", "asks for an acknowledgement"},
	}},
	{Name: "NakIdentifier", In: InBinary, Kind: KindNumber, Means: "what did not arrive", Since: "MSNP16"},
	{Name: "DataHeaderLength", In: InBinary, Kind: KindSize, Means: "size of the header of the data", Since: "MSNP16"},
	{Name: "Combination", In: InBinary, Kind: KindFlags, Means: "what the data is", Since: "MSNP16", Values: []Value{
		{"0x1", "the first piece of a message"}, {"0x4", "picture"}, {"0x2", "file"},
	}},
	{Name: "PackageNumber", In: InBinary, Kind: KindNumber, Means: "number of the message", Since: "MSNP16"},
	{Name: "Remaining", In: InBinary, Kind: KindSize, Means: "how many bytes are still to come", Since: "MSNP16"},
	{Name: "Part", In: InBinary, Means: "another part of the header: its type and its bytes", Since: "MSNP16"},
	{Name: "Data", In: InBinary, Kind: KindSize, Means: "the piece"},
	{Name: "AppID", In: InBinary, Kind: KindNumber, Means: "what it is for", Values: []Value{
		{"0", "agreeing on a session"},
		{"1", "picture or emoticon"},
		{"2", "file transfer"},
		{"4", "webcam"},
		{"11", "emoticon"},
		{"12", "picture"},
	}},
	{Name: "SLP", In: InBinary, Means: "the request or the answer"},
	{Name: "SLP.To", In: InBinary, Means: "who is asked"},
	{Name: "SLP.From", In: InBinary, Means: "who asks"},
	{Name: "SLP.Call-ID", In: InBinary, Kind: KindGUID, Means: "identifies a request and its answers"},
	{Name: "SLP.EUF-GUID", In: InBinary, Kind: KindGUID, Means: "what the session is for", Values: []Value{
		{"{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}", "picture or emoticon"}, {fileTransfer, "file transfer"},
	}},
	{Name: "SLP.SessionID", In: InBinary, Kind: KindNumber, Means: "the session that is being agreed on"},
	{Name: "SLP.Context", In: InBinary, Means: "what is wanted, in base64"},
	{Name: "SLP.Nonce", In: InBinary, Kind: KindSecret, Means: "connection secret"},
	{Name: "SLP.Hashed-Nonce", In: InBinary, Kind: KindSecret, Means: "connection secret"},
	{Name: "SLP.IPv4Internal-Addrs", In: InBinary, Kind: KindAddress, Means: "address behind the router"},
	{Name: "SLP.IPv4Internal-Port", In: InBinary, Kind: KindPort, Means: "port behind the router"},
	{Name: "SLP.IPv4External-Addrs", In: InBinary, Kind: KindAddress, Means: "address before the router"},
	{Name: "SLP.IPv4External-Port", In: InBinary, Kind: KindPort, Means: "port before the router"},
	{Name: "SLP.IPv4InternalAddrsAndPorts", In: InBinary, Kind: KindAddress, Means: "addresses behind the router"},
	{
		Name: "SLP.srddA-lanretnI4vPI", In: InBinary, Kind: KindReversed,
		Means: "address behind the router, written backwards",
	},
	{
		Name: "SLP.stroPdnAsrddAlanretxE4vPI", In: InBinary, Kind: KindReversed,
		Means: "addresses before the router, written backwards",
	},
}
