package msntest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrafficIsSound: the traffic for benchmarks is valid: tshark finds no fault in it.
func TestTrafficIsSound(t *testing.T) {
	tshark := Tool(t, "tshark")
	for name, tr := range map[string]Traffic{
		"many":     {Size: 300_000, Open: 10, Messages: 5},
		"one pair": {Size: 100_000, Messages: 5, Text: 300, Reuse: true},
	} {
		var b bytes.Buffer
		n, err := tr.WriteTo(&b)
		if err != nil || n != int64(b.Len()) || n < tr.Size || n > tr.Size+20_000 {
			t.Fatalf("%s: WriteTo = %d, %v; wrote %d bytes, want about %d", name, n, err, b.Len(), tr.Size)
		}
		file := filepath.Join(t.TempDir(), "traffic.pcap")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(filter string) []string {
			out, err := exec.Command(tshark, "-r", file, "-o", "tcp.check_checksum:TRUE", "-o",
				"ip.check_checksum:TRUE", "-Y", filter).Output()
			if err != nil {
				t.Fatal(err)
			}
			return strings.Split(strings.TrimSpace(string(out)), "\n")
		}
		const reused = "tcp.analysis.reused_ports"
		if bad := run("(tcp.analysis.flags && !" + reused +
			") || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0"); bad[0] != "" {
			t.Errorf("%s: tshark finds fault:\n%s", name, strings.Join(bad, "\n"))
		}
		if syns, data := len(run("tcp.flags.syn == 1")), len(run("msnms")); syns < 20 || data < 200 {
			t.Errorf("%s: %d SYNs, %d frames of MSN, want more", name, syns, data)
		}
	}
}
