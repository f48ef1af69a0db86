package dialect

import "github.com/msnscope/msnscope/decode"

// object describes a display picture.
var object = opt("MSNObject", Object)

// msnp9 dates from July 2003: display pictures, and messages that carry other things than text.
var msnp9 = msnp8.with(9, []gone{{verbs: "PAG"}},
	Row{
		Verb: "CHG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{state, caps, object},
		Replies: verbs("CHG", "ILN"),
		Means:   "sets the user's state, tells what the client can do and what picture it shows",
		Example: "CHG 8 NLN 268435488 %3Cmsnobj%20Creator%3D%22alice%40hotmail.com%22%2F%3E\r\n",
	},
	Row{
		Verb: "CHG", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{state, caps, object},
		Means: "the user's state is set", Example: "CHG 8 NLN 268435488 0\r\n",
	},
	Row{
		Verb: "NLN", Dir: s, Roles: NS,
		Args:    []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name), caps, object},
		Means:   "a contact came online or changed its state, what its client can do, its picture",
		Example: "NLN AWY bob@hotmail.com Bob 268435488 %3Cmsnobj%20Creator%3D%22bob%40hotmail.com%22%2F%3E\r\n",
	},
	Row{
		Verb: "ILN", Dir: s, Roles: NS, TrID: Echo,
		Args:    []Arg{substate, req("UserHandle", Handle), req("FriendlyName", Name), caps, object},
		Means:   "a contact is online already, what its client can do, its picture",
		Example: "ILN 8 AWY bob@hotmail.com Bob 268435488 0\r\n",
	},
	Row{
		Verb: "MSG", Dir: c, Roles: SB, When: Joined, TrID: New, Payload: decode.LastArg,
		Args: []Arg{oneOf("AckMode", "U", "N", "A", "D", "S"), req("Length", Length)}, Replies: verbs("ACK", "NAK"),
		Means: "a message to all others; wants no answer (U), one on failure (N, S), always one (A), " +
			"the same for data (D)",
		Example: "MSG 3 D 61\r\nMIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\n\r\n",
	},
	Row{
		Verb: "PGD", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), req("DeviceType", Number), req("Length", Length)},
		Means: "pages a telephone, in XML", Example: "PGD 9 bob@hotmail.com 1 7\r\n<TEXT/>",
	},
	Row{
		Verb: "QNG", Dir: s, Roles: NS, Args: []Arg{req("Seconds", Number)},
		Means: "the answer to PNG: the next one is due after that many seconds", Example: "QNG 60\r\n",
	},
)
