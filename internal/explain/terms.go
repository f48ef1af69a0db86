package explain

import "github.com/msnscope/msnscope/decode/dialect"

// The kinds of entries, as they are displayed.
const (
	Command     = "command"
	Argument    = "argument"
	State       = "state"
	List        = "list"
	Privacy     = "privacy setting"
	Acknowledge = "acknowledgement mode"
	Package     = "security package"
	Sequence    = "step of the logon"
	Status      = "status"
	Referral    = "kind of referral"
	Switch      = "setting"
	FileProto   = "protocol of file transfers"
	ErrorCode   = "error code"
	ContentType = "content type"
	ServerRole  = "kind of server"
	DialectName = "dialect"
	Field       = "field of filters and JSON lines"
	FlagName    = "flag"
	BodyField   = "field of a message"
	LintRule    = "rule of lint"
	Concept     = "term"
	Section     = "section of the draft"
)

// term is one meaning of a word that may stand in an argument.
type term struct {
	word, kind string
	// of lists the arguments of which the word is a value: "Name", or "VERB.Name" if several
	// commands use the name for different things.
	of      []string
	section string // of the draft, "" if it does not have the word
	means   string
}

// terms lists the words that may stand in arguments. A test names each word in Values or Is of a
// row that has no entry here.
var terms = []term{
	{"MFN", Switch, []string{"Property"}, "", "the user's own name, or that which the user has given to a contact"},
	{"NLN", State, []string{"State", "Substate"}, "7.7", "online, and ready to talk"},
	{"FLN", State, []string{"State", "Substate"}, "7.7", "offline; the user is logged on, but everybody else sees " +
		"the user as gone"},
	{"HDN", State, []string{"State", "Substate"}, "7.7", "hidden: others see the user as offline, but the user " +
		"sees them"},
	{"BSY", State, []string{"State", "Substate"}, "7.7", "online, but busy"},
	{"IDL", State, []string{"State", "Substate"}, "7.7", "online, but nobody has touched the keyboard for some time: " +
		"the client sets this state by itself"},
	{"BRB", State, []string{"State", "Substate"}, "7.7", "online, but away for a moment: back soon"},
	{"AWY", State, []string{"State", "Substate"}, "7.7", "online, but away from the computer"},
	{"PHN", State, []string{"State", "Substate"}, "7.7", "online, but on the telephone"},
	{"LUN", State, []string{"State", "Substate"}, "7.7", "online, but out for lunch"},

	{
		"FL", List,
		[]string{"LIST"},
		"5.7",
		"the forward list: the contacts of the user, whose states the server reports",
	},
	{
		"RL", List,
		[]string{"LIST"},
		"5.7",
		"the reverse list: the users who have this user as a contact; only the server " +
			"changes it",
	},
	{
		"AL", List,
		[]string{"LIST"},
		"5.7",
		"the allow list: the users who may see the user's state and write to the user",
	},
	{
		"BL", List,
		[]string{"LIST"},
		"5.7",
		"the block list: the users who see the user as offline and cannot write; nobody " +
			"is on AL and BL at once",
	},
	{"PL", List, []string{"LIST"}, "", "the pending list: the users who added this user and wait for an answer"},

	{"AL", Privacy, []string{"BLP.Value"}, "7.6", "value of BLP: users on neither AL nor BL count as allowed: " +
		"everybody except the blocked may write"},
	{"BL", Privacy, []string{"BLP.Value"}, "7.6", "value of BLP: users on neither AL nor BL count as blocked: " +
		"only the allowed may write"},
	{"A", Privacy, []string{"GTC.Value"}, "7.6", "value of GTC: the client asks its user whenever somebody adds " +
		"the user"},
	{"N", Privacy, []string{"GTC.Value"}, "7.6", "value of GTC: the client does not ask when somebody adds its user"},

	{"U", Acknowledge, []string{"AckMode"}, "8.7", "unacknowledged: the server reports neither success nor " +
		"failure; typing notices are sent this way"},
	{"N", Acknowledge, []string{"AckMode"}, "8.7", "negative only: NAK if the message could not be delivered, " +
		"otherwise nothing"},
	{"A", Acknowledge, []string{"AckMode"}, "8.7", "always: ACK if everybody got the message, NAK if not"},
	{"D", Acknowledge, []string{"AckMode"}, "", "like A, for the data of direct transfers such as pictures"},
	{"S", Acknowledge, []string{"AckMode"}, "", "like N, from later clients; rarely seen"},

	{"MD5", Package, []string{"SP"}, "7.3", "the server sends a challenge, the client MD5 of challenge and " +
		"password together: the password is never sent"},
	{"CTP", Package, []string{"SP"}, "", "the password in clear text; the first servers accepted it, MSNP3 dropped it"},
	{"CKI", Package, []string{"SP"}, "8.1", "the cookie that a notification server issues and a switchboard " +
		"accepts in place of a password"},
	{"TWN", Package, []string{"SP"}, "", "a ticket of the Passport web service, which the client fetches over " +
		"HTTPS with the server's parameters"},
	{"SSO", Package, []string{"SP"}, "", "single sign-on: a ticket of the web service, and an answer computed from " +
		"its secret and the server's nonce"},
	{"SHA", Package, []string{"SP"}, "", "a signed ticket that opens the circles of the user, after the logon"},

	{"I", Sequence, []string{"Sequence"}, "7.3", "initiate: the first USR, which names the user"},
	{"S", Sequence, []string{"Sequence"}, "7.3", "subsequent: the challenge of the server, and the client's answer " +
		"to it"},
	{"A", Sequence, []string{"Sequence"}, "", "authorisation: the USR that follows the logon with a ticket for " +
		"circles"},

	{"OK", Status, []string{"Status"}, "7.3", "success: the user is logged on, is in the session, or the request " +
		"was carried out"},
	{"RINGING", Status, []string{"Status"}, "8.3", "the invitation was delivered; a JOI follows if the user " +
		"joins"},
	{"OTH", Status, []string{"StatusCode"}, "7.10", "of OUT: the same user logged on from another client"},
	{"SSD", Status, []string{"StatusCode"}, "7.10", "of OUT: the server is going down"},
	{"MIG", Status, []string{"StatusCode"}, "", "of OUT: the account's list is being moved; the client should log " +
		"on again later"},
	{"TOU", Status, []string{"StatusCode"}, "", "of OUT: the user must accept the terms of use first"},
	{
		"RCT", Status,
		[]string{"StatusCode"},
		"",
		"of OUT: the client should reconnect after the given number of minutes",
	},

	{"NS", Referral, []string{"ReferralType"}, "7.4", "the address is that of a notification server: log on there"},
	{
		"SB", Referral,
		[]string{"ReferralType"},
		"8.1",
		"the address is that of a switchboard, which the client asked for; a cookie " +
			"for it follows",
	},

	{"U", Referral, []string{"AddressKind"}, "", "the address is reached over TCP"},
	{"G", Referral, []string{"AddressKind"}, "", "the address is reached over the gateway, which wraps " +
		"commands in HTTP"},
	{"0", Referral, []string{"Direct"}, "", "the session is reached over the gateway only"},
	{"1", Referral, []string{"Direct"}, "", "the session is reached directly"},

	{"PUT", Status, []string{"Operation"}, "", "of NFY: somebody published the document"},
	{"DEL", Status, []string{"Operation"}, "", "of NFY: somebody withdrew the document"},
	{"1", Status, []string{"Reserved"}, "", "stands in some servers' answers about groups; never explained"},

	{"MSNFTP", FileProto, []string{"Protocol"}, "", "the transfer of a file from one client to " +
		"another: the receiver connects to the sender, which an invitation at the switchboard has told where"},

	{"ON", Switch, []string{"IMS.Value"}, "", "value of IMS: the television set accepts instant messages"},
	{"OFF", Switch, []string{"IMS.Value"}, "", "value of IMS: the television set accepts no instant messages"},
}

// roleTable lists the kinds of servers.
var roleTable = []struct {
	role          dialect.Role
	name, section string
	means         string
}{
	{
		dialect.DS, "dispatch server", "4.1",
		"where a client connects first: it agrees on a dialect, learns who wants to log on, and refers the client to " +
			"that user's notification server; then it closes",
	},
	{
		dialect.NS, "notification server", "4.2",
		"the connection that lasts as long as the user is logged on: password, lists, states of the contacts, " +
			"invitations. It does not see the messages",
	},
	{
		dialect.SB, "switchboard server", "4.3",
		"a room for one conversation: it delivers what one participant writes to all others. Each conversation has " +
			"its own connection; a cookie from the notification server admits the client. In its text the draft " +
			"abbreviates it SS, in commands SB",
	},
	{
		dialect.FT, "file transfer", "",
		"no server, but the client that sends a file: it listens for the client that receives the file, and both " +
			"speak MSNFTP. In filters and displays the user of such a connection is the receiver",
	},
}
