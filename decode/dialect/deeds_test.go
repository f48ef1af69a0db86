package dialect

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
)

func TestDeedOf(t *testing.T) {
	for line, want := range map[string]Deed{
		"OUT SSD":                             ShutsDown,
		"OUT OTH":                             NoDeed,
		"OUT":                                 NoDeed,
		"XFR 0 NS 192.0.2.1:1863":             Moves,
		"XFR 3 NS 192.0.2.1:1863":             NoDeed,
		"ADD 0 FL 2 bob@hotmail.com Bob":      ChangesList,
		"ADD 7 FL 2 bob@hotmail.com Bob":      NoDeed,
		"REM 0 RL 2 bob@hotmail.com":          ChangesList,
		"CHG 0 AWY":                           ChangesState,
		"BLP 0 4 BL":                          ChangesSetting,
		"NLN AWY bob@hotmail.com Bob":         NoDeed,
		"MSG Hotmail Hotmail 2\r\nhi":         Announces,
		"RNG 1 192.0.2.1:1863 CKI 2 b@x.y Bo": NoDeed,
	} {
		m := decode.Parse([]byte(line+"\r\n"), decode.FromServer, MSNP2)
		if line[:3] == "MSG" {
			m = decode.Parse([]byte(line), decode.FromServer, MSNP2)
		}
		if got := DeedOf(NS, &m); got != want {
			t.Errorf("DeedOf(NS, %q) = %d, want %d", line, got, want)
		}
		if got := DeedOf(SB, &m); got != NoDeed {
			t.Errorf("DeedOf(SB, %q) = %d, want none", line, got)
		}
	}
}
