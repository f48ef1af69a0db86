package explain

// version holds what is known about a dialect beyond its table.
type version struct {
	name, client, year string // client is the first one that spoke it
	brought            string // what was new
}

// dialects lists the protocol versions, the oldest first.
var dialects = []version{
	{
		"CVR0", "1.0", "1999",
		"not a dialect: a client that names only this in VER wants to know the newest client version",
	},
	{"MSNP2", "1.0", "1999", "the first dialect that was released, and the one that the draft describes"},
	{"MSNP3", "2.0", "1999", "dropped the password in clear text; fonts in messages, new names for the mail notices"},
	{"MSNP4", "2.1", "2000", "the client tells its code name with its version"},
	{"MSNP5", "3.0", "2000", "telephone numbers and pages, notices of web services, file transfer by invitation"},
	{
		"MSNP6", "3.6", "2001",
		"challenges in mid-session keep foreign clients out; the logon says whether the mail address is confirmed",
	},
	{"MSNP7", "4.5", "2001", "contacts in groups; a referral also names the server to which the client is connected"},
	{
		"MSNP8", "5.0", "2003",
		"the logon by Passport ticket in place of INF and MD5; a shorter synchronisation; capabilities beside the " +
			"state",
	},
	{
		"MSNP9", "6.0", "2003",
		"pictures and smileys as objects that clients fetch from each other through the switchboard",
	},
	{
		"MSNP10", "6.1", "2003",
		"lists without version numbers, contacts and groups with identifiers of an address book on the web",
	},
	{"MSNP11", "7.0", "2005", "a personal message beside the name; another digest for the challenges"},
	{"MSNP12", "7.5", "2005", "the network of a contact in the list, the capabilities of participants in a session"},
	{"MSNP13", "8.0", "2006", "the lists moved to a web service; the client sends them to the server in XML"},
	{"MSNP14", "8.0", "2006", "contacts of other networks, with messages to them outside sessions"},
	{"MSNP15", "8.1", "2007", "single sign-on"},
	{"MSNP16", "9.0", "2008", "a user may be logged on in several places at once"},
	{"MSNP17", "14.0", "2009", "other web services; the commands stay as they are"},
	{"MSNP18", "14.0", "2009", "circles: groups that chat together; the network stands before the handle"},
	{"MSNP19", "15.0", "2010", "a step on the way, in trials only: presence and notifications are documents now"},
	{"MSNP20", "15.0", "2010", "another step, in trials only; no difference in the commands is known"},
	{
		"MSNP21", "15.4", "2010",
		"no more switchboards: messages and presence travel through the notification server",
	},
}
