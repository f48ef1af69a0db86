package dialect

// msnp12 dates from October 2005: contacts in other networks, and the capabilities of the others in
// a session.
var msnp12 = msnp11.with(12, []gone{{verbs: "GSB"}},
	Row{
		Verb: "LST", Dir: s, Roles: NS,
		Args:    []Arg{byHandle, byName, byContact, listBits, network, opt("GroupIDs", Token)},
		Means:   "one contact after SYN, with the lists that it is on, its network and its groups",
		Example: "LST N=bob@hotmail.com F=Bob C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 11 1\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS, Args: []Arg{byHandle, byName, listBits, network, opt("GroupIDs", Token)},
		Means:   "one contact after SYN that is not on the forward list",
		Example: "LST N=carol@hotmail.com F=Carol 8 1\r\n",
	},
	Row{
		Verb: "IRO", Dir: s, Roles: SB, TrID: Echo, Args: []Arg{
			req("Participant", Number), req("TotalParticipants", Number), req("UserHandle", Handle),
			req("FriendlyName", Name), caps,
		},
		Means:   "a user who is in the session already, and what its client can do",
		Example: "IRO 1 1 1 alice@hotmail.com Alice%20L 268435488\r\n",
	},
	Row{
		Verb: "JOI", Dir: s, Roles: SB,
		Args:    []Arg{req("CalleeUserHandle", Handle), req("CalleeUserFriendlyName", Name), caps},
		Means:   "a user joined the session, and what its client can do",
		Example: "JOI bob@hotmail.com Bob 268435488\r\n",
	},
	Row{
		Verb: "LKP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{rest("Argument")},
		Means: "only its name is known", Example: "LKP 9 bob@hotmail.com\r\n",
	},
)

// network is the number of a network: 1 for this one, 4 for telephones, 32 for Yahoo.
var network = req("NetworkType", Number)

// rest returns an argument that stands for all further words of a command, whose meaning is
// unknown.
func rest(name string) Arg { return Arg{Name: name, Kind: Text, Optional: true, Many: true} }
