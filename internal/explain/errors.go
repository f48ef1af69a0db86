package explain

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// errorEntry returns the entry of an error code, and false for an unknown code.
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
	if verbs := dialect.FailsWith(code); len(verbs) > 0 {
		e.Facts = append(e.Facts, Pair{"after", strings.Join(verbs, ", ")})
	}
	row := errorRow()
	e.Facts = append(e.Facts,
		Pair{"form", strings.Replace(row.Grammar(), errorVerb, e.Word, 1)},
		Pair{"TrID", TrIDRule(row.TrID)},
		Pair{"filter", "cmd == " + strconv.Quote(e.Word)})
	return e, true
}

// errorRow returns the draft's row for errors.
func errorRow() *dialect.Row { return Forms(errorVerb)[0].First() }
