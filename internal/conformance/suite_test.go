package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/proxy"
)

// TestEmbedded plays all cases in all presets against the embedded server, and again through the
// proxy, which must give the same bytes except for addresses.
func TestEmbedded(t *testing.T) {
	known := knownFailing(t)
	for _, preset := range Presets() {
		t.Run(preset, func(t *testing.T) {
			for _, c := range Cases() {
				if !c.Holds(preset) {
					continue
				}
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					checkEmbedded(t, &c, preset, slices.Contains(known, preset+" "+c.Name))
				})
			}
		})
	}
}

func checkEmbedded(t *testing.T, c *Case, preset string, mayFail bool) {
	got, err := playDirect(t, c, preset)
	switch {
	case mayFail && err == nil:
		t.Errorf("the case passes: take its line out of testdata/failing.txt")
	case mayFail:
		t.Skipf("known to fail: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	through, err := playProxied(t, c, preset, nil)
	if err != nil {
		t.Fatalf("through the proxy: %v", err)
	}
	if diff := cmp.Diff(hide(got), hide(through)); diff != "" {
		t.Errorf("the proxy changes what clients get (-without +with):\n%s", diff)
	}
}

// TestProxyModes plays all cases through proxies that were started in other ways.
func TestProxyModes(t *testing.T) {
	for name, mode := range map[string]func(*proxy.Options){
		"one command a write":    func(o *proxy.Options) { o.OnePerWrite = time.Millisecond },
		"a port for each server": func(o *proxy.Options) { o.ReferralPorts = 2000 },
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range Cases() {
				if c.Holds(Lenient) {
					t.Run(c.Name, func(t *testing.T) {
						t.Parallel()
						checkMode(t, &c, mode)
					})
				}
			}
		})
	}
}

func checkMode(t *testing.T, c *Case, mode func(*proxy.Options)) {
	got, err := playDirect(t, c, Lenient)
	if err != nil {
		t.Skip("TestEmbedded tells of it")
	}
	through, err := playProxied(t, c, Lenient, mode)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hide(got), hide(through)); diff != "" {
		t.Errorf("the proxy changes what clients get (-without +with):\n%s", diff)
	}
}

// hide returns the transcript without addresses.
func hide(t Transcript) Transcript {
	for name, text := range t {
		t[name] = addresses.ReplaceAllString(text, "ADDRESS")
	}
	return t
}

// knownFailing reads the cases that the embedded server does not pass yet, "preset name" each. It
// must become empty.
func knownFailing(t *testing.T) []string {
	text, err := os.ReadFile("testdata/failing.txt")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for line := range strings.Lines(string(text)) {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			known = append(known, strings.TrimSpace(line))
		}
	}
	return known
}
