package doctor

import "testing"

// TestQuoted: what the doctor quotes of a server shows no cookie and no ticket.
func TestQuoted(t *testing.T) {
	for line, want := range map[string]string{
		"SSH-2.0-x\r\n": "SSH-2.0-x",
		"XFR 3 SB 10.0.0.5:70000 CKI 17262740.25.1\r\n":     "XFR 3 SB 10.0.0.5:70000 CKI ***",
		"USR 3 TWN S t=EwDgAabc&p=x\r\n":                    "USR 3 TWN S ***",
		"<soap><ticket>EwDgAabc</ticket></soap>\r\n":        "<soap><ticket>***</ticket></soap>",
		"USR 3 MD5 S 1013928519.693957190\r\n":              "USR 3 MD5 S ***",
		"HTTP/1.1 400 Bad Request password=\"hu sh\" x\r\n": "HTTP/1.1 400 Bad Request password=*** x",
	} {
		if got := quoted(line); got != want {
			t.Errorf("quoted(%q) = %q, want %q", line, got, want)
		}
	}
}
