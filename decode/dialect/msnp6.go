package dialect

import "github.com/msnscope/msnscope/decode"

var verified = req("Verified", Number)

// msnp6 is of 2001: servers ask clients in mid-session to prove what they are, those of MSNP2 clients too. Until then CHL and
// QRY are guests in the older tables.
var msnp6 = msnp5.with(6, nil,
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{is("Status", "OK"), req("UserHandle", Self), req("FriendlyName", Name), verified},
		Means: "the user is logged on; verified 1: the mail address was confirmed", Example: "USR 6 OK alice@hotmail.com Alice%20L 1\r\n",
	},
	Row{
		Verb: "CHL", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("CHL"),
		Means: "asks to be challenged; rare", Example: "CHL 12\r\n",
	},
	Row{
		Verb: "CHL", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{req("Challenge", Secret)},
		Means: "asks the client to prove itself in mid-session", Example: "CHL 0 15570131571988941333\r\n",
	},
	Row{
		Verb: "QRY", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("QRY"),
		Args: []Arg{req("ClientID", Text), req("Length", Length)}, Means: "answers CHL with a digest",
		Example: "QRY 10 msmsgs@msnmsgr.com 32\r\n8f2f5a91b72102cd28355e9fc9000d6e",
	},
	Row{
		Verb: "QRY", Dir: s, Roles: NS, TrID: Echo, Means: "the digest was right", Example: "QRY 10\r\n",
	},
)
