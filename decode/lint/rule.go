package lint

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Error Severity = "error" // the draft forbids it
	Warn  Severity = "warn"  // suspicious, or harmful to some programs
	Info  Severity = "info"  // worth knowing
)

// Preset is a choice of rules.
type Preset string

// The presets.
const (
	Draft    Preset = "draft"    // all rules
	Observed Preset = "observed" // all but those that well-behaved real programs break
)

// Presets lists the presets. The slice is the caller's.
func Presets() []string { return []string{string(Draft), string(Observed)} }

// Rule describes one thing that can be wrong on the wire.
type Rule struct {
	// ID names the rule: a letter for the chapter, and two digits. It never changes its meaning.
	ID       string
	Severity Severity
	Section  string // of the draft, "" for a rule about the proxy or about file transfers
	// From and To are the numbers of the first and the last dialect in which the rule applies; 0
	// stands for no limit.
	From, To int
	// Means says in one line what is wrong; Example shows it.
	Means, Example string
	// Habit says which real programs do it all the same, "" if none is known. [Observed] leaves
	// such a rule out.
	Habit string

	on    on
	check func(*look)
}

// on says for which events a rule is checked. The zero value stands for every command.
type on struct {
	moment moment
	verbs  string // the commands, separated by blanks; "" for all
	dir    decode.Dir
	roles  dialect.Role // of the connection; 0 for any, even an unknown one
	// rows says of which rows in the table the rule can find something; nil stands for all. The
	// rule is checked for commands without a row all the same.
	rows func(*dialect.Row) bool
}

// moment is a kind of event to which rules apply.
type moment uint8

// The moments.
const (
	atCommand moment = iota
	atOpaque         // bytes that are not a command
	atClose          // the end of a connection
)

// Short forms for the rows of the tables.

const (
	client = decode.FromClient
	server = decode.FromServer
	logon  = dialect.DS | dialect.NS
)

func from(dir decode.Dir, verbs string, roles dialect.Role) on {
	return on{verbs: verbs, dir: dir, roles: roles}
}

// only returns the same for those rows that may break the rule.
func (o on) only(rows func(*dialect.Row) bool) on {
	o.rows = rows
	return o
}

// with returns what is true of rows with an argument of one of the kinds.
func with(kinds dialect.Kinds) func(*dialect.Row) bool {
	return func(row *dialect.Row) bool { return row.Kinds()&kinds != 0 }
}

// unknown is true of no row: the rule is about commands that have none.
func unknown(*dialect.Row) bool { return false }

// withID returns what is true of rows whose commands have a TrID of one kind.
func withID(id dialect.TrID) func(*dialect.Row) bool {
	return func(row *dialect.Row) bool { return row.TrID == id }
}

// needsID is true of rows whose commands always have a TrID.
func needsID(row *dialect.Row) bool { return row.TrID != dialect.None && row.TrID != dialect.Perhaps }

// covers reports whether the rule is for commands of the row, in some dialect and at some role.
func (o *on) covers(row *dialect.Row) bool {
	return o.moment == atCommand && (o.dir == 0 || o.dir == row.Dir) &&
		(o.verbs == "" || slices.Contains(strings.Fields(o.verbs), row.Verb)) && (o.rows == nil || o.rows(row)) &&
		(o.roles == 0 || (o.roles == dialect.FT) == (row.Roles == dialect.FT))
}

// applies reports whether the rule is for what is said at a place. Of the rules about connections
// to servers, those about lines hold for file transfers too.
func (r *Rule) applies(dir decode.Dir, at place) bool {
	if at.role == dialect.FT && r.on.roles != dialect.FT && (r.ID[0] != 'F' || at.block) {
		return false
	}
	return (r.on.dir == 0 || r.on.dir == dir) && (r.on.roles == 0 || r.on.roles&at.role != 0) &&
		at.number >= r.From && (r.To == 0 || at.number <= r.To)
}

// place is where something is said: at servers of a role, in the dialect with a number, and whether
// it is a block of a file.
type place struct {
	role   dialect.Role
	number int
	block  bool
}

// Rules returns all rules in the order of their names within the chapters of the draft. The slice
// is the caller's.
func Rules() []*Rule {
	all := make([]*Rule, len(table))
	for i := range table {
		all[i] = &table[i]
	}
	return all
}

// Lookup returns the rule with the given ID, in either case, nil for an unknown one.
func Lookup(id string) *Rule {
	for i := range table {
		if strings.EqualFold(table[i].ID, id) {
			return &table[i]
		}
	}
	return nil
}

// Chapters lists what the letters of the rules stand for, in the order of the table. The slice is
// the caller's.
func Chapters() [][2]string {
	return [][2]string{
		{"F", "Framing: lines, words and payloads"},
		{"T", "Transaction identifiers"},
		{"L", "Logon and referral to a notification server"},
		{"U", "User handles and names"},
		{"P", "Properties and lists"},
		{"S", "States and notifications"},
		{"B", "Switchboard sessions"},
		{"M", "Messages"},
		{"E", "Errors and the end of a connection"},
		{"D", "File transfers between clients"},
		{"X", "What the proxy did"},
	}
}

var table = slices.Concat(framing, trids, logons, names, lists, presence, switchboard, messages, endings, transfers,
	proxied)

// Verbs returns the commands for which the rule is checked, nil if it is checked for all or at the
// end of a connection. The slice is the caller's.
func (r *Rule) Verbs() []string { return strings.Fields(r.on.verbs) }
