package dialect

import "github.com/msnscope/msnscope/decode"

var verified = req("Verified", Number)

// msnp6 dates from 2001: servers challenge clients in mid-session to prove their identity,
// including clients of MSNP2. In the tables before this one, CHL and QRY are extensions.
var msnp6 = msnp5.with(6, nil,
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{is("Status", "OK"), req("UserHandle", Self), req("FriendlyName", Name), verified},
		Means:   "the user is logged on; verified 1: the mail address was confirmed",
		Example: "USR 6 OK alice@hotmail.com Alice%20L 1\r\n",
	},
	Row{
		Verb: "CHL", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("CHL"),
		Means: "asks to be challenged; rare", Example: "CHL 12\r\n",
	},
	Row{
		Verb: "CHL", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{req("Challenge", Secret)},
		Means: "challenges the client in mid-session", Example: "CHL 0 15570131571988941333\r\n",
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
