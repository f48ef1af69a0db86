package explain

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
)

// sections lists the sections of the draft that describe the protocol, each in a sentence.
var sections = []struct{ number, means string }{
	{"4.1", "the dispatch server: where a client connects first, to be referred to its notification server"},
	{"4.2", "the notification server: logon, lists, states and invitations, for as long as the user is logged on"},
	{"4.3", "the switchboard: one conversation, whose messages it passes on"},
	{"5.1", "connections: TCP, port 1863, one to a notification server and one for each conversation"},
	{"5.2", "commands: three capital letters, parameters between blanks, a line end; what is not ASCII is escaped"},
	{"5.3", "requests are asynchronous: a client need not wait for an answer before it sends the next command"},
	{"5.4", "user handles: mail addresses of at most 129 bytes"},
	{"5.5", "names that users choose: at most 387 bytes with their escapes"},
	{"5.6", "transaction identifiers: the client's number for a request, which the answer repeats; 0 for what nobody " +
		"asked"},
	{"5.7", "the four lists: forward, reverse, allow and block"},
	{"6", "all commands, with the servers that know them"},
	{"7.1", "the dialect: the client offers, the server chooses or refuses"},
	{"7.2", "the security packages that the server accepts"},
	{"7.3", "the logon: the user's handle, a challenge, and the MD5 of challenge and password"},
	{"7.4", "referral to another notification server, at the logon and in mid-session"},
	{"7.5", "synchronization: the server sends lists and settings if the client has another version of them"},
	{"7.6", "lists and settings: LST, and what GTC and BLP mean"},
	{"7.7", "the nine states of a user"},
	{"7.8", "changes of the lists, by the user and by others"},
	{"7.9", "notifications: a contact comes online, changes its state, goes offline"},
	{"7.10", "the end of a connection, and its reasons"},
	{"7.11", "errors: three digits and the TrID of the request that failed"},
	{"8.1", "referral to a switchboard: its address, and a cookie that admits the caller"},
	{"8.2", "how the caller enters the switchboard, with the cookie in place of a password"},
	{"8.3", "how the caller invites others, who are rung"},
	{"8.4", "how a ring reaches the callee, how that enters the session and learns who is there"},
	{"8.5", "how the participants learn who joins and who leaves"},
	{"8.6", "how a participant leaves"},
	{"8.7", "how a message is sent, and when its sender hears whether it arrived"},
	{"8.8", "how a message is received, and what its body looks like"},
}

// sectionEntries returns the sections with the commands and the rules of lint that refer to them.
func sectionEntries() []Entry {
	var all []Entry
	for _, s := range sections {
		e := Entry{Word: s.number, Kind: Section, Means: s.means}
		var verbs, rules []string
		for _, row := range dialect.MSNP2.Rows() {
			if row.Section == s.number && row.Verb != errorVerb && !slices.Contains(verbs, row.Verb) {
				verbs = append(verbs, row.Verb)
			}
		}
		for _, r := range lint.Rules() {
			if r.Section == s.number {
				rules = append(rules, r.ID)
			}
		}
		if verbs != nil {
			e.Facts = append(e.Facts, Pair{"commands", strings.Join(verbs, ", ")})
		}
		if rules != nil {
			e.Facts = append(e.Facts, Pair{"lint", strings.Join(rules, ", ")})
		}
		all = append(all, e)
	}
	return all
}

// concepts lists what the protocol is about in the words of people, which stand in no command.
var concepts = []struct{ word, section, means string }{
	{
		"cookie", "8.1", "a secret word that a notification server gives a user and that admits this user to one " +
			"switchboard, once: in the XFR of a caller and in the RNG of a callee. USR and ANS show it there",
	},
	{
		"dispatch server", "4.1", "DS: where a client connects first; it refers the client to the notification " +
			"server " +
			"of " +
			"its user and closes",
	},
	{
		"notification server", "4.2", "NS: the server to which a user is connected for as long as the user is logged " +
			"on; it " +
			"knows lists and states, and passes invitations, but no messages",
	},
	{
		"switchboard", "4.3", "SB: a server that joins the users of one conversation and passes on what each writes; " +
			"every conversation has connections of its own",
	},
	{
		"session", "8.3", "a conversation at a switchboard. Its number comes with the answer to CAL and with " +
			"RNG, and " +
			"the " +
			"callee repeats it in ANS",
	},
	{
		"referral", "7.4", "the command XFR, and RNG for a callee: the server names the address to which the client " +
			"must " +
			"connect next. A proxy must change it, or the client leaves the proxy",
	},
	{"forward list", "5.7", "FL: the contacts of the user, whose states the server reports"},
	{"reverse list", "5.7", "RL: the users who have this user on their forward lists; only the server changes it"},
	{"allow list", "5.7", "AL: the users who may see the state of this user and write to it"},
	{"block list", "5.7", "BL: the users who may do neither"},
	{
		"challenge", "7.3", "a text that the server makes for one logon. The client answers with the MD5 of it and " +
			"the " +
			"password, so that the password is never sent",
	},
	{
		"roster", "8.4",
		"the users in a session: one IRO for each, before the answer to ANS; then JOI and BYE tell of changes",
	},
	{"ring", "8.4", "RNG: the notification server tells a user that somebody calls, with address, cookie and session"},
	{
		"dialect", "7.1",
		"a version of the protocol, MSNP2 to MSNP21. The client offers some in VER, the server chooses one",
	},
	{
		"friendly name", "5.5",
		"the name that a user shows to others, with blanks and all that is not ASCII escaped as %XX",
	},
}

func conceptEntries() []Entry {
	var all []Entry
	for _, c := range concepts {
		all = append(all, Entry{
			Word: c.word, Kind: Concept, Means: c.means, Facts: []Pair{{"section", cite(c.section)}},
		})
	}
	return all
}
