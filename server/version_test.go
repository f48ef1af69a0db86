package server

import "testing"

// TestOffers checks the answer to what each of these clients offers: all dialects that both know,
// in the client's order, then CVR0. gaim 0.63 to 0.68 look for the word MSNP5 in it, aMSN for CVR0,
// and the gaim of 2000 wants its own line back.
func TestOffers(t *testing.T) {
	for client, offer := range map[string]struct{ offers, answer, draft string }{
		"gaim 0.11.0pre4":  {"1795354842 MSNP2", "1795354842 MSNP2", "1795354842 MSNP2"},
		"gaim 0.43":        {"1 MSNP2", "1 MSNP2", "1 MSNP2"},
		"Net::Msmgr":       {"1 MSNP2 CVR0", "1 MSNP2 CVR0", "1 MSNP2"},
		"gaim 0.59":        {"1 MSNP5", "1 MSNP5", "1 0"},
		"gaim 0.64":        {"0 MSNP7 MSNP6 MSNP5 MSNP4 CVR0", "0 MSNP7 MSNP6 MSNP5 MSNP4 CVR0", "0 0"},
		"aMSN 0.62":        {"1 MSNP7 MSNP6 MSNP5 MSNP4 CVR0", "1 MSNP7 MSNP6 MSNP5 MSNP4 CVR0", "1 0"},
		"irchat-msn":       {"1 MSNP7 MSNP6 MSNP5 MSNP4 CVRO", "1 MSNP7 MSNP6 MSNP5 MSNP4", "1 0"},
		"Twisted, libmsn2": {"1 MSNP7", "1 MSNP7", "1 0"},
		"msnlib":           {"1 MSNP8 CVR0", "1 CVR0", "1 0"},
		"pidgin 2.4.3":     {"1 MSNP14 MSNP13 CVR0", "1 CVR0", "1 0"},
		"twice the same":   {"1 msnp5 MSNP5 MSNP2", "1 MSNP5 MSNP2", "1 MSNP2"},
	} {
		t.Run(client, func(t *testing.T) {
			play(t, Options{}, "a.ds C: VER "+offer.offers+"\na.ds S: VER "+offer.answer)
			draft := "a.ds C: VER " + offer.offers + "\na.ds S: VER " + offer.draft
			if offer.draft[len(offer.draft)-2:] == " 0" {
				draft += "\na.ds S: (closed)"
			}
			play(t, Options{Preset: Draft}, draft)
		})
	}
}
