package dialect

// msnp3 dates from November 1999: no logon in clear text, and more words in some commands. XFR NS
// has a 0 after the address, which the rows of MSNP2 allow already because servers send it
// regardless of the dialect.
var msnp3 = MSNP2.with(3, nil,
	Row{
		Verb: "USR", Dir: c, Roles: DS | NS, When: Fresh | Versioned | Negotiated | Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "MD5"), is("Sequence", "I"), opt("AuthInitiateInfo", Self)},
		Replies: verbs("USR", "XFR"), Means: "begins the logon of a user", Section: "7.3",
		Example: "USR 5 MD5 I alice@hotmail.com\r\n",
	},
	Row{
		Verb: "USR", Dir: c, Roles: NS, When: Challenged, Refuse: 207, TrID: New,
		Args:    []Arg{oneOf("SP", "MD5"), is("Sequence", "S"), opt("AuthResponseInfo", Secret)},
		Replies: verbs("USR", "XFR"), Means: "answers the challenge", Section: "7.3",
		Example: "USR 6 MD5 S 7f919fab309532df353c901430df36fa\r\n",
	},
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{oneOf("SP", "MD5"), is("Sequence", "S"), opt("AuthChallengeInfo", Secret)},
		Means: "challenges the client", Section: "7.3", Example: "USR 5 MD5 S 1013928519.693957190\r\n",
	},
	Row{
		Verb: "URL", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{req("Rru", Text), req("Url", Text), req("SiteID", Text)},
		Means:   "the address of a web page, and the number of its site",
		Example: "URL 1 /cgi-bin/HoTMaiL http://login.example/ 2\r\n",
	},
	Row{
		Verb: "SND", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("SND"),
		Args:  []Arg{req("UserHandle", Handle), req("Lcid", Token), req("Library", Text)},
		Means: "invites somebody by mail, in a language", Example: "SND 1 erin@hotmail.com 0x0409 MSMSGS\r\n",
	},
	Row{
		Verb: "IMS", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("IMS"),
		Args: []Arg{oneOf("Value", "ON", "OFF")}, Means: "switches instant messages on or off for a television set",
		Example: "IMS 5 OFF\r\n",
	},
	Row{
		Verb: "IMS", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, oneOf("Value", "ON", "OFF")},
		Means: "instant messages are switched", Example: "IMS 5 0 OFF\r\n",
	},
)
