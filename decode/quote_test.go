package decode_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
)

// TestQuote checks that the text shown for a command's bytes can be typed in again and gives the
// same bytes.
func TestQuote(t *testing.T) {
	for _, tc := range []struct{ raw, text string }{
		{"CHG 9 NLN\r\n", `CHG 9 NLN\r\n`},
		{"a\"b'c\\d", `a"b'c\\d`},
		{"caf\xc3\xa9 \xe9", `café \xe9`},
		{"\x1b[2J\x00", `\x1b[2J\x00`},
	} {
		if got := decode.Quote([]byte(tc.raw)); got != tc.text {
			t.Errorf("Quote(%q) = %s, want %s", tc.raw, got, tc.text)
		}
		if got, err := decode.Unquote(tc.text); err != nil || string(got) != tc.raw {
			t.Errorf("Unquote(%s) = %q, %v, want %q", tc.text, got, err, tc.raw)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		text := decode.Quote(raw)
		if strings.ContainsAny(text, "\r\n\x1b\x00") {
			t.Fatalf("%q is not one printable line", text)
		}
		if got, err := decode.Unquote(text); err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%q comes back as %q, %v", raw, got, err)
		}
	})
}

// TestUnquoteNamesThePlace checks that the error names the position of an invalid escape.
func TestUnquoteNamesThePlace(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`é\q`, `character 2: "\\q"`},
		{`CHG 9\`, "character 6"},
		{`\x1`, "character 1"},
	} {
		if _, err := decode.Unquote(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Unquote(%s): %v, want an error with %s", tc.text, err, tc.want)
		}
	}
}
