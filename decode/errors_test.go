package decode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

func TestErrorNames(t *testing.T) {
	for _, tc := range []struct {
		code  int
		name  string
		draft bool
	}{
		{200, "ERR_SYNTAX_ERROR", true},
		{217, "PRINCIPAL_NOT_ONLINE", false},
		{280, "ERR_SWITCHBOARD_FAILED", true},
		{911, "ERR_AUTHENTICATION_FAILED", true},
		{920, "ERR_NOT_ACCEPTING_NEW_USERS", true},
		{935, "INVALID_SIGNATURE", false},
		{211, "", false}, // known, but without a name
		{0, "", false},
		{999, "", false},
		{-1, "", false},
	} {
		if got := decode.ErrorName(tc.code); got != tc.name {
			t.Errorf("ErrorName(%d) = %q, want %q", tc.code, got, tc.name)
		}
		if got := decode.ErrorInDraft(tc.code); got != tc.draft {
			t.Errorf("ErrorInDraft(%d) = %v, want %v", tc.code, got, tc.draft)
		}
	}
}

// TestErrorTable checks the form of the table: it is sorted for the search, has the draft's 35
// codes of §7.11 with names in ERR_ and no other names of that kind, and has a meaning of one line
// for each code.
func TestErrorTable(t *testing.T) {
	codes := decode.ErrorCodes()
	if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
		t.Error("the codes are not in ascending order")
	}
	draft := 0
	for _, code := range codes {
		if decode.ErrorInDraft(code) {
			draft++
		}
		if got := strings.HasPrefix(decode.ErrorName(code), "ERR_"); got != decode.ErrorInDraft(code) {
			t.Errorf("%d %s: ERR_ names are the draft's own, got in draft = %v", code, decode.ErrorName(code),
				decode.ErrorInDraft(code))
		}
		if m := decode.ErrorMeaning(code); m == "" || strings.Contains(m, "\n") {
			t.Errorf("%d: meaning %q is not one line", code, m)
		}
	}
	if draft != 35 {
		t.Errorf("%d codes of the draft, want 35", draft)
	}
	if got := decode.ErrorMeaning(999); got != "" {
		t.Errorf("ErrorMeaning(999) = %q, want nothing", got)
	}
}
