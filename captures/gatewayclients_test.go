package captures

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/session"
)

// TestGatewayClients reads recordings of real clients over HTTP, made in November 2026 with
// invented users: each session is one connection with its role, every command is known, and nothing
// is left over.
func TestGatewayClients(t *testing.T) {
	for file, want := range map[string][]string{
		"gateway-libpurple-2.10": {"NS closed by the client", "SB closed by the client"},
		"gateway-libpurple-2.5": {
			"NS closed by the client", "NS closed by the gateway",
			"SB closed by the gateway", "SB closed by the client",
		},
		// Its recording ends while four sessions go on.
		"gateway-amsn-0.81": {"NS", "NS closed by the gateway", "SB", "SB closed by the gateway", "SB", "SB"},
	} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + file + ".pcap")
			if err != nil {
				t.Fatal(err)
			}
			l, err := loaded(t, raw)
			if err != nil {
				t.Fatal(err)
			}
			roles, ends := map[int]string{}, map[int]string{}
			conns := 0
			for i := range l.Len() {
				e := l.At(i)
				conns = max(conns, e.Conn)
				switch e.Kind {
				case session.Command:
					if e.In.Opaque() || e.Row == nil {
						t.Errorf("event %d is not understood: %q", e.N, e.In.Raw)
					}
					if was := roles[e.Conn]; was != "" && was != e.Role.Name() {
						t.Errorf("event %d: connection %d is %s and %s", e.N, e.Conn, was, e.Role.Name())
					}
					roles[e.Conn] = e.Role.Name()
				case session.Close:
					ends[e.Conn] = " " + e.Text
				case session.Gap:
					t.Errorf("event %d: a gap: %s", e.N, e.Text)
				}
			}
			var got []string
			for conn := range conns {
				got = append(got, roles[conn+1]+ends[conn+1])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("connections differ (-want +got):\n%s", diff)
			}
		})
	}
}
