package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// tshark runs it on a capture and returns its lines, in words that tabs separate.
func tshark(t *testing.T, path string, args ...string) [][]string {
	t.Helper()
	var all [][]string
	for _, row := range msntest.Tshark(t, path, args...) {
		all = append(all, strings.Split(row, "\t"))
	}
	return all
}

// TestTsharkAgrees: another program reads the recording, and finds in each frame just the command
// that the JSON line shows.
func TestTsharkAgrees(t *testing.T) {
	msntest.Tool(t, "tshark")
	s := recordParty(t)
	path, want := s.write(t), commands(s.lines)
	frames := tshark(t, path, "-N", "n", "-Y", "msnms", "-T", "fields",
		"-e", "frame.time_epoch", "-e", "tcp.payload", "-e", "ip.src_host", "-e", "ip.dst_host")
	if len(frames) != len(want) {
		t.Fatalf("%d MSNMS frames for %d commands", len(frames), len(want))
	}
	hosts := map[string]string{"DS": "dispatch", "NS": "notification", "SB": "switchboard"}
	for i, f := range frames {
		l := &want[i]
		if at := fmt.Sprintf("%d.%09d", l.Time.Unix(), l.Time.Nanosecond()); f[0] != at {
			t.Errorf("line %d is of %s, its frame of %s", l.N, at, f[0])
		}
		if got, err := hex.DecodeString(f[1]); err != nil || string(got) != string(l.onWire(t)) {
			t.Errorf("line %d is %q, its frame holds %q", l.N, l.onWire(t), got)
		}
		if server := map[string]string{"C": f[3], "S": f[2]}[l.Dir]; server != hosts[l.Role] {
			t.Errorf("line %d (%s): tshark calls the server %q", l.N, l.Role, server)
		}
	}
	last := frames[len(frames)-1]
	for _, user := range []string{"alice@hotmail.com", "bob@hotmail.com", "carol@hotmail.com"} {
		if client := last[2] + last[3]; !strings.Contains(client, user) {
			t.Errorf("tshark names the ends of the last frame %q, without %s", client, user)
		}
	}
}

// TestTsharkFindsNothingWrong: no frame is malformed, nothing is missing, doubled or out of order.
func TestTsharkFindsNothingWrong(t *testing.T) {
	msntest.Tool(t, "tshark")
	s := recordParty(t)
	wrong := tshark(t, s.write(t), "-Y", "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= warning",
		"-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message")
	if len(wrong) > 0 {
		t.Errorf("tshark complains: %q", wrong)
	}
}
