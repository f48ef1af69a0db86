package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/conformance"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// spread is a Placement that puts users whose handles end in consecutive numbers on consecutive
// nodes.
type spread struct {
	*Hub
	hubs []*Hub
}

func (s spread) Notification(handle string) string {
	var n int
	_, _ = fmt.Sscanf(handle, "user%d@", &n)
	return s.hubs[n%len(s.hubs)].self.places.Notification[0]
}

// serve runs a server on each hub, with the users of one store.
func serve(t testing.TB, hubs []*Hub, preset server.Preset) []*server.Server {
	var all []*server.Server
	for _, h := range hubs {
		s := server.New(server.Options{
			Store: h.o.Store, Hub: h, Placement: spread{h, hubs}, Preset: preset,
			Dispatch: h.self.places.Dispatch, Notification: h.self.places.Notification,
			Switchboard: h.self.places.Switchboard,
		})
		t.Cleanup(func() { s.Close() })
		all = append(all, s)
	}
	return all
}

// dialer returns a function that connects to whichever server has an address, each time from
// another address.
func dialer(servers []*server.Server) func(context.Context, string, string) (net.Conn, error) {
	var n atomic.Uint32
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		i := n.Add(1)
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 4000)
		at := 0
		_, _ = fmt.Sscanf(addr[strings.Index(addr, ".")+1:], "n%d:", &at)
		return servers[max(at-1, 0)].DialFrom(ctx, from, network, addr)
	}
}

// TestConformance plays the suite on three nodes, each user of a case on another one. Where a case
// waits for quiet, a busy machine may answer later: what failed is played again with more patience.
func TestConformance(t *testing.T) {
	const lanes = 12
	for _, preset := range []server.Preset{server.Lenient, server.Draft, server.Observed} {
		t.Run(preset.String(), func(t *testing.T) {
			t.Parallel()
			store := accounts.Defaults()
			var users []conformance.User
			for i := range lanes * conformance.LaneUsers {
				u := conformance.User{Handle: fmt.Sprintf("user%d@hotmail.com", i), Password: "secret"}
				if err := store.Create(u.Handle, u.Password, fmt.Sprint("user", i)); err != nil {
					t.Fatal(err)
				}
				users = append(users, u)
			}
			hubs := openHubs(t, 3, store)
			dial := dialer(serve(t, hubs, preset))
			play := func(cases []conformance.Case, quiet time.Duration) (failed []conformance.Result) {
				began := time.Now()
				r, err := conformance.Run(t.Context(), conformance.Options{
					Address: hubs[0].self.places.Dispatch, Dial: dial, Users: users, Quiet: quiet,
					Nobody: "nobody@hotmail.com", Cases: cases, Preset: preset.String(),
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d passed, %d skipped in %v", r.Passed, r.Skipped, time.Since(began))
				for _, c := range r.Cases {
					if c.Status == conformance.Failed || c.Status == conformance.Blocked {
						failed = append(failed, c)
					}
				}
				return failed
			}
			var again []conformance.Case
			for _, c := range play(conformance.Cases(), 0) {
				t.Logf("once more: %+v", c)
				again = append(again, conformance.Cases()[slices.IndexFunc(conformance.Cases(),
					func(one conformance.Case) bool { return one.Name == c.Name })])
			}
			if len(again) == 0 {
				return
			}
			for _, c := range play(again, time.Second) {
				t.Errorf("%s: %s: %+v", c.Name, c.Status, c)
			}
		})
	}
}
