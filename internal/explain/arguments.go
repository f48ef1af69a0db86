package explain

// argument holds the meaning of an argument. If commands use the same name for different things,
// the rarer ones have an entry named "VERB.Name".
type argument struct{ name, means string }

// arguments lists the arguments in the order in which they come up in a session. A test names each
// argument of a row that has no entry here.
var arguments = []argument{
	{"TrID", "the transaction identifier: a number from 0 to 4294967295 that the client chooses; answers to the " +
		"command have the same, and commands that the server sends unasked have 0 or none (§5.6)"},

	// The logon.
	{"DialectName", "the name of a protocol version, in upper or lower case; CVR0 only asks for the newest client"},
	{"SP", "the security package: the method by which a user proves who they are"},
	{"Sequence", "the step of the logon: I begins, S goes on"},
	{"AuthInitiateInfo", "the data that begins the proof; for MD5 the user's own handle"},
	{
		"AuthChallengeInfo",
		"what the client needs for its proof: for MD5 the challenge, for CKI the cookie that it shows to the " +
			"switchboard",
	},
	{
		"AuthResponseInfo",
		"the proof: for MD5 32 hexadecimal digits, MD5 of challenge and password; at a switchboard the cookie",
	},
	{"Status", "the outcome of the request"},
	{
		"UserHandle",
		"the user whom the command is about: a mail address with its domain, at most 129 bytes, never escaped (§5.4)",
	},
	{
		"FriendlyName",
		"the name that people see, with %XX for blanks and everything beyond ASCII, at most 387 bytes in that form " +
			"(§5.5)",
	},
	{"CustomUserName", "the name that the contact has on the list, escaped, at most 387 bytes (§5.5)"},
	{"ReferralType", "the kind of server to which the client is referred: NS or SB"},
	{"Address", "where to connect: host or host:port, port 1863 if none is given; 0 means: begin again with VER " +
		"on this connection"},
	{"Reserved", "a word without a known meaning, often 0 or X"},
	{"Reserved2", "another word without a known meaning"},
	{"CurrentAddress", "the address of the server to which the client is connected now"},

	// Properties and lists.
	{"Ser", "the version of the user's stored properties; one number counts all changes of lists and settings. The " +
		"draft writes Ser#"},
	{"LIST", "one of the contact lists (§5.7)"},
	{"Item", "the number of this entry, from 1; 0 if there are none. The draft writes Item#"},
	{"TtlItems", "the number of entries"},
	{"Value", "the new value"},
	{"GTC.Value", "what happens when somebody adds the user: A the client asks, N it does not"},
	{"BLP.Value", "how users on neither list are treated: AL as allowed, BL as blocked"},
	{"IMS.Value", "whether the user accepts instant messages"},
	{"State", "the state of the user (§7.7)"},
	{"Substate", "the state of a contact; never FLN or HDN, since servers do not announce those (§7.9)"},
	{"StatusCode", "the reason why the server closes; absent if the client asked for it"},
	{"ErrorInfo", "more about the error; the draft allows it but defines none (§7.11)"},

	// Switchboard sessions.
	{"SessionID", "the number of the switchboard session"},
	{"SwitchboardServerAddress", "where the session is: host or host:port"},
	{"CallingUserHandle", "the handle of the user who invites"},
	{"CallingUserFriendlyName", "the name of the user who invites, escaped"},
	{"LocalUserHandle", "the handle of the user who enters: the user of this connection"},
	{"Participant", "the number of this participant, from 1. The draft writes Participant#"},
	{"TotalParticipants", "the number of participants who are in the session already"},
	{"CalleeUserHandle", "the handle of the user who joined or left"},
	{"CalleeUserFriendlyName", "the name of the user who joined, escaped"},
	{"Reason", "why the user left: 1 when the session was idle for too long"},
	{"AckMode", "the acknowledgements that the sender wants"},
	{"Length", "the number of bytes that follow the line; the next command begins right after them"},

	// What the draft does not have.
	{"Lcid", "the language of the client as Windows numbers it, 0x0409 for English"},
	{"Os", "the operating system of the client"},
	{"OsVersion", "the version of the operating system"},
	{"Arch", "the processor of the client"},
	{"Library", "the name of the client's protocol library"},
	{"ClientVersion", "the version of the client"},
	{"Client", "the code name of the client"},
	{"Recommended", "the client version that is recommended to users"},
	{"Recommended2", "the same version again"},
	{"Minimum", "the oldest client version that may log on"},
	{"DownloadURL", "the address for downloading the client"},
	{"InfoURL", "the address of a page about the client"},
	{"Service", "the requested page, such as INBOX"},
	{"Parameter", "a parameter of the page"},
	{"Rru", "the page that follows the logon page"},
	{"Url", "the address of the logon page"},
	{"SiteID", "the number of the site for the logon page"},
	{"Field", "name=value for the directory search: fname, lname, city, state, country"},
	{"Seconds", "the number of seconds after which the next PNG is due; not a length, although it stands last"},
	{"Challenge", "digits from which the client computes its digest; not a length, although they stand last"},
	{"ClientID", "the name of the client's key"},
	{
		"Property",
		"the name of a property: PHH, PHW and PHM are telephone numbers, MOB and MBE say whether pages to a " +
			"telephone are possible",
	},

	// What later dialects have.
	{"Verified", "1 if the mail address of the account was confirmed"},
	{"Restricted", "1 for an account that needs a parent's consent"},
	{"Policy", "the kind of ticket that the client must request from the web service, such as MBI_KEY_OLD"},
	{"Response", "the client's answer, computed from the ticket's key and the challenge, in base64"},
	{"Machine", "the computer from which the user logs on: 36 characters in braces, chosen by the client"},
	{"Hops", "two lines in base64, Version: 1 and XfrCount: the number of times that the client was referred"},
	{"AddressKind", "how the address is reached: U over TCP, G over the gateway for HTTP"},
	{"Directory", "a word that was never explained; only D was seen"},
	{"Domain", "the name of the service that the address belongs to"},
	{"Direct", "whether the session is reached directly (1) or only over the gateway (0)"},
	{"Minutes", "the number of minutes after which the client should reconnect"},
	{"Contacts", "the number of contacts that follow"},
	{"Groups", "the number of groups that follow"},
	{"ListVersion", "the version of the lists: the time of the last change; 0 for a client that has none"},
	{"SettingsVersion", "the version of the settings: the time of the last change; 0 for a client that has none"},
	{"Lists", "the lists that the contact is on, added up: 1 forward, 2 allow, 4 block, 8 reverse, 16 pending"},
	{"GroupID", "the group: a small number, from MSNP10 on its identifier in the address book, of 36 characters"},
	{"GroupIDs", "the groups that the contact is in, separated by commas"},
	{"GroupName", "the name of the group, escaped"},
	{"ContactID", "the identifier of the contact in the address book on the web, of 36 characters"},
	{"NetworkType", "the network of the user: 1 this one, 4 telephones, 32 Yahoo"},
	{"ToUserHandle", "the handle of the user who is to get the message"},
	{"ToNetworkType", "the network of the user who is to get the message"},
	{"Capabilities", "the capabilities of the client: a number, each bit of which stands for one capability"},
	{"MSNObject", "the display picture, described in XML and escaped; 0 if there is none"},
	{"IconURL", "the address of the icon of the contact"},
	{"Type", "the kind of message or notification, as a number"},
	{"DeviceType", "the kind of telephone, as a number"},
	{"FileName", "the file of settings, such as Shields.xml"},
	{"Operation", "what happened to the document: PUT or DEL"},
	{"Argument", "a word whose meaning is unknown"},

	// File transfers.
	{"Protocol", "the protocol of the connection, where the logon has dialects"},
	{"AuthCookie", "the number from the invitation by which the sender knows that the receiver was invited"},
	{"FileSize", "the number of bytes of the file; more than 2^62 counts as none"},
	{"Code", "always 16777989 in real clients; never explained"},
}
