package dialect

import "github.com/msnscope/msnscope/decode"

var (
	icon   = opt("IconURL", Text)
	direct = oneOf("Direct", "0", "1")
)

// msnp14 dates from June 2006, too: each contact has a network, and messages go to other networks
// without a switchboard.
var msnp14 = msnp13.with(14, nil,
	Row{
		Verb: "XFR", Dir: s, Roles: NS, TrID: Echo, Speaker: itself,
		Args: []Arg{
			is("ReferralType", "SB"), req("Address", HostPort), oneOf("SP", "CKI"), req("AuthChallengeInfo", Cookie),
			byTCP, domain, direct,
		},
		Means: "sends the client on to a switchboard, with the cookie that admits it; " +
			"direct 0: over the gateway only",
		Example: "XFR 7 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com 1\r\n",
	},
	Row{
		Verb: "RNG", Dir: s, Roles: NS, Args: ringArgs(byTCP, domain, direct), Speaker: itself,
		Means: "somebody invites this user to a session: where to go, with what cookie; " +
			"direct 0: over the gateway only",
		Example: "RNG 11752013 207.46.26.110:1863 CKI 849102291.520491113 bob@passport.com Bob U " +
			"messenger.msn.com 1\r\n",
	},
	Row{
		Verb: "NLN", Dir: s, Roles: NS,
		Args:    []Arg{substate, req("UserHandle", Handle), network, req("FriendlyName", Name), caps, object, icon},
		Means:   "a contact of some network came online or changed its state",
		Example: "NLN AWY bob@hotmail.com 1 Bob 268435488 0\r\n",
	},
	Row{
		Verb: "ILN", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{substate, req("UserHandle", Handle), network, req("FriendlyName", Name), caps, object, icon},
		Means:   "a contact of some network is online already",
		Example: "ILN 8 AWY bob@hotmail.com 1 Bob 268435488 0\r\n",
	},
	Row{
		Verb: "FLN", Dir: s, Roles: NS, Args: []Arg{req("UserHandle", Handle), network, maybe(caps), icon},
		Means: "a contact of some network went offline", Example: "FLN bob@hotmail.com 1\r\n",
	},
	Row{
		Verb: "UBX", Dir: s, Roles: NS, TrID: Perhaps, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), network, req("Length", Length)},
		Means: "a contact's personal message, in XML", Example: "UBX bob@hotmail.com 1 7\r\n<Data/>",
	},
	Row{
		Verb: "FQY", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("FQY"),
		Args:  []Arg{req("Length", Length)},
		Means: "asks on which network users are, in XML", Example: "FQY 9 5\r\n<ml/>",
	},
	Row{
		Verb: "FQY", Dir: s, Roles: NS, TrID: Echo, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
		Means: "on which network users are, in XML; may come several times", Example: "FQY 9 5\r\n<ml/>",
	},
	Row{
		Verb: "UUM", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), network, req("Type", Number), req("Length", Length)},
		Means: "a message to a user of another network", Example: "UUM 9 bob@yahoo.com 32 1 5\r\nhello",
	},
	Row{
		// An older description has fewer words; the length is the last one in either case.
		Verb: "UBM", Dir: s, Roles: NS | SB, Payload: decode.LastArg, Args: []Arg{
			req("UserHandle", Handle), network, req("ToUserHandle", Handle), req("ToNetworkType", Number),
			req("Type", Number), req("Length", Length),
		},
		Means:   "a message from a user of another network",
		Example: "UBM bob@yahoo.com 32 alice@hotmail.com 1 1 5\r\nhello",
	},
)
