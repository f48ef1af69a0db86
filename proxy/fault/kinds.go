package fault

import "strings"

// Kind is a row of the table of faults. `msnscope help faults`, the completion of --fault, the
// documentation and the tests read it.
type Kind struct {
	Name string
	// Keys has a line for each key of the kind's own: its name, its default and its meaning,
	// "ms=500 milliseconds".
	Keys []string
	// Means is one line of meaning, Example a whole rule.
	Means, Example string
	filter         string // the filter of rules that have none of their own
	make           func(*keys) fault
}

// Common are the keys that every fault has, in the form of Kind.Keys.
var Common = []string{
	"p=1 the probability of a hit, from 0 to 1",
	"n=0 the greatest number of hits, 0 for no limit",
	"nth=0 only the nth command that matches, 0 for all",
	"after=0 how many commands that match pass first",
	"every=1 one hit for this many commands that match",
	"per=proxy n, nth, after and every count all connections together; per=connection each direction of each for " +
		"itself",
	"from=0s no earlier than this after the start",
	"until=0s no later than this after the start, 0 for no end",
}

var kinds = []Kind{
	{
		Name: "latency", Keys: []string{"ms=500 how long", "jitter=0 how much longer or shorter at most, at random"},
		Means:   "waits before it sends the command on; what its sender says next waits too",
		Example: `latency:ms=500,jitter=50,p=0.5 @ cmd == "RNG"`, make: newLatency,
	},
	{
		Name: "bandwidth", Keys: []string{"rate=4 kilobytes a second"},
		Means: "sends slowly", Example: `bandwidth:rate=4 @ cmd == "MSG"`, make: newBandwidth,
	},
	{
		Name: "slicer",
		Keys: []string{
			"size=1 bytes in a piece", "variation=0 how many more or fewer at most, at random",
			"ms=0 between two pieces",
		},
		Means:   "sends the command in pieces, each a write of its own; size=1 splits at every byte",
		Example: `slicer:size=1 @ dir == "S"`, make: newSlicer,
	},
	{
		Name: "coalesce", Keys: []string{"count=2 commands in one write", "ms=1000 how long at most"},
		Means: "keeps commands back until there are several, and sends them in one write; what does not match goes " +
			"with them",
		Example: `coalesce:count=3 @ dir == "C"`, make: newCoalesce,
	},
	{
		Name: "timeout", Keys: []string{"ms=0 how long until the connection ends, 0 for ever"},
		Means:   "keeps the command, and all that its sender says from then on",
		Example: `timeout:ms=30000 @ cmd == "CHG"`, make: newTimeout,
	},
	{
		Name: "reset_peer", Keys: []string{"ms=0 how long it waits first"},
		Means:   "ends the connection of the client and that of the server with a reset",
		Example: `reset_peer:nth=2 @ cmd == "MSG"`, make: newResetPeer,
	},
	{
		Name: "limit_data", Keys: []string{"bytes=1000 how many, counted from the first command that matches"},
		Means:   "lets this many bytes pass in this direction, then ends the connection, even within a command",
		Example: `limit_data:bytes=100 @ dir == "S"`, make: newLimitData,
	},
	{
		Name: "down", Means: "ends each connection at its first command that matches, as if there were no server",
		Example: `down:from=10s,until=20s`, make: newDown,
	},
	{
		Name: "drop", Means: "does not send the command on", Example: `drop:nth=3 @ cmd == "NLN"`, make: newDrop,
	},
	{
		Name: "duplicate", Keys: []string{"times=1 how many more: 100 at most, and 1 MB together, by all rules"},
		Means: "sends the command more than once", Example: `duplicate @ cmd == "MSG" && dir == "S"`,
		make: newDuplicate,
	},
	{
		Name: "reorder", Keys: []string{"ms=1000 how long at most"},
		Means: "sends the command after the next one of its direction", Example: `reorder:every=5 @ dir == "S"`,
		make: newReorder,
	},
	{
		Name: "late", Keys: []string{"ms=5000 how long"},
		Means: "sends the command later, while others overtake it", Example: `late:ms=90000 @ cmd == "RNG"`,
		filter: `cmd == "RNG"`, make: newLate,
	},
	{
		Name: "error", Keys: []string{"code=500 the number"},
		Means:   "answers a command of the client with an error, and keeps it from the server",
		Example: `error:code=715 @ cmd == "CHG"`, make: newError,
	},
	{
		Name: "stale_cookie",
		Means: "replaces the cookie in the command by one that the switchboard does not know, as if it had " +
			"expired (§8.2)",
		Example: `stale_cookie @ cmd in ["USR", "ANS"] && role == "SB"`, filter: `cmd in ["XFR", "RNG"]`,
		make: newStaleCookie,
	},
	{
		Name: "out", Keys: []string{"reason=OTH or SSD (§7.10)"},
		Means:   "signs the client off in place of the command, and ends the connection",
		Example: `out:reason=SSD,after=10 @ role == "NS"`, filter: `role == "NS" && dir == "S"`, make: newOut,
	},
	{
		Name: "nak", Means: "keeps a message from the switchboard and says that it could not be delivered (§8.7)",
		Example: `nak:p=0.3`, filter: `cmd == "MSG"`, make: newNAK,
	},
	{
		Name: "wrong_length", Keys: []string{"by=1 how much is added, negative to take off"},
		Means:   "makes the length in the line wrong (§8.7)",
		Example: `wrong_length:by=-2 @ cmd == "MSG" && dir == "S"`, filter: `cmd == "MSG"`, make: newWrongLength,
	},
	{
		Name: "garbage", Keys: []string{"bytes=40 how many"},
		Means: "puts a line that is no command before the command", Example: `garbage:p=0.1 @ dir == "S"`,
		make: newGarbage,
	},
}

// Kinds returns the table. The caller must not change it.
func Kinds() []Kind { return kinds }

// Names returns the names of all kinds.
func Names() []string {
	names := make([]string, len(kinds))
	for i := range kinds {
		names[i] = kinds[i].Name
	}
	return names
}

func kindOf(name string) *Kind {
	for i := range kinds {
		if kinds[i].Name == name {
			return &kinds[i]
		}
	}
	return nil
}

// KeyNames returns the names of the kind's own keys.
func (k *Kind) KeyNames() []string { return keyNames(k.Keys) }

func commonKeys() []string { return keyNames(Common) }

func keyNames(lines []string) []string {
	var names []string
	for _, l := range lines {
		name, _, _ := strings.Cut(l, "=")
		names = append(names, name)
	}
	return names
}
