package lint_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
)

// rulesIn returns the IDs of the rules of at least a severity that a capture breaks, sorted.
func rulesIn(t testing.TB, name string, preset lint.Preset, errorsOnly bool) string {
	t.Helper()
	log, k := capturestest.Samples(t, name), lint.New(lint.Options{Preset: preset})
	var all []string
	for i := range log.Len() {
		for _, f := range k.Check(log.At(i)) {
			if !errorsOnly || f.Severity == string(lint.Error) {
				all = append(all, f.Rule)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// shown lists the errors that shipped samples show on purpose: their lessons describe them.
var shown = map[string]string{
	"lists":       "P08 P11 U02 U04",
	"mistakes":    "B04 F04 F17 F18 L01 L06 L08 L21 P01 P09 U02",
	"presence":    "S01",
	"refused":     "F14 F17",
	"undelivered": "M01",
}

// TestSamplesAreClean: no sample has an error in draft mode, except for those that show one.
func TestSamplesAreClean(t *testing.T) {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d samples, %v", len(names), err)
	}
	for _, name := range names {
		sample := strings.TrimSuffix(name, ".pcapng")
		if got := rulesIn(t, name, lint.Draft, true); got != shown[sample] {
			t.Errorf("%s: errors %q, want %q", sample, got, shown[sample])
		}
	}
}

// TestRealClients: of real programs, each habit that breaks the letter of the draft is found in
// draft mode, and nothing in observed mode.
//
//	E08  none of them says OUT before it closes        F01  lines end in LF
//	F15  PNG, QNG, CHL, QRY, REA are not in the draft  F06  a blank behind INF
//	L01  USR is the first command at the NS            F19  the handle twice in REM AL
//	L22  no INF                                        L03  the server repeats CVR0
//	L13  the test server has one challenge for all     M07  text in Latin-1, without a charset
func TestRealClients(t *testing.T) {
	for _, tc := range []struct{ name, draft, observed string }{
		{"amsn-2001", "E08 F01 F06 F15 L13 M07", ""},
		// P14 is no habit of the client: the test server lets it put a user on both lists.
		{"gaim-2000", "E08 F01 F19 L01 L13 P14", "P14"},
		{"gaim-2001", "E08 F01 F15 L01 L13", ""},
		{"gaim-2002-msnp5", "E08 L13", ""},
		{"perl-library", "E08 F01 F15 L01 L03 L13 L22", ""},
	} {
		name := path.Join("clients", tc.name+".pcap")
		if got := rulesIn(t, name, lint.Draft, false); got != tc.draft {
			t.Errorf("%s: draft %q, want %q", tc.name, got, tc.draft)
		}
		if got := rulesIn(t, name, lint.Observed, false); got != tc.observed {
			t.Errorf("%s: observed %q, want %q", tc.name, got, tc.observed)
		}
	}
}

// TestRealTransfers: the rules about file transfers find nothing in those of real clients, although
// they look at each line and block of them.
func TestRealTransfers(t *testing.T) {
	names, err := filepath.Glob("../../captures/testdata/transfers/*.pcap")
	if err != nil || len(names) != 5 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		log, k, seen := capturestest.Load(t, name, f), lint.New(lint.Options{}), 0
		for i := range log.Len() {
			e := log.At(i)
			if e.Role == dialect.FT {
				seen++
			}
			for _, f := range k.Check(e) {
				if e.Role == dialect.FT || f.Rule[0] == 'D' {
					t.Errorf("%s: event %d: %s %s", name, e.N, f.Rule, f.Message)
				}
			}
		}
		if seen < 10 {
			t.Errorf("%s: %d events of file transfers", name, seen)
		}
	}
}

// BenchmarkCheck is the cost of the rules for one event of a conversation that is checked over and
// over.
func BenchmarkCheck(b *testing.B) {
	log := capturestest.Samples(b, "conversation.pcapng")
	k, r := lint.New(lint.Options{}), log.Reader()
	for i := 0; b.Loop(); i++ {
		k.Check(r.At(i % log.Len()))
	}
}
