package dialect

import "github.com/msnscope/msnscope/decode"

const (
	c = decode.FromClient
	s = decode.FromServer
)

// States lists the client states of §7.7, including those that contacts never see.
var States = []string{"NLN", "FLN", "HDN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN"}

// Lists names the four contact lists of §5.7: forward, reverse, allow, block.
var Lists = []string{"FL", "RL", "AL", "BL"}

// Settings lists the settings of a user that the draft has (§7.6): the verb that sets and reports
// each one, and what its values mean.
var Settings = []struct{ Verb, Means string }{
	{"GTC", "A asks before others may add the user, N does not"},
	{"BLP", "AL all but the blocked may write, BL only the allowed"},
}

var (
	state    = Arg{Name: "State", Values: States}
	substate = Arg{Name: "Substate", Values: []string{"NLN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN"}}
	list     = Arg{Name: "LIST", Values: Lists}
	ownList  = Arg{Name: "LIST", Values: []string{"FL", "AL", "BL"}} // the lists that a client may change (§7.8)
	serial   = req("Ser", Serial)

	itself  = Speaker{Roles: Any}                 // a command whose words no user can choose
	hotmail = Speaker{Roles: NS, Name: "Hotmail"} // at a switchboard, a sender of this name is a user
)

// MSNP2 is the dialect of the draft, complete, together with what real clients and servers of it
// add. The rows are in the order of the draft.
var MSNP2 = newTable(2, append([]Row{
	// Logon (§7.1 to §7.4).
	{
		Verb: "VER", Dir: c, Roles: DS | NS, When: Fresh, TrID: New, Args: []Arg{many("DialectName", Dialect)},
		Replies: verbs("VER"),
		Means:   "names the dialects that the client speaks, the preferred one first", Section: "7.1",
		Example: "VER 0 MSNP2 CVR0\r\n",
	},
	{
		Verb: "VER", Dir: s, Roles: DS | NS, TrID: Echo, Args: []Arg{many("DialectName", Dialect)},
		Means: "names the dialect that the server chose; 0 refuses them all", Section: "7.1",
		Example: "VER 0 MSNP2\r\n",
	},
	{
		Verb: "INF", Dir: c, Roles: DS | NS, When: Versioned, TrID: New, Replies: verbs("INF"),
		Means: "asks for the security packages", Section: "7.2", Example: "INF 1\r\n",
	},
	{
		Verb: "INF", Dir: s, Roles: DS | NS, TrID: Echo, Args: []Arg{many("SP", Token)},
		Means: "names the security packages for USR", Section: "7.2", Example: "INF 1 MD5\r\n",
	},
	{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Fresh | Versioned | Negotiated | Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "MD5", "CTP"), is("Sequence", "I"), opt("AuthInitiateInfo", Self)},
		Replies: verbs("USR", "XFR"), Means: "begins the logon of a user", Section: "7.3",
		Example: "USR 5 MD5 I alice@hotmail.com\r\n",
	},
	{
		Verb: "USR", Dir: c, Roles: NS, When: Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "MD5", "CTP"), is("Sequence", "S"), opt("AuthResponseInfo", Secret)},
		Replies: verbs("USR", "XFR"), Means: "answers the challenge", Section: "7.3",
		Example: "USR 6 MD5 S 7f919fab309532df353c901430df36fa\r\n",
	},
	{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{oneOf("SP", "MD5", "CTP"), is("Sequence", "S"), opt("AuthChallengeInfo", Secret)},
		Means: "challenges the client", Section: "7.3", Example: "USR 5 MD5 S 1013928519.693957190\r\n",
	},
	{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{is("Status", "OK"), req("UserHandle", Self), req("FriendlyName", Name)},
		Means: "the user is logged on", Section: "7.3", Example: "USR 6 OK alice@hotmail.com Alice%20L\r\n",
	},
	{
		Verb: "XFR", Dir: s, Roles: DS | NS, Implies: DS, TrID: EchoZero, Speaker: itself,
		// Some servers add a word and the address of the server to which the client is connected.
		Args: []Arg{
			is("ReferralType", "NS"), req("Address", HostPort), opt("Reserved", Token),
			opt("CurrentAddress", HostPort),
		},
		Means: "sends the client on to a notification server; address 0 means: begin again here", Section: "7.4",
		Example: "XFR 2 NS 10.0.0.5:1863\r\n",
	},

	// Properties and lists (§7.5, §7.6, §7.8).
	{
		Verb: "SYN", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{serial},
		Replies: verbs("SYN", "GTC", "BLP", "LST"),
		Means:   "asks for all stored properties unless the client has that version of them", Section: "7.5",
		Example: "SYN 7 0\r\n",
	},
	{
		Verb: "SYN", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial},
		Means: "the version that the server has; the properties follow if it is another one", Section: "7.5",
		Example: "SYN 7 12\r\n",
	},
	{
		Verb: "LST", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{list}, Replies: verbs("LST"),
		Means: "asks for a list", Section: "7.6", Example: "LST 8 FL\r\n",
	},
	{
		Verb: "LST", Dir: s, Roles: NS, TrID: Echo,
		Args: []Arg{
			list, serial, req("Item", Number), req("TtlItems", Number), opt("UserHandle", Handle),
			opt("CustomUserName", Name),
		},
		Means: "one entry of a list; an empty list is one line with 0 0", Section: "7.6",
		Example: "LST 7 FL 12 1 2 bob@hotmail.com Bob\r\n",
	},
	{
		Verb: "GTC", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{oneOf("Value", "A", "N")},
		Replies: verbs("GTC"),
		Means:   "sets what happens when somebody adds this user: A asks, N does not", Section: "7.6",
		Example: "GTC 9 N\r\n",
	},
	{
		Verb: "GTC", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, oneOf("Value", "A", "N")},
		Means: "the setting for being added: A asks, N does not", Section: "7.6", Example: "GTC 7 12 A\r\n",
	},
	{
		Verb: "BLP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{oneOf("Value", "AL", "BL")},
		Replies: verbs("BLP"),
		Means:   "sets who may write: AL everybody who is not blocked, BL only those on the allow list",
		Section: "7.6", Example: "BLP 9 BL\r\n",
	},
	{
		Verb: "BLP", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, oneOf("Value", "AL", "BL")},
		Means: "the privacy mode: AL all but the blocked, BL only the allowed", Section: "7.6",
		Example: "BLP 7 12 AL\r\n",
	},
	{
		Verb: "CHG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{state}, Replies: verbs("CHG", "ILN"),
		Means: "sets the user's state", Section: "7.7", Example: "CHG 8 NLN\r\n",
	},
	{
		Verb: "CHG", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{state},
		Means: "the user's state is set", Section: "7.7", Example: "CHG 8 NLN\r\n",
	},
	{
		Verb: "ADD", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args:    []Arg{ownList, req("UserHandle", Handle), opt("CustomUserName", Name)},
		Replies: verbs("ADD", "ILN"), Means: "adds a user to a list", Section: "7.8",
		Example: "ADD 9 FL bob@hotmail.com Bob\r\n",
	},
	{
		Verb: "ADD", Dir: s, Roles: NS, TrID: EchoZero,
		Args:  []Arg{list, serial, req("UserHandle", Handle), opt("CustomUserName", Name)},
		Means: "a user was added to a list; on the reverse list: somebody added this user", Section: "7.8",
		Example: "ADD 0 RL 13 carol@hotmail.com Carol\r\n",
	},
	{
		Verb: "REM", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{ownList, req("UserHandle", Handle)},
		Replies: verbs("REM"), Means: "removes a user from a list", Section: "7.8",
		Example: "REM 10 FL bob@hotmail.com\r\n",
	},
	{
		Verb: "REM", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{list, serial, req("UserHandle", Handle)},
		Means: "a user was removed from a list", Section: "7.8", Example: "REM 10 FL 14 bob@hotmail.com\r\n",
	},

	// Notifications and the end (§7.9 to §7.11).
	{
		Verb: "NLN", Dir: s, Roles: NS, Args: []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name)},
		Means: "a contact came online or changed its state", Section: "7.9", Example: "NLN AWY bob@hotmail.com Bob\r\n",
	},
	{
		Verb: "ILN", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name)},
		Means: "a contact is online already: follows the first CHG, and an ADD", Section: "7.9",
		Example: "ILN 8 AWY bob@hotmail.com Bob\r\n",
	},
	{
		Verb: "FLN", Dir: s, Roles: NS, Args: []Arg{req("UserHandle", Handle)},
		Means: "a contact went offline", Section: "7.9", Example: "FLN bob@hotmail.com\r\n",
	},
	{
		Verb: "OUT", Dir: c, Roles: Any, When: Always, Replies: verbs("OUT"),
		Means: "the client leaves", Section: "7.10", Example: "OUT\r\n",
	},
	{
		Verb: "OUT", Dir: s, Roles: Any,
		Args:  []Arg{{Name: "StatusCode", Optional: true, Values: []string{"OTH", "SSD"}}},
		Means: "the server closes: OTH, the user logged on elsewhere; SSD, it goes down", Section: "7.10",
		Example: "OUT OTH\r\n",
	},
	{
		Verb: errorVerb, Dir: s, Roles: Any, TrID: Perhaps,
		Args:  []Arg{{Name: "ErrorInfo", Kind: Text, Optional: true, Many: true}},
		Means: "the request failed", Section: "7.11", Example: "911 6\r\n",
	},

	// Switchboard sessions (§8).
	{
		Verb: "XFR", Dir: c, Roles: NS, When: Online, Refuse: 913, TrID: New, Args: []Arg{is("ReferralType", "SB")},
		Replies: verbs("XFR"), Means: "asks for a switchboard", Section: "8.1", Example: "XFR 9 SB\r\n",
	},
	{
		Verb: "XFR", Dir: s, Roles: NS, TrID: Echo, Speaker: itself,
		Args: []Arg{
			is("ReferralType", "SB"), req("Address", HostPort), oneOf("SP", "CKI"), req("AuthChallengeInfo", Cookie),
		},
		Means: "sends the client on to a switchboard, with the cookie that admits it", Section: "8.1",
		Example: "XFR 9 SB 10.0.0.9:1863 CKI 17262740.1050826919.32308\r\n",
	},
	{
		Verb: "USR", Dir: c, Roles: SB, When: Waiting, TrID: New,
		Args:    []Arg{req("UserHandle", Self), req("AuthResponseInfo", Cookie)},
		Replies: verbs("USR"), Means: "enters the switchboard with the cookie from XFR", Section: "8.2",
		Example: "USR 1 alice@hotmail.com 17262740.1050826919.32308\r\n",
	},
	{
		Verb: "USR", Dir: s, Roles: SB, TrID: Echo,
		Args:  []Arg{is("Status", "OK"), req("UserHandle", Self), req("FriendlyName", Name)},
		Means: "the user is in the switchboard", Section: "8.2", Example: "USR 1 OK alice@hotmail.com Alice%20L\r\n",
	},
	{
		Verb: "CAL", Dir: c, Roles: SB, When: Joined, TrID: New, Args: []Arg{req("UserHandle", Handle)},
		Replies: verbs("CAL"),
		Means:   "invites a user to the session", Section: "8.3", Example: "CAL 2 bob@hotmail.com\r\n",
	},
	{
		Verb: "CAL", Dir: s, Roles: SB, TrID: Echo, Args: []Arg{oneOf("Status", "RINGING"), req("SessionID", Session)},
		Means: "the user is being rung", Section: "8.3", Example: "CAL 2 RINGING 11752013\r\n",
	},
	{
		Verb: "RNG", Dir: s, Roles: NS, Speaker: itself,
		Args: []Arg{
			req("SessionID", Session), req("SwitchboardServerAddress", HostPort), oneOf("SP", "CKI"),
			req("AuthChallengeInfo", Cookie),
			req("CallingUserHandle", Handle), req("CallingUserFriendlyName", Name),
		},
		Means: "somebody invites this user to a session: where to go, with what cookie", Section: "8.4",
		Example: "RNG 11752013 10.0.0.9:1863 CKI 849102291.520491113 alice@hotmail.com Alice%20L\r\n",
	},
	{
		Verb: "ANS", Dir: c, Roles: SB, When: Waiting, TrID: New,
		Args:    []Arg{req("LocalUserHandle", Self), req("AuthResponseInfo", Cookie), req("SessionID", Session)},
		Replies: verbs("ANS", "IRO"), Means: "answers the ring: enters the session", Section: "8.4",
		Example: "ANS 1 bob@hotmail.com 849102291.520491113 11752013\r\n",
	},
	{
		Verb: "ANS", Dir: s, Roles: SB, TrID: Echo, Args: []Arg{is("Status", "OK")},
		Means: "the user is in the session; the roster was sent", Section: "8.4", Example: "ANS 1 OK\r\n",
	},
	{
		Verb: "IRO", Dir: s, Roles: SB, TrID: Echo,
		Args: []Arg{
			req("Participant", Number), req("TotalParticipants", Number), req("UserHandle", Handle),
			req("FriendlyName", Name),
		},
		Means: "a user who is in the session already", Section: "8.4",
		Example: "IRO 1 1 1 alice@hotmail.com Alice%20L\r\n",
	},
	{
		Verb: "JOI", Dir: s, Roles: SB,
		Args:  []Arg{req("CalleeUserHandle", Handle), req("CalleeUserFriendlyName", Name)},
		Means: "a user joined the session", Section: "8.5", Example: "JOI bob@hotmail.com Bob\r\n",
	},
	{
		Verb: "BYE", Dir: s, Roles: SB, Args: []Arg{req("CalleeUserHandle", Handle), opt("Reason", Number)},
		Means: "a user left the session; reason 1: it was idle", Section: "8.5", Example: "BYE bob@hotmail.com\r\n",
	},
	{
		Verb: "MSG", Dir: c, Roles: SB, When: Joined, TrID: New, Payload: decode.LastArg,
		Args: []Arg{oneOf("AckMode", "U", "N", "A"), req("Length", Length)}, Replies: verbs("ACK", "NAK"),
		Means: "a message to all others; wants no answer (U), one on failure (N), always one (A)", Section: "8.7",
		Example: "MSG 3 N 71\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nHello Bob",
	},
	{
		Verb: "ACK", Dir: s, Roles: SB, TrID: Echo, Means: "the message was delivered", Section: "8.7",
		Example: "ACK 3\r\n",
	},
	{
		Verb: "NAK", Dir: s, Roles: SB, TrID: Echo, Means: "the message was not delivered", Section: "8.7",
		Example: "NAK 3\r\n",
	},
	{
		Verb: "MSG", Dir: s, Roles: NS | SB, Payload: decode.LastArg, Speaker: hotmail,
		Args:  []Arg{req("UserHandle", Handle), req("FriendlyName", Name), req("Length", Length)},
		Means: "a message from a user of the session, or from the server itself", Section: "8.8",
		Example: "MSG bob@hotmail.com Bob 71\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: text/plain; charset=UTF-8\r\n\r\nHello Bob",
	},

	// Commands that the draft leaves out (§3 excludes some of them on purpose) and that real MSNP2
	// clients and servers send nevertheless.
	{
		Verb: "CVR", Dir: c, Roles: NS, When: Always, TrID: New, Extension: true, Replies: verbs("CVR"),
		Args: []Arg{
			req("Lcid", Token), req("Os", Text), req("OsVersion", Text), req("Arch", Text), req("Library", Text),
			req("ClientVersion", Text),
		},
		Means:   "tells the client's version, asks for newer ones",
		Example: "CVR 8 0x0409 win 4.10 i386 MSMSGS 1.0.0863\r\n",
	},
	{
		Verb: "CVR", Dir: s, Roles: DS | NS, TrID: Echo, Extension: true,
		Args: []Arg{
			req("Recommended", Text), req("Recommended2", Text), req("Minimum", Text), req("DownloadURL", Text),
			req("InfoURL", Text),
		},
		Means:   "the client versions that the server knows",
		Example: "CVR 8 1.0.0863 1.0.0863 1.0.0863 http://a.example/ http://b.example/\r\n",
	},
	{
		Verb: "REA", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Replies: verbs("REA"),
		Args:  []Arg{req("UserHandle", Handle), req("FriendlyName", Name)},
		Means: "renames the user, or a contact", Example: "REA 13 alice@hotmail.com Alice%20the%20Great\r\n",
	},
	{
		Verb: "REA", Dir: s, Roles: NS, TrID: Echo, Extension: true,
		Args:  []Arg{serial, req("UserHandle", Handle), req("FriendlyName", Name)},
		Means: "a name was changed", Example: "REA 13 5 alice@hotmail.com Alice%20the%20Great\r\n",
	},
	{
		Verb: "URL", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Replies: verbs("URL"),
		Args: []Arg{req("Service", Token), opt("Parameter", Text)}, Means: "asks for the address of a web page",
		Example: "URL 1 INBOX\r\n",
	},
	{
		Verb: "URL", Dir: s, Roles: NS, TrID: Echo, Extension: true,
		Args:  []Arg{req("Rru", Text), req("Url", Text), opt("SiteID", Text)},
		Means: "the address of a web page", Example: "URL 1 /cgi-bin/HoTMaiL http://login.example/\r\n",
	},
	{
		Verb: "FND", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Args: []Arg{many("Field", Text)},
		Replies: verbs("FND"),
		Means:   "searches the directory", Example: "FND 4 fname=Another lname=User city=* state=* country=US\r\n",
	},
	{
		Verb: "FND", Dir: s, Roles: NS, TrID: Echo, Extension: true,
		Args: []Arg{
			req("Item", Number), req("TtlItems", Number),
			{Name: "Field", Kind: Text, Optional: true, Many: true},
		},
		Means:   "one hit in the directory",
		Example: "FND 4 1 2 fname=Another lname=User city=New%20York state=NY country=US\r\n",
	},
	{
		Verb: "SND", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Replies: verbs("SND"),
		Args:    []Arg{req("UserHandle", Handle), opt("Lcid", Token), opt("Library", Text), opt("Client", Text)},
		Means:   "invites somebody by mail",
		Example: "SND 1 erin@hotmail.com\r\n",
	},
	{
		Verb: "SND", Dir: s, Roles: NS, TrID: Echo, Extension: true, Args: []Arg{is("Status", "OK")},
		Means: "the invitation was mailed", Example: "SND 1 OK\r\n",
	},
	{
		Verb: "PNG", Dir: c, Roles: NS, When: Always, Extension: true, Replies: verbs("QNG"),
		Means: "keeps the connection alive", Example: "PNG\r\n",
	},
	{
		Verb: "QNG", Dir: s, Roles: NS, Extension: true, Args: []Arg{opt("Seconds", Number)},
		Means: "the answer to PNG", Example: "QNG\r\n",
	},
	{
		Verb: "CHL", Dir: s, Roles: NS, TrID: EchoZero, Extension: true, Args: []Arg{req("Challenge", Secret)},
		Means: "challenges the client in mid-session", Example: "CHL 0 15570131571988941333\r\n",
	},
	{
		Verb: "QRY", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Payload: decode.LastArg,
		Replies: verbs("QRY"),
		Args:    []Arg{req("ClientID", Text), req("Length", Length)}, Means: "answers CHL with a digest",
		Example: "QRY 10 msmsgs@msnmsgr.com 32\r\n8f2f5a91b72102cd28355e9fc9000d6e",
	},
	{
		Verb: "QRY", Dir: s, Roles: NS, TrID: Echo, Extension: true, Means: "the digest was right",
		Example: "QRY 10\r\n",
	},
	{
		Verb: "CVQ", Dir: c, Roles: DS, When: Versioned, TrID: New, Extension: true, Replies: verbs("CVQ"),
		Args: []Arg{
			req("Lcid", Token), req("Os", Text), req("OsVersion", Text), req("Arch", Text), req("Library", Text),
			req("ClientVersion", Text),
			opt("Client", Text), opt("UserHandle", Handle),
		},
		Means:   "asks for the newest client only, after VER chose CVR0",
		Example: "CVQ 2 0x0409 win 4.10 i386 MSMSGS 1.0.0863\r\n",
	},
	{
		Verb: "CVQ", Dir: s, Roles: DS, TrID: Echo, Extension: true,
		Args: []Arg{
			req("Recommended", Text), req("Recommended2", Text), req("Minimum", Text), req("DownloadURL", Text),
			req("InfoURL", Text),
		},
		Means: "the newest client", Example: "CVQ 2 5.0.0537 5.0.0537 1.0.0863 http://a.example/ http://b.example/\r\n",
	},
}, msnftp...))
