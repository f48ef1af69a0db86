package dialect

var (
	// anyList includes the pending list: those who added this user and were neither allowed nor
	// blocked yet.
	anyList = Arg{Name: "LIST", Values: []string{"FL", "RL", "AL", "BL", "PL"}}

	byHandle  = after("N=", req("UserHandle", Handle))
	byName    = after("F=", req("FriendlyName", Name))
	byContact = after("C=", req("ContactID", Token))
	itsName   = []Arg{is("Property", "MFN"), req("Value", Name)}
	contact   = as(Contact, req("UserHandle", Handle)) // for FL it is the identifier in the address book
)

// msnp10 dates from 2003: answers have no serials, contacts and groups are named by the identifiers
// that the address book gives them, and prefixes tell what a word is (N= handle, F= name, C=
// contact).
var msnp10 = msnp9.with(10, []gone{{verbs: "ADD REA LSG"}, {verbs: "LST GTC BLP PRP BPR ADG RMG REG", dir: s}},
	Row{
		Verb: "USR", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{is("Status", "OK"), req("UserHandle", Self), verified, restricted},
		Means: "the user is logged on", Example: "USR 4 OK alice@hotmail.com 1 0\r\n",
	},
	Row{
		Verb: "OUT", Dir: s, Roles: Any,
		Args: []Arg{maybe(oneOf("StatusCode", "OTH", "SSD", "MIG", "TOU")), opt("Minutes", Number)},
		Means: "the server closes: OTH, the user logged on elsewhere; SSD, it goes down; MIG, the account moves; " +
			"TOU, new terms to agree to",
		Example: "OUT TOU\r\n",
	},
	Row{
		Verb: "SYN", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args:    []Arg{req("ListVersion", Text), req("SettingsVersion", Text)},
		Replies: verbs("SYN"), Means: "asks for contacts and settings unless the client has those versions of them",
		Example: "SYN 7 0 0\r\n",
	},
	Row{
		Verb: "SYN", Dir: s, Roles: NS, TrID: Echo,
		Args: []Arg{
			req("ListVersion", Text), req("SettingsVersion", Text), opt("Contacts", Number),
			opt("Groups", Number),
		},
		Means:   "the versions that the server has; as many contacts and groups follow if they are others",
		Example: "SYN 7 2004-07-29T17:43:53.313-07:00 2004-07-28T02:03:05.177-07:00 7 4\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS, Args: []Arg{byHandle, byName, byContact, listBits, opt("GroupIDs", Token)},
		Means:   "one contact after SYN, with the lists that it is on and its groups",
		Example: "LST N=bob@hotmail.com F=Bob C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 11\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS, Args: []Arg{byHandle, byName, listBits, opt("GroupIDs", Token)},
		Means:   "one contact after SYN that is not on the forward list",
		Example: "LST N=carol@hotmail.com F=Carol 8\r\n",
	},
	Row{
		Verb: "GTC", Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{oneOf("Value", "A", "N")},
		Means: "the setting for being added: A asks, N does not", Example: "GTC 9 N\r\n",
	},
	Row{
		Verb: "BLP", Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{oneOf("Value", "AL", "BL")},
		Means: "the privacy mode: AL all but the blocked, BL only the allowed", Example: "BLP 9 BL\r\n",
	},
	Row{
		Verb: "PRP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("PRP"), Args: itsName,
		Means: "sets the user's name", Example: "PRP 10 MFN Alice%20the%20Great\r\n",
	},
	Row{
		Verb: "PRP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("PRP"),
		Args: []Arg{property, req("Value", Text)}, Means: "sets a property of the user",
		Example: "PRP 10 PHH 555%201234\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, TrID: Perhaps, Args: itsName, Means: "the user's name",
		Example: "PRP 10 MFN Alice%20the%20Great\r\n",
	},
	Row{
		Verb: "PRP", Dir: s, Roles: NS, TrID: Perhaps, Args: []Arg{property, opt("Value", Text)},
		Means: "a property of the user", Example: "PRP 10 PHH 555%201234\r\n",
	},
	Row{
		Verb: "BPR", Dir: s, Roles: NS, Args: []Arg{as(Mail, req("UserHandle", Handle)), property, opt("Value", Text)},
		Means: "a property of a contact", Example: "BPR bob@hotmail.com PHH 555%201234\r\n",
	},
	Row{
		Verb: "BPR", Dir: s, Roles: NS, Args: []Arg{property, opt("Value", Text)},
		Means: "after SYN, a property of the contact of the LST before", Example: "BPR HSB 1\r\n",
	},
	Row{
		Verb: "ADC", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("ADC", "ILN"),
		Args:  []Arg{anyList, byHandle, maybe(byName)},
		Means: "adds a user to a list", Example: "ADC 16 FL N=bob@hotmail.com F=Bob\r\n",
	},
	Row{
		Verb: "ADC", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("ADC"),
		Args:    []Arg{anyList, byContact, opt("GroupID", Token)},
		Means:   "adds a contact to a group",
		Example: "ADC 17 FL C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 d0c1178c-689d-4350-80b5-4ee8dcde2a13\r\n",
	},
	Row{
		Verb: "ADC", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{anyList, byHandle, maybe(byName), maybe(byContact)},
		Means:   "a user was added to a list; on the reverse list: somebody added this user",
		Example: "ADC 16 FL N=bob@hotmail.com F=Bob C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9\r\n",
	},
	Row{
		Verb: "ADC", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{anyList, byContact, opt("GroupID", Token)},
		Means:   "a contact was added to a group",
		Example: "ADC 17 FL C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 d0c1178c-689d-4350-80b5-4ee8dcde2a13\r\n",
	},
	Row{
		Verb: "REM", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args: []Arg{anyList, contact, opt("GroupID", Token)}, Replies: verbs("REM"),
		Means: "removes a user from a list, or from one group", Example: "REM 18 AL bob@hotmail.com\r\n",
	},
	Row{
		Verb: "REM", Dir: s, Roles: NS, TrID: EchoZero, Args: []Arg{anyList, contact, opt("GroupID", Token)},
		Means:   "a user was removed from a list or a group",
		Example: "REM 18 FL 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9\r\n",
	},
	Row{
		Verb: "SBP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("SBP"),
		Args:  append([]Arg{req("ContactID", Token)}, itsName...),
		Means: "sets the name of a contact", Example: "SBP 19 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 MFN Bobby\r\n",
	},
	Row{
		Verb: "SBP", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("SBP"),
		Args:  []Arg{req("ContactID", Token), property, req("Value", Text)},
		Means: "sets a property of a contact", Example: "SBP 19 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 HSB 1\r\n",
	},
	Row{
		Verb: "SBP", Dir: s, Roles: NS, TrID: Echo, Args: append([]Arg{req("ContactID", Token)}, itsName...),
		Means: "the name of a contact was set", Example: "SBP 19 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 MFN Bobby\r\n",
	},
	Row{
		Verb: "SBP", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{req("ContactID", Token), property, req("Value", Text)},
		Means: "a property of a contact was set", Example: "SBP 19 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 HSB 1\r\n",
	},
	Row{
		Verb: "LSG", Dir: s, Roles: NS, Args: []Arg{groupName, groupID}, Means: "one group after SYN",
		Example: "LSG Friends d0c1178c-689d-4350-80b5-4ee8dcde2a13\r\n",
	},
	Row{
		Verb: "ADG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("ADG"),
		Args:  []Arg{groupName, opt("Reserved", Token)},
		Means: "makes a group", Example: "ADG 20 Work 0\r\n",
	},
	Row{
		Verb: "ADG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{groupName, groupID, opt("Reserved", Token)},
		Means: "a group was made", Example: "ADG 20 Work f1eaa1f5-1cd6-4a24-8f07-6f2b6b28a6a1 0\r\n",
	},
	Row{
		Verb: "RMG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{groupID},
		Means: "a group was removed", Example: "RMG 21 f1eaa1f5-1cd6-4a24-8f07-6f2b6b28a6a1\r\n",
	},
	Row{
		Verb: "RMG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{is("Reserved", "1"), groupID},
		Means: "a group was removed", Example: "RMG 21 1 f1eaa1f5-1cd6-4a24-8f07-6f2b6b28a6a1\r\n",
	},
	Row{
		// The sources disagree on whether the name or the number comes first.
		Verb: "REG", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{is("Reserved", "1"), groupID, groupName, opt("Reserved2", Token)},
		Means: "a group was renamed", Example: "REG 22 1 f1eaa1f5-1cd6-4a24-8f07-6f2b6b28a6a1 Colleagues 0\r\n",
	},
	Row{
		Verb: "REG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{groupID, groupName, opt("Reserved", Token)},
		Means: "a group was renamed", Example: "REG 22 f1eaa1f5-1cd6-4a24-8f07-6f2b6b28a6a1 Colleagues 0\r\n",
	},
)
