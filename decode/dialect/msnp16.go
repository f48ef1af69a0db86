package dialect

var (
	twoCaps = as(Paired, caps)
	// machine identifies the computer on which the user is logged on; the client makes the
	// identifier up.
	machine = opt("Machine", Token)
)

// aUser is a handle, with the endpoint or without it: servers tell most things about a user in both
// forms.
var aUser = as(MaybeAtEndpoint, req("UserHandle", Handle))

// msnp16 dates from 2008: a user may be logged on in several places, and capabilities are two
// numbers.
var msnp16 = msnp15.with(16, nil,
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Challenged, Refuse: 207, TrID: New,
		Args: []Arg{
			oneOf("SP", "SSO"), is("Sequence", "S"), req("AuthResponseInfo", Secret),
			opt("Response", Secret), machine,
		},
		Replies: verbs("USR", "XFR"), Means: "shows the ticket, answers the challenge, names the place",
		Example: "USR 4 SSO S t=EwCYAebpAwAUEAI1w&p= HAAAAAEAAAADZgAABIAAAAgAAAAU " +
			"{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001}\r\n",
	},
	Row{
		Verb: "USR", Dir: c, Roles: SB, When: Waiting, TrID: New,
		Args:    []Arg{as(AtEndpoint, req("UserHandle", Self)), req("AuthResponseInfo", Cookie)},
		Replies: verbs("USR"), Means: "enters the switchboard with the cookie from XFR",
		Example: "USR 1 alice@hotmail.com;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} 17262740.1050826919.32308\r\n",
	},
	Row{
		Verb: "USR", Dir: s, Roles: SB, TrID: Echo,
		Args: []Arg{
			is("Status", "OK"), as(MaybeAtEndpoint, req("UserHandle", Self)), req("FriendlyName", Name),
		},
		Means:   "the user is at the switchboard",
		Example: "USR 1 OK alice@hotmail.com;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} Alice%20L\r\n",
	},
	Row{
		Verb: "CAL", Dir: c, Roles: SB, When: Joined, TrID: New, Replies: verbs("CAL"), Args: []Arg{aUser},
		Means: "invites a user to the session, in all places or in one", Example: "CAL 2 bob@hotmail.com\r\n",
	},
	Row{
		Verb: "ANS", Dir: c, Roles: SB, When: Waiting, TrID: New,
		Args: []Arg{
			as(AtEndpoint, req("LocalUserHandle", Self)), req("AuthResponseInfo", Cookie),
			req("SessionID", Session),
		},
		Replies: verbs("ANS", "IRO"), Means: "answers the ring: enters the session",
		Example: "ANS 1 bob@hotmail.com;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} 849102291.520491113 11752013\r\n",
	},
	Row{
		Verb: "IRO", Dir: s, Roles: SB, TrID: Echo, Args: []Arg{
			req("Participant", Number), req("TotalParticipants", Number), aUser, req("FriendlyName", Name), twoCaps,
		},
		Means:   "a user who is in the session already, once for each place",
		Example: "IRO 1 1 2 alice@hotmail.com;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} Alice%20L 2788999228:48\r\n",
	},
	Row{
		Verb: "JOI", Dir: s, Roles: SB,
		Args: []Arg{
			as(MaybeAtEndpoint, req("CalleeUserHandle", Handle)), req("CalleeUserFriendlyName", Name),
			twoCaps,
		},
		Means:   "a user joined the session, once for each place",
		Example: "JOI bob@hotmail.com;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} Bob 2788999228:48\r\n",
	},
	Row{
		Verb: "BYE", Dir: s, Roles: SB,
		Args:    []Arg{as(MaybeAtEndpoint, req("CalleeUserHandle", Handle)), opt("Reason", Number)},
		Means:   "a user left the session, once for each place; reason 1: it was idle",
		Example: "BYE bob@hotmail.com 1\r\n",
	},
	Row{
		Verb: "CHG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{state, twoCaps, object},
		Replies: verbs("CHG", "ILN"),
		Means:   "sets the user's state, tells what the client can do and what picture it shows",
		Example: "CHG 8 NLN 2788999228:48 0\r\n",
	},
	Row{
		Verb: "CHG", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{state, twoCaps, object},
		Means: "the user's state is set", Example: "CHG 8 NLN 2788999228:48 0\r\n",
	},
	Row{
		Verb: "NLN", Dir: s, Roles: NS,
		Args:    []Arg{substate, req("UserHandle", Handle), network, req("FriendlyName", Name), twoCaps, object, icon},
		Means:   "a contact of some network came online or changed its state",
		Example: "NLN AWY bob@hotmail.com 1 Bob 2788999228:48 0\r\n",
	},
	Row{
		Verb: "ILN", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{substate, req("UserHandle", Handle), network, req("FriendlyName", Name), twoCaps, object, icon},
		Means:   "a contact of some network is online already",
		Example: "ILN 8 AWY bob@hotmail.com 1 Bob 2788999228:48 0\r\n",
	},
	Row{
		Verb: "FLN", Dir: s, Roles: NS, Args: []Arg{req("UserHandle", Handle), network, maybe(twoCaps), icon},
		Means: "a contact of some network went offline", Example: "FLN bob@hotmail.com 1 2788999228:48\r\n",
	},
)

// msnp17 differs from msnp16 only in its web services.
var msnp17 = msnp16.with(17, nil)
