package session

// Finding is what a rule of package lint has found in an event. It belongs to the reader that
// checked the events: neither logs nor recordings store findings.
type Finding struct {
	Rule     string // the name of the rule, such as "L02"
	Severity string // "error", "warn" or "info"
	Section  string // of the draft, such as "7.1"; "" for a rule about the proxy
	Message  string // what is wrong, with the bytes at fault; safe for a terminal
}

// Found adds findings to the event, and the flag that says so. An event that is read again from a
// recording may have the flag already: findings that were made then do not count, so Found(nil)
// takes it away.
func (e *Event) Found(all []Finding) {
	e.Findings = all
	if e.Flags &^= Lint; len(all) > 0 {
		e.Flags |= Lint
	}
}
