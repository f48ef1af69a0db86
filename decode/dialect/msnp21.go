package dialect

import "github.com/msnscope/msnscope/decode"

// hops is the number of times that the client was referred, in base64.
var hops = req("Hops", Text)

// numbers stands for all further words of a command, whose meaning is unknown.
var numbers = Arg{Name: "Argument", Kind: Number, Optional: true, Many: true}

// noSwitchboard describes the commands that msnp21 lost.
var noSwitchboard = []gone{{verbs: "XFR RNG MSG"}, {verbs: "USR ANS CAL IRO JOI BYE ACK NAK", roles: SB}}

// msnp21, the last dialect, dates from late 2010: messages are sent as SDG, so there are no
// switchboards.
var msnp21 = msnp20.with(21, noSwitchboard,
	Row{
		Verb: "CVR", Dir: c, Roles: DS | NS, When: Always, TrID: New, Replies: verbs("CVR"),
		Args:  append(clientVersion[:7:7], req("UserHandle", Self), hops),
		Means: "tells the client's version, its user, and how often it was sent on",
		Example: "CVR 2 0x0409 winnt 6.1.0 i386 MSNMSGR 15.4.3508.1109 MSNMSGR alice@hotmail.com " +
			"VmVyc2lvbjogMQ0KWGZyQ291bnQ6IDENCg==\r\n",
	},
	Row{
		Verb: "XFR", Dir: s, Roles: DS | NS, Implies: DS, TrID: EchoZero, Speaker: itself,
		Args: []Arg{
			is("ReferralType", "NS"), req("Address", HostPort), maybe(byTCP), opt("Directory", Token),
			maybe(hops),
		},
		Means: "sends the client on to a notification server; kind G: over the gateway; " +
			"address 0 means: begin again here",
		Example: "XFR 3 NS 207.46.124.125:1863 U D VmVyc2lvbjogMQ0KWGZyQ291bnQ6IDINCg==\r\n",
	},
	Row{
		Verb: "MSG", Dir: s, Roles: NS, Payload: decode.LastArg, Speaker: hotmail,
		Args:  []Arg{req("UserHandle", Handle), req("FriendlyName", Name), req("Length", Length)},
		Means: "a message from the server itself", Section: "8.8",
		Example: "MSG Hotmail Hotmail 19\r\nMIME-Version: 1.0\r\n",
	},
	// Clients claim to know these two commands, but nobody has seen one. A number at their end is
	// not taken for a length, since framing must not guess. A GET with a word that is not a number
	// would be an HTTP request.
	Row{
		Verb: "FSL", Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{numbers}, Means: "only its name is known",
		Example: "FSL 0\r\n",
	},
	Row{
		Verb: "GET", Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{numbers}, Means: "only its name is known",
		Example: "GET 0\r\n",
	},
)
