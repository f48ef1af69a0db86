package dialect

import "github.com/msnscope/msnscope/decode"

// msnp11 dates from March 2005: a personal message beside the name, and settings that the server
// pushes.
var msnp11 = msnp10.with(11, nil,
	Row{
		Verb: "OUT", Dir: s, Roles: Any,
		Args: []Arg{maybe(oneOf("StatusCode", "OTH", "SSD", "MIG", "TOU", "RCT")), opt("Minutes", Number)},
		Means: "the server closes: OTH, the user logged on elsewhere; SSD, it goes down; MIG, the account moves; " +
			"TOU, new terms to agree to; RCT, come back after so many minutes",
		Example: "OUT RCT 5\r\n",
	},
	Row{
		Verb: "UUX", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg, Replies: verbs("UUX"),
		Args:  []Arg{req("Length", Length)},
		Means: "sets the personal message, in XML", Example: "UUX 9 24\r\n<Data><PSM></PSM></Data>",
	},
	Row{
		Verb: "UBX", Dir: s, Roles: NS, TrID: Perhaps, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), req("Length", Length)},
		Means: "a contact's personal message, in XML", Example: "UBX bob@hotmail.com 7\r\n<Data/>",
	},
	Row{
		Verb: "GCF", Dir: c, Roles: NS, When: Always, TrID: New, Replies: verbs("GCF"),
		Args:  []Arg{req("FileName", Text)},
		Means: "asks for a file of settings", Example: "GCF 6 Shields.xml\r\n",
	},
	Row{
		Verb: "GCF", Dir: s, Roles: NS, TrID: Echo, Payload: decode.LastArg,
		Args:  []Arg{req("FileName", Text), req("Length", Length)},
		Means: "the file of settings, in XML", Example: "GCF 6 Shields.xml 9\r\n<config/>",
	},
	Row{
		Verb: "SBS", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{req("Value", Token)},
		Means: "comes after the logon and was never explained", Example: "SBS 0 null\r\n",
	},
	Row{
		// Only the name of this command is known; even who sends it is uncertain.
		Verb: "GSB", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{rest("Argument")},
		Means: "only its name is known", Example: "GSB 0 null\r\n",
	},
)
