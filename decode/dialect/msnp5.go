package dialect

import "github.com/msnscope/msnscope/decode"

// The dialects between the draft's and MSNP5, as far as they differ from the one before.
var (
	msnp3 = MSNP2.with("MSNP3", 3,
		Row{
			Verb: "IMS", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Replies: verbs("IMS"),
			Args: []Arg{oneOf("Value", "ON", "OFF")}, Means: "switches instant messages on or off for a television set", Example: "IMS 5 OFF\r\n",
		},
		Row{
			Verb: "IMS", Dir: s, Roles: NS, TrID: Echo, Extension: true, Args: []Arg{serial, oneOf("Value", "ON", "OFF")},
			Means: "instant messages are switched", Example: "IMS 5 0 OFF\r\n",
		},
	)

	msnp4 = msnp3.with("MSNP4", 4, Row{
		Verb: "CVR", Dir: c, Roles: NS, When: Always, TrID: New, Extension: true, Replies: verbs("CVR"),
		Args: []Arg{
			req("Lcid", Token), req("Os", Text), req("OsVersion", Text), req("Arch", Text), req("Library", Text), req("ClientVersion", Text),
			opt("Client", Text),
		},
		Means: "tells the client's version, asks for newer ones", Example: "CVR 8 0x0409 win 4.10 i386 MSMSGS 2.2.1053 msmsgs\r\n",
	})

	// MSNP5 brought the telephone: properties with numbers, pages, and server-side notices.
	msnp5 = msnp4.with("MSNP5", 5,
		Row{
			Verb: "PRP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Replies: verbs("PRP"),
			Args: []Arg{req("Property", Token), opt("Value", Text)}, Means: "sets a property of the user", Example: "PRP 10 PHH 555%201234\r\n",
		},
		Row{
			Verb: "PRP", Dir: s, Roles: NS, TrID: Echo, Extension: true, Args: []Arg{serial, req("Property", Token), opt("Value", Text)},
			Means: "a property of the user", Example: "PRP 10 12 PHH 555%201234\r\n",
		},
		Row{
			Verb: "BPR", Dir: s, Roles: NS, Extension: true,
			Args:  []Arg{serial, req("UserHandle", Handle), req("Property", Token), opt("Value", Text)},
			Means: "a property of a contact", Example: "BPR 12 bob@hotmail.com PHH 555%201234\r\n",
		},
		Row{
			Verb: "NOT", Dir: s, Roles: NS, Extension: true, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
			Means: "a notice of a web service, in XML", Example: "NOT 7\r\n<NOT/>\n",
		},
		Row{
			Verb: "IPG", Dir: s, Roles: NS, Extension: true, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
			Means: "a page from a telephone, in XML", Example: "IPG 7\r\n<NOT/>\n",
		},
		Row{
			Verb: "PAG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Payload: decode.LastArg,
			Args: []Arg{req("UserHandle", Handle), req("Length", Length)}, Means: "pages a telephone, in XML",
			Example: "PAG 9 bob@hotmail.com 7\r\n<TEXT/>",
		},
		Row{
			Verb: "SDC", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Extension: true, Payload: decode.LastArg, Replies: verbs("SDC"),
			Args: []Arg{
				req("UserHandle", Handle), req("Lcid", Token), req("Library", Text), req("Client", Text), req("Reserved", Text),
				req("Reserved2", Text), req("FriendlyName", Name), req("Length", Length),
			},
			Means: "invites somebody by mail, with a text", Example: "SDC 9 erin@hotmail.com 0x0409 MSMSGS MSMSGS X X Alice 5\r\nhello",
		},
		Row{
			Verb: "SDC", Dir: s, Roles: NS, TrID: Echo, Extension: true, Args: []Arg{is("Status", "OK")},
			Means: "the invitation was mailed", Example: "SDC 9 OK\r\n",
		},
	)
)
