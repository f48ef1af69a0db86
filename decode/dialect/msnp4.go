package dialect

// msnp4 dates from March 2000: clients tell the name under which they are distributed.
var msnp4 = msnp3.with(4, nil,
	Row{
		Verb: "CVR", Dir: c, Roles: NS, When: Always, TrID: New, Replies: verbs("CVR"), Args: []Arg{
			req("Lcid", Token), req("Os", Text), req("OsVersion", Text), req("Arch", Text), req("Library", Text),
			req("ClientVersion", Text),
			req("Client", Text),
		},
		Means:   "tells the client's version and name, asks for newer ones",
		Example: "CVR 8 0x0409 win 4.10 i386 MSMSGS 2.2.1053 msmsgs\r\n",
	},
	Row{
		Verb: "SND", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("SND"),
		Args:    []Arg{req("UserHandle", Handle), req("Lcid", Token), req("Library", Text), req("Client", Text)},
		Means:   "invites somebody by mail, in a language, for a client",
		Example: "SND 1 erin@hotmail.com 0x0409 MSMSGS MSMSGS\r\n",
	},
)
