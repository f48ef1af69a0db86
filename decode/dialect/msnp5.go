package dialect

import "github.com/msnscope/msnscope/decode"

// property is the name of a stored value, such as PHH for the telephone at home or MFN for the
// friendly name.
var property = req("Property", Token)

// msnp5 dates from August 2000. It introduced telephones: properties with numbers, pages, and
// notices of web services.
var msnp5 = msnp4.with(5, nil,
	Row{
		Verb: "SYN", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{serial},
		Replies: verbs("SYN", "GTC", "BLP", "PRP", "LST"),
		Means:   "asks for all stored properties unless the client has that version of them", Section: "7.5",
		Example: "SYN 7 0\r\n",
	},
	Row{
		Verb: "PRP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("PRP"),
		Args: []Arg{property, opt("Value", Text)}, Means: "sets a property of the user",
		Example: "PRP 10 PHH 555%201234\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, property, opt("Value", Text)},
		Means: "a property of the user", Example: "PRP 10 12 PHH 555%201234\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, Args: []Arg{serial, property, opt("Value", Text)},
		Means: "after SYN, a property of the user: one server sends no TrID", Example: "PRP 1 PHH 555%201234\r\n",
	},
	Row{
		Verb: "BPR", Dir: s, Roles: NS, Args: []Arg{serial, req("UserHandle", Handle), property, opt("Value", Text)},
		Means: "a property of a contact", Example: "BPR 12 bob@hotmail.com PHH 555%201234\r\n",
	},
	Row{
		Verb: "NOT", Dir: s, Roles: NS, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
		Means: "a notice of a web service, in XML", Example: "NOT 7\r\n<NOT/>\n",
	},
	Row{
		// Some sources place this command in MSNP6.
		Verb: "IPG", Dir: s, Roles: NS, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
		Means: "a page from a telephone, in XML", Example: "IPG 7\r\n<NOT/>\n",
	},
	Row{
		Verb: "PAG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Args: []Arg{req("UserHandle", Handle), req("Length", Length)}, Means: "pages a telephone, in XML",
		Example: "PAG 9 bob@hotmail.com 7\r\n<TEXT/>",
	},
	Row{
		Verb: "SDC", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("SDC"),
		Args: []Arg{
			req("UserHandle", Handle), req("Lcid", Token), req("Library", Text), req("Client", Text),
			req("Reserved", Text),
			req("Reserved2", Text), req("FriendlyName", Name), req("Length", Length),
		},
		Means:   "invites somebody by mail, with a text",
		Example: "SDC 9 erin@hotmail.com 0x0409 MSMSGS MSMSGS X X Alice 5\r\nhello",
	},
	Row{
		Verb: "SDC", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{is("Status", "OK")},
		Means: "the invitation was mailed", Example: "SDC 9 OK\r\n",
	},
)
