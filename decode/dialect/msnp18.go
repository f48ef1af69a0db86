package dialect

import "github.com/msnscope/msnscope/decode"

// member is a handle preceded by its network: 1 for this one, 4 telephones, 9 circles, 10 groups,
// 13 Connect, 14 other networks, 32 Yahoo. The network through which it was reached may follow as
// ;via=.
var member = as(Networked, req("UserHandle", Handle))

// msnp18 dates from January 2009: circles, with commands that wrap headers and documents as HTTP
// does.
var msnp18 = msnp17.with(18, []gone{{verbs: "ILN"}},
	Row{
		Verb: "USR", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args:    []Arg{is("SP", "SHA"), is("Sequence", "A"), req("AuthResponseInfo", Secret)},
		Replies: verbs("USR"), Means: "shows the ticket for circles, after the logon",
		Example: "USR 12 SHA A dDEyMzQ1Njc4OTA=\r\n",
	},
	Row{
		Verb: "CHG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{state, twoCaps, object},
		Replies: verbs("CHG"),
		Means:   "sets the user's state, tells what the client can do and what picture it shows",
		Example: "CHG 8 NLN 2788999228:48 0\r\n",
	},
	Row{
		Verb: "NLN", Dir: s, Roles: NS, Args: []Arg{substate, member, req("FriendlyName", Name), twoCaps, object, icon},
		Means:   "a contact or circle is online or changed its state",
		Example: "NLN AWY 1:bob@hotmail.com Bob 2788999228:48 0\r\n",
	},
	Row{
		Verb: "FLN", Dir: s, Roles: NS, Args: []Arg{member, maybe(twoCaps), icon},
		Means:   "a contact or circle went offline",
		Example: "FLN 1:bob@hotmail.com 0:0\r\n",
	},
	Row{
		Verb: "UBX", Dir: s, Roles: NS, TrID: Perhaps, Payload: decode.LastArg,
		Args:  []Arg{member, req("Length", Length)},
		Means: "a contact's personal message, in XML", Example: "UBX 1:bob@hotmail.com 7\r\n<Data/>",
	},
	Row{
		Verb: "PUT", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("PUT"),
		Args:  []Arg{req("Length", Length)},
		Means: "publishes a document about the user or a circle", Example: "PUT 9 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "PUT", Dir: s, Roles: NS, TrID: Echo, Payload: decode.LastArg,
		Args:  []Arg{is("Status", "OK"), req("Length", Length)},
		Means: "the document is published", Example: "PUT 9 OK 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "DEL", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("DEL"),
		Args:  []Arg{req("Length", Length)},
		Means: "takes a document back, or leaves a circle", Example: "DEL 9 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "DEL", Dir: s, Roles: NS, TrID: Echo, Payload: decode.LastArg,
		Args:  []Arg{is("Status", "OK"), req("Length", Length)},
		Means: "the document is gone", Example: "DEL 9 OK 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "NFY", Dir: s, Roles: NS, Payload: decode.LastArg,
		Args:  []Arg{is("Operation", "PUT"), req("Length", Length)},
		Means: "somebody published a document", Example: "NFY PUT 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "NFY", Dir: s, Roles: NS, Payload: decode.LastArg,
		Args:  []Arg{is("Operation", "DEL"), req("Length", Length)},
		Means: "somebody took a document back", Example: "NFY DEL 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "SDG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("SDG"),
		Args:  []Arg{req("Length", Length)},
		Means: "a message to a user or a circle; from MSNP21 on, all messages", Example: "SDG 9 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "SDG", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{is("Status", "OK")},
		Means: "the message is on its way", Example: "SDG 9 OK\r\n",
	},
	Row{
		Verb: "SDG", Dir: s, Roles: NS, TrID: EchoZero, Payload: decode.LastArgIfNumeric,
		Args:  []Arg{req("Length", Length)},
		Means: "a message from a user or a circle", Example: "SDG 0 14\r\nRouting: 1.0\r\n",
	},
	Row{
		Verb: "VAS", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), req("Reserved", Text), req("Reserved2", Text), req("Length", Length)},
		Means: "reports a user", Example: "VAS 9 bob@hotmail.com 0 0 5\r\nhello",
	},
)
