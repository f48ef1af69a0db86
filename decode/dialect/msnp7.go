package dialect

var (
	groupID   = req("GroupID", Token)
	groupName = req("GroupName", Name)
	reserved  = req("Reserved", Token)
)

// msnp7 dates from 2001: contacts in groups, and referrals that name the server to which the client
// is connected.
var msnp7 = msnp6.with(7, nil,
	Row{
		Verb: "XFR", Dir: s, Roles: DS | NS, Implies: DS, TrID: EchoZero, Speaker: itself,
		Args: []Arg{
			is("ReferralType", "NS"), req("Address", HostPort), opt("Reserved", Token),
			opt("CurrentAddress", HostPort),
		},
		Means:   "sends the client on to a notification server, from the one that it takes this for",
		Example: "XFR 2 NS 207.46.106.145:1863 0 207.46.104.20:1863\r\n",
	},
	Row{
		Verb: "SYN", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Args: []Arg{serial}, Section: "7.5",
		Replies: verbs("SYN", "GTC", "BLP", "PRP", "LSG", "LST"),
		Means:   "asks for all stored properties unless the client has that version of them", Example: "SYN 7 0\r\n",
	},
	Row{
		Verb: "LST", Dir: s, Roles: NS, TrID: Echo,
		Args: []Arg{
			list, serial, req("Item", Number), req("TtlItems", Number), opt("UserHandle", Handle),
			opt("CustomUserName", Name), opt("GroupIDs", Token),
		},
		Means:   "one entry of a list, on the forward list with its groups; an empty list is one line with 0 0",
		Example: "LST 7 FL 12 1 2 bob@hotmail.com Bob 0,2\r\n",
	},
	Row{
		Verb: "ADD", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args:    []Arg{ownList, req("UserHandle", Handle), opt("CustomUserName", Name), opt("GroupID", Token)},
		Replies: verbs("ADD", "ILN"), Means: "adds a user to a list, to a group of it",
		Example: "ADD 9 FL bob@hotmail.com Bob 2\r\n",
	},
	Row{
		Verb: "ADD", Dir: s, Roles: NS, TrID: EchoZero,
		Args:    []Arg{list, serial, req("UserHandle", Handle), opt("CustomUserName", Name), opt("GroupID", Token)},
		Means:   "a user was added to a list or a group; on the reverse list: somebody added this user",
		Example: "ADD 9 FL 13 bob@hotmail.com Bob 2\r\n",
	},
	Row{
		Verb: "REM", Dir: c, Roles: NS, When: LoggedOn, TrID: New,
		Args:    []Arg{ownList, req("UserHandle", Handle), opt("GroupID", Token)},
		Replies: verbs("REM"), Means: "removes a user from a list, or from one group",
		Example: "REM 10 FL bob@hotmail.com 2\r\n",
	},
	Row{
		Verb: "REM", Dir: s, Roles: NS, TrID: EchoZero,
		Args:  []Arg{list, serial, req("UserHandle", Handle), opt("GroupID", Token)},
		Means: "a user was removed from a list or a group", Example: "REM 10 FL 14 bob@hotmail.com 2\r\n",
	},
	Row{
		Verb: "LSG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("LSG"),
		Means: "asks for the groups", Example: "LSG 11\r\n",
	},
	Row{
		Verb: "LSG", Dir: s, Roles: NS, TrID: Echo,
		Args:  []Arg{serial, req("Item", Number), req("TtlItems", Number), groupID, groupName, reserved},
		Means: "one group", Example: "LSG 7 12 1 2 0 Friends 0\r\n",
	},
	Row{
		Verb: "ADG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("ADG"),
		Args:  []Arg{groupName, reserved},
		Means: "makes a group", Example: "ADG 12 Work 0\r\n",
	},
	Row{
		// The sources disagree on whether the name or the number comes first.
		Verb: "ADG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, groupName, groupID, reserved},
		Means: "a group was made", Example: "ADG 12 15 Work 3 0\r\n",
	},
	Row{
		Verb: "RMG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("RMG"), Args: []Arg{groupID},
		Means: "removes a group", Example: "RMG 13 3\r\n",
	},
	Row{
		Verb: "RMG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, groupID}, Means: "a group was removed",
		Example: "RMG 13 16 3\r\n",
	},
	Row{
		Verb: "REG", Dir: c, Roles: NS, When: LoggedOn, TrID: New, Replies: verbs("REG"),
		Args:  []Arg{groupID, groupName, opt("Reserved", Token)},
		Means: "renames a group", Example: "REG 14 3 Colleagues 0\r\n",
	},
	Row{
		Verb: "REG", Dir: s, Roles: NS, TrID: Echo, Args: []Arg{serial, groupID, groupName, reserved},
		Means: "a group was renamed", Example: "REG 14 17 3 Colleagues 0\r\n",
	},
)
