package format

import (
	"strconv"

	"github.com/msnscope/msnscope/decode/session"
)

// appendFindings appends lint, the array of what is wrong with an event, nothing if there is
// nothing.
func appendFindings(dst []byte, all []session.Finding) []byte {
	if len(all) == 0 {
		return dst
	}
	sep := `,"lint":[{`
	for i := range all {
		dst = append(appendFinding(append(dst, sep...), &all[i]), '}')
		sep = `,{`
	}
	return append(dst, ']')
}

func appendFinding(dst []byte, f *session.Finding) []byte {
	dst = appendString(append(dst, `"rule":`...), f.Rule)
	dst = appendField(dst, "severity", f.Severity)
	dst = appendField(dst, "section", f.Section)
	return appendField(dst, "message", f.Message)
}

// AppendFinding appends one finding of an event as a JSON object, with the number of the event and
// what tells its connection.
func AppendFinding(dst []byte, e *session.Event, i int) []byte {
	dst = strconv.AppendUint(append(dst, `{"n":`...), e.N, 10)
	dst = strconv.AppendInt(append(dst, `,"conn":`...), int64(e.Conn), 10)
	dst = appendField(dst, "role", e.Role.Name())
	if e.Dir != 0 {
		dst = append(append(dst, `,"dir":"`...), byte(e.Dir), '"')
	}
	dst = appendField(dst, "user", e.User)
	dst = appendFinding(append(dst, ','), &e.Findings[i])
	return append(dst, '}')
}
