package dialect

// msnp15 dates from January 2007: a single logon for all services, in which the client proves that
// it knows a key.
var msnp15 = msnp14.with(15, nil,
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Fresh | Versioned | Negotiated | Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "SSO"), is("Sequence", "I"), req("AuthInitiateInfo", Self)},
		Replies: verbs("USR", "XFR"), Means: "begins the logon of a user", Example: "USR 3 SSO I alice@hotmail.com\r\n",
	},
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Challenged, Refuse: 207, TrID: New,
		Args: []Arg{
			oneOf("SP", "SSO"), is("Sequence", "S"), req("AuthResponseInfo", Secret),
			opt("Response", Secret),
		},
		Replies: verbs("USR", "XFR"), Means: "shows the ticket and answers the challenge",
		Example: "USR 4 SSO S t=EwCYAebpAwAUEAI1w&p= HAAAAAEAAAADZgAABIAAAAgAAAAU\r\n",
	},
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{oneOf("SP", "SSO"), is("Sequence", "S"), req("Policy", Token), req("AuthChallengeInfo", Secret)},
		Means:   "challenges the client, and names the policy to ask the web service for",
		Example: "USR 3 SSO S MBI_KEY_OLD 6WxW4HSSRgSgZ\r\n",
	},
)
