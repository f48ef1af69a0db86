package dialect

import "github.com/msnscope/msnscope/decode"

var (
	caps       = req("Capabilities", Flags)
	restricted = req("Restricted", Number)
	listBits   = req("Lists", Number) // 1 forward, 2 allow, 4 block, 8 reverse, 16 pending
)

// clientVersion lists the arguments of CVR up to the client's name.
var clientVersion = []Arg{
	req("Lcid", Token), req("Os", Text), req("OsVersion", Text), req("Arch", Text), req("Library", Text),
	req("ClientVersion", Text),
	req("Client", Text),
}

// msnp8 dates from February 2003: logon with a ticket from a web service, no INF and no directory,
// and a shorter answer to SYN: the commands that follow it have neither TrID nor serial.
var msnp8 = msnp7.with(8, []gone{{verbs: "INF FND"}, {verbs: "LSG LST", dir: s}},
	Row{
		Verb: "CVR", Dir: c, Roles: DS | NS, When: Always, TrID: New, Replies: verbs("CVR"),
		Args:    append(clientVersion[:7:7], req("UserHandle", Self)),
		Means:   "tells the client's version and its user, before USR",
		Example: "CVR 2 0x0409 win 4.10 i386 MSNMSGR 5.0.0544 MSMSGS alice@hotmail.com\r\n",
	},
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Fresh | Versioned | Negotiated | Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "TWN"), is("Sequence", "I"), req("AuthInitiateInfo", Self)},
		Replies: verbs("USR", "XFR"), Means: "begins the logon of a user", Example: "USR 3 TWN I alice@hotmail.com\r\n",
	},
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "TWN"), is("Sequence", "S"), req("AuthResponseInfo", Secret)},
		Replies: verbs("USR", "XFR"), Means: "shows the ticket that the web service gave",
		Example: "USR 4 TWN S t=53*1hAu8ADuD3TEwdXoOMi08sD&p=\r\n",
	},
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{oneOf("SP", "TWN"), is("Sequence", "S"), req("AuthChallengeInfo", Secret)},
		Means:   "sends the client to the web service, with the parameters for it",
		Example: "USR 3 TWN S lc=1033,id=507,tw=40,ct=1062764229\r\n",
	},
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{is("Status", "OK"), req("UserHandle", Self), req("FriendlyName", Name), verified, restricted},
		Means:   "the user is logged on; restricted 1: an account that needs a parent's consent",
		Example: "USR 4 OK alice@hotmail.com Alice%20L 1 0\r\n",
	},
	Row{
		Verb: "SYN", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{serial}, Replies: verbs("SYN"),
		Section: "7.5",
		Means:   "asks for all stored properties unless the client has that version of them", Example: "SYN 7 0\r\n",
	},
	Row{
		Verb: "SYN", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, opt("Contacts", Number), opt("Groups", Number)},
		Means:   "the version that the server has; as many contacts and groups follow if it is another one",
		Example: "SYN 7 27 5 4\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS,
		Args:    []Arg{req("UserHandle", Handle), req("CustomUserName", Name), listBits, opt("GroupIDs", Token)},
		Means:   "one contact after SYN, with the lists that it is on and its groups",
		Example: "LST bob@hotmail.com Bob 11 0,2\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS, TrID: Echo,
		Args: []Arg{
			list, serial, req("Item", Number), req("TtlItems", Number), opt("UserHandle", Handle),
			opt("CustomUserName", Name), opt("GroupIDs", Token),
		},
		Means:   "one entry of a list that LST asked for; an empty list is one line with 0 0",
		Example: "LST 8 FL 12 1 2 bob@hotmail.com Bob 0,2\r\n",
	},
	Row{
		Verb: "LSG", Dir: s, Roles: NS, Args: []Arg{groupID, groupName, reserved}, Means: "one group after SYN",
		Example: "LSG 0 Friends 0\r\n",
	},
	Row{
		Verb: "GTC", Dir: s, Roles: NS, Args: []Arg{oneOf("Value", "A", "N")},
		Means: "after SYN, the setting for being added: A asks, N does not", Example: "GTC A\r\n",
	},
	Row{
		Verb: "GTC", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, oneOf("Value", "A", "N")},
		Means: "the setting for being added: A asks, N does not", Example: "GTC 9 28 N\r\n",
	},
	Row{
		Verb: "BLP", Dir: s, Roles: NS, Args: []Arg{oneOf("Value", "AL", "BL")},
		Means: "after SYN, the privacy mode: AL all but the blocked, BL only the allowed", Example: "BLP AL\r\n",
	},
	Row{
		Verb: "BLP", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, oneOf("Value", "AL", "BL")},
		Means: "the privacy mode: AL all but the blocked, BL only the allowed", Example: "BLP 9 28 BL\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, Args: []Arg{property, opt("Value", Text)},
		Means: "after SYN, a property of the user", Example: "PRP PHH 555%201234\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, property, opt("Value", Text)},
		Means: "a property of the user", Example: "PRP 10 28 PHH 555%201234\r\n",
	},
	Row{
		Verb: "BPR", Dir: s, Roles: NS, Args: []Arg{property, opt("Value", Text)},
		Means: "after SYN, a property of the contact of the LST before", Example: "BPR PHH 555%201234\r\n",
	},
	Row{
		Verb: "BPR", Dir: s, Roles: NS,
		Args:  []Arg{serial, as(Mail, req("UserHandle", Handle)), property, opt("Value", Text)},
		Means: "a property of a contact", Example: "BPR 28 bob@hotmail.com PHH 555%201234\r\n",
	},
	Row{
		Verb: "CHG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{state, caps},
		Replies: verbs("CHG", "ILN"),
		Means:   "sets the user's state and tells what the client can do", Example: "CHG 8 NLN 0\r\n",
	},
	Row{
		Verb: "CHG", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{state, caps},
		Means: "the user's state is set", Example: "CHG 8 NLN 0\r\n",
	},
	Row{
		Verb: "NLN", Dir: s, Roles: NS,
		Args:    []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name), caps},
		Means:   "a contact came online or changed its state, and what its client can do",
		Example: "NLN AWY bob@hotmail.com Bob 8\r\n",
	},
	Row{
		Verb: "ILN", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name), caps},
		Means:   "a contact is online already, and what its client can do",
		Example: "ILN 8 AWY bob@hotmail.com Bob 8\r\n",
	},
	Row{
		Verb: "UUX", Dir: s, Roles: NS, TrID: EchoZero, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
		Means: "the personal message is set; the length is always 0", Example: "UUX 9 0\r\n",
	},
)
