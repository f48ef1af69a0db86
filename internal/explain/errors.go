package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// answersTo names the commands after which servers send a code, where that is known: the draft describes few occurrences.
var answersTo = map[int]string{
	201: "SYN USR LST GTC BLP CHG ADD REM XFR MSG", 205: "ADD REM", 206: "USR ADD CAL", 207: "USR", 208: "USR ADD CAL", 209: "ADD REA",
	210: "ADD", 215: "ADD CAL", 216: "REM CAL", 217: "CAL", 218: "GTC BLP", 219: "ADD", 280: "XFR CAL", 301: "FND", 502: "FND", 503: "SND",
	540: "QRY", 600: "USR", 601: "USR", 712: "XFR", 713: "CAL XFR", 714: "XFR", 715: "VER INF", 911: "USR ANS", 913: "XFR", 920: "USR",
}

// fits returns the commands after which a code is to be expected: those of answersTo, and those whose row refuses with it.
func fits(code int) []string {
	verbs := strings.Fields(answersTo[code])
	for _, verb := range Verbs() {
		for _, f := range Forms(verb) {
			for _, v := range f {
				if v.Row.Refuse == code && !slices.Contains(verbs, verb) {
					verbs = append(verbs, verb)
				}
			}
		}
	}
	return verbs
}

// errorEntry explains a code, and is false for one that nobody knows.
func errorEntry(code int) (Entry, bool) {
	means := decode.ErrorMeaning(code)
	if means == "" {
		return Entry{}, false
	}
	e := Entry{Word: strconv.Itoa(code), Kind: ErrorCode, Means: means}
	if name := decode.ErrorName(code); name != "" {
		e.Facts = append(e.Facts, Pair{"name", name})
	}
	if decode.ErrorInDraft(code) {
		e.Facts = append(e.Facts, Pair{"section", "§7.11 of " + draft})
	} else {
		e.Facts = append(e.Facts, Pair{"section", "none: servers send it, the draft does not have it"})
	}
	if verbs := fits(code); len(verbs) > 0 {
		e.Facts = append(e.Facts, Pair{"after", strings.Join(verbs, ", ")})
	}
	row := errorRow()
	e.Facts = append(e.Facts,
		Pair{"form", strings.Replace(row.Grammar(), errorVerb, e.Word, 1)},
		Pair{"TrID", TrIDRule(row.TrID)},
		Pair{"filter", "cmd == " + strconv.Quote(e.Word)})
	return e, true
}

// errorRow is the draft's row of the errors.
func errorRow() *dialect.Row { return Forms(errorVerb)[0].First() }
