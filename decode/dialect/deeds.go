package dialect

import "github.com/msnscope/msnscope/decode"

// Deed is what a server did of its own accord, or because of something that did not come over a
// client's connection.
type Deed uint8

// The deeds.
const (
	NoDeed         Deed = iota
	ShutsDown           // it stops, and tells all its users (§7.10)
	Moves               // it sends all its users to another server (§7.4)
	ChangesList         // a list of the user changed elsewhere (§7.8)
	ChangesState        // so did the state (§7.7)
	ChangesSetting      // or a setting (§7.6)
	Announces           // it says something itself (§8.8)
)

// ToAll reports whether the server does it to all its users at once.
func (d Deed) ToAll() bool { return d == ShutsDown || d == Moves }

// deeds has the commands by which notification servers tell what they did, each without a TrID or
// with TrID 0. ADD and REM are also what another user's change of a list leads to: see causes.
var deeds = []struct {
	by Occasion
	is Deed
}{
	{server("OUT", "SSD"), ShutsDown},
	{server("XFR", "NS"), Moves},
	{server("ADD", ""), ChangesList},
	{server("REM", ""), ChangesList},
	{server("CHG", ""), ChangesState},
	{server("GTC", ""), ChangesSetting},
	{server("BLP", ""), ChangesSetting},
	{server("MSG", "Hotmail"), Announces},
}

// DeedOf returns what a server of the role did by itself if the command, which nobody's request
// caused, says so.
func DeedOf(role Role, m *decode.Message) Deed {
	if role != NS || m.Opaque() || m.HasTrID && m.TrID != 0 {
		return NoDeed
	}
	for i := range deeds {
		if d := &deeds[i]; d.by.Verb == m.Verb && (d.by.Word == "" || hasArg(m, d.by.Word)) {
			return d.is
		}
	}
	return NoDeed
}

func hasArg(m *decode.Message, word string) bool {
	for i := range m.NumArgs() {
		if string(m.Arg(i)) == word {
			return true
		}
	}
	return false
}
