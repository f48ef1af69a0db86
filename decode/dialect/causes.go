package dialect

import "github.com/msnscope/msnscope/decode"

// Occasion is something that happens on a connection: a command, or the connection's end.
type Occasion struct {
	// End reports whether this is the end of a connection; then Dir, Verb and Word are zero.
	End  bool
	Dir  decode.Dir
	Verb decode.Verb
	// Word is an argument that the command must have, "" if it need not have any.
	Word string
	// Role is the kind of server that the connection goes to, 0 for any.
	Role Role
	// By lists the fields that must agree between a cause and its consequence.
	By []Field
}

// Field is a value that a cause and its consequence have in common.
type Field uint8

// The fields.
const (
	OwnUser   Field = iota // the user of the connection
	OtherUser              // the user named in the command
	ItsCookie              // the cookie in the command
	ItsTalk                // the switchboard session of the connection
	ItsState               // the presence in the command
	ItsText                // the payload of the command
	ItsConn                // the connection itself
)

// Cause says that one occasion leads to another: To is a consequence of an earlier From if the
// fields in From.By and To.By have the same values, pair by pair.
type Cause struct {
	From, To Occasion
	// Late reports whether the consequence may follow after any time. Otherwise it follows soon or
	// not at all.
	Late bool
	// Each reports whether a cause has only one consequence on a connection. Then, of several
	// causes that match, the latest one that has no consequence there yet is taken.
	Each bool
	// Reply reports whether the consequence is an answer to the cause, although it carries no TrID
	// to say so.
	Reply bool
}

// Causes returns the table of causes: those that connect events on different connections, and those
// on one connection that no TrID connects. If several entries match an event, the first one counts.
// The slice and everything in it belong to the table and must not be changed.
func Causes() []Cause { return causes }

// Short forms for the rows of the table.

func client(verb, word string) Occasion { return Occasion{Dir: c, Verb: verbOf(verb), Word: word} }

func server(verb, word string) Occasion { return Occasion{Dir: s, Verb: verbOf(verb), Word: word} }

var anEnd = Occasion{End: true}

// at limits the occasion to connections to one kind of server.
func (o Occasion) at(role Role) Occasion {
	o.Role = role
	return o
}

// by sets the fields that must agree.
func (o Occasion) by(fields ...Field) Occasion {
	o.By = fields
	return o
}

var causes = []Cause{
	// A referral leads to the connection on which its user logs on (§7.4, §8.2), a ring to the
	// connection of the callee (§8.4).
	{From: server("XFR", "NS").by(OwnUser), To: client("USR", "I").by(OwnUser)},
	{From: server("XFR", "SB").by(ItsCookie, OwnUser), To: client("USR", "").by(ItsCookie, OwnUser), Late: true},
	{From: server("RNG", "").by(ItsCookie, OwnUser), To: client("ANS", "").by(ItsCookie, OwnUser), Late: true},

	// A call makes the callee's server ring and then brings the callee into the session, of which
	// everybody in it is told (§8.3 to §8.5).
	{From: client("CAL", "").by(OwnUser, OtherUser), To: server("RNG", "").by(OtherUser, OwnUser)},
	{From: client("CAL", "").by(ItsConn, OtherUser), To: server("JOI", "").by(ItsConn, OtherUser), Late: true},
	{From: client("ANS", "").by(ItsTalk, OwnUser), To: server("JOI", "").by(ItsTalk, OtherUser)},
	{From: client("MSG", "").by(OwnUser, ItsText), To: server("MSG", "").by(OtherUser, ItsText), Each: true},

	// In later dialects, the commands that follow the answer to SYN have no TrID.
	{From: server("SYN", "").by(ItsConn), To: server("LST", "").by(ItsConn), Reply: true},
	{From: server("SYN", "").by(ItsConn), To: server("LSG", "").by(ItsConn), Reply: true},
	{From: server("SYN", "").by(ItsConn), To: server("GTC", "").by(ItsConn), Reply: true},
	{From: server("SYN", "").by(ItsConn), To: server("BLP", "").by(ItsConn), Reply: true},
	{From: server("SYN", "").by(ItsConn), To: server("PRP", "").by(ItsConn), Reply: true},
	{From: server("SYN", "").by(ItsConn), To: server("BPR", "").by(ItsConn), Reply: true},

	// Leaving ends the connection. Those in the session, or those who see the user online, are told
	// (§7.10, §8.6).
	{From: client("OUT", "").by(ItsConn), To: anEnd.by(ItsConn), Reply: true},
	{From: client("OUT", "").at(SB).by(ItsTalk, OwnUser), To: server("BYE", "").by(ItsTalk, OtherUser)},
	{From: anEnd.at(SB).by(ItsTalk, OwnUser), To: server("BYE", "").by(ItsTalk, OtherUser)},
	{From: client("OUT", "").at(NS).by(OwnUser), To: server("FLN", "").by(OtherUser)},
	{From: anEnd.at(NS).by(OwnUser), To: server("FLN", "").by(OtherUser)},

	// A user's presence is told to those who have the user on a list (§7.7, §7.9), and a user is
	// told of being put on a list (§7.8).
	{From: client("CHG", "").by(OwnUser, ItsState), To: server("NLN", "").by(OtherUser, ItsState)},
	{From: client("CHG", "HDN").by(OwnUser), To: server("FLN", "").by(OtherUser)},
	{From: client("CHG", "FLN").by(OwnUser), To: server("FLN", "").by(OtherUser)},
	{From: client("ADD", "FL").by(OwnUser, OtherUser), To: server("ADD", "RL").by(OtherUser, OwnUser)},
	{From: client("REM", "FL").by(OwnUser, OtherUser), To: server("REM", "RL").by(OtherUser, OwnUser)},
	{From: client("ADC", "FL").by(OwnUser, OtherUser), To: server("ADC", "RL").by(OtherUser, OwnUser)},
	{From: client("ADD", "BL").by(OwnUser, OtherUser), To: server("FLN", "").by(OtherUser, OwnUser)},
	{From: client("REM", "BL").by(OwnUser, OtherUser), To: server("NLN", "").by(OtherUser, OwnUser)},

	// A second logon ends the first one (§7.10).
	{From: client("USR", "S").by(OwnUser), To: server("OUT", "OTH").by(OwnUser)},
}
