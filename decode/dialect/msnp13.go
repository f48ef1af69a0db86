package dialect

import "github.com/msnscope/msnscope/decode"

// listServices describes the commands that msnp13 lost because a web service keeps the lists.
var listServices = []gone{{verbs: "SYN LST LSG GTC ADC REM SBP BPR ADG RMG REG LKP"}, {verbs: "GCF", dir: c}}

// These arguments stand at the end of referrals: U for TCP or G for the gateway over HTTP, and the
// domain.
var (
	byTCP  = oneOf("AddressKind", "U", "G")
	domain = req("Domain", Text)
)

// msnp13 dates from June 2006: the lists moved to a web service, from which the client fetches them
// in order to send them to the server. Answers contain XML, errors included.
var msnp13 = msnp12.with(13, listServices,
	Row{
		Verb: "XFR", Dir: s, Roles: DS | NS, Implies: DS, TrID: EchoZero, Speaker: itself,
		Args:    []Arg{is("ReferralType", "NS"), req("Address", HostPort), maybe(byTCP), opt("Directory", Token)},
		Means:   "sends the client on to a notification server; address 0 means: begin again here",
		Example: "XFR 8 NS 10.0.0.5:1863 U D\r\n",
	},
	Row{
		Verb: "XFR", Dir: s, Roles: NS, TrID: Echo, Speaker: itself,
		Args: []Arg{
			is("ReferralType", "SB"), req("Address", HostPort), oneOf("SP", "CKI"),
			req("AuthChallengeInfo", Cookie), byTCP, domain,
		},
		Means:   "sends the client on to a switchboard, with the cookie that admits it",
		Example: "XFR 6 SB 10.0.1.200:1865 CKI 123456789.123456789.123456789 U messenger.msn.com\r\n",
	},
	Row{
		Verb: "RNG", Dir: s, Roles: NS, Args: ringArgs(byTCP, domain), Speaker: itself,
		Means: "somebody invites this user to a session: where to go, with what cookie",
		Example: "RNG 987654331 10.0.1.200:1865 CKI 123456789.123456789 bob@hotmail.com Bob U " +
			"messenger.hotmail.com\r\n",
	},
	Row{
		Verb: "ADL", Dir: c, Roles: NS, Lists: Gain, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Replies: verbs("ADL", "ILN", "UBX"), Args: []Arg{req("Length", Length)},
		Means:   "tells the lists, or adds to them, in XML",
		Example: "ADL 9 62\r\n<ml l=\"1\"><d n=\"hotmail.com\"><c n=\"bob\" l=\"3\" t=\"1\"/></d></ml>",
	},
	Row{
		Verb: "ADL", Dir: s, Roles: NS, Lists: Gain, TrID: EchoZero, Args: []Arg{is("Status", "OK")},
		Means: "the lists are taken", Example: "ADL 9 OK\r\n",
	},
	Row{
		Verb: "ADL", Dir: s, Roles: NS, Lists: Gain, TrID: EchoZero, Payload: decode.LastArgIfNumeric,
		Args:    []Arg{req("Length", Length)},
		Means:   "somebody added this user, in XML",
		Example: "ADL 0 68\r\n<ml><d n=\"hotmail.com\"><c n=\"carol\" l=\"8\" t=\"1\" f=\"Carol\"/></d></ml>",
	},
	Row{
		Verb: "RML", Dir: c, Roles: NS, Lists: Lose, When: LoggedOn, TrID: New, Payload: decode.LastArg,
		Replies: verbs("RML"), Args: []Arg{req("Length", Length)},
		Means:   "removes from the lists, in XML",
		Example: "RML 9 56\r\n<ml><d n=\"hotmail.com\"><c n=\"bob\" l=\"2\" t=\"1\"/></d></ml>",
	},
	Row{
		Verb: "RML", Dir: s, Roles: NS, Lists: Lose, TrID: EchoZero, Args: []Arg{is("Status", "OK")},
		Means: "the lists are changed", Example: "RML 9 OK\r\n",
	},
	Row{
		Verb: "RML", Dir: s, Roles: NS, Lists: Lose, TrID: EchoZero, Payload: decode.LastArgIfNumeric,
		Args:    []Arg{req("Length", Length)},
		Means:   "somebody removed this user, in XML",
		Example: "RML 0 58\r\n<ml><d n=\"hotmail.com\"><c n=\"carol\" l=\"8\" t=\"1\"/></d></ml>",
	},
	Row{
		Verb: "GCF", Dir: s, Roles: NS, TrID: EchoZero, Payload: decode.LastArg, Args: []Arg{req("Length", Length)},
		Means: "settings, in XML, before the answer to the logon", Example: "GCF 0 11\r\n<Policies/>",
	},
	Row{
		Verb: "GCF", Dir: s, Roles: NS, TrID: EchoZero, Payload: decode.LastArg,
		Args:  []Arg{req("FileName", Text), req("Length", Length)},
		Means: "a file of settings, in XML", Example: "GCF 0 Shields.xml 11\r\n<Policies/>",
	},
	Row{
		Verb: "RFS", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{rest("Argument")},
		Means: "asks the client to tell its lists again; only its name is known", Example: "RFS 0\r\n",
	},
	Row{
		Verb: "UUN", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Payload: decode.ThirdArgIfNumeric,
		Replies: verbs("UUN"),
		Args:    []Arg{req("UserHandle", Handle), req("Type", Number), opt("Length", Length)},
		Means:   "a notification to another user, such as the wish to call",
		Example: "UUN 9 bob@hotmail.com 1 5\r\nhello",
	},
	Row{
		Verb: "UUN", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{is("Status", "OK")},
		Means: "the notification is on its way", Example: "UUN 9 OK\r\n",
	},
	Row{
		Verb: "UUN", Dir: s, Roles: NS, TrID: Echo, Payload: decode.LastArgIfNumeric,
		Args:  []Arg{req("Length", Length)},
		Means: "the answer to a notification", Example: "UUN 9 5\r\nhello",
	},
	Row{
		Verb: "UBN", Dir: s, Roles: NS, Payload: decode.LastArg,
		Args:  []Arg{req("UserHandle", Handle), req("Type", Number), req("Length", Length)},
		Means: "a notification from another user", Example: "UBN bob@hotmail.com 1 5\r\nhello",
	},
	Row{
		Verb: errorVerb, Dir: s, Roles: DS | SB, TrID: Perhaps, Args: []Arg{rest("ErrorInfo")},
		Means: "the request failed", Section: "7.11", Example: "911 6\r\n",
	},
	Row{
		Verb: errorVerb, Dir: s, Roles: NS, TrID: Perhaps, Payload: decode.OnlyArgIfNumeric,
		Args:  []Arg{req("Length", Length)},
		Means: "the request failed; what was wrong follows", Example: "241 7 5\r\n<ml/>",
	},
	Row{
		Verb: errorVerb, Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{rest("ErrorInfo")},
		Means: "the request failed", Example: "911 6\r\n",
	},
)

// ringArgs returns the arguments of RNG, followed by those that a later dialect added.
func ringArgs(more ...Arg) []Arg {
	return append([]Arg{
		req("SessionID", Session), req("SwitchboardServerAddress", HostPort), oneOf("SP", "CKI"),
		req("AuthChallengeInfo", Cookie),
		req("CallingUserHandle", Handle), req("CallingUserFriendlyName", Name),
	}, more...)
}
