package dialect

import (
	"slices"
	"strings"
)

// failures lists, by error code, the commands that servers answer with that code, where this is
// known: the draft describes few cases. Codes from [Row.Refuse] are not repeated here.
var failures = map[int]string{
	201: "SYN USR LST GTC BLP CHG ADD REM XFR MSG", 205: "ADD REM", 206: "USR ADD CAL", 207: "USR",
	208: "USR ADD CAL", 209: "ADD REA", 210: "ADD", 215: "ADD CAL", 216: "REM CAL", 217: "CAL", 218: "GTC BLP",
	219: "ADD", 280: "XFR CAL", 301: "FND", 502: "FND", 503: "SND", 540: "QRY", 600: "USR", 601: "USR",
	712: "XFR CAL ANS MSG", 713: "CAL XFR", 714: "XFR USR ANS", 715: "VER INF", 911: "USR ANS", 913: "XFR", 920: "USR",
}

// FailsWith returns the verbs of the commands that servers of any dialect answer with the error
// code, as far as that is known, the most common ones first. It returns nil if none is known. The
// caller owns the slice.
func FailsWith(code int) []string {
	verbs := strings.Fields(failures[code])
	known := len(verbs)
	for _, t := range tables {
		for i := range t.rows {
			if r := &t.rows[i]; r.Refuse == code && !slices.Contains(verbs, r.Verb) {
				verbs = append(verbs, r.Verb)
			}
		}
	}
	slices.Sort(verbs[known:])
	return verbs
}
