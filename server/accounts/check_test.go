package accounts

import (
	"strings"
	"testing"
)

func TestCheckHandle(t *testing.T) {
	for _, h := range []string{alice, "a.b+c@x", strings.Repeat("a", 117) + "@hotmail.com"} {
		if err := CheckHandle(h); err != nil {
			t.Errorf("%s: %v", h, err)
		}
	}
	for h, want := range map[string]string{
		"": "NAME@DOMAIN", "alice": "NAME@DOMAIN", "@hotmail.com": "NAME@DOMAIN", "alice@": "NAME@DOMAIN",
		"a b@c": "blanks", "a\x1b@c": "ASCII", "é@c": "ASCII", "a@b@c": "no @", "a@b%20": "no %",
		strings.Repeat("a", 118) + "@hotmail.com": "at most 129 bytes; this one has 130",
	} {
		if err := CheckHandle(h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", h, err, want)
		}
	}
}

func TestCheckName(t *testing.T) {
	if err := CheckName(strings.Repeat("n", 387)); err != nil {
		t.Error(err)
	}
	if CheckName(strings.Repeat("n", 388)) == nil {
		t.Error("388 bytes were taken")
	}
}
